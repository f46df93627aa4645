/* SPDX-License-Identifier: MIT */
/* reduce_widen.h - runs of f16, bf16 and f32 widened to the type they are computed in.
 * Each returns wide, so that a caller can pass its input on instead where nothing is to widen.
 */
#ifndef CPU_REDUCE_WIDEN_H
#define CPU_REDUCE_WIDEN_H

#include "vec.h"

#define CPU__WIDEN(kind)                                                                           \
    static inline const float *cpu__widen_##kind(const uint16_t *x, int64_t n, float *wide)        \
    {                                                                                              \
        int64_t i = 0;                                                                             \
        for (; i + VF32_LANES <= n; i += VF32_LANES)                                               \
            vf32_store(wide + i, vf32_load_##kind(x + i));                                         \
        if (i < n)                                                                                 \
            vf32_store_n(wide + i, vf32_load_##kind##_n(x + i, (size_t)(n - i)), (size_t)(n - i)); \
        return wide;                                                                               \
    }                                                                                              \
    static inline const double *cpu__widen_##kind##_f64(const uint16_t *x, int64_t n,              \
                                                        double *wide)                              \
    {                                                                                              \
        float part[128];                                                                           \
        for (int64_t i = 0; i < n; i += 128) {                                                     \
            int64_t m = n - i < 128 ? n - i : 128;                                                 \
            cpu__widen_##kind(x + i, m, part);                                                     \
            for (int64_t k = 0; k < m; k++)                                                        \
                wide[i + k] = (double)part[k];                                                     \
        }                                                                                          \
        return wide;                                                                               \
    }                                                                                              \
    /* NaN becomes the one with no payload. */                                                     \
    static inline uint16_t cpu__narrow_##kind(float x)                                             \
    {                                                                                              \
        uint16_t t[VF32_LANES];                                                                    \
        vf32_store_##kind(t, vf32_set1(x));                                                        \
        return t[0];                                                                               \
    }                                                                                              \
    /* x may be wide */                                                                            \
    static inline void cpu__narrow_run_##kind(const float *x, int64_t n, uint16_t *out)            \
    {                                                                                              \
        int64_t i = 0;                                                                             \
        for (; i + VF32_LANES <= n; i += VF32_LANES)                                               \
            vf32_store_##kind(out + i, vf32_load(x + i));                                          \
        if (i < n)                                                                                 \
            vf32_store_##kind##_n(out + i, vf32_load_n(x + i, (size_t)(n - i)), (size_t)(n - i));  \
    }
CPU__WIDEN(f16)
CPU__WIDEN(bf16)
#undef CPU__WIDEN

static inline const double *cpu__widen_f32(const float *x, int64_t n, double *wide)
{
    for (int64_t i = 0; i < n; i++)
        wide[i] = (double)x[i];
    return wide;
}

#endif
