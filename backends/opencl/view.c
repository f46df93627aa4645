/* SPDX-License-Identifier: MIT */
/* view.c - what every family asks of an operand: its data type's name and size, its memory, and
 * where in that it begins.
 */
#include "opencl.h"

const char *ocl_dtype_name(uint32_t dtype)
{
    static const char *const names[] = {
#define OCL_DTYPE_NAME(NAME, name, bytes) #name,
        VANE_DTYPE_MAP(OCL_DTYPE_NAME)
#undef OCL_DTYPE_NAME
    };
    return names[dtype];
}

uint64_t ocl_dtype_bytes(uint32_t dtype)
{
    static const uint8_t sizes[] = {
#define OCL_DTYPE_BYTES(NAME, name, bytes) bytes,
        VANE_DTYPE_MAP(OCL_DTYPE_BYTES)
#undef OCL_DTYPE_BYTES
    };
    return sizes[dtype];
}

cl_mem ocl_view_mem(const vane_view *v)
{
    return v->mem ? v->mem->mem : NULL;
}

int64_t ocl_view_at(const vane_view *v)
{
    return (int64_t)(v->offset_bytes / ocl_dtype_bytes(v->dtype));
}
