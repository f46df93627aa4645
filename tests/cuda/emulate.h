/* SPDX-License-Identifier: MIT */
/* emulate.h - CUDA's language, as far as backends/cuda/kernels uses it, in C++17 for the host:
 * kernel.h includes it where VANE_CUDA_HOST is defined. What waits for other threads is in
 * block.c. */
#ifndef FAKE_EMULATE_H
#define FAKE_EMULATE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "block.h"

#define DEVICE static inline __attribute__((unused))
#define DEVICE_MEMBER static inline
#define __device__
#define __host__
#define __global__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __align__(n) alignas(n)

#define EMU_TEXT_(x) #x
#define EMU_TEXT(x) EMU_TEXT_(x)
#define EMU_WHERE __FILE__ ":" EMU_TEXT(__LINE__)

#define threadIdx emu_thread_idx
#define blockIdx emu_block_idx
#define blockDim emu_block_dim
#define gridDim emu_grid_dim
static const int warpSize = 32;

struct emu_entry {
    emu_entry(const char *name, emu_body body, size_t args_bytes, unsigned threads,
              const char *file)
    {
        emu_register(name, body, args_bytes, threads, file);
    }
};

#define KERNEL(name, type, threads)                                                            \
    static void name(const type &a);                                                           \
    static void name##_body(const void *args)                                                  \
    {                                                                                          \
        name(*static_cast<const type *>(args));                                                \
    }                                                                                          \
    static const emu_entry name##_entry(#name, name##_body, sizeof(type), (unsigned)(threads), \
                                        __FILE__);                                             \
    static void name(const type &a)

/* A real array by its type, so that UBSan watches indices; there are guards on both sides of it. */
#define SHARED(type, name, count)      \
    static const char name##_site = 0; \
    type(&name)[count] =               \
        *static_cast<type(*)[count]>(emu_shared(&name##_site, sizeof(type) * (count), EMU_WHERE))

/* ---- what waits -------------------------------------------------------------------------- */

#define __syncthreads() emu_sync(EMU_WHERE)
#define __syncwarp(...) emu_warp(EMU_SYNCWARP, emu_mask(__VA_ARGS__), 0, 0, EMU_WHERE)
#define __ballot_sync(mask, predicate) emu_ballot((mask), (predicate) ? 1 : 0, EMU_WHERE)
#define __any_sync(mask, predicate) (__ballot_sync(mask, predicate) != 0)
#define __all_sync(mask, predicate) (__ballot_sync(mask, !(predicate)) == 0)
#define __shfl_sync(mask, value, ...) \
    emu_shuffle_to((mask), (value), EMU_WHERE, emu_from_lane, __VA_ARGS__)
#define __shfl_xor_sync(mask, value, ...) \
    emu_shuffle_to((mask), (value), EMU_WHERE, emu_from_xor, __VA_ARGS__)
#define __shfl_down_sync(mask, value, ...) \
    emu_shuffle_to((mask), (value), EMU_WHERE, emu_from_down, __VA_ARGS__)
#define __shfl_up_sync(mask, value, ...) \
    emu_shuffle_to((mask), (value), EMU_WHERE, emu_from_up, __VA_ARGS__)

static inline unsigned emu_mask(unsigned mask = 0xffffffffu)
{
    return mask;
}
static inline unsigned emu_ballot(unsigned mask, uint64_t vote, const char *where)
{
    return (unsigned)emu_warp(EMU_BALLOT, mask, vote, 0, where);
}
static inline unsigned emu_lane(void)
{
    const unsigned row = emu_thread_idx.y + emu_thread_idx.z * emu_block_dim.y;
    return (emu_thread_idx.x + row * emu_block_dim.x) % 32;
}
/* Which lane's value it is; one's own where the other is outside the segment. */
static inline unsigned emu_from_lane(unsigned lane, unsigned n, unsigned width)
{
    return (lane & ~(width - 1)) | (n & (width - 1));
}
static inline unsigned emu_from_xor(unsigned lane, unsigned n, unsigned width)
{
    const unsigned to = lane ^ n;
    return to >= (lane & ~(width - 1)) + width ? lane : to;
}
static inline unsigned emu_from_down(unsigned lane, unsigned n, unsigned width)
{
    return (lane & (width - 1)) + n >= width ? lane : lane + n;
}
static inline unsigned emu_from_up(unsigned lane, unsigned n, unsigned width)
{
    return (lane & (width - 1)) < n ? lane : lane - n;
}
template <class T>
static inline T emu_shuffle_to(unsigned mask, T value, const char *where,
                               unsigned (*from)(unsigned, unsigned, unsigned), unsigned n,
                               unsigned width = 32)
{
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "a shuffle moves 4 or 8 bytes");
    if (width == 0 || width > 32 || (width & (width - 1)))
        emu_fault("%s: a shuffle over segments of %u lanes", where, width);
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = emu_warp(EMU_SHUFFLE, mask, bits, from(emu_lane(), n, width), where);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- memory ------------------------------------------------------------------------------ */

#define __threadfence() __sync_synchronize()
#define __threadfence_block() __sync_synchronize()
template <class T> static inline T __ldg(const T *p)
{
    return *p;
}
template <class T> static inline T atomicAdd(T *p, T v)
{
    static_assert(T(0.5) == T(0), "of integers");
    return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);
}
template <class T> static inline T atomicExch(T *p, T v)
{
    return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);
}
template <class T> static inline T atomicCAS(T *p, T expected, T v)
{
    __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}
static inline unsigned atomicInc(unsigned *p, unsigned limit)
{
    unsigned old = __atomic_load_n(p, __ATOMIC_SEQ_CST);
    while (!__atomic_compare_exchange_n(p, &old, old >= limit ? 0 : old + 1, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    return old;
}
template <class T> static inline T emu_atomic_extreme(T *p, T v, bool greatest)
{
    T old = __atomic_load_n(p, __ATOMIC_SEQ_CST);
    while ((greatest ? v > old : v < old) &&
           !__atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    return old;
}
template <class T> static inline T atomicMax(T *p, T v)
{
    return emu_atomic_extreme(p, v, true);
}
template <class T> static inline T atomicMin(T *p, T v)
{
    return emu_atomic_extreme(p, v, false);
}

/* ---- functions --------------------------------------------------------------------------- */

template <class T> static inline T min(T a, T b)
{
    return b < a ? b : a;
}
template <class T> static inline T max(T a, T b)
{
    return a < b ? b : a;
}
static inline float rsqrtf(float v)
{
    return 1.0f / sqrtf(v);
}
static inline double rsqrt(double v)
{
    return 1.0 / sqrt(v);
}
template <class To, class From> static inline To emu_bits(From v)
{
    static_assert(sizeof(To) == sizeof(From), "the same bits");
    To to;
    memcpy(&to, &v, sizeof to);
    return to;
}
static inline unsigned __float_as_uint(float v)
{
    return emu_bits<unsigned>(v);
}
static inline int __float_as_int(float v)
{
    return emu_bits<int>(v);
}
static inline float __uint_as_float(unsigned v)
{
    return emu_bits<float>(v);
}
static inline float __int_as_float(int v)
{
    return emu_bits<float>(v);
}
static inline long long __double_as_longlong(double v)
{
    return emu_bits<long long>(v);
}
static inline double __longlong_as_double(long long v)
{
    return emu_bits<double>(v);
}
static inline int __popc(unsigned v)
{
    return __builtin_popcount(v);
}
static inline int __ffs(int v)
{
    return __builtin_ffs(v);
}
static inline int __clz(int v)
{
    return v ? __builtin_clz((unsigned)v) : 32;
}
static inline unsigned __umulhi(unsigned a, unsigned b)
{
    return (unsigned)((uint64_t)a * b >> 32);
}
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    __extension__ typedef unsigned __int128 wide;
    return (unsigned long long)((wide)a * b >> 64);
}

#endif
