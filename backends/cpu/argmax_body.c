/* SPDX-License-Identifier: MIT */
/* argmax_body.c - argmax for each type: finding a value, short rows, and the best of each column.
 * Floats have vectors for the latter two (argmax_tmpl.h), integers plain C. f16 and bf16 are
 * widened to f32, u8 and i8 to i32.
 */
#include <math.h>
#include <stddef.h>

#include "argmax.h"
#include "reduce_across.h"
#include "reduce_widen.h"

enum { STRIP = 64, COLS = 256 };

static inline const float *take_f32(const float *x, int64_t n, float *wide)
{
    (void)n;
    (void)wide;
    return x;
}
static inline const double *take_f64(const double *x, int64_t n, double *wide)
{
    (void)n;
    (void)wide;
    return x;
}
static inline const int32_t *take_i32(const int32_t *x, int64_t n, int32_t *wide)
{
    (void)n;
    (void)wide;
    return x;
}
static inline const int64_t *take_i64(const int64_t *x, int64_t n, int64_t *wide)
{
    (void)n;
    (void)wide;
    return x;
}
static inline const int32_t *take_u8(const uint8_t *x, int64_t n, int32_t *wide)
{
    for (int64_t i = 0; i < n; i++)
        wide[i] = x[i];
    return wide;
}
static inline const int32_t *take_i8(const int8_t *x, int64_t n, int32_t *wide)
{
    for (int64_t i = 0; i < n; i++)
        wide[i] = x[i];
    return wide;
}

/* Whole strips are tested at once; only the one that has it, or a short one, is looked through. */
#define FIND(d, S, C, field, TAKE)                                                            \
    static int64_t find_##d(const void *p, int64_t n, cpu__part value, int last)              \
    {                                                                                         \
        const C want = (C)value.field;                                                        \
        const int nan = want != want, back = last && !nan;                                    \
        for (int64_t done = 0; done < n; done += STRIP) {                                     \
            C wide[STRIP];                                                                    \
            int64_t m = n - done < STRIP ? n - done : STRIP, at = back ? n - done - m : done; \
            const C *x = TAKE((const S *)p + at, m, wide);                                    \
            int any = m < STRIP, k;                                                           \
            for (k = 0; m == STRIP && k < STRIP; k++)                                         \
                any |= (x[k] == want) | (nan & (x[k] != x[k]));                               \
            if (!any)                                                                         \
                continue;                                                                     \
            if (nan)                                                                          \
                for (k = 0; k < (int)m && x[k] == x[k];)                                      \
                    k++;                                                                      \
            else if (back)                                                                    \
                for (k = (int)m - 1; k >= 0 && x[k] != want;)                                 \
                    k--;                                                                      \
            else                                                                              \
                for (k = 0; k < (int)m && x[k] != want;)                                      \
                    k++;                                                                      \
            if (k >= 0 && k < (int)m)                                                         \
                return at + k;                                                                \
        }                                                                                     \
        return 0;                                                                             \
    }

/* The best so far and its place are selected, not branched for: values are seldom in order. */
#define SHORT_INT(d, S)                                                                      \
    static void short_##d(const void *p, int64_t stride, int64_t count, int64_t n, int last, \
                          int64_t *out, int64_t stride_out)                                  \
    {                                                                                        \
        const S *x = p;                                                                      \
        for (int64_t i = 0; i < count; i++, x += stride) {                                   \
            S best = x[0];                                                                   \
            int64_t at = 0;                                                                  \
            for (int64_t k = 1; k < n; k++) {                                                \
                const S a = x[k];                                                            \
                at = last ? (a >= best ? k : at) : (a > best ? k : at);                      \
                best = a > best ? a : best;                                                  \
            }                                                                                \
            out[i * stride_out] = at;                                                        \
        }                                                                                    \
    }

#define COLUMNS_INT(d, S, C, TAKE)                                                         \
    static void cols_##d(const void *p, int64_t stride, int64_t rows, int64_t n, int last, \
                         int32_t *index)                                                   \
    {                                                                                      \
        C best[COLS], wide[COLS];                                                          \
        const C *x = TAKE((const S *)p, n, wide);                                          \
        for (int64_t k = 0; k < n; k++) {                                                  \
            best[k] = x[k];                                                                \
            index[k] = 0;                                                                  \
        }                                                                                  \
        for (int64_t r = 1; r < rows; r++) {                                               \
            x = TAKE((const S *)p + r * stride, n, wide);                                  \
            for (int64_t k = 0; k < n; k++) {                                              \
                const C a = x[k], b = best[k];                                             \
                const int wins = (a > b) | (last & (a == b));                              \
                best[k] = wins ? a : b;                                                    \
                index[k] = wins ? (int32_t)r : index[k];                                   \
            }                                                                              \
        }                                                                                  \
    }

FIND(f32, float, float, f, take_f32)
FIND(f64, double, double, f, take_f64)
FIND(f16, uint16_t, float, f, cpu__widen_f16)
FIND(bf16, uint16_t, float, f, cpu__widen_bf16)

#define INTEGER(d, S, C, TAKE) \
    FIND(d, S, C, i, TAKE)     \
    SHORT_INT(d, S)            \
    COLUMNS_INT(d, S, C, TAKE)
INTEGER(i32, int32_t, int32_t, take_i32)
INTEGER(i64, int64_t, int64_t, take_i64)
INTEGER(u8, uint8_t, int32_t, take_u8)
INTEGER(i8, int8_t, int32_t, take_i8)

#define T float
#define VEC vf32
#define MASK vm32
#define INDEX vi32
#define ITYPE int32_t
#define LANES VF32_LANES
#define ACROSS cpu__across_f32
#define F(op) vf32_##op
#define M(op) vm32_##op
#define AT(op) vi32_##op

#define S float
#define LOAD vf32_load
#define LOAD_N vf32_load_n
#define N(name) name##_f32
#include "argmax_tmpl.h"
#undef S
#undef LOAD
#undef LOAD_N
#undef N
#define S uint16_t
#define LOAD vf32_load_f16
#define LOAD_N vf32_load_f16_n
#define N(name) name##_f16
#include "argmax_tmpl.h"
#undef LOAD
#undef LOAD_N
#undef N
#define LOAD vf32_load_bf16
#define LOAD_N vf32_load_bf16_n
#define N(name) name##_bf16
#include "argmax_tmpl.h"
#undef S
#undef LOAD
#undef LOAD_N
#undef N

#undef T
#undef VEC
#undef MASK
#undef INDEX
#undef ITYPE
#undef LANES
#undef ACROSS
#undef F
#undef M
#undef AT
#define T double
#define VEC vf64
#define MASK vm64
#define INDEX vf64
#define ITYPE double
#define LANES VF64_LANES
#define ACROSS cpu__across_f64
#define F(op) vf64_##op
#define M(op) vm64_##op
#define AT(op) vf64_##op
#define S double
#define LOAD vf64_load
#define LOAD_N vf64_load_n
#define N(name) name##_f64
#include "argmax_tmpl.h"

cpu__find_fn cpu__argmax_find(uint32_t dtype)
{
    static const cpu__find_fn find[] = {find_f32, find_f64, find_f16, find_bf16,
                                        find_i32, find_i64, find_u8,  find_i8};
    return find[dtype];
}

cpu__short_fn cpu__argmax_short(uint32_t dtype)
{
    static const cpu__short_fn rows[] = {short_f32, short_f64, short_f16, short_bf16,
                                         short_i32, short_i64, short_u8,  short_i8};
    return rows[dtype];
}

void cpu__argmax_cols(uint32_t dtype, const void *x, int64_t stride, int64_t rows, int64_t n,
                      int last, int32_t *index)
{
    typedef void (*cols_fn)(const void *, int64_t, int64_t, int64_t, int, int32_t *);
    static const cols_fn cols[] = {cols_f32, cols_f64, cols_f16, cols_bf16,
                                   cols_i32, cols_i64, cols_u8,  cols_i8};
    cols[dtype](x, stride, rows, n, last, index);
}
