/* SPDX-License-Identifier: MIT */
/* resident.c - run one call on a device with memory of its own: bring the operands there,
 * launch, wait, bring the result back.
 *
 * Results arrive in memory of the core's own and are copied to the caller's when all went
 * well: an in-place call that fails halfway leaves its input intact, and a transfer that is
 * still under way when a call is given up never writes to the caller's memory.
 *
 * Operands travel dense: a strided one is packed first, a broadcast dimension (stride 0)
 * is not multiplied out.
 */
#include <string.h>

#include "dispatch/dispatch.h"
#include "error.h"
#include "os.h"

uint64_t vane__view_dense(const vane_view *v, vane_view *dense)
{
    uint64_t count = 1;
    *dense = *v;
    for (uint32_t d = 0; d < v->rank; d++)
        if (v->shape[d] == 0)
            return 0; /* also where the stride is 0 */
    for (uint32_t d = v->rank; d-- > 0;) {
        if (v->stride[d] == 0)
            continue;
        dense->stride[d] = (int64_t)count;
        count *= (uint64_t)v->shape[d];
    }
    return count;
}

static void copy_row(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t n,
                     size_t size)
{
    if (to_step == (int64_t)size && from_step == (int64_t)size) {
        memcpy(to, from, (size_t)n * size);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        memcpy(to + i * to_step, from + i * from_step, size);
}

void vane__view_copy(const vane_view *from, const vane_view *to)
{
    int64_t index[VANE_VIEW_RANK] = {0}, size = (int64_t)vane_dtype_bytes(to->dtype);
    uint32_t last = to->rank - 1, d;
    int64_t n = to->stride[last] == 0 ? 1 : to->shape[last];
    do {
        int64_t a = 0, b = 0;
        for (d = 0; d < last; d++) {
            a += index[d] * from->stride[d];
            b += index[d] * to->stride[d];
        }
        copy_row((char *)to->data + b * size, to->stride[last] * size,
                 (const char *)from->data + a * size, from->stride[last] * size, n, (size_t)size);
        for (d = last; d-- > 0;) {
            if (to->stride[d] != 0 && ++index[d] < to->shape[d])
                break;
            index[d] = 0;
        }
    } while (d < last); /* wraps below 0 when all are done */
}

/* One operand on the device. */
typedef struct resident {
    vane_view dense; /* strides on the device */
    vane_view host;  /* the caller's */
    void *packed;    /* host copy when the caller's is too sparse to travel as it is */
    int64_t lo;      /* else: the first byte that travels, from data */
    uint64_t bytes;
    vane_mem *mem;
} resident;

/* The bytes from the first to behind the last element, from data; checked by the core. */
static void extent(const vane_view *v, int64_t *lo, int64_t *hi)
{
    int64_t size = (int64_t)vane_dtype_bytes(v->dtype);
    *lo = 0;
    *hi = size;
    for (uint32_t d = 0; d < v->rank; d++)
        *(v->stride[d] < 0 ? lo : hi) += (v->shape[d] - 1) * v->stride[d] * size;
}

/* An input with few gaps travels with them: cheaper than packing it. */
static int travels_as_it_is(resident *m)
{
    int64_t lo, hi;
    extent(&m->host, &lo, &hi);
    if ((uint64_t)(hi - lo) / 2 > m->bytes)
        return 0;
    m->dense = m->host;
    m->lo = lo;
    m->bytes = (uint64_t)(hi - lo);
    return 1;
}

/* fail with the plugin's sentence, or with one that names the step */
static vane_status step(vane_status st, const vane__runner *r, const char *what)
{
    const vane_error *said = vane_last_error();
    if (st != VANE_OK &&
        (said->status != st || strcmp(said->backend, r->device->backend->entry->name) != 0))
        return vane__fail(st, "%s: %s failed: %s", r->kernel->name, what, vane_status_string(st));
    return st;
}

static vane_status wait_event(const vane__runner *r, vane_event *e, const char *what)
{
    const vane_backend_vt *vt = &r->device->backend->vt;
    if (e == NULL)
        return VANE_OK;
    vane_status st = vt->event_wait(e, UINT64_MAX);
    vt->event_free(e);
    return step(st, r, what);
}

static vane_status place(const vane__runner *r, const vane_view *v, int is_output, resident *m)
{
    vane__device *d = r->device;
    m->host = *v;
    uint64_t count = vane__view_dense(v, &m->dense);
    if (__builtin_mul_overflow(count, (uint64_t)vane_dtype_bytes(v->dtype), &m->bytes))
        return vane__fail(VANE_E_OVERFLOW, "%s: an operand has more bytes than 64 bits count",
                          r->kernel->name);
    if (m->bytes == 0)
        return VANE_OK;
    if ((is_output || !travels_as_it_is(m)) && (m->packed = vane__alloc(m->bytes, 64)) == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory to pack an operand", r->kernel->name);
    return step(d->backend->vt.mem_alloc(d->handle, VANE_SPACE_DEVICE, m->bytes, &m->mem), r,
                "mem_alloc");
}

static vane_status bring(const vane__runner *r, resident *m)
{
    const void *from = (const char *)m->host.data + m->lo;
    vane_event *e = NULL;
    if (m->bytes == 0)
        return VANE_OK;
    if (m->packed != NULL) {
        m->dense.data = m->packed;
        vane__view_copy(&m->host, &m->dense);
        from = m->packed;
    }
    vane_status st =
        step(r->device->backend->vt.upload(r->device->queue, m->mem, 0, from, m->bytes, &e), r,
             "upload");
    return st == VANE_OK ? wait_event(r, e, "upload") : st;
}

static vane_status fetch(const vane__runner *r, resident *m)
{
    vane_event *e = NULL;
    if (m->bytes == 0)
        return VANE_OK;
    vane_status st =
        step(r->device->backend->vt.download(r->device->queue, m->packed, m->mem, 0, m->bytes, &e),
             r, "download");
    return st == VANE_OK ? wait_event(r, e, "download") : st;
}

static void deliver(resident *m)
{
    m->dense.data = m->packed;
    if (m->bytes != 0)
        vane__view_copy(&m->dense, &m->host);
}

static vane_status launch(const vane__runner *r, vane_call *call, resident *m)
{
    vane_event *e = NULL;
    for (uint32_t i = 0; i < call->n_arg; i++) {
        call->arg[i] = m[i].dense;
        call->arg[i].data = NULL;
        call->arg[i].mem = m[i].mem;
        call->arg[i].offset_bytes = (uint64_t)-m[i].lo;
    }
    int flat = (call->flags & VANE_CALL_FLAT) != 0;
    call->flags = flat ? VANE_CALL_FLAT : 0;
    vane_status st =
        step(r->device->backend->vt.launch(r->device->queue, r->kernel, call, &e), r, "launch");
    return st == VANE_OK ? wait_event(r, e, "the kernel") : st;
}

static vane_status compute(const vane__runner *r, vane_call *call, resident *m)
{
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i < call->n_arg; i++)
        st = place(r, &call->arg[i], i >= call->n_in, &m[i]);
    for (uint32_t i = 0; st == VANE_OK && i < call->n_in; i++)
        st = bring(r, &m[i]);
    if (st == VANE_OK)
        st = launch(r, call, m);
    for (uint32_t i = call->n_in; st == VANE_OK && i < call->n_arg; i++)
        st = fetch(r, &m[i]);
    for (uint32_t i = call->n_in; st == VANE_OK && i < call->n_arg; i++)
        deliver(&m[i]);
    return st;
}

/* After a failure the queue may still be at work on what is to be freed. If it cannot even be
 * waited for, the device is lost and the memory stays with it. */
static int settled(const vane__runner *r, vane_status st)
{
    vane_error kept = *vane_last_error();
    if (st == VANE_OK || r->device->backend->vt.queue_sync(r->device->queue) == VANE_OK)
        return 1;
    vane__error_restore(&kept);
    atomic_fetch_add(&r->device->failures, 1);
    return 0;
}

vane_status vane__run_resident(const vane__runner *r, vane_call *call)
{
    resident m[VANE_MAX_ARG];
    memset(m, 0, sizeof m);
    if (r->device == NULL || r->device->queue == NULL)
        return vane__fail(VANE_E_UNSUPPORTED, "%s has neither a direct function nor a queue",
                          r->kernel->name);
    pthread_mutex_lock(&r->device->lock);
    vane_status st = compute(r, call, m);
    int done = settled(r, st);
    for (uint32_t i = 0; done && i < call->n_arg; i++) {
        if (m[i].mem != NULL)
            r->device->backend->vt.mem_free(r->device->handle, m[i].mem);
        vane__free(m[i].packed);
    }
    pthread_mutex_unlock(&r->device->lock);
    return st;
}
