/* SPDX-License-Identifier: MIT */
/* steps.c - everything of a sequence that is no op: the host's hands on buffers, waits, fences,
 * callbacks, and questions. */
#include <string.h>

#include "world.h"

static uint32_t some_buffer(world *w)
{
    return 3 + below(&w->r, PLACES - 3);
}

static void range(world *w, const place *p, uint32_t *first, uint32_t *n)
{
    *first = below(&w->r, p->span);
    *n = one_in(&w->r, 12) ? 0 : 1 + below(&w->r, p->span - *first);
}

/* What the host writes: new numbers, for the model too. */
static void renew(world *w, place *p, void *memory, uint32_t first, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        float x = (float)below(&w->r, p->dtype == VANE_BOOL ? 2 : 11);
        p->model[first + i] = x;
        number_put(memory, p->dtype, i, x);
    }
}

static int same(const world *w, uint32_t i, const void *memory, uint32_t first, uint32_t n)
{
    const place *p = &w->places[i];
    for (uint32_t k = 0; k < n; k++)
        if (number_get(memory, p->dtype, k) != p->model[first + k])
            return 0;
    return 1;
}

/* Mapped already: what may still be done? */
static int refused(world *w, const place *p, int writes, vane_status st)
{
    if (!(p->map_writes > 0 || (writes && p->maps > 0)))
        return 0;
    if (st != VANE_E_BUSY)
        wrong(w, "a mapped buffer: %s, expected VANE_E_BUSY", vane_status_name(st));
    return 1;
}

static void step_write(world *w)
{
    float numbers[MOST + 200], kept[MOST + 200];
    uint32_t i = some_buffer(w), first, n;
    place *p = &w->places[i];
    range(w, p, &first, &n);
    memcpy(kept, p->model + first, n * sizeof *kept);
    renew(w, p, numbers, first, n);
    tell(w, "write place %u [%u], %u\n", i, first, n);
    uint32_t size = dtype_bytes(p->dtype);
    vane_status st = vane_buffer_write(w->m->ctx, p->buffer, (uint64_t)first * size, numbers,
                                       (uint64_t)n * size);
    memset(numbers, 0xee, sizeof numbers);
    if (refused(w, p, 1, st))
        memcpy(p->model + first, kept, n * sizeof *kept);
    else
        good(w, st, "buffer_write");
}

static void step_read(world *w)
{
    float numbers[MOST + 200];
    uint32_t i = some_buffer(w), first, n;
    place *p = &w->places[i];
    range(w, p, &first, &n);
    tell(w, "read place %u [%u], %u\n", i, first, n);
    uint32_t size = dtype_bytes(p->dtype);
    vane_status st =
        vane_buffer_read(w->m->ctx, p->buffer, (uint64_t)first * size, numbers, (uint64_t)n * size);
    if (!refused(w, p, 0, st) && good(w, st, "buffer_read") && !same(w, i, numbers, first, n))
        wrong(w, "what was read of place %u is not what the model says", i);
}

static void step_map(world *w)
{
    uint32_t i = some_buffer(w), first, n, intent = 1 + below(&w->r, 3);
    place *p = &w->places[i];
    void *at;
    range(w, p, &first, &n);
    tell(w, "map place %u [%u], %u, intent %u\n", i, first, n, intent);
    uint32_t size = dtype_bytes(p->dtype);
    int writes = (intent & VANE_MAP_WRITE) != 0;
    vane_status st = vane_buffer_map(w->m->ctx, p->buffer, (uint64_t)first * size,
                                     (uint64_t)n * size, intent, &at);
    if (refused(w, p, writes, st) || !good(w, st, "buffer_map"))
        return;
    if ((intent & VANE_MAP_READ) && !same(w, i, at, first, n))
        wrong(w, "what is mapped of place %u is not what the model says", i);
    if (writes)
        renew(w, p, at, first, n);
    if (p->maps == 0 && one_in(&w->r, 3)) { /* held for a while */
        p->maps = 1;
        p->map_writes = (uint32_t)writes;
        p->mapped = at;
        tell(w, "    and held\n");
        return;
    }
    good(w, vane_buffer_unmap(w->m->ctx, p->buffer, at), "buffer_unmap");
}

static void step_unmap(world *w)
{
    for (uint32_t i = 3; i < PLACES; i++) {
        place *p = &w->places[i];
        if (p->maps == 0)
            continue;
        tell(w, "unmap place %u\n", i);
        good(w, vane_buffer_unmap(w->m->ctx, p->buffer, p->mapped), "buffer_unmap");
        p->maps = p->map_writes = 0;
    }
}

static void step_prefetch(world *w)
{
    uint32_t i = some_buffer(w), d = w->m->device[below(&w->r, w->m->devices)];
    d = one_in(&w->r, 4) ? VANE_HOST : d;
    tell(w, "prefetch place %u to %d\n", i, (int)d);
    vane_status st = vane_buffer_prefetch(w->m->ctx, w->places[i].buffer, d);
    if (!refused(w, &w->places[i], 0, st) && !(w->m->tight && st == VANE_E_NOMEM))
        good(w, st, "buffer_prefetch");
}

static void step_reopen(world *w)
{
    uint32_t i = some_buffer(w);
    vane_buffer old = w->places[i].buffer;
    vane_buffer_info info = {.struct_size = sizeof info};
    if (w->places[i].maps > 0)
        return;
    place_close(w, i);
    if (vane_buffer_info_get(w->m->ctx, old, &info) != VANE_E_ARGUMENT)
        wrong(w, "the handle of a closed buffer is still good");
    if (!w->failed)
        place_open(w, i);
}

static void step_ask(world *w)
{
    uint32_t i = some_buffer(w);
    vane_buffer_info info = {.struct_size = sizeof info};
    vane_memory memory = {.struct_size = sizeof memory};
    if (!good(w, vane_buffer_info_get(w->m->ctx, w->places[i].buffer, &info), "info_get") ||
        !good(w, vane_memory_get(w->m->ctx, w->m->device[below(&w->r, w->m->devices)], &memory),
              "memory_get"))
        return;
    if (info.state == VANE_BUFFER_NONE || info.maps != w->places[i].maps ||
        info.host_bytes > info.bytes || info.device_bytes > info.bytes)
        wrong(w, "buffer info: state %u, %u maps, %llu and %llu of %llu bytes", info.state,
              info.maps, (unsigned long long)info.host_bytes, (unsigned long long)info.device_bytes,
              (unsigned long long)info.bytes);
    if (memory.limit_bytes != 0 && memory.used_bytes + memory.cached_bytes > memory.limit_bytes)
        wrong(w, "device memory: %llu used and %llu cached of %llu",
              (unsigned long long)memory.used_bytes, (unsigned long long)memory.cached_bytes,
              (unsigned long long)memory.limit_bytes);
    if (one_in(&w->r, 4))
        good(w, vane_memory_trim(w->m->ctx), "memory_trim");
}

/* ---- streams ----------------------------------------------------------------------------- */

static void step_wait(world *w)
{
    uint32_t s = below(&w->r, STREAMS);
    lane *l = &w->lanes[s];
    int polls = one_in(&w->r, 4);
    tell(w, "%s stream %u\n", polls ? "poll" : "wait for", s);
    vane_status st = polls ? vane_stream_poll(l->stream) : vane_stream_wait(l->stream);
    if ((polls && st == VANE_E_BUSY) || !good(w, st, "stream_wait"))
        return;
    uint32_t seen[STREAMS];
    memcpy(seen, l->seen, sizeof seen);
    seen[s] = l->given;
    order_merge(w->seen, seen);
    if (!polls && atomic_load(&l->called) != l->callbacks)
        wrong(w, "waited for, but %u of %u callbacks ran", atomic_load(&l->called), l->callbacks);
}

static void step_record(world *w)
{
    uint32_t s = below(&w->r, STREAMS);
    point *p = &w->points[below(&w->r, FENCES)];
    vane_fence_close(p->fence);
    p->fence = NULL;
    tell(w, "fence %u of stream %u\n", (unsigned)(p - w->points), s);
    if (!good(w, vane_stream_record(w->lanes[s].stream, &p->fence), "stream_record"))
        return;
    p->stream = s;
    memcpy(p->seen, w->lanes[s].seen, sizeof p->seen);
    order_merge(p->seen, w->seen);
    p->seen[s] = w->lanes[s].given;
}

static void step_await(world *w)
{
    uint32_t s = below(&w->r, STREAMS);
    point *p = &w->points[below(&w->r, FENCES)];
    if (p->fence == NULL)
        return;
    tell(w, "stream %u awaits fence %u\n", s, (unsigned)(p - w->points));
    if (!good(w, vane_stream_await(w->lanes[s].stream, p->fence), "stream_await"))
        return;
    order_merge(w->lanes[s].seen, p->seen);
    if (one_in(&w->r, 3)) {
        vane_fence_close(p->fence);
        p->fence = NULL;
    }
}

static void step_fence_wait(world *w)
{
    static const uint64_t timeouts[3] = {0, 1000000, UINT64_MAX};
    point *p = &w->points[below(&w->r, FENCES)];
    uint64_t timeout = timeouts[below(&w->r, 3)];
    if (p->fence == NULL)
        return;
    tell(w, "wait for fence %u\n", (unsigned)(p - w->points));
    vane_status st = vane_fence_wait(p->fence, timeout);
    if ((st == VANE_E_TIMEOUT && timeout != UINT64_MAX) || !good(w, st, "fence_wait"))
        return;
    order_merge(w->seen, p->seen);
}

static void on_done(void *arg, vane_status st)
{
    lane *l = arg;
    if (st != VANE_OK)
        atomic_fetch_add(&l->bad_status, 1);
    atomic_fetch_add(&l->called, 1);
}

static void step_callback(world *w)
{
    lane *l = &w->lanes[below(&w->r, STREAMS)];
    tell(w, "callback on stream %u\n", (unsigned)(l - w->lanes));
    if (good(w, vane_stream_callback(l->stream, on_done, l), "stream_callback"))
        l->callbacks++;
}

static void step_check(world *w)
{
    uint32_t i = below(&w->r, PLACES);
    if (w->places[i].map_writes == 0 && order_allows(w, &w->places[i], STREAMS, 0))
        place_check(w, i);
}

void step_random(world *w)
{
    static void (*const others[])(world * w) = {
        step_write, step_read,   step_map,   step_unmap,      step_prefetch, step_reopen, step_ask,
        step_wait,  step_record, step_await, step_fence_wait, step_callback, step_check};
    if (one_in(&w->r, 24))
        step_replay(w);
    else if (!one_in(&w->r, 3))
        step_op(w);
    else
        others[below(&w->r, sizeof others / sizeof others[0])](w);
}
