/* SPDX-License-Identifier: MIT */
/* binary.c - two inputs: arithmetic, max and min, and the comparisons. */
#include <tgmath.h>

#include "arith.h"
#include "elementwise.h"

SET_FLOAT(BINARY, VAL, add, a + b)
INTS_NUMERIC(BINARY, VAL, add, wrap_add(a, b))

SET_FLOAT(BINARY, VAL, sub, a - b)
INTS_NUMERIC(BINARY, VAL, sub, wrap_sub(a, b))

SET_FLOAT(BINARY, VAL, mul, (a * b))
INTS_NUMERIC(BINARY, VAL, mul, wrap_mul(a, b))

SET_FLOAT(BINARY, VAL, div, a / b)
INTS_NUMERIC(BINARY, VAL, div, wrap_div(a, b))

SET_FLOAT(BINARY, WIDE, pow, pow(a, b))
INTS_WIDE(BINARY, VAL, pow, wrap_pow(a, b))

/* NaN if any is: a NaN in a is taken, and one in b makes the comparison false. */
SET_FLOAT(BINARY, VAL, max, isnan(a) || a >= b ? a : b)
INTS_NUMERIC(BINARY, VAL, max, a >= b ? a : b)

SET_FLOAT(BINARY, VAL, min, isnan(a) || a <= b ? a : b)
INTS_NUMERIC(BINARY, VAL, min, a <= b ? a : b)

SET_ALL(COMPARE, equal, a == b)
SET_NUMERIC(COMPARE, less, a < b)
SET_NUMERIC(COMPARE, greater, a > b)
