/* FROZEN: the plugin contract v1 as it was released. Never edited. */
/* SPDX-License-Identifier: MIT */
/* cpu.h - CPU feature bits: what the CPU has AND the operating system lets run.
 *
 * Bits are for ever: appended, never renumbered, because plugins carry them in
 * their ELF notes. x86 and ARM share one 64-bit space.
 */
#ifndef VANE_CPU_H
#define VANE_CPU_H

#include <stdint.h>

/* X(NAME, "text", bit) */
#define VANE_CPU_MAP(X)             \
    X(SSE2, "sse2", 0)              \
    X(SSE3, "sse3", 1)              \
    X(SSSE3, "ssse3", 2)            \
    X(SSE41, "sse4.1", 3)           \
    X(SSE42, "sse4.2", 4)           \
    X(POPCNT, "popcnt", 5)          \
    X(AVX, "avx", 6)                \
    X(F16C, "f16c", 7)              \
    X(FMA, "fma", 8)                \
    X(AVX2, "avx2", 9)              \
    X(BMI1, "bmi1", 10)             \
    X(BMI2, "bmi2", 11)             \
    X(AVX512F, "avx512f", 12)       \
    X(AVX512CD, "avx512cd", 13)     \
    X(AVX512BW, "avx512bw", 14)     \
    X(AVX512DQ, "avx512dq", 15)     \
    X(AVX512VL, "avx512vl", 16)     \
    X(AVX512VNNI, "avx512vnni", 17) \
    X(AVX512BF16, "avx512bf16", 18) \
    X(AVX512FP16, "avx512fp16", 19) \
    X(AMX_TILE, "amx_tile", 20)     \
    X(AMX_INT8, "amx_int8", 21)     \
    X(AMX_BF16, "amx_bf16", 22)     \
    X(NEON, "neon", 32)             \
    X(FP16, "fp16", 33)             \
    X(DOTPROD, "dotprod", 34)       \
    X(I8MM, "i8mm", 35)             \
    X(BF16, "bf16", 36)             \
    X(SVE, "sve", 37)               \
    X(SVE2, "sve2", 38)

/* bit numbers: VANE_CPU_AVX2_BIT */
enum {
#define VANE_CPU_ENUM(NAME, text, bit) VANE_CPU_##NAME##_BIT = bit,
    VANE_CPU_MAP(VANE_CPU_ENUM)
#undef VANE_CPU_ENUM
};

/* A constant expression: VANE_CPU(AVX2) | VANE_CPU(FMA). */
#define VANE_CPU(NAME) (UINT64_C(1) << VANE_CPU_##NAME##_BIT)

#endif
