/* SPDX-License-Identifier: MIT */
/* memory.c - the device's memory spaces and the ways in and out of them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake.h"

#define DEVICE_BYTES (UINT64_C(64) << 20)

vane_status fake_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out)
{
    vane_mem *m = calloc(1, sizeof *m);
    if (m == NULL || d->used + bytes > DEVICE_BYTES ||
        (m->bytes = malloc(bytes ? bytes : 1)) == NULL) {
        free(m);
        return fake_fail(d->backend, VANE_E_NOMEM, "the device's memory is full");
    }
    memset(m->bytes, 0xa5, bytes); /* nobody may count on zeros */
    m->device = d;
    m->size = bytes;
    m->space = space;
    d->used += bytes;
    fake_count(d->backend, &d->backend->live_mem, 1);
    *out = m;
    return VANE_OK;
}

vane_status fake_mem_import(vane_device *d, void *host, uint64_t bytes, vane_mem **out)
{
    vane_mem *m = calloc(1, sizeof *m);
    if (m == NULL)
        return fake_fail(d->backend, VANE_E_NOMEM, "no memory");
    *m = (vane_mem){d, host, bytes, VANE_SPACE_SHARED, 1, 0};
    fake_count(d->backend, &d->backend->live_mem, 1);
    *out = m;
    return VANE_OK;
}

/* With events that lie, what is freed may still be in use: this device must not crash. */
static void wait_idle(vane_device *d)
{
    for (uint32_t queued = 1; queued > 0;) {
        pthread_mutex_lock(&d->lock);
        queued = d->queued;
        pthread_mutex_unlock(&d->lock);
        if (queued > 0)
            nanosleep(&(struct timespec){0, 20000}, NULL);
    }
}

void fake_mem_free(vane_device *d, vane_mem *m)
{
    if (FAKE_DEFECT != FAKE_RIGHT)
        wait_idle(d);
    if (!m->imported) {
        d->used -= m->size;
        free(m->bytes);
    }
    fake_count(d->backend, &d->backend->live_mem, -1);
    free(m);
}

void *fake_mem_host_ptr(vane_mem *m)
{
    return m->space == VANE_SPACE_DEVICE ? NULL : m->bytes;
}

static vane_status move(fake_command *c)
{
    memmove(c->to, c->from, c->bytes);
    return VANE_OK;
}

static vane_status check_range(const vane_mem *m, uint64_t offset, uint64_t bytes)
{
    if (offset > m->size || bytes > m->size - offset)
        return fake_fail(m->device->backend, VANE_E_ARGUMENT, "a range outside the allocation");
    return VANE_OK;
}

vane_status fake_mem_map(vane_queue *q, vane_mem *m, uint64_t offset, uint64_t bytes,
                         uint32_t intent, void **out)
{
    vane_status st = check_range(m, offset, bytes);
    if (st == VANE_OK && !(intent & (VANE_MAP_READ | VANE_MAP_WRITE)))
        st = fake_fail(m->device->backend, VANE_E_ARGUMENT, "intent is neither read nor write");
    if (st == VANE_OK)
        st = fake_queue_sync(q);
    if (st != VANE_OK)
        return st;
    m->mapped++;
    *out = m->bytes + offset;
    return VANE_OK;
}

vane_status fake_mem_unmap(vane_queue *q, vane_mem *m, void *p, vane_event **out)
{
    (void)p;
    if (m->mapped == 0)
        return fake_fail(m->device->backend, VANE_E_ARGUMENT, "not mapped");
    m->mapped--;
    return fake_submit(q, &(fake_command){.run = NULL}, out);
}

vane_status fake_upload(vane_queue *q, vane_mem *dst, uint64_t offset, const void *src,
                        uint64_t bytes, vane_event **out)
{
    vane_status st = check_range(dst, offset, bytes);
    return st != VANE_OK
               ? st
               : fake_submit(
                     q,
                     &(fake_command){
                         .run = move, .to = dst->bytes + offset, .from = src, .bytes = bytes},
                     out);
}

vane_status fake_download(vane_queue *q, void *dst, vane_mem *src, uint64_t offset, uint64_t bytes,
                          vane_event **out)
{
    vane_status st = check_range(src, offset, bytes);
    return st != VANE_OK
               ? st
               : fake_submit(
                     q,
                     &(fake_command){
                         .run = move, .to = dst, .from = src->bytes + offset, .bytes = bytes},
                     out);
}

vane_status fake_copy(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                      uint64_t src_offset, uint64_t bytes, vane_event **out)
{
    vane_status st = check_range(dst, dst_offset, bytes);
    if (st == VANE_OK)
        st = check_range(src, src_offset, bytes);
    return st != VANE_OK ? st
                         : fake_submit(q,
                                       &(fake_command){.run = move,
                                                       .to = dst->bytes + dst_offset,
                                                       .from = src->bytes + src_offset,
                                                       .bytes = bytes},
                                       out);
}
