/* SPDX-License-Identifier: MIT */
/* event.c - two times and a status, fixed when the command was given. */
#include "sim.h"

vane_status sim_event_make(vane_device *d, const sim_slot *slot, vane_event **out)
{
    const vane_host *host = d->backend->host;
    if (!out)
        return VANE_OK;
    vane_event *e = host->alloc(host->ctx, sizeof *e, 64);
    if (!e)
        return sim_fail(d->backend, VANE_E_NOMEM, "%s: no memory for an event", d->spec->name);
    *e = (vane_event){d, slot->begin_ns, slot->end_ns, slot->status};
    *out = e;
    return VANE_OK;
}

vane_status sim_event_wait(vane_event *e, uint64_t timeout_ns)
{
    vane_backend *b = e->device->backend;
    vane_status st = sim_wait_until(b, e->end_ns, timeout_ns);
    if (st != VANE_OK)
        return sim_fail(b, st, "%s: not done yet", e->device->spec->name);
    if (e->status == VANE_OK)
        return VANE_OK;
    return sim_fail(b, e->status, "%s: %s, as described (fail=)", e->device->spec->name,
                    e->status == VANE_E_DEVICE_LOST ? "the device was lost before this was done"
                                                    : "the device failed while this was done");
}

vane_status sim_event_time(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns)
{
    vane_backend *b = e->device->backend;
    if (sim_now(b) < e->end_ns)
        return sim_fail(b, VANE_E_BUSY, "%s: not done yet", e->device->spec->name);
    *begin_ns = e->begin_ns;
    *end_ns = e->end_ns;
    return VANE_OK;
}

void sim_event_free(vane_event *e)
{
    const vane_host *host = e->device->backend->host;
    host->free(host->ctx, e);
}
