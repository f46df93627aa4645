/* SPDX-License-Identifier: MIT */
/* device.c - opens and closes the devices of one backend, and lists all of them.
 *
 * A device that does not open is left out, with a report line, and its backend stays. A
 * table that lacks what its device needs is the plugin's mistake and refuses the backend.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "error.h"
#include "exec/queue.h"
#include "memory/link.h"
#include "memory/pool.h"
#include "plugin/device.h"
#include "plugin/loader.h"

#define MAX_DEVICES 1024u /* more is a plugin's mistake */

typedef struct opening {
    vane__backend *backend;
    const char *source;
    uint32_t left_out;
    char *why;
    size_t why_bytes;
} opening;

vane_status vane__plugin_said(const char *what, vane_status status, char *why, size_t why_bytes)
{
    const vane_error *e = vane_last_error();
    snprintf(why, why_bytes, "%s failed: %s", what,
             e->status != VANE_OK ? e->message : vane_status_string(status));
    return status;
}

static vane_status said(opening *o, const char *what, vane_status status)
{
    return vane__plugin_said(what, status, o->why, o->why_bytes);
}

static vane_status said_nothing(opening *o, const char *what)
{
    snprintf(o->why, o->why_bytes, "%s returned VANE_OK but set nothing", what);
    return VANE_E_INTERNAL;
}

static vane_status info_read(vane__backend *b, uint32_t index, vane_device_info *out)
{
    *out = (vane_device_info){.struct_size = sizeof *out, .numa_node = -1};
    vane__error_clear();
    vane_status status = b->vt.device_info(b->handle, index, out);
    out->name[sizeof out->name - 1] = '\0';
    out->vendor[sizeof out->vendor - 1] = '\0';
    out->driver[sizeof out->driver - 1] = '\0';
    out->id[sizeof out->id - 1] = '\0';
    out->struct_size = sizeof *out;
    return status;
}

/* ---- one device ---------------------------------------------------------------- */

static vane_status table_check(opening *o, const vane__device *d)
{
    const char *missing =
        d->info.caps & VANE_CAP_HOST_MEM ? NULL : vane__vtable_missing(&o->backend->vt);
    if (!missing)
        return VANE_OK;
    snprintf(o->why, o->why_bytes,
             "its table has no %s, which device %u needs (it is not VANE_CAP_HOST_MEM)", missing,
             d->index);
    return VANE_E_ABI;
}

/* Queues and memory, where the device has its own; undone by parts_close. */
static vane_status parts_open(opening *o, vane__device *d)
{
    vane_context *ctx = o->backend->ctx;
    if (d->info.caps & VANE_CAP_HOST_MEM)
        return VANE_OK;
    vane_status status = vane__queues_open(d, o->why, o->why_bytes);
    if (status != VANE_OK)
        return status;
    if (!vane__mempool_open(d, VANE_SPACE_DEVICE, ctx->settings.mem_limit, &d->mempool) ||
        !vane__link_open(d)) {
        snprintf(o->why, o->why_bytes, "no memory for its pool");
        return VANE_E_NOMEM;
    }
    d->number = atomic_fetch_add(&ctx->device_numbers, 1) + 1;
    return VANE_OK;
}

static void parts_close(vane__device *d)
{
    vane__broken *broken = atomic_load(&d->broken);
    while (broken) {
        vane__broken *next = broken->next;
        free(broken);
        broken = next;
    }
    vane__queues_close(d); /* waits: nothing uses the memory any more */
    if (d->mempool)
        vane__mempool_close(d->mempool);
    vane__link_close(d);
}

static vane_status device_open(opening *o, vane__device *d)
{
    const vane_backend_vt *vt = &o->backend->vt;
    vane__error_clear();
    vane_status status = vt->device_open(o->backend->handle, d->index, &d->handle);
    if (status != VANE_OK)
        return said(o, "device_open", status);
    if (!d->handle)
        return said_nothing(o, "device_open");
    if (pthread_mutex_init(&d->lock, NULL) != 0) {
        snprintf(o->why, o->why_bytes, "no memory for its lock");
        vt->device_close(d->handle);
        return VANE_E_NOMEM;
    }
    status = parts_open(o, d);
    if (status != VANE_OK) {
        parts_close(d);
        vt->device_close(d->handle);
        pthread_mutex_destroy(&d->lock);
    }
    return status;
}

static void device_close(vane__device *d)
{
    parts_close(d);
    if (!atomic_load(&d->orphaned))
        d->backend->vt.device_close(d->handle);
    else
        d->backend->orphaned = 1;
    pthread_mutex_destroy(&d->lock);
}

static void leave_out(opening *o, uint32_t index, vane_status status)
{
    const vane__backend *b = o->backend;
    char reason[VANE__WHY_BYTES + 32];
    snprintf(reason, sizeof reason, "device %u left out: %s", index, o->why);
    vane_report_line line = {.path = b->path,
                             .source = o->source,
                             .backend = b->entry->name,
                             .version = b->entry->version,
                             .reason = reason,
                             .status = status};
    vane__report_tell(b->ctx, &line, VANE_LOG_WARN);
    o->left_out++;
}

/* Fails only when the whole backend has to go. */
static vane_status device_add(opening *o, uint32_t index)
{
    vane__backend *b = o->backend;
    vane__device *d = &b->devices[b->device_count];
    *d = (vane__device){.backend = b, .index = index};
    vane_status status = info_read(b, index, &d->info);
    if (status != VANE_OK) {
        said(o, "device_info", status);
    } else {
        status = table_check(o, d);
        if (status != VANE_OK)
            return status;
        status = device_open(o, d);
    }
    if (status == VANE_OK)
        b->device_count++;
    else
        leave_out(o, index, status);
    return VANE_OK;
}

/* ---- all of a backend ---------------------------------------------------------- */

vane_status vane__devices_open(vane__backend *b, const char *source, uint32_t *left_out, char *why,
                               size_t why_bytes)
{
    opening o = {b, source, 0, why, why_bytes};
    uint32_t count = 0;
    vane__error_clear();
    vane_status status = b->vt.device_count(b->handle, &count);
    if (status != VANE_OK)
        return said(&o, "device_count", status);
    if (count > MAX_DEVICES) {
        snprintf(why, why_bytes, "it has %u devices, expected %u at most", count, MAX_DEVICES);
        return VANE_E_INTERNAL;
    }
    b->devices = calloc(count + 1u, sizeof *b->devices);
    if (!b->devices) {
        snprintf(why, why_bytes, "no memory for %u devices", count);
        return VANE_E_NOMEM;
    }
    for (uint32_t i = 0; i < count && status == VANE_OK; i++)
        status = device_add(&o, i);
    if (status != VANE_OK)
        vane__devices_close(b);
    *left_out = o.left_out;
    return status;
}

void vane__devices_close(vane__backend *b)
{
    while (b->device_count > 0)
        device_close(&b->devices[--b->device_count]);
    free(b->devices);
    b->devices = NULL;
}

/* ---- the public view ----------------------------------------------------------- */

/* Who lists devices wants them all. const promises the caller nothing about what is not open. */
static void open_deferred(const vane_context *ctx)
{
    vane__deferred_open_all((vane_context *)(uintptr_t)ctx, "devices are listed");
}

uint32_t vane_device_count(const vane_context *ctx)
{
    if (vane__context_check(ctx) != VANE_OK)
        return 0;
    const vane__registry *r = &ctx->registry;
    open_deferred(ctx);
    uint32_t backends = atomic_load_explicit(&r->count, memory_order_acquire), total = 0;
    for (uint32_t i = 0; i < backends; i++)
        total += r->backends[i]->device_count;
    return total;
}

/* As it is now; a device that can't say is shown as it was when it opened. */
static void device_describe(const vane__device *d, vane_device_info *out, const char **backend)
{
    vane_device_info now;
    uint32_t bytes = out->struct_size < sizeof now ? out->struct_size : (uint32_t)sizeof now;
    if (info_read(d->backend, d->index, &now) != VANE_OK) {
        now = d->info;
        vane__error_clear();
    }
    now.struct_size = bytes;
    memcpy(out, &now, bytes); /* an older caller knows fewer fields */
    if (backend)
        *backend = d->backend->entry->name;
}

vane_status vane_device_at(const vane_context *ctx, uint32_t i, vane_device_info *out,
                           const char **backend)
{
    vane_status status = vane__context_check(ctx);
    if (status != VANE_OK)
        return status;
    if (!out)
        return vane__fail(VANE_E_ARGUMENT, "device_at: out is NULL");
    if (out->struct_size < sizeof out->struct_size)
        return vane__fail(
            VANE_E_ARGUMENT,
            "device_at: out->struct_size is %u, expected sizeof(vane_device_info), %zu",
            out->struct_size, sizeof *out);
    open_deferred(ctx);
    vane__device *d = vane__device_nth((vane_context *)(uintptr_t)ctx, i);
    if (!d)
        return vane__fail(VANE_E_ARGUMENT, "device_at: i is %u, expected less than %u", i,
                          vane_device_count(ctx));
    device_describe(d, out, backend);
    return VANE_OK;
}

vane__device *vane__device_nth(vane_context *ctx, uint32_t i)
{
    const vane__registry *r = &ctx->registry;
    uint32_t backends = atomic_load_explicit(&r->count, memory_order_acquire);
    for (uint32_t k = 0; k < backends; k++) {
        vane__backend *b = r->backends[k];
        if (i < b->device_count)
            return &b->devices[i];
        i -= b->device_count;
    }
    return NULL;
}

const vane__device *vane__device_numbered(vane_context *ctx, uint32_t number)
{
    vane__device *d;
    for (uint32_t i = 0; number != 0 && (d = vane__device_nth(ctx, i)) != NULL; i++)
        if (d->number == number)
            return d;
    return NULL;
}

vane_status vane__device_require(vane_context *ctx, const char *op, uint32_t i, vane__device **out)
{
    vane__device *d = vane__device_nth(ctx, i);
    if (!d) {
        open_deferred(ctx);
        d = vane__device_nth(ctx, i);
    }
    if (!d)
        return vane__fail(VANE_E_ARGUMENT, "%s: device is %u, expected less than %u", op, i,
                          vane_device_count(ctx));
    if (vane__device_lost(d))
        return vane__fail(VANE_E_DEVICE_LOST, "%s: device %u (%s) is lost", op, i, d->info.id);
    *out = d;
    return VANE_OK;
}
