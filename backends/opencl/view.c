/* SPDX-License-Identifier: MIT */
/* view.c - what every family asks of an operand: its memory, and where in that it begins.
 */
#include "opencl.h"

cl_mem ocl_view_mem(const vane_view *v)
{
    return v->mem ? v->mem->mem : NULL;
}

int64_t ocl_view_at(const vane_view *v)
{
    return (int64_t)(v->offset_bytes / common_dtype_bytes(v->dtype));
}
