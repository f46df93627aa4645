/* SPDX-License-Identifier: MIT */
/* place.c - bring a buffer's content to where work needs it: to a device, or home.
 *
 * Content goes to a device by commands on the queue of the work that needs it, before its
 * kernel, and nobody waits; home it comes at once. A lock of a queue is held for one command.
 */
#include <stdlib.h>

#include "error.h"
#include "memory/buffer.h"
#include "plugin/health.h"

/* q goes on only when t, work of the same backend, is done. */
vane_status vane__queue_after(vane__queue *q, vane__ticket *t)
{
    if (t == NULL || vane__ticket_phase(t) != VANE__FLYING || t->queue == q)
        return VANE_OK;
    const vane_backend_vt *vt = &q->device->backend->vt;
    vane_error kept = *vane_last_error();
    vane_status st = VANE_E_UNSUPPORTED;
    if (t->queue->device->backend == q->device->backend) {
        vane_event *event = NULL;
        st = vane__mark_event(t->mark, &event);
        if (st == VANE_OK && event == NULL)
            return VANE_OK;
        if (st == VANE_OK) {
            pthread_mutex_lock(&q->lock);
            st = vt->queue_wait(q->handle, event);
            pthread_mutex_unlock(&q->lock);
        }
    }
    if (st == VANE_OK)
        return st;
    vane__error_restore(&kept); /* a stranger, or the plugin cannot: the caller's thread waits */
    return vane__ticket_wait(t, UINT64_MAX);
}

static void count(atomic_uint_fast64_t *device, uint64_t *buffer, uint64_t bytes)
{
    atomic_fetch_add_explicit(device, bytes, memory_order_relaxed);
    *buffer += bytes;
}

/* Content arrived; the set keeps room for what the work itself will change. */
static vane_status now_current(vane__buffer *b, vane__ranges *valid, vane__range r)
{
    if (vane__ranges_add(valid, r.lo, r.hi) && vane__ranges_reserve(valid, 2))
        return VANE_OK;
    return vane__fail(VANE_E_NOMEM, "no memory to note what is current of buffer '%s'", b->name);
}

/* ---- to a device ----------------------------------------------------------------------- */

static vane_status upload(vane__buffer *b, vane__queue *q, vane__copy *c, vane__range r)
{
    uint64_t serial = vane__error_serial();
    pthread_mutex_lock(&q->lock);
    vane_status st = q->device->backend->vt.upload(q->handle, c->block.mem, r.lo,
                                                   vane__buffer_data(b) + r.lo, r.hi - r.lo, NULL);
    pthread_mutex_unlock(&q->lock);
    if (st != VANE_OK)
        return vane__failed(st, serial, "buffer '%s': upload failed", b->name);
    count(&c->device->up_bytes, &b->up_bytes, r.hi - r.lo);
    return now_current(b, &c->valid, r);
}

/* From one device of the backend to another, or to the same. */
static vane_status hand_over(vane__buffer *b, vane__queue *q, vane__copy *c, vane__copy *from,
                             vane__range r)
{
    vane_status st = vane__queue_after(q, from->ready);
    if (st != VANE_OK)
        return st;
    pthread_mutex_lock(&q->lock);
    st = q->device->backend->vt.copy(q->handle, c->block.mem, r.lo, from->block.mem, r.lo,
                                     r.hi - r.lo, NULL);
    pthread_mutex_unlock(&q->lock);
    if (st != VANE_OK)
        return st;
    count(&c->device->peer_bytes, &b->peer_bytes, r.hi - r.lo);
    return now_current(b, &c->valid, r);
}

static vane_status from_host(vane__buffer *b, vane__queue *q, vane__copy *c, uint64_t lo,
                             uint64_t hi)
{
    vane__range r;
    vane_status st = VANE_OK;
    for (uint64_t at = lo;
         st == VANE_OK && vane__ranges_missing(&c->valid, &b->host_valid, at, hi, &r); at = r.hi)
        st = upload(b, q, c, r);
    return st;
}

/* What another device alone has comes straight from there, or by way of the host. */
static vane_status from_devices(vane__buffer *b, vane__queue *q, vane__copy *c, uint64_t lo,
                                uint64_t hi)
{
    vane__range r;
    vane_status st = VANE_OK;
    for (vane__copy *from = b->copies; st == VANE_OK && from != NULL; from = from->next) {
        int peers = from->device->backend == c->device->backend;
        from->pins++; /* home() mourns */
        for (uint64_t at = lo; from != c && st == VANE_OK &&
                               vane__ranges_missing(&c->valid, &from->valid, at, hi, &r);
             at = r.hi) {
            vane_error kept = *vane_last_error();
            if (peers && hand_over(b, q, c, from, r) == VANE_OK)
                continue;
            vane__error_restore(&kept);
            st = vane__buffer_home(b, r.lo, r.hi);
            if (st == VANE_OK)
                st = upload(b, q, c, r);
        }
        from->pins--;
    }
    return st;
}

static vane_status unmap(vane__buffer *b, vane__queue *q, vane__copy *c)
{
    if (c->mapped == NULL)
        return VANE_OK;
    uint64_t serial = vane__error_serial();
    pthread_mutex_lock(&q->lock);
    vane_status st = q->device->backend->vt.mem_unmap(q->handle, c->block.mem, c->mapped, NULL);
    pthread_mutex_unlock(&q->lock);
    c->mapped = NULL;
    return vane__failed(st, serial, "buffer '%s': mem_unmap failed", b->name);
}

static vane_status bring(vane__buffer *b, vane__copy *c, uint64_t lo, uint64_t hi);

/* c is the host's memory: what others have comes there, and other devices let go of it. */
static vane_status release_others(vane__buffer *b, const vane__copy *c, int read, uint64_t lo,
                                  uint64_t hi)
{
    vane_status st = VANE_OK;
    for (vane__copy *other = b->copies; st == VANE_OK && other != NULL; other = other->next)
        if (other != c && (read || other->imported))
            st = bring(b, other, lo, hi);
    return st;
}

vane_status vane__buffer_gather(vane__buffer *b, vane__queue *q, vane__ticket *for_whom, int read,
                                uint64_t lo, uint64_t hi, vane__copy **out)
{
    vane_status st = VANE_OK;
    vane__copy *c = vane__copy_find(b, q->device);
    if (c == NULL)
        st = vane__copy_make(b, q->device, &c);
    if (st == VANE_OK)
        vane__queue_after(q, c->ready); /* how that work ended is told elsewhere */
    if (st != VANE_OK)
        return st;
    c->pins++;
    if (c->imported) {
        st = release_others(b, c, read, lo, hi);
    } else if (read && !vane__ranges_cover(&c->valid, lo, hi)) {
        st = from_host(b, q, c, lo, hi);
        if (st == VANE_OK)
            st = from_devices(b, q, c, lo, hi);
        vane__ticket_drop(c->ready);
        c->ready = vane__ticket_hold(for_whom);
    }
    c->pins--;
    c->used = vane__buffers_clock(b->ctx);
    *out = c;
    return st;
}

vane_status vane__buffer_place(vane__buffer *b, vane__queue *q, vane__ticket *for_whom, int read,
                               uint64_t lo, uint64_t hi, vane__copy **out)
{
    vane_status st = vane__buffer_gather(b, q, for_whom, read, lo, hi, out);
    if (st != VANE_OK || (*out)->mapped == NULL)
        return st;
    vane__ticket_drop((*out)->ready); /* which q waits for, since gather */
    (*out)->ready = vane__ticket_hold(for_whom);
    return unmap(b, q, *out);
}

/* ---- home ------------------------------------------------------------------------------ */

static vane_status download(vane__buffer *b, vane__queue *q, vane__copy *c, vane__range r)
{
    const vane_backend_vt *vt = &c->device->backend->vt;
    uint64_t serial = vane__error_serial();
    vane_event *e = NULL;
    pthread_mutex_lock(&q->lock);
    vane_status st =
        vt->download(q->handle, vane__buffer_data(b) + r.lo, c->block.mem, r.lo, r.hi - r.lo, &e);
    pthread_mutex_unlock(&q->lock);
    if (st == VANE_OK && e != NULL) {
        st = vt->event_wait(e, UINT64_MAX);
        vt->event_free(e);
    }
    if (st != VANE_OK)
        return vane__failed(st, serial, "buffer '%s': download failed", b->name);
    count(&c->device->down_bytes, &b->down_bytes, r.hi - r.lo);
    return now_current(b, &b->host_valid, r);
}

static vane_status map(vane__buffer *b, vane__queue *q, vane__copy *c)
{
    vane_error kept = *vane_last_error();
    uint64_t serial = vane__error_serial();
    pthread_mutex_lock(&q->lock);
    vane_status st = c->device->backend->vt.mem_map(q->handle, c->block.mem, 0, b->bytes,
                                                    VANE_MAP_READ | VANE_MAP_WRITE, &c->mapped);
    pthread_mutex_unlock(&q->lock);
    if (st != VANE_E_UNSUPPORTED)
        return vane__failed(st, serial, "buffer '%s': mem_map failed", b->name);
    c->unmappable = 1;
    vane__error_restore(&kept);
    return VANE_OK;
}

/* All that c has and the host lacks; or the mapping of memory that is the host's. */
static vane_status bring(vane__buffer *b, vane__copy *c, uint64_t lo, uint64_t hi)
{
    vane__range r;
    vane_status st = VANE_OK;
    int wanted = c->imported ? c->mapped == NULL && !c->unmappable
                             : vane__ranges_missing(&b->host_valid, &c->valid, lo, hi, &r);
    if (!wanted)
        return VANE_OK;
    vane__queue *q = vane__queue_borrow(c->device, 0);
    vane__queue_after(q, c->ready); /* how that work ended is told elsewhere */
    if (c->imported)
        st = map(b, q, c);
    for (uint64_t at = lo; st == VANE_OK && !c->imported &&
                           vane__ranges_missing(&b->host_valid, &c->valid, at, hi, &r);
         at = r.hi)
        st = download(b, q, c, r);
    vane__queue_return(q);
    return st;
}

vane_status vane__buffer_host_access(vane__buffer *b)
{
    vane_status st = VANE_OK;
    for (vane__copy *c = b->copies; st == VANE_OK && c != NULL; c = c->next)
        if (c->imported)
            st = bring(b, c, 0, b->bytes);
    return st;
}

/* Had a lost device the only copy of any of it? One that is still being enqueued on is not
 * mourned yet. */
int vane__buffer_is_lost(const vane__buffer *b, uint64_t lo, uint64_t hi)
{
    vane__range r;
    int lost = vane__ranges_touch(&b->lost, lo, hi);
    for (const vane__copy *c = b->copies; !lost && c != NULL; c = c->next)
        lost = vane__copy_lost(c) && !c->imported &&
               vane__ranges_missing(&b->host_valid, &c->valid, lo, hi, &r);
    return lost;
}

/* The device that a transfer died with is lost, not whoever needed the data. */
static void lose(vane__buffer *b, vane__device *d, uint32_t losses)
{
    vane_error kept = *vane_last_error();
    if (losses == atomic_load(&d->losses)) /* or it is back by now */
        vane__device_lose(d);
    vane__buffer_mourn(b);
    vane__error_restore(&kept);
}

vane_status vane__buffer_home(vane__buffer *b, uint64_t lo, uint64_t hi)
{
    vane_status st = VANE_OK;
    vane__buffer_mourn(b);
    for (vane__copy *c = b->copies; st == VANE_OK && c != NULL;) {
        st = vane__copy_lost(c) ? VANE_OK : bring(b, c, lo, hi);
        if (st == VANE_E_DEVICE_LOST) {
            lose(b, c->device, c->losses);
            st = VANE_OK;
            c = b->copies; /* from those that are left */
        } else {
            c = c->next;
        }
    }
    if (st == VANE_OK && vane__buffer_is_lost(b, lo, hi))
        st = vane__fail(VANE_E_DEVICE_LOST,
                        "bytes %llu to %llu of buffer '%s': their only current copy was lost with "
                        "its device",
                        (unsigned long long)lo, (unsigned long long)hi, b->name);
    return st;
}
