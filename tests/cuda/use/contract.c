/* SPDX-License-Identifier: MIT */
/* contract.c - the entries of the plugin's table that the core seldom or never asks, on a driver
 * that may fail at any of them: copies in one device, callbacks, times, marks, telemetry, pinned
 * memory. Each ends well or with a sentence; the exit code is 1 otherwise. failures.py runs it. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "context.h"
#include "plugin/registry.h"
#include "vane/vane.h"

enum { N = 1000, BYTES = N * 4 };

static const vane_backend_vt *vt;
static vane_device *d;
static int wrong;

static int went(const char *step, vane_status st)
{
    if (st == VANE_OK)
        return 1;
    printf("failed %s: %s: %s\n", step, vane_status_name(st), vane_last_error()->message);
    if (strlen(vane_last_error()->message) < 10)
        wrong = 1;
    return 0;
}

static int finish(const char *step, vane_event *e)
{
    if (!e)
        return 1;
    const int good = went(step, vt->event_wait(e, UINT64_MAX));
    vt->event_free(e);
    return good;
}

static void on_callback(void *arg)
{
    atomic_store((atomic_int *)arg, 1);
}

static vane_view view_of(vane_mem *m)
{
    return (vane_view){.mem = m, .dtype = VANE_F32, .rank = 1, .shape = {N}, .stride = {1}};
}

static int add(vane_queue *q, vane_mem *a, vane_mem *out, vane_event **e)
{
    vane_call call = {.struct_size = sizeof call,
                      .op = VANE_OP_ADD,
                      .dtype = VANE_F32,
                      .n_in = 2,
                      .n_arg = 3,
                      .width = 1,
                      .flags = VANE_CALL_FLAT};
    for (int i = 0; i < 3; i++)
        call.arg[i] = view_of(i < 2 ? a : out);
    return went("launch", vt->launch(q, vt->kernel(d, VANE_OP_ADD, "add", VANE_F32), &call, e));
}

/* pinned -> a; b = a + a; c = b, all on q; c -> host on other. */
static void pipeline(vane_queue *q, vane_queue *other, vane_mem *pinned, vane_mem *const m[3])
{
    float *in = vt->mem_host_ptr(pinned), back[N] = {0};
    atomic_int called = 0;
    uint64_t begin = 1, end = 0;
    vane_event *up = NULL, *sum = NULL, *moved = NULL, *mark = NULL, *down = NULL;
    for (int i = 0; i < N; i++)
        in[i] = (float)i;
    int good = went("upload", vt->upload(q, m[0], 0, in, BYTES, &up)) && add(q, m[0], m[1], &sum) &&
               went("copy", vt->copy(q, m[2], 0, m[1], 0, BYTES, &moved)) &&
               went("callback", vt->queue_callback(q, on_callback, &called)) &&
               went("mark", vt->queue_mark(q, &mark));
    good = good && (!mark || went("queue_wait", vt->queue_wait(other, mark))) &&
           went("download", vt->download(other, back, m[2], 0, BYTES, &down));
    good = finish("download", down) && good;
    if (good && sum && went("event_time", vt->event_time(sum, &begin, &end)) && begin > end)
        wrong = printf("WRONG: it ended before it began\n") > 0;
    good = finish("upload", up) + finish("launch", sum) + finish("copy", moved) +
                   finish("mark", mark) ==
               4 &&
           good;
    good = went("queue_sync", vt->queue_sync(q)) && good;
    for (int i = 0; good && i < N; i++)
        if (back[i] != (float)(2 * i) || !atomic_load(&called))
            wrong = printf("WRONG: element %d is %g\n", i, (double)back[i]) > 0, good = 0;
}

enum { TIMED = 50, SLACK_NS = 10000 };

/* One after the other on a queue, however long ago the device began. */
static void in_time(vane_queue *q, vane_mem *const m[2])
{
    vane_event *e[TIMED] = {0};
    uint64_t begin[TIMED] = {0}, end[TIMED] = {0};
    int good = 1, n = 0;
    while (good && n < TIMED && (good = add(q, m[0], m[1], &e[n])) != 0 && e[n] != NULL)
        n++;
    good = went("queue_sync", vt->queue_sync(q)) && good;
    for (int i = 0; good && i < n; i++)
        good = went("event_time", vt->event_time(e[i], &begin[i], &end[i]));
    for (int i = 1; good && i < n; i++)
        if (begin[i] + SLACK_NS < end[i - 1])
            wrong = printf("WRONG: %d began before the one before it ended\n", i) > 0, good = 0;
    for (int i = 0; i < n; i++)
        vt->event_free(e[i]);
}

static void use_device(void)
{
    vane_queue *q[2] = {0};
    vane_mem *m[4] = {0};
    vane_telemetry t = {.struct_size = sizeof t};
    int good = 1;
    for (int i = 0; i < 2; i++)
        good = went("queue_open", vt->queue_open(d, &q[i])) && good;
    for (uint32_t i = 0; i < 4; i++)
        good = went("mem_alloc", vt->mem_alloc(d, i < 3 ? VANE_SPACE_DEVICE : VANE_SPACE_PINNED,
                                               BYTES, &m[i])) &&
               good;
    for (int i = 0; good && i < 3; i++)
        pipeline(q[0], q[1], m[3], m);
    if (good)
        in_time(q[0], m);
    went("telemetry", vt->telemetry(d, &t));
    for (int i = 0; i < 4; i++)
        if (m[i])
            vt->mem_free(d, m[i]);
    for (int i = 0; i < 2; i++)
        if (q[i])
            vt->queue_close(q[i]);
}

int main(void)
{
    const vane_config config = {.struct_size = sizeof config,
                                .prefer = "cuda",
                                .no_default_path = 1,
                                .threads = 1,
                                .cache = "0"};
    vane_context *ctx;
    if (!went("open", vane_open(&config, &ctx)))
        return 1;
    vane_backends_open(ctx);
    vane__backend *b = vane__registry_find(&ctx->registry, "cuda");
    if (b && b->device_count > 0) {
        vt = &b->vt;
        d = b->devices[0].handle;
        use_device();
    } else {
        printf("no device\n");
    }
    vane_close(ctx);
    return wrong;
}
