/* SPDX-License-Identifier: MIT */
/* dtype.c - names, sizes, and a parameter as a value of a data type. */
#include "dtype.h"

#include <math.h>
#include <string.h>

const char *common_dtype_name(uint32_t dtype)
{
    static const char *const names[] = {
#define COMMON_DTYPE_NAME(NAME, name, bytes) #name,
        VANE_DTYPE_MAP(COMMON_DTYPE_NAME)
#undef COMMON_DTYPE_NAME
    };
    return names[dtype];
}

uint64_t common_dtype_bytes(uint32_t dtype)
{
    static const uint8_t sizes[] = {
#define COMMON_DTYPE_BYTES(NAME, name, bytes) bytes,
        VANE_DTYPE_MAP(COMMON_DTYPE_BYTES)
#undef COMMON_DTYPE_BYTES
    };
    return sizes[dtype];
}

/* Rounds to odd: what is lost makes the last bit 1. */
static float sticky_float(double v)
{
    float f = (float)v;
    uint32_t bits;
    if (isnan(v) || (double)f == v)
        return f;
    memcpy(&bits, &f, sizeof bits);
    bits -= fabs((double)f) > fabs(v);
    bits |= 1;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static int64_t saturate(double v, int64_t lo, int64_t hi)
{
    if (isnan(v))
        return 0;
    if (v <= (double)lo)
        return lo;
    return v >= (double)hi ? hi : (int64_t)v;
}

int64_t common_number_bits(uint32_t dtype, double v)
{
    float f = dtype == VANE_F32 ? (float)v : sticky_float(v);
    int64_t bits = 0;
    switch (dtype) {
    case VANE_F64:
        memcpy(&bits, &v, sizeof v);
        return bits;
    case VANE_I32:
        return saturate(v, INT32_MIN, INT32_MAX);
    case VANE_I64:
        return saturate(v, INT64_MIN, INT64_MAX);
    case VANE_U8:
        return saturate(v, 0, UINT8_MAX);
    case VANE_I8:
        return saturate(v, INT8_MIN, INT8_MAX);
    case VANE_BOOL:
        return v != 0;
    default: {
        uint32_t low;
        memcpy(&low, &f, sizeof low);
        return (int64_t)low;
    }
    }
}
