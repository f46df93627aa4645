/* SPDX-License-Identifier: MIT */
/* kernels.h - which kernel computes an op on a data type; and how one is written down. */
#ifndef CPU_KERNELS_H
#define CPU_KERNELS_H

#include "vane/backend.h"

/* NULL: this backend has none. */
const vane_kernel *cpu__kernel(uint32_t op, uint32_t dtype);

/* A row of a table of kernels. */
typedef struct cpu_row {
    uint32_t op, dtype;
    vane_kernel kernel;
} cpu_row;

/* The row of (op, dtype), or NULL. */
const vane_kernel *cpu__find(const cpu_row *rows, size_t count, uint32_t op, uint32_t dtype);

#endif
