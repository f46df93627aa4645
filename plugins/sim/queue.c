/* SPDX-License-Identifier: MIT */
/* queue.c - a queue is the time at which its last command ends. */
#include "sim.h"

vane_status sim_queue_open(vane_device *d, vane_queue **out)
{
    const vane_host *host = d->backend->host;
    vane_queue *q = host->alloc(host->ctx, sizeof *q, 64);
    if (!q)
        return sim_fail(d->backend, VANE_E_NOMEM, "%s: no memory for a queue", d->spec->name);
    *q = (vane_queue){.device = d};
    *out = q;
    return VANE_OK;
}

void sim_queue_close(vane_queue *q)
{
    const vane_host *host = q->device->backend->host;
    host->free(host->ctx, q);
}

vane_status sim_queue_sync(vane_queue *q)
{
    vane_backend *b = q->device->backend;
    pthread_mutex_lock(&b->lock);
    uint64_t until = q->free_ns;
    pthread_mutex_unlock(&b->lock);
    return sim_wait_until(b, until, UINT64_MAX);
}

vane_status sim_queue_wait(vane_queue *q, vane_event *e)
{
    vane_backend *b = q->device->backend;
    pthread_mutex_lock(&b->lock);
    q->free_ns = e->end_ns > q->free_ns ? e->end_ns : q->free_ns;
    pthread_mutex_unlock(&b->lock);
    return VANE_OK;
}

vane_status sim_queue_event(vane_queue *q, sim_slot *slot, vane_event **out)
{
    if (slot->status == VANE_OK)
        slot->status = q->failed;
    q->failed = out ? VANE_OK : slot->status;
    return sim_event_make(q->device, slot, out);
}
