/* SPDX-License-Identifier: MIT */
/* compare.c - an output against the answer: integers exactly; floats by their distance in
 * units in the last place (the numbers of the type between the two), NaN against NaN.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "known.h"

static uint64_t bits_at(const void *data, uint64_t i, uint32_t bytes)
{
    uint64_t b64;
    uint32_t b32;
    uint16_t b16;
    const char *const p = (const char *)data + i * bytes;
    switch (bytes) {
    case 8:
        memcpy(&b64, p, 8);
        return b64;
    case 4:
        memcpy(&b32, p, 4);
        return b32;
    case 2:
        memcpy(&b16, p, 2);
        return b16;
    default:
        return *(const unsigned char *)p;
    }
}

/* Bits of mantissa stored; 0: not a float. */
static int mantissa_of(uint32_t dtype)
{
    switch (dtype) {
    case VANE_F32:
        return 23;
    case VANE_F64:
        return 52;
    case VANE_F16:
        return 10;
    case VANE_BF16:
        return 7;
    default:
        return 0;
    }
}

static double value_of(uint64_t bits, uint32_t bytes, int mantissa)
{
    const int bias = (1 << ((int)bytes * 8 - mantissa - 2)) - 1;
    const uint64_t rest = bits & ((UINT64_C(1) << (bytes * 8 - 1)) - 1);
    const int exponent = (int)(rest >> mantissa);
    const double m = (double)(rest & ((UINT64_C(1) << mantissa) - 1));
    const double sign = bits >> (bytes * 8 - 1) ? -1 : 1;
    if (exponent == 2 * bias + 1)
        return m != 0 ? (double)NAN : sign * HUGE_VAL;
    if (exponent == 0)
        return sign * ldexp(m, 1 - bias - mantissa);
    return sign * ldexp(m + ldexp(1, mantissa), exponent - bias - mantissa);
}

/* Numbers of the type in order: zero is 0, the smallest above it 1, ... */
static int64_t rank_of(uint64_t bits, uint32_t bytes)
{
    const uint64_t sign = UINT64_C(1) << (bytes * 8 - 1);
    return bits & sign ? -(int64_t)(bits & (sign - 1)) : (int64_t)bits;
}

static int close_enough(const known_case *c, uint64_t got, uint64_t want)
{
    const uint32_t bytes = vane_dtype_bytes(c->out.dtype);
    const int mantissa = mantissa_of(c->out.dtype);
    if (got == want)
        return 1;
    if (c->bits || !mantissa)
        return 0;
    const double g = value_of(got, bytes, mantissa), w = value_of(want, bytes, mantissa);
    if (isnan(g) || isnan(w))
        return isnan(g) && isnan(w);
    if (c->sign && g == 0 && w == 0)
        return 0;
    const int64_t a = rank_of(got, bytes), b = rank_of(want, bytes);
    const uint64_t apart = a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
    return apart <= c->ulps || fabs(g - w) <= c->near;
}

static void say(const known_case *c, uint64_t i, uint64_t got, uint64_t want, char *why,
                size_t why_bytes)
{
    const uint32_t bytes = vane_dtype_bytes(c->out.dtype);
    const int mantissa = mantissa_of(c->out.dtype);
    const int digits = (int)bytes * 2;
    if (mantissa)
        snprintf(why, why_bytes, "element %llu is %0*llx (%.17g), expected %0*llx (%.17g)",
                 (unsigned long long)i, digits, (unsigned long long)got,
                 value_of(got, bytes, mantissa), digits, (unsigned long long)want,
                 value_of(want, bytes, mantissa));
    else
        snprintf(why, why_bytes, "element %llu is %0*llx, expected %0*llx", (unsigned long long)i,
                 digits, (unsigned long long)got, digits, (unsigned long long)want);
}

uint64_t known_compare(const known_case *c, const void *got, char *why, size_t why_bytes)
{
    const uint32_t bytes = vane_dtype_bytes(c->out.dtype);
    const uint64_t count = (uint64_t)vane_tensor_count(&c->out);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t g = bits_at(got, i, bytes), w = bits_at(c->out.data, i, bytes);
        if (close_enough(c, g, w))
            continue;
        if (!wrong++)
            say(c, i, g, w, why, why_bytes);
    }
    return wrong;
}
