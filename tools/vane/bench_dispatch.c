/* SPDX-License-Identifier: MIT */
/* bench_dispatch.c - vane bench dispatch: what a call costs beyond its kernel.
 *
 * The same 8-float add, in turn: the kernel's own function, vane_add, a prepared plan. The
 * kernel belongs to a backend inside this program (bench_probe.c), so the three differ only
 * in Vane. On one and on several calling threads, with few and with many backends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "bench.h"
#include "bench_caller.h"
#include "bench_probe.h"
#include "cli.h"
#include "json.h"
#include "table.h"
#include "text.h"

enum { LIST = 16, MAX_DUMMIES = 1000 };

/* ---- the context under test ------------------------------------------------------ */

static int probe_is_chosen(vane_context *ctx)
{
    _Alignas(64) float x[8] = {0}, y[8] = {0};
    int64_t n = 8;
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
    if (probe_is_chosen(ctx) || (vane_set_policy(ctx, "fixed") == VANE_OK && probe_is_chosen(ctx)))
        return CLI_OK;
    return cli_fail("the benchmark's own backend '" BENCH_PROBE
                    "' is not the choice; unset VANE_BACKEND, VANE_EXCLUDE and VANE_OPS");
}

typedef struct plan {
    uint32_t plugins[LIST], threads[LIST];
    int n_plugins, n_threads, rounds, count;
    bench_figures row[LIST * LIST];
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
        bench_figures *f = &p->row[p->count];
        f->plugins = dummies;
        f->threads = p->threads[t];
        rc = bench_callers_time(ctx, f, p->rounds);
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
    table_begin(&t, "rrrrrrr", "more plugins|threads|kernel alone|vane_add|costs|plan run|costs");
    for (int i = 0; i < p->count; i++) {
        const bench_figures *f = &p->row[i];
        table_cell(&t, "%u", f->plugins);
        table_cell(&t, "%u", f->threads);
        table_cell(&t, "%.1f (%.1f)", f->median[BENCH_DIRECT], f->best[BENCH_DIRECT]);
        table_cell(&t, "%.1f (%.1f)", f->median[BENCH_FUNCTION], f->best[BENCH_FUNCTION]);
        table_cell(&t, "%+.1f", f->median[BENCH_FUNCTION] - f->median[BENCH_DIRECT]);
        table_cell(&t, "%.1f (%.1f)", f->median[BENCH_PLAN], f->best[BENCH_PLAN]);
        table_cell(&t, "%+.1f", f->median[BENCH_PLAN] - f->median[BENCH_DIRECT]);
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
        const bench_figures *f = &p->row[i];
        json_object(&j, NULL);
        json_unsigned(&j, "more_plugins", f->plugins);
        json_unsigned(&j, "threads", f->threads);
        for (int w = 0; w < BENCH_WAYS; w++) {
            json_object(&j, ways[w]);
            json_real(&j, "median_ns", f->median[w]);
            json_real(&j, "best_ns", f->best[w]);
            json_real(&j, "beyond_direct_ns", f->median[w] - f->median[BENCH_DIRECT]);
            json_close(&j);
        }
        json_close(&j);
    }
    json_end(&j);
}

static int parse_list(const char *option, const char *text, uint32_t most, uint32_t *out,
                      int *count)
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
    for (uint32_t n = 1; !rc && n <= m.threads && n <= BENCH_CALLERS && p->n_threads < LIST; n *= 2)
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
        rc = threads ? parse_list("--threads", threads, BENCH_CALLERS, p->threads, &p->n_threads)
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
              .about =
                  "Times an 8-float add called three ways: the kernel's own function, vane_add, "
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
