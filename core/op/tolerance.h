/* SPDX-License-Identifier: MIT */
/* tolerance.h - does an element agree with the oracle's? The tolerances of ops.def, written out,
 * for the core and for the conformance suite: there is one rule.
 *
 * allowed = ulp * epsilon(dtype) * magnitude + n * smallest denormal
 *   elementwise      magnitude |want|, n 1
 *   sums, products of matrices   magnitude the sum of |terms|, n the terms and one: each
 *                    product may fall below the denormals
 *   reduce_prod      each of n factors rounds once: + n / 2 * epsilon of the compute type
 *   softmax          x - max rounds, and exp makes of an absolute error a relative one:
 *                    + |x - max| / 2 <= ln(1 / want) / 2, epsilons of the compute type
 * Infinity counts as the number after the largest, so that results at the brim of overflow
 * are judged like any other. ulp 0: equal (0 is -0). A NaN is any NaN. Ops that only move
 * values keep every bit. Whatever is not a float is equal.
 */
#ifndef VANE__OP_TOLERANCE_H
#define VANE__OP_TOLERANCE_H

#include <math.h>

#include "vane/ops.h"

/* A floating dtype's format; mantissa is 0 for the others. */
typedef struct vane__format {
    int mantissa;     /* bits stored: 23 for f32 */
    int max_exponent; /* of the largest finite number: 127 for f32 */
    int min_exponent; /* of the smallest normal number: -126 */
} vane__format;

static inline const vane__format *vane__format_of(uint32_t dtype)
{
    static const vane__format formats[VANE_DTYPE_COUNT] = {
        [VANE_F32] = {23, 127, -126},
        [VANE_F64] = {52, 1023, -1022},
        [VANE_F16] = {10, 15, -14},
        [VANE_BF16] = {7, 127, -126},
    };
    return &formats[dtype];
}

typedef struct vane__tolerance {
    uint32_t op;
    double ulp;
    double terms; /* at most, in one element; 1 where it is no sum */
    double epsilon, smallest, compute_epsilon;
    long double infinity; /* what counts as it */
} vane__tolerance;

/* dtype: of the output; terms: read for sums, products of matrices and reduce_prod. */
static inline vane__tolerance vane__tolerance_of(uint32_t op, uint32_t dtype, double ulp,
                                                 double terms)
{
    const vane__format *f = vane__format_of(dtype);
    return (vane__tolerance){.op = op,
                             .ulp = ulp,
                             .terms = terms,
                             .epsilon = ldexp(1, -f->mantissa),
                             .smallest = ldexp(1, f->min_exponent - f->mantissa),
                             .compute_epsilon = dtype == VANE_F64 ? 0x1p-52 : 0x1p-23,
                             .infinity = ldexpl(1, f->max_exponent + 1)};
}

/* Its rounding errors are relative to the sum of |terms|? (of floats) */
static inline int vane__tolerance_sums(uint32_t op)
{
    return op == VANE_OP_REDUCE_SUM || op == VANE_OP_REDUCE_MEAN || op == VANE_OP_DOT ||
           op == VANE_OP_MATMUL || op == VANE_OP_GEMM;
}

static inline int vane__tolerance_moves(uint32_t op)
{
    return op == VANE_OP_COPY || op == VANE_OP_TRANSPOSE || op == VANE_OP_CONCAT ||
           op == VANE_OP_WHERE;
}

static inline long double vane__tolerance_size(const vane__tolerance *t, double v)
{
    return isinf(v) ? copysignl(t->infinity, v) : (long double)v;
}

/* What the op's ulp allow, before what is added for some ops. scale: NULL, or where it is a sum
 * the sum of |terms|. */
static inline long double vane__tolerance_basic(const vane__tolerance *t, double want,
                                                const double *scale)
{
    const long double magnitude =
        scale ? (long double)*scale : fabsl(vane__tolerance_size(t, want));
    return t->ulp * (long double)t->epsilon * magnitude +
           (scale ? t->terms + 1 : 1) * (long double)t->smallest;
}

/* How far from want. */
static inline long double vane__tolerance_allowed(const vane__tolerance *t, double want,
                                                  const double *scale)
{
    const long double size = fabsl(vane__tolerance_size(t, want));
    long double sum = vane__tolerance_basic(t, want, scale);
    if (t->op == VANE_OP_REDUCE_PROD)
        sum += t->terms / 2 * t->compute_epsilon * size;
    if (t->op == VANE_OP_SOFTMAX && want > 0 && want < 1)
        sum += -log(want) / 2 * t->compute_epsilon * size;
    return sum;
}

/* Of floats, whose op does not only move them. */
static inline int vane__tolerance_agrees(const vane__tolerance *t, double want, double got,
                                         const double *scale)
{
    if (want == got || (isnan(want) && isnan(got)))
        return 1;
    if (isnan(want) || isnan(got) || t->ulp == 0 || (scale && !isfinite(*scale)))
        return 0;
    const long double gap = fabsl(vane__tolerance_size(t, got) - vane__tolerance_size(t, want));
    return gap <= vane__tolerance_basic(t, want, scale) ||
           gap <= vane__tolerance_allowed(t, want, scale);
}

#endif
