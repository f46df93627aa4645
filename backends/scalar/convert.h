/* SPDX-License-Identifier: MIT */
/* convert.h - a number of one kind as a WIDE of type T, by the rules of cast in ops.h.
 *
 *   from_flt_T(double)   from_int_T(int64_t)
 * What comes out goes through put_T, which wraps integers and rounds floats once.
 */
#ifndef SCALAR_CONVERT_H
#define SCALAR_CONVERT_H

#include <math.h>

#include "load.h"

/* Truncates; saturates; NaN is 0. */
static inline int64_t saturate(double v, int64_t lo, int64_t hi)
{
    if (isnan(v))
        return 0;
    if (v <= (double)lo)
        return lo;
    return v >= (double)hi ? hi : (int64_t)v;
}

/* v with 53 bits, what is lost kept as a sticky last bit: a later rounding to 51 bits or
 * fewer is then the only one. */
static inline double sticky_double(int64_t v)
{
    const int64_t low = v & 0x7ff;
    if (v > -(INT64_C(1) << 53) && v < INT64_C(1) << 53)
        return (double)v;
    return (double)(low ? (v - low) | 0x800 : v);
}

/* clang-format off */
static inline double from_flt_f32(double v) { return v; }
static inline long double from_flt_f64(double v) { return v; }
static inline double from_flt_f16(double v) { return v; }
static inline double from_flt_bf16(double v) { return v; }
static inline int64_t from_flt_i32(double v) { return saturate(v, INT32_MIN, INT32_MAX); }
static inline int64_t from_flt_i64(double v) { return saturate(v, INT64_MIN, INT64_MAX); }
static inline int64_t from_flt_u8(double v) { return saturate(v, 0, UINT8_MAX); }
static inline int64_t from_flt_i8(double v) { return saturate(v, INT8_MIN, INT8_MAX); }
static inline int64_t from_flt_bool(double v) { return v != 0; }

static inline double from_int_f32(int64_t v) { return sticky_double(v); }
static inline long double from_int_f64(int64_t v) { return (double)v; }
static inline double from_int_f16(int64_t v) { return sticky_double(v); }
static inline double from_int_bf16(int64_t v) { return sticky_double(v); }
static inline int64_t from_int_i32(int64_t v) { return v; }
static inline int64_t from_int_i64(int64_t v) { return v; }
static inline int64_t from_int_u8(int64_t v) { return v; }
static inline int64_t from_int_i8(int64_t v) { return v; }
static inline int64_t from_int_bool(int64_t v) { return v != 0; }
/* clang-format on */

#endif
