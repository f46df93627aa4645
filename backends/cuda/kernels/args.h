/* SPDX-License-Identifier: MIT */
/* args.h - the kernels' parameters: what the host fills and device code reads, so C and C++ alike.
 * Pointers are 64-bit numbers; strides count elements.
 */
#ifndef CUDA_ARGS_H
#define CUDA_ARGS_H

#include <stdint.h>

#define ARGS_RANK 9 /* VANE_VIEW_RANK */
enum { ARG_X, ARG_Y, ARG_Z, ARG_OUT, ARG_COUNT };

/* x / length of 32 bits as a multiplication: (mulhi(x, factor) + x) >> shift, of x < 2^31 */
typedef struct divisor {
    uint32_t length, factor, shift;
} divisor;

/* Which op of a kernel that knows several. */
enum { LIGHT_ABS, LIGHT_NEG, LIGHT_RELU, LIGHT_CLIP };
enum { ARITH_ADD, ARITH_SUB, ARITH_MUL, ARITH_MAX, ARITH_MIN, ARITH_AXPY };
enum { COMPARE_EQUAL, COMPARE_LESS, COMPARE_GREATER };

/* Contiguous operands. */
typedef struct flat_args {
    uint64_t at[ARG_COUNT]; /* addresses of the inputs and the output */
    uint64_t n;
    uint64_t param[2]; /* the bits of what the op computes in */
    int32_t op;
    int32_t aligned; /* all of them, for packs */
} flat_args;

/* How a thread reads an operand's neighbours along the last dimension. */
enum { PLACE_ONE, PLACE_PACK, PLACE_APART }; /* one for all, as a pack, one by one */

/* Operands of any strides: rows along the last dimension, cut into packs. */
typedef struct place_args {
    uint64_t at[ARG_COUNT];
    uint64_t param[2];
    int32_t op;
    int32_t rank;    /* of the dimensions before the last */
    uint32_t packs;  /* in all; below 2^31 */
    uint32_t row;    /* elements */
    divisor per_row; /* packs of a row */
    divisor dim[ARGS_RANK];
    int32_t mode[ARG_COUNT];
    int64_t step[ARG_COUNT]; /* the last dimension's stride */
    int64_t stride[ARG_COUNT][ARGS_RANK];
} place_args;

/* A copy through tiles of shared memory: the input is contiguous along across, the output along
 * along. The other dimensions count tiles. */
#define TURN_SIDE 32
#define TURN_ROWS 8
typedef struct turn_args {
    uint64_t from, to;
    int64_t across, along;        /* lengths */
    int64_t in_along, out_across; /* strides */
    uint64_t tiles;               /* in all */
    divisor tiles_along, tiles_across;
    int32_t rank;
    divisor dim[ARGS_RANK];
    int64_t in[ARGS_RANK], out[ARGS_RANK];
} turn_args;

/* A reduction: of each output's terms; those are cut into chunks, whose results meet in the block
 * that is done last. Dimensions are as common_dims has them. */
#define ARGS_DIMS 8
#define REDUCE_THREADS 256
#define REDUCE_COLUMNS 32 /* threads side by side, of a block that goes across */
#define REDUCE_ROWS (REDUCE_THREADS / REDUCE_COLUMNS)
typedef struct reduce_args {
    uint64_t x, y, out;     /* addresses */
    uint64_t part, count;   /* with several chunks: states, counters that are 0 */
    int64_t outputs, terms; /* outputs times chunks below 2^31; with several red, terms too */
    int64_t chunk, chunks;  /* terms of a chunk; chunks of an output */
    int64_t y_step;         /* DOT: the second input's stride */
    int32_t op;             /* 1: mean, min, the last index */
    int32_t lanes;          /* along: threads of an output, a power of two */
    int32_t packed;         /* x (and y) can be read by packs: along the terms, or across outputs */
    int32_t tiles;          /* across: blocks' columns of the last kept dimension */
    int32_t n_kept, n_red;
    divisor kept[ARGS_DIMS], red[ARGS_DIMS];
    int64_t kept_x[ARGS_DIMS], kept_out[ARGS_DIMS], red_x[ARGS_DIMS];
} reduce_args;

/* Softmax over rows of terms. */
#define SOFTMAX_HOLD 16 /* elements that a thread holds, of a row that is read once */
#define SOFTMAX_THREADS 256
#define SOFTMAX_LONG 512 /* threads, for rows that 256 cannot hold */
typedef struct softmax_args {
    uint64_t x, out, part; /* addresses; part: of each chunk its largest and its sum */
    int64_t terms, chunk;
    uint32_t outputs, chunks; /* their product is below 2^31 */
    int32_t lanes;            /* threads of a row, a power of two */
    int32_t packed;           /* rows can be read and written by packs */
    uint32_t tiles;           /* across: blocks' columns of the last kept dimension */
    int32_t n_kept;
    int64_t x_step, out_step;
    divisor kept[ARGS_DIMS];
    int64_t kept_x[ARGS_DIMS], kept_out[ARGS_DIMS];
} softmax_args;

/* out = alpha * A B + beta * C, for any strides, over batches. */
#define MATMUL_THREADS 256
#define MATMUL_BATCH 7 /* dimensions */
enum { SIDE_A, SIDE_B, SIDE_C, SIDE_O, SIDE_COUNT };
typedef struct matmul_args {
    uint64_t at[SIDE_COUNT]; /* addresses */
    int64_t m, n, k;
    int64_t row[SIDE_COUNT], col[SIDE_COUNT]; /* strides */
    uint64_t alpha, beta;                     /* the bits of what is computed in */
    uint32_t tiles_m, tiles_n;
    int32_t has_c;
    int32_t batch_rank;
    int32_t packed[2]; /* A and B can be read by packs of 4 along their dense dimension */
    divisor batch[MATMUL_BATCH];
    int64_t step[SIDE_COUNT][MATMUL_BATCH];
} matmul_args;

#endif
