/* SPDX-License-Identifier: MIT */
/* kernel.h - the language of the kernels: all that a .cu of this folder includes.
 *
 * A kernel is KERNEL(name, type of its arguments, threads) and a body. It has C linkage and one
 * parameter, the struct a; threads is the size of its blocks (a product, where the launch makes
 * them two-dimensional). Beside what is below it uses threadIdx.x and .y, blockIdx.x to .z,
 * blockDim, gridDim, __syncthreads, __syncwarp, __shfl_xor_sync, __shfl_down_sync, __shfl_sync,
 * __ballot_sync (of 32- and 64-bit values), atomicAdd, atomicInc and atomicExch on unsigned,
 * __threadfence, and the functions of <math.h>, fma() and fmaf() among them. No PTX but here.
 *
 * With VANE_CUDA_HOST defined the same sources are C++17 for the host: emulate.h of tests/cuda
 * supplies all of it, and KERNEL enters {name, function, sizeof(type), threads} into a table.
 */
#ifndef CUDA_KERNEL_H
#define CUDA_KERNEL_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef VANE_CUDA_HOST
#include "emulate.h" /* KERNEL, SHARED, DEVICE, what CUDA has built in */
#define DEVICE_MEMBER static inline
#else
#define KERNEL(name, type, threads) \
    extern "C" __global__ void __launch_bounds__(threads) name(const __grid_constant__ type a)
/* An array of the block, aligned to 16 bytes; once in a function, which may be one that kernels
 * call. */
#define SHARED(type, name, count) __shared__ __align__(16) type name[count]
/* A function of kernels; a static one of a struct. */
#define DEVICE static __device__ __forceinline__
#define DEVICE_MEMBER static __device__ __forceinline__
#endif

#define WARP 32
#define WARP_ALL 0xffffffffu

/* ---- half precision is a storage type ----------------------------------------------- */

struct f16 {
    uint16_t bits;
};
struct bf16 {
    uint16_t bits;
};

#ifdef VANE_CUDA_HOST
DEVICE uint32_t bits_of(float v)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &v, sizeof bits);
    return bits;
}
DEVICE float float_of(uint32_t bits)
{
    float v;
    __builtin_memcpy(&v, &bits, sizeof v);
    return v;
}
DEVICE float widen(f16 v)
{
    const uint32_t sign = (uint32_t)(v.bits & 0x8000u) << 16, rest = v.bits & 0x7fffu;
    if (rest >= 0x7c00u) /* infinity; NaN, made quiet */
        return float_of(sign | 0x7f800000u | (rest & 0x3ffu) << 13 | (rest > 0x7c00u) << 22);
    if (rest >= 0x400u)
        return float_of(sign | ((rest << 13) + (112u << 23)));
    const float v0 = (float)rest * 0x1p-24f;
    return sign ? -v0 : v0;
}
DEVICE f16 narrow_f16(float v)
{
    const uint32_t bits = bits_of(v), sign = bits >> 16 & 0x8000u, rest = bits & 0x7fffffffu;
    if (rest > 0x7f800000u)
        return f16{(uint16_t)0x7fffu};
    if (rest >= 0x47800000u) /* 65536 */
        return f16{(uint16_t)(sign | 0x7c00u)};
    if (rest < 0x38800000u) { /* subnormal: adding 0.5 leaves its 10 bits at the end */
        const float shifted = float_of(rest) + 0.5f;
        return f16{(uint16_t)(sign | (bits_of(shifted) - 0x3f000000u))};
    }
    const uint32_t even = rest + 0xfffu + (rest >> 13 & 1u);
    return f16{(uint16_t)(sign | (even - (112u << 23)) >> 13)};
}
#else
DEVICE uint32_t bits_of(float v)
{
    return __float_as_uint(v);
}
DEVICE float float_of(uint32_t bits)
{
    return __uint_as_float(bits);
}
DEVICE float widen(f16 v)
{
    float r;
    asm("cvt.f32.f16 %0, %1;" : "=f"(r) : "h"(v.bits));
    return r;
}
DEVICE f16 narrow_f16(float v)
{
    f16 r;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(r.bits) : "f"(v));
    return r;
}
#endif

DEVICE float widen(bf16 v)
{
    return float_of((uint32_t)v.bits << 16);
}

DEVICE bf16 narrow_bf16(float v)
{
#if !defined(VANE_CUDA_HOST) && defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    bf16 r;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r.bits) : "f"(v));
    return r;
#else
    const uint32_t bits = bits_of(v);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return bf16{(uint16_t)0x7fffu};
    return bf16{(uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16)};
#endif
}

/* ---- 16 bytes at a time -------------------------------------------------------------- */

/* N values that are loaded and stored as one: their address is aligned to all of them, or to 16
 * bytes where that is less. */
template <class T, int N> struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) pack {
    T v[N];
};

#endif
