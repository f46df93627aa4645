/* SPDX-License-Identifier: MIT */
/* gemm_f16.c - matrix products of f16: widened to f32 when packed, rounded once at the end. */
#include "gemm_turn.h"
#include "micro.h"

static inline float widen_f16(const uint16_t *p)
{
    float lane[VF32_LANES];
    vf32_store(lane, vf32_load_f16_n(p, 1));
    return lane[0];
}

#define S uint16_t
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
#define SLOAD vf32_load_f16
#define SLOAD_N vf32_load_f16_n
#define SSTORE vf32_store_f16
#define SSTORE_N vf32_store_f16_n
#define WIDEN(p) widen_f16(p)
#define SCALAR(d) ((float)(d))
#define MICRO cpu__micro_f32
#define TYPE cpu__gemm_f16

#include "gemm_body.h"
