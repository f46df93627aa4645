/* SPDX-License-Identifier: MIT */
/* context.h - everything one vane_open made. Folders of core own its parts. */
#ifndef VANE__CONTEXT_H
#define VANE__CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>

#include "detect/budget.h"
#include "detect/topology.h"
#include "exec/pool.h"
#include "plugin/registry.h"
#include "policy/allowance.h"
#include "settings.h"
#include "telemetry/sampler.h"
#include "vane/vane.h"

struct vane__routes;
struct vane__store;
struct vane__op_table;
struct vane__buffers;
struct vane__arenas;
struct vane__flight;
struct vane_stream;
struct vane_clock;

#define VANE__SPARE_FLIGHTS 64u

struct vane_context {
    struct vane_context *next; /* contexts.c */
    uint64_t magic; /* VANE__CONTEXT_MAGIC while open: a wild pointer is an error in words */
    /* read on every call, written rarely */
    struct vane__routes *routes;
    vane__pool *pool;
    _Atomic(const struct vane_clock *) clock; /* NULL: the machine's */
    atomic_uint watch; /* nonzero: calls are told of, or logged (telemetry/event.h) */
    /* control plane */
    pthread_mutex_t control; /* priority, policy, threads, routes: one writer at a time */
    vane__settings settings;
    uint64_t cpu_features, cpu_features_masked;
    uint64_t l1d_bytes, l2_bytes, l3_bytes;
    vane__budget budget;     /* when it was opened */
    vane__budget budget_now; /* under control */
    uint32_t threads_wish;   /* of vane_set_threads; 0: the budget's; under control */
    pthread_once_t topology_once;
    vane__topology topology;
    vane__registry registry;
    struct vane__op_table *ops; /* custom ops */
    struct vane__buffers *buffers;
    struct vane__arenas *arenas;
    struct vane__ticket_box *tickets;
    _Atomic(struct vane__flight *) flights[VANE__SPARE_FLIGHTS]; /* dispatch/spare.c */
    struct vane_stream *streams;                                 /* open ones; under control */
    struct vane_sequence *sequences;                             /* the same */
    atomic_uint forks;          /* a child counts one more than its parent */
    atomic_uint device_numbers; /* given out so far: vane__device.number */
    _Atomic(const vane_policy *) policy;
    struct vane__watchers *watchers; /* opened with the context */
    struct vane__pager *pager;       /* of them, for `vane top`; NULL: nothing is shown */
    vane__sampler sampler;
    atomic_uint resting;                 /* breakers that are not closed (plugin/health.h) */
    atomic_uint busy;                    /* others want this machine's CPUs */
    atomic_uint objective;               /* vane_objective */
    vane__power host_power;              /* of the CPUs */
    _Atomic(struct vane__store *) store; /* policy/store.h; NULL: not read, or nothing is kept */
    vane__allowance allowance;           /* for trials; under the lock of the routes */
    atomic_uint_fast64_t verified, found_wrong; /* calls that were checked (policy/shadow.h) */
    vane__backend program; /* host services for reference bodies of registered ops */
};

#define VANE__CONTEXT_MAGIC UINT64_C(0x7478746e656e6176) /* "vanentxt" */

/* Where a reference body stands among the candidates. */
#define VANE__PROGRAM "program"

/* VANE_OK, or the sentence for a NULL or closed context. */
vane_status vane__context_check(const vane_context *ctx);

/* The budget is another: without a wish of anyone's, so are the pool and the routes. */
void vane__context_budget(vane_context *ctx, const vane__budget *budget);

/* dispatch/routes.c: candidates changed in the midst of a call (a device died): who leads there
 * asks anew at once, others when they are looked at. */
void vane__routes_renew(vane_context *ctx);
/* The same, and makes them: calls follow the old routes until then, and none waits or does the
 * work. For whoever is no call; under no lock. */
void vane__routes_refresh(vane_context *ctx);
/* op/table.c: custom ops, by name. Called by vane_op_register and by the registry for
 * the ops that a plugin brings. */
vane_status vane__op_add(vane_context *ctx, const vane_op_desc *desc, uint32_t *out);

#endif
