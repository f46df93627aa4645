/* SPDX-License-Identifier: MIT */
/* reduce.c - launches the reductions, argmax and the dot product: which way the threads go, and how
 * terms are cut where there are few outputs.
 */
#include "../common/dims.h"
#include "gpu.h"
#include "kernels/args.h"
#include "place.h"

enum {
    STATE_BYTES = 16,   /* of a kernel's state, at most */
    LANE_PACKS = 4,     /* that are worth a thread */
    CHUNK_TERMS = 8192, /* that are worth a block */
    MOST = INT32_MAX    /* that kernels count in 31 bits */
};

/* What of a call is the op's affair. */
typedef struct job {
    vane_queue *q;
    cuda_stem along; /* the next stem goes across */
    uint32_t dtype;
    int can_across;
    reduce_args a;
} job;

static int64_t parts(int64_t n, int64_t size)
{
    return (n + size - 1) / size;
}

/* The largest power of two that is no larger, at least 1. */
static int64_t power_of_two(int64_t n)
{
    int64_t p = 1;
    while (p <= n / 2)
        p *= 2;
    return p;
}

/* ---- the call --------------------------------------------------------------------------- */

static void take_dims(reduce_args *a, const common_dims *d)
{
    a->n_kept = (int32_t)d->n_kept;
    a->n_red = (int32_t)d->n_red;
    for (int64_t i = 0; i < d->n_kept; i++) {
        a->kept[i] = cuda_divisor((uint32_t)d->kept[i]);
        a->kept_x[i] = d->kept_x[i];
        a->kept_out[i] = d->kept_out[i];
    }
    for (int64_t i = 0; i < d->n_red; i++) {
        a->red[i] = cuda_divisor((uint32_t)d->red[i]);
        a->red_x[i] = d->red_x[i];
    }
}

/* Can rows along the last dimension be read by packs? */
static int packs_along(const job *j)
{
    const reduce_args *a = &j->a;
    const int64_t bytes = (int64_t)common_dtype_bytes(j->dtype), lanes = 16 / bytes;
    int packed = a->n_red == 1 && a->red_x[0] == 1 && a->x % 16 == 0;
    for (int32_t i = 0; i < a->n_kept; i++)
        packed &= a->kept[i].length == 1 || a->kept_x[i] % lanes == 0;
    return packed && (!a->y || (a->y_step == 1 && a->y % 16 == 0));
}

/* The same of neighbouring outputs. */
static int packs_across(const job *j)
{
    const reduce_args *a = &j->a;
    const int64_t bytes = (int64_t)common_dtype_bytes(j->dtype);
    const int64_t lanes = bytes >= 8 ? 1 : bytes == 4 ? 2 : 4;
    int packed = a->kept_x[a->n_kept - 1] == 1 && a->x % (uint64_t)(lanes * bytes) == 0;
    for (int32_t i = 0; i + 1 < a->n_kept; i++)
        packed &= a->kept_x[i] % lanes == 0;
    for (int32_t i = 0; i < a->n_red; i++)
        packed &= a->red_x[i] % lanes == 0;
    return packed;
}

/* ---- the cut ----------------------------------------------------------------------------- */

/* Neighbouring outputs side by side: where their terms are not neighbours themselves. */
static int goes_across(const job *j)
{
    const reduce_args *a = &j->a;
    return j->can_across && a->kept[a->n_kept - 1].length >= REDUCE_COLUMNS &&
           a->kept_x[a->n_kept - 1] == 1 && a->red_x[a->n_red - 1] != 1;
}

/* Chunks, where blocks alone would not fill the device; have: blocks without. */
static vane_status cut_terms(job *j, int64_t have, int64_t wanted, int64_t unit)
{
    reduce_args *a = &j->a;
    a->chunks = 1;
    a->chunk = a->terms;
    if (have >= wanted || a->terms < 2 * unit || have > CUDA_COUNTERS)
        return VANE_OK;
    a->chunk = parts(parts(a->terms, parts(wanted, have)), unit) * unit;
    a->chunks = parts(a->terms, a->chunk);
    if (a->chunks == 1)
        return VANE_OK;
    CUdeviceptr part = 0, count = 0;
    vane_status st = cuda_scratch(j->q, (uint64_t)(a->outputs * a->chunks) * STATE_BYTES, &part);
    if (st == VANE_OK)
        st = cuda_counters(j->q, &count);
    a->part = part;
    a->count = count;
    return st;
}

static vane_status launch_along(job *j, const cuda_function *f)
{
    reduce_args *a = &j->a;
    const int64_t lanes = 16 / (int64_t)common_dtype_bytes(j->dtype);
    a->packed = packs_along(j);
    const int64_t worth = LANE_PACKS * (a->packed ? lanes : 1);
    a->lanes = (int32_t)power_of_two(a->terms / worth);
    if (a->lanes > REDUCE_THREADS)
        a->lanes = REDUCE_THREADS;
    vane_status st = VANE_OK;
    a->chunks = 1;
    a->chunk = a->terms;
    if (a->lanes == REDUCE_THREADS)
        st = cut_terms(j, a->outputs, f->blocks, CHUNK_TERMS);
    const uint64_t blocks = (uint64_t)parts(a->outputs * a->chunks, REDUCE_THREADS / a->lanes);
    return st != VANE_OK ? st
                         : cuda_launch_over(j->q, j->along, j->dtype, a, blocks * REDUCE_THREADS);
}

static vane_status launch_across(job *j, const cuda_function *f)
{
    reduce_args *a = &j->a;
    const int64_t bytes = (int64_t)common_dtype_bytes(j->dtype);
    const int64_t lanes = bytes >= 8 ? 1 : bytes == 4 ? 2 : 4;
    const int64_t wide = a->kept[a->n_kept - 1].length;
    a->packed = packs_across(j);
    a->tiles = (int32_t)parts(wide, REDUCE_COLUMNS * lanes);
    const int64_t tiles = a->outputs / wide * a->tiles;
    const vane_status st = cut_terms(j, tiles, f->blocks, CHUNK_TERMS / REDUCE_COLUMNS);
    if (st != VANE_OK)
        return st;
    return cuda_launch_over(j->q, (cuda_stem)(j->along + 1), j->dtype, a,
                            (uint64_t)(tiles * a->chunks) * REDUCE_THREADS);
}

/* Kernels wait for no other block, so any number of blocks that run at once will do. */
static vane_status launch(job *j)
{
    const uint32_t across = goes_across(j) ? 1 : 0;
    cuda_function *f;
    const vane_status st = cuda_function_for(j->q, (cuda_stem)(j->along + across), j->dtype, &f);
    if (st != VANE_OK)
        return st;
    return across ? launch_across(j, f) : launch_along(j, f);
}

/* The kernels count in 31 bits: outputs in halves while there are too many. */
static vane_status launch_parts(job *j, common_dims *d)
{
    const vane_host *host = j->q->device->backend->host;
    const uint64_t bytes = common_dtype_bytes(j->dtype);
    const uint64_t out_bytes = j->along == CUDA_STEM_ARGMAX ? 8 : bytes;
    if (d->n_red > 1 && d->terms > MOST)
        return host->fail(host->ctx, VANE_E_OVERFLOW, 0,
                          "a reduction of %lld terms in several dimensions is too large here",
                          (long long)d->terms);
    if (d->outputs <= MOST / 2) {
        take_dims(&j->a, d);
        j->a.outputs = d->outputs;
        j->a.terms = d->terms;
        return launch(j);
    }
    job rest = *j;
    common_dims other = *d;
    const int64_t first = d->kept[0] / 2;
    d->outputs = d->outputs / d->kept[0] * first;
    other.outputs -= d->outputs;
    d->kept[0] = first;
    other.kept[0] -= first;
    rest.a.x += (uint64_t)(first * d->kept_x[0]) * bytes;
    rest.a.out += (uint64_t)(first * d->kept_out[0]) * out_bytes;
    const vane_status st = launch_parts(j, d);
    return st == VANE_OK ? launch_parts(&rest, &other) : st;
}

/* ---- the ops ----------------------------------------------------------------------------- */

static uint64_t moved(const vane_view *v, int64_t by)
{
    return cuda_view_at(v) + (uint64_t)by * common_dtype_bytes(v->dtype);
}

static vane_status run_dot(vane_queue *q, const cuda_kernel *k, const vane_call *call)
{
    const vane_view *x = &call->arg[0], *y = &call->arg[1];
    job j = {.q = q, .along = CUDA_STEM_DOT, .dtype = k->dtype};
    common_dims d = {.outputs = 1, .terms = x->shape[0], .n_kept = 1, .n_red = 1};
    d.kept[0] = d.kept_x[0] = d.kept_out[0] = 1;
    d.red[0] = d.terms;
    d.red_x[0] = x->stride[0];
    j.a.x = cuda_view_at(x);
    j.a.y = cuda_view_at(y);
    j.a.y_step = y->stride[0];
    j.a.out = cuda_view_at(&call->arg[2]);
    return launch_parts(&j, &d);
}

static vane_status run_reduce(vane_queue *q, const cuda_kernel *k, const vane_call *call)
{
    const vane_view *x = &call->arg[0], *out = &call->arg[1];
    job j = {.q = q, .along = CUDA_STEM_SUM, .dtype = k->dtype, .can_across = 1};
    common_dims d;
    common_dims_reduce(&d, x, out, call->n_outer, k->op == VANE_OP_ARGMAX);
    if (d.outputs == 0)
        return VANE_OK;
    if (k->op == VANE_OP_REDUCE_MAX || k->op == VANE_OP_REDUCE_MIN)
        j.along = CUDA_STEM_EXTREME;
    else if (k->op == VANE_OP_REDUCE_PROD)
        j.along = CUDA_STEM_PROD;
    else if (k->op == VANE_OP_ARGMAX)
        j.along = CUDA_STEM_ARGMAX;
    j.a.op = k->op == VANE_OP_ARGMAX ? call->params->argmax.last_index != 0
                                     : k->op == VANE_OP_REDUCE_MEAN || k->op == VANE_OP_REDUCE_MIN;
    j.a.x = moved(x, d.x_at);
    j.a.out = moved(out, d.out_at);
    return launch_parts(&j, &d);
}

/* ---- the table --------------------------------------------------------------------------- */

int cuda_reduce_kernel(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out)
{
    static const char *const names[VANE_OP_COUNT] = {
        [VANE_OP_REDUCE_SUM] = "reduce_sum",
        [VANE_OP_REDUCE_MEAN] = "reduce_mean",
        [VANE_OP_REDUCE_MAX] = "reduce_max",
        [VANE_OP_REDUCE_MIN] = "reduce_min",
        [VANE_OP_REDUCE_PROD] = "reduce_prod",
        [VANE_OP_ARGMAX] = "argmax",
        [VANE_OP_DOT] = "dot",
    };
    const int narrow = op == VANE_OP_REDUCE_MAX || op == VANE_OP_REDUCE_MIN || op == VANE_OP_ARGMAX;
    if (!names[op] || dtype == VANE_BOOL || (dtype > VANE_I64 && !narrow))
        return 0;
    cuda_kernel_describe(d, out, names[op], 0);
    out->run = op == VANE_OP_DOT ? run_dot : run_reduce;
    return 1;
}
