/* SPDX-License-Identifier: MIT */
/* ew_integer.c - elementwise integer arithmetic: plain loops, for the compiler to vectorise.
 *
 * It wraps: U is an unsigned type at least as wide as T and as unsigned int.
 */
#include "convert.h"
#include "ew.h"

#define BODY(name, T, U, EXPR)                                                         \
    static void name(void *out, const void *a, const void *b, const void *c, size_t n, \
                     const vane_call *call)                                            \
    {                                                                                  \
        typedef U wide;                                                                \
        T *o = out;                                                                    \
        const T *x = a, *y = b, *z = c;                                                \
        EW_LOOP                                                                        \
        for (size_t i = 0; i < n; i++)                                                 \
            o[i] = (T)(EXPR);                                                          \
        (void)sizeof(wide), (void)y, (void)z, (void)call;                              \
    }

#define ABS(T, U) x[i] < 0 ? (T)(0 - (wide)x[i]) : x[i]
#define SAME(T, U) x[i]
#define NEG(T, U) 0 - (wide)x[i]
#define RELU(T, U) x[i] > 0 ? x[i] : 0
#define ADD(T, U) (wide) x[i] + (wide)y[i]
#define SUB(T, U) (wide) x[i] - (wide)y[i]
#define MUL(T, U) (wide) x[i] * (wide)y[i]
#define MAX(T, U) x[i] > y[i] ? x[i] : y[i]
#define MIN(T, U) x[i] < y[i] ? x[i] : y[i]
#define FMA(T, U) (wide) x[i] * (wide)y[i] + (wide)z[i]
/* by zero 0; MIN / -1 is MIN */
#define DIV(T, U) y[i] == 0 ? 0 : y[i] == -1 ? (T)(0 - (wide)x[i]) : (T)(x[i] / y[i])
#define UDIV(T, U) y[i] == 0 ? 0 : (T)(x[i] / y[i])

#define BASIC(s, T, U, ABS_, DIV_)  \
    BODY(abs_##s, T, U, ABS_(T, U)) \
    BODY(add_##s, T, U, ADD(T, U))  \
    BODY(sub_##s, T, U, SUB(T, U))  \
    BODY(mul_##s, T, U, MUL(T, U))  \
    BODY(div_##s, T, U, DIV_(T, U)) \
    BODY(max_##s, T, U, MAX(T, U))  \
    BODY(min_##s, T, U, MIN(T, U))
#define SIGNED(s, T, U)            \
    BODY(neg_##s, T, U, NEG(T, U)) \
    BODY(relu_##s, T, U, RELU(T, U))
BASIC(i32, int32_t, uint32_t, ABS, DIV)
BASIC(i64, int64_t, uint64_t, ABS, DIV)
BASIC(i8, int8_t, uint32_t, ABS, DIV)
BASIC(u8, uint8_t, uint32_t, SAME, UDIV)
SIGNED(i32, int32_t, uint32_t)
SIGNED(i64, int64_t, uint64_t)
SIGNED(i8, int8_t, uint32_t)
BODY(fma_i32, int32_t, uint32_t, FMA(int32_t, uint32_t))
BODY(fma_i64, int64_t, uint64_t, FMA(int64_t, uint64_t))

/* The limits as the type has them; lo > hi gives hi. */
#define CLIP(s, T, MIN_, MAX_)                                                             \
    static void clip_##s(void *out, const void *a, const void *b, const void *c, size_t n, \
                         const vane_call *call)                                            \
    {                                                                                      \
        const T lo = (T)cpu__to_i64(call->params->clip.lo, MIN_, MAX_);                    \
        const T hi = (T)cpu__to_i64(call->params->clip.hi, MIN_, MAX_);                    \
        T *o = out;                                                                        \
        const T *x = a;                                                                    \
        EW_LOOP                                                                            \
        for (size_t i = 0; i < n; i++) {                                                   \
            T up = x[i] < lo ? lo : x[i];                                                  \
            o[i] = up > hi ? hi : up;                                                      \
        }                                                                                  \
        (void)b, (void)c;                                                                  \
    }
CLIP(i32, int32_t, INT32_MIN, INT32_MAX)
CLIP(i64, int64_t, INT64_MIN, INT64_MAX)
CLIP(i8, int8_t, INT8_MIN, INT8_MAX)
CLIP(u8, uint8_t, 0, UINT8_MAX)

#define AXPY(s, T, U, MIN_, MAX_)                                                          \
    static void axpy_##s(void *out, const void *a, const void *b, const void *c, size_t n, \
                         const vane_call *call)                                            \
    {                                                                                      \
        const U alpha = (U)cpu__to_i64(call->params->axpy.alpha, MIN_, MAX_);              \
        T *o = out;                                                                        \
        const T *x = a, *y = b;                                                            \
        EW_LOOP                                                                            \
        for (size_t i = 0; i < n; i++)                                                     \
            o[i] = (T)(alpha * (U)x[i] + (U)y[i]);                                         \
        (void)c;                                                                           \
    }
AXPY(i32, int32_t, uint32_t, INT32_MIN, INT32_MAX)
AXPY(i64, int64_t, uint64_t, INT64_MIN, INT64_MAX)

#define ROW(OP, DT, text, n_in, body, share) \
    EW_ROW(OP, DT, text, n_in, body, EW_FLOPS *(share), VANE_NUMERICS_REPRO)
#define ROWS_BASIC(DT, s, share)                                                                \
    ROW(ABS, DT, "abs_" #s, 1, abs_##s, share), ROW(ADD, DT, "add_" #s, 2, add_##s, share),     \
        ROW(SUB, DT, "sub_" #s, 2, sub_##s, share), ROW(MUL, DT, "mul_" #s, 2, mul_##s, share), \
        ROW(DIV, DT, "div_" #s, 2, div_##s, 0.1), ROW(MAX, DT, "max_" #s, 2, max_##s, share),   \
        ROW(MIN, DT, "min_" #s, 2, min_##s, share), ROW(CLIP, DT, "clip_" #s, 1, clip_##s, share)
#define ROWS_SIGNED(DT, s, share) \
    ROW(NEG, DT, "neg_" #s, 1, neg_##s, share), ROW(RELU, DT, "relu_" #s, 1, relu_##s, share)
#define ROWS_WIDE(DT, s, share) \
    ROW(FMA, DT, "fma_" #s, 3, fma_##s, share), ROW(AXPY, DT, "axpy_" #s, 2, axpy_##s, share)

static const cpu_row rows[] = {
    ROWS_BASIC(I32, i32, 1), ROWS_BASIC(I64, i64, 0.4), ROWS_BASIC(I8, i8, 2),
    ROWS_BASIC(U8, u8, 2),   ROWS_SIGNED(I32, i32, 1),  ROWS_SIGNED(I64, i64, 0.4),
    ROWS_SIGNED(I8, i8, 2),  ROWS_WIDE(I32, i32, 1),    ROWS_WIDE(I64, i64, 0.4),
};

const vane_kernel *cpu__integer_kernel(uint32_t op, uint32_t dtype)
{
    return cpu__find(rows, sizeof rows / sizeof rows[0], op, dtype);
}
