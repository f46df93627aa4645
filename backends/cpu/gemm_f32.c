/* SPDX-License-Identifier: MIT */
/* gemm_f32.c - matrix products of f32, and the tile that f16 and bf16 share. */
#include "gemm_turn.h"
#include "micro.h"

#define S float
#define T float
#define V vf32
#define LANES VF32_LANES
#define MR CPU_MR
#define LOAD vf32_load
#define LOAD_N vf32_load_n
#define STORE vf32_store
#define STORE_N vf32_store_n
#define SET1 vf32_set1
#define ADD vf32_add
#define MUL vf32_mul
#define FMA vf32_fma
#define SLOAD vf32_load
#define SLOAD_N vf32_load_n
#define SSTORE vf32_store
#define SSTORE_N vf32_store_n
#define WIDEN(p) (*(p))
#define SCALAR(d) ((float)(d))
#define TRANSPOSE4 cpu__turn_f32
#define MICRO cpu__micro_f32
#define MICRO_HERE
#define TYPE cpu__gemm_f32

#include "gemm_body.h"
