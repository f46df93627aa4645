/* SPDX-License-Identifier: MIT */
/* registry.h - the loaded backends of one context and their devices.
 *
 * Backends are appended under the context's lock and stay until vane_close, so readers
 * need no lock: they read count (acquire) and then entries below it.
 */
#ifndef VANE__PLUGIN_REGISTRY_H
#define VANE__PLUGIN_REGISTRY_H

#include <pthread.h>
#include <stdatomic.h>

#include "plugin/report.h"
#include "vane/vane.h"

#define VANE__MAX_BACKENDS 256

struct vane__backend;

typedef struct vane__device {
    struct vane__backend *backend;
    uint32_t index;
    vane_device *handle;
    vane_queue *queue; /* NULL for host-memory devices */
    vane_device_info info;
    pthread_mutex_t lock;   /* the [device] and [queue] contracts; not taken for direct calls */
    atomic_uint failures;   /* lost, or unusable after fork(): the routes leave it out */
    atomic_uint complaints; /* failures of any kind that were logged */
} vane__device;

typedef struct vane__backend {
    const vane_backend_entry *entry;
    vane_backend_vt vt; /* a full copy: holes answer VANE_E_UNSUPPORTED */
    vane_backend *handle;
    vane_host host; /* what the plugin was given */
    vane_context *ctx;
    void *dl; /* NULL: registered by the program */
    char *path;
    vane__device *devices;
    uint32_t device_count;
} vane__backend;

typedef struct vane__registry {
    vane__backend *backends[VANE__MAX_BACKENDS];
    atomic_uint count;
    pthread_mutex_t lock; /* the [load] contract */
    vane__report report;
    char *cache_dir; /* for host->option("cache_dir"); NULL: no home folder */
} vane__registry;

vane_status vane__registry_init(vane__registry *r);
/* Every plugin of the search path (search.h), in its order; one bad plugin hides no other.
 * Excluded ones are reported and not opened; with settings.backend set, only that one is. */
void vane__registry_load_all(vane_context *ctx);
/* One file: note, judgement, dlopen, entry check, open, devices; always a report line. */
vane_status vane__registry_load_file(vane_context *ctx, const char *path, const char *source);
/* A backend whose entry is in memory (dl NULL: the program's own). Takes over dl on
 * success only. */
vane_status vane__registry_add(vane_context *ctx, const vane_backend_entry *entry, void *dl,
                               const char *path, const char *source);
vane__backend *vane__registry_find(vane__registry *r, const char *name);
/* Closes queues, devices, backends; dlclose only when settings.unload. */
void vane__registry_close(vane_context *ctx);
/* "a, b": the names loaded, for error sentences. */
void vane__registry_names(vane__registry *r, char *out, size_t bytes);

/* Core facts for plugins (host.c): fills every field of backend->host. */
void vane__host_fill(vane_context *ctx, vane__backend *backend);
/* host->parallel: at call->width on the pool of the context behind call->host. */
void vane__host_parallel(const vane_call *call, vane_range_fn fn, void *arg, uint64_t n,
                         uint64_t grain);
/* Copies a table of any older size and fills holes with stubs (vtable.c). */
vane_status vane__vtable_fill(const vane_backend_vt *from, vane_backend_vt *out, char *why,
                              size_t why_bytes);

#endif
