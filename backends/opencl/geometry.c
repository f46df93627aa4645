/* SPDX-License-Identifier: MIT */
/* geometry.c - a call's shapes and strides as the kernels of places.cl read them, the choice
 * between those, and how the work is cut.
 */
#include "geometry.h"

#include <string.h>

enum { FLAT, WALK, SPREAD };
static const char *const names[] = {"flat", "walk", "spread"};

/* ---- shapes ----------------------------------------------------------------------- */

static void read_shapes(const vane_call *call, ocl_place *p)
{
    const vane_view *o = &call->arg[call->n_arg - 1];
    const uint32_t last = o->rank - 1;
    p->rank = (int32_t)o->rank;
    memcpy(p->shape, o->shape, o->rank * sizeof o->shape[0]);
    p->even = o->stride[last] == 1;
    for (uint32_t k = 0; k < call->n_arg; k++) {
        const vane_view *v = &call->arg[k];
        memcpy(p->stride[k], v->stride, o->rank * sizeof v->stride[0]);
        p->even &= v->stride[last] == 0 || v->stride[last] == 1;
    }
}

/* Do indexes or offsets need more than 31 bits? Half of them are left for the rounding up of n. */
static int is_wide(const vane_call *call, int64_t n)
{
    uint64_t most = (uint64_t)n;
    for (uint32_t k = 0; k < call->n_arg; k++) {
        uint64_t reach = 0;
        for (uint32_t d = 0; d < call->arg[k].rank; d++) {
            const int64_t stride = call->arg[k].stride[d];
            const uint64_t size = stride < 0 ? 0 - (uint64_t)stride : (uint64_t)stride;
            reach += (uint64_t)(call->arg[k].shape[d] - 1) * size;
        }
        most = reach > most ? reach : most;
    }
    return most > INT32_MAX / 2;
}

/* ---- launching -------------------------------------------------------------------- */

/* Elements that a CPU's work-item takes: some 10 microseconds of work. More and a device's cores
 * end at different times; fewer and their coming and going shows. */
static int64_t chunk_for(uint32_t op, int even)
{
    static const uint8_t flops[] = {
#define VANE_OP(ID, name, SIG, P, SET, OUT, SHAPE, flops, ...) flops,
#include "vane/ops.def"
    };
    return flops[op] > 4 || !even ? 2048 : 16384;
}

static size_t group_count(const vane_device *d, uint64_t items)
{
    const uint64_t most = 16ull * (d->compute_units ? d->compute_units : 1);
    const uint64_t groups = (items + d->group - 1) / d->group;
    return (size_t)(groups < most ? groups : most);
}

static vane_status enqueue(vane_queue *q, const ocl_kernel *k, const vane_call *call,
                           const ocl_function *f, const ocl_place *p, size_t bytes, cl_event *out)
{
    const vane_device *d = q->device;
    const uint64_t items = f->number == FLAT ? ((uint64_t)p->n + 3) / 4 : (uint64_t)p->n;
    const size_t local = d->is_cpu ? 1 : d->group;
    const size_t global =
        d->is_cpu ? (size_t)((p->n + p->chunk - 1) / p->chunk) : group_count(d, items) * local;
    ocl_slot *slot = NULL;
    const vane_status st = ocl_function_slot(q, f, &slot);
    if (st != VANE_OK)
        return st;
    cl_int code = CL_SUCCESS;
    const cl_kernel kernel = ocl_args_set(q, f, slot, call, p, bytes, &code);
    return ocl_launch(q, kernel, code, 1, &global, &local, k->name, out);
}

vane_status ocl_place_launch(vane_queue *q, const ocl_kernel *k, const vane_call *call,
                             ocl_function *f, ocl_place *p, cl_event *out)
{
    const vane_view *o = &call->arg[call->n_arg - 1];
    p->n = 1;
    for (uint32_t d = 0; d < o->rank; d++)
        p->n *= o->shape[d];
    memset(p->at, 0, sizeof p->at);
    for (uint32_t i = 0; i < call->n_arg; i++)
        p->at[i] = ocl_view_at(&call->arg[i]);
    p->even = 1;
    f->number = FLAT;
    if (!(call->flags & VANE_CALL_FLAT)) {
        memset(p->stride, 0, sizeof p->stride);
        read_shapes(call, p);
        f->number = q->device->is_cpu ? WALK : SPREAD;
        f->variant |= !q->device->is_cpu && is_wide(call, p->n) ? OCL_VARIANT_WIDE : 0;
    }
    p->chunk = chunk_for(f->op, p->even);
    f->function = names[f->number];
    return enqueue(q, k, call, f, p, f->number == FLAT ? offsetof(ocl_place, rank) : sizeof *p,
                   out);
}
