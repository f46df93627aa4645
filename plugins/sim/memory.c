/* SPDX-License-Identifier: MIT */
/* memory.c - the device's memory: the host's, counted against what the description grants. */
#include <string.h>

#include "sim.h"

uint64_t sim_mem_total(const vane_device *d)
{
    return d->spec->mem_bytes ? d->spec->mem_bytes : d->backend->host->mem_limit_bytes;
}

uint64_t sim_mem_available(const vane_device *d, uint64_t now)
{
    uint64_t total = sim_mem_total(d);
    uint64_t held = sim_held_bytes(d->spec, now - d->backend->epoch_ns);
    uint64_t rest = total > held ? total - held : 0;
    return rest > d->used_bytes ? rest - d->used_bytes : 0;
}

/* Only the device's own memory counts. */
static uint64_t counted(uint32_t space, uint64_t bytes)
{
    return space == VANE_SPACE_DEVICE ? bytes : 0;
}

static vane_status take(vane_device *d, uint64_t bytes, uint64_t *now)
{
    vane_backend *b = d->backend;
    vane_status st = VANE_OK;
    pthread_mutex_lock(&b->lock);
    *now = sim_now(b);
    const sim_fault *f = sim_fault_at(d->spec, SIM_ALLOC, *now - b->epoch_ns);
    uint64_t available = sim_mem_available(d, *now);
    if (f)
        st = sim_fail(b, sim_fault_status(f->kind), "%s: no memory to be had, as described (fail=)",
                      d->spec->name);
    else if (bytes > available)
        st = sim_fail(b, VANE_E_NOMEM, "%s: %llu bytes asked for, %llu are free", d->spec->name,
                      (unsigned long long)bytes, (unsigned long long)available);
    else
        d->used_bytes += bytes;
    pthread_mutex_unlock(&b->lock);
    return st;
}

static void give(vane_device *d, uint64_t bytes)
{
    pthread_mutex_lock(&d->backend->lock);
    d->used_bytes -= bytes;
    pthread_mutex_unlock(&d->backend->lock);
}

vane_status sim_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out)
{
    const vane_host *host = d->backend->host;
    uint64_t now;
    vane_status st = take(d, counted(space, bytes), &now);
    if (st != VANE_OK)
        return st;
    vane_mem *m = host->alloc(host->ctx, sizeof *m, 64);
    unsigned char *content = host->alloc(host->ctx, bytes, 256);
    if (!m || !content) {
        host->free(host->ctx, m);
        host->free(host->ctx, content);
        give(d, counted(space, bytes));
        return sim_fail(d->backend, VANE_E_NOMEM, "%s: this machine has no %llu bytes for it",
                        d->spec->name, (unsigned long long)bytes);
    }
    *m = (vane_mem){d, content, bytes, now, space};
    *out = m;
    return VANE_OK;
}

void sim_mem_free(vane_device *d, vane_mem *m)
{
    const vane_host *host = d->backend->host;
    give(d, counted(m->space, m->size));
    host->free(host->ctx, m->bytes);
    host->free(host->ctx, m);
}

void *sim_mem_host_ptr(vane_mem *m)
{
    return m->space == VANE_SPACE_DEVICE ? NULL : m->bytes;
}

void sim_mem_touch(vane_mem *m, uint64_t now)
{
    uint64_t epoch = m->device->backend->epoch_ns;
    if (m->space == VANE_SPACE_DEVICE &&
        sim_loss(m->device->spec, m->seen_ns - epoch, now - epoch + 1) != UINT64_MAX)
        memset(m->bytes, 0xa5, m->size);
    m->seen_ns = now > m->seen_ns ? now : m->seen_ns;
}
