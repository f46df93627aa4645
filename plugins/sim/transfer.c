/* SPDX-License-Identifier: MIT */
/* transfer.c - bytes over the link, one engine each way, and inside a device. */
#include <string.h>

#include "sim.h"

static vane_status check_range(const vane_mem *m, uint64_t offset, uint64_t bytes)
{
    if (offset <= m->size && bytes <= m->size - offset)
        return VANE_OK;
    return sim_fail(m->device->backend, VANE_E_ARGUMENT,
                    "%s: %llu bytes from %llu on are outside of an allocation of %llu",
                    m->device->spec->name, (unsigned long long)bytes, (unsigned long long)offset,
                    (unsigned long long)m->size);
}

typedef struct move {
    sim_work work;
    vane_mem *to_mem, *from_mem; /* NULL: the host's */
    unsigned char *to;
    const unsigned char *from;
    uint64_t bytes;
} move;

static void touch(vane_mem *m)
{
    if (!m)
        return;
    vane_backend *b = m->device->backend;
    pthread_mutex_lock(&b->lock);
    sim_mem_touch(m, sim_now(b));
    pthread_mutex_unlock(&b->lock);
}

static vane_status submit(vane_queue *q, const move *m, vane_event **out)
{
    sim_slot slot;
    vane_status st = sim_book(q, &m->work, &slot);
    if (st != VANE_OK)
        return st;
    touch(m->from_mem);
    touch(m->to_mem);
    if (slot.status == VANE_OK && q->device->spec->compute)
        memmove(m->to, m->from, m->bytes);
    if (slot.is_wrong && m->bytes > 0)
        m->to[m->bytes - 1] ^= 0x40;
    sim_done(q, &m->work, &slot);
    return sim_queue_event(q, &slot, out);
}

static sim_work over_link(vane_device *d, sim_engine engine, double latency_ns, double rate,
                          uint64_t bytes)
{
    return (sim_work){.at = d,
                      .engine = engine,
                      .target = SIM_LINK,
                      .fixed_ns = latency_ns,
                      .rated_ns = (double)bytes / rate * 1e9,
                      .name = "a transfer"};
}

vane_status sim_upload(vane_queue *q, vane_mem *dst, uint64_t offset, const void *src,
                       uint64_t bytes, vane_event **out)
{
    const sim_spec *s = q->device->spec;
    vane_status st = check_range(dst, offset, bytes);
    if (st != VANE_OK)
        return st;
    move m = {.work = over_link(q->device, SIM_UP, s->up_ns, s->up_bytes, bytes),
              .to_mem = dst,
              .to = dst->bytes + offset,
              .from = src,
              .bytes = bytes};
    return submit(q, &m, out);
}

vane_status sim_download(vane_queue *q, void *dst, vane_mem *src, uint64_t offset, uint64_t bytes,
                         vane_event **out)
{
    const sim_spec *s = q->device->spec;
    vane_status st = check_range(src, offset, bytes);
    if (st != VANE_OK)
        return st;
    move m = {.work = over_link(q->device, SIM_DOWN, s->down_ns, s->down_bytes, bytes),
              .from_mem = src,
              .to = dst,
              .from = src->bytes + offset,
              .bytes = bytes};
    return submit(q, &m, out);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* Out of one device and into the other at once, as fast as the slower way. */
static sim_work between(vane_device *from, vane_device *to, uint64_t bytes)
{
    sim_work w = over_link(to, SIM_UP, to->spec->up_ns + from->spec->down_ns,
                           least(to->spec->up_bytes, from->spec->down_bytes), bytes);
    w.also = from;
    w.also_engine = SIM_DOWN;
    return w;
}

/* Within a device it is work of the memory that kernels use: each byte is read and written. */
vane_status sim_copy(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                     uint64_t src_offset, uint64_t bytes, vane_event **out)
{
    vane_device *d = dst->device;
    move m = {.work = over_link(d, SIM_COMPUTE, d->spec->launch_ns, d->spec->bytes / 2, bytes),
              .to_mem = dst,
              .from_mem = src,
              .to = dst->bytes + dst_offset,
              .from = src->bytes + src_offset,
              .bytes = bytes};
    vane_status st = check_range(dst, dst_offset, bytes);
    if (st == VANE_OK)
        st = check_range(src, src_offset, bytes);
    if (d != src->device)
        m.work = between(src->device, d, bytes);
    return st == VANE_OK ? submit(q, &m, out) : st;
}
