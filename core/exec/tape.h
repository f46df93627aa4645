/* SPDX-License-Identifier: MIT */
/* tape.h - a plugin's graph of recorded launches, on the queue that it was recorded on.
 *
 * Counted: the sequence holds it, and each run of it that is in the air, so that it is closed after
 * its last launch completed.
 */
#ifndef VANE__EXEC_TAPE_H
#define VANE__EXEC_TAPE_H

#include "exec/queue.h"
#include "vane/graph.h"

typedef struct vane__tape {
    atomic_uint refs;
    vane__queue *queue;
    vane_graph *graph;
} vane__tape;

/* What b offers, if it is whole. */
void vane__graphs_adopt(vane__backend *b);

/* Records on q, whose backend has graphs. */
vane_status vane__tape_record(vane__queue *q, const vane_graph_call *calls, uint32_t n,
                              vane__tape **out);
static inline vane__tape *vane__tape_hold(vane__tape *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}
void vane__tape_drop(vane__tape *t); /* NULL is nothing; under no queue's lock */

#endif
