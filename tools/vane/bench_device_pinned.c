/* SPDX-License-Identifier: MIT */
/* bench_device_pinned.c - memory from the plugin itself, by the contract, as a program with a
 * library of its own for the device would have it. The plugin is opened once more, with what little
 * of the core it needs for that.
 */
#include <ctype.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_device.h"

struct bench_pinned {
    vane_host host;
    char said[200], name[16]; /* what it failed with; the backend's */
    const vane_backend_vt *vt;
    vane_backend *backend;
    vane_device *device;
    vane_mem *mem;
    void *data;
};

/* ---- what the plugin is given ---------------------------------------------------------------- */

static vane_status fail(void *ctx, vane_status status, int64_t code, const char *fmt, ...)
{
    bench_pinned *p = ctx;
    va_list ap;
    (void)code;
    va_start(ap, fmt);
    vsnprintf(p->said, sizeof p->said, fmt, ap);
    va_end(ap);
    return status;
}

static void quiet(void *ctx, int level, const char *fmt, ...)
{
    (void)ctx;
    (void)level;
    (void)fmt;
}

static void *take(void *ctx, uint64_t bytes, uint64_t align)
{
    (void)ctx;
    align = align < 64 ? 64 : align;
    return aligned_alloc(align, (bytes / align + 1) * align);
}

static void give(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static uint64_t now(void *ctx)
{
    (void)ctx;
    return (uint64_t)bench_now_ns();
}

/* As the core reads them: VANE_<BACKEND>_<KEY>. */
static const char *option(void *ctx, const char *key)
{
    const bench_pinned *p = ctx;
    char name[128];
    snprintf(name, sizeof name, "VANE_%s_%s", p->name, key);
    for (char *c = name; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    return getenv(name);
}

static void alone(const vane_call *call, vane_range_fn fn, void *arg, uint64_t n, uint64_t grain)
{
    (void)call;
    for (uint64_t lo = 0; lo < n; lo += grain)
        fn(arg, lo, lo + grain < n ? lo + grain : n, 0);
}

static void unread(void *ctx, vane_status status, const char *text)
{
    (void)ctx;
    (void)status;
    (void)text;
}

/* ---- the memory -------------------------------------------------------------------------------
 */

static vane_status open_device(bench_pinned *p, const char *id)
{
    uint32_t count = 0;
    vane_status st = p->vt->open(&p->host, &p->backend);
    if (st == VANE_OK)
        st = p->vt->device_count(p->backend, &count);
    for (uint32_t i = 0; st == VANE_OK && i < count; i++) {
        vane_device_info info = {.struct_size = sizeof info};
        if (p->vt->device_info(p->backend, i, &info) == VANE_OK && !strcmp(info.id, id))
            return p->vt->device_open(p->backend, i, &p->device);
    }
    return st == VANE_OK ? fail(p, VANE_E_NOT_FOUND, 0, "no device %s", id) : st;
}

static const vane_backend_vt *table_of(const char *path)
{
    void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE); /* it is mapped already */
    const vane_backend_entry *entry = lib ? dlsym(lib, "vane_backend_entry_v1") : NULL;
    const uint64_t least = offsetof(vane_backend_vt, mem_host_ptr) + sizeof entry->vt->mem_host_ptr;
    if (lib)
        dlclose(lib);
    return entry && entry->vt->struct_size >= least && entry->vt->mem_alloc &&
                   entry->vt->mem_host_ptr
               ? entry->vt
               : NULL;
}

static void take_memory(bench_pinned *p, const bench_device *d, uint64_t bytes)
{
    p->vt = table_of(d->plugin);
    if (!p->vt) {
        fail(p, VANE_E_UNSUPPORTED, 0, "the plugin offers no such memory");
        return;
    }
    if (open_device(p, d->info.id) != VANE_OK ||
        p->vt->mem_alloc(p->device, VANE_SPACE_PINNED, bytes, &p->mem) != VANE_OK)
        return;
    p->data = p->vt->mem_host_ptr(p->mem);
    if (!p->data)
        fail(p, VANE_E_UNSUPPORTED, 0, "its pinned memory has no address on the host");
}

bench_pinned *bench_pinned_open(const bench_device *d, uint64_t bytes, char *why, size_t why_bytes)
{
    bench_pinned *p = calloc(1, sizeof *p);
    if (!p) {
        snprintf(why, why_bytes, "out of memory");
        return NULL;
    }
    p->host = (vane_host){.struct_size = sizeof p->host,
                          .abi_minor = VANE_ABI_MINOR,
                          .mem_limit_bytes = UINT64_MAX,
                          .threads = 1,
                          .ctx = p,
                          .fail = fail,
                          .log = quiet,
                          .alloc = take,
                          .free = give,
                          .now_ns = now,
                          .option = option,
                          .parallel = alone,
                          .report = unread};
    snprintf(p->name, sizeof p->name, "%s", d->backend);
    take_memory(p, d, bytes);
    if (p->data)
        return p;
    snprintf(why, why_bytes, "no pinned memory: %s", p->said);
    bench_pinned_close(p);
    return NULL;
}

void *bench_pinned_data(const bench_pinned *p)
{
    return p->data;
}

void bench_pinned_close(bench_pinned *p)
{
    if (p->mem)
        p->vt->mem_free(p->device, p->mem);
    if (p->device)
        p->vt->device_close(p->device);
    if (p->backend)
        p->vt->close(p->backend);
    free(p);
}
