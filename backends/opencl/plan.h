/* SPDX-License-Identifier: MIT */
/* plan.h - the dimensions of a REDUCE, ARGMAX, DOT or SOFTMAX call as the kernels of reduce.cl,
 * argmax.cl and softmax.cl get them, and how the work is cut.
 *
 * An output's terms are cut into chunks; a chunk is the work of one work-item (CPU device) or team
 * (GPU).
 */
#ifndef OCL_PLAN_H
#define OCL_PLAN_H

#include "../common/dims.h"
#include "opencl.h"

#define OCL_PLAN_DIMS COMMON_DIMS

/* As plan.cl declares it: 64-bit fields only, so that every compiler lays it out alike. */
typedef struct ocl_plan {
    int64_t x_at, y_at, out_at; /* where the operands begin, in elements */
    int64_t outputs, terms;     /* terms of each output */
    int64_t chunk, chunks;      /* terms of a chunk; chunks of an output */
    int64_t tiles;              /* CPU, across: parts of the innermost kept dimension */
    int64_t lanes;              /* GPU: work-items of a team, a power of two */
    int64_t y_step;             /* DOT: stride of the second input; SOFTMAX: of the output */
    int64_t last_index;         /* ARGMAX */
    int64_t n_kept, n_red;      /* at least 1 */
    int64_t kept[OCL_PLAN_DIMS], kept_x[OCL_PLAN_DIMS], kept_out[OCL_PLAN_DIMS];
    int64_t red[OCL_PLAN_DIMS], red_x[OCL_PLAN_DIMS];
} ocl_plan;

/* How it runs on the device. */
typedef enum ocl_way { OCL_ALONG, OCL_ACROSS, OCL_TEAMS } ocl_way;
typedef struct ocl_cut {
    ocl_way way;
    uint32_t variant;     /* of the program: 0 CPU, 1 GPU, 3 GPU with 64-bit offsets */
    size_t global, local; /* of the first kernel */
} ocl_cut;

/* Dimensions from n_outer on are reduced; ordered: they stay as they are. */
void ocl_plan_reduce(ocl_plan *p, const vane_call *call, uint32_t n_outer, int ordered);
void ocl_plan_dot(ocl_plan *p, const vane_call *call);
/* Cuts the terms into chunks and shares the chunks out. */
ocl_cut ocl_plan_cut(ocl_plan *p, const vane_device *d, uint32_t op);
/* For the kernel that folds the chunks of each output: lanes, and its global size. */
size_t ocl_plan_fold(ocl_plan *p, const vane_device *d, const ocl_cut *cut);
/* The program's variant for a GPU: 1, or 3 where offsets need 64 bits. */
uint32_t ocl_plan_variant(const ocl_plan *p);
static inline int64_t ocl_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t ocl_most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
/* How many parts of size it takes to hold n. */
static inline int64_t ocl_parts(int64_t n, int64_t size)
{
    return (n + size - 1) / size;
}
/* The largest power of two that is no larger, at least 1. */
int64_t ocl_power_of_two(int64_t n);

#endif
