/* SPDX-License-Identifier: MIT */
/* ew_pow.c - elementwise pow: floats in double vectors, integers by repeated squaring. */
#include "convert.h"
#include "ew.h"
#include "vec_pow.h"

static void pow_f64(void *out, const void *a, const void *b, const void *c, size_t n,
                    const vane_call *call)
{
    double *o = out;
    const double *x = a, *y = b;
    size_t i = 0;
    for (; i + VF64_LANES <= n; i += VF64_LANES)
        vf64_store(o + i, vf64_pow(vf64_load(x + i), vf64_load(y + i)));
    size_t m = n - i;
    if (m)
        vf64_store_n(o + i, vf64_pow(vf64_load_n(x + i, m), vf64_load_n(y + i, m)), m);
    (void)c, (void)call;
}

static void pow_f32(void *out, const void *a, const void *b, const void *c, size_t n,
                    const vane_call *call)
{
    float *o = out;
    const float *x = a, *y = b;
    size_t i = 0;
    for (; i + VF64_LANES <= n; i += VF64_LANES)
        vf64_store_f32(o + i, vf64_pow_short(vf64_load_f32(x + i), vf64_load_f32(y + i)));
    float p[VF64_LANES] = {0}, q[VF64_LANES] = {0};
    for (size_t j = i; j < n; j++)
        p[j - i] = x[j], q[j - i] = y[j];
    vf64_store_f32(p, vf64_pow_short(vf64_load_f32(p), vf64_load_f32(q)));
    for (size_t j = i; j < n; j++)
        o[j] = p[j - i];
    (void)c, (void)call;
}

#define POW_HALF(type)                                                                       \
    static void pow_##type(void *out, const void *a, const void *b, const void *c, size_t n, \
                           const vane_call *call)                                            \
    {                                                                                        \
        uint16_t *o = out;                                                                   \
        const uint16_t *x = a, *y = b;                                                       \
        float p[256], q[256];                                                                \
        for (size_t i = 0, m; i < n; i += m) {                                               \
            m = n - i < 256 ? n - i : 256;                                                   \
            cpu__##type##_to_f32(p, x + i, m);                                               \
            cpu__##type##_to_f32(q, y + i, m);                                               \
            pow_f32(p, p, q, c, m, call);                                                    \
            cpu__f32_to_##type(o + i, p, m);                                                 \
        }                                                                                    \
    }
POW_HALF(f16)
POW_HALF(bf16)

/* x^y, wrapping; a negative y leaves something only of 1 and -1. */
#define POW_INT(name, T, U)                                                            \
    static T name##_one(T x, T y)                                                      \
    {                                                                                  \
        if (y < 0)                                                                     \
            return x == 1 ? 1 : x == -1 ? (y & 1 ? -1 : 1) : 0;                        \
        U r = 1, p = (U)x;                                                             \
        for (U e = (U)y; e; e >>= 1, p *= p)                                           \
            r *= e & 1 ? p : 1;                                                        \
        return (T)r;                                                                   \
    }                                                                                  \
    static void name(void *out, const void *a, const void *b, const void *c, size_t n, \
                     const vane_call *call)                                            \
    {                                                                                  \
        T *o = out;                                                                    \
        const T *x = a, *y = b;                                                        \
        for (size_t i = 0; i < n; i++)                                                 \
            o[i] = name##_one(x[i], y[i]);                                             \
        (void)c, (void)call;                                                           \
    }
POW_INT(pow_i32, int32_t, uint32_t)
POW_INT(pow_i64, int64_t, uint64_t)

static const cpu_row rows[] = {
    EW_ROW(POW, F32, "pow_f32", 2, pow_f32, EW_FLOPS / 2, EW_FMA_NUMERICS),
    EW_ROW(POW, F64, "pow_f64", 2, pow_f64, EW_FLOPS / 3, EW_FMA_NUMERICS),
    EW_ROW(POW, F16, "pow_f16", 2, pow_f16, EW_FLOPS / 2, EW_FMA_NUMERICS),
    EW_ROW(POW, BF16, "pow_bf16", 2, pow_bf16, EW_FLOPS / 2, EW_FMA_NUMERICS),
    EW_ROW(POW, I32, "pow_i32", 2, pow_i32, 10.0, VANE_NUMERICS_REPRO),
    EW_ROW(POW, I64, "pow_i64", 2, pow_i64, 10.0, VANE_NUMERICS_REPRO),
};

const vane_kernel *cpu__pow_kernel(uint32_t op, uint32_t dtype)
{
    return cpu__find(rows, sizeof rows / sizeof rows[0], op, dtype);
}
