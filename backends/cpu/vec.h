/* SPDX-License-Identifier: MIT */
/* vec.h - one thin vector layer: the widest registers of the ISA this file is built for.
 *
 * Types   vf32 vf64 (floats), vi32 vi64 (the same registers as integers), vm32 vm64
 *         (comparison results, for select). VF32_LANES and VF64_LANES count elements.
 * Law     Every function gives the same bits in each lane on every ISA, but one: where the
 *         ISA has no FMA (generic x86), fma, fnma and fms round twice. No approximations.
 * NaN     min(a, b) is a < b ? a : b, so b where either is NaN; max likewise with a > b.
 *         min_nan and max_nan give NaN if either is, and of equals (0, -0) a. Comparisons
 *         with NaN are false, ne true.
 * Memory  load and store need no alignment. _n forms touch the first n lanes only (n from
 *         0 to the lane count): others read as 0 and are not written. stream wants
 *         p aligned to VEC_BYTES and a VEC_FENCE() after the last one.
 *
 * SIMDe names become the native intrinsics under the right compiler flags. vec_128.h,
 * vec_256.h and vec_512.h hold what differs between widths; vec_half.h has f16 and bf16.
 */
#ifndef CPU_VEC_H
#define CPU_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define VEC_BYTES 64
#include "vec_512.h"
#elif defined(__AVX2__)
#define VEC_BYTES 32
#include "vec_256.h"
#else
#define VEC_BYTES 16
#include "vec_128.h"
#endif

#if defined(__FMA__) || defined(__aarch64__)
#define VEC_HAS_FMA 1
#else
#define VEC_HAS_FMA 0
#endif

#define VF32_LANES (VEC_BYTES / 4)
#define VF64_LANES (VEC_BYTES / 8)
#define VEC_FENCE() simde_mm_sfence()

/* ---- f32 ----------------------------------------------------------------------- */

static inline vf32 vf32_load(const float *p)
{
    return VEC_(loadu_ps)(p);
}
static inline void vf32_store(float *p, vf32 a)
{
    VEC_(storeu_ps)(p, a);
}
static inline vf32 vf32_set1(float x)
{
    return VEC_(set1_ps)(x);
}
static inline vf32 vf32_zero(void)
{
    return VEC_(setzero_ps)();
}
static inline vf32 vf32_add(vf32 a, vf32 b)
{
    return VEC_(add_ps)(a, b);
}
static inline vf32 vf32_sub(vf32 a, vf32 b)
{
    return VEC_(sub_ps)(a, b);
}
static inline vf32 vf32_mul(vf32 a, vf32 b)
{
    return VEC_(mul_ps)(a, b);
}
static inline vf32 vf32_div(vf32 a, vf32 b)
{
    return VEC_(div_ps)(a, b);
}
static inline vf32 vf32_sqrt(vf32 a)
{
    return VEC_(sqrt_ps)(a);
}
static inline vi32 vf32_bits(vf32 a)
{
    return VEC_BITS_PS(a);
}
static inline vf32 vi32_float(vi32 a)
{
    return VEC_FLOAT_PS(a);
} /* the bits, reinterpreted */

/* ---- f64 ----------------------------------------------------------------------- */

static inline vf64 vf64_load(const double *p)
{
    return VEC_(loadu_pd)(p);
}
static inline void vf64_store(double *p, vf64 a)
{
    VEC_(storeu_pd)(p, a);
}
static inline vf64 vf64_set1(double x)
{
    return VEC_(set1_pd)(x);
}
static inline vf64 vf64_zero(void)
{
    return VEC_(setzero_pd)();
}
static inline vf64 vf64_add(vf64 a, vf64 b)
{
    return VEC_(add_pd)(a, b);
}
static inline vf64 vf64_sub(vf64 a, vf64 b)
{
    return VEC_(sub_pd)(a, b);
}
static inline vf64 vf64_mul(vf64 a, vf64 b)
{
    return VEC_(mul_pd)(a, b);
}
static inline vf64 vf64_div(vf64 a, vf64 b)
{
    return VEC_(div_pd)(a, b);
}
static inline vf64 vf64_sqrt(vf64 a)
{
    return VEC_(sqrt_pd)(a);
}
static inline vi64 vf64_bits(vf64 a)
{
    return VEC_BITS_PD(a);
}
static inline vf64 vi64_double(vi64 a)
{
    return VEC_DOUBLE_PD(a);
} /* reinterpreted */

/* ---- integers ------------------------------------------------------------------ */

static inline vi32 vi32_load(const int32_t *p)
{
    return VEC_LOADU_SI(p);
}
static inline void vi32_store(int32_t *p, vi32 a)
{
    VEC_STOREU_SI(p, a);
}
static inline vi32 vi32_set1(int32_t x)
{
    return VEC_(set1_epi32)(x);
}
static inline vi32 vi32_add(vi32 a, vi32 b)
{
    return VEC_(add_epi32)(a, b);
}
static inline vi32 vi32_sub(vi32 a, vi32 b)
{
    return VEC_(sub_epi32)(a, b);
}
static inline vi32 vi32_and(vi32 a, vi32 b)
{
    return VEC_SI(and)(a, b);
}
static inline vi32 vi32_or(vi32 a, vi32 b)
{
    return VEC_SI(or)(a, b);
}
static inline vi32 vi32_xor(vi32 a, vi32 b)
{
    return VEC_SI(xor)(a, b);
}
/* n: a constant, 0 to 31 (63) */
#define vi32_shl(a, n) VEC_(slli_epi32)(a, n)
#define vi32_shr(a, n) VEC_(srli_epi32)(a, n) /* zeros come in */
#define vi32_sar(a, n) VEC_SRAI(a, n)         /* the sign comes in */
static inline vi64 vi64_set1(int64_t x)
{
    return VEC_SET1_I64(x);
}
static inline vi64 vi64_add(vi64 a, vi64 b)
{
    return VEC_(add_epi64)(a, b);
}
static inline vi64 vi64_sub(vi64 a, vi64 b)
{
    return VEC_(sub_epi64)(a, b);
}
static inline vi64 vi64_and(vi64 a, vi64 b)
{
    return VEC_SI(and)(a, b);
}
static inline vi64 vi64_or(vi64 a, vi64 b)
{
    return VEC_SI(or)(a, b);
}
static inline vi64 vi64_xor(vi64 a, vi64 b)
{
    return VEC_SI(xor)(a, b);
}
#define vi64_shl(a, n) VEC_(slli_epi64)(a, n)
#define vi64_shr(a, n) VEC_(srli_epi64)(a, n)

/* ---- made of the above --------------------------------------------------------- */

static inline vf32 vf32_abs(vf32 a)
{
    return vi32_float(vi32_and(vf32_bits(a), vi32_set1(0x7fffffff)));
}
static inline vf32 vf32_neg(vf32 a)
{
    return vi32_float(vi32_xor(vf32_bits(a), vi32_set1(INT32_MIN)));
}
static inline vf64 vf64_abs(vf64 a)
{
    return vi64_double(vi64_and(vf64_bits(a), vi64_set1(INT64_MAX)));
}
static inline vf64 vf64_neg(vf64 a)
{
    return vi64_double(vi64_xor(vf64_bits(a), vi64_set1(INT64_MIN)));
}
/* the magnitude of a with the sign of s */
static inline vf32 vf32_copysign(vf32 a, vf32 s)
{
    vi32 sign = vi32_and(vf32_bits(s), vi32_set1(INT32_MIN));
    return vi32_float(vi32_or(vf32_bits(vf32_abs(a)), sign));
}
static inline vf64 vf64_copysign(vf64 a, vf64 s)
{
    vi64 sign = vi64_and(vf64_bits(s), vi64_set1(INT64_MIN));
    return vi64_double(vi64_or(vf64_bits(vf64_abs(a)), sign));
}
static inline vf32 vf32_min(vf32 a, vf32 b)
{
    return VEC_MIN_PS(a, b);
}
static inline vf32 vf32_max(vf32 a, vf32 b)
{
    return VEC_MAX_PS(a, b);
}
static inline vf64 vf64_min(vf64 a, vf64 b)
{
    return VEC_MIN_PD(a, b);
}
static inline vf64 vf64_max(vf64 a, vf64 b)
{
    return VEC_MAX_PD(a, b);
}
static inline vf32 vf32_min_nan(vf32 a, vf32 b)
{
    return vf32_select(vf32_ne(b, b), b, vf32_min(b, a));
}
static inline vf32 vf32_max_nan(vf32 a, vf32 b)
{
    return vf32_select(vf32_ne(b, b), b, vf32_max(b, a));
}
static inline vf64 vf64_min_nan(vf64 a, vf64 b)
{
    return vf64_select(vf64_ne(b, b), b, vf64_min(b, a));
}
static inline vf64 vf64_max_nan(vf64 a, vf64 b)
{
    return vf64_select(vf64_ne(b, b), b, vf64_max(b, a));
}

#include "vec_half.h"

#endif
