/* SPDX-License-Identifier: MIT */
/* narrow.h - f16 and bf16 to and from double, on the bits.
 *
 * Both are a sign, 15 - mant bits of exponent and mant bits of mantissa: mant is 10 for
 * f16 and 7 for bf16. Rounding goes from the double's 53 bits at once, to nearest even.
 */
#ifndef SCALAR_NARROW_H
#define SCALAR_NARROW_H

#include <stdint.h>
#include <string.h>

static inline double narrow_to_double(uint16_t v, int mant)
{
    const int bias = (1 << (14 - mant)) - 1;
    const int exponent = (v & 0x7fff) >> mant;
    const uint64_t mantissa = v & ((1u << mant) - 1);
    const uint64_t sign = (uint64_t)(v >> 15) << 63;
    uint64_t bits;
    double d;
    if (exponent == 0) { /* zero and subnormals: mantissa * 2^(1 - bias - mant) */
        const uint64_t unit = (uint64_t)(1 - bias - mant + 1023) << 52;
        memcpy(&d, &unit, sizeof d);
        d *= (double)mantissa;
        return sign ? -d : d;
    }
    if (exponent == 2 * bias + 1) /* infinity and NaN */
        bits = (uint64_t)0x7ff << 52 | (uint64_t)(mantissa != 0)
                                           << 51; /* quiet, as hardware widens */
    else
        bits = (uint64_t)(exponent - bias + 1023) << 52;
    bits |= sign | mantissa << (52 - mant);
    memcpy(&d, &bits, sizeof d);
    return d;
}

static inline uint16_t narrow_from_double(double d, int mant)
{
    const int least = 2 - (1 << (14 - mant)); /* exponent of the smallest normal */
    const uint32_t infinity = 0x7fff & ~((1u << mant) - 1);
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    const uint32_t sign = (uint32_t)(bits >> 63) << 15;
    const int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
    uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    if (exponent == 1024 && mantissa)
        return (uint16_t)(sign | infinity | 1u << (mant - 1));
    if (exponent > 1 - least)
        return (uint16_t)(sign | infinity);
    if (exponent < least - mant - 1) /* under half of the smallest subnormal */
        return (uint16_t)sign;
    const int drop = 52 - mant + (exponent < least ? least - exponent : 0);
    mantissa |= UINT64_C(1) << 52;
    uint64_t kept = mantissa >> drop;
    const uint64_t rest = mantissa & ((UINT64_C(1) << drop) - 1);
    const uint64_t half = UINT64_C(1) << (drop - 1);
    kept += rest > half || (rest == half && (kept & 1));
    /* kept carries the leading bit of a normal number, which counts one exponent up; a
     * rounding carry counts one more, at the top into infinity. */
    const uint64_t steps = exponent < least ? 0 : (uint64_t)(exponent - least);
    return (uint16_t)(sign | (uint32_t)((steps << mant) + kept));
}

#endif
