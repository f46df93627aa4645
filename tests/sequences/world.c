/* SPDX-License-Identifier: MIT */
/* world.c - a world is made, told about, compared with its model, and ended. */
#include "world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

uint64_t rng_next(rng *r) /* splitmix64 */
{
    uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint32_t dtype_bytes(vane_dtype d)
{
    return d == VANE_BOOL ? 1 : 4;
}

float number_get(const void *memory, vane_dtype d, uint32_t at)
{
    if (d == VANE_F32)
        return ((const float *)memory)[at];
    return d == VANE_I32 ? (float)((const int32_t *)memory)[at]
                         : (float)((const unsigned char *)memory)[at];
}

void number_put(void *memory, vane_dtype d, uint32_t at, float x)
{
    if (d == VANE_F32)
        ((float *)memory)[at] = x;
    else if (d == VANE_I32)
        ((int32_t *)memory)[at] = (int32_t)x;
    else
        ((unsigned char *)memory)[at] = (unsigned char)x;
}

/* ---- the story ------------------------------------------------------------------------- */

static void add_text(world *w, const char *fmt, va_list args)
{
    size_t room = sizeof w->log - w->logged;
    int n = vsnprintf(w->log + w->logged, room, fmt, args);
    w->logged += n > 0 && (size_t)n < room ? (size_t)n : n > 0 ? room - 1 : 0;
}

void tell(world *w, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_text(w, fmt, args);
    va_end(args);
}

void wrong(world *w, const char *fmt, ...)
{
    va_list args;
    if (w->failed++)
        return; /* what comes after the first is its consequence */
    va_start(args, fmt);
    tell(w, "WRONG: ");
    add_text(w, fmt, args);
    va_end(args);
    fprintf(stderr, "the sequence of seed %llu:\n%s\n", (unsigned long long)w->seed, w->log);
}

int good(world *w, vane_status st, const char *what)
{
    if (st != VANE_OK)
        wrong(w, "%s: %s: %s", what, vane_status_name(st), vane_last_error()->message);
    return st == VANE_OK;
}

/* ---- places ------------------------------------------------------------------------------ */

/* New content, and the memory that has it (an OPENED buffer gets it by write). */
static int fill(world *w, place *p)
{
    uint32_t bytes = p->count * dtype_bytes(p->dtype);
    p->model = malloc(p->count * sizeof *p->model);
    p->memory = malloc(bytes);
    if (p->model == NULL || p->memory == NULL)
        return 0;
    for (uint32_t i = 0; i < p->count; i++) {
        p->model[i] = (float)below(&w->r, p->dtype == VANE_BOOL ? 2 : 9);
        p->model[i] -= p->dtype == VANE_BOOL ? 0.0f : 4.0f;
        number_put(p->memory, p->dtype, i, p->model[i]);
    }
    return 1;
}

int place_open(world *w, uint32_t i)
{
    place *p = &w->places[i];
    uint32_t large = w->m->tight ? 40000 + below(&w->r, 30000) : 0;
    *p = (place){.kind = i < 3   ? HOST
                         : i < 7 ? OPENED
                                 : WRAPPED,
                 .dtype = i == 2 || i == 6 ? VANE_BOOL
                          : i % 4 == 1     ? VANE_I32
                                           : VANE_F32,
                 .span = MOST + below(&w->r, 200)};
    p->count = p->span + (p->kind == HOST ? 0 : large);
    uint64_t bytes = (uint64_t)p->count * dtype_bytes(p->dtype);
    char name[16];
    snprintf(name, sizeof name, "place %u", i);
    if (!fill(w, p))
        return wrong(w, "no memory"), 0;
    if (p->kind == WRAPPED)
        return good(w, vane_buffer_wrap(w->m->ctx, p->memory, bytes, name, &p->buffer), "wrap");
    if (p->kind == HOST)
        return 1;
    int ok = good(w, vane_buffer_open(w->m->ctx, bytes, name, &p->buffer), "open") &&
             good(w, vane_buffer_write(w->m->ctx, p->buffer, 0, p->memory, bytes), "first write");
    free(p->memory);
    p->memory = NULL;
    return ok;
}

static void compare(world *w, uint32_t i, const void *memory)
{
    const place *p = &w->places[i];
    for (uint32_t k = 0; k < p->count; k++) {
        float got = number_get(memory, p->dtype, k);
        if (got != p->model[k]) {
            wrong(w, "place %u [%u] is %g, the model says %g", i, k, (double)got,
                  (double)p->model[k]);
            return;
        }
    }
}

void place_check(world *w, uint32_t i)
{
    place *p = &w->places[i];
    uint64_t bytes = (uint64_t)p->count * dtype_bytes(p->dtype);
    void *copy = p->kind == HOST ? NULL : malloc(bytes), *at;
    tell(w, "compare place %u\n", i);
    if (p->kind == HOST) {
        compare(w, i, p->memory);
    } else if (one_in(&w->r, 2) && p->map_writes == 0) {
        if (good(w, vane_buffer_map(w->m->ctx, p->buffer, 0, bytes, VANE_MAP_READ, &at), "map")) {
            compare(w, i, at);
            good(w, vane_buffer_unmap(w->m->ctx, p->buffer, at), "unmap");
        }
    } else if (good(w, vane_buffer_read(w->m->ctx, p->buffer, 0, copy, bytes), "read")) {
        compare(w, i, copy);
    }
    free(copy);
}

void place_close(world *w, uint32_t i)
{
    place *p = &w->places[i];
    tell(w, "close place %u\n", i);
    if (p->kind != HOST)
        good(w, vane_buffer_close(w->m->ctx, p->buffer), "close");
    if (p->kind != OPENED && !w->failed)
        compare(w, i, p->memory); /* a wrapped buffer has brought its results home */
    free(p->memory);
    free(p->model);
    p->memory = p->model = NULL;
}

/* ---- worlds ---------------------------------------------------------------------------------- */

void world_open(world *w, const machine *m, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->m = m;
    w->seed = w->r.state = seed;
    for (uint32_t i = 0; i < PLACES && !w->failed; i++)
        place_open(w, i);
    for (uint32_t i = 0; i < STREAMS && !w->failed; i++) {
        lane *l = &w->lanes[i];
        l->device = one_in(&w->r, 2) && !m->tight ? below(&w->r, m->devices) : VANE_ANY_DEVICE;
        uint32_t device = l->device == VANE_ANY_DEVICE ? l->device : m->device[l->device];
        tell(w, "stream %u: device %d\n", i, (int)device);
        good(w, vane_stream_open(m->ctx, device, &l->stream), "stream_open");
    }
}

static void lane_close(world *w, lane *l)
{
    good(w, vane_stream_close(l->stream), "stream_close");
    if (atomic_load(&l->called) != l->callbacks || atomic_load(&l->bad_status) != 0)
        wrong(w, "%u of %u callbacks ran, %u with a failure", atomic_load(&l->called), l->callbacks,
              atomic_load(&l->bad_status));
}

void world_close(world *w)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        place *p = &w->places[i];
        for (; p->maps > 0 && !w->failed; p->maps--)
            good(w, vane_buffer_unmap(w->m->ctx, p->buffer, p->mapped), "last unmap");
        p->map_writes = 0;
    }
    int early = one_in(&w->r, 2); /* buffers before the streams that work on them */
    for (uint32_t i = 3; i < PLACES && early && !w->failed; i++)
        place_check(w, i);
    for (uint32_t i = 3; i < PLACES && early; i++)
        place_close(w, i);
    for (uint32_t i = 0; i < STREAMS; i++)
        if (w->lanes[i].stream != NULL)
            lane_close(w, &w->lanes[i]);
    for (uint32_t i = 0; i < FENCES; i++)
        vane_fence_close(w->points[i].fence);
    for (uint32_t i = 0; i < (early ? 3u : PLACES) && !w->failed; i++)
        place_check(w, i);
    for (uint32_t i = 0; i < (early ? 3u : PLACES); i++)
        place_close(w, i);
}
