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

static vane_status queue_open(opening *o, vane__device *d)
{
    if (d->info.caps & VANE_CAP_HOST_MEM)
        return VANE_OK;
    vane__error_clear();
    vane_status status = o->backend->vt.queue_open(d->handle, &d->queue);
    if (status != VANE_OK) {
        d->queue = NULL;
        return said(o, "queue_open", status);
    }
    return d->queue ? VANE_OK : said_nothing(o, "queue_open");
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
    status = queue_open(o, d);
    if (status != VANE_OK)
        goto fail;
    if (pthread_mutex_init(&d->lock, NULL) == 0)
        return VANE_OK;
    snprintf(o->why, o->why_bytes, "no memory for its lock");
    status = VANE_E_NOMEM;
    if (d->queue)
        vt->queue_close(d->queue);
fail:
    vt->device_close(d->handle);
    return status;
}

static void device_close(vane__device *d)
{
    const vane_backend_vt *vt = &d->backend->vt;
    if (d->queue) {
        vane_status status = vt->queue_sync(d->queue);
        if (status != VANE_OK)
            vane__log_line(&d->backend->ctx->settings.log, VANE_LOG_WARN,
                           "%s: device %u: queue_sync failed while closing: %s",
                           d->backend->entry->name, d->index, vane_status_string(status));
        vt->queue_close(d->queue);
    }
    vt->device_close(d->handle);
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

uint32_t vane_device_count(const vane_context *ctx)
{
    if (vane__context_check(ctx) != VANE_OK)
        return 0;
    const vane__registry *r = &ctx->registry;
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
    const vane__registry *r = &ctx->registry;
    uint32_t backends = atomic_load_explicit(&r->count, memory_order_acquire), before = 0;
    for (uint32_t k = 0; k < backends; k++) {
        const vane__backend *b = r->backends[k];
        if (i - before < b->device_count) {
            device_describe(&b->devices[i - before], out, backend);
            return VANE_OK;
        }
        before += b->device_count;
    }
    return vane__fail(VANE_E_ARGUMENT, "device_at: i is %u, expected less than %u", i, before);
}
