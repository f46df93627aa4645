/* SPDX-License-Identifier: MIT */
/* softmax.c - softmax: shares out rows, or strips of columns where the rows are adjacent. */
#include "softmax.h"

#include "reduce_plan.h"
#include "vec.h"

typedef struct job {
    const cpu__softmax_body *body;
    cpu__plan plan; /* terms: of a row */
    int64_t stride_x, stride_out;
    int64_t cols, strips; /* of a line of adjacent rows; 0: rows are done one by one */
} job;

enum { GRAIN = 8192 }; /* elements worth a piece of their own */

static void run_rows(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const job *j = arg;
    const cpu__plan *p = &j->plan;
    (void)worker;
    for (int64_t i = (int64_t)lo; i < (int64_t)hi; i++) {
        cpu__at at = cpu__plan_at(p, p->n_kept, i);
        j->body->row(p->x + at.x * j->body->size, j->stride_x, p->out + at.out * j->body->size,
                     j->stride_out, p->terms);
    }
}

/* Short rows: as many at once as are the same distance apart. */
static void run_short(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const job *j = arg;
    const cpu__plan *p = &j->plan;
    const uint32_t n_kept = p->n_kept;
    const int64_t inner = n_kept ? p->kept[n_kept - 1] : 1, size = j->body->size;
    (void)worker;
    for (int64_t i = (int64_t)lo, m; i < (int64_t)hi; i += m) {
        cpu__at at = cpu__plan_at(p, n_kept, i);
        m = inner - (n_kept > 1 ? i % inner : i);
        m = m < (int64_t)hi - i ? m : (int64_t)hi - i;
        j->body->rows(p->x + at.x * size, n_kept ? p->kept_x[n_kept - 1] : 0,
                      p->out + at.out * size, n_kept ? p->kept_out[n_kept - 1] : 0, p->terms, m);
    }
}

static void run_strips(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const job *j = arg;
    const cpu__plan *p = &j->plan;
    (void)worker;
    for (int64_t i = (int64_t)lo; i < (int64_t)hi; i++) {
        cpu__at at = cpu__plan_at(p, p->n_kept - 1, i / j->strips);
        int64_t first = i % j->strips * CPU_SOFTMAX_COLS, n = j->cols - first;
        j->body->cols(p->x + (at.x + first) * j->body->size, j->stride_x,
                      p->out + (at.out + first) * j->body->size, j->stride_out, p->terms,
                      n < CPU_SOFTMAX_COLS ? n : CPU_SOFTMAX_COLS);
    }
}

/* A plan takes longer than a few short rows, and one stride needs none. */
static int run_direct(const cpu__softmax_body *body, const vane_call *call)
{
    const vane_view *x = &call->arg[0], *out = &call->arg[1];
    if (x->rank != 2 || x->stride[1] != 1 || out->stride[1] != 1 || x->shape[1] < 1 ||
        x->shape[1] > body->most || (call->width > 1 && x->shape[0] > GRAIN / body->most))
        return 0;
    body->rows(x->data, x->stride[0], out->data, out->stride[0], x->shape[1], x->shape[0]);
    return 1;
}

static vane_status softmax(const vane_kernel *self, const vane_call *call)
{
    const vane_view *x = &call->arg[0], *out = &call->arg[1];
    const cpu__softmax_body *body = cpu__softmax_body_of(call->dtype);
    uint32_t axis = x->rank - 1;
    (void)self;
    if (run_direct(body, call))
        return VANE_OK;
    job j = {.body = body, .stride_x = x->stride[axis], .stride_out = out->stride[axis]};
    cpu__plan_reduce(&j.plan, call, axis, 1, j.body->size, j.body->size);
    const cpu__plan *p = &j.plan;
    if (p->terms == 0 || p->outputs == 0)
        return VANE_OK;
    if (p->terms == 1)
        j.stride_x = j.stride_out = 1;
    int adjacent_terms = j.stride_x == 1 && j.stride_out == 1;
    if (!adjacent_terms && p->n_kept > 0 && p->kept_x[p->n_kept - 1] == 1 &&
        p->kept_out[p->n_kept - 1] == 1) {
        j.cols = p->kept[p->n_kept - 1];
        j.strips = (j.cols + CPU_SOFTMAX_COLS - 1) / CPU_SOFTMAX_COLS;
    }
    uint64_t n = (uint64_t)(j.strips ? p->outputs / j.cols * j.strips : p->outputs);
    int64_t side = j.strips > 1 ? CPU_SOFTMAX_COLS : j.strips ? j.cols : 1;
    uint64_t work = (uint64_t)(p->terms * side);
    uint64_t grain = work < GRAIN ? GRAIN / work : 1;
    vane_range_fn fn = j.strips ? run_strips : run_rows;
    if (adjacent_terms && p->terms <= j.body->most)
        fn = run_short;
    if (call->width > 1 && n > grain)
        call->host->parallel(call, fn, &j, n, grain);
    else
        fn(&j, 0, n, 0);
    return VANE_OK;
}

const vane_kernel *cpu__softmax_kernel(uint32_t op, uint32_t dtype)
{
#define KERNEL(label, lanes)                                                                     \
    {                                                                                            \
        .struct_size = sizeof(vane_kernel),                                                      \
        .flags = VANE_KERNEL_PARALLEL | VANE_KERNEL_CLEAN_FAIL, .numerics = VANE_NUMERICS_REPRO, \
        .name = "softmax_" label, .direct = softmax, .flops_per_ns = 2.5 * (lanes),              \
        .bytes_per_ns = 15.0, .launch_ns = 30.0                                                  \
    }
    static const vane_kernel kernels[] = {KERNEL("f32", VF32_LANES), KERNEL("f64", VF64_LANES),
                                          KERNEL("f16", VF32_LANES / 2),
                                          KERNEL("bf16", VF32_LANES / 2)};
#undef KERNEL
    return op == VANE_OP_SOFTMAX && dtype <= VANE_BF16 ? &kernels[dtype] : NULL;
}
