/* SPDX-License-Identifier: MIT */
/* value.h - elements of every dtype as numbers, and how fine each dtype is. */
#ifndef CONFORM_VALUE_H
#define CONFORM_VALUE_H

#include <stdint.h>

#include "op/tolerance.h"
#include "vane/types.h"

typedef vane__format conform_format;

const conform_format *conform_format_of(uint32_t dtype);
int conform_is_float(uint32_t dtype);
double conform_epsilon(uint32_t dtype);  /* 2^-mantissa */
double conform_smallest(uint32_t dtype); /* the smallest denormal */
double conform_largest(uint32_t dtype);  /* the largest finite number */

/* Of floats; rounds to nearest even. */
double conform_get(uint32_t dtype, const void *data, int64_t i);
void conform_put(uint32_t dtype, void *data, int64_t i, double v);
/* Of integers and bool (its byte); wraps. */
int64_t conform_get_int(uint32_t dtype, const void *data, int64_t i);
void conform_put_int(uint32_t dtype, void *data, int64_t i, int64_t v);

/* "1.5", "nan", "-7": for people. */
void conform_value_text(uint32_t dtype, const void *data, int64_t i, char out[40]);

#endif
