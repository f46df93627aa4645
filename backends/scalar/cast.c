/* SPDX-License-Identifier: MIT */
/* cast.c - every dtype to every dtype; integers do not pass through a rounded float. */
#include "convert.h"
#include "elementwise.h"

#define CAST_CASE(DT, OUT, bytes)                                              \
    case VANE_##DT:                                                            \
        for (int64_t i = 0; i < n; i++)                                        \
            WRITE(OUT, out, i, CONVERT(OUT, load(x.data, x.at + i * x.step))); \
        break;
#define CONVERT(OUT, v) _Generic(v, double : from_flt_##OUT, int64_t : from_int_##OUT)(v)

#define CAST(DT, T, name)                                        \
    SCALAR_KERNEL(name, T)                                       \
    {                                                            \
        VAL_##T (*const load)(const void *, int64_t) = load_##T; \
        ROWS_BEGIN                                               \
        ROW(x, 0);                                               \
        ROW(out, 1);                                             \
        switch (call->arg[1].dtype) {                            \
            VANE_DTYPE_MAP(CAST_CASE)                            \
        default:                                                 \
            return unknown(call);                                \
        }                                                        \
        ROWS_END                                                 \
    }

static vane_status unknown(const vane_call *call)
{
    return call->host->fail(call->host->ctx, VANE_E_DTYPE, 0,
                            "cast: the output has dtype %u, expected one below %d",
                            call->arg[1].dtype, VANE_DTYPE_COUNT);
}

SET_ALL(CAST, cast)
