/* SPDX-License-Identifier: MIT */
/* block.h - the threads of one emulated block: how a kernel's source, compiled for the host by
 * emulate.h, is run, and what it asks for while it runs.
 *
 * Threads run one after the other on one fiber until one has to wait; only then does the next get
 * a fiber of its own. A block without barriers is a plain loop. Even blocks run their threads
 * upwards and odd ones downwards, so that what holds for one order only shows.
 */
#ifndef FAKE_BLOCK_H
#define FAKE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Whether a sanitizer reports accesses to memory that is not there, instead of us. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EMU_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define EMU_WATCHED 1
#endif
#endif
#ifndef EMU_WATCHED
#define EMU_WATCHED 0
#endif

#ifdef __cplusplus
extern "C" {
#define EMU_TLS thread_local
#else
#define EMU_TLS _Thread_local
#endif

typedef struct emu_dim {
    unsigned x, y, z;
} emu_dim;

/* Of the thread that runs. */
extern EMU_TLS emu_dim emu_thread_idx, emu_block_idx, emu_block_dim, emu_grid_dim;

typedef void (*emu_body)(const void *args);

/* ---- for kernels (emulate.h) ------------------------------------------------------- */

typedef enum emu_warp_op { EMU_SHUFFLE, EMU_BALLOT, EMU_SYNCWARP } emu_warp_op;

/* where: "file:line" of the call, one text for each place. */
void emu_sync(const char *where);
/* Waits for the lanes of mask. A shuffle gives lane source's value, a ballot the lanes with a
 * value that is not 0. */
uint64_t emu_warp(emu_warp_op op, unsigned mask, uint64_t value, unsigned source,
                  const char *where);
/* The block's array for this place (site: any address of its own), filled with 0xff: NaN. */
void *emu_shared(const void *site, size_t bytes, const char *where);
/* Ends the kernel: the launch fails with this sentence. */
__attribute__((noreturn, format(printf, 1, 2))) void emu_fault(const char *fmt, ...);
/* One kernel more: called before main. */
void emu_register(const char *name, emu_body body, size_t args_bytes, unsigned threads,
                  const char *file);

/* ---- for who launches (grid.c) ------------------------------------------------------- */

typedef struct emu_kernel {
    const char *name, *file;
    emu_body body;
    size_t args_bytes;
    unsigned threads; /* at most, in a block */
} emu_kernel;

/* NULL: there is none of this name. */
const emu_kernel *emu_kernel_find(const char *name);
/* Every kernel in turn, NULL after the last. */
const emu_kernel *emu_kernel_at(size_t i);

typedef enum emu_result { EMU_OK, EMU_FAULT, EMU_ACCESS, EMU_MEMORY } emu_result;
/* All blocks of a launch, here and now; why: at least 256 bytes, for the sentence. EMU_ACCESS: an
 * address that is not mapped. EMU_MEMORY: no memory for stacks. */
emu_result emu_run(const emu_kernel *k, emu_dim grid, emu_dim block, const void *args,
                   uint64_t serial, char *why);
/* What this OS thread keeps for its next launch. */
void emu_release(void);

#ifdef __cplusplus
}
#endif
#endif
