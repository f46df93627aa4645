/* SPDX-License-Identifier: MIT */
/* tape.c - graphs: asked for, recorded, closed. */
#include "exec/tape.h"

#include <stdlib.h>

#include "error.h"

void vane__graphs_adopt(vane__backend *b)
{
    const vane_graphs *offered = b->vt.extension(b->handle, VANE_GRAPHS);
    if (offered == NULL || offered->struct_size < sizeof *offered || offered->record == NULL ||
        offered->launch == NULL || offered->close == NULL)
        return;
    b->graphs = offered;
}

vane_status vane__tape_record(vane__queue *q, const vane_graph_call *calls, uint32_t n,
                              vane__tape **out)
{
    vane__tape *t = malloc(sizeof *t);
    if (t == NULL)
        return vane__fail(VANE_E_NOMEM, "no memory for a graph");
    t->queue = q;
    t->graph = NULL;
    atomic_init(&t->refs, 1);
    uint64_t serial = vane__error_serial();
    pthread_mutex_lock(&q->lock);
    vane_status st = q->device->backend->graphs->record(q->handle, calls, n, &t->graph);
    pthread_mutex_unlock(&q->lock);
    if (st == VANE_OK && t->graph == NULL)
        st = VANE_E_INTERNAL;
    if (st != VANE_OK) {
        free(t);
        return vane__failed(st, serial, "a graph was not recorded");
    }
    *out = t;
    return VANE_OK;
}

void vane__tape_drop(vane__tape *t)
{
    if (t == NULL || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    vane__queue *q = t->queue;
    if (!atomic_load(&q->device->orphaned)) { /* or it is the parent's */
        pthread_mutex_lock(&q->lock);
        q->device->backend->graphs->close(q->handle, t->graph);
        pthread_mutex_unlock(&q->lock);
    }
    free(t);
}
