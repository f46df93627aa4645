/* SPDX-License-Identifier: MIT */
/* ew_kernels.c - the elementwise ops' way into the table: asks each of their files. */
#include "ew.h"

const vane_kernel *cpu__elementwise_kernel(uint32_t op, uint32_t dtype)
{
    const vane_kernel *k = cpu__arith_kernel(op, dtype);
    if (!k)
        k = cpu__integer_kernel(op, dtype);
    if (!k)
        k = cpu__math_kernel(op, dtype);
    if (!k)
        k = cpu__pow_kernel(op, dtype);
    if (!k)
        k = cpu__compare_kernel(op, dtype);
    return k ? k : cpu__move_kernel(op, dtype);
}
