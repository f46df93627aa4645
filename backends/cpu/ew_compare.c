/* SPDX-License-Identifier: MIT */
/* ew_compare.c - equal, less and greater: bytes of 0 or 1. With NaN they are 0. */
#include "convert.h"
#include "ew.h"

#define BODY(name, T, EXPR)                                                            \
    static void name(void *out, const void *a, const void *b, const void *c, size_t n, \
                     const vane_call *call)                                            \
    {                                                                                  \
        uint8_t *o = out;                                                              \
        const T *x = a, *y = b;                                                        \
        EW_LOOP                                                                        \
        for (size_t i = 0; i < n; i++)                                                 \
            o[i] = EXPR;                                                               \
        (void)c, (void)call;                                                           \
    }
#define ALL_THREE(s, T)              \
    BODY(equal_##s, T, x[i] == y[i]) \
    BODY(less_##s, T, x[i] < y[i])   \
    BODY(greater_##s, T, x[i] > y[i])
ALL_THREE(f32, float)
ALL_THREE(f64, double)
ALL_THREE(i32, int32_t)
ALL_THREE(i64, int64_t)
ALL_THREE(i8, int8_t)
ALL_THREE(u8, uint8_t)
BODY(equal_bool, uint8_t, (x[i] != 0) == (y[i] != 0))

#define HALF(op, type)                                                                        \
    static void op##_##type(void *out, const void *a, const void *b, const void *c, size_t n, \
                            const vane_call *call)                                            \
    {                                                                                         \
        const uint16_t *x = a, *y = b;                                                        \
        float p[256], q[256];                                                                 \
        for (size_t i = 0, m; i < n; i += m) {                                                \
            m = n - i < 256 ? n - i : 256;                                                    \
            cpu__##type##_to_f32(p, x + i, m);                                                \
            cpu__##type##_to_f32(q, y + i, m);                                                \
            op##_f32((uint8_t *)out + i, p, q, c, m, call);                                   \
        }                                                                                     \
    }
HALF(equal, f16)
HALF(less, f16)
HALF(greater, f16)
HALF(equal, bf16)
HALF(less, bf16)
HALF(greater, bf16)

#define ROW(OP, DT, op, s) \
    EW_ROW(OP, DT, #op "_" #s, 2, op##_##s, EW_FLOPS / 2, VANE_NUMERICS_REPRO)
#define ROWS(DT, s) ROW(EQUAL, DT, equal, s), ROW(LESS, DT, less, s), ROW(GREATER, DT, greater, s)

static const cpu_row rows[] = {
    ROWS(F32, f32),   ROWS(F64, f64), ROWS(F16, f16),
    ROWS(BF16, bf16), ROWS(I32, i32), ROWS(I64, i64),
    ROWS(I8, i8),     ROWS(U8, u8),   ROW(EQUAL, BOOL, equal, bool),
};

const vane_kernel *cpu__compare_kernel(uint32_t op, uint32_t dtype)
{
    return cpu__find(rows, sizeof rows / sizeof rows[0], op, dtype);
}
