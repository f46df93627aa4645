/* SPDX-License-Identifier: MIT */
/* place.h - where the operands of an elementwise call lie, and how its kernels are launched: what
 * elementwise.c and move.c share.
 */
#ifndef CUDA_PLACE_H
#define CUDA_PLACE_H

#include "gpu.h"
#include "kernels/args.h"

/* What of a call is the op's affair. */
typedef struct cuda_job {
    cuda_stem flat; /* over contiguous operands; the next stem is the one over places */
    uint32_t dtype; /* that the kernel's name ends in */
    uint32_t lanes; /* elements of a pack, over places; 0: by the size of dtype */
    int32_t op;
    uint64_t param[2];
} cuda_job;

vane_status cuda_place_launch(vane_queue *q, const vane_call *call, const cuda_job *job);

divisor cuda_divisor(uint32_t length);

#endif
