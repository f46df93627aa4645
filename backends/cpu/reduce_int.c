/* SPDX-License-Identifier: MIT */
/* reduce_int.c - chunk bodies of the integer reductions, in plain C: they wrap, so any order
 * gives the same value. The mean of i32 sums in 64 bits.
 */
#include "reduce.h"

#define ADD(a, x) ((a) + (x))
#define MUL(a, x) ((a) * (x))
#define MAX(a, x) ((x) > (a) ? (x) : (a))
#define MIN(a, x) ((x) < (a) ? (x) : (a))

/* S: as stored; A: what is accumulated, unsigned where it may wrap; P: signed A */
#define BODY(name, S, A, P, FIRST, OP)                                                     \
    static void name##_rows(const void *x, int64_t n, int64_t count, int64_t stride,       \
                            cpu__part *part)                                               \
    {                                                                                      \
        const S *row = x;                                                                  \
        for (int64_t i = 0; i < count; i++, row += stride) {                               \
            A a = (A)(FIRST);                                                              \
            for (int64_t k = 0; k < n; k++)                                                \
                a = (A)OP(a, (A)row[k]);                                                   \
            part[i].i = (int64_t)(P)a;                                                     \
        }                                                                                  \
    }                                                                                      \
    static void name##_cols(const void *x, const int64_t *off, int64_t rows, int64_t cols, \
                            cpu__part *part)                                               \
    {                                                                                      \
        A a[CPU_TILE];                                                                     \
        for (int64_t j = 0; j < cols; j++)                                                 \
            a[j] = (A)(FIRST);                                                             \
        for (int64_t r = 0; r < rows; r++) {                                               \
            const S *row = (const S *)x + off[r];                                          \
            for (int64_t j = 0; j < cols; j++)                                             \
                a[j] = (A)OP(a[j], (A)row[j]);                                             \
        }                                                                                  \
        for (int64_t j = 0; j < cols; j++)                                                 \
            part[j].i = (int64_t)(P)a[j];                                                  \
    }
BODY(sum_i32, int32_t, uint32_t, int32_t, 0, ADD)
BODY(mean_i32, int32_t, int64_t, int64_t, 0, ADD)
BODY(prod_i32, int32_t, uint32_t, int32_t, 1, MUL)
BODY(max_i32, int32_t, int32_t, int32_t, INT32_MIN, MAX)
BODY(min_i32, int32_t, int32_t, int32_t, INT32_MAX, MIN)
BODY(sum_i64, int64_t, uint64_t, int64_t, 0, ADD)
BODY(prod_i64, int64_t, uint64_t, int64_t, 1, MUL)
BODY(max_i64, int64_t, int64_t, int64_t, INT64_MIN, MAX)
BODY(min_i64, int64_t, int64_t, int64_t, INT64_MAX, MIN)
BODY(max_u8, uint8_t, uint8_t, uint8_t, 0, MAX)
BODY(min_u8, uint8_t, uint8_t, uint8_t, UINT8_MAX, MIN)
BODY(max_i8, int8_t, int8_t, int8_t, INT8_MIN, MAX)
BODY(min_i8, int8_t, int8_t, int8_t, INT8_MAX, MIN)

#define MERGE(name, OP)                                                                        \
    static void merge_##name(cpu__part *sum, cpu__part *err, const cpu__part *part, int64_t n) \
    {                                                                                          \
        (void)err;                                                                             \
        for (int64_t i = 0; i < n; i++)                                                        \
            sum[i].i = OP(sum[i].i, part[i].i);                                                \
    }
#define WRAP_ADD(a, x) ((int64_t)((uint64_t)(a) + (uint64_t)(x)))
#define WRAP_MUL(a, x) ((int64_t)((uint64_t)(a) * (uint64_t)(x)))
MERGE(sum, WRAP_ADD)
MERGE(prod, WRAP_MUL)
MERGE(max, MAX)
MERGE(min, MIN)

static void settle_not(cpu__part *sum, const cpu__part *err, int64_t n)
{
    (void)sum;
    (void)err;
    (void)n;
}

#define FINISH(name, S, VALUE)                                                                  \
    static void name(const cpu__part *sum, int64_t n, int64_t terms, void *out, int64_t stride) \
    {                                                                                           \
        (void)terms;                                                                            \
        for (int64_t i = 0; i < n; i++)                                                         \
            ((S *)out)[i * stride] = (S)(VALUE);                                                \
    }
FINISH(finish_i32, int32_t, sum[i].i)
FINISH(finish_i64, int64_t, sum[i].i)
FINISH(finish_u8, uint8_t, sum[i].i)
FINISH(finish_i8, int8_t, sum[i].i)
FINISH(finish_mean_i32, int32_t, terms ? sum[i].i / terms : 0)
FINISH(finish_mean_i64, int64_t, terms ? sum[i].i / terms : 0)

#define ENTRY(op, d)                                                         \
    {                                                                        \
        op##_##d##_rows, op##_##d##_cols, merge_##op, settle_not, finish_##d \
    }
static const cpu__body bodies[4][CPU_RED_COUNT] = {
    {ENTRY(sum, i32),
     {mean_i32_rows, mean_i32_cols, merge_sum, settle_not, finish_mean_i32},
     ENTRY(max, i32),
     ENTRY(min, i32),
     ENTRY(prod, i32)},
    {ENTRY(sum, i64),
     {sum_i64_rows, sum_i64_cols, merge_sum, settle_not, finish_mean_i64},
     ENTRY(max, i64),
     ENTRY(min, i64),
     ENTRY(prod, i64)},
    {[CPU_MAX] = ENTRY(max, u8), [CPU_MIN] = ENTRY(min, u8)},
    {[CPU_MAX] = ENTRY(max, i8), [CPU_MIN] = ENTRY(min, i8)},
};

const cpu__body *cpu__reduce_int(cpu__red op, uint32_t dtype)
{
    if (dtype < VANE_I32 || dtype > VANE_I8 || !bodies[dtype - VANE_I32][op].rows)
        return NULL;
    return &bodies[dtype - VANE_I32][op];
}
