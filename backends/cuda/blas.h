/* SPDX-License-Identifier: MIT */
/* blas.h - cuBLAS's numbers and functions, as libcublas.so.13 and .12 have them; opened at run
 * time. */
#ifndef CUDA_BLAS_H
#define CUDA_BLAS_H

#include <cuda.h>
#include <stddef.h>

enum { BLAS_OP_N = 0, BLAS_OP_T = 1 };
enum { BLAS_R_32F = 0, BLAS_R_64F = 1, BLAS_R_16F = 2, BLAS_R_16BF = 14 };
enum { BLAS_COMPUTE_32F = 68, BLAS_COMPUTE_64F = 70 };
enum { BLAS_GEMM_DEFAULT = -1 };
/* CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION: sums of halves stay sums of floats */
enum { BLAS_MATH_EXACT_REDUCTION = 16 };
/* of statuses */
enum {
    BLAS_SUCCESS = 0,
    BLAS_NOT_INITIALIZED = 1,
    BLAS_ALLOC_FAILED = 3,
    BLAS_INVALID_VALUE = 7,
    BLAS_ARCH_MISMATCH = 8,
    BLAS_MAPPING_ERROR = 11,
    BLAS_EXECUTION_FAILED = 13,
    BLAS_INTERNAL_ERROR = 14,
    BLAS_NOT_SUPPORTED = 15
};

typedef struct cuda_blas_api {
#define BLAS_FN(name, arguments) int(*name) arguments;
#include "blas.def"
} cuda_blas_api;

#endif
