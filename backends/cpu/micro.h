/* SPDX-License-Identifier: MIT */
/* micro.h - the tile that all matrix products are made of: C[rows x n] (+)= A * B.
 *
 * A tile lives in registers: at most mr rows by nr columns (CPU_NV vectors). Element (i, l)
 * of A is a[i * a_row + l * a_k], so packed panels, plain matrices and their transposes are
 * all read in place; row l of B is at b + l * b_row, unit stride.
 *
 * Bits: each element of C is one chain over l = 0 .. k-1, acc = fma(a, b, acc) from +0, and
 * then, if add, C + acc. It knows nothing of the tile's size or of the register's width.
 */
#ifndef CPU_MICRO_H
#define CPU_MICRO_H

#include <stddef.h>
#include <stdint.h>

#include "vec.h"

#if VEC_BYTES == 64
#define CPU_MR 14 /* 28 accumulators, 2 of B, 1 of A: 31 of 32 registers */
#define CPU_NV 2
#elif VEC_BYTES == 32
#define CPU_MR 6 /* 12 + 2 + 1 of 16 */
#define CPU_NV 2
#elif defined(__aarch64__)
#define CPU_MR 8 /* 24 + 3 + 1 of 32 */
#define CPU_NV 3
#else
#define CPU_MR 4 /* 8 + 2 + 2 of 16: mul and add need a register between them */
#define CPU_NV 2
#endif
#define CPU_MR_INT 4 /* integer multiplies are mostly made of several instructions */

typedef struct micro_a {
    const void *p;
    ptrdiff_t row, k;
} micro_a;

/* rows 1 .. mr, n 1 .. nr, k at least 1. */
typedef void cpu_micro_fn(int rows, int n, size_t k, micro_a a, const void *b, ptrdiff_t b_row,
                          void *c, ptrdiff_t c_row, int add);
cpu_micro_fn cpu__micro_f32; /* f16 and bf16, widened, use it too */

#endif
