/* SPDX-License-Identifier: MIT */
/* number.h - data types: what an element is in memory (T), what it is computed in (C) and, of
 * integers, the unsigned type in which they wrap (U).
 *
 *   up(T)         a C        down<T>(C)   and back, rounded once
 *   param<T>(b)   a C from the bits of one
 */
#ifndef CUDA_NUMBER_H
#define CUDA_NUMBER_H

#include "args.h"
#include "kernel.h"

struct b8 { /* a bool: any byte but 0 is true */
    uint8_t v;
};

template <class T> struct number;
/* clang-format off */
template <> struct number<float> { typedef float C; typedef float U; enum { INT = 0, BYTES = 4 }; };
template <> struct number<double> { typedef double C; typedef double U; enum { INT = 0, BYTES = 8 }; };
template <> struct number<f16> { typedef float C; typedef float U; enum { INT = 0, BYTES = 2 }; };
template <> struct number<bf16> { typedef float C; typedef float U; enum { INT = 0, BYTES = 2 }; };
template <> struct number<int32_t> { typedef int32_t C; typedef uint32_t U; enum { INT = 1, BYTES = 4 }; };
template <> struct number<int64_t> { typedef int64_t C; typedef uint64_t U; enum { INT = 1, BYTES = 8 }; };
template <> struct number<uint8_t> { typedef uint8_t C; typedef uint32_t U; enum { INT = 1, BYTES = 1 }; };
template <> struct number<int8_t> { typedef int8_t C; typedef uint32_t U; enum { INT = 1, BYTES = 1 }; };
template <> struct number<b8> { typedef uint8_t C; typedef uint32_t U; enum { INT = 1, BYTES = 1 }; };

DEVICE float up(float v) { return v; }
DEVICE double up(double v) { return v; }
DEVICE float up(f16 v) { return widen(v); }
DEVICE float up(bf16 v) { return widen(v); }
DEVICE int32_t up(int32_t v) { return v; }
DEVICE int64_t up(int64_t v) { return v; }
DEVICE uint8_t up(uint8_t v) { return v; }
DEVICE int8_t up(int8_t v) { return v; }
DEVICE uint8_t up(b8 v) { return v.v != 0; }

template <class T> struct lower { template <class C> DEVICE_MEMBER T of(C v) { return (T)v; } };
template <> struct lower<f16> { DEVICE_MEMBER f16 of(float v) { return narrow_f16(v); } };
template <> struct lower<bf16> { DEVICE_MEMBER bf16 of(float v) { return narrow_bf16(v); } };
template <> struct lower<b8> { DEVICE_MEMBER b8 of(uint8_t v) { return b8{(uint8_t)(v != 0)}; } };
/* clang-format on */

template <class T> DEVICE T down(typename number<T>::C v)
{
    return lower<T>::of(v);
}

DEVICE double double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

template <class C> struct decode {
    DEVICE_MEMBER C of(uint64_t bits)
    {
        return (C)(int64_t)bits;
    }
};
template <> struct decode<float> {
    DEVICE_MEMBER float of(uint64_t bits)
    {
        return float_of((uint32_t)bits);
    }
};
template <> struct decode<double> {
    DEVICE_MEMBER double of(uint64_t bits)
    {
        return double_of(bits);
    }
};

template <class T> DEVICE typename number<T>::C param(uint64_t bits)
{
    return decode<typename number<T>::C>::of(bits);
}

/* n / d; of numbers below 2^31 */
DEVICE uint32_t divide(uint32_t n, const divisor &d)
{
    return (uint32_t)((((uint64_t)n * d.factor >> 32) + n) >> d.shift);
}

/* The offset of number i of n dimensions, in row-major order. */
DEVICE int64_t offset_of(const divisor *d, const int64_t *stride, int n, uint32_t i)
{
    int64_t at = 0;
#pragma unroll 1
    for (; n > 1; n--) {
        const uint32_t rest = divide(i, d[n - 1]);
        at += (int64_t)(i - rest * d[n - 1].length) * stride[n - 1];
        i = rest;
    }
    return at + i * stride[0];
}

/* X(NAME, T) for each set of types; the names are those that kernels end in */
#define FLOAT_TYPES(X) X(f32, float) X(f64, double) X(f16, f16) X(bf16, bf16)
#define WIDE_TYPES(X) FLOAT_TYPES(X) X(i32, int32_t) X(i64, int64_t)
#define NUMERIC_TYPES(X) WIDE_TYPES(X) X(u8, uint8_t) X(i8, int8_t)
#define ALL_TYPES(X) NUMERIC_TYPES(X) X(bool, b8)

#endif
