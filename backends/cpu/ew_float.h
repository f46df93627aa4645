/* SPDX-License-Identifier: MIT */
/* ew_float.h - makes the four float bodies of an op from one vector expression.
 *
 * EW_FLOATS(op, X, P0, P1): X(V, x, y, z) is the expression, V being vf32 or vf64; it may use
 * the vectors k0 and k1, which hold the parameters P0(call, type) and P1. A run's end goes
 * through the same expression with partial loads and stores, so that an element's value does
 * not depend on its place. f16 and bf16 are computed in f32 and rounded once.
 */
#ifndef CPU_EW_FLOAT_H
#define CPU_EW_FLOAT_H

#include "ew.h"

#define EW_NONE(call, kind) 0.0

#define EW_STEP(V, X, LD, ST, i) ST(o + (i), X(V, LD(x + (i)), LD(y + (i)), LD(z + (i))))

#define EW_FLOAT_BODY(op, kind, S, T, V, L, LD, ST, X, P0, P1)                                \
    static void op##_##kind(void *out, const void *a, const void *b, const void *c, size_t n, \
                            const vane_call *call)                                            \
    {                                                                                         \
        S *o = out;                                                                           \
        const S *x = a, *y = b, *z = c;                                                       \
        const V k0 = V##_set1((T)P0(call, kind));                                             \
        const V k1 = V##_set1((T)P1(call, kind));                                             \
        size_t i = 0;                                                                         \
        for (; i + 4 * L <= n; i += 4 * L) {                                                  \
            EW_STEP(V, X, LD, ST, i);                                                         \
            EW_STEP(V, X, LD, ST, i + L);                                                     \
            EW_STEP(V, X, LD, ST, i + 2 * L);                                                 \
            EW_STEP(V, X, LD, ST, i + 3 * L);                                                 \
        }                                                                                     \
        for (; i + L <= n; i += L)                                                            \
            EW_STEP(V, X, LD, ST, i);                                                         \
        size_t m = n - i;                                                                     \
        if (m)                                                                                \
            ST##_n(o + i, X(V, LD##_n(x + i, m), LD##_n(y + i, m), LD##_n(z + i, m)), m);     \
        (void)y, (void)z, (void)k0, (void)k1, (void)call;                                     \
    }

#define EW_FLOATS(op, X, P0, P1)                                                                   \
    EW_FLOAT_BODY(op, f32, float, float, vf32, VF32_LANES, vf32_load, vf32_store, X, P0, P1)       \
    EW_FLOAT_BODY(op, f64, double, double, vf64, VF64_LANES, vf64_load, vf64_store, X, P0, P1)     \
    EW_FLOAT_BODY(op, f16, uint16_t, float, vf32, VF32_LANES, vf32_load_f16, vf32_store_f16, X,    \
                  P0, P1)                                                                          \
    EW_FLOAT_BODY(op, bf16, uint16_t, float, vf32, VF32_LANES, vf32_load_bf16, vf32_store_bf16, X, \
                  P0, P1)

#define EW_FLOAT_ROWS(OP, op, n_in, share, numerics)                                  \
    EW_ROW(OP, F32, #op "_f32", n_in, op##_f32, EW_FLOPS *(share), numerics),         \
        EW_ROW(OP, F64, #op "_f64", n_in, op##_f64, EW_FLOPS *(share) / 2, numerics), \
        EW_ROW(OP, F16, #op "_f16", n_in, op##_f16, EW_FLOPS *(share) / 2, numerics), \
        EW_ROW(OP, BF16, #op "_bf16", n_in, op##_bf16, EW_FLOPS *(share) / 2, numerics)

#endif
