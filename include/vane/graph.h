/* SPDX-License-Identifier: MIT */
/* graph.h - an extension of backend.h: launches that were recorded are made again by one command.
 *
 * extension(b, VANE_GRAPHS) answers a vane_graphs, or NULL: launches are made one by one. The core
 * asks for a graph where calls are replayed (vane_sequence in vane.h) on a device that has all of
 * their operands, after it launched each of them on that queue by itself at least once. What it
 * cannot have of a graph it does by launch(): nothing here has to work.
 */
#ifndef VANE_GRAPH_H
#define VANE_GRAPH_H

#include "vane/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VANE_GRAPHS "vane.graphs.v1"

typedef struct vane_graph vane_graph; /* completed by the plugin */

typedef struct vane_graph_call { /* what launch() would get */
    const vane_kernel *kernel;
    const vane_call *call;
} vane_graph_call;

/* Lives until close() of the backend. */
typedef struct vane_graphs {
    uint32_t struct_size;
    uint32_t reserved;
    /* The graph of these launches, in their order: each sees what those before it wrote. Nothing
     * runs. The calls are borrowed; of their memory the graph keeps where it is, and is not
     * launched any more when some of it was freed. VANE_E_UNSUPPORTED: not these calls, or not
     * as things are */
    vane_status (*record)(vane_queue *q, const vane_graph_call *calls, uint32_t n,
                          vane_graph **out); /* [queue] */
    /* All of it, as launch() does one call: out may be NULL, and what fails later is the event's,
     * or that of the next mark. q is the queue on which it was recorded. VANE_E_UNSUPPORTED:
     * nothing was enqueued, and it has to be recorded anew */
    vane_status (*launch)(vane_queue *q, vane_graph *g, vane_event **out); /* [queue] */
    /* After its last launch completed; before the queue is closed. */
    void (*close)(vane_queue *q, vane_graph *g); /* [queue] */
} vane_graphs;

#ifdef __cplusplus
}
#endif
#endif
