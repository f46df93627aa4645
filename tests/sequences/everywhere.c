/* SPDX-License-Identifier: MIT */
/* everywhere.c - the same sequence on each device of each backend, call by call or as one launch:
 * results are those of the calls, whatever changes between runs. Whole numbers, so that they are
 * exact. everywhere [BACKEND RUNS]: so many runs in a row on its first device, for who counts. Ends
 * with `N passed, N failed, N skipped`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vane/vane.h"

enum { EDGE = 8, N = EDGE * EDGE, BYTES = N * 4, BUFFERS = 6, MOST = 8 };

static vane_context *ctx;
static int wrong;
static vane_buffer buffer[BUFFERS];
static vane_tensor t[BUFFERS];  /* EDGE x EDGE */
static float model[BUFFERS][N]; /* what each must hold */
static vane_plan *plans[MOST];
static uint32_t n_plans;

static int went(const char *what, vane_status st)
{
    if (st != VANE_OK) {
        printf("FAILED: %s: %s: %s\n", what, vane_status_name(st), vane_last_error()->message);
        wrong = 1;
    }
    return st == VANE_OK;
}

/* ---- the sequence, and its model ------------------------------------------------------------ */

static void add_plan(uint32_t op, vane_tensor *a, vane_tensor *b, vane_tensor *out)
{
    const vane_tensor *const in[] = {a, b};
    if (went("plan_open", vane_plan_open(ctx, op, in, b ? 2 : 1, &out, 1, NULL, &plans[n_plans])))
        n_plans++;
}

/* few: what the fake device knows */
static vane_sequence *sequence_of(int few)
{
    vane_sequence *q = NULL;
    n_plans = 0;
    add_plan(VANE_OP_ADD, &t[0], &t[1], &t[2]);
    add_plan(VANE_OP_TRANSPOSE, &t[2], NULL, &t[3]);
    add_plan(VANE_OP_MUL, &t[3], &t[0], &t[2]);
    add_plan(VANE_OP_ADD, &t[1], &t[0], &t[1]); /* once a run */
    add_plan(VANE_OP_COPY, &t[2], NULL, &t[4]);
    if (!few) {
        vane_tensor sum = vane_tensor_in(buffer[5], 0, VANE_F32, 2, (int64_t[]){1, 1});
        add_plan(VANE_OP_MATMUL, &t[0], &t[0], &t[3]);
        add_plan(VANE_OP_REDUCE_SUM, &t[4], NULL, &sum);
    }
    went("sequence_open", vane_sequence_open(ctx, plans, n_plans, &q));
    while (n_plans > 0)
        vane_plan_close(plans[--n_plans]);
    return q;
}

static float product(const float *p, int i)
{
    float sum = 0;
    for (int k = 0; k < EDGE; k++)
        sum += p[i / EDGE * EDGE + k] * p[k * EDGE + i % EDGE];
    return sum;
}

static void reckon(int few)
{
    float *a = model[0], *b = model[1], sum = 0;
    for (int i = 0; i < N; i++)
        model[3][i % EDGE * EDGE + i / EDGE] = a[i] + b[i];
    for (int i = 0; i < N; i++) {
        model[2][i] = model[4][i] = model[3][i] * a[i];
        sum += model[4][i];
        b[i] += a[i];
    }
    for (int i = 0; !few && i < N; i++)
        model[3][i] = product(a, i);
    model[5][0] = few ? model[5][0] : sum;
}

static void compare(const char *where, int run)
{
    float got[N];
    for (int k = 0; k < BUFFERS; k++) {
        if (!went("buffer_read", vane_buffer_read(ctx, buffer[k], 0, got, sizeof got)))
            return;
        for (int i = 0; i < N; i++)
            if (got[i] != model[k][i]) {
                printf("FAILED: %s: run %d: element %d of buffer %d is %g, expected %g\n", where,
                       run, i, k, (double)got[i], (double)model[k][i]);
                wrong = 1;
                return;
            }
    }
}

static void write_anew(int k, int salt)
{
    for (int i = 0; i < N; i++)
        model[k][i] = (float)((i * 7 + salt * 3 + k) % 11 - 5);
    went("buffer_write", vane_buffer_write(ctx, buffer[k], 0, model[k], BYTES));
}

/* ---- on one stream ----------------------------------------------------------------------------
 */

static void runs(const char *where, vane_stream *s, int few)
{
    vane_sequence *q = sequence_of(few);
    for (int k = 0; k < BUFFERS; k++)
        write_anew(k, 0);
    for (int run = 0; !wrong && q != NULL && run < 40; run++) {
        if (run % 5 == 4)
            write_anew(run / 5 % 2, run);
        went("sequence_run", vane_sequence_run(s, q));
        reckon(few);
        if (run % 3 == 2)
            went("stream_wait", vane_stream_wait(s));
        if (run % 4 == 3)
            compare(where, run);
    }
    went("stream_wait", vane_stream_wait(s));
    compare(where, -1);
    vane_sequence_close(q);
}

/* Whether it was tried. */
static int on_device(uint32_t i, const char *only, int count)
{
    vane_device_info info = {.struct_size = sizeof info};
    const char *backend = "any device";
    char where[160];
    vane_stream *s;
    if (i != VANE_ANY_DEVICE && !went("device_at", vane_device_at(ctx, i, &info, &backend)))
        return 0;
    if (only != NULL && strcmp(only, backend) != 0)
        return 0;
    snprintf(where, sizeof where, "%s %s", backend, info.id);
    printf("%s\n", where);
    if (!went("stream_open", vane_stream_open(ctx, i, &s)))
        return 1;
    const int few = strcmp(backend, "fake") == 0;
    if (only == NULL)
        runs(where, s, few);
    vane_sequence *q = only != NULL ? sequence_of(few) : NULL;
    for (int k = 0; only != NULL && k < BUFFERS; k++)
        write_anew(k, 0);
    for (int run = 0; q != NULL && run < count; run++) {
        went("sequence_run", vane_sequence_run(s, q));
        if (run < 2) /* made of calls, and recorded */
            went("stream_wait", vane_stream_wait(s));
        reckon(few);
    }
    went("stream_wait", vane_stream_wait(s));
    if (q != NULL)
        compare(where, count);
    vane_sequence_close(q);
    went("stream_close", vane_stream_close(s));
    return 1;
}

int main(int argc, char **argv)
{
    const vane_config config = {.struct_size = sizeof config,
                                .cache = "0",
                                .exclude = "template", /* it has two operations */
                                .policy = "heuristic"};
    const char *fake = getenv("VANE_TEST_FAKE"), *only = argc > 2 ? argv[1] : NULL;
    int tried = 0, failed = 0;
    if (!went("open", vane_open(&config, &ctx)) || (fake && !went("load", vane_load(ctx, fake))))
        return 1;
    for (int k = 0; k < BUFFERS; k++) {
        went("buffer_open", vane_buffer_open(ctx, BYTES, NULL, &buffer[k]));
        t[k] = vane_tensor_in(buffer[k], 0, VANE_F32, 2, (int64_t[]){EDGE, EDGE});
    }
    const uint32_t n = vane_device_count(ctx);
    for (uint32_t i = 0; i <= n; i++) {
        wrong = 0;
        tried += on_device(i < n ? i : VANE_ANY_DEVICE, only, only ? atoi(argv[2]) : 0);
        failed += wrong;
        if (only && tried)
            break;
    }
    for (int k = 0; k < BUFFERS; k++)
        vane_buffer_close(ctx, buffer[k]);
    vane_close(ctx);
    failed += tried == 0;
    printf("%d passed, %d failed, 0 skipped\n", tried - failed, failed);
    return failed > 0;
}
