/* SPDX-License-Identifier: MIT */
/* nvml.h - NVML's types and functions, as libnvidia-ml.so.1 has them; opened at run time. */
#ifndef CUDA_NVML_H
#define CUDA_NVML_H

enum { NVML_SUCCESS = 0, NVML_ERROR_NOT_SUPPORTED = 3, NVML_ERROR_GPU_IS_LOST = 15 };
enum { NVML_CLOCK_SM = 1, NVML_TEMPERATURE_GPU = 0 };
/* of the reasons: software power cap, hardware slowdown, thermal ones, power brake */
#define NVML_THROTTLE_MASK 0xecull

typedef struct nvml_utilization { /* per cent of the last sample period */
    unsigned gpu, memory;
} nvml_utilization;
typedef struct nvml_memory { /* bytes */
    unsigned long long total, free, used;
} nvml_memory;

typedef struct cuda_nvml_api {
#define NVML_FN(name, arguments) int(*name) arguments;
#include "nvml.def"
} cuda_nvml_api;

#endif
