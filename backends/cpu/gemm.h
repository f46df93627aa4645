/* SPDX-License-Identifier: MIT */
/* gemm.h - one matrix product, out = alpha * A * B + beta * C, and what is done for each type.
 *
 * Stored elements (f16, ...) are widened to the type that is computed in (f32) when they are
 * packed or loaded, and rounded once when the result is stored. Where the two are one type,
 * operands and results are also used in place.
 *
 * Bits. They depend on the data, the shapes and on which strides are 1: never on the ISA
 * (with FMA), the width, the tile or the cache blocks. There are two orders of summation:
 *   chains  k is cut into chains of CPU_CHAIN; each is summed in order by FMA from +0, and
 *           the chains are added in order. Short chains keep the rounding error small.
 *   dots    (gemv and dot, where k has stride 1 in the matrix) CPU_DOT_CHUNK elements in
 *           256 bytes of virtual lanes, a halving tree over the lanes, and a tree of chunks.
 * A NaN that is made (inf - inf) has the sign and payload that the ISA gives it.
 */
#ifndef CPU_GEMM_H
#define CPU_GEMM_H

#include "vane/backend.h"

#include "micro.h"

#define CPU_CHAIN 128
#define CPU_KC_BYTES 2048 /* of a packed block: a few chains; a tile's A stays in the L1 cache */
#define CPU_KC(wide) (CPU_KC_BYTES / (wide))
/* Rows that are packed as rows are this far apart, so that they fall into different sets of
 * the L1 cache. */
#define CPU_LINE_BYTES (CPU_KC_BYTES + 64)
#define CPU_TILE_BYTES (CPU_MR * CPU_NV * VEC_BYTES)
#define CPU_DOT_CHUNK 16384
#define CPU_DOT_ROWS 4 /* up to so many rows are worth a pass of dots */

typedef struct cpu_gemm cpu_gemm;

typedef struct cpu_gemm_type {
    int bytes; /* of a stored element */
    int wide;  /* of a computed one; the same number: the same type */
    int mr, nr;
    cpu_micro_fn *micro;
    /* dst[l * width + i] = src[i * step + l * k_step], and 0 for i from w to width */
    void (*panel)(void *dst, int width, const void *src, ptrdiff_t step, ptrdiff_t k_step, int w,
                  ptrdiff_t k);
    /* dst[i * dst_row + l] = src[i * step + l * k_step] */
    void (*lines)(void *dst, ptrdiff_t dst_row, const void *src, ptrdiff_t step, ptrdiff_t k_step,
                  int rows, ptrdiff_t k);
    /* The end of the product: out[i.., j..] = alpha * tile + beta * C, rounded and stored. */
    void (*finish)(const cpu_gemm *g, ptrdiff_t i, ptrdiff_t j, ptrdiff_t rows, ptrdiff_t cols,
                   const void *tile, ptrdiff_t tile_row);
    /* Columns lo to hi of the output, m = 1, B's rows have stride 1: chains. */
    void (*row)(const cpu_gemm *g, ptrdiff_t lo, ptrdiff_t hi);
    /* Columns lo to hi of the output, m <= CPU_DOT_ROWS, A's rows and B's columns have
     * stride 1: dots. */
    void (*dots)(const cpu_gemm *g, ptrdiff_t lo, ptrdiff_t hi);
    /* sum = x . y of n elements; chunks is the tree over the sums of whole chunks. */
    void (*dot)(void *sum, const void *x, ptrdiff_t x_step, const void *y, ptrdiff_t y_step,
                ptrdiff_t n);
    void (*chunks)(void *sum, const void *sums, ptrdiff_t n);
} cpu_gemm_type;

extern const cpu_gemm_type cpu__gemm_f32, cpu__gemm_f64, cpu__gemm_f16, cpu__gemm_bf16,
    cpu__gemm_i32, cpu__gemm_i64;

/* Element (i, j) is at p + (i * row + j * col) * bytes. */
typedef struct cpu_matrix {
    char *p;
    ptrdiff_t row, col;
} cpu_matrix;

struct cpu_gemm {
    const cpu_gemm_type *type;
    const vane_call *call;
    ptrdiff_t m, n, k;
    cpu_matrix a, b, c, out; /* c.p NULL: none, or beta is 0 */
    double alpha, beta;
    int scaled;   /* alpha is not 1, or there is a C */
    int in_place; /* a tile can be summed up in out itself */
    char *scratch;
};

static inline char *cpu__at(const cpu_gemm *g, const cpu_matrix *x, ptrdiff_t i, ptrdiff_t j)
{
    return x->p + (i * x->row + j * x->col) * g->type->bytes;
}
static inline ptrdiff_t cpu__min(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}
static inline ptrdiff_t cpu__tiles(ptrdiff_t n, ptrdiff_t tile)
{
    return n <= tile ? 1 : (n + tile - 1) / tile; /* a division is felt in a small product */
}
static inline ptrdiff_t cpu__up(ptrdiff_t n, ptrdiff_t step)
{
    return (n + step - 1) / step * step;
}

/* C[rows x n] (+)= A * B over all of k, one chain at a time. */
static inline void cpu__chains(const cpu_gemm_type *t, int rows, int n, ptrdiff_t k, micro_a a,
                               const char *b, ptrdiff_t b_row, void *c, ptrdiff_t c_row, int add)
{
    for (ptrdiff_t l = 0; l < k; l += CPU_CHAIN) {
        t->micro(rows, n, (size_t)cpu__min(k - l, CPU_CHAIN), a, b, b_row, c, c_row, add || l > 0);
        a.p = (const char *)a.p + CPU_CHAIN * a.k * t->wide;
        b += CPU_CHAIN * b_row * t->wide;
    }
}

/* The ways to compute it. Each needs what its _fits says, and k of at least 1. */
ptrdiff_t cpu__gemm_packed_scratch(const cpu_gemm *g); /* bytes */
void cpu__gemm_packed(const cpu_gemm *g);
int cpu__gemm_direct_fits(const cpu_gemm *g);
void cpu__gemm_direct(const cpu_gemm *g);
int cpu__gemv_fits(const cpu_gemm *g);
ptrdiff_t cpu__gemv_scratch(const cpu_gemm *g);
void cpu__gemv(const cpu_gemm *g);
int cpu__dot_fits(const cpu_gemm *g);
ptrdiff_t cpu__dot_scratch(const cpu_gemm *g);
void cpu__dot(const cpu_gemm *g);

#endif
