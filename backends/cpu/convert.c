/* SPDX-License-Identifier: MIT */
/* convert.c - conversions between data types.
 *
 * f16 and bf16 go through f32. What has more bits than f32 is first rounded to odd there (a
 * lost bit makes the last one 1), so that the rounding to half is the only one.
 */
#include "convert.h"

#include <string.h>

#include "ew.h"
#include "vane/types.h"

size_t cpu__dtype_bytes(uint32_t dtype)
{
#define BYTES(NAME, name, bytes) bytes,
    static const uint8_t bytes_of[] = {VANE_DTYPE_MAP(BYTES)};
#undef BYTES
    return dtype < VANE_DTYPE_COUNT ? bytes_of[dtype] : 0;
}

#define HALF(kind)                                                          \
    void cpu__##kind##_to_f32(float *dst, const uint16_t *src, size_t n)    \
    {                                                                       \
        size_t i = 0;                                                       \
        for (; i + VF32_LANES <= n; i += VF32_LANES)                        \
            vf32_store(dst + i, vf32_load_##kind(src + i));                 \
        vf32_store_n(dst + i, vf32_load_##kind##_n(src + i, n - i), n - i); \
    }                                                                       \
    void cpu__f32_to_##kind(uint16_t *dst, const float *src, size_t n)      \
    {                                                                       \
        size_t i = 0;                                                       \
        for (; i + VF32_LANES <= n; i += VF32_LANES)                        \
            vf32_store_##kind(dst + i, vf32_load(src + i));                 \
        vf32_store_##kind##_n(dst + i, vf32_load_n(src + i, n - i), n - i); \
    }
HALF(f16)
HALF(bf16)

/* ---- one number ---------------------------------------------------------------- */

static inline float odd_from_f64(double x)
{
    float f = (float)x;
    uint32_t bits;
    if ((double)f == x || x != x)
        return f;
    memcpy(&bits, &f, sizeof bits);
    double size = x < 0 ? -x : x, got = f < 0 ? -(double)f : (double)f;
    bits = (got > size ? bits - 1 : bits) | 1u;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline float odd_from_i64(int64_t x)
{
    uint64_t low = (uint64_t)x & 0x7ff, high = (uint64_t)x - low;
    if (x <= -(INT64_C(1) << 53) || x >= INT64_C(1) << 53)
        x = (int64_t)(low ? high | 0x800 : high);
    return odd_from_f64((double)x);
}

float cpu__round_f16(double x)
{
    float f = odd_from_f64(x);
    uint16_t h;
    cpu__f32_to_f16(&h, &f, 1);
    cpu__f16_to_f32(&f, &h, 1);
    return f;
}

float cpu__round_bf16(double x)
{
    float f = odd_from_f64(x);
    uint16_t h;
    cpu__f32_to_bf16(&h, &f, 1);
    cpu__bf16_to_f32(&f, &h, 1);
    return f;
}

int64_t cpu__to_i64(double x, int64_t lo, int64_t hi)
{
    if (x != x)
        return 0;
    return x >= (double)hi ? hi : x <= (double)lo ? lo : (int64_t)x;
}

/* ---- runs ---------------------------------------------------------------------- */

#define LOOP(D, EXPR)                  \
    {                                  \
        D *d = dst;                    \
        EW_LOOP                        \
        for (size_t i = 0; i < n; i++) \
            d[i] = (D)(EXPR);          \
        return;                        \
    }
/* Through f32, a block at a time. */
#define HALVES(kind, EXPR)                        \
    {                                             \
        uint16_t *d = dst;                        \
        float block[256];                         \
        for (size_t at = 0, m; at < n; at += m) { \
            m = n - at < 256 ? n - at : 256;      \
            for (size_t j = 0; j < m; j++) {      \
                const size_t i = at + j;          \
                block[j] = EXPR;                  \
            }                                     \
            cpu__f32_to_##kind(d + at, block, m); \
        }                                         \
        return;                                   \
    }
/* 2^31, 2^63 and the like are exact in both float types; the maxima are not. */
#define SATURATE(S, x, D, MIN_, MAX_, BEYOND) \
    ((x) != (x) ? (D)0 : (x) >= (S)BEYOND ? (D)MAX_ : (x) <= (S)MIN_ ? (D)MIN_ : (D)(x))

#define FROM_FLOAT(name, S, ODD)                                                    \
    static void from_##name(void *dst, uint32_t dtype, const S *s, size_t n)        \
    {                                                                               \
        switch (dtype) {                                                            \
        case VANE_F32:                                                              \
            LOOP(float, s[i])                                                       \
        case VANE_F64:                                                              \
            LOOP(double, s[i])                                                      \
        case VANE_F16:                                                              \
            HALVES(f16, ODD(s[i]))                                                  \
        case VANE_BF16:                                                             \
            HALVES(bf16, ODD(s[i]))                                                 \
        case VANE_I32:                                                              \
            LOOP(int32_t, SATURATE(S, s[i], int32_t, INT32_MIN, INT32_MAX, 0x1p31)) \
        case VANE_I64:                                                              \
            LOOP(int64_t, SATURATE(S, s[i], int64_t, INT64_MIN, INT64_MAX, 0x1p63)) \
        case VANE_U8:                                                               \
            LOOP(uint8_t, SATURATE(S, s[i], int32_t, 0, 255, 255))                  \
        case VANE_I8:                                                               \
            LOOP(int8_t, SATURATE(S, s[i], int32_t, -128, 127, 127))                \
        case VANE_BOOL:                                                             \
            LOOP(uint8_t, s[i] != 0)                                                \
        default:                                                                    \
            return;                                                                 \
        }                                                                           \
    }
#define FROM_INT(name, S, READ, ODD)                                         \
    static void from_##name(void *dst, uint32_t dtype, const S *s, size_t n) \
    {                                                                        \
        switch (dtype) {                                                     \
        case VANE_F32:                                                       \
            LOOP(float, READ(s[i]))                                          \
        case VANE_F64:                                                       \
            LOOP(double, READ(s[i]))                                         \
        case VANE_F16:                                                       \
            HALVES(f16, ODD(READ(s[i])))                                     \
        case VANE_BF16:                                                      \
            HALVES(bf16, ODD(READ(s[i])))                                    \
        case VANE_I32:                                                       \
            LOOP(int32_t, READ(s[i]))                                        \
        case VANE_I64:                                                       \
            LOOP(int64_t, READ(s[i]))                                        \
        case VANE_U8:                                                        \
            LOOP(uint8_t, READ(s[i]))                                        \
        case VANE_I8:                                                        \
            LOOP(int8_t, READ(s[i]))                                         \
        case VANE_BOOL:                                                      \
            LOOP(uint8_t, s[i] != 0)                                         \
        default:                                                             \
            return;                                                          \
        }                                                                    \
    }
#define AS_IS(x) (x)
#define TRUTH(x) ((x) != 0)
FROM_FLOAT(f32, float, AS_IS)
FROM_FLOAT(f64, double, odd_from_f64)
FROM_INT(i32, int32_t, AS_IS, odd_from_f64)
FROM_INT(i64, int64_t, AS_IS, odd_from_i64)
FROM_INT(u8, uint8_t, AS_IS, (float))
FROM_INT(i8, int8_t, AS_IS, (float))
FROM_INT(bool, uint8_t, TRUTH, (float))

static void from_half(void *dst, uint32_t dtype, const uint16_t *s, uint32_t from, size_t n)
{
    const size_t bytes = cpu__dtype_bytes(dtype);
    float block[256];
    for (size_t at = 0, m; at < n; at += m) {
        m = n - at < 256 ? n - at : 256;
        if (from == VANE_F16)
            cpu__f16_to_f32(block, s + at, m);
        else
            cpu__bf16_to_f32(block, s + at, m);
        from_f32((char *)dst + at * bytes, dtype, block, m);
    }
}

void cpu__convert(void *dst, uint32_t dst_dtype, const void *src, uint32_t src_dtype, size_t n)
{
    if (dst_dtype == src_dtype && dst_dtype != VANE_BOOL) {
        memmove(dst, src, n * cpu__dtype_bytes(dst_dtype));
        return;
    }
    switch (src_dtype) {
    case VANE_F32:
        from_f32(dst, dst_dtype, src, n);
        return;
    case VANE_F64:
        from_f64(dst, dst_dtype, src, n);
        return;
    case VANE_F16:
    case VANE_BF16:
        from_half(dst, dst_dtype, src, src_dtype, n);
        return;
    case VANE_I32:
        from_i32(dst, dst_dtype, src, n);
        return;
    case VANE_I64:
        from_i64(dst, dst_dtype, src, n);
        return;
    case VANE_U8:
        from_u8(dst, dst_dtype, src, n);
        return;
    case VANE_I8:
        from_i8(dst, dst_dtype, src, n);
        return;
    case VANE_BOOL:
        from_bool(dst, dst_dtype, src, n);
        return;
    default:
        return;
    }
}
