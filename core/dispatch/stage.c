/* SPDX-License-Identifier: MIT */
/* stage.c - operands in host memory, for a kernel on a device.
 *
 * On a device that shares the host's memory the operand is imported and nothing moves. Else it
 * gets memory of the call's own: an input with few gaps travels as it lies, a sparse one is
 * packed first (a broadcast dimension, stride 0, is not multiplied out); an output comes back
 * straight to the caller's memory, by way of the arena when it has gaps or is an input too: an
 * in-place call that fails halfway leaves its input intact.
 */
#include <string.h>

#include "dispatch/dispatch.h"
#include "dispatch/flight.h"
#include "error.h"
#include "op/tensor.h"

/* t's dense form (stride 0 stays 0) and its bytes. */
static uint64_t dense_form(const vane_tensor *t, vane_tensor *dense)
{
    uint64_t count = 1;
    *dense = *t;
    for (uint32_t d = t->rank; d-- > 0;) {
        if (t->stride[d] == 0 && t->shape[d] != 1)
            continue;
        dense->stride[d] = (int64_t)count;
        count *= (uint64_t)t->shape[d];
    }
    return count * vane_dtype_bytes(t->dtype);
}

static vane_status pack_room(vane__flight *f, vane__operand *o, uint64_t bytes)
{
    if (f->arena == NULL)
        f->arena = vane__arena_borrow(f->ctx->arenas);
    if (f->arena != NULL)
        o->packed = vane__arena_alloc(f->arena, bytes, 64);
    return o->packed != NULL ? VANE_OK
                             : vane__fail(VANE_E_NOMEM, "%s: no memory to pack an operand",
                                          f->p.rq.op->info.name);
}

/* As it lies, or packed: o->as, o->base and o->hi say which. */
static vane_status choose_form(vane__flight *f, vane__operand *o, int is_output, int in_place)
{
    int64_t lo, hi;
    vane_tensor dense;
    vane__tensor_extent(&o->t, &lo, &hi);
    uint64_t extent = (uint64_t)(hi - lo), bytes = dense_form(&o->t, &dense);
    o->as = o->t;
    o->base = (char *)o->t.data + lo;
    o->hi = extent;
    int packs = is_output ? in_place || bytes != extent : extent / 2 > bytes;
    if (!packs)
        return VANE_OK;
    vane_status st = pack_room(f, o, bytes);
    if (st != VANE_OK)
        return st;
    dense.data = o->packed;
    o->as = dense;
    o->base = o->packed;
    o->hi = bytes;
    return VANE_OK;
}

vane_status vane__stage(vane__flight *f, vane__operand *o, vane__queue *q, int is_output)
{
    vane__device *d = q->device;
    int in_place = is_output && (f->p.call.flags & VANE_CALL_INPLACE);
    vane_status st = choose_form(f, o, is_output, in_place);
    if (st != VANE_OK || o->hi == 0)
        return st;
    if (o->packed != NULL && !is_output)
        vane__tensor_copy(&o->t, &o->as);
    o->imported = vane__memory_import(d, o->base, o->hi, &o->block);
    if (!o->imported)
        st = vane__memory_take(d, o->hi, NULL, &o->block);
    o->mem = o->block.mem;
    if (st != VANE_OK || o->imported || is_output)
        return st;
    uint64_t serial = vane__error_serial();
    pthread_mutex_lock(&q->lock);
    st = d->backend->vt.upload(q->handle, o->mem, 0, o->base, o->hi, NULL);
    pthread_mutex_unlock(&q->lock);
    atomic_fetch_add_explicit(&d->up_bytes, o->hi, memory_order_relaxed);
    return vane__failed(st, serial, "%s: upload failed", f->p.rq.op->info.name);
}

vane_status vane__stage_back(vane__flight *f, vane__operand *o, vane__queue *q, vane_event **out)
{
    *out = NULL;
    if (o->imported || o->hi == 0)
        return VANE_OK;
    uint64_t serial = vane__error_serial();
    pthread_mutex_lock(&q->lock);
    vane_status st = q->device->backend->vt.download(q->handle, o->base, o->mem, 0, o->hi, out);
    pthread_mutex_unlock(&q->lock);
    atomic_fetch_add_explicit(&q->device->down_bytes, o->hi, memory_order_relaxed);
    return vane__failed(st, serial, "%s: download failed", f->p.rq.op->info.name);
}

/* The host looks at imported memory only between mapping and unmapping, where there is such. */
static vane_status see(vane__operand *o, vane__queue *q)
{
    const vane_backend_vt *vt = &q->device->backend->vt;
    void *p = NULL;
    vane_error kept = *vane_last_error();
    uint64_t serial = vane__error_serial();
    pthread_mutex_lock(&q->lock);
    vane_status st = vt->mem_map(q->handle, o->mem, 0, o->hi, VANE_MAP_READ, &p);
    if (st == VANE_OK)
        st = vt->mem_unmap(q->handle, o->mem, p, NULL);
    pthread_mutex_unlock(&q->lock);
    if (st != VANE_E_UNSUPPORTED)
        return vane__failed(st, serial, "the output could not be mapped");
    vane__error_restore(&kept);
    return VANE_OK;
}

vane_status vane__stage_deliver(vane__operand *o, vane__queue *q)
{
    vane_status st = o->imported ? see(o, q) : VANE_OK;
    if (st != VANE_OK || o->packed == NULL || o->hi == 0)
        return st;
    vane__tensor_copy(&o->as, &o->t);
    return VANE_OK;
}

void vane__unstage(vane__operand *o, vane__device *d)
{
    vane__memory_give(d, &o->block, o->imported);
    o->mem = NULL;
    o->block.mem = NULL;
    o->imported = 0;
    o->packed = NULL;
    o->as = o->t;
}
