/* SPDX-License-Identifier: MIT */
/* argmax.c - where the largest element along one dimension is; the first NaN is largest. */
#include <math.h>

#include "elementwise.h"

/* Does a, after best, win? */
static inline int wins(double a, double best, uint32_t last_index)
{
    if (isnan(best))
        return 0;
    return isnan(a) || a > best || (last_index && a == best);
}

static inline int wins_int(int64_t a, int64_t best, uint32_t last_index)
{
    return a > best || (last_index && a == best);
}

/* Of nothing: 0. */
#define ARGMAX(T, name, WINS)                                                               \
    SCALAR_KERNEL(name, T)                                                                  \
    {                                                                                       \
        const uint32_t last = last_dim(call), last_index = call->params->argmax.last_index; \
        const int64_t n = last_count(call);                                                 \
        (void)self;                                                                         \
        for (walk w = walk_over(call, 0, last); !w.done; walk_next(&w)) {                   \
            ROW(x, 0);                                                                      \
            int64_t where = 0;                                                              \
            for (int64_t i = 1; i < n; i++)                                                 \
                if (WINS(READ(T, x, i), READ(T, x, where), last_index))                     \
                    where = i;                                                              \
            put_i64(call->arg[1].data, w.at[1], where);                                     \
        }                                                                                   \
        return VANE_OK;                                                                     \
    }
#define ARGMAX_FLOAT(DT, T, name) ARGMAX(T, name, wins)
#define ARGMAX_INT(DT, T, name) ARGMAX(T, name, wins_int)
SET_FLOAT(ARGMAX_FLOAT, argmax)
INTS_NUMERIC(ARGMAX_INT, argmax)
