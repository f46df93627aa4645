/* SPDX-License-Identifier: MIT */
/* value.c - elements of every dtype as numbers: written for this suite alone, so that a
 * mistake in a backend's conversions is not repeated here. */
#include "value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "vane/vane.h"

const conform_format *conform_format_of(uint32_t dtype)
{
    return vane__format_of(dtype);
}
int conform_is_float(uint32_t dtype)
{
    return vane__format_of(dtype)->mantissa != 0;
}
double conform_epsilon(uint32_t dtype)
{
    return ldexp(1, -vane__format_of(dtype)->mantissa);
}

double conform_smallest(uint32_t dtype)
{
    return ldexp(1, vane__format_of(dtype)->min_exponent - vane__format_of(dtype)->mantissa);
}

double conform_largest(uint32_t dtype)
{
    const conform_format *f = vane__format_of(dtype);
    return ldexp(2 - ldexp(1, -f->mantissa), f->max_exponent);
}

/* ---- 16-bit floats: sign, 15 - mantissa exponent bits, mantissa ------------------ */

/* 2 to e, for the exponents of normal doubles: ldexp is most of the time of a conversion. */
static double two_to(int e)
{
    const uint64_t bits = (uint64_t)(e + 1023) << 52;
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Of a normal double. */
static int exponent_of(double a)
{
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    return (int)(bits >> 52 & 0x7ff) - 1023;
}

static double widen16(const conform_format *f, uint16_t bits)
{
    const int field = (bits & 0x7fff) >> f->mantissa;
    const double fraction = (double)(bits & ((1 << f->mantissa) - 1));
    double v;
    if (field == f->max_exponent - f->min_exponent + 2)
        v = fraction != 0 ? NAN : INFINITY;
    else if (field == 0)
        v = fraction * two_to(f->min_exponent - f->mantissa);
    else
        v = (two_to(f->mantissa) + fraction) * two_to(f->min_exponent + field - 1 - f->mantissa);
    return bits >> 15 ? -v : v;
}

static uint16_t narrow16(const conform_format *f, double v)
{
    uint32_t sign = signbit(v) ? 0x8000u : 0;
    uint32_t infinity = (uint32_t)(f->max_exponent - f->min_exponent + 2) << f->mantissa;
    double a = fabs(v);
    if (isnan(v))
        return (uint16_t)(sign | infinity | 1u << (f->mantissa - 1));
    if (isinf(v))
        return (uint16_t)(sign | infinity);
    int exponent = f->min_exponent;
    if (a >= two_to(f->min_exponent))
        exponent = exponent_of(a);
    if (exponent > f->max_exponent)
        return (uint16_t)(sign | infinity);
    /* steps counts from zero: denormals, then each normal binade; a carry walks upwards */
    uint32_t steps = (uint32_t)nearbyint(a * two_to(f->mantissa - exponent));
    uint32_t bits = ((uint32_t)(exponent - f->min_exponent) << f->mantissa) + steps;
    return (uint16_t)(sign | (bits > infinity ? infinity : bits));
}

/* ---- any dtype ------------------------------------------------------------------- */

double conform_get(uint32_t dtype, const void *data, int64_t i)
{
    if (dtype == VANE_F32)
        return (double)((const float *)data)[i];
    if (dtype == VANE_F64)
        return ((const double *)data)[i];
    return widen16(vane__format_of(dtype), ((const uint16_t *)data)[i]);
}

void conform_put(uint32_t dtype, void *data, int64_t i, double v)
{
    if (dtype == VANE_F32)
        ((float *)data)[i] = (float)v;
    else if (dtype == VANE_F64)
        ((double *)data)[i] = v;
    else
        ((uint16_t *)data)[i] = narrow16(vane__format_of(dtype), v);
}

int64_t conform_get_int(uint32_t dtype, const void *data, int64_t i)
{
    switch (dtype) {
    case VANE_I32:
        return ((const int32_t *)data)[i];
    case VANE_I64:
        return ((const int64_t *)data)[i];
    case VANE_I8:
        return ((const int8_t *)data)[i];
    default:
        return ((const uint8_t *)data)[i];
    }
}

void conform_put_int(uint32_t dtype, void *data, int64_t i, int64_t v)
{
    switch (dtype) {
    case VANE_I32:
        ((uint32_t *)data)[i] = (uint32_t)v;
        break;
    case VANE_I64:
        ((int64_t *)data)[i] = v;
        break;
    default:
        ((uint8_t *)data)[i] = (uint8_t)v;
    }
}

void conform_value_text(uint32_t dtype, const void *data, int64_t i, char out[40])
{
    if (conform_is_float(dtype) && isnan(conform_get(dtype, data, i)))
        snprintf(out, 40, "nan");
    else if (conform_is_float(dtype))
        snprintf(out, 40, "%.*g", dtype == VANE_F64 ? 17 : 9, conform_get(dtype, data, i));
    else
        snprintf(out, 40, "%" PRId64, conform_get_int(dtype, data, i));
}
