/* SPDX-License-Identifier: MIT */
/* reduce_across.h - one value of a vector's lanes: lane i meets lane i + half, then half of that,
 * on every ISA alike. Called with constant op. Also: is a lane of either of two vectors NaN?
 */
#ifndef CPU_REDUCE_ACROSS_H
#define CPU_REDUCE_ACROSS_H

#include "reduce.h"
#include "vec.h"

#define CPU__ALWAYS static inline __attribute__((always_inline))

CPU__ALWAYS simde__m128 cpu__pair_f32(cpu__red op, simde__m128 a, simde__m128 b)
{
    switch (op) {
    case CPU_MAX:
        return simde_mm_max_ps(a, b);
    case CPU_MIN:
        return simde_mm_min_ps(a, b);
    case CPU_PROD:
        return simde_mm_mul_ps(a, b);
    default:
        return simde_mm_add_ps(a, b);
    }
}
CPU__ALWAYS simde__m128d cpu__pair_f64(cpu__red op, simde__m128d a, simde__m128d b)
{
    switch (op) {
    case CPU_MAX:
        return simde_mm_max_pd(a, b);
    case CPU_MIN:
        return simde_mm_min_pd(a, b);
    case CPU_PROD:
        return simde_mm_mul_pd(a, b);
    default:
        return simde_mm_add_pd(a, b);
    }
}

/* The vector goes through memory: it is then cut the same way whatever its width. */
CPU__ALWAYS float cpu__across_f32(cpu__red op, vf32 v)
{
    float t[VF32_LANES];
    simde__m128 a[VF32_LANES / 4];
    vf32_store(t, v);
    for (int k = 0; k < VF32_LANES / 4; k++)
        a[k] = simde_mm_loadu_ps(t + 4 * k);
    for (int w = VF32_LANES / 8; w >= 1; w /= 2)
        for (int k = 0; k < w; k++)
            a[k] = cpu__pair_f32(op, a[k], a[k + w]);
    simde__m128 two = cpu__pair_f32(op, a[0], simde_mm_movehl_ps(a[0], a[0]));
    return simde_mm_cvtss_f32(cpu__pair_f32(op, two, simde_mm_shuffle_ps(two, two, 1)));
}
CPU__ALWAYS double cpu__across_f64(cpu__red op, vf64 v)
{
    double t[VF64_LANES];
    simde__m128d a[VF64_LANES / 2];
    vf64_store(t, v);
    for (int k = 0; k < VF64_LANES / 2; k++)
        a[k] = simde_mm_loadu_pd(t + 2 * k);
    for (int w = VF64_LANES / 4; w >= 1; w /= 2)
        for (int k = 0; k < w; k++)
            a[k] = cpu__pair_f64(op, a[k], a[k + w]);
    return simde_mm_cvtsd_f64(cpu__pair_f64(op, a[0], simde_mm_unpackhi_pd(a[0], a[0])));
}

#if defined(__AVX512F__)
CPU__ALWAYS vm32 cpu__nan_f32(vf32 a, vf32 b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q);
}
CPU__ALWAYS vm64 cpu__nan_f64(vf64 a, vf64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_UNORD_Q);
}
#elif defined(__AVX2__)
CPU__ALWAYS vm32 cpu__nan_f32(vf32 a, vf32 b)
{
    return simde_mm256_cmp_ps(a, b, SIMDE_CMP_UNORD_Q);
}
CPU__ALWAYS vm64 cpu__nan_f64(vf64 a, vf64 b)
{
    return simde_mm256_cmp_pd(a, b, SIMDE_CMP_UNORD_Q);
}
#else
CPU__ALWAYS vm32 cpu__nan_f32(vf32 a, vf32 b)
{
    return simde_mm_cmpunord_ps(a, b);
}
CPU__ALWAYS vm64 cpu__nan_f64(vf64 a, vf64 b)
{
    return simde_mm_cmpunord_pd(a, b);
}
#endif

#endif
