/* SPDX-License-Identifier: MIT */
/* load.h - elements in and out of memory, for each dtype T.
 *
 *   CELL_T   how it is stored
 *   VAL_T    how it is computed with: double, or int64_t
 *   WIDE_T   how sums and transcendental functions are computed: long double for f64
 *   load_T   an element, exactly
 *   put_T    rounds a WIDE once, to nearest even; wraps an integer
 *   move_T   a copy that keeps the bits, of a NaN too; but a bool becomes 0 or 1
 * For f32, f16 and bf16 one add, sub, mul, div or sqrt in double and the rounding of put_T
 * give the correctly rounded result (53 >= 2 * 24 + 2 bits).
 */
#ifndef SCALAR_LOAD_H
#define SCALAR_LOAD_H

#include <stdint.h>

#include "narrow.h"

#define CELL_f32 float
#define CELL_f64 double
#define CELL_f16 uint16_t
#define CELL_bf16 uint16_t
#define CELL_i32 int32_t
#define CELL_i64 int64_t
#define CELL_u8 uint8_t
#define CELL_i8 int8_t
#define CELL_bool uint8_t

#define VAL_f32 double
#define VAL_f64 double
#define VAL_f16 double
#define VAL_bf16 double
#define VAL_i32 int64_t
#define VAL_i64 int64_t
#define VAL_u8 int64_t
#define VAL_i8 int64_t
#define VAL_bool int64_t

#define WIDE_f32 double
#define WIDE_f64 long double
#define WIDE_f16 double
#define WIDE_bf16 double
#define WIDE_i32 int64_t
#define WIDE_i64 int64_t
#define WIDE_u8 int64_t
#define WIDE_i8 int64_t
#define WIDE_bool int64_t

#define ELEMENT(T, FROM_CELL, TO_CELL, MOVED)                                     \
    static inline VAL_##T load_##T(const void *data, int64_t i)                   \
    {                                                                             \
        const CELL_##T c = ((const CELL_##T *)data)[i];                           \
        return FROM_CELL;                                                         \
    }                                                                             \
    static inline void put_##T(void *data, int64_t i, WIDE_##T v)                 \
    {                                                                             \
        ((CELL_##T *)data)[i] = TO_CELL;                                          \
    }                                                                             \
    static inline void move_##T(const void *from, int64_t i, void *to, int64_t j) \
    {                                                                             \
        const CELL_##T c = ((const CELL_##T *)from)[i];                           \
        ((CELL_##T *)to)[j] = MOVED;                                              \
    }
ELEMENT(f32, (double)c, (float)v, c)
ELEMENT(f64, c, (double)v, c)
ELEMENT(f16, narrow_to_double(c, 10), narrow_from_double(v, 10), c)
ELEMENT(bf16, narrow_to_double(c, 7), narrow_from_double(v, 7), c)
ELEMENT(i32, c, (int32_t)v, c)
ELEMENT(i64, c, v, c)
ELEMENT(u8, c, (uint8_t)v, c)
ELEMENT(i8, c, (int8_t)v, c)
ELEMENT(bool, c != 0, v != 0, c != 0)
#undef ELEMENT

#endif
