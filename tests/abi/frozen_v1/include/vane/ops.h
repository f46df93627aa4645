/* FROZEN: the plugin contract v1 as it was released. Never edited. */
/* SPDX-License-Identifier: MIT */
/* ops.h - operation numbers and their typed parameters.
 *
 * Meaning is ONNX's: https://onnx.ai/onnx/operators/ (NaN rules, broadcasting,
 * defaults). Where ONNX leaves a result undefined, Vane defines it, so that every
 * op is total:
 *   integer add, sub, mul, neg, abs, sum, prod, dot, matmul   wrap (two's complement)
 *   integer division by zero                0;  MIN / -1 = MIN;  truncates toward 0
 *   integer pow, negative exponent          0, but 1 for base 1 and +-1 for base -1
 *   cast float to integer                   truncates; saturates; NaN becomes 0
 *   cast integer to narrower integer        wraps;  anything to bool: != 0
 *   empty reductions                        sum 0, prod 1, mean NaN (integers 0), max -inf
 *                                           or the smallest integer, min likewise
 *   reduce_mean of integers                 the sum wraps in 64 bits; the quotient truncates
 *   max, min, reduce_max, reduce_min, relu, clip   hand NaN on (for max and min: if any is)
 *   argmax                                  the first NaN is the largest, even with last_index
 *   clip limits, alpha and beta of integers cast to the type first, as cast does
 *   gelu(-inf)                              NaN, as the formula gives
 *   gemm with beta 0                        still multiplies: a NaN in C stays NaN
 *   softmax                                 NaN, +inf or nothing but -inf: the whole row is NaN
 *   copy, transpose, concat, where          keep every bit, but a bool becomes 0 or 1
 * f16 and bf16 are storage: computed in f32 (or wider), rounded once, to nearest even.
 */
#ifndef VANE_OPS_H
#define VANE_OPS_H

#include "vane/types.h"

typedef enum vane_op {
#define VANE_OP(ID, ...) VANE_OP_##ID,
#include "vane/ops.def"
    VANE_OP_COUNT,
    VANE_OP_CUSTOM = 256 /* ops registered by name are numbered from here */
} vane_op;

/* Each function takes a pointer to its struct; NULL means ONNX's defaults, named here. */
typedef struct vane_gelu_params {
    uint32_t tanh_approximation; /* default 0: the exact form with erf */
} vane_gelu_params;
typedef struct vane_clip_params {
    double lo, hi; /* default -inf, +inf; NaN is an error; lo > hi gives hi */
} vane_clip_params;
typedef struct vane_axpy_params {
    double alpha; /* out = alpha * x + y; default 1; rounded to the compute type first */
} vane_axpy_params;
typedef struct vane_reduce_params {
    int32_t axes[VANE_MAX_RANK]; /* negative counts from the end */
    uint32_t n_axes;             /* 0, the default: every axis */
    uint32_t drop_dims;          /* default 0: ONNX keepdims=1. Only vane_infer reads it:
                                  * a call accepts both forms of output */
} vane_reduce_params;
typedef struct vane_argmax_params {
    int32_t axis;        /* default 0 */
    uint32_t last_index; /* default 0: of equals, the first */
    uint32_t drop_dims;  /* as in vane_reduce_params */
} vane_argmax_params;
typedef struct vane_gemm_params {
    double alpha, beta;        /* default 1, 1: out = alpha * A' * B' + beta * C */
    uint32_t trans_a, trans_b; /* default 0, 0 */
} vane_gemm_params;
typedef struct vane_softmax_params {
    int32_t axis; /* default -1 */
} vane_softmax_params;
typedef struct vane_transpose_params {
    int32_t perm[VANE_MAX_RANK]; /* out.shape[i] = in.shape[perm[i]] */
    uint32_t n_perm;             /* 0, the default: reverse the dimensions */
} vane_transpose_params;
typedef struct vane_fill_params {
    double value; /* default 0; must fit the output's type (integers: exactly) */
} vane_fill_params;
typedef struct vane_concat_params {
    int32_t axis; /* default 0 */
} vane_concat_params;

/* What a kernel gets: the member named in ops.def. 64 bytes for ever. */
typedef union vane_params {
    vane_gelu_params gelu;
    vane_clip_params clip;
    vane_axpy_params axpy;
    vane_reduce_params reduce;
    vane_argmax_params argmax;
    vane_gemm_params gemm;
    vane_softmax_params softmax;
    vane_transpose_params transpose;
    vane_fill_params fill;
    vane_concat_params concat;
    uint64_t custom[8]; /* an op registered by name reads these as it likes */
} vane_params;

#endif
