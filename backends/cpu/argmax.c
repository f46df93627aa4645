/* SPDX-License-Identifier: MIT */
/* argmax.c - argmax: the chunk that holds the maximum, then the place in it.
 *
 * Adjacent (or gathered) terms go through the chunk body of reduce_max; only the winning chunk
 * is searched. Short rows of adjacent terms have a body of their own. Where the outputs are
 * adjacent in the input instead, argmax_body.c carries a best value and its index for each column.
 */
#include <string.h>

#include "argmax.h"
#include "vec.h"

typedef struct job {
    const vane_call *call;
    const cpu__body *max; /* the chunk body of reduce_max */
    cpu__find_fn find;
    cpu__plan plan;
    int64_t size;
    int floats, last;
    const char *x; /* the output at work, where its pieces run in parallel */
    struct hit *hits;
} job;

typedef struct hit {
    cpu__part value;
    int64_t at; /* first term of its chunk, then the term itself */
} hit;

enum { COLS = 256 }; /* columns of a parallel piece */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Does a, which comes after best, win? The first NaN beats all. */
static int wins(const job *j, cpu__part a, cpu__part best)
{
    if (!j->floats)
        return a.i > best.i || (j->last && a.i == best.i);
    if (best.f != best.f)
        return 0;
    return a.f != a.f || a.f > best.f || (j->last && a.f == best.f);
}

/* n <= CPU_CHUNK terms from i on, gathered where they are not adjacent. */
static const void *chunk(const job *j, const char *x, int64_t i, int64_t n, void *gathered)
{
    const cpu__plan *p = &j->plan;
    if (p->n_red == 0 || p->red_x[0] == 1)
        return x + i * j->size;
    cpu__plan_gather(p, x, i, n, j->size, gathered);
    return gathered;
}

static hit search(const job *j, const char *x, int64_t lo, int64_t hi)
{
    double gathered[CPU_CHUNK];
    hit best = {.at = lo};
    for (int64_t i = lo; i < hi; i += CPU_CHUNK) {
        int64_t n = least(hi - i, CPU_CHUNK);
        cpu__part value;
        j->max->rows(chunk(j, x, i, n, gathered), n, 1, 0, &value);
        if (i == lo || wins(j, value, best.value))
            best = (hit){value, i};
    }
    int64_t n = least(hi - best.at, CPU_CHUNK);
    best.at += j->find(chunk(j, x, best.at, n, gathered), n, best.value, j->last);
    return best;
}

static void run_pieces(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const job *j = arg;
    (void)worker;
    for (int64_t i = (int64_t)lo; i < (int64_t)hi; i++)
        j->hits[i] = search(j, j->x, i * CPU_PIECE, least((i + 1) * CPU_PIECE, j->plan.terms));
}

/* One output on all threads. */
static int64_t search_wide(job *j, const char *x)
{
    hit local[64];
    int64_t n = (j->plan.terms + CPU_PIECE - 1) / CPU_PIECE, best = 0;
    const vane_host *host = j->call->host;
    j->hits = local;
    if (n > 64)
        j->hits = host->alloc(host->ctx, (uint64_t)n * sizeof(hit), 64);
    if (!j->hits)
        return search(j, x, 0, j->plan.terms).at;
    j->x = x;
    host->parallel(j->call, run_pieces, j, (uint64_t)n, 1);
    for (int64_t i = 1; i < n; i++)
        if (wins(j, j->hits[i].value, j->hits[best].value))
            best = i;
    best = j->hits[best].at;
    if (j->hits != local)
        host->free(host->ctx, j->hits);
    return best;
}

static void put(const job *j, int64_t out, int64_t index)
{
    memcpy(j->plan.out + out * (int64_t)sizeof index, &index, sizeof index);
}

static void run_outputs(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const job *j = arg;
    (void)worker;
    for (int64_t i = (int64_t)lo; i < (int64_t)hi; i++) {
        cpu__at at = cpu__plan_at(&j->plan, j->plan.n_kept, i);
        put(j, at.out, search(j, j->plan.x + at.x * j->size, 0, j->plan.terms).at);
    }
}

/* Short rows: as many at once as are the same distance apart. */
static void run_short(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const job *j = arg;
    const cpu__plan *p = &j->plan;
    const uint32_t n_kept = p->n_kept;
    const int64_t inner = n_kept ? p->kept[n_kept - 1] : 1;
    const cpu__short_fn rows = cpu__argmax_short(j->call->dtype);
    (void)worker;
    for (int64_t i = (int64_t)lo, m; i < (int64_t)hi; i += m) {
        cpu__at at = cpu__plan_at(p, n_kept, i);
        m = least((int64_t)hi - i, inner - (n_kept > 1 ? i % inner : i));
        rows(p->x + at.x * j->size, n_kept ? p->kept_x[n_kept - 1] : 0, m, p->terms, j->last,
             (int64_t *)(void *)p->out + at.out, n_kept ? p->kept_out[n_kept - 1] : 0);
    }
}

/* Strips of COLS columns, those of one line of outputs after those of the line before. */
static void run_cols(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const job *j = arg;
    const cpu__plan *p = &j->plan;
    int64_t cols = p->kept[p->n_kept - 1], strips = (cols + COLS - 1) / COLS;
    (void)worker;
    for (int64_t i = (int64_t)lo; i < (int64_t)hi; i++) {
        int32_t index[COLS];
        int64_t first = i % strips * COLS, n = least(cols - first, COLS);
        cpu__at at = cpu__plan_at(p, p->n_kept - 1, i / strips);
        cpu__argmax_cols(j->call->dtype, p->x + (at.x + first) * j->size, p->red_x[0], p->terms, n,
                         j->last, index);
        for (int64_t k = 0; k < n; k++)
            put(j, at.out + (first + k) * p->kept_out[p->n_kept - 1], index[k]);
    }
}

static void run(job *j)
{
    const cpu__plan *p = &j->plan;
    const vane_call *call = j->call;
    int64_t last = (int64_t)p->n_kept - 1, n = p->outputs, work = p->terms;
    vane_range_fn fn = run_outputs;
    if (p->n_red == 1 && p->red_x[0] != 1 && last >= 0 && p->kept_x[last] == 1 &&
        p->terms <= INT32_MAX) {
        fn = run_cols;
        n = p->outputs / p->kept[last] * ((p->kept[last] + COLS - 1) / COLS);
        work *= least(COLS, p->kept[last]);
    } else if (p->n_red == 1 && p->red_x[0] == 1 && p->terms <= CPU_ARGMAX_SHORT) {
        fn = run_short;
    } else if (call->width > 1 && n < (int64_t)call->width && p->terms > CPU_PIECE) {
        for (int64_t i = 0; i < n; i++) {
            cpu__at at = cpu__plan_at(p, p->n_kept, i);
            put(j, at.out, search_wide(j, p->x + at.x * j->size));
        }
        return;
    }
    int64_t grain = work < CPU_PIECE ? CPU_PIECE / work : 1;
    if (call->width > 1 && n > grain)
        call->host->parallel(call, fn, j, (uint64_t)n, (uint64_t)grain);
    else
        fn(j, 0, (uint64_t)n, 0);
}

/* A plan takes longer than a few short rows, and one stride needs none. */
static int run_direct(const vane_call *call)
{
    const vane_view *x = &call->arg[0], *out = &call->arg[1];
    if (x->rank != 2 || call->n_outer != 1 || x->stride[1] != 1 || x->shape[1] < 1 ||
        x->shape[1] > CPU_ARGMAX_SHORT || (call->width > 1 && x->shape[0] > CPU_PIECE / 64))
        return 0;
    cpu__argmax_short(call->dtype)(x->data, x->stride[0], x->shape[0], x->shape[1],
                                   call->params->argmax.last_index != 0, out->data, out->stride[0]);
    return 1;
}

vane_status cpu__reduce_argmax(const vane_kernel *self, const vane_call *call)
{
    static const uint8_t sizes[] = {
#define SIZE(NAME, name, bytes) bytes,
        VANE_DTYPE_MAP(SIZE)
#undef SIZE
    };
    (void)self;
    if (run_direct(call))
        return VANE_OK;
    job j = {.call = call, .size = sizes[call->dtype], .floats = call->dtype <= VANE_BF16};
    j.last = call->params->argmax.last_index != 0;
    j.max =
        j.floats ? cpu__reduce_float(CPU_MAX, call->dtype) : cpu__reduce_int(CPU_MAX, call->dtype);
    j.find = cpu__argmax_find(call->dtype);
    cpu__plan_reduce(&j.plan, call, call->n_outer, 1, j.size, sizeof(int64_t));
    if (j.plan.terms > 1) {
        run(&j);
        return VANE_OK;
    }
    for (int64_t i = 0; i < j.plan.outputs; i++)
        put(&j, cpu__plan_at(&j.plan, j.plan.n_kept, i).out, 0);
    return VANE_OK;
}
