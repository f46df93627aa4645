/* SPDX-License-Identifier: MIT */
/* pool.h - the work-stealing thread pool: one job at a time, split over its threads.
 *
 * A job is a range of pieces. Each participant owns a share of the range, takes pieces
 * from its front, and when it is empty steals half of somebody's rest from the back. The
 * caller is a participant, never pinned, and never waits for a sleeper: a worker that
 * wakes too late finds the range taken. Workers are pinned to one CPU each (never the
 * caller's: they swap), spin for a bounded time after a job and then sleep on a futex.
 * A pool that is busy, or a call from inside a job, runs the job inline.
 */
#ifndef VANE__EXEC_POOL_H
#define VANE__EXEC_POOL_H

#include <stdatomic.h>

#include "vane/backend.h"

typedef struct vane__pool vane__pool;
/* What a pool begins with, for calls that ask on their way. */
typedef struct vane__pool_head {
    const _Atomic uint32_t *first; /* the state of its first worker (slot.h) */
} vane__pool_head;
#define VANE__POOL_ASLEEP 1u /* VANE__SLOT_ASLEEP */

/* Creates no thread: the first parallel job does. max_threads: caller included. */
vane_status vane__pool_open(uint32_t max_threads, vane__pool **out);
void vane__pool_close(vane__pool *p); /* joins the workers */
/* [0, n) in pieces of grain on at most width threads; returns when all ran. fn gets runs
 * of whole pieces and a worker number below width, 0 for the caller. */
void vane__pool_run(vane__pool *p, uint32_t width, vane_range_fn fn, void *arg, uint64_t n,
                    uint64_t grain);
/* Are the workers spinning, so that a fork costs a microsecond? One relaxed load. */
static inline int vane__pool_hot(const vane__pool *p)
{
    const vane__pool_head *head = (const vane__pool_head *)(const void *)p;
    return atomic_load_explicit(head->first, memory_order_relaxed) != VANE__POOL_ASLEEP;
}
/* The most threads a job may use from now on; takes effect at the next job. */
void vane__pool_set_max(vane__pool *p, uint32_t max_threads);
uint32_t vane__pool_max(const vane__pool *p);
/* After fork() the child has no workers: its next job makes new ones, by itself. A child
 * that was forked by fn must not return from fn. */

#endif
