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

#include "plugin/breaker.h"
#include "plugin/deferred.h"
#include "plugin/report.h"
#include "telemetry/gauge.h"
#include "telemetry/power.h"
#include "vane/renew.h"
#include "vane/vane.h"

#define VANE__MAX_BACKENDS 256

struct vane__backend;

/* A kernel that its plugin said will never work on the device. */
typedef struct vane__broken {
    const vane_kernel *kernel;
    struct vane__broken *next;
} vane__broken;

struct vane__mempool;
struct vane__queues;
struct vane__link;

typedef struct vane__device {
    struct vane__backend *backend;
    uint32_t index;  /* of the backend's devices */
    uint32_t number; /* of the context's devices with own memory, from 1; 0: the host's memory */
    vane_device *handle;
    vane_device_info info;
    pthread_mutex_t lock;   /* the [device] contract */
    vane__breaker breaker;  /* not closed: the routes leave it out (health.h) */
    atomic_uint lost;       /* gone, or unusable after fork() */
    atomic_uint losses;     /* how often what its memory held became invalid */
    atomic_uint wedged;     /* its queue cannot even be waited for: its memory stays with it */
    atomic_uint orphaned;   /* in a child of fork(): its driver is the parent's, and not called */
    atomic_uint renewals;   /* how often its plugin made it anew */
    atomic_uint unrenewed;  /* how often in a row it could not */
    atomic_uint complaints; /* failures of any kind that were logged */
    atomic_uint_fast64_t stamp; /* whose code and driver (policy/identity.h); 0 not known */
    /* not of host-memory devices: */
    struct vane__queues *queues;    /* exec/queue.c */
    struct vane__mempool *mempool;  /* memory/pool.c: VANE_SPACE_DEVICE */
    struct vane__link *link;        /* memory/link.c: what moving data costs */
    _Atomic(vane__broken *) broken; /* grows; freed with the device */
    vane__gauge gauge;              /* what it says of itself */
    vane__power power;              /* what it draws */
    atomic_uint_fast64_t up_bytes, down_bytes, peer_bytes, evictions;
} vane__device;

/* Its kernel is as good as any? */
static inline int vane__device_knows(vane__device *d, const vane_kernel *kernel)
{
    const vane__broken *b = atomic_load_explicit(&d->broken, memory_order_acquire);
    while (b != NULL && b->kernel != kernel)
        b = b->next;
    return b == NULL;
}
static inline int vane__device_lost(const vane__device *d)
{
    return atomic_load_explicit(&d->lost, memory_order_acquire) > 0;
}

typedef struct vane__backend {
    const vane_backend_entry *entry;
    vane_backend_vt vt; /* a full copy: holes answer VANE_E_UNSUPPORTED */
    vane_backend *handle;
    const vane_renew *renew; /* NULL: lost devices come back by themselves */
    vane_host host;          /* what the plugin was given */
    vane_context *ctx;
    void *dl; /* NULL: registered by the program */
    char *path;
    vane__device *devices;
    uint32_t device_count;
    const struct vane_graphs *graphs; /* NULL: it has none (exec/tape.h) */
    int orphaned;                     /* a device was: close() would reach the parent's driver */
} vane__backend;

typedef struct vane__registry {
    vane__backend *backends[VANE__MAX_BACKENDS];
    atomic_uint count;
    pthread_mutex_t lock;    /* the [load] contract */
    vane__deferred deferred; /* slow ones that nothing needed yet */
    vane__report report;
    char *cache_dir; /* where whatever is kept is kept; NULL: nowhere */
} vane__registry;

vane_status vane__registry_init(vane__registry *r);
/* Every plugin of the search path (search.h), in its order; one bad plugin hides no other.
 * Excluded ones are reported and not opened; with settings.backend set, only that one is. Slow
 * ones wait in deferred, unless there is nothing else. */
void vane__registry_load_all(vane_context *ctx);
/* One file: note, judgement, dlopen, entry check, open, devices; always a report line (but for a
 * deferred one that was opened or tried before: the result is that of then). */
vane_status vane__registry_load_file(vane_context *ctx, const char *path, const char *source);
/* A backend whose entry is in memory (dl NULL: the program's own). Takes over dl on
 * success only. */
vane_status vane__registry_add(vane_context *ctx, const vane_backend_entry *entry, void *dl,
                               const char *path, const char *source);
vane__backend *vane__registry_find(vane__registry *r, const char *name);
/* Closes queues, devices, backends; dlclose only when settings.unload. */
void vane__registry_close(vane_context *ctx);
/* "a, b, c (deferred)": the names that may be asked for, for error sentences. */
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
