/* SPDX-License-Identifier: MIT */
/* vec_128.h - what vec.h needs for 16-byte registers: NEON, or SSE2 (the generic build).
 * Included by vec.h only.
 *
 * Where SIMDe's portable body would not be one NEON instruction, or leaves the result to the
 * platform, NEON's own intrinsic stands beside it.
 */
#ifndef CPU_VEC_128_H
#define CPU_VEC_128_H

#if defined(__aarch64__)
#include <arm_neon.h>
#define VEC__NEON 1
#else
#define VEC__NEON 0
#endif
#include <simde/x86/sse2.h>
#include <simde/x86/sse4.1.h>

typedef simde__m128 vf32;
typedef simde__m128d vf64;
typedef simde__m128i vi32;
typedef simde__m128i vi64;
typedef simde__m128 vm32; /* all ones or all zeros in each lane */
typedef simde__m128d vm64;

#define VEC_(op) simde_mm_##op
#define VEC_SI(op) simde_mm_##op##_si128
#define VEC_LOADU_SI(p) simde_mm_loadu_si128((const simde__m128i *)(const void *)(p))
#define VEC_STOREU_SI(p, a) simde_mm_storeu_si128((simde__m128i *)(void *)(p), a)
#define VEC_BITS_PS(a) simde_mm_castps_si128(a)
#define VEC_FLOAT_PS(a) simde_mm_castsi128_ps(a)
#define VEC_BITS_PD(a) simde_mm_castpd_si128(a)
#define VEC_DOUBLE_PD(a) simde_mm_castsi128_pd(a)
#define VEC_SET1_I64(x) simde_mm_set1_epi64x(x)
#define VEC_SRAI(a, n) simde_mm_srai_epi32(a, n)

static inline void vf32_stream(float *p, vf32 a)
{
    simde_mm_stream_ps(p, a);
}
static inline void vf64_stream(double *p, vf64 a)
{
    simde_mm_stream_pd(p, a);
}

/* memcpy of a size that is not constant would be a call: one lane at a time instead. */
static inline vf32 vf32_load_n(const float *p, size_t n)
{
    float t[4] = {0, 0, 0, 0};
    for (size_t i = 0; i < n && i < 4; i++)
        t[i] = p[i];
    return simde_mm_loadu_ps(t);
}
static inline void vf32_store_n(float *p, vf32 a, size_t n)
{
    float t[4];
    simde_mm_storeu_ps(t, a);
    for (size_t i = 0; i < n && i < 4; i++)
        p[i] = t[i];
}
static inline vf64 vf64_load_n(const double *p, size_t n)
{
    double t[2] = {n > 0 ? p[0] : 0, n > 1 ? p[1] : 0};
    return simde_mm_loadu_pd(t);
}
static inline void vf64_store_n(double *p, vf64 a, size_t n)
{
    double t[2];
    simde_mm_storeu_pd(t, a);
    for (size_t i = 0; i < n && i < 2; i++)
        p[i] = t[i];
}

#define VEC__CMP(name, type, mask, op)      \
    static inline mask name(type a, type b) \
    {                                       \
        return simde_mm_##op(a, b);         \
    }
VEC__CMP(vf32_lt, vf32, vm32, cmplt_ps)
VEC__CMP(vf32_le, vf32, vm32, cmple_ps)
VEC__CMP(vf32_gt, vf32, vm32, cmpgt_ps)
VEC__CMP(vf32_ge, vf32, vm32, cmpge_ps)
VEC__CMP(vf32_eq, vf32, vm32, cmpeq_ps)
VEC__CMP(vf32_ne, vf32, vm32, cmpneq_ps)
VEC__CMP(vf64_lt, vf64, vm64, cmplt_pd)
VEC__CMP(vf64_le, vf64, vm64, cmple_pd)
VEC__CMP(vf64_gt, vf64, vm64, cmpgt_pd)
VEC__CMP(vf64_ge, vf64, vm64, cmpge_pd)
VEC__CMP(vf64_eq, vf64, vm64, cmpeq_pd)
VEC__CMP(vf64_ne, vf64, vm64, cmpneq_pd)
#undef VEC__CMP
static inline vm32 vi32_gt(vi32 a, vi32 b)
{
    return VEC_FLOAT_PS(simde_mm_cmpgt_epi32(a, b));
}
static inline vm32 vi32_eq(vi32 a, vi32 b)
{
    return VEC_FLOAT_PS(simde_mm_cmpeq_epi32(a, b));
}
static inline vm32 vm32_and(vm32 a, vm32 b)
{
    return simde_mm_and_ps(a, b);
}
static inline vm32 vm32_or(vm32 a, vm32 b)
{
    return simde_mm_or_ps(a, b);
}
static inline vm64 vm64_and(vm64 a, vm64 b)
{
    return simde_mm_and_pd(a, b);
}
static inline vm64 vm64_or(vm64 a, vm64 b)
{
    return simde_mm_or_pd(a, b);
}
/* bit i: lane i */
static inline uint32_t vm32_bits(vm32 a)
{
    return (uint32_t)simde_mm_movemask_ps(a);
}
static inline uint32_t vm64_bits(vm64 a)
{
    return (uint32_t)simde_mm_movemask_pd(a);
}
static inline int vm32_any(vm32 a)
{
    return simde_mm_movemask_ps(a) != 0;
}
static inline int vm64_any(vm64 a)
{
    return simde_mm_movemask_pd(a) != 0;
}

#if VEC__NEON

static inline vf32 vf32_fma(vf32 a, vf32 b, vf32 c)
{
    return vfmaq_f32(c, a, b);
}
static inline vf64 vf64_fma(vf64 a, vf64 b, vf64 c)
{
    return vfmaq_f64(c, a, b);
}
/* fnma: -(a * b) + c, fms: a * b - c; rounded once, like fma */
static inline vf32 vf32_fnma(vf32 a, vf32 b, vf32 c)
{
    return vfmsq_f32(c, a, b);
}
static inline vf64 vf64_fnma(vf64 a, vf64 b, vf64 c)
{
    return vfmsq_f64(c, a, b);
}
static inline vf32 vf32_fms(vf32 a, vf32 b, vf32 c)
{
    return vfmaq_f32(vnegq_f32(c), a, b);
}
static inline vf64 vf64_fms(vf64 a, vf64 b, vf64 c)
{
    return vfmaq_f64(vnegq_f64(c), a, b);
}
static inline vf32 vf32_select(vm32 m, vf32 a, vf32 b)
{
    return vbslq_f32(vreinterpretq_u32_f32(m), a, b);
}
static inline vf64 vf64_select(vm64 m, vf64 a, vf64 b)
{
    return vbslq_f64(vreinterpretq_u64_f64(m), a, b);
}
static inline vi32 vi32_select(vm32 m, vi32 a, vi32 b)
{
    return vbslq_s64(vreinterpretq_u64_f32(m), a, b);
}
#define VEC_MIN_PS(a, b) vf32_select(vf32_lt(a, b), a, b)
#define VEC_MAX_PS(a, b) vf32_select(vf32_gt(a, b), a, b)
#define VEC_MIN_PD(a, b) vf64_select(vf64_lt(a, b), a, b)
#define VEC_MAX_PD(a, b) vf64_select(vf64_gt(a, b), a, b)
static inline vf32 vf32_round(vf32 a)
{
    return vrndnq_f32(a);
}
static inline vf64 vf64_round(vf64 a)
{
    return vrndnq_f64(a);
}
static inline vi32 vf32_to_i32(vf32 a)
{
    return vreinterpretq_s64_s32(vcvtnq_s32_f32(a));
}
static inline vi32 vf32_trunc_i32(vf32 a)
{
    return vreinterpretq_s64_s32(vcvtq_s32_f32(a));
}
static inline vf32 vf32_from_i32(vi32 a)
{
    return vcvtq_f32_s32(vreinterpretq_s32_s64(a));
}
static inline vf64 vf64_load_f32(const float *p)
{
    return vcvt_f64_f32(vld1_f32(p));
}
static inline void vf64_store_f32(float *p, vf64 a)
{
    vst1_f32(p, vcvt_f32_f64(a));
}
static inline vi32 vi32_load_u16(const uint16_t *p)
{
    return vreinterpretq_s64_u32(vmovl_u16(vld1_u16(p)));
}
static inline void vi32_store_u16(uint16_t *p, vi32 a)
{
    vst1_u16(p, vmovn_u32(vreinterpretq_u32_s64(a)));
}
#define VEC_HAS_F16 1
static inline vf32 vf32_load_f16(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline void vf32_store_f16(uint16_t *p, vf32 a)
{
    vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(a)));
}

#else /* SSE2 */

static inline vf32 vf32_fma(vf32 a, vf32 b, vf32 c)
{
    return simde_mm_add_ps(simde_mm_mul_ps(a, b), c);
}
static inline vf64 vf64_fma(vf64 a, vf64 b, vf64 c)
{
    return simde_mm_add_pd(simde_mm_mul_pd(a, b), c);
}
/* fnma: -(a * b) + c, fms: a * b - c */
static inline vf32 vf32_fnma(vf32 a, vf32 b, vf32 c)
{
    return simde_mm_sub_ps(c, simde_mm_mul_ps(a, b));
}
static inline vf64 vf64_fnma(vf64 a, vf64 b, vf64 c)
{
    return simde_mm_sub_pd(c, simde_mm_mul_pd(a, b));
}
static inline vf32 vf32_fms(vf32 a, vf32 b, vf32 c)
{
    return simde_mm_sub_ps(simde_mm_mul_ps(a, b), c);
}
static inline vf64 vf64_fms(vf64 a, vf64 b, vf64 c)
{
    return simde_mm_sub_pd(simde_mm_mul_pd(a, b), c);
}
static inline vf32 vf32_select(vm32 m, vf32 a, vf32 b)
{
    return simde_mm_or_ps(simde_mm_and_ps(m, a), simde_mm_andnot_ps(m, b));
}
static inline vf64 vf64_select(vm64 m, vf64 a, vf64 b)
{
    return simde_mm_or_pd(simde_mm_and_pd(m, a), simde_mm_andnot_pd(m, b));
}
static inline vi32 vi32_select(vm32 m, vi32 a, vi32 b)
{
    vi32 bits = VEC_BITS_PS(m);
    return simde_mm_or_si128(simde_mm_and_si128(bits, a), simde_mm_andnot_si128(bits, b));
}
#define VEC_MIN_PS(a, b) simde_mm_min_ps(a, b)
#define VEC_MAX_PS(a, b) simde_mm_max_ps(a, b)
#define VEC_MIN_PD(a, b) simde_mm_min_pd(a, b)
#define VEC_MAX_PD(a, b) simde_mm_max_pd(a, b)
/* Adding 1.5 * 2^23 leaves no room for a fraction; larger values have none. */
static inline vf32 vf32_round(vf32 a)
{
    vf32 sign = simde_mm_and_ps(a, simde_mm_set1_ps(-0.0f));
    vf32 size = simde_mm_andnot_ps(simde_mm_set1_ps(-0.0f), a);
    vf32 big = simde_mm_set1_ps(8388608.0f);
    vf32 r = simde_mm_sub_ps(simde_mm_add_ps(size, big), big);
    return vf32_select(simde_mm_cmplt_ps(size, big), simde_mm_or_ps(r, sign), a);
}
static inline vf64 vf64_round(vf64 a)
{
    vf64 sign = simde_mm_and_pd(a, simde_mm_set1_pd(-0.0));
    vf64 size = simde_mm_andnot_pd(simde_mm_set1_pd(-0.0), a);
    vf64 big = simde_mm_set1_pd(4503599627370496.0);
    vf64 r = simde_mm_sub_pd(simde_mm_add_pd(size, big), big);
    return vf64_select(simde_mm_cmplt_pd(size, big), simde_mm_or_pd(r, sign), a);
}
/* to nearest even / toward 0; |a| < 2^31 */
static inline vi32 vf32_to_i32(vf32 a)
{
    return simde_mm_cvtps_epi32(a);
}
static inline vi32 vf32_trunc_i32(vf32 a)
{
    return simde_mm_cvttps_epi32(a);
}
static inline vf32 vf32_from_i32(vi32 a)
{
    return simde_mm_cvtepi32_ps(a);
}
/* VF64_LANES floats, widened or rounded */
static inline vf64 vf64_load_f32(const float *p)
{
    return simde_mm_set_pd((double)p[1], (double)p[0]);
}
static inline void vf64_store_f32(float *p, vf64 a)
{
    float t[4];
    simde_mm_storeu_ps(t, simde_mm_cvtpd_ps(a));
    p[0] = t[0];
    p[1] = t[1];
}
/* VF32_LANES 16-bit values as zero-extended lanes, and the low halves back */
static inline vi32 vi32_load_u16(const uint16_t *p)
{
    vi32 h = simde_mm_loadl_epi64((const simde__m128i *)(const void *)p);
    return simde_mm_unpacklo_epi16(h, simde_mm_setzero_si128());
}
static inline void vi32_store_u16(uint16_t *p, vi32 a)
{
    vi32 s = simde_mm_srai_epi32(simde_mm_slli_epi32(a, 16), 16);
    simde_mm_storel_epi64((simde__m128i *)(void *)p, simde_mm_packs_epi32(s, s));
}
#define VEC_HAS_F16 0 /* vec_half.h makes it of integers */

#endif
#endif
