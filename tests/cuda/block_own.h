/* SPDX-License-Identifier: MIT */
/* block_own.h - what block.c, warp.c, shared.c and grid.c share: the state of the block that runs
 * on this OS thread. */
#ifndef FAKE_BLOCK_OWN_H
#define FAKE_BLOCK_OWN_H

#include <setjmp.h>
#include <stdarg.h>

#include "block.h"
#include "fiber.h"

enum { EMU_THREADS = 1024, EMU_LANES = 32, EMU_ARRAYS = 32 };
enum { EMU_GUARD = 64, EMU_SHARED_BYTES = 48 * 1024 };
enum { EMU_SHARED_ROOM = EMU_SHARED_BYTES + EMU_GUARD * (2 * EMU_ARRAYS + 1) };

typedef enum emu_wait { EMU_RUNS, EMU_AT_BARRIER, EMU_AT_WARP, EMU_EXITED } emu_wait;

typedef struct emu_thread {
    emu_wait wait;
    emu_warp_op op;
    unsigned mask, source;
    uint64_t value, result;
    const char *where; /* it waits */
    emu_dim index;
    fiber *on;     /* the stack that holds it while it waits */
    unsigned next; /* in the list of those that can go on */
} emu_thread;

typedef struct emu_array { /* of shared memory */
    const void *site;
    const char *where;
    size_t bytes, at;
} emu_array;

typedef struct emu_block {
    const emu_kernel *kernel;
    const void *args;
    emu_thread thread[EMU_THREADS];
    unsigned threads, begun, exited, at_barrier;
    unsigned ready_first, ready_last; /* EMU_THREADS: none */
    unsigned current;
    int downwards;
    fiber home, *fiber, *running;
    fiber fibers[EMU_THREADS];
    unsigned n_fibers;
    fiber *idle[EMU_THREADS]; /* open and free */
    unsigned n_idle;
    emu_array array[EMU_ARRAYS];
    unsigned n_arrays;
    size_t shared_used;
    unsigned char *shared;
    volatile int failed; /* an emu_result */
    char *why;
    sigjmp_buf *rescue; /* of grid.c: faults of a kernel end there */
} emu_block;

/* The block of this OS thread; NULL: none runs. */
extern EMU_TLS emu_block *emu_here;

/* One block from its first thread to its last; b->kernel, args, threads and why are set. */
void emu_block_run(emu_block *b);
/* The current thread waits until somebody calls emu_block_ready for it. */
void emu_block_wait(emu_block *b);
void emu_block_ready(emu_block *b, unsigned thread);
/* Fibers of threads that will not go on. */
void emu_block_forget(emu_block *b);
void emu_shared_begin(emu_block *b);
/* NULL, or the place whose array was written outside. */
const char *emu_shared_end(emu_block *b);

#endif
