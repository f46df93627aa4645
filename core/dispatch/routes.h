/* SPDX-License-Identifier: MIT */
/* routes.h - the table that the data plane follows: (op, dtype, size class, pool hot, where the
 * operands are) -> kernel, device and width.
 *
 * A cell holds a pointer to a route, and nobody changes a route. A cell is filled at its first
 * use, so that a context opens fast and a cell that nobody needs costs nothing. Routes belong
 * to the control plane's record of their cells, the site, and live until vane_close, each
 * once: publishing another choice is one atomic store, and there is nothing to reclaim.
 */
#ifndef VANE__DISPATCH_ROUTES_H
#define VANE__DISPATCH_ROUTES_H

#include <pthread.h>

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

struct vane__site;
struct vane__entry;

typedef struct vane__route {
    vane__runner runner;     /* kernel NULL: nobody any more, the site has to say anew */
    struct vane__site *site; /* site.h */
    struct vane__entry *entry;
    uint32_t settled; /* nothing is to be learned: calls are only sampled */
    uint32_t brief;   /* settled, and one call tells nothing of what it takes */
    /* What a call takes of vane__unsampled, if there is so much: of prepared calls, and of the
     * shortcuts, which know plain runners alone. */
    uint32_t share, fast_share;
} vane__route;

typedef _Atomic(const vane__route *) vane__cell;

/* The cells of calls whose operands are alike in place (vane__where). */
typedef struct vane__plane {
    vane__cell cells[VANE_OP_COUNT + VANE__MAX_CUSTOM_OPS][VANE_DTYPE_COUNT][2][VANE__CLASSES];
} vane__plane;

typedef struct vane__routes {
    vane__plane host; /* calls on host memory alone; read on every call */
    atomic_uint version;
    atomic_uint making;                          /* threads that make routes anew, unasked */
    _Atomic(vane__plane *) planes[VANE__WHERES]; /* made at their first use; [0] is not */
    _Atomic(struct vane__site *) sites;          /* grows */
    pthread_mutex_t lock;                        /* of all sites */
} vane__routes;

vane_status vane__routes_open(vane_context *ctx);
void vane__routes_close(vane_context *ctx);

/* The cell's route for p, asked of the control plane when there is none that is up to date; NULL
 * and the sentence: none. */
const vane__route *vane__route_make(vane_context *ctx, const vane__prepared *p, uint32_t hot);

/* The same for a call that has a route: when candidates were called out of date since it was made,
 * the one of those that there are, unless another thread is at the table: this call does not wait.
 */
const vane__route *vane__route_renewed(vane_context *ctx, const vane__route *route, uint32_t hot);

/* hot: 0 or 1 */
static inline vane__cell *vane__route_cell(vane__routes *r, uint32_t op, uint32_t dtype,
                                           uint32_t size_class, uint32_t hot)
{
    uint32_t row = op < VANE_OP_COUNT ? op : op - VANE_OP_CUSTOM + VANE_OP_COUNT;
    return &r->host.cells[row][dtype][hot][size_class];
}

/* NULL: out of memory. */
vane__cell *vane__cell_of(vane__routes *routes, const vane__prepared *p, uint32_t hot);

/* What was remembered of routes under another version is out of date. */
static inline uint32_t vane__routes_version(const vane_context *ctx)
{
    return atomic_load_explicit(&ctx->routes->version, memory_order_acquire);
}

/* Of a settled route one call in 64 is looked at, of a brief one in 256; of others each. */
#define VANE__SHARE_BRIEF 1u
#define VANE__SHARE_SETTLED 4u
#define VANE__SHARE_ALL UINT32_MAX
#define VANE__SHARES 256u
#define VANE__SAMPLED (VANE__SHARES / VANE__SHARE_SETTLED)
/* What is left to this thread before a call is looked at. */
extern _Thread_local uint32_t vane__unsampled __attribute__((tls_model("initial-exec")));

#endif
