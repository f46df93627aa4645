/* SPDX-License-Identifier: MIT */
/* gemm_i32.c - matrix products of i32; everything wraps, so they are computed unsigned. */
#include "gemm_int.h"
#include "micro.h"

#define S uint32_t
#define T uint32_t
#define V vu32
#define LANES (VEC_BYTES / 4)
#define MR CPU_MR_INT
#define LOAD vu32_load
#define LOAD_N vu32_load_n
#define STORE vu32_store
#define STORE_N vu32_store_n
#define SET1 vu32_set1
#define ADD vu32_add
#define MUL vu32_mul
#define FMA vu32_fma
#define SLOAD LOAD
#define SLOAD_N LOAD_N
#define SSTORE STORE
#define SSTORE_N STORE_N
#define WIDEN(p) (*(p))
#define SCALAR(d) ((uint32_t)cpu__whole(d, 0x1p31))
#define MICRO micro_i32
#define MICRO_HERE
#define TYPE cpu__gemm_i32

static cpu_micro_fn micro_i32;

#include "gemm_body.h"
