/* SPDX-License-Identifier: MIT */
/* vec_half.h - f16 and bf16 as storage: loads widen exactly, stores round to nearest even.
 * Included by vec.h only. NaN stays NaN: its upper payload bits are kept and it is quiet.
 */
#ifndef CPU_VEC_HALF_H
#define CPU_VEC_HALF_H

static inline vf32 vf32_load_bf16(const uint16_t *p)
{
    return vi32_float(vi32_shl(vi32_load_u16(p), 16));
}
static inline void vf32_store_bf16(uint16_t *p, vf32 a)
{
    vi32 bits = vf32_bits(a);
    vi32 odd = vi32_and(vi32_shr(bits, 16), vi32_set1(1));
    vi32 up = vi32_add(bits, vi32_add(odd, vi32_set1(0x7fff)));
    vi32 quiet = vi32_or(bits, vi32_set1(0x00400000));
    vi32_store_u16(p, vi32_shr(vi32_select(vf32_ne(a, a), quiet, up), 16));
}

#if !VEC_HAS_F16
/* Subnormal halves come right by letting the FPU normalise 0.5 + value. */
static inline vf32 vf32_load_f16(const uint16_t *p)
{
    vi32 h = vi32_load_u16(p);
    vi32 sign = vi32_shl(vi32_and(h, vi32_set1(0x8000)), 16);
    vi32 size = vi32_and(h, vi32_set1(0x7fff));
    vi32 wide = vi32_add(vi32_shl(size, 13), vi32_set1(112 << 23));
    vm32 special = vi32_gt(size, vi32_set1(0x7bff)); /* inf, NaN */
    wide = vi32_select(special, vi32_add(wide, vi32_set1(112 << 23)), wide);
    wide = vi32_select(vi32_gt(size, vi32_set1(0x7c00)), vi32_or(wide, vi32_set1(1 << 22)), wide);
    vf32 tiny = vf32_sub(vi32_float(vi32_add(vi32_shl(size, 13), vi32_set1(113 << 23))),
                         vi32_float(vi32_set1(113 << 23)));
    vi32 r = vi32_select(vi32_gt(vi32_set1(0x0400), size), vf32_bits(tiny), wide);
    return vi32_float(vi32_or(r, sign));
}
static inline void vf32_store_f16(uint16_t *p, vf32 a)
{
    vi32 bits = vf32_bits(a);
    vi32 sign = vi32_and(vi32_shr(bits, 16), vi32_set1(0x8000));
    vi32 size = vi32_and(bits, vi32_set1(0x7fffffff));
    vi32 odd = vi32_and(vi32_shr(size, 13), vi32_set1(1));
    vi32 normal = vi32_sub(vi32_add(size, odd), vi32_set1((112 << 23) - 0xfff));
    normal = vi32_shr(normal, 13);
    vf32 half = vi32_float(vi32_set1(126 << 23)); /* 0.5: its ulp is the smallest half */
    vi32 tiny = vi32_sub(vf32_bits(vf32_add(vi32_float(size), half)), vi32_set1(126 << 23));
    vi32 nan = vi32_or(vi32_and(vi32_shr(size, 13), vi32_set1(0x3ff)), vi32_set1(0x7e00));
    vi32 r = vi32_select(vi32_gt(vi32_set1(113 << 23), size), tiny, normal);
    r = vi32_select(vi32_gt(size, vi32_set1((143 << 23) - 1)), vi32_set1(0x7c00), r);
    r = vi32_select(vi32_gt(size, vi32_set1(255 << 23)), nan, r);
    vi32_store_u16(p, vi32_or(r, sign));
}
#endif

/* The first n of VF32_LANES values, the others 0. They are brought together in a register: bytes
 * just written are slow to read back in one piece. */
#if VEC_BYTES == 64
typedef __m256i vec__halves;
static inline vec__halves vec__halves_load_n(const uint16_t *p, size_t n)
{
    return _mm256_maskz_loadu_epi16(vec__first16(n), p);
}
static inline void vec__halves_store_n(uint16_t *p, const uint16_t *t, size_t n)
{
    __m256i h = _mm256_loadu_si256((const __m256i *)(const void *)t);
    _mm256_mask_storeu_epi16(p, vec__first16(n), h);
}
#else
/* Two overlapping halves of n <= 4 values, least address lowest. */
static inline uint64_t vec__four_load_n(const uint16_t *p, size_t n)
{
    uint64_t all;
    uint32_t first, last;
    if (n < 2)
        return n ? *p : 0;
    if (n >= 4) {
        memcpy(&all, p, sizeof all);
        return all;
    }
    memcpy(&first, p, sizeof first);
    memcpy(&last, p + n - 2, sizeof last);
    return first | (uint64_t)last << 16 * (n - 2);
}
static inline void vec__four_store_n(uint16_t *p, uint64_t all, size_t n)
{
    if (n >= 4) {
        memcpy(p, &all, sizeof all);
    } else if (n >= 2) {
        uint32_t first = (uint32_t)all, last = (uint32_t)(all >> 16 * (n - 2));
        memcpy(p, &first, sizeof first);
        memcpy(p + n - 2, &last, sizeof last);
    } else if (n) {
        *p = (uint16_t)all;
    }
}
#if VEC_BYTES == 32
typedef simde__m128i vec__halves;
static inline vec__halves vec__halves_load_n(const uint16_t *p, size_t n)
{
    uint64_t high = n > 4 ? vec__four_load_n(p + 4, n - 4) : 0;
    return simde_mm_set_epi64x((int64_t)high, (int64_t)vec__four_load_n(p, n));
}
#else
typedef uint64_t vec__halves;
#define vec__halves_load_n vec__four_load_n
#endif
static inline void vec__halves_store_n(uint16_t *p, const uint16_t *t, size_t n)
{
    for (size_t i = 0; i < n && i < VF32_LANES; i += 4) {
        uint64_t four;
        memcpy(&four, t + i, sizeof four);
        vec__four_store_n(p + i, four, n - i);
    }
}
#endif

#define VEC__HALF_N(kind)                                                   \
    static inline vf32 vf32_load_##kind##_n(const uint16_t *p, size_t n)    \
    {                                                                       \
        vec__halves h = vec__halves_load_n(p, n);                           \
        uint16_t t[VF32_LANES];                                             \
        memcpy(t, &h, sizeof t);                                            \
        return vf32_load_##kind(t);                                         \
    }                                                                       \
    static inline void vf32_store_##kind##_n(uint16_t *p, vf32 a, size_t n) \
    {                                                                       \
        uint16_t t[VF32_LANES];                                             \
        vf32_store_##kind(t, a);                                            \
        vec__halves_store_n(p, t, n);                                       \
    }
VEC__HALF_N(f16)
VEC__HALF_N(bf16)
#undef VEC__HALF_N

#endif
