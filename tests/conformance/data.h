/* SPDX-License-Identifier: MIT */
/* data.h - operands filled with numbers that suit an op and find its mistakes. */
#ifndef CONFORM_DATA_H
#define CONFORM_DATA_H

#include "array.h"
#include "random.h"

typedef enum conform_class {
    CONFORM_ORDINARY, /* every result is finite and of ordinary size */
    CONFORM_WIDE,     /* all magnitudes: results overflow and underflow where that is defined */
    CONFORM_SPECIAL,  /* NaN, infinities, -0, denormals, the largest; integers: the extremes */
    CONFORM_CLASSES
} conform_class;

const char *conform_class_name(conform_class c);

/* Fills input i of an op; values repeat along the array's flat dimensions. */
void conform_data_fill(conform_random *r, uint32_t op, uint32_t i, conform_class c,
                       conform_array *a);

#endif
