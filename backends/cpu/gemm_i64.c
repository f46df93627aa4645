/* SPDX-License-Identifier: MIT */
/* gemm_i64.c - matrix products of i64; everything wraps, so they are computed unsigned. */
#include "gemm_int.h"
#include "micro.h"

#define S uint64_t
#define T uint64_t
#define V vu64
#define LANES (VEC_BYTES / 8)
#define MR CPU_MR_INT
#define LOAD vu64_load
#define LOAD_N vu64_load_n
#define STORE vu64_store
#define STORE_N vu64_store_n
#define SET1 vu64_set1
#define ADD vu64_add
#define MUL vu64_mul
#define FMA vu64_fma
#define SLOAD LOAD
#define SLOAD_N LOAD_N
#define SSTORE STORE
#define SSTORE_N STORE_N
#define WIDEN(p) (*(p))
#define SCALAR(d) ((uint64_t)cpu__whole(d, 0x1p63))
#define MICRO micro_i64
#define MICRO_HERE
#define TYPE cpu__gemm_i64

static cpu_micro_fn micro_i64;

#include "gemm_body.h"
