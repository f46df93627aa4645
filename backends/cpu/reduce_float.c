/* SPDX-License-Identifier: MIT */
/* reduce_float.c - chunk bodies of the float reductions: f32 and f64, and what is widened to them.
 *
 * f16 and bf16 are widened to f32. A tree does not help products, n factors carry n rounding
 * errors in any order: they are formed in f64, and those of f64 itself carry their error along.
 */
#include <math.h>

#include "reduce_across.h"
#include "reduce_widen.h"

#define T float
#define VEC vf32
#define MASK vm32
#define LANES VF32_LANES
#define VIRTUAL 64
#define F(op) vf32_##op
#define M(op) vm32_##op
#define N(name) name##_f32
#include "reduce_float_tmpl.h"
#undef T
#undef VEC
#undef MASK
#undef LANES
#undef VIRTUAL
#undef F
#undef M
#undef N
#define T double
#define VEC vf64
#define MASK vm64
#define LANES VF64_LANES
#define VIRTUAL 32
#define F(op) vf64_##op
#define M(op) vm64_##op
#define N(name) name##_f64
#include "reduce_float_tmpl.h"

static inline const float *same_f32(const float *x, int64_t n, float *wide)
{
    (void)n;
    (void)wide;
    return x;
}
static inline const double *same_f64(const double *x, int64_t n, double *wide)
{
    (void)n;
    (void)wide;
    return x;
}

/* WIDEN rows of S to C, or take them as they are. */
#define ROWS(name, S, C, c, op, WIDEN)                                               \
    static void name##_rows(const void *x, int64_t n, int64_t count, int64_t stride, \
                            cpu__part *part)                                         \
    {                                                                                \
        const S *row = x;                                                            \
        for (int64_t i = 0; i < count; i++, row += stride) {                         \
            C wide[sizeof(S) == sizeof(C) ? 1 : CPU_CHUNK];                          \
            part[i].f = row_##c(op, WIDEN(row, n, wide), n);                         \
        }                                                                            \
    }
/* Rows are widened 16 at a time, in strips that fit the cache. */
#define COLS(name, S, C, c, op, WIDEN)                                                     \
    static void name##_cols(const void *x, const int64_t *off, int64_t rows, int64_t cols, \
                            cpu__part *part)                                               \
    {                                                                                      \
        C total[CPU_TILE], wide[sizeof(S) == sizeof(C) ? 1 : 16 * STRIP];                  \
        for (int64_t r = 0; r < rows; r += 16) {                                           \
            int64_t m = rows - r < 16 ? rows - r : 16;                                     \
            if (sizeof(S) == sizeof(C)) {                                                  \
                col_block_##c(op, x, off + r, m, cols, total, r == 0);                     \
                continue;                                                                  \
            }                                                                              \
            for (int64_t j = 0; j < cols; j += STRIP) {                                    \
                int64_t w = cols - j < STRIP ? cols - j : STRIP;                           \
                for (int64_t i = 0; i < m; i++)                                            \
                    WIDEN((const S *)x + off[r + i] + j, w, wide + i * STRIP);             \
                col_block_##c(op, wide, strip_row, m, w, total + j, r == 0);               \
            }                                                                              \
        }                                                                                  \
        for (int64_t j = 0; j < cols; j++)                                                 \
            part[j].f = total[j];                                                          \
    }

enum { STRIP = 128 };
static const int64_t strip_row[16] = {0,    128,  256,  384,  512,  640,  768,  896,
                                      1024, 1152, 1280, 1408, 1536, 1664, 1792, 1920};

#define BOTH(name, S, C, c, op, WIDEN) \
    ROWS(name, S, C, c, op, WIDEN)     \
    COLS(name, S, C, c, op, WIDEN)
BOTH(sum_f32, float, float, f32, CPU_SUM, same_f32)
BOTH(max_f32, float, float, f32, CPU_MAX, same_f32)
BOTH(min_f32, float, float, f32, CPU_MIN, same_f32)
BOTH(prod_f32, float, double, f64, CPU_PROD, cpu__widen_f32)
BOTH(sum_f64, double, double, f64, CPU_SUM, same_f64)
BOTH(max_f64, double, double, f64, CPU_MAX, same_f64)
BOTH(min_f64, double, double, f64, CPU_MIN, same_f64)
BOTH(sum_f16, uint16_t, float, f32, CPU_SUM, cpu__widen_f16)
BOTH(max_f16, uint16_t, float, f32, CPU_MAX, cpu__widen_f16)
BOTH(min_f16, uint16_t, float, f32, CPU_MIN, cpu__widen_f16)
BOTH(prod_f16, uint16_t, double, f64, CPU_PROD, cpu__widen_f16_f64)
BOTH(sum_bf16, uint16_t, float, f32, CPU_SUM, cpu__widen_bf16)
BOTH(max_bf16, uint16_t, float, f32, CPU_MAX, cpu__widen_bf16)
BOTH(min_bf16, uint16_t, float, f32, CPU_MIN, cpu__widen_bf16)
BOTH(prod_bf16, uint16_t, double, f64, CPU_PROD, cpu__widen_bf16_f64)

/* p * x is p, rounded, and e, what that and all before it rounded away. The exact fma() is one
 * instruction where the ISA has it. */
CPU__ALWAYS void times(double *p, double *e, double x, double x_err)
{
    double q = *p * x;
    *e = (*e * x + *p * x_err) + fma(*p, x, -q);
    *p = q;
}
/* After an overflow e is NaN and p is right. */
static double times_total(double p, double e)
{
    return p + e == p + e ? p + e : p;
}

static void prod_f64_rows(const void *x, int64_t n, int64_t count, int64_t stride, cpu__part *part)
{
    enum { SLOTS = 32 };
    for (int64_t i = 0; i < count; i++) {
        const double *row = (const double *)x + i * stride;
        double p[SLOTS], e[SLOTS];
        for (int k = 0; k < SLOTS; k++) {
            p[k] = 1;
            e[k] = 0;
        }
        for (int64_t at = 0; at < n; at += SLOTS) {
            int m = n - at < SLOTS ? (int)(n - at) : SLOTS;
            for (int k = 0; k < m; k++)
                times(&p[k], &e[k], row[at + k], 0);
        }
        for (int w = SLOTS / 2; w >= 1; w /= 2)
            for (int k = 0; k < w; k++)
                times(&p[k], &e[k], p[k + w], e[k + w]);
        part[i].f = times_total(p[0], e[0]);
    }
}

static void prod_f64_cols(const void *x, const int64_t *off, int64_t rows, int64_t cols,
                          cpu__part *part)
{
    double p[CPU_TILE], e[CPU_TILE];
    for (int64_t j = 0; j < cols; j++) {
        p[j] = 1;
        e[j] = 0;
    }
    for (int64_t r = 0; r < rows; r++) {
        const double *row = (const double *)x + off[r];
        for (int64_t j = 0; j < cols; j++)
            times(&p[j], &e[j], row[j], 0);
    }
    for (int64_t j = 0; j < cols; j++)
        part[j].f = times_total(p[j], e[j]);
}

/* Knuth's exact sum: err gathers what each addition to sum rounds away. */
static void merge_sum(cpu__part *sum, cpu__part *err, const cpu__part *part, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double a = sum[i].f, b = part[i].f, s = a + b, t = s - a;
        err[i].f += (a - (s - t)) + (b - t);
        sum[i].f = s;
    }
}
static void merge_prod(cpu__part *sum, cpu__part *err, const cpu__part *part, int64_t n)
{
    (void)err;
    for (int64_t i = 0; i < n; i++)
        sum[i].f *= part[i].f;
}
static void merge_max(cpu__part *sum, cpu__part *err, const cpu__part *part, int64_t n)
{
    (void)err;
    for (int64_t i = 0; i < n; i++)
        sum[i].f = part[i].f > sum[i].f || part[i].f != part[i].f ? part[i].f : sum[i].f;
}
static void merge_min(cpu__part *sum, cpu__part *err, const cpu__part *part, int64_t n)
{
    (void)err;
    for (int64_t i = 0; i < n; i++)
        sum[i].f = part[i].f < sum[i].f || part[i].f != part[i].f ? part[i].f : sum[i].f;
}

/* After an overflow err is NaN and sum is right. */
static void settle_sum(cpu__part *sum, const cpu__part *err, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double r = sum[i].f + err[i].f;
        sum[i].f = r != r ? sum[i].f : r;
    }
}
static void settle_not(cpu__part *sum, const cpu__part *err, int64_t n)
{
    (void)sum;
    (void)err;
    (void)n;
}

/* One NaN for all, for its bits differ between CPUs, and no -0: which zero is the largest
 * depends on the order. */
static inline double value(const cpu__part *sum, int64_t i)
{
    double r = sum[i].f + 0.0;
    return r != r ? (double)NAN : r;
}
#define FINISH(d, S, NARROW)                                                          \
    static void finish_##d(const cpu__part *sum, int64_t n, int64_t terms, void *out, \
                           int64_t stride)                                            \
    {                                                                                 \
        (void)terms;                                                                  \
        for (int64_t i = 0; i < n; i++)                                               \
            ((S *)out)[i * stride] = NARROW(value(sum, i));                           \
    }                                                                                 \
    static void mean_##d(const cpu__part *sum, int64_t n, int64_t terms, void *out,   \
                         int64_t stride)                                              \
    {                                                                                 \
        for (int64_t i = 0; i < n; i++) {                                             \
            double r = terms ? value(sum, i) / (double)terms : (double)NAN;           \
            ((S *)out)[i * stride] = NARROW(r);                                       \
        }                                                                             \
    }
#define FLOAT(x) ((float)(x))
#define DOUBLE(x) (x)
#define F16(x) cpu__narrow_f16((float)(x))
#define BF16(x) cpu__narrow_bf16((float)(x))
FINISH(f32, float, FLOAT)
FINISH(f64, double, DOUBLE)
FINISH(f16, uint16_t, F16)
FINISH(bf16, uint16_t, BF16)

#define ENTRY(op, d, merge, settle, finish)                     \
    {                                                           \
        op##_##d##_rows, op##_##d##_cols, merge, settle, finish \
    }
#define ROW_OF(d)                                              \
    {                                                          \
        ENTRY(sum, d, merge_sum, settle_sum, finish_##d),      \
            ENTRY(sum, d, merge_sum, settle_sum, mean_##d),    \
            ENTRY(max, d, merge_max, settle_not, finish_##d),  \
            ENTRY(min, d, merge_min, settle_not, finish_##d),  \
            ENTRY(prod, d, merge_prod, settle_not, finish_##d) \
    }
static const cpu__body bodies[4][CPU_RED_COUNT] = {ROW_OF(f32), ROW_OF(f64), ROW_OF(f16),
                                                   ROW_OF(bf16)};

const cpu__body *cpu__reduce_float(cpu__red op, uint32_t dtype)
{
    return dtype <= VANE_BF16 ? &bodies[dtype][op] : NULL;
}
