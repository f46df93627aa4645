/* SPDX-License-Identifier: MIT */
/* driver.h - the CUDA driver's functions, opened at run time: nothing of NVIDIA's is linked. */
#ifndef CUDA_DRIVER_H
#define CUDA_DRIVER_H

#include <cuda.h>

/* The form that every driver since 11.4 exports; newer headers rename it. */
#undef cuEventElapsedTime
CUresult CUDAAPI cuEventElapsedTime(float *ms, CUevent begin, CUevent end);

typedef struct cuda_driver {
#define CUDA_FN(name) __typeof__(&name) name;
#include "driver.def"
} cuda_driver;

#endif
