/* SPDX-License-Identifier: MIT */
/* reduce.h - what the reduction files share: the kernels' lookup and the body of one (op, dtype).
 *
 * The terms of an output form one sequence. It is cut into chunks of CPU_CHUNK terms; a body
 * reduces a chunk to a part, 8 bytes wide (double for floats, int64_t for integers); parts are
 * merged in order, first within a piece of CPU_PIECE terms, then piece by piece. None of this
 * depends on the ISA or the thread width, so neither do the bits.
 */
#ifndef CPU_REDUCE_H
#define CPU_REDUCE_H

#include "vane/backend.h"

/* REDUCE_* and ARGMAX; NULL: not supported. */
const vane_kernel *cpu__reduce_kernel(uint32_t op, uint32_t dtype);
vane_status cpu__reduce_argmax(const vane_kernel *self, const vane_call *call);

enum {
    CPU_CHUNK = 4096,           /* terms in a row chunk */
    CPU_PIECE = 16 * CPU_CHUNK, /* terms in a parallel piece */
    CPU_TILE = 1024,            /* columns reduced side by side */
    CPU_TILE_ROWS = 256,        /* rows in a chunk of columns */
    CPU_TILE_PIECE = 4096,      /* rows in a parallel piece of columns */
    CPU_PARTS = 256             /* parts kept on the stack */
};

typedef union cpu__part {
    double f;
    int64_t i;
} cpu__part;

typedef enum cpu__red { CPU_SUM, CPU_MEAN, CPU_MAX, CPU_MIN, CPU_PROD, CPU_RED_COUNT } cpu__red;

typedef struct cpu__body {
    /* count rows of n <= CPU_CHUNK adjacent terms each, stride elements apart */
    void (*rows)(const void *x, int64_t n, int64_t count, int64_t stride, cpu__part *part);
    /* cols <= CPU_TILE adjacent columns over rows <= CPU_TILE_ROWS; off: where each row begins */
    void (*cols)(const void *x, const int64_t *off, int64_t rows, int64_t cols, cpu__part *part);
    /* each of n sums takes in a part; err, first 0, gathers what its rounding loses */
    void (*merge)(cpu__part *sum, cpu__part *err, const cpu__part *part, int64_t n);
    void (*settle)(cpu__part *sum, const cpu__part *err, int64_t n); /* err goes into sum */
    /* writes n outputs of terms terms each, stride elements apart */
    void (*finish)(const cpu__part *sum, int64_t n, int64_t terms, void *out, int64_t stride);
} cpu__body;

/* dtype: f32 f64 f16 bf16 / i32 i64 u8 i8; rows is NULL where the op is not defined */
const cpu__body *cpu__reduce_float(cpu__red op, uint32_t dtype);
const cpu__body *cpu__reduce_int(cpu__red op, uint32_t dtype);

#endif
