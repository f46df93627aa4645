/* SPDX-License-Identifier: MIT */
/* ternary.c - fma and axpy (the same, with a number for its first factor), and where. */
#include "arith.h"
#include "convert.h"
#include "elementwise.h"

#define FMA(DT, T, name) TERNARY_OF(T, T, name, fma_##T(a, b, c))
SET_WIDE(FMA, fma)

/* alpha in the compute type: f32 for what is narrower, the dtype itself for the others. */
#define ALPHA_f32(v) (double)(float)(v)
#define ALPHA_f64(v) (v)
#define ALPHA_f16(v) (double)(float)(v)
#define ALPHA_bf16(v) (double)(float)(v)
#define ALPHA_i32(v) from_flt_i32(v)
#define ALPHA_i64(v) from_flt_i64(v)

#define AXPY(DT, T, name) BINARY(DT, T, VAL, name, fma_##T(ALPHA_##T(p->axpy.alpha), a, b))
SET_WIDE(AXPY, axpy)

/* Moves values, so it copies cells: the bits of a NaN stay as they are. */
#define WHERE(DT, T, name)                                         \
    SCALAR_KERNEL(name, T)                                         \
    {                                                              \
        ROWS_BEGIN                                                 \
        ROW(condition, 0);                                         \
        ROW(yes, 1);                                               \
        ROW(no, 2);                                                \
        ROW(out, 3);                                               \
        for (int64_t i = 0; i < n; i++) {                          \
            const line from = READ(bool, condition, i) ? yes : no; \
            COPY_CELL(T, from, out, i);                            \
        }                                                          \
        ROWS_END                                                   \
    }
SET_ALL(WHERE, where)
