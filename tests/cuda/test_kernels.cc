/* SPDX-License-Identifier: MIT */
/* test_kernels.cc - small kernels for test_driver.c, whose structs it repeats. */
#include "kernel.h"

struct scale_args {
    const float *x;
    float *y;
    uint64_t n;
    float by;
};

KERNEL(test_scale, scale_args, 128)
{
    const uint64_t step = (uint64_t)gridDim.x * blockDim.x;
    for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < a.n; i += step)
        a.y[i] = a.x[i] * a.by;
}
