/* SPDX-License-Identifier: MIT */
/* transpose.h - a plain 2-D transpose of elements of 1, 2, 4 or 8 bytes. */
#ifndef CPU_TRANSPOSE_H
#define CPU_TRANSPOSE_H

#include <stdint.h>

/* out[i * row_out + j] = x[i + j * row_x] for i < m, j < n. stream: with stores that
 * pass the caches by, where alignment allows it; the caller fences. */
void cpu__transpose(int64_t size, const void *x, int64_t row_x, void *out, int64_t row_out,
                    int64_t m, int64_t n, int stream);

#endif
