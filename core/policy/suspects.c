/* SPDX-License-Identifier: MIT */
/* suspects.c - products of matrices by random sums: whose sums are wrong, and are they? */
#include <inttypes.h>
#include <stdio.h>

#include "op/tensor.h"
#include "policy/freivalds.h"

enum {
    SUSPECTS = 16, /* that the oracle looks at */
    SLICE = 64     /* elements of one row that it computes at a time */
};

/* Columns of one row whose sum is not what it should be. */
typedef struct suspect {
    double weight; /* how far off, in bounds */
    int64_t batch, row, col, n;
} suspect;

typedef struct suspects {
    suspect worst[SUSPECTS];
    uint32_t n;
    uint64_t elements; /* of all that there were */
    uint64_t seed;
} suspects;

/* Those that are not finite come first, and among them at random. */
static void accuse(suspects *all, suspect s)
{
    uint32_t least = 0;
    all->elements += (uint64_t)s.n;
    if (!isfinite(s.weight))
        s.weight = 0x1p1000 * (1 + (double)(vane__random(&all->seed) >> 11) * 0x1p-53);
    if (all->n < SUSPECTS) {
        all->worst[all->n++] = s;
        return;
    }
    for (uint32_t i = 1; i < SUSPECTS; i++)
        least = all->worst[i].weight < all->worst[least].weight ? i : least;
    if (s.weight > all->worst[least].weight)
        all->worst[least] = s;
}

static void judge_floats(const vane__sums *s, int64_t at, const vane__sum *got, suspect who,
                         suspects *all)
{
    const vane__sum *want = s->want + at * VANE__SUMS;
    const int64_t first = who.col, cols = s->share.cols;
    for (int64_t v = 0; v * s->group < cols; v++) {
        const double off = fabs(got[v].f - want[v].f);
        if (off <= s->bound[at] && isfinite(s->bound[at]))
            continue;
        who.weight = off / s->bound[at];
        who.col = first + v * s->group;
        who.n = cols - v * s->group < s->group ? cols - v * s->group : s->group;
        accuse(all, who);
    }
}

static void judge_integers(const vane__sums *s, int64_t at, const vane__sum *got, suspect who,
                           suspects *all)
{
    const uint64_t mask = s->dtype == VANE_I32 ? UINT32_MAX : UINT64_MAX;
    uint64_t off = 0;
    for (int w = 0; w < VANE__SUMS; w++)
        off |= (got[w].u - s->want[at * VANE__SUMS + w].u) & mask;
    if (off != 0)
        accuse(all, who);
}

static void judge_row(const vane__check *c, const vane_view *out, int64_t nth, int64_t i,
                      suspects *all)
{
    const vane__sums *s = c->sums;
    const vane__share *h = &s->share;
    vane__sum got[VANE__SUMS] = {{0}};
    double size = 0;
    const vane__line line = vane__line_of(out, s->batch[nth], s->row[i], h->first_col, h->cols);
    const suspect who = {1, s->batch[nth], s->row[i], h->first_col, h->cols};
    vane__line_weigh(s, &line, got, &size);
    if (s->is_float)
        judge_floats(s, nth * h->rows + i, got, who, all);
    else
        judge_integers(s, nth * h->rows + i, got, who, all);
}

/* ---- the oracle ------------------------------------------------------------------------- */

static void move_to(vane_view *v, int64_t batch, int64_t row, int64_t col)
{
    const int64_t at = vane__line_of(v, batch, row, col, 1).at;
    v->data = (void *)((uintptr_t)v->data + (uintptr_t)at * vane__dtype_size(v->dtype));
    for (uint32_t d = 0; d + 2 < v->rank; d++)
        v->shape[d] = 1;
}

/* n elements of one row of the product, as a call of its own. */
static void slice_call(const vane__check *c, int64_t batch, int64_t row, int64_t col, int64_t n,
                       vane_call *call)
{
    const uint32_t r = c->p.call.arg[0].rank;
    *call = c->p.call;
    move_to(&call->arg[0], batch, row, 0);
    move_to(&call->arg[1], batch, 0, col);
    call->arg[0].shape[r - 2] = 1;
    call->arg[1].shape[r - 1] = n;
    for (uint32_t i = 2; i < call->n_arg; i++) {
        move_to(&call->arg[i], batch, row, col);
        call->arg[i].shape[r - 2] = 1;
        call->arg[i].shape[r - 1] = n;
    }
}

/* By the oracle, element by element. 0: one is wrong. */
static int examine(const vane__check *c, const suspect *who, const void *out, vane__finding *f,
                   uint64_t *looked_at)
{
    uint64_t want[SLICE]; /* of any dtype */
    for (int64_t n, at = 0; at < who->n; at += n) {
        vane_call call;
        n = who->n - at < SLICE ? who->n - at : SLICE;
        slice_call(c, who->batch, who->row, who->col + at, n, &call);
        const vane_view real = call.arg[call.n_arg - 1];
        vane__view_dense(&real, &call.arg[call.n_arg - 1]);
        call.arg[call.n_arg - 1].data = want;
        if (vane__oracle_run(&c->oracle, &call) != VANE_OK)
            return 1; /* not looked at */
        call.arg[call.n_arg - 1] = real;
        if (!vane__compare(c, &call, want, out, f))
            return 0;
        *looked_at += (uint64_t)n;
    }
    return 1;
}

int vane__sums_result(const vane__check *c, const void *out, vane__finding *f)
{
    const vane__share *h = &c->sums->share;
    suspects all = {.seed = c->seed};
    vane_view view = c->p.call.arg[c->p.call.n_arg - 1];
    uint64_t looked_at = 0;
    view.data = (void *)(uintptr_t)out;
    for (int64_t nth = 0; nth < h->batches; nth++)
        for (int64_t i = 0; i < h->rows; i++)
            judge_row(c, &view, nth, i, &all);
    for (uint32_t i = 0; i < all.n; i++)
        if (!examine(c, &all.worst[i], out, f, &looked_at))
            return 0;
    f->checked = (uint64_t)(h->batches * h->rows * h->cols) - all.elements + looked_at;
    snprintf(f->why, sizeof f->why,
             "%" PRIu64 " of %" PRIu64 " elements by random sums of rows, %" PRIu64
             " of them one by one",
             f->checked, f->of, looked_at);
    return 1;
}
