/* SPDX-License-Identifier: MIT */
/* prefetch.c - all of a buffer's content to one place, now. */
#include "error.h"
#include "exec/queue.h"
#include "memory/buffer.h"
#include "plugin/device.h"

static vane_status to_device(vane__buffer *b, vane__device *d)
{
    vane__copy *c;
    vane__ticket *t = vane__ticket_new(b->ctx->tickets, "buffer_prefetch");
    if (t == NULL)
        return vane__fail(VANE_E_NOMEM, "buffer_prefetch: no memory");
    vane__queue *q = vane__queue_borrow(d, 0);
    vane_status st = vane__buffer_gather(b, q, t, 1, 0, b->bytes, &c);
    vane_error kept = *vane_last_error();
    uint64_t serial = vane__error_serial();
    vane_status done = vane__queue_sync(q);
    st = st == VANE_OK ? vane__failed(done, serial, "buffer_prefetch: queue_sync failed")
                       : vane__error_restore(&kept);
    if (st != VANE_OK)
        vane__buffer_doubt(b, d);
    vane__buffer_settle(b, t);
    vane__queue_return(q);
    vane__ticket_drop(t);
    return st;
}

vane_status vane_buffer_prefetch(vane_context *ctx, vane_buffer buffer, uint32_t device)
{
    vane__buffer *b;
    vane__device *d = NULL;
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && device != VANE_HOST)
        st = vane__device_require(ctx, "buffer_prefetch", device, &d);
    if (st == VANE_OK)
        st = vane__buffer_enter(ctx, "buffer_prefetch", "buffer", buffer, &b);
    if (st != VANE_OK)
        return st;
    st = vane__buffer_quiet(b, 0);
    if (st == VANE_OK && b->write_maps > 0)
        st = vane__fail(VANE_E_BUSY, "buffer_prefetch: buffer '%s' is mapped", b->name);
    if (st == VANE_OK)
        st = vane__buffer_known(b, "buffer_prefetch", "it", 0, b->bytes);
    if (st == VANE_OK)
        st = d == NULL || (d->info.caps & VANE_CAP_HOST_MEM) ? vane__buffer_home(b, 0, b->bytes)
                                                             : to_device(b, d);
    pthread_mutex_unlock(&b->lock);
    return st;
}
