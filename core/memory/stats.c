/* SPDX-License-Identifier: MIT */
/* stats.c - what a buffer and a memory space hold, and what was moved; trim. */
#include <string.h>

#include "error.h"
#include "memory/arena.h"
#include "memory/buffer.h"
#include "plugin/device.h"

static void places(const vane__buffer *b, vane_buffer_info *info)
{
    info->host_bytes = vane__ranges_bytes(&b->host_valid);
    for (const vane__copy *c = b->copies; c != NULL; c = c->next) {
        uint64_t bytes = vane__ranges_bytes(c->imported ? &b->host_valid : &c->valid);
        info->devices++;
        if (bytes > info->device_bytes)
            info->device_bytes = bytes;
    }
    info->state = info->host_bytes == 0 && info->device_bytes == 0 ? VANE_BUFFER_NONE
                  : info->device_bytes == 0                        ? VANE_BUFFER_HOST
                  : info->host_bytes == 0                          ? VANE_BUFFER_DEVICE
                                                                   : VANE_BUFFER_BOTH;
}

vane_status vane_buffer_info_get(vane_context *ctx, vane_buffer buffer, vane_buffer_info *out)
{
    vane__buffer *b;
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && (out == NULL || out->struct_size < sizeof out->struct_size))
        st = vane__fail(VANE_E_ARGUMENT, "buffer_info_get: %s",
                        out == NULL ? "out is NULL" : "out->struct_size is not set");
    if (st == VANE_OK)
        st = vane__buffer_enter(ctx, "buffer_info_get", "buffer", buffer, &b);
    if (st != VANE_OK)
        return st;
    vane__buffer_mourn(b);
    uint32_t size = out->struct_size < sizeof *out ? out->struct_size : (uint32_t)sizeof *out;
    vane_buffer_info info = {.struct_size = size,
                             .bytes = b->bytes,
                             .up_bytes = b->up_bytes,
                             .down_bytes = b->down_bytes,
                             .peer_bytes = b->peer_bytes,
                             .maps = b->read_maps + b->write_maps};
    memcpy(info.name, b->name, sizeof info.name);
    places(b, &info);
    pthread_mutex_unlock(&b->lock);
    memcpy(out, &info, size);
    return VANE_OK;
}

/* ---- a memory space --------------------------------------------------------------------- */

static uint32_t buffers_on(vane_context *ctx, const vane__device *d)
{
    uint32_t count = 0;
    vane__buffer *b;
    for (uint32_t i = 0; (b = vane__buffer_at(ctx, i)) != NULL; i++) {
        pthread_mutex_lock(&b->lock);
        if (vane__buffer_is_open(b))
            count += d == NULL || vane__copy_find(b, d) != NULL;
        pthread_mutex_unlock(&b->lock);
    }
    return count;
}

static void add_device(const vane__device *d, vane_memory *m)
{
    m->up_bytes += atomic_load(&d->up_bytes);
    m->down_bytes += atomic_load(&d->down_bytes);
    m->peer_bytes += atomic_load(&d->peer_bytes);
    m->evictions += atomic_load(&d->evictions);
}

static void describe_host(vane_context *ctx, vane_memory *m)
{
    vane__device *d;
    vane__arenas_count(ctx->arenas, &m->used_bytes, &m->cached_bytes, &m->peak_bytes);
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++)
        add_device(d, m);
}

static void describe_device(vane__device *d, vane_memory *m)
{
    vane__pool_stats s = {0};
    if (d->mempool != NULL)
        vane__mempool_stats(d->mempool, &s);
    m->used_bytes = s.used;
    m->cached_bytes = s.cached;
    m->peak_bytes = s.peak;
    m->limit_bytes = s.limit;
    m->trims = s.trims;
    add_device(d, m);
}

vane_status vane_memory_get(vane_context *ctx, uint32_t device, vane_memory *out)
{
    vane__device *d = NULL;
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && (out == NULL || out->struct_size < sizeof out->struct_size))
        st = vane__fail(VANE_E_ARGUMENT, "memory_get: %s",
                        out == NULL ? "out is NULL" : "out->struct_size is not set");
    if (st == VANE_OK && device != VANE_HOST)
        st = vane__device_require(ctx, "memory_get", device, &d);
    if (st != VANE_OK)
        return st;
    uint32_t size = out->struct_size < sizeof *out ? out->struct_size : (uint32_t)sizeof *out;
    vane_memory m = {.struct_size = size, .buffers = buffers_on(ctx, d)};
    if (d == NULL)
        describe_host(ctx, &m);
    else
        describe_device(d, &m);
    memcpy(out, &m, size);
    return VANE_OK;
}

vane_status vane_memory_trim(vane_context *ctx)
{
    vane__device *d;
    vane_status st = vane__context_check(ctx);
    if (st != VANE_OK)
        return st;
    vane__arenas_trim(ctx->arenas);
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++)
        if (d->mempool != NULL)
            vane__mempool_trim(d->mempool);
    return VANE_OK;
}
