/* SPDX-License-Identifier: MIT */
/* bench_device_link.c - bytes to a device and home again, through buffers over two kinds of memory:
 * that of malloc, and that which the driver pinned.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_device.h"
#include "cli.h"

typedef struct side {
    bench_device *d;
    vane_buffer buffer;
    vane_stream *stream;
    uint64_t bytes;
    void *data;
} side;

/* Whoever maps for writing makes what the device has old, written or not. */
static vane_status touch(side *s, const float *value)
{
    void *p;
    vane_status st = vane_buffer_map(s->d->usual, s->buffer, 0, s->bytes, VANE_MAP_WRITE, &p);
    if (st != VANE_OK)
        return st;
    for (uint64_t i = 0; value && i < s->bytes / sizeof *value; i++)
        ((float *)p)[i] = *value;
    return vane_buffer_unmap(s->d->usual, s->buffer, p);
}

static vane_status send(side *s)
{
    return vane_buffer_prefetch(s->d->usual, s->buffer, s->d->usual_at);
}

static double run_up(bench_thing *t, uint64_t n)
{
    side *s = t->self;
    double total = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (touch(s, NULL) != VANE_OK)
            return bench_thing_failed(t);
        double begin = bench_now_ns();
        if (send(s) != VANE_OK)
            return bench_thing_failed(t);
        total += bench_now_ns() - begin;
    }
    return total;
}

/* The device writes it, in place, which is not timed: only there is it current then. */
static vane_status change(side *s)
{
    const int64_t count = (int64_t)(s->bytes / sizeof(float));
    vane_tensor t = vane_tensor_in(s->buffer, 0, VANE_F32, 1, &count);
    vane_status st = vane_neg_async(s->stream, &t, &t);
    return st == VANE_OK ? vane_stream_wait(s->stream) : st;
}

static double run_down(bench_thing *t, uint64_t n)
{
    side *s = t->self;
    double total = 0;
    void *p;
    for (uint64_t i = 0; i < n; i++) {
        if (change(s) != VANE_OK)
            return bench_thing_failed(t);
        double begin = bench_now_ns();
        if (vane_buffer_map(s->d->usual, s->buffer, 0, s->bytes, VANE_MAP_READ, &p) != VANE_OK)
            return bench_thing_failed(t);
        total += bench_now_ns() - begin;
        if (vane_buffer_unmap(s->d->usual, s->buffer, p) != VANE_OK)
            return bench_thing_failed(t);
    }
    return total;
}

/* What goes up comes down again, with the other sign. */
static void check(side *s, bench_thing *t)
{
    const float sent = 3, *got = s->data;
    if (t->result > BENCH_UNCHECKED)
        return;
    if (touch(s, &sent) != VANE_OK || send(s) != VANE_OK) {
        bench_thing_failed(t);
        return;
    }
    if (run_down(t, 1) < 0)
        return;
    for (uint64_t i = 0; i < s->bytes / sizeof *got && t->result == BENCH_OK; i++)
        if (got[i] != -sent) {
            t->result = BENCH_WRONG;
            snprintf(t->why, sizeof t->why, "float %llu is %g, expected %g", (unsigned long long)i,
                     (double)got[i], (double)-sent);
        }
}

static int moves(const side *s)
{
    vane_buffer_info info = {.struct_size = sizeof info};
    return vane_buffer_info_get(s->d->usual, s->buffer, &info) == VANE_OK && info.up_bytes > 0;
}

static int measure(bench_device *d, bench_device_rows *r, side *s, const char *name)
{
    bench_thing list[] = {{.run = run_up, .self = s, .name = name},
                          {.run = run_down, .self = s, .name = name}};
    static const char *const ways[] = {"up", "down"};
    memset(s->data, 0, s->bytes);
    if (vane_buffer_wrap(d->usual, s->data, s->bytes, name, &s->buffer) != VANE_OK ||
        send(s) != VANE_OK || vane_stream_open(d->usual, d->usual_at, &s->stream) != VANE_OK)
        return cli_error();
    if (!moves(s)) /* it shares the host's memory */
        return CLI_OK;
    bench_things_time(list, 2, d->min_ns);
    for (int i = 0; i < 2; i++) {
        const bench_device_row row = {
            .kind = "link", .what = ways[i], .bytes = (double)s->bytes, .chosen = -1};
        check(s, &list[i]);
        bench_device_row_add(r, d, &row, &list[i]);
    }
    return CLI_OK;
}

static void leave(side *s)
{
    if (s->stream)
        vane_stream_close(s->stream);
    if (s->buffer.id)
        vane_buffer_close(s->d->usual, s->buffer);
}

static int plain(bench_device *d, bench_device_rows *r, uint64_t bytes)
{
    side s = {.d = d, .bytes = bytes, .data = aligned_alloc(4096, (bytes / 4096 + 1) * 4096)};
    int rc = s.data ? measure(d, r, &s, "plain") : cli_no_memory();
    leave(&s);
    free(s.data);
    return rc;
}

int bench_device_link(bench_device *d, bench_device_rows *r, uint64_t bytes)
{
    char why[240];
    int rc = plain(d, r, bytes);
    if (rc)
        return rc;
    bench_pinned *p = bench_pinned_open(d, bytes, why, sizeof why);
    if (!p) {
        fprintf(stderr, "vane: %s\n", why);
        return CLI_OK;
    }
    side s = {.d = d, .bytes = bytes, .data = bench_pinned_data(p)};
    rc = measure(d, r, &s, "pinned");
    leave(&s);
    bench_pinned_close(p);
    return rc;
}
