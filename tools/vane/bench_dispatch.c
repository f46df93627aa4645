/* SPDX-License-Identifier: MIT */
/* bench_dispatch.c - vane bench dispatch: what a call costs beyond its kernel.
 *
 * The same 8-float add, in turn: the kernel's own function, vane_add, a prepared plan. The
 * kernel belongs to a backend inside this program (bench_probe.c), so the three differ only
 * in Vane. On one and on several calling threads, with few and with many backends.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "bench.h"
#include "bench_probe.h"
#include "cli.h"
#include "json.h"
#include "table.h"
#include "text.h"

enum { N = 8, BATCH = 2000, WAYS = 3, LIST = 16, MAX_THREADS = 256, MAX_DUMMIES = 1000 };
enum { WAIT, GO, QUIT }; /* what the callers are told */
typedef enum way { DIRECT, FUNCTION, PLAN } way;

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
    double sample[WAYS][BENCH_SAMPLES];
} caller;

typedef struct figures {
    uint32_t plugins, threads;
    double median[WAYS], best[WAYS];
} figures;

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
    c->call = (vane_call){.struct_size = sizeof(vane_call), .op = VANE_OP_ADD, .dtype = VANE_F32,
                          .n_in = 2, .n_arg = 3, .width = 1, .flags = VANE_CALL_FLAT};
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
    static double (*const time_way[WAYS])(caller *) = {time_direct, time_function, time_plan};
    caller *c = arg;
    while (!atomic_load(c->start))
        sched_yield();
    if (atomic_load(c->start) == QUIT)
        return NULL;
    for (int r = -2; r < c->rounds; r++) /* two rounds to warm up */
        for (int w = 0; w < WAYS; w++) {
            memset(c->out, 0, sizeof c->out);
            double ns = time_way[w](c) / BATCH;
            c->failed |= c->out[N - 1] != (float)(11 * (N - 1));
            if (r >= 0)
                c->sample[w][r] = ns;
        }
    return NULL;
}

/* The median over all callers and rounds, so that one lucky thread decides nothing. */
static int summarize(caller *const *callers, figures *f, int rounds)
{
    size_t total = (size_t)f->threads * (size_t)rounds;
    double *all = malloc(total * sizeof *all);
    if (!all)
        return cli_no_memory();
    for (int w = 0; w < WAYS; w++) {
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
    pthread_t id[MAX_THREADS];
    uint32_t started = 1;
    while (started < threads && !pthread_create(&id[started], NULL, caller_run, callers[started]))
        started++;
    atomic_store(start, started == threads ? GO : QUIT);
    caller_run(callers[0]);
    for (uint32_t t = 1; t < started; t++)
        pthread_join(id[t], NULL);
    return started == threads ? CLI_OK : cli_fail("cannot start %u threads", threads);
}

static int measure(vane_context *ctx, figures *f, int rounds)
{
    caller *callers[MAX_THREADS] = {0};
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

/* ---- the context under test ------------------------------------------------------ */

static int probe_is_chosen(vane_context *ctx)
{
    _Alignas(64) float x[N] = {0}, y[N] = {0};
    int64_t n = N;
    vane_tensor a = vane_tensor_of(x, VANE_F32, 1, &n), out = vane_tensor_of(y, VANE_F32, 1, &n);
    const vane_tensor *in[] = {&a, &a};
    vane_tensor *outs[] = {&out};
    vane_decision d = {.struct_size = sizeof d};
    return vane_explain(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &d) == VANE_OK &&
           d.chosen < d.count && !strcmp(d.candidates[d.chosen].backend, BENCH_PROBE);
}

/* The probe, and dummies beside it. The default policy stays if it chooses the probe. */
static int prepare(vane_context *ctx, vane_backend_entry *dummy, char (*name)[16], uint32_t dummies)
{
    if (vane_register(ctx, &bench_probe_entry) != VANE_OK)
        return cli_error();
    for (uint32_t i = 0; i < dummies; i++) {
        dummy[i] = bench_probe_dummy(name[i], i);
        if (vane_register(ctx, &dummy[i]) != VANE_OK)
            return cli_error();
    }
    if (vane_set_priority(ctx, BENCH_PROBE) != VANE_OK)
        return cli_error();
    if (probe_is_chosen(ctx) ||
        (vane_set_policy(ctx, "fixed") == VANE_OK && probe_is_chosen(ctx)))
        return CLI_OK;
    return cli_fail("the benchmark's own backend '" BENCH_PROBE
                    "' is not the choice; unset VANE_BACKEND, VANE_EXCLUDE and VANE_OPS");
}

typedef struct plan {
    uint32_t plugins[LIST], threads[LIST];
    int n_plugins, n_threads, rounds, count;
    figures row[LIST * LIST];
} plan;

static int with_plugins(plan *p, uint32_t dummies)
{
    vane_context *ctx = NULL;
    vane_backend_entry *dummy = calloc(dummies + 1, sizeof *dummy);
    char(*name)[16] = calloc(dummies + 1, sizeof *name);
    int rc = dummy && name ? cli_open(&ctx, 1) : cli_no_memory();
    if (!rc)
        rc = prepare(ctx, dummy, name, dummies);
    for (int t = 0; !rc && t < p->n_threads; t++) {
        figures *f = &p->row[p->count];
        f->plugins = dummies;
        f->threads = p->threads[t];
        rc = measure(ctx, f, p->rounds);
        p->count += !rc;
    }
    if (ctx)
        vane_close(ctx); /* the entries must live until here */
    free(name);
    free(dummy);
    return rc;
}

/* ---- output and options ---------------------------------------------------------- */

static void print(const plan *p)
{
    table t;
    puts("8-float add, ns a call: the median (the best) of many batches");
    table_begin(&t, "rrrrrrr",
                "more plugins|threads|kernel alone|vane_add|costs|plan run|costs");
    for (int i = 0; i < p->count; i++) {
        const figures *f = &p->row[i];
        table_cell(&t, "%u", f->plugins);
        table_cell(&t, "%u", f->threads);
        table_cell(&t, "%.1f (%.1f)", f->median[DIRECT], f->best[DIRECT]);
        table_cell(&t, "%.1f (%.1f)", f->median[FUNCTION], f->best[FUNCTION]);
        table_cell(&t, "%+.1f", f->median[FUNCTION] - f->median[DIRECT]);
        table_cell(&t, "%.1f (%.1f)", f->median[PLAN], f->best[PLAN]);
        table_cell(&t, "%+.1f", f->median[PLAN] - f->median[DIRECT]);
    }
    table_end(&t, stdout, 0);
}

static void print_json(const plan *p)
{
    static const char *const ways[] = {"direct", "vane_add", "plan_run"};
    json j;
    json_begin(&j, stdout);
    json_array(&j, NULL);
    for (int i = 0; i < p->count; i++) {
        const figures *f = &p->row[i];
        json_object(&j, NULL);
        json_unsigned(&j, "more_plugins", f->plugins);
        json_unsigned(&j, "threads", f->threads);
        for (int w = 0; w < WAYS; w++) {
            json_object(&j, ways[w]);
            json_real(&j, "median_ns", f->median[w]);
            json_real(&j, "best_ns", f->best[w]);
            json_real(&j, "beyond_direct_ns", f->median[w] - f->median[DIRECT]);
            json_close(&j);
        }
        json_close(&j);
    }
    json_end(&j);
}

static int parse_list(const char *option, const char *text, uint32_t most, uint32_t *out, int *count)
{
    char copy[128], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *item; (item = strsep(&rest, ","));) {
        int64_t n;
        if (!text_integer(item, &n) || n < 0 || n > most || *count == LIST)
            return cli_usage("%s: '%s' is not a list of up to %d numbers up to %u", option, text,
                             LIST, most);
        out[(*count)++] = (uint32_t)n;
    }
    return CLI_OK;
}

/* 1, 2, 4, ... up to what this process may use */
static int usual_threads(plan *p)
{
    vane_context *ctx;
    vane_machine m = {.struct_size = sizeof m};
    int rc = cli_open(&ctx, 1);
    if (rc)
        return rc;
    if (vane_machine_get(ctx, &m) != VANE_OK)
        rc = cli_error();
    for (uint32_t n = 1; !rc && n <= m.threads && n <= MAX_THREADS && p->n_threads < LIST; n *= 2)
        p->threads[p->n_threads++] = n;
    vane_close(ctx);
    return rc;
}

static int configure(plan *p, const char *plugins, const char *threads, const char *rounds)
{
    uint32_t n = BENCH_SAMPLES;
    int rc = parse_list("--plugins", plugins ? plugins : "0,10,100", MAX_DUMMIES, p->plugins,
                        &p->n_plugins);
    if (!rc && rounds)
        rc = cli_parse_count("--rounds", rounds, &n);
    p->rounds = (int)(n < BENCH_SAMPLES ? n : BENCH_SAMPLES);
    if (!rc)
        rc = threads ? parse_list("--threads", threads, MAX_THREADS, p->threads, &p->n_threads)
                     : usual_threads(p);
    for (int i = 0; !rc && i < p->n_threads; i++)
        if (!p->threads[i])
            rc = cli_usage("--threads: at least 1 thread is needed");
    return rc;
}

int cmd_bench_dispatch(int argc, char **argv)
{
    const char *plugins = NULL, *threads = NULL, *rounds = NULL;
    const args_option options[] = {
        {"plugins", 'p', "LIST", "register so many more backends (0,10,100)", NULL, &plugins, NULL},
        {"threads", 'w', "LIST", "calling threads (1,2,4,... as many as may run)", NULL, &threads,
         NULL},
        {"rounds", 'r', "N", "batches of 2000 calls, at most 256 (256)", NULL, &rounds, NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane bench dispatch [OPTION...]",
              .about = "Times an 8-float add called three ways: the kernel's own function, vane_add, "
                       "and a\nprepared plan. What the last two cost beyond the first is Vane's.",
              .options = options};
    plan *p = calloc(1, sizeof *p);
    if (!p)
        return cli_no_memory();
    int rc = args_parse(&a, argc, argv);
    if (rc == ARGS_GO_ON) {
        rc = a.count ? cli_usage("bench dispatch takes no arguments, got '%s'", a.item[0])
                     : configure(p, plugins, threads, rounds);
        for (int i = 0; !rc && i < p->n_plugins; i++)
            rc = with_plugins(p, p->plugins[i]);
        if (!rc && a.json)
            print_json(p);
        else if (!rc)
            print(p);
    }
    free(p);
    return rc;
}
