/* SPDX-License-Identifier: MIT */
/* matmul.c - launches matmul and gemm: which kernel computes a call, and on what. A product may be
 * turned: (A B)' is B' A', which swaps strides and nothing else.
 */
#include "gpu.h"
#include "kernels/args.h"
#include "place.h"

/* ---- the call ---------------------------------------------------------------------------- */

static void take_side(matmul_args *a, int side, const vane_view *v)
{
    const uint32_t last = v->rank - 1;
    a->at[side] = cuda_view_at(v);
    a->row[side] = v->stride[last - 1];
    a->col[side] = v->stride[last];
    for (uint32_t d = 0; d + 1 < last; d++)
        a->step[side][d] = v->stride[d];
}

static uint64_t factor(uint32_t dtype, double v)
{
    const int narrow = dtype == VANE_F16 || dtype == VANE_BF16;
    return (uint64_t)common_number_bits(narrow ? VANE_F32 : dtype, v);
}

static double take_call(matmul_args *a, const vane_call *call)
{
    const vane_view *out = &call->arg[call->n_arg - 1];
    const uint32_t last = out->rank - 1;
    const int is_gemm = call->op == VANE_OP_GEMM;
    double batch = 1;
    *a = (matmul_args){.m = out->shape[last - 1],
                       .n = out->shape[last],
                       .k = call->arg[0].shape[last],
                       .batch_rank = (int32_t)last - 1};
    for (uint32_t d = 0; d + 1 < last; d++) {
        a->batch[d] = cuda_divisor((uint32_t)out->shape[d]);
        batch *= (double)out->shape[d];
    }
    take_side(a, SIDE_O, out);
    take_side(a, SIDE_A, &call->arg[0]);
    take_side(a, SIDE_B, &call->arg[1]);
    a->has_c = call->n_in == 3;
    if (a->has_c)
        take_side(a, SIDE_C, &call->arg[2]);
    if (a->k == 0) /* nothing is read there, but kernels reckon from it */
        a->at[SIDE_A] = a->at[SIDE_B] = a->at[SIDE_O];
    a->alpha = factor(call->dtype, is_gemm ? call->params->gemm.alpha : 1);
    a->beta = factor(call->dtype, is_gemm ? call->params->gemm.beta : 0);
    return batch;
}

static void swap(int64_t *a, int64_t *b)
{
    const int64_t t = *a;
    *a = *b;
    *b = t;
}

/* The same product as out' = B' A'. */
static void turn(matmul_args *a)
{
    const uint64_t at = a->at[SIDE_A];
    a->at[SIDE_A] = a->at[SIDE_B];
    a->at[SIDE_B] = at;
    swap(&a->m, &a->n);
    for (int32_t d = 0; d < a->batch_rank; d++)
        swap(&a->step[SIDE_A][d], &a->step[SIDE_B][d]);
    swap(&a->row[SIDE_A], &a->col[SIDE_B]);
    swap(&a->col[SIDE_A], &a->row[SIDE_B]);
    swap(&a->row[SIDE_C], &a->col[SIDE_C]);
    swap(&a->row[SIDE_O], &a->col[SIDE_O]);
}

/* ---- the choice --------------------------------------------------------------------------- */

/* Four neighbours along the dimension of stride 1, other: the stride of the other one. */
static int is_packed(const matmul_args *a, int side, int64_t other, uint64_t bytes)
{
    const int dense = a->row[side] == 1 || a->col[side] == 1;
    int packed = dense && other % 4 == 0 && a->at[side] % (bytes < 4 ? 4 * bytes : 16) == 0;
    for (int32_t d = 0; d < a->batch_rank; d++)
        packed &= a->step[side][d] % 4 == 0;
    return packed;
}

static uint32_t tiles_of(int64_t n, uint32_t edge)
{
    return (uint32_t)((n + edge - 1) / edge);
}

static vane_status launch(vane_queue *q, const cuda_kernel *k, matmul_args *a, cuda_stem stem,
                          double batch)
{
    const vane_host *host = q->device->backend->host;
    const double blocks = (double)a->tiles_m * (double)a->tiles_n * batch;
    if (blocks >= 0x1p31)
        return host->fail(host->ctx, VANE_E_OVERFLOW, 0,
                          "a product of %.0f blocks is too large for one launch", blocks);
    return cuda_launch(q, stem, k->dtype, a, (uint32_t)blocks, 1);
}

/* 128 x 128 where there are enough of them for every multiprocessor. */
static int is_large(const vane_device *d, const matmul_args *a, uint64_t bytes, double batch)
{
    return bytes < 8 && a->m > 64 && a->n > 64 &&
           (double)tiles_of(a->m, 128) * (double)tiles_of(a->n, 128) * batch >=
               (double)d->processors;
}

static vane_status run(vane_queue *q, const cuda_kernel *k, const vane_call *call)
{
    const uint64_t bytes = common_dtype_bytes(k->dtype);
    matmul_args a;
    const double batch = take_call(&a, call);
    if ((a.m == 1 && a.n != 1) || (a.n != 1 && a.col[SIDE_O] != 1 && a.row[SIDE_O] == 1))
        turn(&a);
    if (a.n == 1) {
        a.tiles_m = tiles_of(a.m, a.col[SIDE_A] == 1 ? MATMUL_THREADS / 32 : 32);
        a.tiles_n = 1;
        return launch(q, k, &a, CUDA_STEM_MATMUL_VECTOR, batch);
    }
    const int large = is_large(q->device, &a, bytes, batch);
    const uint32_t edge = large ? 128 : 64;
    a.tiles_m = tiles_of(a.m, edge);
    a.tiles_n = tiles_of(a.n, edge);
    a.packed[0] = is_packed(&a, SIDE_A, a.col[SIDE_A] == 1 ? a.row[SIDE_A] : a.col[SIDE_A], bytes);
    a.packed[1] = is_packed(&a, SIDE_B, a.row[SIDE_B] == 1 ? a.col[SIDE_B] : a.row[SIDE_B], bytes);
    return launch(q, k, &a, large ? CUDA_STEM_MATMUL_LARGE : CUDA_STEM_MATMUL_MEDIUM, batch);
}

/* ---- the table ----------------------------------------------------------------------------- */

int cuda_matmul_kernel(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out)
{
    if ((op != VANE_OP_MATMUL && op != VANE_OP_GEMM) || dtype > VANE_I64)
        return 0;
    cuda_kernel_describe(d, out, op == VANE_OP_GEMM ? "gemm" : "matmul", 0.6);
    out->run = run;
    return 1;
}
