/* SPDX-License-Identifier: MIT */
/* softmax_body.c - softmax of a row or of a strip of columns, for each type: the maximum, then
 * exp(x - maximum) and its sum, then the scaling.
 *
 * f32 and f64 park the exponentials in the output. f16 and bf16 would lose them there: they are
 * computed a second time, and so are those of a row that is not adjacent, in chunks on the stack.
 * The sum is carried in double; within a chunk no lane adds more than 32 terms to it.
 */
#include <math.h>

#include "reduce_across.h"
#include "reduce_widen.h"
#include "softmax.h"
#include "vec_math.h"

enum { CHUNK = 1024, COLS = CPU_SOFTMAX_COLS };

#define T float
#define VEC vf32
#define LANES VF32_LANES
#define VIRTUAL 64
#define F(op) vf32_##op
#define N(name) name##_f32
#include "softmax_tmpl.h"
#undef T
#undef VEC
#undef LANES
#undef VIRTUAL
#undef F
#undef N
#define T double
#define VEC vf64
#define LANES VF64_LANES
#define VIRTUAL 32
#define F(op) vf64_##op
#define N(name) name##_f64
#include "softmax_tmpl.h"
#undef N

static inline const float *widen_f32(const float *x, int64_t n, float *wide)
{
    (void)n;
    (void)wide;
    return x;
}
static inline const double *widen_f64(const double *x, int64_t n, double *wide)
{
    (void)n;
    (void)wide;
    return x;
}
static inline void narrow_f32(const float *x, int64_t n, float *out)
{
    memcpy(out, x, sizeof *x * (size_t)n);
}
static inline void narrow_f64(const double *x, int64_t n, double *out)
{
    memcpy(out, x, sizeof *x * (size_t)n);
}
#define widen_f16 cpu__widen_f16
#define widen_bf16 cpu__widen_bf16
#define narrow_f16 cpu__narrow_run_f16
#define narrow_bf16 cpu__narrow_run_bf16

/* S as stored, C as computed. take and put move a chunk of a row with any stride. */
#define ROW(d, S, C, c)                                                                \
    static const C *take_##d(const S *x, int64_t stride, int64_t n, C *wide)           \
    {                                                                                  \
        S near[CHUNK];                                                                 \
        if (stride == 1)                                                               \
            return widen_##d(x, n, wide);                                              \
        for (int64_t i = 0; i < n; i++)                                                \
            near[i] = x[i * stride];                                                   \
        if (sizeof(S) == sizeof(C))                                                    \
            return memcpy(wide, near, sizeof *near * (size_t)n);                       \
        return widen_##d(near, n, wide);                                               \
    }                                                                                  \
    static void put_##d(const C *x, int64_t n, S *out, int64_t stride)                 \
    {                                                                                  \
        S near[CHUNK];                                                                 \
        narrow_##d(x, n, stride == 1 ? out : near);                                    \
        for (int64_t i = 0; stride != 1 && i < n; i++)                                 \
            out[i * stride] = near[i];                                                 \
    }                                                                                  \
    static void row_##d(const void *from, int64_t sx, void *to, int64_t so, int64_t n) \
    {                                                                                  \
        const S *x = from;                                                             \
        S *out = to;                                                                   \
        C wide[CHUNK], nan = (C)NAN;                                                   \
        double m = -INFINITY, sum = 0;                                                 \
        if (sizeof(S) == sizeof(C) && sx == 1 && so == 1) {                            \
            row_inplace_##c(from, to, n);                                              \
            return;                                                                    \
        }                                                                              \
        for (int64_t i = 0, k; i < n; i += k) {                                        \
            k = n - i < CHUNK ? n - i : CHUNK;                                         \
            double most = max_run_##c(take_##d(x + i * sx, sx, k, wide), k);           \
            m = most > m || most != most ? most : m;                                   \
        }                                                                              \
        if (!isfinite(m)) {                                                            \
            for (int64_t i = 0; i < n; i++)                                            \
                put_##d(&nan, 1, out + i * so, 1);                                     \
            return;                                                                    \
        }                                                                              \
        for (int64_t i = 0, k; i < n; i += k) {                                        \
            k = n - i < CHUNK ? n - i : CHUNK;                                         \
            sum += exp_run_##c(take_##d(x + i * sx, sx, k, wide), k, (C)m, wide);      \
        }                                                                              \
        for (int64_t i = 0, k; i < n; i += k) {                                        \
            k = n - i < CHUNK ? n - i : CHUNK;                                         \
            exp_run_##c(take_##d(x + i * sx, sx, k, wide), k, (C)m, wide);             \
            scale_run_##c(wide, k, (C)(1 / sum));                                      \
            put_##d(wide, k, out + i * so, so);                                        \
        }                                                                              \
    }

/* 16 rows are summed in the compute type, then in double. A column whose largest is NaN or
 * infinite gets NaN as its factor. */
#define STRIP(d, S, C, c)                                                                \
    static void cols_##d(const void *from, int64_t sx, void *to, int64_t so, int64_t n,  \
                         int64_t cols)                                                   \
    {                                                                                    \
        const int parks = sizeof(S) == sizeof(C);                                        \
        C most[COLS], sum[COLS] = {0}, wide[COLS];                                       \
        double total[COLS] = {0};                                                        \
        const S *x = from;                                                               \
        S *out = to;                                                                     \
        for (int k = 0; k < COLS; k++)                                                   \
            most[k] = (C)-INFINITY;                                                      \
        for (int64_t r = 0; r < n; r++)                                                  \
            cols_max_##c(widen_##d(x + r * sx, cols, wide), cols, most);                 \
        for (int64_t r = 0; r < n; r++) {                                                \
            C *e = parks ? (C *)(void *)(out + r * so) : wide;                           \
            cols_exp_##c(widen_##d(x + r * sx, cols, wide), cols, most, sum, e);         \
            if (r % 16 == 15 || r == n - 1)                                              \
                for (int k = 0; k < COLS; k++) {                                         \
                    total[k] += (double)sum[k];                                          \
                    sum[k] = 0;                                                          \
                }                                                                        \
        }                                                                                \
        C factor[COLS];                                                                  \
        for (int k = 0; k < COLS; k++)                                                   \
            factor[k] = (C)(isfinite(most[k]) ? 1 / total[k] : (double)NAN);             \
        for (int64_t r = 0; r < n; r++) {                                                \
            const C *e = parks ? (const C *)(const void *)(out + r * so) : wide;         \
            if (!parks)                                                                  \
                cols_exp_##c(widen_##d(x + r * sx, cols, wide), cols, most, sum, wide);  \
            cols_scale_##c(e, cols, factor, parks ? (C *)(void *)(out + r * so) : wide); \
            if (!parks)                                                                  \
                narrow_##d(wide, cols, out + r * so);                                    \
        }                                                                                \
        for (int64_t k = 0; k < cols; k++)                                               \
            for (int64_t r = 0; r < n && factor[k] != factor[k]; r++)                    \
                put_##d(&factor[k], 1, out + r * so + k, 1);                             \
    }

#define M(op) vm64_##op
#define C(name) name##_f64
#define S double
#define LOAD vf64_load
#define LOAD_N vf64_load_n
#define STORE vf64_store
#define STORE_N vf64_store_n
#define N(name) name##_f64
#include "softmax_short.h"
#undef S
#undef LOAD
#undef LOAD_N
#undef STORE
#undef STORE_N
#undef N
#undef T
#undef VEC
#undef LANES
#undef F
#undef M
#undef C
#define T float
#define VEC vf32
#define LANES VF32_LANES
#define F(op) vf32_##op
#define M(op) vm32_##op
#define C(name) name##_f32
#define S float
#define LOAD vf32_load
#define LOAD_N vf32_load_n
#define STORE vf32_store
#define STORE_N vf32_store_n
#define N(name) name##_f32
#include "softmax_short.h"
#undef S
#undef LOAD
#undef LOAD_N
#undef STORE
#undef STORE_N
#undef N
#define S uint16_t
#define LOAD vf32_load_f16
#define LOAD_N vf32_load_f16_n
#define STORE vf32_store_f16
#define STORE_N vf32_store_f16_n
#define N(name) name##_f16
#include "softmax_short.h"
#undef S
#undef LOAD
#undef LOAD_N
#undef STORE
#undef STORE_N
#undef N
#define S uint16_t
#define LOAD vf32_load_bf16
#define LOAD_N vf32_load_bf16_n
#define STORE vf32_store_bf16
#define STORE_N vf32_store_bf16_n
#define N(name) name##_bf16
#include "softmax_short.h"
#undef C

#define BOTH(d, S, C, c) \
    ROW(d, S, C, c)      \
    STRIP(d, S, C, c)
BOTH(f32, float, float, f32)
BOTH(f64, double, double, f64)
BOTH(f16, uint16_t, float, f32)
BOTH(bf16, uint16_t, float, f32)

const cpu__softmax_body *cpu__softmax_body_of(uint32_t dtype)
{
#define BODY(d, size, lanes)                           \
    {                                                  \
        size, 4 * (lanes), row_##d, rows_##d, cols_##d \
    }
    static const cpu__softmax_body bodies[] = {BODY(f32, 4, VF32_LANES), BODY(f64, 8, VF64_LANES),
                                               BODY(f16, 2, VF32_LANES), BODY(bf16, 2, VF32_LANES)};
#undef BODY
    return &bodies[dtype];
}
