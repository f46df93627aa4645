/* SPDX-License-Identifier: MIT */
/* exercise.c - what programs do with a GPU, on one that may fail at any point: each step ends in
 * the right result or in an error with a sentence, and new data computes right afterwards. Says
 * every step that failed; the exit code is 1 for a wrong result, an error without words, or work
 * that does not come back. failures.py runs it once for each failure. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vane/vane.h"

enum { N = 3000, BYTES = N * 4, LARGE = 1500000, DEVICES = 2 };

static vane_context *ctx;
static int wrong;
static uint32_t gpu[DEVICES], gpus; /* indices of the backend's devices */
static float *x, *y, *z;            /* LARGE of each */

/* Whether the step came to its end; what it failed with is said. */
static int went(const char *step, vane_status st)
{
    if (st == VANE_OK)
        return 1;
    const char *why = vane_last_error()->message;
    printf("failed %s: %s: %s\n", step, vane_status_name(st), why);
    if (!why || strlen(why) < 10) {
        printf("WRONG: %s fails without a sentence\n", step);
        wrong = 1;
    }
    return 0;
}

static void expect(const char *step, const float *got, int n, float (*rule)(int i))
{
    for (int i = 0; i < n; i++)
        if (!(fabsf(got[i] - rule(i)) <= 1e-5f * fabsf(rule(i)))) {
            printf("WRONG: %s: element %d is %g, expected %g\n", step, i, (double)got[i],
                   (double)rule(i));
            wrong = 1;
            return;
        }
}

static float once(int i)
{
    return (float)(i % 1000);
}
static float twice(int i)
{
    return 2 * once(i);
}
static float four(int i)
{
    return 4 * once(i);
}
static float eight(int i)
{
    return 8 * once(i);
}

static vane_tensor vector(float *p, int64_t n)
{
    return vane_tensor_of(p, VANE_F32, 1, &n);
}

/* ---- steps ------------------------------------------------------------------------------ */

static void on_host(void)
{
    vane_tensor a = vector(x, N), b = vector(y, N);
    for (int i = 0; i < 3; i++) {
        memset(y, 0, BYTES);
        if (went("add", vane_add(ctx, &a, &a, &b)))
            expect("add", y, N, twice);
    }
}

static void in_buffers(void)
{
    const int64_t n = N;
    vane_buffer p, q;
    if (!went("buffer_open", vane_buffer_open(ctx, BYTES, "p", &p)))
        return;
    if (went("buffer_open", vane_buffer_open(ctx, BYTES, "q", &q))) {
        vane_tensor a = vane_tensor_in(p, 0, VANE_F32, 1, &n),
                    b = vane_tensor_in(q, 0, VANE_F32, 1, &n);
        memset(z, 0, BYTES);
        if (went("buffer_write", vane_buffer_write(ctx, p, 0, x, BYTES)) &&
            went("add in buffers", vane_add(ctx, &a, &a, &b)) &&
            went("add in buffers", vane_add(ctx, &b, &b, &a)) &&
            went("copy in buffers", vane_copy(ctx, &a, &b)) &&
            went("buffer_read", vane_buffer_read(ctx, q, 0, z, BYTES)))
            expect("in buffers", z, N, four);
        went("buffer_close", vane_buffer_close(ctx, q));
    }
    went("buffer_close", vane_buffer_close(ctx, p));
}

static void note(void *arg, vane_status st)
{
    (void)st;
    __atomic_store_n((int *)arg, 1, __ATOMIC_SEQ_CST);
}

static void on_stream(uint32_t device)
{
    int called = 0;
    vane_stream *s;
    vane_tensor a = vector(x, N), b = vector(y, N), c = vector(z, N);
    memset(z, 0, BYTES);
    if (!went("stream_open", vane_stream_open(ctx, device, &s)))
        return;
    int good = went("add_async", vane_add_async(s, &a, &a, &b));
    for (int i = 0; i < 20; i++)
        good = good && went("copy_async", vane_copy_async(s, &b, &c));
    good = good && went("add_async", vane_add_async(s, &c, &b, &c));
    if (went("stream_callback", vane_stream_callback(s, note, &called)) +
                went("stream_wait", vane_stream_wait(s)) ==
            2 &&
        good)
        expect("on a stream", z, N, four);
    went("stream_close", vane_stream_close(s));
}

/* Enough for several pieces of staging memory, both ways. */
static void large(void)
{
    const int64_t n = LARGE;
    vane_buffer p;
    if (!went("large buffer_open", vane_buffer_open(ctx, LARGE * 4, "large", &p)))
        return;
    vane_tensor a = vane_tensor_in(p, 0, VANE_F32, 1, &n);
    memset(z, 0, LARGE * 4);
    if (went("large write", vane_buffer_write(ctx, p, 0, x, LARGE * 4)) &&
        went("large add", vane_add(ctx, &a, &a, &a)) &&
        went("large read", vane_buffer_read(ctx, p, 0, z, LARGE * 4)))
        expect("a large buffer", z, LARGE, twice);
    went("large close", vane_buffer_close(ctx, p));
}

/* One device's result is the other's input. */
static void between_devices(void)
{
    const int64_t n = N;
    vane_stream *s[DEVICES] = {0};
    vane_fence *f = NULL;
    vane_buffer p, q;
    vane_buffer_wrap(ctx, x, BYTES, "p", &p);
    vane_buffer_open(ctx, BYTES, "q", &q);
    vane_tensor a = vane_tensor_in(p, 0, VANE_F32, 1, &n),
                b = vane_tensor_in(q, 0, VANE_F32, 1, &n);
    memset(z, 0, BYTES);
    int good = went("stream_open", vane_stream_open(ctx, gpu[0], &s[0])) &&
               went("stream_open", vane_stream_open(ctx, gpu[1], &s[1]));
    for (int i = 0; good && i < 3; i++)
        good = went("to and fro", vane_add_async(s[i % 2], i ? &b : &a, i ? &b : &a, &b));
    good = good && went("stream_record", vane_stream_record(s[0], &f)) &&
           went("stream_await", vane_stream_await(s[1], f));
    if (f)
        vane_fence_close(f);
    for (int i = 0; i < DEVICES; i++)
        good = s[i] && went("to and fro", vane_stream_wait(s[i])) && good;
    if (good && went("buffer_read", vane_buffer_read(ctx, q, 0, z, BYTES)))
        expect("between devices", z, N, eight);
    for (int i = 0; i < DEVICES; i++)
        if (s[i])
            went("stream_close", vane_stream_close(s[i]));
    went("buffer_close", vane_buffer_close(ctx, q));
    went("buffer_close", vane_buffer_close(ctx, p));
}

static void planned(void)
{
    vane_op_info op;
    vane_plan *plan;
    vane_tensor a = vector(x, N), b = vector(y, N), *out = &b;
    const vane_tensor *in[] = {&a, &a};
    if (vane_op_find(ctx, "add", &op) != VANE_OK ||
        !went("plan_open", vane_plan_open(ctx, op.op, in, 2, &out, 1, NULL, &plan)))
        return;
    for (int i = 0; i < 10; i++) {
        memset(y, 0, BYTES);
        if (went("plan_run", vane_plan_run(plan)))
            expect("a plan", y, N, twice);
    }
    vane_plan_close(plan);
}

/* What one stream writes, another reads; and time passes on both. */
static void two_streams(uint32_t device)
{
    const int64_t n = N;
    vane_stream *s[2] = {0};
    vane_buffer p;
    int good = 1;
    vane_buffer_open(ctx, BYTES, "p", &p);
    vane_tensor a = vane_tensor_in(p, 0, VANE_F32, 1, &n), b = vector(z, N);
    memset(z, 0, BYTES);
    good = went("buffer_write", vane_buffer_write(ctx, p, 0, x, BYTES));
    for (int i = 0; i < 2; i++)
        good = went("stream_open", vane_stream_open(ctx, device, &s[i])) && good;
    good = good && went("one stream", vane_add_async(s[0], &a, &a, &a)) &&
           went("the other", vane_add_async(s[1], &a, &a, &b));
    for (int i = 0; i < 2; i++)
        if (s[i])
            good = went("stream_close", vane_stream_close(s[i])) && good;
    if (good)
        expect("two streams", z, N, four);
    went("buffer_close", vane_buffer_close(ctx, p));
}

/* By calls, recorded, and as a graph. */
static void repeated(uint32_t device)
{
    const int64_t n = N;
    vane_op_info op;
    vane_stream *s = NULL;
    vane_sequence *seq = NULL;
    vane_plan *plans[2] = {0};
    vane_buffer p, q;
    vane_buffer_open(ctx, BYTES, "p", &p);
    vane_buffer_open(ctx, BYTES, "q", &q);
    vane_tensor a = vane_tensor_in(p, 0, VANE_F32, 1, &n),
                b = vane_tensor_in(q, 0, VANE_F32, 1, &n), *out = &b;
    const vane_tensor *const in[][2] = {{&a, &a}, {&b, &b}};
    int good = vane_op_find(ctx, "add", &op) == VANE_OK &&
               went("repeated write", vane_buffer_write(ctx, p, 0, x, BYTES)) &&
               went("stream_open", vane_stream_open(ctx, device, &s));
    for (int i = 0; good && i < 2; i++)
        good = went("plan_open", vane_plan_open(ctx, op.op, in[i], 2, &out, 1, NULL, &plans[i]));
    good = good && went("sequence_open", vane_sequence_open(ctx, plans, 2, &seq));
    for (int i = 0; good && i < 6; i++) {
        memset(z, 0, BYTES);
        good = went("sequence_run", vane_sequence_run(s, seq)) &&
               (i % 2 || went("sequence_run", vane_sequence_run(s, seq))) &&
               went("repeated wait", vane_stream_wait(s)) &&
               went("repeated read", vane_buffer_read(ctx, q, 0, z, BYTES));
        if (good)
            expect("repeated", z, N, four);
    }
    for (int i = 0; i < 2; i++)
        vane_plan_close(plans[i]);
    vane_sequence_close(seq);
    if (s)
        went("stream_close", vane_stream_close(s));
    went("buffer_close", vane_buffer_close(ctx, q));
    went("buffer_close", vane_buffer_close(ctx, p));
}

static float row_of_ones(int i)
{
    (void)i;
    return 64;
}

static void others(void)
{
    const int64_t square[] = {64, 64}, one[] = {64, 1};
    vane_tensor a = vane_tensor_of(x, VANE_F32, 2, square),
                b = vane_tensor_of(y, VANE_F32, 2, square);
    vane_tensor c = vane_tensor_of(z, VANE_F32, 2, square), r = vane_tensor_of(z, VANE_F32, 2, one);
    for (int i = 0; i < 64 * 64; i++)
        x[i] = y[i] = 1;
    const vane_reduce_params along = {.axes = {1}, .n_axes = 1};
    const vane_softmax_params last = {.axis = 1};
    if (went("matmul", vane_matmul(ctx, &a, &b, &c)))
        expect("matmul", z, 64 * 64, row_of_ones);
    if (went("reduce_sum", vane_reduce_sum(ctx, &a, &along, &r)))
        expect("reduce_sum", z, 64, row_of_ones);
    went("softmax", vane_softmax(ctx, &a, &last, &c));
    for (int i = 0; i < N * 2; i++)
        x[i] = once(i);
}

static float greatest(int i)
{
    (void)i;
    return 999;
}

/* By many blocks, whose last one counts them. */
static void reduced(void)
{
    const int64_t one = 1;
    const vane_reduce_params all = {.n_axes = 0};
    vane_tensor a = vector(x, LARGE), r = vane_tensor_of(z, VANE_F32, 1, &one);
    z[0] = 0;
    if (went("reduce_max", vane_reduce_max(ctx, &a, &all, &r)))
        expect("reduce_max", z, 1, greatest);
}

static void memory(void)
{
    vane_memory m = {.struct_size = sizeof m};
    if (gpus)
        went("memory_get", vane_memory_get(ctx, gpu[0], &m));
    went("memory_trim", vane_memory_trim(ctx));
}

/* ---- all of them ------------------------------------------------------------------------ */

static void look_around(void)
{
    for (uint32_t i = 0; i < vane_device_count(ctx) && gpus < DEVICES; i++) {
        const char *backend;
        vane_device_info info = {.struct_size = sizeof info};
        if (went("device_at", vane_device_at(ctx, i, &info, &backend)) &&
            strcmp(backend, "cuda") == 0)
            gpu[gpus++] = i;
    }
    printf("devices %u\n", gpus);
}

static void run(void)
{
    on_host();
    in_buffers();
    on_stream(VANE_ANY_DEVICE);
    for (uint32_t i = 0; i < gpus; i++)
        on_stream(gpu[i]);
    if (gpus)
        two_streams(gpu[0]);
    large();
    if (gpus == DEVICES)
        between_devices();
    planned();
    if (gpus)
        repeated(gpu[0]);
    others();
    reduced();
    memory();
}

/* New data, and nothing is asked to fail any more: there is no excuse. */
static void afterwards(void)
{
    const int before = wrong;
    vane_tensor a = vector(x, N), b = vector(y, N);
    memset(y, 0, BYTES);
    wrong = 0;
    if (!went("add afterwards", vane_add(ctx, &a, &a, &b))) {
        printf("WRONG: nothing works afterwards\n");
        wrong = 1;
    } else {
        expect("add afterwards", y, N, twice);
    }
    wrong |= before;
}

int main(void)
{
    const vane_config config = {.struct_size = sizeof config,
                                .prefer = "cuda",
                                .no_default_path = 1,
                                .threads = 1,
                                .cache = "0"};
    x = malloc(LARGE * 4);
    y = malloc(LARGE * 4);
    z = malloc(LARGE * 4);
    if (!x || !y || !z || !went("open", vane_open(&config, &ctx)))
        return 1;
    for (int i = 0; i < LARGE; i++)
        x[i] = once(i);
    vane_backends_open(ctx); /* what does not open is in the report */
    look_around();
    run();
    afterwards();
    vane_close(ctx);
    free(x);
    free(y);
    free(z);
    return wrong;
}
