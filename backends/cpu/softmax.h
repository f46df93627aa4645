/* SPDX-License-Identifier: MIT */
/* softmax.h - the softmax kernels' lookup and the bodies of one type. */
#ifndef CPU_SOFTMAX_H
#define CPU_SOFTMAX_H

#include "vane/backend.h"

/* NULL: not supported. */
const vane_kernel *cpu__softmax_kernel(uint32_t op, uint32_t dtype);

enum { CPU_SOFTMAX_COLS = 64 };

typedef struct cpu__softmax_body {
    int64_t size, most; /* bytes of an element; elements of a row for rows() */
    /* One row of n elements, stride_x and stride_out apart. */
    void (*row)(const void *x, int64_t stride_x, void *out, int64_t stride_out, int64_t n);
    /* count rows of n <= most adjacent elements, stride_x and stride_out apart. */
    void (*rows)(const void *x, int64_t stride_x, void *out, int64_t stride_out, int64_t n,
                 int64_t count);
    /* cols <= CPU_SOFTMAX_COLS adjacent columns of n elements each. */
    void (*cols)(const void *x, int64_t stride_x, void *out, int64_t stride_out, int64_t n,
                 int64_t cols);
} cpu__softmax_body;

const cpu__softmax_body *cpu__softmax_body_of(uint32_t dtype);

#endif
