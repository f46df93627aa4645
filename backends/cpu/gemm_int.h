/* SPDX-License-Identifier: MIT */
/* gemm_int.h - vectors of wrapping integers for the products of i32 and i64, by the compiler's
 * own vector types: they wrap, and every ISA's way to multiply is the compiler's business.
 */
#ifndef CPU_GEMM_INT_H
#define CPU_GEMM_INT_H

#include "vec.h"

#define CPU_INT_VECTOR(v, type)                                        \
    typedef type v __attribute__((vector_size(VEC_BYTES)));            \
    static inline v v##_load(const type *p)                            \
    {                                                                  \
        v a;                                                           \
        memcpy(&a, p, sizeof a);                                       \
        return a;                                                      \
    }                                                                  \
    static inline void v##_store(type *p, v a)                         \
    {                                                                  \
        memcpy(p, &a, sizeof a);                                       \
    }                                                                  \
    static inline v v##_load_n(const type *p, size_t n)                \
    {                                                                  \
        type t[VEC_BYTES / sizeof(type)] = {0};                        \
        for (size_t i = 0; i < n && i < VEC_BYTES / sizeof(type); i++) \
            t[i] = p[i];                                               \
        return v##_load(t);                                            \
    }                                                                  \
    static inline void v##_store_n(type *p, v a, size_t n)             \
    {                                                                  \
        type t[VEC_BYTES / sizeof(type)];                              \
        v##_store(t, a);                                               \
        for (size_t i = 0; i < n && i < VEC_BYTES / sizeof(type); i++) \
            p[i] = t[i];                                               \
    }                                                                  \
    static inline v v##_set1(type x)                                   \
    {                                                                  \
        return (v){0} + x;                                             \
    }                                                                  \
    static inline v v##_add(v a, v b)                                  \
    {                                                                  \
        return a + b;                                                  \
    }                                                                  \
    static inline v v##_mul(v a, v b)                                  \
    {                                                                  \
        return a * b;                                                  \
    }                                                                  \
    static inline v v##_fma(v a, v b, v c)                             \
    {                                                                  \
        return a * b + c;                                              \
    }
CPU_INT_VECTOR(vu32, uint32_t)
CPU_INT_VECTOR(vu64, uint64_t)
#undef CPU_INT_VECTOR

/* d truncated toward 0 and saturated; NaN is 0. limit: 2^31 or 2^63. */
static inline int64_t cpu__whole(double d, double limit)
{
    if (d >= limit)
        return limit == 0x1p31 ? INT32_MAX : INT64_MAX;
    if (d < -limit)
        return limit == 0x1p31 ? INT32_MIN : INT64_MIN;
    return d == d ? (int64_t)d : 0;
}

#endif
