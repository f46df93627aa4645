/* SPDX-License-Identifier: MIT */
/* freivalds.c - products of matrices by random sums: how much of one, and what its sums are. */
#include "policy/freivalds.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "op/tensor.h"

enum { LEAST_COLS = 64 };
/* One element of A, of B, of C; three times that where f16 is converted. */
#define A_NS 4.0
#define B_NS 4.0
#define C_NS 2.0

/* ---- places in the call ------------------------------------------------------------- */

static int64_t batch_offset(const vane_view *v, int64_t batch)
{
    int64_t at = 0;
    for (uint32_t d = v->rank - 2; d-- > 0;) {
        at += batch % v->shape[d] * v->stride[d];
        batch /= v->shape[d];
    }
    return at;
}

vane__line vane__line_of(const vane_view *v, int64_t batch, int64_t row, int64_t j, int64_t n)
{
    const int64_t *stride = &v->stride[v->rank - 2];
    return (vane__line){v->dtype, v->data, batch_offset(v, batch) + row * stride[0] + j * stride[1],
                        stride[1], n};
}

/* ---- how much ------------------------------------------------------------------------ */

static void sizes(const vane__check *c, vane__sums *s)
{
    const vane_view *a = &c->p.call.arg[0], *b = &c->p.call.arg[1];
    s->dtype = c->out.dtype;
    s->is_float = vane__format_of(s->dtype)->mantissa != 0;
    s->m = a->shape[a->rank - 2];
    s->k = a->shape[a->rank - 1];
    s->n = b->shape[b->rank - 1];
    s->batches = 1;
    for (uint32_t d = 0; d + 2 < a->rank; d++)
        s->batches *= a->shape[d];
}

static double share_ns(const vane__sums *s, const vane__share *h)
{
    const double k = (double)s->k, rows = (double)h->rows, cols = (double)h->cols;
    return (s->dtype == VANE_F16 ? 3 : 1) * (double)h->batches *
           (k * cols * B_NS + rows * (k * A_NS + cols * C_NS));
}

static int64_t part_of(int64_t n, double share, int64_t least)
{
    const double part = (double)n * share;
    least = least < n ? least : n;
    return part < (double)least ? least : part < (double)n ? (int64_t)part : n;
}

/* first_col is left to the random numbers. */
static void share_choose(vane__sums *s, double budget_ns)
{
    vane__share *h = &s->share;
    *h = (vane__share){s->batches, s->m, s->n, 0};
    if (share_ns(s, h) <= budget_ns)
        return;
    h->batches = part_of(s->batches, budget_ns / share_ns(s, h), 1);
    if (h->batches > 1 || share_ns(s, h) <= budget_ns)
        return;
    vane__share none = {1, 0, s->n, 0};
    if (share_ns(s, &none) > budget_ns / 2)
        h->cols = none.cols = part_of(s->n, budget_ns / 2 / share_ns(s, &none), LEAST_COLS);
    const double left = budget_ns - share_ns(s, &none);
    const double rows_ns = share_ns(s, h) - share_ns(s, &none);
    h->rows = part_of(s->m, (left > 0 ? left : 0) / rows_ns, 1);
}

double vane__sums_cost_ns(const vane__check *c, double budget_ns)
{
    vane__sums s = {0};
    sizes(c, &s);
    share_choose(&s, budget_ns);
    return share_ns(&s, &s.share);
}

/* ---- random factors ------------------------------------------------------------------- */

static void choose_places(vane__sums *s, uint64_t *seed)
{
    vane__share *h = &s->share;
    for (int64_t i = 0; i < h->batches; i++)
        s->batch[i] =
            (int64_t)vane__spread(seed, (uint64_t)i, (uint64_t)h->batches, (uint64_t)s->batches);
    for (int64_t i = 0; i < h->rows; i++)
        s->row[i] = (int64_t)vane__spread(seed, (uint64_t)i, (uint64_t)h->rows, (uint64_t)s->m);
    h->first_col = (int64_t)(vane__random(seed) % (uint64_t)(s->n - h->cols + 1));
}

/* x: +-2^e against the size of each column, which size takes. */
static void choose_signs(const vane__check *c, vane__sums *s, uint64_t *seed, double *size)
{
    const vane_view *b = &c->p.call.arg[1];
    for (int64_t j = 0; j < s->share.cols; j++)
        size[j] = 0;
    for (int64_t l = 0; l < s->k; l++) {
        const vane__line line = vane__line_of(b, s->batch[0], l, s->share.first_col, s->share.cols);
        vane__line_most(&line, size);
    }
    for (int64_t j = 0; j < s->share.cols; j++) {
        int e = size[j] > 0 ? -ilogb(size[j]) : 0;
        e = e > 1000 ? 1000 : e;
        s->x[j].f = ldexp(vane__random(seed) >> 63 ? -1 : 1, e);
        s->x_sum += fabs(s->x[j].f);
    }
}

static void choose_factors(vane__sums *s, uint64_t *seed)
{
    for (int64_t j = 0; j < s->share.cols * VANE__SUMS; j++)
        s->x[j].u = vane__random(seed) | (j % VANE__SUMS == 0);
}

/* ---- what is expected ------------------------------------------------------------------ */

typedef struct scratch {
    vane__sum *y; /* B x, a row for each of k */
    double *size; /* |B| |x| */
} scratch;

static void right_side(const vane__check *c, const vane__sums *s, int64_t batch, const scratch *t)
{
    memset(t->y, 0, (size_t)s->k * VANE__SUMS * sizeof *t->y);
    memset(t->size, 0, (size_t)s->k * sizeof *t->size);
    for (int64_t l = 0; l < s->k; l++) {
        const vane__line line =
            vane__line_of(&c->p.call.arg[1], batch, l, s->share.first_col, s->share.cols);
        vane__line_weigh(s, &line, t->y + l * VANE__SUMS, &t->size[l]);
    }
}

/* As cast does: truncates, saturates. */
static uint64_t integer_factor(double v, uint32_t dtype)
{
    const double limit = dtype == VANE_I32 ? 0x1p31 : 0x1p63;
    if (v >= limit)
        return dtype == VANE_I32 ? INT32_MAX : (uint64_t)INT64_MAX;
    return (uint64_t)(v <= -limit ? (dtype == VANE_I32 ? INT32_MIN : INT64_MIN) : (int64_t)v);
}

/* want = alpha * want + beta * (D x); size likewise, of |.|. */
static void add_addend(const vane__check *c, const vane__sums *s, int64_t batch, int64_t row,
                       vane__sum *want, double *size)
{
    const vane_gemm_params *p = &c->params.gemm;
    vane__sum addend[VANE__SUMS] = {{0}};
    double addend_size = 0;
    if (c->p.call.n_in == 3) {
        const vane__line line =
            vane__line_of(&c->p.call.arg[2], batch, row, s->share.first_col, s->share.cols);
        vane__line_weigh(s, &line, addend, &addend_size);
    }
    *size = fabs(p->alpha) * *size + (c->p.call.n_in == 3 ? fabs(p->beta) * addend_size : 0);
    for (int w = 0; w < VANE__SUMS; w++)
        if (!s->is_float)
            want[w].u = integer_factor(p->alpha, s->dtype) * want[w].u +
                        integer_factor(p->beta, s->dtype) * addend[w].u;
        else
            want[w].f = p->alpha * want[w].f + (c->p.call.n_in == 3 ? p->beta * addend[w].f : 0);
}

static double bound_of(const vane__check *c, const vane__sums *s, double size)
{
    const vane__tolerance *t = &c->tolerance;
    const double spread = sqrt((double)s->group) / 5;
    const double all = t->ulp * t->epsilon * size + (t->terms + 1) * t->smallest * s->x_sum;
    return (spread > 0.5 ? spread : 0.5) * all / (double)s->share.cols;
}

static void expect_batch(const vane__check *c, vane__sums *s, int64_t nth, const scratch *t)
{
    for (int64_t i = 0; i < s->share.rows; i++) {
        const int64_t at = nth * s->share.rows + i;
        vane__sum *want = s->want + at * VANE__SUMS;
        double size = 0;
        const vane__line line = vane__line_of(&c->p.call.arg[0], s->batch[nth], s->row[i], 0, s->k);
        memset(want, 0, VANE__SUMS * sizeof *want);
        vane__line_apply(s, &line, t->y, t->size, want, &size);
        if (c->p.rq.op->rule == VANE__RULE_GEMM)
            add_addend(c, s, s->batch[nth], s->row[i], want, &size);
        s->bound[at] = bound_of(c, s, size);
    }
}

static void expect(const vane__check *c, vane__sums *s, const scratch *t)
{
    const vane_view *b = &c->p.call.arg[1];
    for (int64_t i = 0; i < s->share.batches; i++) {
        if (i == 0 || batch_offset(b, s->batch[i]) != batch_offset(b, s->batch[i - 1]))
            right_side(c, s, s->batch[i], t);
        expect_batch(c, s, i, t);
    }
}

/* ---- open and close --------------------------------------------------------------------- */

static void *array(int64_t n, size_t size)
{
    return calloc(n > 0 ? (size_t)n : 1, size);
}

static int make_room(vane__sums *s, scratch *t)
{
    const vane__share *h = &s->share;
    s->batch = array(h->batches, sizeof *s->batch);
    s->row = array(h->rows, sizeof *s->row);
    s->x = array(h->cols * (s->is_float ? 1 : VANE__SUMS), sizeof *s->x);
    s->want = array(h->batches * h->rows * VANE__SUMS, sizeof *s->want);
    s->bound = array(h->batches * h->rows, sizeof *s->bound);
    t->y = array(s->k * VANE__SUMS, sizeof *t->y);
    t->size = array(s->k > h->cols ? s->k : h->cols, sizeof *t->size);
    return s->batch && s->row && s->x && s->want && s->bound && t->y && t->size;
}

static void fill(const vane__check *c, vane__sums *s, const scratch *t)
{
    uint64_t seed = c->seed;
    s->group = (s->share.cols + VANE__SUMS - 1) / VANE__SUMS;
    choose_places(s, &seed);
    if (s->is_float)
        choose_signs(c, s, &seed, t->size);
    else
        choose_factors(s, &seed);
    expect(c, s, t);
}

vane_status vane__sums_open(vane__check *c, double budget_ns)
{
    scratch t = {NULL, NULL};
    int room = (c->sums = calloc(1, sizeof *c->sums)) != NULL;
    if (room) {
        sizes(c, c->sums);
        share_choose(c->sums, budget_ns);
        room = make_room(c->sums, &t);
    }
    if (room)
        fill(c, c->sums, &t);
    free(t.y);
    free(t.size);
    return room ? VANE_OK
                : vane__fail(VANE_E_NOMEM, "%s: no memory to verify a result",
                             c->p.rq.op->info.name);
}

void vane__sums_close(vane__sums *s)
{
    if (s == NULL)
        return;
    free(s->batch);
    free(s->row);
    free(s->x);
    free(s->want);
    free(s->bound);
    free(s);
}
