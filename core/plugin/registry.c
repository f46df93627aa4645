/* SPDX-License-Identifier: MIT */
/* registry.c - the loaded backends of a context: adopted, published, found, closed.
 *
 * A backend is made whole (table, open, devices, queues) under the load lock and then
 * published by raising count, so readers never see half of one and never lock.
 */
#include "plugin/health.h"
#include "plugin/registry.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "contexts.h"
#include "error.h"
#include "exec/tape.h"
#include "plugin/health.h"
#include "plugin/loader.h"
#include "plugin/search.h"
#include "telemetry/clock.h"

vane_status vane__registry_init(vane__registry *r)
{
    memset(r, 0, sizeof *r);
    atomic_init(&r->count, 0);
    vane_status status = vane__report_init(&r->report);
    if (status != VANE_OK)
        return status;
    status = vane__deferred_init(&r->deferred);
    if (status == VANE_OK && pthread_mutex_init(&r->lock, NULL) == 0)
        return VANE_OK;
    vane__report_free(&r->report);
    if (status != VANE_OK)
        return status;
    vane__deferred_free(&r->deferred);
    return vane__fail(VANE_E_NOMEM, "no memory for the registry's lock");
}

vane__backend *vane__registry_find(vane__registry *r, const char *name)
{
    uint32_t count = atomic_load_explicit(&r->count, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(r->backends[i]->entry->name, name) == 0)
            return r->backends[i];
    return NULL;
}

void vane__registry_names(vane__registry *r, char *out, size_t bytes)
{
    uint32_t count = atomic_load_explicit(&r->count, memory_order_acquire);
    size_t at = 0;
    if (bytes > 0)
        out[0] = '\0';
    for (uint32_t i = 0; i < count && at < bytes; i++) {
        int length =
            snprintf(out + at, bytes - at, "%s%s", i ? ", " : "", r->backends[i]->entry->name);
        at += length > 0 ? (size_t)length : 0;
    }
    if (bytes > 0)
        vane__deferred_names(&r->deferred, out, bytes);
}

/* ---- making one ---------------------------------------------------------------- */

static void backend_free(vane__backend *b)
{
    free(b->path);
    free(b);
}

static void backend_close(vane__backend *b)
{
    vane__devices_close(b);
    if (!b->orphaned)
        b->vt.close(b->handle);
    if (b->dl && !b->orphaned && b->ctx->settings.unload)
        dlclose(b->dl);
    backend_free(b);
}

static vane_status backend_open(vane__backend *b, char *why, size_t why_bytes)
{
    vane__error_clear();
    vane_status status = b->vt.open(&b->host, &b->handle);
    if (status != VANE_OK)
        return vane__plugin_said("open", status, why, why_bytes);
    if (b->handle)
        return VANE_OK;
    snprintf(why, why_bytes, "open returned VANE_OK but set nothing");
    return VANE_E_INTERNAL;
}

/* dl is set by the caller, when nothing can fail any more. */
static vane_status backend_make(vane_context *ctx, const vane_backend_entry *entry,
                                const char *path, char *why, size_t why_bytes, vane__backend **out)
{
    vane_status status = VANE_E_NOMEM;
    vane__backend *b = calloc(1, sizeof *b);
    snprintf(why, why_bytes, "no memory for its registration");
    if (!b)
        return status;
    b->entry = entry;
    b->ctx = ctx;
    b->path = strdup(path);
    if (!b->path)
        goto fail;
    status = vane__vtable_fill(entry->vt, &b->vt, why, why_bytes);
    if (status != VANE_OK)
        goto fail;
    vane__host_fill(ctx, b);
    status = backend_open(b, why, why_bytes);
    if (status != VANE_OK)
        goto fail;
    *out = b;
    return VANE_OK;
fail:
    backend_free(b);
    return status;
}

/* The plugin's array has the stride of its own vane_op_desc. An op that another plugin
 * brought already is no mistake: kernels are asked for by name. */
static void bring_ops(vane__backend *b)
{
    uint32_t count = 0, number;
    const vane_op_desc *first = b->vt.ops(b->handle, &count);
    const char *at = (const char *)first;
    const vane__log *log = &b->ctx->settings.log;
    if (!first || count == 0)
        return;
    if (first->struct_size < sizeof first->struct_size)
        return;
    for (uint32_t i = 0; i < count; i++, at += first->struct_size) {
        const vane_op_desc *desc = (const vane_op_desc *)(const void *)at;
        if (vane__op_add(b->ctx, desc, &number) != VANE_OK)
            vane__log_line(log, VANE_LOG_INFO, "%s: %s", b->entry->name,
                           vane_last_error()->message);
    }
}

static void describe(const vane__backend *b, uint32_t left_out, char *why, size_t why_bytes)
{
    char tail[32] = "";
    if (left_out)
        snprintf(tail, sizeof tail, " (%u left out)", left_out);
    if (b->device_count == 0)
        snprintf(why, why_bytes, "loaded, no devices%s", tail);
    else
        snprintf(why, why_bytes, "loaded, %u device%s%s", b->device_count,
                 b->device_count == 1 ? "" : "s", tail);
}

/* ---- adding one ---------------------------------------------------------------- */

/* Under the lock: is there a place, and is the name free? */
static vane_status place_check(vane__registry *r, const char *name, const char *path, char *why,
                               size_t why_bytes)
{
    const vane__backend *same = vane__registry_find(r, name);
    const char *waiting = vane__deferred_holds(&r->deferred, name, path);
    if (same) {
        snprintf(why, why_bytes, "duplicate name: \"%s\" is already loaded from %.300s", name,
                 same->path);
        return VANE_E_ARGUMENT;
    }
    if (waiting) {
        snprintf(why, why_bytes, "duplicate name: \"%s\" is already deferred from %.300s", name,
                 waiting);
        return VANE_E_ARGUMENT;
    }
    if (atomic_load_explicit(&r->count, memory_order_relaxed) < VANE__MAX_BACKENDS)
        return VANE_OK;
    snprintf(why, why_bytes, "%d backends are loaded, which is the most", VANE__MAX_BACKENDS);
    return VANE_E_NOMEM;
}

static vane_status adopt_locked(vane_context *ctx, const vane_backend_entry *entry, void *dl,
                                const char *path, const char *source, char *why, size_t why_bytes)
{
    vane__registry *r = &ctx->registry;
    vane__backend *b;
    uint32_t left_out = 0;
    vane_status status = place_check(r, entry->name, path, why, why_bytes);
    if (status != VANE_OK)
        return status;
    status = backend_make(ctx, entry, path, why, why_bytes, &b);
    if (status != VANE_OK)
        return status;
    status = vane__devices_open(b, source, &left_out, why, why_bytes);
    if (status != VANE_OK) {
        backend_close(b);
        return status;
    }
    b->dl = dl;
    bring_ops(b);
    vane__graphs_adopt(b);
    uint32_t count = atomic_load_explicit(&r->count, memory_order_relaxed);
    r->backends[count] = b;
    atomic_store_explicit(&r->count, count + 1, memory_order_release);
    vane__clock_adopt(ctx, b);
    vane__renew_adopt(b);
    describe(b, left_out, why, why_bytes);
    return VANE_OK;
}

vane_status vane__registry_adopt(vane_context *ctx, const vane_backend_entry *entry, void *dl,
                                 const char *path, const char *source, char *why, size_t why_bytes)
{
    vane__load_lock();
    pthread_mutex_lock(&ctx->registry.lock);
    vane_status status = adopt_locked(ctx, entry, dl, path, source, why, why_bytes);
    pthread_mutex_unlock(&ctx->registry.lock);
    vane__load_unlock();
    return status;
}

vane_status vane__registry_add(vane_context *ctx, const vane_backend_entry *entry, void *dl,
                               const char *path, const char *source)
{
    char why[VANE__WHY_BYTES] = "";
    int judged = 0;
    vane_status status = vane__loader_judge(entry, ctx->cpu_features, why, sizeof why);
    if (status == VANE_OK) {
        judged = 1;
        status = vane__loader_wanted(ctx, entry->name, why, sizeof why);
    }
    if (status == VANE_OK)
        status = vane__registry_adopt(ctx, entry, dl, path, source, why, sizeof why);
    if (status == VANE_OK)
        vane__routes_refresh(ctx);
    else
        status = vane__fail(status, "%s: %s", judged ? entry->name : path, why);
    vane_report_line line = {.path = path,
                             .source = source,
                             .backend = judged ? entry->name : "",
                             .version = judged ? entry->version : "",
                             .reason = why,
                             .status = status};
    vane__report_tell(ctx, &line, status == VANE_OK ? VANE_LOG_INFO : VANE_LOG_WARN);
    return status;
}

vane_status vane_register(vane_context *ctx, const vane_backend_entry *entry)
{
    vane_status status = vane__context_check(ctx);
    if (status != VANE_OK)
        return status;
    if (!entry)
        return vane__fail(VANE_E_ARGUMENT, "register: entry is NULL");
    return vane__registry_add(ctx, entry, NULL, "(program)", "vane_register");
}

/* ---- all of them --------------------------------------------------------------- */

void vane__registry_load_all(vane_context *ctx)
{
    vane__registry *r = &ctx->registry;
    vane__search_run(ctx);
    if (atomic_load(&r->count) == 0 && !ctx->settings.allow_empty)
        vane__deferred_open_all(ctx, "no other backend");
    vane__deferred_arm(&r->deferred);
    vane__routes_refresh(ctx);
    vane__error_clear(); /* what was refused is in the report, and no failure of the caller's */
}

void vane__registry_close(vane_context *ctx)
{
    vane__registry *r = &ctx->registry;
    uint32_t count = atomic_load_explicit(&r->count, memory_order_acquire);
    vane__clock_set(ctx, NULL);
    vane__load_lock();
    while (count > 0) {
        vane__backend *b = r->backends[--count];
        atomic_store_explicit(&r->count, count, memory_order_release);
        backend_close(b);
    }
    vane__load_unlock();
    vane__deferred_free(&r->deferred);
    vane__report_free(&r->report);
    free(r->cache_dir);
    r->cache_dir = NULL;
    pthread_mutex_destroy(&r->lock);
}
