/* SPDX-License-Identifier: MIT */
/* argmax.h - the type-dependent inner parts of argmax. */
#ifndef CPU_ARGMAX_H
#define CPU_ARGMAX_H

#include "reduce.h"
#include "reduce_plan.h"

/* Where among n adjacent elements value is: the first, or the last; of NaN the first. */
typedef int64_t (*cpu__find_fn)(const void *x, int64_t n, cpu__part value, int last);
cpu__find_fn cpu__argmax_find(uint32_t dtype);

/* Which element wins in each of count rows of n adjacent ones, 0 < n <= CPU_ARGMAX_SHORT. */
enum { CPU_ARGMAX_SHORT = 64 };
typedef void (*cpu__short_fn)(const void *x, int64_t stride, int64_t count, int64_t n, int last,
                              int64_t *out, int64_t stride_out);
cpu__short_fn cpu__argmax_short(uint32_t dtype);

/* For each of n <= 256 adjacent columns, which of its rows (stride elements apart) wins. */
void cpu__argmax_cols(uint32_t dtype, const void *x, int64_t stride, int64_t rows, int64_t n,
                      int last, int32_t *index);

#endif
