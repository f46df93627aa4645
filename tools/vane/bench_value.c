/* SPDX-License-Identifier: MIT */
/* bench_value.c - reads, writes and invents elements of any data type.
 *
 * Its own conversions, on purpose: the benchmark must not judge a library by that library's
 * casts. Writing f16 and bf16 truncates, which is good enough for made-up data.
 */
#include <math.h>
#include <string.h>

#include "bench.h"

static double from_half(uint16_t h)
{
    int exponent = h >> 10 & 31;
    double fraction = h & 1023;
    double v = exponent == 31 ? (fraction != 0 ? (double)NAN : (double)INFINITY)
               : exponent     ? ldexp(1024 + fraction, exponent - 25)
                              : ldexp(fraction, -24);
    return h & 0x8000 ? -v : v;
}

static uint16_t to_half(double v)
{
    int exponent;
    unsigned sign = signbit(v) ? 0x8000u : 0;
    double m = frexp(fabs(v), &exponent); /* m in [0.5, 1) */
    if (exponent < -13)
        return (uint16_t)sign;
    if (exponent > 16)
        return (uint16_t)(sign | 0x7bff);
    return (uint16_t)(sign | (unsigned)(exponent + 14) << 10 | ((unsigned)(m * 2048) & 1023));
}

double bench_value_get(uint32_t dtype, const void *data, int64_t i)
{
    uint32_t bits;
    float f;
    switch (dtype) {
    case VANE_F32:
        return ((const float *)data)[i];
    case VANE_F64:
        return ((const double *)data)[i];
    case VANE_F16:
        return from_half(((const uint16_t *)data)[i]);
    case VANE_BF16:
        bits = (uint32_t)((const uint16_t *)data)[i] << 16;
        memcpy(&f, &bits, sizeof f);
        return f;
    case VANE_I32:
        return ((const int32_t *)data)[i];
    case VANE_I64:
        return (double)((const int64_t *)data)[i];
    case VANE_I8:
        return ((const int8_t *)data)[i];
    default:
        return ((const uint8_t *)data)[i];
    }
}

void bench_value_put(uint32_t dtype, void *data, int64_t i, double value)
{
    uint32_t bits;
    float f = (float)value;
    switch (dtype) {
    case VANE_F32:
        ((float *)data)[i] = f;
        break;
    case VANE_F64:
        ((double *)data)[i] = value;
        break;
    case VANE_F16:
        ((uint16_t *)data)[i] = to_half(value);
        break;
    case VANE_BF16:
        memcpy(&bits, &f, sizeof bits);
        ((uint16_t *)data)[i] = (uint16_t)(bits >> 16);
        break;
    case VANE_I32:
        ((int32_t *)data)[i] = (int32_t)value;
        break;
    case VANE_I64:
        ((int64_t *)data)[i] = (int64_t)value;
        break;
    case VANE_I8:
        ((int8_t *)data)[i] = (int8_t)value;
        break;
    default:
        ((uint8_t *)data)[i] = (uint8_t)value;
        break;
    }
}

int bench_value_is_float(uint32_t dtype)
{
    return dtype == VANE_F32 || dtype == VANE_F64 || dtype == VANE_F16 || dtype == VANE_BF16;
}

double bench_value_epsilon(uint32_t dtype)
{
    return ldexp(1, dtype == VANE_F64   ? -52
                    : dtype == VANE_F32 ? -23
                    : dtype == VANE_F16 ? -10
                                        : -7);
}

double bench_value_min_normal(uint32_t dtype)
{
    return ldexp(1, dtype == VANE_F64 ? -1022 : dtype == VANE_F16 ? -14 : -126);
}

/* xorshift64*: a value in [0, 1) */
static double next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * UINT64_C(0x2545f4914f6cdd1d)) >> 11) * 0x1p-53;
}

/* The interval for an op's floats: where it is defined, and does not overflow f16. */
static void range_of(uint32_t op, double *lo, double *hi)
{
    int positive =
        op == VANE_OP_SQRT || op == VANE_OP_LOG || op == VANE_OP_POW || op == VANE_OP_DIV;
    *lo = positive ? 0.25 : -2;
    *hi = 2;
}

/* A product of many values under- or overflows, and its rounding errors add up: ones, with
 * four twos and four halves among them, keep it exact in every order. */
static double product_value(int64_t i, int64_t count)
{
    int64_t step = count / 8 + 1;
    return i % step ? 1 : i / step % 2 ? 0.5 : 2;
}

void bench_value_fill(const vane_op_info *op, vane_tensor *t, uint32_t which)
{
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15) * (which + 1);
    int64_t count = vane_tensor_count(t);
    int real = bench_value_is_float(t->dtype);
    double lo, hi;
    range_of(op->op, &lo, &hi);
    for (int64_t i = 0; i < count; i++) {
        double v = next(&state);
        if (t->dtype == VANE_BOOL)
            v = v < 0.5;
        else if (op->op == VANE_OP_REDUCE_PROD)
            v = real ? product_value(i, count) : 1 + (i % (count / 4 + 1) == 0);
        else if (real)
            v = lo + (hi - lo) * v;
        else /* small integers, none 0: a divisor too, and a matmul of i32 stays in range */
            v = 1 + floor(v * 7);
        bench_value_put(t->dtype, t->data, i, v);
    }
}
