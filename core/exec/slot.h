/* SPDX-License-Identifier: MIT */
/* slot.h - a participant's place in the pool: its share of the job and a mailbox.
 *
 * One word, the state, carries everything between the caller and one worker:
 *
 *   IDLE ----------> OFFERED    the caller, with a job in the mailbox
 *   ASLEEP --------> OFFERED    the same, and it must wake the worker
 *   OFFERED -------> TAKEN      the worker enters
 *   OFFERED -------> IDLE       the caller takes it back: the worker came too late
 *   TAKEN ---------> IDLE       the worker left; its results are out
 *   TAKEN ---------> AWAITED    the caller goes to sleep until the worker left
 *   AWAITED -------> IDLE       the worker left, and it must wake the caller
 *   IDLE ----------> ASLEEP     the worker goes to sleep
 *   IDLE, ASLEEP --> GONE       the pool closes
 *
 * The offer releases and entering acquires: the worker sees the mailbox, all shares and
 * what the caller wrote before. Leaving releases and recall acquires: the caller sees the
 * worker's results, and may fill the mailbox again. Both sides change the state by
 * read-modify-write only, which reads the newest value: a worker that enters late enters
 * the newest job or none. A sleeper cannot be missed: it sleeps only while the word is
 * ASLEEP (the kernel looks), and who replaces ASLEEP wakes.
 */
#ifndef VANE__EXEC_SLOT_H
#define VANE__EXEC_SLOT_H

#include <pthread.h>

#include "exec/futex.h"
#include "exec/range.h"
#include "vane/backend.h"

/* vane__slot.state */
enum {
    VANE__SLOT_IDLE,
    VANE__SLOT_ASLEEP, /* also: this worker has no thread */
    VANE__SLOT_OFFERED,
    VANE__SLOT_TAKEN,
    VANE__SLOT_AWAITED,
    VANE__SLOT_GONE
};

typedef struct vane__job {
    vane_range_fn fn;
    void *arg;
    uint64_t n;
    uint64_t unit;   /* elements in a piece: grain, or a multiple of it */
    uint32_t pieces; /* the last may be shorter */
    uint32_t width;  /* participants */
    uint32_t fpmode; /* the caller's */
} vane__job;

typedef struct vane__slot {
    /* the first cache line crosses between CPUs, once each way for a job */
    _Alignas(64) vane__range share;
    vane__futex state;
    vane__job job;
    /* the second is the creator's and the worker's, and written rarely */
    _Alignas(64) struct vane__slot *all; /* slot 0, the caller's */
    uint32_t index;
    uint32_t spin_us; /* how long the worker polls before it sleeps */
    int wake;         /* of the caller: offered while ASLEEP */
    pthread_t thread;
} vane__slot;

_Static_assert(sizeof(vane__slot) == 128, "two cache lines");

/* The caller: offers; 1 when the worker must be woken (vane__futex_wake of state). */
static inline int vane__slot_offer(vane__slot *s)
{
    return atomic_exchange_explicit(&s->state, VANE__SLOT_OFFERED, memory_order_acq_rel) ==
           VANE__SLOT_ASLEEP;
}

/* The caller: the worker has left, or never entered and now cannot. */
static inline int vane__slot_recall(vane__slot *s)
{
    uint32_t seen = atomic_load_explicit(&s->state, memory_order_acquire);
    if (seen == VANE__SLOT_OFFERED)
        return atomic_compare_exchange_strong_explicit(&s->state, &seen, VANE__SLOT_IDLE,
                                                       memory_order_relaxed, memory_order_relaxed);
    return seen == VANE__SLOT_IDLE || seen == VANE__SLOT_ASLEEP;
}

/* The worker: 0 when the caller took the offer back. */
static inline int vane__slot_enter(vane__slot *s)
{
    uint32_t seen = VANE__SLOT_OFFERED;
    return atomic_compare_exchange_strong_explicit(&s->state, &seen, VANE__SLOT_TAKEN,
                                                   memory_order_acquire, memory_order_relaxed);
}

static inline void vane__slot_leave(vane__slot *s)
{
    if (atomic_exchange_explicit(&s->state, VANE__SLOT_IDLE, memory_order_release) ==
        VANE__SLOT_AWAITED)
        vane__futex_wake(&s->state);
}

/* The caller: sleeps until an entered worker left. */
static inline void vane__slot_await(vane__slot *s)
{
    uint32_t seen = VANE__SLOT_TAKEN;
    if (!atomic_compare_exchange_strong_explicit(&s->state, &seen, VANE__SLOT_AWAITED,
                                                 memory_order_relaxed, memory_order_relaxed))
        return;
    while (atomic_load_explicit(&s->state, memory_order_relaxed) == VANE__SLOT_AWAITED)
        vane__futex_wait(&s->state, VANE__SLOT_AWAITED);
}

/* The worker: sleeps until the state is anything but ASLEEP. */
static inline void vane__slot_sleep(vane__slot *s)
{
    uint32_t seen = VANE__SLOT_IDLE;
    if (!atomic_compare_exchange_strong_explicit(&s->state, &seen, VANE__SLOT_ASLEEP,
                                                 memory_order_relaxed, memory_order_relaxed))
        return;
    while (atomic_load_explicit(&s->state, memory_order_relaxed) == VANE__SLOT_ASLEEP)
        vane__futex_wait(&s->state, VANE__SLOT_ASLEEP);
}

#endif
