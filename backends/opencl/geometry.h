/* SPDX-License-Identifier: MIT */
/* geometry.h - where the operands of an elementwise call lie, and how its kernels are launched:
 * what elementwise.c and move.c share. The kernels are in places.cl.
 */
#ifndef OCL_GEOMETRY_H
#define OCL_GEOMETRY_H

#include "opencl.h"

#define OCL_PLACE_OPERANDS 4
/* places.cl's place; what comes before rank is its flat_place. Offsets and strides in elements. */
typedef struct ocl_place {
    int64_t n, chunk; /* elements, and of them a work-item of walk */
    int64_t param[2]; /* the bits of a C */
    int64_t at[OCL_PLACE_OPERANDS];
    int32_t rank;
    int32_t even; /* the last dimension's strides are 0 or 1, the output's 1 */
    int64_t shape[VANE_VIEW_RANK];
    int64_t stride[OCL_PLACE_OPERANDS][VANE_VIEW_RANK];
} ocl_place;

/* places.cl's VARIANT bit that geometry.c sets; bit 0 is the op's */
#define OCL_VARIANT_WIDE 2u

/* args.c: a kernel of slot, which is f's, that has the operands of call and bytes of p as its
 * arguments; *code: how setting them went. */
cl_kernel ocl_args_set(vane_queue *q, const ocl_function *f, ocl_slot *slot, const vane_call *call,
                       const ocl_place *p, size_t bytes, cl_int *code);

/* Launches flat, walk or spread of f's program, by the call's strides. f: source, op, dtypes and
 * variant; p: the parameters. */
vane_status ocl_place_launch(vane_queue *q, const ocl_kernel *k, const vane_call *call,
                             ocl_function *f, ocl_place *p, cl_event *out);

#endif
