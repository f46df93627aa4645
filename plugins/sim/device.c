/* SPDX-License-Identifier: MIT */
/* device.c - what a described device says of itself, and its life. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static vane_status check(vane_backend *b, uint32_t i)
{
    return i < b->count
               ? VANE_OK
               : sim_fail(b, VANE_E_ARGUMENT, "device %u, expected less than %u", i, b->count);
}

static void describe_link(const sim_spec *s, vane_device_info *out)
{
    out->link_bytes_per_ns = (s->up_bytes < s->down_bytes ? s->up_bytes : s->down_bytes) / 1e9;
    out->link_latency_ns = s->up_ns > s->down_ns ? s->up_ns : s->down_ns;
}

vane_status sim_device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    vane_status st = check(b, i);
    if (st != VANE_OK)
        return st;
    const sim_spec *s = &b->spec[i];
    out->kind = s->kind;
    out->caps = s->host ? VANE_CAP_HOST_MEM : VANE_CAP_ASYNC | VANE_CAP_EVENT_TIME;
    out->mem_total_bytes = s->mem_bytes ? s->mem_bytes : b->host->mem_limit_bytes;
    out->mem_align_bytes = s->host ? 64 : 256;
    out->compute_units = s->cores;
    out->clock_mhz = s->mhz;
    out->max_queues = s->host ? 0 : s->queues;
    out->dtypes = (1u << VANE_DTYPE_COUNT) - 1;
    if (!s->host)
        describe_link(s, out);
    snprintf(out->name, sizeof out->name, "simulated %s", s->model[0] ? s->model : "device");
    snprintf(out->vendor, sizeof out->vendor, "Vane");
    snprintf(out->driver, sizeof out->driver, VANE_VERSION);
    snprintf(out->id, sizeof out->id, "%s", s->name);
    return VANE_OK;
}

vane_status sim_device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    vane_status st = check(b, i);
    if (st != VANE_OK)
        return st;
    vane_device *d = b->host->alloc(b->host->ctx, sizeof *d, 64);
    if (!d)
        return sim_fail(b, VANE_E_NOMEM, "%s: no memory for the device", b->spec[i].name);
    memset(d, 0, sizeof *d);
    d->backend = b;
    d->spec = &b->spec[i];
    sim_kernels_fill(d);
    *out = d;
    return VANE_OK;
}

void sim_device_close(vane_device *d)
{
    d->backend->host->free(d->backend->host->ctx, d);
}
