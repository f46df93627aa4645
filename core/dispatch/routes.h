/* SPDX-License-Identifier: MIT */
/* routes.h - the table that the data plane follows: (op, dtype, size class, pool hot) ->
 * kernel, device and width.
 *
 * A table belongs to one state of the control plane (policy, priorities, backends,
 * health). A change publishes a new, empty table with one atomic store; its cells are
 * filled by the policy at their first use, so that a context opens fast and a cell that
 * nobody needs costs nothing. Old tables are kept until the context closes: a reader may
 * still hold one.
 */
#ifndef VANE__DISPATCH_ROUTES_H
#define VANE__DISPATCH_ROUTES_H

#include "context.h"
#include "dispatch/call.h"
#include "op/table.h"

/* Who computes. */
typedef struct vane__runner {
    const vane_kernel *kernel;
    vane__device *device; /* NULL: the reference body of a registered op */
    vane_device *handle;  /* of the device */
    const vane_host *host;
    uint32_t width;
    uint32_t plain; /* direct, takes any call and alignment, fails cleanly: nothing to look at */
} vane__runner;

/* Are all operands as aligned as the kernel wants them? */
static inline int vane__runner_aligned(const vane__runner *r, const vane_call *call)
{
    uintptr_t bits = 0;
    for (uint32_t i = 0; i < call->n_arg; i++)
        bits |= (uintptr_t)call->arg[i].data;
    return r->kernel->align_bytes < 2 || (bits & (r->kernel->align_bytes - 1)) == 0;
}

/* Does the plugin take this call? Only selective kernels are asked. */
static inline int vane__runner_accepts(const vane__runner *r, const vane_call *call)
{
    return !(r->kernel->flags & VANE_KERNEL_SELECTIVE) || r->device == NULL ||
           r->device->backend->vt.accepts(r->handle, r->kernel, call) == VANE_OK;
}

/* May the direct function be called with this call as it is? Else vane__execute has a way. */
static inline int vane__runner_fits(const vane__runner *r, const vane_call *call)
{
    const vane_kernel *k = r->kernel;
    return r->plain ||
           (k->direct != NULL &&
            (!(call->flags & VANE_CALL_INPLACE) || (k->flags & VANE_KERNEL_CLEAN_FAIL)) &&
            vane__runner_aligned(r, call) && vane__runner_accepts(r, call));
}

typedef struct vane__route {
    vane__runner runner;
    struct vane__route *next; /* of the table's list */
} vane__route;

typedef _Atomic(const vane__route *) vane__cell;

/* The cells of calls with operands in the same places; registered ops come after the built-in. */
typedef struct vane__plane {
    vane__cell cells[VANE_OP_COUNT + VANE__MAX_CUSTOM_OPS][VANE_DTYPE_COUNT][2][VANE__CLASSES];
} vane__plane;

typedef struct vane__routes {
    struct vane__routes *older;
    vane__route *all;                            /* under ctx->control */
    vane__plane host;                            /* nothing is in a buffer */
    _Atomic(vane__plane *) planes[VANE__WHERES]; /* by vane__where_code; made at their first use */
} vane__routes;

vane_status vane__routes_open(vane_context *ctx);
void vane__routes_close(vane_context *ctx);

/* The policy's choice for the call's cell, made and published now; NULL and the sentence: none. */
const vane__route *vane__route_make(vane_context *ctx, vane__routes *routes,
                                    const vane__prepared *p, uint32_t hot);

static inline vane__cell *vane__route_cell(vane__plane *plane, uint32_t op, uint32_t dtype,
                                           uint32_t size_class, uint32_t hot)
{
    uint32_t row = op < VANE_OP_COUNT ? op : op - VANE_OP_CUSTOM + VANE_OP_COUNT;
    return &plane->cells[row][dtype][hot][size_class];
}

static inline vane__routes *vane__routes_now(const vane_context *ctx)
{
    return atomic_load_explicit(&ctx->routes, memory_order_acquire);
}

#endif
