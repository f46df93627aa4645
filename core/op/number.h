/* SPDX-License-Identifier: MIT */
/* number.h - elements of every dtype as numbers. */
#ifndef VANE__OP_NUMBER_H
#define VANE__OP_NUMBER_H

#include <string.h>

#include "vane/types.h"

/* f16, without a denormal double on the way, which the thread's mode may flush. */
static inline double vane__number_of_f16(uint16_t bits)
{
    const uint32_t magnitude = bits & 0x7fffu;
    const uint64_t bias = magnitude >= 0x7c00u ? 0x7ff - 31 : 1023 - 15;
    const uint64_t wide = ((uint64_t)magnitude << 42) + (bias << 52);
    double v = (double)magnitude * 0x1p-24; /* below the normal numbers */
    if (magnitude >= 0x400u)
        memcpy(&v, &wide, sizeof v);
    return bits >> 15 ? -v : v;
}

static inline double vane__number_of_bf16(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float v;
    memcpy(&v, &wide, sizeof v);
    return (double)v;
}

/* Element i of floats. */
static inline double vane__number(uint32_t dtype, const void *data, int64_t i)
{
    switch (dtype) {
    case VANE_F32:
        return (double)((const float *)data)[i];
    case VANE_F64:
        return ((const double *)data)[i];
    case VANE_F16:
        return vane__number_of_f16(((const uint16_t *)data)[i]);
    default:
        return vane__number_of_bf16(((const uint16_t *)data)[i]);
    }
}

/* Element i of integers; of bool, its byte. */
static inline int64_t vane__integer(uint32_t dtype, const void *data, int64_t i)
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

#endif
