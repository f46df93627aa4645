/* SPDX-License-Identifier: MIT */
/* vec_512.h - what vec.h needs for AVX-512 registers. Included by vec.h only.
 *
 * Masked and converting functions are the native ones: SIMDe 0.7 does not name them all,
 * and only real AVX-512 ever compiles this file.
 */
#ifndef CPU_VEC_512_H
#define CPU_VEC_512_H

#include <immintrin.h>
#include <simde/x86/avx512.h>

typedef simde__m512 vf32;
typedef simde__m512d vf64;
typedef simde__m512i vi32;
typedef simde__m512i vi64;
typedef __mmask16 vm32;
typedef __mmask8 vm64;

#define VEC_(op) simde_mm512_##op
#define VEC_SI(op) simde_mm512_##op##_si512
#define VEC_LOADU_SI(p) _mm512_loadu_si512((const void *)(p))
#define VEC_STOREU_SI(p, a) _mm512_storeu_si512((void *)(p), a)
#define VEC_BITS_PS(a) _mm512_castps_si512(a)
#define VEC_FLOAT_PS(a) _mm512_castsi512_ps(a)
#define VEC_BITS_PD(a) _mm512_castpd_si512(a)
#define VEC_DOUBLE_PD(a) _mm512_castsi512_pd(a)
#define VEC_SET1_I64(x) _mm512_set1_epi64(x)
#define VEC_SRAI(a, n) _mm512_srai_epi32(a, n)
#define VEC_MIN_PS(a, b) _mm512_min_ps(a, b)
#define VEC_MAX_PS(a, b) _mm512_max_ps(a, b)
#define VEC_MIN_PD(a, b) _mm512_min_pd(a, b)
#define VEC_MAX_PD(a, b) _mm512_max_pd(a, b)

static inline vf32 vf32_fma(vf32 a, vf32 b, vf32 c)
{
    return simde_mm512_fmadd_ps(a, b, c);
}
static inline vf64 vf64_fma(vf64 a, vf64 b, vf64 c)
{
    return simde_mm512_fmadd_pd(a, b, c);
}
/* fnma: -(a * b) + c, fms: a * b - c; rounded once, like fma */
static inline vf32 vf32_fnma(vf32 a, vf32 b, vf32 c)
{
    return simde_mm512_fnmadd_ps(a, b, c);
}
static inline vf64 vf64_fnma(vf64 a, vf64 b, vf64 c)
{
    return simde_mm512_fnmadd_pd(a, b, c);
}
static inline vf32 vf32_fms(vf32 a, vf32 b, vf32 c)
{
    return simde_mm512_fmsub_ps(a, b, c);
}
static inline vf64 vf64_fms(vf64 a, vf64 b, vf64 c)
{
    return simde_mm512_fmsub_pd(a, b, c);
}
static inline void vf32_stream(float *p, vf32 a)
{
    _mm512_stream_ps(p, a);
}
static inline void vf64_stream(double *p, vf64 a)
{
    _mm512_stream_pd(p, a);
}

static inline __mmask16 vec__first16(size_t n)
{
    return (__mmask16)((1u << n) - 1u);
}
static inline __mmask8 vec__first8(size_t n)
{
    return (__mmask8)((1u << n) - 1u);
}
static inline vf32 vf32_load_n(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps(vec__first16(n), p);
}
static inline void vf32_store_n(float *p, vf32 a, size_t n)
{
    _mm512_mask_storeu_ps(p, vec__first16(n), a);
}
static inline vf64 vf64_load_n(const double *p, size_t n)
{
    return _mm512_maskz_loadu_pd(vec__first8(n), p);
}
static inline void vf64_store_n(double *p, vf64 a, size_t n)
{
    _mm512_mask_storeu_pd(p, vec__first8(n), a);
}

static inline vm32 vf32_lt(vf32 a, vf32 b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
static inline vm32 vf32_le(vf32 a, vf32 b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}
static inline vm32 vf32_gt(vf32 a, vf32 b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
static inline vm32 vf32_ge(vf32 a, vf32 b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
}
static inline vm32 vf32_eq(vf32 a, vf32 b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
static inline vm32 vf32_ne(vf32 a, vf32 b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ);
}
static inline vm64 vf64_lt(vf64 a, vf64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ);
}
static inline vm64 vf64_le(vf64 a, vf64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ);
}
static inline vm64 vf64_gt(vf64 a, vf64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ);
}
static inline vm64 vf64_ge(vf64 a, vf64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ);
}
static inline vm64 vf64_eq(vf64 a, vf64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ);
}
static inline vm64 vf64_ne(vf64 a, vf64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_NEQ_UQ);
}
static inline vm32 vi32_gt(vi32 a, vi32 b)
{
    return _mm512_cmpgt_epi32_mask(a, b);
}
static inline vm32 vi32_eq(vi32 a, vi32 b)
{
    return _mm512_cmpeq_epi32_mask(a, b);
}
static inline vf32 vf32_select(vm32 m, vf32 a, vf32 b)
{
    return _mm512_mask_blend_ps(m, b, a);
}
static inline vf64 vf64_select(vm64 m, vf64 a, vf64 b)
{
    return _mm512_mask_blend_pd(m, b, a);
}
static inline vi32 vi32_select(vm32 m, vi32 a, vi32 b)
{
    return _mm512_mask_blend_epi32(m, b, a);
}
static inline vm32 vm32_and(vm32 a, vm32 b)
{
    return (vm32)(a & b);
}
static inline vm32 vm32_or(vm32 a, vm32 b)
{
    return (vm32)(a | b);
}
static inline vm64 vm64_and(vm64 a, vm64 b)
{
    return (vm64)(a & b);
}
static inline vm64 vm64_or(vm64 a, vm64 b)
{
    return (vm64)(a | b);
}
/* bit i: lane i */
static inline uint32_t vm32_bits(vm32 a)
{
    return (uint32_t)a;
}
static inline uint32_t vm64_bits(vm64 a)
{
    return (uint32_t)a;
}
static inline int vm32_any(vm32 a)
{
    return a != 0;
}
static inline int vm64_any(vm64 a)
{
    return a != 0;
}

#define VEC__NEAREST (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
static inline vf32 vf32_round(vf32 a)
{
    return _mm512_roundscale_ps(a, VEC__NEAREST);
}
static inline vf64 vf64_round(vf64 a)
{
    return _mm512_roundscale_pd(a, VEC__NEAREST);
}
/* to nearest even / toward 0; |a| < 2^31 */
static inline vi32 vf32_to_i32(vf32 a)
{
    return _mm512_cvtps_epi32(a);
}
static inline vi32 vf32_trunc_i32(vf32 a)
{
    return _mm512_cvttps_epi32(a);
}
static inline vf32 vf32_from_i32(vi32 a)
{
    return _mm512_cvtepi32_ps(a);
}
/* VF64_LANES floats, widened or rounded */
static inline vf64 vf64_load_f32(const float *p)
{
    return _mm512_cvtps_pd(_mm256_loadu_ps(p));
}
static inline void vf64_store_f32(float *p, vf64 a)
{
    _mm256_storeu_ps(p, _mm512_cvtpd_ps(a));
}

/* VF32_LANES 16-bit values as zero-extended lanes, and the low halves back */
static inline vi32 vi32_load_u16(const uint16_t *p)
{
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
static inline void vi32_store_u16(uint16_t *p, vi32 a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtepi32_epi16(a));
}
#define VEC_HAS_F16 1
static inline vf32 vf32_load_f16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
static inline void vf32_store_f16(uint16_t *p, vf32 a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtps_ph(a, VEC__NEAREST));
}

#endif
