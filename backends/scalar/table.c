/* SPDX-License-Identifier: MIT */
/* table.c - the kernels by op and dtype, one for each that ops.def names. */
#include "backend.h"
#include "kernels.h"

#define KERNEL(DT, T, op)                              \
    [VANE_##DT] = {.struct_size = sizeof(vane_kernel), \
                   .flags = VANE_KERNEL_CLEAN_FAIL,    \
                   .numerics = VANE_NUMERICS_ORACLE,   \
                   .name = #op "_" #T,                 \
                   .direct = scalar_##op##_##T,        \
                   .flops_per_ns = 0.3,                \
                   .bytes_per_ns = 1.5,                \
                   .launch_ns = 20},

static const vane_kernel kernels[VANE_OP_COUNT][VANE_DTYPE_COUNT] = {
#define VANE_OP(ID, op, SIG, P, SET, ...) [VANE_OP_##ID] = {SET_##SET(KERNEL, op)},
#include "vane/ops.def"
};

const vane_kernel *scalar_kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)d;
    (void)name;
    if (op >= VANE_OP_COUNT || dtype >= VANE_DTYPE_COUNT || !kernels[op][dtype].direct)
        return NULL;
    return &kernels[op][dtype];
}
