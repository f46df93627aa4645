/* SPDX-License-Identifier: MIT */
/* elementwise.h - the loops of elementwise kernels: one expression for each element.
 *
 * UNARY, BINARY and TERNARY are handed to a SET_ or INTS_ list of kernels.h:
 *   SET_FLOAT(BINARY, VAL, add, a + b)
 * defines scalar_add_T for every float T. The expression sees a, b and c, read as VAL_T or
 * WIDE_T (the second argument says which), and p, the call's parameters.
 */
#ifndef SCALAR_ELEMENTWISE_H
#define SCALAR_ELEMENTWISE_H

#include "kernels.h"
#include "load.h"
#include "walk.h"

/* Around one pass over the rows; names what expressions and ROW see. */
#define ROWS_BEGIN                             \
    const vane_params *const p = call->params; \
    const uint32_t last = last_dim(call);      \
    const int64_t n = last_count(call);        \
    (void)self;                                \
    (void)p;                                   \
    for (walk w = walk_over(call, 0, last); !w.done; walk_next(&w)) {
#define ROWS_END \
    }            \
    return VANE_OK;

#define ROW(name, k) const line name = walk_line(&w, k, last)
#define READ(T, row, i) load_##T((row).data, (row).at + (i) * (row).step)
#define WRITE(T, row, i, v) put_##T((row).data, (row).at + (i) * (row).step, v)
/* A value that only moves keeps its bits (but a bool becomes 0 or 1). */
#define COPY_CELL(T, from, to, i) \
    move_##T((from).data, (from).at + (i) * (from).step, (to).data, (to).at + (i) * (to).step)

#define UNARY(DT, T, READ_AS, name, EXPR)          \
    SCALAR_KERNEL(name, T)                         \
    {                                              \
        ROWS_BEGIN                                 \
        ROW(x, 0);                                 \
        ROW(out, 1);                               \
        for (int64_t i = 0; i < n; i++) {          \
            const READ_AS##_##T a = READ(T, x, i); \
            WRITE(T, out, i, EXPR);                \
        }                                          \
        ROWS_END                                   \
    }

/* OUT: the output's type, for comparisons. */
#define BINARY_TO(OUT, T, READ_AS, name, EXPR)                        \
    SCALAR_KERNEL(name, T)                                            \
    {                                                                 \
        ROWS_BEGIN                                                    \
        ROW(x, 0);                                                    \
        ROW(y, 1);                                                    \
        ROW(out, 2);                                                  \
        for (int64_t i = 0; i < n; i++) {                             \
            const READ_AS##_##T a = READ(T, x, i), b = READ(T, y, i); \
            WRITE(OUT, out, i, EXPR);                                 \
        }                                                             \
        ROWS_END                                                      \
    }
#define BINARY(DT, T, READ_AS, name, EXPR) BINARY_TO(T, T, READ_AS, name, EXPR)
#define COMPARE(DT, T, name, EXPR) BINARY_TO(bool, T, VAL, name, EXPR)

/* COND: the first input's type; the expression reads it as a. */
#define TERNARY_OF(COND, T, name, EXPR)                         \
    SCALAR_KERNEL(name, T)                                      \
    {                                                           \
        ROWS_BEGIN                                              \
        ROW(x, 0);                                              \
        ROW(y, 1);                                              \
        ROW(z, 2);                                              \
        ROW(out, 3);                                            \
        for (int64_t i = 0; i < n; i++) {                       \
            const VAL_##COND a = READ(COND, x, i);              \
            const VAL_##T b = READ(T, y, i), c = READ(T, z, i); \
            WRITE(T, out, i, EXPR);                             \
        }                                                       \
        ROWS_END                                                \
    }

#endif
