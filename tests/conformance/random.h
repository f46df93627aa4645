/* SPDX-License-Identifier: MIT */
/* random.h - the same numbers everywhere from the same seed (splitmix64). */
#ifndef CONFORM_RANDOM_H
#define CONFORM_RANDOM_H

#include <stdint.h>

typedef uint64_t conform_random;

static inline uint64_t conform_next(conform_random *r)
{
    uint64_t z = (*r += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t conform_below(conform_random *r, uint64_t n)
{
    return conform_next(r) % n;
}

/* [0, 1) */
static inline double conform_unit(conform_random *r)
{
    return (double)(conform_next(r) >> 11) * 0x1p-53;
}

static inline double conform_between(conform_random *r, double lo, double hi)
{
    return lo + (hi - lo) * conform_unit(r);
}

#endif
