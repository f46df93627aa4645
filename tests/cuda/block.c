/* SPDX-License-Identifier: MIT */
/* block.c - the threads of a block, one after the other on as few fibers as their waiting allows,
 * and __syncthreads. */
#include <stdio.h>

#include "block_own.h"

EMU_TLS emu_dim emu_thread_idx, emu_block_idx, emu_block_dim, emu_grid_dim;
EMU_TLS emu_block *emu_here;

/* ---- who runs next --------------------------------------------------------------------- */

void emu_block_ready(emu_block *b, unsigned thread)
{
    b->thread[thread].wait = EMU_RUNS;
    b->thread[thread].next = EMU_THREADS;
    if (b->ready_first == EMU_THREADS)
        b->ready_first = thread;
    else
        b->thread[b->ready_last].next = thread;
    b->ready_last = thread;
}

static emu_dim index_of(unsigned thread)
{
    const unsigned x = emu_block_dim.x, y = emu_block_dim.y;
    return (emu_dim){thread % x, thread / x % y, thread / x / y};
}

/* The next thread that has not begun, made current. */
static void begin_next(emu_block *b)
{
    const unsigned i = b->downwards ? b->threads - 1 - b->begun : b->begun;
    b->begun++;
    b->current = i;
    b->thread[i].wait = EMU_RUNS;
    b->thread[i].mask = 0;
    b->thread[i].index = emu_thread_idx = index_of(i);
}

/* A fiber's life: threads that have not begun, as long as there are some and none waits. */
static void run_threads(void *arg)
{
    emu_block *b = arg;
    for (;;) {
        while (b->begun < b->threads) {
            begin_next(b);
            b->kernel->body(b->args);
            b->thread[b->current].wait = EMU_EXITED;
            b->exited++;
        }
        fiber *self = b->running, *to = &b->home;
        if (b->ready_first != EMU_THREADS) {
            b->current = b->ready_first;
            b->ready_first = b->thread[b->current].next;
            emu_thread_idx = b->thread[b->current].index;
            to = b->thread[b->current].on;
        }
        b->idle[b->n_idle++] = self;
        b->running = to;
        fiber_switch(self, to);
    }
}

static fiber *take_fiber(emu_block *b)
{
    if (b->n_idle > 0)
        return b->idle[--b->n_idle];
    if (b->n_fibers == EMU_THREADS || fiber_open(&b->fibers[b->n_fibers], run_threads, b) != 0)
        return NULL;
    return &b->fibers[b->n_fibers++];
}

void emu_block_forget(emu_block *b)
{
    b->n_idle = 0;
    for (unsigned i = b->n_fibers; i-- > 0;) {
        fiber_reset(&b->fibers[i]);
        b->idle[b->n_idle++] = &b->fibers[i];
    }
}

/* ---- waiting ----------------------------------------------------------------------------- */

void emu_block_wait(emu_block *b)
{
    emu_thread *self = &b->thread[b->current];
    const unsigned me = b->current;
    fiber *to = &b->home; /* nobody can go on: a fault, which home describes */
    self->on = b->running;
    if (b->ready_first != EMU_THREADS) {
        b->current = b->ready_first;
        b->ready_first = b->thread[b->current].next;
        emu_thread_idx = b->thread[b->current].index;
        to = b->thread[b->current].on;
    } else if (b->begun < b->threads) {
        to = take_fiber(b);
        if (!to) {
            b->failed = EMU_MEMORY;
            to = &b->home;
        }
    }
    fiber *from = b->running;
    b->running = to;
    fiber_switch(from, to);
    b->current = me; /* who woke us took us from the list */
}

void emu_fault(const char *fmt, ...)
{
    emu_block *b = emu_here;
    va_list list;
    const emu_thread *t = &b->thread[b->current];
    char said[200];
    va_start(list, fmt);
    vsnprintf(said, sizeof said, fmt, list);
    va_end(list);
    snprintf(b->why, 256, "%s: block (%u, %u, %u) thread (%u, %u, %u): %s", b->kernel->name,
             emu_block_idx.x, emu_block_idx.y, emu_block_idx.z, t->index.x, t->index.y, t->index.z,
             said);
    b->failed = EMU_FAULT;
    fiber *from = b->running;
    b->running = &b->home;
    fiber_switch(from, &b->home); /* for good */
    __builtin_unreachable();
}

/* Strict: a thread that has left the kernel does not count as one that arrived. */
void emu_sync(const char *where)
{
    emu_block *b = emu_here;
    emu_thread *self = &b->thread[b->current];
    self->wait = EMU_AT_BARRIER;
    self->where = where;
    if (++b->at_barrier < b->threads) {
        emu_block_wait(b);
        return;
    }
    for (unsigned i = 0; i < b->threads; i++)
        if (b->thread[i].where != where)
            emu_fault("it waits at %s, and thread %u at the other barrier %s", where, i,
                      b->thread[i].where);
    b->at_barrier = 0;
    self->wait = EMU_RUNS;
    for (unsigned i = 0; i < b->threads; i++)
        if (i != b->current)
            emu_block_ready(b, i);
}

/* ---- one block ----------------------------------------------------------------------------- */

/* Nobody can go on, and somebody waits: for whom? */
static void describe_stuck(emu_block *b)
{
    unsigned i = 0;
    while (b->thread[i].wait != EMU_AT_BARRIER && b->thread[i].wait != EMU_AT_WARP)
        i++;
    const emu_thread *t = &b->thread[i];
    unsigned other = 0, last = b->threads;
    if (t->wait == EMU_AT_WARP) {
        other = i - i % EMU_LANES;
        last = other + EMU_LANES < last ? other + EMU_LANES : last;
    }
    while (other < last && b->thread[other].wait == t->wait && b->thread[other].where == t->where &&
           b->thread[other].mask == t->mask)
        other++;
    const emu_thread *o = &b->thread[other < last ? other : i];
    snprintf(b->why, 256,
             "%s: block (%u, %u, %u): thread %u waits at %s (mask %08x), and %u %s%s (mask %08x)",
             b->kernel->name, emu_block_idx.x, emu_block_idx.y, emu_block_idx.z, i, t->where,
             t->wait == EMU_AT_WARP ? t->mask : 0xffffffffu, other < last ? other : i,
             o->wait == EMU_EXITED ? "has left the kernel" : "waits at ",
             o->wait == EMU_EXITED ? "" : o->where, o->wait == EMU_AT_WARP ? o->mask : 0xffffffffu);
    b->failed = EMU_FAULT;
}

void emu_block_run(emu_block *b)
{
    b->begun = b->exited = b->at_barrier = 0;
    b->ready_first = b->ready_last = EMU_THREADS;
    emu_shared_begin(b);
    fiber *first = take_fiber(b);
    if (!first) {
        b->failed = EMU_MEMORY;
        return;
    }
    b->running = first;
    fiber_switch(&b->home, first);
    if (!b->failed && b->exited < b->threads)
        describe_stuck(b);
    const char *outside = b->failed ? NULL : emu_shared_end(b);
    if (outside) {
        snprintf(b->why, 256,
                 "%s: block (%u, %u, %u): the shared array of %s was written outside its bounds",
                 b->kernel->name, emu_block_idx.x, emu_block_idx.y, emu_block_idx.z, outside);
        b->failed = EMU_FAULT;
    }
    if (b->failed)
        emu_block_forget(b);
}
