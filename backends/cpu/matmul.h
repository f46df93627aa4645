/* SPDX-License-Identifier: MIT */
/* matmul.h - the kernels of MATMUL, GEMM and DOT. */
#ifndef CPU_MATMUL_H
#define CPU_MATMUL_H

#include "vane/backend.h"

/* NULL: not one of these ops, or a dtype that they do not have. */
const vane_kernel *cpu__matmul_kernel(uint32_t op, uint32_t dtype);

#endif
