/* SPDX-License-Identifier: MIT */
/* cast.cu - one kernel for each type that comes out; what goes in is the same for a whole launch.
 * Floats to integers truncate and saturate, NaN is 0; integers wrap; to bool is != 0; to f16 and
 * bf16 is rounded once.
 */
#include "elementwise.h"

/* ---- to C, which a down<T> follows ------------------------------------------------------- */

template <class I> struct limits;
template <> struct limits<int32_t> {
    DEVICE_MEMBER int32_t low() { return -2147483647 - 1; }
    DEVICE_MEMBER int32_t high() { return 2147483647; }
};
template <> struct limits<int64_t> {
    DEVICE_MEMBER int64_t low() { return -9223372036854775807ll - 1; }
    DEVICE_MEMBER int64_t high() { return 9223372036854775807ll; }
};
template <> struct limits<uint8_t> {
    DEVICE_MEMBER uint8_t low() { return 0; }
    DEVICE_MEMBER uint8_t high() { return 255; }
};
template <> struct limits<int8_t> {
    DEVICE_MEMBER int8_t low() { return -128; }
    DEVICE_MEMBER int8_t high() { return 127; }
};

/* The upper limit as a float may round up to 2^n. */
template <class I, class F> DEVICE I truncated(F v)
{
    const F low = (F)limits<I>::low(), high = (F)limits<I>::high();
    if (v >= high)
        return limits<I>::high();
    return v > low ? (I)v : v <= low ? limits<I>::low() : (I)0;
}

/* Rounds to odd: what is lost makes the last bit 1. The next rounding is then the only one. */
DEVICE float odd(double v)
{
    const float f = (float)v;
    if ((double)f == v || v != v)
        return f;
    const uint32_t nearer = bits_of(f) - (fabs((double)f) > fabs(v) ? 1u : 0u);
    return float_of(nearer | 1u);
}
/* 24 bits are kept, and whether any of the others is set. */
DEVICE float odd(int64_t v)
{
    const uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    int drop = 0;
    while (size >> drop >> 24)
        drop += 4;
    const uint64_t some = size >> drop;
    const float whole = (float)(uint32_t)(some | (uint64_t)(some << drop != size));
    return (v < 0 ? -whole : whole) * float_of((uint32_t)(127 + drop) << 23);
}

template <class T> struct to { /* integers */
    typedef typename number<T>::C C;
    DEVICE_MEMBER C of(float v) { return truncated<C>(v); }
    DEVICE_MEMBER C of(double v) { return truncated<C>(v); }
    DEVICE_MEMBER C of(int64_t v) { return (C)v; }
};
template <> struct to<b8> {
    template <class F> DEVICE_MEMBER uint8_t of(F v) { return v != 0; }
};
template <> struct to<float> {
    template <class F> DEVICE_MEMBER float of(F v) { return (float)v; }
};
template <> struct to<double> {
    template <class F> DEVICE_MEMBER double of(F v) { return (double)v; }
};
struct to_half {
    DEVICE_MEMBER float of(float v) { return v; }
    DEVICE_MEMBER float of(double v) { return odd(v); }
    DEVICE_MEMBER float of(int64_t v) { return odd(v); }
};
template <> struct to<f16> : to_half {};
template <> struct to<bf16> : to_half {};

/* Every integer is an int64_t. */
DEVICE float wide(float v) { return v; }
DEVICE double wide(double v) { return v; }
DEVICE int64_t wide(int32_t v) { return v; }
DEVICE int64_t wide(int64_t v) { return v; }
DEVICE int64_t wide(uint8_t v) { return v; }
DEVICE int64_t wide(int8_t v) { return v; }

/* ---- loops: as in elementwise.h, of an input of any type ------------------------------- */

template <class T, class S, int N> DEVICE void convert(const S *x, T *o)
{
    EACH(j, N) o[j] = down<T>(to<T>::of(wide(up(x[j]))));
}

template <class T, class S> struct cast : uniform<T, 1> {
    typedef S X;
    enum { DEEP = 0, LANES = number<T>::BYTES == 8 ? 4 : 8, LANES_AT = 4 };
    template <int N, class A>
    DEVICE_MEMBER void run(const A &, const S *x, const T *, const T *, T *o)
    {
        convert<T, S, N>(x, o);
    }
};

/* The numbers of vane_dtype. */
template <class T> DEVICE void cast_flat(const flat_args &a)
{
    switch (a.op) {
    case 0: flat<cast<T, float>>(a); break;
    case 1: flat<cast<T, double>>(a); break;
    case 2: flat<cast<T, f16>>(a); break;
    case 3: flat<cast<T, bf16>>(a); break;
    case 4: flat<cast<T, int32_t>>(a); break;
    case 5: flat<cast<T, int64_t>>(a); break;
    case 6: flat<cast<T, uint8_t>>(a); break;
    case 7: flat<cast<T, int8_t>>(a); break;
    default: flat<cast<T, b8>>(a);
    }
}
template <class T> DEVICE void cast_at(const place_args &a)
{
    switch (a.op) {
    case 0: at<cast<T, float>>(a); break;
    case 1: at<cast<T, double>>(a); break;
    case 2: at<cast<T, f16>>(a); break;
    case 3: at<cast<T, bf16>>(a); break;
    case 4: at<cast<T, int32_t>>(a); break;
    case 5: at<cast<T, int64_t>>(a); break;
    case 6: at<cast<T, uint8_t>>(a); break;
    case 7: at<cast<T, int8_t>>(a); break;
    default: at<cast<T, b8>>(a);
    }
}

#define CAST(end, T)                                         \
    KERNEL(cast_##end, flat_args, ELEMENTWISE_THREADS)       \
    {                                                        \
        cast_flat<T>(a);                                     \
    }                                                        \
    KERNEL(cast_at_##end, place_args, ELEMENTWISE_THREADS)   \
    {                                                        \
        cast_at<T>(a);                                       \
    }
ALL_TYPES(CAST)
