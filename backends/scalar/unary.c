/* SPDX-License-Identifier: MIT */
/* unary.c - one input: abs, neg, sqrt, relu, clip, and the transcendental functions.
 *
 * Those are read as WIDE, so that <tgmath.h> picks double or long double by the dtype.
 */
#include <tgmath.h>

#include "arith.h"
#include "convert.h"
#include "elementwise.h"

SET_FLOAT(UNARY, VAL, abs, fabs(a))
INTS_NUMERIC(UNARY, VAL, abs, a < 0 ? wrap_sub(0, a) : a)

SET_FLOAT(UNARY, VAL, neg, -a)
INTS_SIGNED(UNARY, VAL, neg, wrap_sub(0, a))

/* A comparison with NaN is false, so NaN is handed on. */
SET_SIGNED(UNARY, VAL, relu, a < 0 ? 0 : a)

SET_FLOAT(UNARY, VAL, sqrt, sqrt(a))
SET_FLOAT(UNARY, WIDE, exp, exp(a))
SET_FLOAT(UNARY, WIDE, log, log(a))
SET_FLOAT(UNARY, WIDE, tanh, tanh(a))
SET_FLOAT(UNARY, WIDE, sigmoid, 1 / (1 + exp(-a)))

/* gelu, without the cancellation of the textbook forms at negative x:
 *   0.5 * x * (1 + erf(x / sqrt 2))  =  0.5 * x * erfc(-x / sqrt 2)
 *   0.5 * x * (1 + tanh z)           =  x / (1 + exp(-2 z))
 * As in those forms, -inf gives NaN. */
#define GELU(DT, T, name)                                                             \
    static WIDE_##T name##_##T(WIDE_##T x, uint32_t tanh_approximation)               \
    {                                                                                 \
        const WIDE_##T root_half = (WIDE_##T)0.707106781186547524400844362104849039L; \
        const WIDE_##T root_2_pi = (WIDE_##T)0.797884560802865355879892119868763737L; \
        const WIDE_##T cubic = (WIDE_##T)0.044715L;                                   \
        if (tanh_approximation)                                                       \
            return x / (1 + exp(-2 * root_2_pi * (x + cubic * x * x * x)));           \
        return x / 2 * erfc(-x * root_half);                                          \
    }
SET_FLOAT(GELU, gelu)
#define GELU_KERNEL(DT, T, name) UNARY(DT, T, WIDE, name, gelu_##T(a, p->gelu.tanh_approximation))
SET_FLOAT(GELU_KERNEL, gelu)

/* The limits as the type has them; lo > hi gives hi; NaN is handed on. */
#define CLIP(DT, T, name)                                                          \
    static inline WIDE_##T name##_##T(WIDE_##T x, const vane_clip_params *limit)   \
    {                                                                              \
        const WIDE_##T lo = from_flt_##T(limit->lo), hi = from_flt_##T(limit->hi); \
        const WIDE_##T raised = x < lo ? lo : x;                                   \
        return raised > hi ? hi : raised;                                          \
    }
SET_NUMERIC(CLIP, clip)
#define CLIP_KERNEL(DT, T, name) UNARY(DT, T, WIDE, name, clip_##T(a, &p->clip))
SET_NUMERIC(CLIP_KERNEL, clip)
