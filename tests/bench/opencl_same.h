/* SPDX-License-Identifier: MIT */
/* opencl_same.h - Vane's own kernel, for OpenCL host code written by hand. */
#ifndef BENCH_OPENCL_SAME_H
#define BENCH_OPENCL_SAME_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

#include "opencl_bench.h"

enum { HAND_TEXTS = 4 };

/* What of the device decides how the work is cut. */
typedef struct hand_shape {
    int is_cpu, exact_division;
    size_t units, group;
} hand_shape;

typedef struct hand_place { /* places.cl's flat_place */
    cl_long n, chunk, param[2], at[4];
} hand_place;

typedef __typeof__(&clGetDeviceInfo) hand_info;
void hand_shape_of(hand_shape *s, cl_device_id d, hand_info info);
/* The program's sources (HAND_TEXTS of them) and options. Its kernel is "flat". */
void hand_same_texts(const hand_shape *s, bench_op op, const char **texts, char *options,
                     size_t bytes);
void hand_same_cut(const hand_shape *s, size_t n, hand_place *place, size_t *global, size_t *local);

#endif
