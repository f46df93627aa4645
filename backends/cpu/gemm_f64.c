/* SPDX-License-Identifier: MIT */
/* gemm_f64.c - matrix products of f64. */
#include "micro.h"

#define S double
#define T double
#define V vf64
#define LANES VF64_LANES
#define MR CPU_MR
#define LOAD vf64_load
#define LOAD_N vf64_load_n
#define STORE vf64_store
#define STORE_N vf64_store_n
#define SET1 vf64_set1
#define ADD vf64_add
#define MUL vf64_mul
#define FMA vf64_fma
#define SLOAD vf64_load
#define SLOAD_N vf64_load_n
#define SSTORE vf64_store
#define SSTORE_N vf64_store_n
#define WIDEN(p) (*(p))
#define SCALAR(d) (d)
#define MICRO micro_f64
#define MICRO_HERE
#define TYPE cpu__gemm_f64

static cpu_micro_fn micro_f64;

#include "gemm_body.h"
