/* SPDX-License-Identifier: MIT */
/* reduce.c - reduce_sum, mean, max, min and prod: the kept dimensions outside, the reduced
 * ones inside, in row-major order.
 */
#include <math.h>

#include "arith.h"
#include "elementwise.h"

/* STATE declares what is carried along, STEP takes an element a, RESULT is written; it may
 * use count, the number of terms. */
#define REDUCE(T, name, STATE, STEP, RESULT)                                      \
    SCALAR_KERNEL(name, T)                                                        \
    {                                                                             \
        const uint32_t outer = call->n_outer, last = last_dim(call);              \
        const int64_t n = last_count(call), count = reduced_count(call);          \
        (void)self;                                                               \
        (void)count;                                                              \
        for (walk o = walk_over(call, 0, outer); !o.done; walk_next(&o)) {        \
            STATE;                                                                \
            for (walk w = walk_over(call, outer, last); !w.done; walk_next(&w)) { \
                line x = walk_line(&w, 0, last);                                  \
                x.at += o.at[0];                                                  \
                for (int64_t i = 0; i < n; i++) {                                 \
                    const VAL_##T a = READ(T, x, i);                              \
                    STEP;                                                         \
                }                                                                 \
            }                                                                     \
            put_##T(call->arg[1].data, o.at[1], RESULT);                          \
        }                                                                         \
        return VANE_OK;                                                           \
    }

static int64_t reduced_count(const vane_call *call)
{
    int64_t count = 1;
    for (uint32_t d = call->n_outer; d <= last_dim(call); d++)
        count *= call->arg[0].shape[d];
    return count;
}

#define REDUCE_SUM(DT, T, name) REDUCE(T, name, SUM(T) s = {0}, SUM_ADD(T)(&s, a), SUM_TOTAL(T)(&s))
SET_WIDE(REDUCE_SUM, reduce_sum)

/* Of nothing: 0 / 0, which is NaN. */
#define MEAN_FLOAT(DT, T, name) \
    REDUCE(T, name, SUM(T) s = {0}, SUM_ADD(T)(&s, a), SUM_TOTAL(T)(&s) / (WIDE_##T)count)
SET_FLOAT(MEAN_FLOAT, reduce_mean)
#define MEAN_INT(DT, T, name) \
    REDUCE(T, name, SUM(T) s = {0}, SUM_ADD(T)(&s, a), wrap_div(SUM_TOTAL(T)(&s), count))
INTS_WIDE(MEAN_INT, reduce_mean)

#define REDUCE_PROD(DT, T, name) \
    REDUCE(T, name, WIDE_##T product = 1, product = times_##T(product, a), product)
SET_WIDE(REDUCE_PROD, reduce_prod)

/* Once NaN is the best no comparison is true any more, so it stays. */
#define MAX_FLOAT(DT, T, name) \
    REDUCE(T, name, VAL_##T best = -HUGE_VAL, best = a > best || isnan(a) ? a : best, best)
#define MIN_FLOAT(DT, T, name) \
    REDUCE(T, name, VAL_##T best = HUGE_VAL, best = a < best || isnan(a) ? a : best, best)
SET_FLOAT(MAX_FLOAT, reduce_max)
SET_FLOAT(MIN_FLOAT, reduce_min)

#define LEAST_i32 INT32_MIN
#define LEAST_i64 INT64_MIN
#define LEAST_u8 0
#define LEAST_i8 INT8_MIN
#define MOST_i32 INT32_MAX
#define MOST_i64 INT64_MAX
#define MOST_u8 UINT8_MAX
#define MOST_i8 INT8_MAX
#define MAX_INT(DT, T, name) \
    REDUCE(T, name, int64_t best = LEAST_##T, best = a > best ? a : best, best)
#define MIN_INT(DT, T, name) \
    REDUCE(T, name, int64_t best = MOST_##T, best = a < best ? a : best, best)
INTS_NUMERIC(MAX_INT, reduce_max)
INTS_NUMERIC(MIN_INT, reduce_min)
