/* SPDX-License-Identifier: MIT */
/* grid.c - the kernels that are linked in, by name, and a whole launch: its blocks one after the
 * other, and what an access to memory that is not there ends in. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block_own.h"

/* ---- the table ------------------------------------------------------------------------- */

enum { KERNELS = 4096 };
static emu_kernel table[KERNELS];
static size_t n_kernels;

void emu_register(const char *name, emu_body body, size_t args_bytes, unsigned threads,
                  const char *file)
{
    if (emu_kernel_find(name) || n_kernels == KERNELS) {
        fprintf(stderr, "kernel %s of %s: there is one of this name, or too many\n", name, file);
        abort();
    }
    table[n_kernels++] = (emu_kernel){name, file, body, args_bytes, threads};
}

const emu_kernel *emu_kernel_find(const char *name)
{
    for (size_t i = 0; i < n_kernels; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const emu_kernel *emu_kernel_at(size_t i)
{
    return i < n_kernels ? &table[i] : NULL;
}

/* ---- what a thread keeps --------------------------------------------------------------- */

static EMU_TLS emu_block *kept;

void emu_release(void)
{
    emu_block *b = kept;
    kept = NULL;
    if (!b)
        return;
    for (unsigned i = 0; i < b->n_fibers; i++)
        fiber_close(&b->fibers[i]);
    free(b->shared);
    free(b);
}

static emu_block *keep(void)
{
    if (kept)
        return kept;
    emu_block *b = calloc(1, sizeof *b);
    if (!b || posix_memalign((void **)&b->shared, 64, EMU_SHARED_ROOM) != 0) {
        free(b);
        return NULL;
    }
    return kept = b;
}

/* ---- faults ---------------------------------------------------------------------------- */

#if !EMU_WATCHED /* which report such an access themselves, with its stack */
static struct sigaction usual[2];

static void on_fault(int signal, siginfo_t *info, void *context)
{
    emu_block *b = emu_here;
    (void)context;
    if (!b || !b->rescue) { /* not a kernel: whose it was before */
        sigaction(signal, &usual[signal == SIGBUS], NULL);
        return;
    }
    snprintf(b->why, 256, "%s: block (%u, %u, %u) thread %u: access to %p", b->kernel->name,
             emu_block_idx.x, emu_block_idx.y, emu_block_idx.z, b->current, info->si_addr);
    siglongjmp(*b->rescue, 1);
}

static void watch_faults(void)
{
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &act, &usual[0]);
    sigaction(SIGBUS, &act, &usual[1]);
}
static pthread_once_t watched = PTHREAD_ONCE_INIT;
#endif

/* ---- a launch -------------------------------------------------------------------------- */

static void run_blocks(emu_block *b, emu_dim grid, uint64_t serial)
{
    const uint64_t n = (uint64_t)grid.x * grid.y * grid.z;
    for (uint64_t i = 0; i < n && !b->failed; i++) {
        const uint64_t at = serial & 1 ? n - 1 - i : i; /* no order is promised */
        emu_block_idx = (emu_dim){(unsigned)(at % grid.x), (unsigned)(at / grid.x % grid.y),
                                  (unsigned)(at / grid.x / grid.y)};
        b->downwards = (int)((at + serial / 2) & 1);
        emu_block_run(b);
    }
}

static void run_guarded(emu_block *b, emu_dim grid, uint64_t serial)
{
#if EMU_WATCHED
    run_blocks(b, grid, serial);
#else
    sigjmp_buf rescue;
    pthread_once(&watched, watch_faults);
    if (sigsetjmp(rescue, 0) == 0) {
        b->rescue = &rescue;
        run_blocks(b, grid, serial);
    } else {
        b->failed = EMU_ACCESS;
        fiber_left(&b->home);
        emu_block_forget(b);
    }
    b->rescue = NULL;
#endif
}

emu_result emu_run(const emu_kernel *k, emu_dim grid, emu_dim block, const void *args,
                   uint64_t serial, char *why)
{
    emu_block *b = keep();
    if (!b)
        return EMU_MEMORY;
    b->kernel = k;
    b->args = args;
    b->threads = block.x * block.y * block.z;
    b->why = why;
    b->failed = EMU_OK;
    emu_block_dim = block;
    emu_grid_dim = grid;
    fiber_adopt(&b->home);
    emu_here = b;
    run_guarded(b, grid, serial);
    emu_here = NULL;
    return (emu_result)b->failed;
}
