/* SPDX-License-Identifier: MIT */
/* move.c - copy, transpose and concat, which arrive as one and the same call; and fill. */
#include "convert.h"
#include "elementwise.h"

#define MOVE(DT, T, name)               \
    SCALAR_KERNEL(name, T)              \
    {                                   \
        ROWS_BEGIN                      \
        ROW(x, 0);                      \
        ROW(out, 1);                    \
        for (int64_t i = 0; i < n; i++) \
            COPY_CELL(T, x, out, i);    \
        ROWS_END                        \
    }
SET_ALL(MOVE, copy)
SET_ALL(MOVE, transpose)
SET_ALL(MOVE, concat)

#define FILL(DT, T, name)                                  \
    SCALAR_KERNEL(name, T)                                 \
    {                                                      \
        ROWS_BEGIN                                         \
        ROW(out, 0);                                       \
        for (int64_t i = 0; i < n; i++)                    \
            WRITE(T, out, i, from_flt_##T(p->fill.value)); \
        ROWS_END                                           \
    }
SET_ALL(FILL, fill)
