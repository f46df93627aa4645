/* SPDX-License-Identifier: MIT */
/* ticket.h - one piece of work under way, for those who have to wait for it.
 *
 *   WAITING   not given to a device yet: in a stream's lane, or being computed by the host
 *   FLYING    in a device's queue; done when its mark is
 *   DONE      with a status; when that is a failure, with a sentence
 *
 * A ticket is counted; buffers, streams and fences hold the ones that they depend on. Who
 * waits for a FLYING ticket waits for its mark, from any thread; the first that sees
 * it complete makes it DONE.
 */
#ifndef VANE__EXEC_TICKET_H
#define VANE__EXEC_TICKET_H

#include "exec/futex.h"
#include "exec/mark.h"

enum { VANE__WAITING, VANE__FLYING, VANE__DONE };

/* Tickets that nobody holds, kept for the next work: what is taken here and freed by another
 * thread, a thousand at a time, is what memory allocators are slowest at. */
typedef struct vane__ticket_box {
    pthread_mutex_t lock;
    struct vane__ticket *first;
    uint32_t count;
} vane__ticket_box;

typedef struct vane__ticket {
    atomic_uint refs;
    vane__futex phase;
    atomic_uint sleepers, finishing;
    const char *op;               /* its name; lives as long as the context */
    vane__queue *queue;           /* FLYING */
    vane__mark *mark;             /* FLYING and after */
    struct vane__ticket *from[3]; /* FLYING: whose results it reads; their failure is its own */
    struct vane__ticket *back;    /* while it is being made DONE: for whom; no recursion */
    vane_status status;           /* DONE */
    uint32_t inherited;           /* DONE: its failure is that of what it read */
    vane_error *error;            /* DONE and failed; NULL where there was no memory for it */
    vane__ticket_box *box;        /* where it goes in the end */
} vane__ticket;

vane__ticket_box *vane__ticket_box_open(void); /* NULL: out of memory */
/* No ticket is held any more; NULL is nothing. */
void vane__ticket_box_close(vane__ticket_box *b);

/* WAITING, one reference; NULL: out of memory. */
vane__ticket *vane__ticket_new(vane__ticket_box *b, const char *op);
static inline vane__ticket *vane__ticket_hold(vane__ticket *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}
void vane__ticket_drop(vane__ticket *t); /* NULL is nothing */

static inline uint32_t vane__ticket_phase(vane__ticket *t)
{
    return atomic_load_explicit(&t->phase, memory_order_acquire);
}

/* WAITING to FLYING: q has it, mark says when it is done. Takes the reference. */
void vane__ticket_fly(vane__ticket *t, vane__queue *q, vane__mark *mark);
/* To DONE. On failure the calling thread's error is its sentence. */
void vane__ticket_finish(vane__ticket *t, vane_status st);
/* Its status, and on failure this thread's error; VANE_E_TIMEOUT (no error recorded) when it is
 * not done in time. 0 polls. */
vane_status vane__ticket_wait(vane__ticket *t, uint64_t timeout_ns);
/* The status of one that is DONE, with its sentence. */
vane_status vane__ticket_status(vane__ticket *t);

#endif
