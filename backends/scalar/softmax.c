/* SPDX-License-Identifier: MIT */
/* softmax.c - exp(x - max) over its sum, along the last dimension. A NaN, or a +inf, makes
 * its whole row NaN, and so does a row of nothing but -inf.
 */
#include <tgmath.h>

#include "arith.h"
#include "elementwise.h"

/* The output may be the input: each element is read for the last time as it is written. */
#define SOFTMAX(DT, T, name)                                     \
    SCALAR_KERNEL(name, T)                                       \
    {                                                            \
        ROWS_BEGIN                                               \
        ROW(x, 0);                                               \
        ROW(out, 1);                                             \
        SUM(T) s = {0};                                          \
        WIDE_##T most = -HUGE_VAL;                               \
        for (int64_t i = 0; i < n; i++)                          \
            most = READ(T, x, i) > most ? READ(T, x, i) : most;  \
        for (int64_t i = 0; i < n; i++)                          \
            SUM_ADD(T)(&s, exp(READ(T, x, i) - most));           \
        const WIDE_##T total = SUM_TOTAL(T)(&s);                 \
        for (int64_t i = 0; i < n; i++)                          \
            WRITE(T, out, i, exp(READ(T, x, i) - most) / total); \
        ROWS_END                                                 \
    }
SET_FLOAT(SOFTMAX, softmax)
