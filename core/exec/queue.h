/* SPDX-License-Identifier: MIT */
/* queue.h - the queues of one device, lent to whoever submits work.
 *
 * A call on its own borrows a queue for its time, a stream for its life. While there are fewer
 * than the device takes, everyone has one of his own; after that they are shared, which only
 * adds order. The lock of a queue is the contract's [queue].
 */
#ifndef VANE__EXEC_QUEUE_H
#define VANE__EXEC_QUEUE_H

#include "plugin/registry.h"

typedef struct vane__queue {
    vane__device *device;
    vane_queue *handle;
    pthread_mutex_t lock;
    uint32_t has_marks;      /* the plugin can mark its end */
    uint32_t is_timed;       /* its events may be asked for their times */
    struct vane__mark *open; /* under lock: of the last work, which has no event yet; NULL: none */
    uint32_t users;          /* under the list's lock */
    struct vane__queue *next;
} vane__queue;

/* Opens the device's first queue, so that a device that has none is found out at once; writes
 * why on failure. */
vane_status vane__queues_open(vane__device *d, char *why, size_t why_bytes);
/* Waits for each queue, then closes it; nobody uses one any more. */
void vane__queues_close(vane__device *d);

/* Never fails: when the driver has no more, one is shared. timed: the times of its events are
 * wanted, and told where that is possible. */
vane__queue *vane__queue_borrow(vane__device *d, int timed);
void vane__queue_return(vane__queue *q);
/* Until it is idle; under its lock, so that nobody else gets in between. */
vane_status vane__queue_sync(vane__queue *q);
/* Work on it failed, and it may still be at what is to be freed. If it cannot even be waited for,
 * the device is lost and the memory stays with it. */
void vane__queue_settle(vane__queue *q);
/* Until every queue is idle; the first failure. */
vane_status vane__queues_sync(vane__device *d);

/* For fork(): every lock there is. */
void vane__queues_lock(vane__device *d);
void vane__queues_unlock(vane__device *d);

#endif
