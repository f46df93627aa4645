/* SPDX-License-Identifier: MIT */
/* bench_device_launch.c - what a call costs that does next to nothing: to the thread that gives it,
 * one after the other with one wait, and each waited for. Under the user's policy, which may look
 * at some of them.
 */
#include "bench_device.h"
#include "cli.h"

enum { CHUNK = 256 }; /* a driver's queue takes so many without waiting for room */

typedef struct launch {
    vane_context *ctx;
    vane_stream *stream;
    vane_buffer buffer[2];
    vane_tensor x, out;
} launch;

static vane_status give(launch *l, uint64_t n)
{
    vane_status st = VANE_OK;
    for (uint64_t i = 0; st == VANE_OK && i < n; i++)
        st = vane_relu_async(l->stream, &l->x, &l->out);
    return st;
}

static double run_given(bench_thing *t, uint64_t n)
{
    launch *l = t->self;
    double total = 0;
    for (uint64_t done = 0; done < n; done += CHUNK) {
        double begin = bench_now_ns();
        if (give(l, n - done < CHUNK ? n - done : CHUNK) != VANE_OK)
            return bench_thing_failed(t);
        total += bench_now_ns() - begin;
        if (vane_stream_wait(l->stream) != VANE_OK)
            return bench_thing_failed(t);
    }
    return total;
}

static double run_many(bench_thing *t, uint64_t n)
{
    launch *l = t->self;
    double begin = bench_now_ns();
    if (give(l, n) != VANE_OK || vane_stream_wait(l->stream) != VANE_OK)
        return bench_thing_failed(t);
    return bench_now_ns() - begin;
}

static double run_each(bench_thing *t, uint64_t n)
{
    double total = 0;
    for (uint64_t i = 0; i < n; i++) {
        double ns = run_many(t, 1);
        if (ns < 0)
            return ns;
        total += ns;
    }
    return total;
}

static int open_all(launch *l, const bench_device *d)
{
    const int64_t shape = 1;
    float one = -1;
    l->ctx = d->usual;
    for (int i = 0; i < 2; i++)
        if (vane_buffer_open(l->ctx, sizeof one, "tiny", &l->buffer[i]) != VANE_OK ||
            vane_buffer_write(l->ctx, l->buffer[i], 0, &one, sizeof one) != VANE_OK ||
            vane_buffer_prefetch(l->ctx, l->buffer[i], d->usual_at) != VANE_OK)
            return cli_error();
    l->x = vane_tensor_in(l->buffer[0], 0, VANE_F32, 1, &shape);
    l->out = vane_tensor_in(l->buffer[1], 0, VANE_F32, 1, &shape);
    return vane_stream_open(l->ctx, d->usual_at, &l->stream) == VANE_OK ? CLI_OK : cli_error();
}

static void close_all(launch *l)
{
    if (l->stream)
        vane_stream_close(l->stream);
    for (int i = 0; i < 2; i++)
        if (l->buffer[i].id)
            vane_buffer_close(l->ctx, l->buffer[i]);
}

/* relu makes 0 of -1. */
static void check(launch *l, bench_thing *t)
{
    float got = -1;
    if (t->result > BENCH_UNCHECKED)
        return;
    if (vane_buffer_read(l->ctx, l->buffer[1], 0, &got, sizeof got) != VANE_OK)
        bench_thing_failed(t);
    else if (got != 0)
        t->result = BENCH_WRONG;
}

int bench_device_launch(bench_device *d, bench_device_rows *r)
{
    launch l = {.ctx = NULL};
    bench_thing list[] = {{.run = run_given, .self = &l, .name = "given"},
                          {.run = run_many, .self = &l, .name = "one wait"},
                          {.run = run_each, .self = &l, .name = "each waited for"}};
    const bench_device_row row = {
        .kind = "launch", .what = "relu", .dtype = "f32", .shape = "1", .chosen = -1};
    int rc = open_all(&l, d);
    if (!rc) {
        bench_things_time(list, 3, d->min_ns);
        for (int i = 0; i < 3; i++) {
            check(&l, &list[i]);
            bench_device_row_add(r, d, &row, &list[i]);
        }
    }
    close_all(&l);
    return rc;
}
