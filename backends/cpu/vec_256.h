/* SPDX-License-Identifier: MIT */
/* vec_256.h - what vec.h needs for AVX2 registers. Included by vec.h only. */
#ifndef CPU_VEC_256_H
#define CPU_VEC_256_H

#include <simde/x86/avx2.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>

typedef simde__m256 vf32;
typedef simde__m256d vf64;
typedef simde__m256i vi32;
typedef simde__m256i vi64;
typedef simde__m256 vm32; /* all ones or all zeros in each lane */
typedef simde__m256d vm64;

#define VEC_(op) simde_mm256_##op
#define VEC_SI(op) simde_mm256_##op##_si256
#define VEC_LOADU_SI(p) simde_mm256_loadu_si256((const simde__m256i *)(const void *)(p))
#define VEC_STOREU_SI(p, a) simde_mm256_storeu_si256((simde__m256i *)(void *)(p), a)
#define VEC_BITS_PS(a) simde_mm256_castps_si256(a)
#define VEC_FLOAT_PS(a) simde_mm256_castsi256_ps(a)
#define VEC_BITS_PD(a) simde_mm256_castpd_si256(a)
#define VEC_DOUBLE_PD(a) simde_mm256_castsi256_pd(a)
#define VEC_SET1_I64(x) simde_mm256_set1_epi64x(x)
#define VEC_SRAI(a, n) simde_mm256_srai_epi32(a, n)
#define VEC_MIN_PS(a, b) simde_mm256_min_ps(a, b)
#define VEC_MAX_PS(a, b) simde_mm256_max_ps(a, b)
#define VEC_MIN_PD(a, b) simde_mm256_min_pd(a, b)
#define VEC_MAX_PD(a, b) simde_mm256_max_pd(a, b)

static inline vf32 vf32_fma(vf32 a, vf32 b, vf32 c)
{
    return simde_mm256_fmadd_ps(a, b, c);
}
static inline vf64 vf64_fma(vf64 a, vf64 b, vf64 c)
{
    return simde_mm256_fmadd_pd(a, b, c);
}
/* fnma: -(a * b) + c, fms: a * b - c; rounded once, like fma */
static inline vf32 vf32_fnma(vf32 a, vf32 b, vf32 c)
{
    return simde_mm256_fnmadd_ps(a, b, c);
}
static inline vf64 vf64_fnma(vf64 a, vf64 b, vf64 c)
{
    return simde_mm256_fnmadd_pd(a, b, c);
}
static inline vf32 vf32_fms(vf32 a, vf32 b, vf32 c)
{
    return simde_mm256_fmsub_ps(a, b, c);
}
static inline vf64 vf64_fms(vf64 a, vf64 b, vf64 c)
{
    return simde_mm256_fmsub_pd(a, b, c);
}
static inline void vf32_stream(float *p, vf32 a)
{
    simde_mm256_stream_ps(p, a);
}
static inline void vf64_stream(double *p, vf64 a)
{
    simde_mm256_stream_pd(p, a);
}

static inline vi32 vec__first32(size_t n)
{
    vi32 lane = simde_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return simde_mm256_cmpgt_epi32(simde_mm256_set1_epi32((int)n), lane);
}
static inline vi64 vec__first64(size_t n)
{
    vi64 lane = simde_mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
    return simde_mm256_cmpgt_epi32(simde_mm256_set1_epi32((int)n), lane);
}
static inline vf32 vf32_load_n(const float *p, size_t n)
{
    return simde_mm256_maskload_ps(p, vec__first32(n));
}
static inline void vf32_store_n(float *p, vf32 a, size_t n)
{
    simde_mm256_maskstore_ps(p, vec__first32(n), a);
}
static inline vf64 vf64_load_n(const double *p, size_t n)
{
    return simde_mm256_maskload_pd(p, vec__first64(n));
}
static inline void vf64_store_n(double *p, vf64 a, size_t n)
{
    simde_mm256_maskstore_pd(p, vec__first64(n), a);
}

#define VEC__CMP(name, type, mask, suffix, how)                 \
    static inline mask name(type a, type b)                     \
    {                                                           \
        return simde_mm256_cmp_##suffix(a, b, SIMDE_CMP_##how); \
    }
VEC__CMP(vf32_lt, vf32, vm32, ps, LT_OQ)
VEC__CMP(vf32_le, vf32, vm32, ps, LE_OQ)
VEC__CMP(vf32_gt, vf32, vm32, ps, GT_OQ)
VEC__CMP(vf32_ge, vf32, vm32, ps, GE_OQ)
VEC__CMP(vf32_eq, vf32, vm32, ps, EQ_OQ)
VEC__CMP(vf32_ne, vf32, vm32, ps, NEQ_UQ)
VEC__CMP(vf64_lt, vf64, vm64, pd, LT_OQ)
VEC__CMP(vf64_le, vf64, vm64, pd, LE_OQ)
VEC__CMP(vf64_gt, vf64, vm64, pd, GT_OQ)
VEC__CMP(vf64_ge, vf64, vm64, pd, GE_OQ)
VEC__CMP(vf64_eq, vf64, vm64, pd, EQ_OQ)
VEC__CMP(vf64_ne, vf64, vm64, pd, NEQ_UQ)
#undef VEC__CMP
static inline vm32 vi32_gt(vi32 a, vi32 b)
{
    return VEC_FLOAT_PS(simde_mm256_cmpgt_epi32(a, b));
}
static inline vm32 vi32_eq(vi32 a, vi32 b)
{
    return VEC_FLOAT_PS(simde_mm256_cmpeq_epi32(a, b));
}
static inline vf32 vf32_select(vm32 m, vf32 a, vf32 b)
{
    return simde_mm256_blendv_ps(b, a, m);
}
static inline vf64 vf64_select(vm64 m, vf64 a, vf64 b)
{
    return simde_mm256_blendv_pd(b, a, m);
}
static inline vi32 vi32_select(vm32 m, vi32 a, vi32 b)
{
    return VEC_BITS_PS(simde_mm256_blendv_ps(VEC_FLOAT_PS(b), VEC_FLOAT_PS(a), m));
}
static inline vm32 vm32_and(vm32 a, vm32 b)
{
    return simde_mm256_and_ps(a, b);
}
static inline vm32 vm32_or(vm32 a, vm32 b)
{
    return simde_mm256_or_ps(a, b);
}
static inline vm64 vm64_and(vm64 a, vm64 b)
{
    return simde_mm256_and_pd(a, b);
}
static inline vm64 vm64_or(vm64 a, vm64 b)
{
    return simde_mm256_or_pd(a, b);
}
/* bit i: lane i */
static inline uint32_t vm32_bits(vm32 a)
{
    return (uint32_t)simde_mm256_movemask_ps(a);
}
static inline uint32_t vm64_bits(vm64 a)
{
    return (uint32_t)simde_mm256_movemask_pd(a);
}
static inline int vm32_any(vm32 a)
{
    return simde_mm256_movemask_ps(a) != 0;
}
static inline int vm64_any(vm64 a)
{
    return simde_mm256_movemask_pd(a) != 0;
}

#define VEC__NEAREST (SIMDE_MM_FROUND_TO_NEAREST_INT | SIMDE_MM_FROUND_NO_EXC)
static inline vf32 vf32_round(vf32 a)
{
    return simde_mm256_round_ps(a, VEC__NEAREST);
}
static inline vf64 vf64_round(vf64 a)
{
    return simde_mm256_round_pd(a, VEC__NEAREST);
}
/* to nearest even / toward 0; |a| < 2^31 */
static inline vi32 vf32_to_i32(vf32 a)
{
    return simde_mm256_cvtps_epi32(a);
}
static inline vi32 vf32_trunc_i32(vf32 a)
{
    return simde_mm256_cvttps_epi32(a);
}
static inline vf32 vf32_from_i32(vi32 a)
{
    return simde_mm256_cvtepi32_ps(a);
}
/* VF64_LANES floats, widened or rounded */
static inline vf64 vf64_load_f32(const float *p)
{
    return simde_mm256_cvtps_pd(simde_mm_loadu_ps(p));
}
static inline void vf64_store_f32(float *p, vf64 a)
{
    simde_mm_storeu_ps(p, simde_mm256_cvtpd_ps(a));
}

/* VF32_LANES 16-bit values as zero-extended lanes, and the low halves back */
static inline vi32 vi32_load_u16(const uint16_t *p)
{
    return simde_mm256_cvtepu16_epi32(simde_mm_loadu_si128((const simde__m128i *)(const void *)p));
}
static inline void vi32_store_u16(uint16_t *p, vi32 a)
{
    vi32 low = simde_mm256_and_si256(a, simde_mm256_set1_epi32(0xffff));
    simde__m128i lo = simde_mm256_castsi256_si128(low), hi = simde_mm256_extracti128_si256(low, 1);
    simde_mm_storeu_si128((simde__m128i *)(void *)p, simde_mm_packus_epi32(lo, hi));
}
#define VEC_HAS_F16 1
static inline vf32 vf32_load_f16(const uint16_t *p)
{
    return simde_mm256_cvtph_ps(simde_mm_loadu_si128((const simde__m128i *)(const void *)p));
}
static inline void vf32_store_f16(uint16_t *p, vf32 a)
{
    simde__m128i h = simde_mm256_cvtps_ph(a, VEC__NEAREST);
    simde_mm_storeu_si128((simde__m128i *)(void *)p, h);
}

#endif
