/* SPDX-License-Identifier: MIT */
/* bench_caller.c - threads that call one 8-float add in three ways, and what each took. */
#include "bench_caller.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench_probe.h"
#include "cli.h"

enum { N = 8, BATCH = 2000 };
enum { WAIT, GO, QUIT }; /* what the callers are told */

/* One calling thread: its own arrays, on its own cache lines. */
typedef struct caller {
    _Alignas(64) float a[N], b[N], out[N];
    vane_context *ctx;
    atomic_int *start;
    vane_tensor ta, tb, tout;
    vane_call call;
    vane_plan *plan;
    int rounds;
    int failed;
    double sample[BENCH_WAYS][BENCH_SAMPLES];
} caller;

static vane_view view_of(float *data)
{
    return (vane_view){.data = data, .dtype = VANE_F32, .rank = 1, .shape = {N}, .stride = {1}};
}

static int caller_open(caller *c, vane_context *ctx, atomic_int *start, int rounds)
{
    int64_t n = N;
    memset(c, 0, sizeof *c);
    for (int i = 0; i < N; i++) {
        c->a[i] = (float)i;
        c->b[i] = (float)(10 * i);
    }
    c->ctx = ctx;
    c->start = start;
    c->rounds = rounds;
    c->ta = vane_tensor_of(c->a, VANE_F32, 1, &n);
    c->tb = vane_tensor_of(c->b, VANE_F32, 1, &n);
    c->tout = vane_tensor_of(c->out, VANE_F32, 1, &n);
    c->call = (vane_call){.struct_size = sizeof(vane_call),
                          .op = VANE_OP_ADD,
                          .dtype = VANE_F32,
                          .n_in = 2,
                          .n_arg = 3,
                          .width = 1,
                          .flags = VANE_CALL_FLAT};
    c->call.arg[0] = view_of(c->a);
    c->call.arg[1] = view_of(c->b);
    c->call.arg[2] = view_of(c->out);
    const vane_tensor *in[] = {&c->ta, &c->tb};
    vane_tensor *outs[] = {&c->tout};
    return vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &c->plan) == VANE_OK;
}

/* The pointer is volatile so that the compiler cannot see through it: a real caller can't. */
static double time_direct(caller *c)
{
    vane_direct_fn volatile kernel = bench_probe_kernel.direct;
    double begin = bench_now_ns();
    for (int i = 0; i < BATCH; i++)
        c->failed |= kernel(&bench_probe_kernel, &c->call) != VANE_OK;
    return bench_now_ns() - begin;
}

static double time_function(caller *c)
{
    double begin = bench_now_ns();
    for (int i = 0; i < BATCH; i++)
        c->failed |= vane_add(c->ctx, &c->ta, &c->tb, &c->tout) != VANE_OK;
    return bench_now_ns() - begin;
}

static double time_plan(caller *c)
{
    double begin = bench_now_ns();
    for (int i = 0; i < BATCH; i++)
        c->failed |= vane_plan_run(c->plan) != VANE_OK;
    return bench_now_ns() - begin;
}

/* In turn, each on an output that was wiped before: what did not run would show. */
static void *caller_run(void *arg)
{
    static double (*const time_way[BENCH_WAYS])(caller *) = {time_direct, time_function, time_plan};
    caller *c = arg;
    while (!atomic_load(c->start))
        sched_yield();
    if (atomic_load(c->start) == QUIT)
        return NULL;
    for (int r = -2; r < c->rounds; r++) /* two rounds to warm up */
        for (int w = 0; w < BENCH_WAYS; w++) {
            memset(c->out, 0, sizeof c->out);
            double ns = time_way[w](c) / BATCH;
            c->failed |= c->out[N - 1] != (float)(11 * (N - 1));
            if (r >= 0)
                c->sample[w][r] = ns;
        }
    return NULL;
}

/* The median over all callers and rounds, so that one lucky thread decides nothing. */
static int summarize(caller *const *callers, bench_figures *f, int rounds)
{
    size_t total = (size_t)f->threads * (size_t)rounds;
    double *all = malloc(total * sizeof *all);
    if (!all)
        return cli_no_memory();
    for (int w = 0; w < BENCH_WAYS; w++) {
        for (uint32_t t = 0; t < f->threads; t++)
            memcpy(all + (size_t)t * (size_t)rounds, callers[t]->sample[w],
                   (size_t)rounds * sizeof *all);
        f->median[w] = bench_median(all, (int)total);
        f->best[w] = all[0];
    }
    free(all);
    return CLI_OK;
}

static int spawn(caller *const *callers, uint32_t threads, atomic_int *start)
{
    pthread_t id[BENCH_CALLERS];
    uint32_t started = 1;
    while (started < threads && !pthread_create(&id[started], NULL, caller_run, callers[started]))
        started++;
    atomic_store(start, started == threads ? GO : QUIT);
    caller_run(callers[0]);
    for (uint32_t t = 1; t < started; t++)
        pthread_join(id[t], NULL);
    return started == threads ? CLI_OK : cli_fail("cannot start %u threads", threads);
}

int bench_callers_time(vane_context *ctx, bench_figures *f, int rounds)
{
    caller *callers[BENCH_CALLERS] = {0};
    atomic_int start = WAIT;
    int rc = CLI_OK;
    for (uint32_t t = 0; !rc && t < f->threads; t++) {
        callers[t] = aligned_alloc(64, (sizeof(caller) + 63) / 64 * 64);
        if (!callers[t])
            rc = cli_no_memory();
        else if (!caller_open(callers[t], ctx, &start, rounds))
            rc = cli_error();
    }
    if (!rc)
        rc = spawn(callers, f->threads, &start);
    for (uint32_t t = 0; !rc && t < f->threads; t++)
        if (callers[t]->failed)
            rc = cli_fail("an 8-float add failed or was wrong: %s", vane_last_error()->message);
    if (!rc)
        rc = summarize(callers, f, rounds);
    for (uint32_t t = 0; t < f->threads && callers[t]; t++) {
        if (callers[t]->plan)
            vane_plan_close(callers[t]->plan);
        free(callers[t]);
    }
    return rc;
}
