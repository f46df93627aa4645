/* SPDX-License-Identifier: MIT */
/* argmax_body.c - argmax for each type: finding a value, and the best of each column. Plain C
 * that compilers vectorise; f16 and bf16 are widened to f32, u8 and i8 to i32, a strip at a time.
 */
#include <stddef.h>

#include "argmax.h"
#include "reduce_widen.h"

enum { STRIP = 64, COLS = 256 };

static inline const float *take_f32(const float *x, int64_t n, float *wide) {
    (void)n;
    (void)wide;
    return x;
}
static inline const double *take_f64(const double *x, int64_t n, double *wide) {
    (void)n;
    (void)wide;
    return x;
}
static inline const int32_t *take_i32(const int32_t *x, int64_t n, int32_t *wide) {
    (void)n;
    (void)wide;
    return x;
}
static inline const int64_t *take_i64(const int64_t *x, int64_t n, int64_t *wide) {
    (void)n;
    (void)wide;
    return x;
}
static inline const int32_t *take_u8(const uint8_t *x, int64_t n, int32_t *wide) {
    for (int64_t i = 0; i < n; i++)
        wide[i] = x[i];
    return wide;
}
static inline const int32_t *take_i8(const int8_t *x, int64_t n, int32_t *wide) {
    for (int64_t i = 0; i < n; i++)
        wide[i] = x[i];
    return wide;
}

/* Whole strips are tested at once; only the one that has it, or a short one, is looked through. */
#define FIND(d, S, C, field, TAKE)                                                           \
    static int64_t find_##d(const void *p, int64_t n, cpu__part value, int last) {           \
        const C want = (C)value.field;                                                       \
        const int nan = want != want, back = last && !nan;                                   \
        for (int64_t done = 0; done < n; done += STRIP) {                                    \
            C wide[STRIP];                                                                   \
            int64_t m = n - done < STRIP ? n - done : STRIP, at = back ? n - done - m : done;\
            const C *x = TAKE((const S *)p + at, m, wide);                                   \
            int any = m < STRIP, k;                                                          \
            for (k = 0; m == STRIP && k < STRIP; k++)                                        \
                any |= (x[k] == want) | (nan & (x[k] != x[k]));                              \
            if (!any)                                                                        \
                continue;                                                                    \
            if (nan)                                                                         \
                for (k = 0; k < (int)m && x[k] == x[k];)                                     \
                    k++;                                                                     \
            else if (back)                                                                   \
                for (k = (int)m - 1; k >= 0 && x[k] != want;)                                \
                    k--;                                                                     \
            else                                                                             \
                for (k = 0; k < (int)m && x[k] != want;)                                     \
                    k++;                                                                     \
            if (k >= 0 && k < (int)m)                                                        \
                return at + k;                                                               \
        }                                                                                    \
        return 0;                                                                            \
    }

/* best is never NaN where it is compared: a NaN stays, and no number beats it. */
#define COLUMNS(d, S, C, TAKE)                                                               \
    static void cols_##d(const void *p, int64_t stride, int64_t rows, int64_t n, int last,   \
                         int32_t *index) {                                                   \
        C best[COLS], wide[COLS];                                                            \
        const C *x = TAKE((const S *)p, n, wide);                                            \
        for (int64_t k = 0; k < n; k++) {                                                    \
            best[k] = x[k];                                                                  \
            index[k] = 0;                                                                    \
        }                                                                                    \
        for (int64_t r = 1; r < rows; r++) {                                                 \
            x = TAKE((const S *)p + r * stride, n, wide);                                    \
            for (int64_t k = 0; k < n; k++) {                                                \
                const C a = x[k], b = best[k];                                               \
                const int wins = ((a > b) | (last & (a == b)) | (a != a)) & (b == b);        \
                best[k] = wins ? a : b;                                                      \
                index[k] = wins ? (int32_t)r : index[k];                                     \
            }                                                                                \
        }                                                                                    \
    }

#define BOTH(d, S, C, field, TAKE)                                                           \
    FIND(d, S, C, field, TAKE)                                                               \
    COLUMNS(d, S, C, TAKE)
BOTH(f32, float, float, f, take_f32)
BOTH(f64, double, double, f, take_f64)
BOTH(f16, uint16_t, float, f, cpu__widen_f16)
BOTH(bf16, uint16_t, float, f, cpu__widen_bf16)
BOTH(i32, int32_t, int32_t, i, take_i32)
BOTH(i64, int64_t, int64_t, i, take_i64)
BOTH(u8, uint8_t, int32_t, i, take_u8)
BOTH(i8, int8_t, int32_t, i, take_i8)

cpu__find_fn cpu__argmax_find(uint32_t dtype) {
    static const cpu__find_fn find[] = {find_f32, find_f64, find_f16, find_bf16,
                                        find_i32, find_i64, find_u8,  find_i8};
    return find[dtype];
}

void cpu__argmax_cols(uint32_t dtype, const void *x, int64_t stride, int64_t rows, int64_t n,
                      int last, int32_t *index) {
    typedef void (*cols_fn)(const void *, int64_t, int64_t, int64_t, int, int32_t *);
    static const cols_fn cols[] = {cols_f32, cols_f64, cols_f16, cols_bf16,
                                   cols_i32, cols_i64, cols_u8,  cols_i8};
    cols[dtype](x, stride, rows, n, last, index);
}
