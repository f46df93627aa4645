/* SPDX-License-Identifier: MIT */
/* mark.h - a point in a queue that can be waited for: an event, and the work that it stands for.
 *
 *   OPEN   no event yet: work that is soon done shares one with what is launched after it
 *   SET    the plugin's event says when all of it is done
 *   DONE   with a status; when that is a failure, with a sentence
 *
 * To make and to free an event costs as much as to launch a small kernel. So a few small ones in
 * a row get one event, with the last of them, or when somebody wants to wait. Whoever waits for
 * one waits for the few after it too; a failure is that of all.
 */
#ifndef VANE__EXEC_MARK_H
#define VANE__EXEC_MARK_H

#include "exec/queue.h"
#include "vane/graph.h"

#define VANE__MARK_MOST 16u /* launches */

typedef struct vane__mark {
    atomic_uint refs, state, telling;
    uint32_t covers;   /* calls; under the queue's lock */
    uint32_t launches; /* of these, commands */
    uint32_t losses;   /* of the device, when it was made */
    vane__queue *queue;
    vane_event *event;  /* SET and after; NULL: nothing to wait for */
    vane_status status; /* DONE */
    vane_error *error;  /* DONE and failed; NULL where there was no memory for it */
} vane__mark;

/* Launches on q; *out, a reference: the mark of the work; out is NULL of a part that another one
 * follows. brief: it may share one. */
vane_status vane__mark_launch(vane__queue *q, const vane_kernel *k, const vane_call *call,
                              int brief, vane__mark **out);
/* The same with a graph of that queue, which makes so many calls. */
vane_status vane__mark_replay(vane__queue *q, vane_graph *graph, uint32_t calls, int brief,
                              vane__mark **out);
/* One more piece of brief work under a mark that has no event yet. enter: 0 when it has one, else
 * its queue is locked until leave; join, once between them, launches. */
int vane__mark_enter(vane__mark *m);
vane_status vane__mark_join(vane__mark *m, const vane_kernel *k, const vane_call *call);
void vane__mark_leave(vane__mark *m);
/* The mark of event (NULL: done), which it takes, also when it fails. */
vane_status vane__mark_take(vane__queue *q, vane_event *event, vane__mark **out);
static inline vane__mark *vane__mark_hold(vane__mark *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}
void vane__mark_drop(vane__mark *m); /* NULL is nothing */

/* The device was lost since it was made. */
static inline int vane__mark_is_stale(const vane__mark *m)
{
    return m->losses != atomic_load_explicit(&m->queue->device->losses, memory_order_acquire);
}

/* Its event, made now if there is none yet; NULL: done. Under no queue's lock. */
vane_status vane__mark_event(vane__mark *m, vane_event **out);
/* VANE_E_TIMEOUT (no error recorded): not done in time; 0 polls. Under no queue's lock. */
vane_status vane__mark_wait(vane__mark *m, uint64_t timeout_ns);
/* Without asking the plugin: is it known to be done, and well? */
int vane__mark_is_done(vane__mark *m);

#endif
