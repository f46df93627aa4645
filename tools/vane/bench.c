/* SPDX-License-Identifier: MIT */
/* bench.c - vane bench: every backend side by side, each result checked against the oracle. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "attr.h"
#include "bench.h"
#include "cli.h"
#include "text.h"

#define LIST 32

/* A context that has one backend and one thread: plans made in it go nowhere else. */
typedef struct solo {
    char backend[16];
    vane_context *ctx; /* NULL: could not be had */
} solo;

typedef struct bench {
    vane_context *ctx;
    solo solo[LIST];
    int n_solos;
    const char *sizes; /* NULL: the op's own */
    uint32_t dtype, to;
    char backend[LIST][16];
    int n_backends; /* 0: all */
    uint32_t width[LIST];
    int n_widths;
    double min_ns;
    args_list attrs;
    bench_rows rows;
} bench;

/* ---- one case -------------------------------------------------------------------- */

static int wanted(const bench *b, const vane_candidate *c)
{
    if (c->reason == VANE_REASON_EXCLUDED || c->reason == VANE_REASON_NOT_REQUIRED)
        return 0;
    if (!b->n_backends)
        return 1;
    for (int i = 0; i < b->n_backends; i++)
        if (!strcmp(b->backend[i], c->backend))
            return 1;
    return 0;
}

/* Is it there at that width, or failed at any? */
static int has(const bench_contestant *who, int count, const char *backend, uint32_t width)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(who[i].backend, backend) &&
            (who[i].width == width || who[i].result == BENCH_FAILED))
            return 1;
    return 0;
}

static vane_context *solo_of(bench *b, const char *backend)
{
    vane_config config = {.struct_size = sizeof config, .backend = backend, .threads = 1};
    for (int i = 0; i < b->n_solos; i++)
        if (!strcmp(b->solo[i].backend, backend))
            return b->solo[i].ctx;
    if (b->n_solos == LIST)
        return NULL;
    solo *s = &b->solo[b->n_solos++];
    snprintf(s->backend, sizeof s->backend, "%s", backend);
    /* the environment may ask for more threads than config: the call wins over both */
    if (vane_open(&config, &s->ctx) == VANE_OK && vane_set_threads(s->ctx, 1) != VANE_OK) {
        vane_close(s->ctx);
        s->ctx = NULL;
    }
    return s->ctx;
}

static void close_contexts(bench *b)
{
    for (int i = 0; i < b->n_solos; i++)
        if (b->solo[i].ctx)
            vane_close(b->solo[i].ctx);
    vane_close(b->ctx);
}

/* Each wanted backend of the case at each width; the widths that turn out to be the same
 * (a kernel that cannot use threads) count once. */
static int gather(bench *b, const bench_case *c, bench_contestant *who)
{
    int count = 0;
    for (uint32_t i = 0; i < c->decision.count; i++) {
        const vane_candidate *k = &c->decision.candidates[i];
        if (!wanted(b, k))
            continue;
        for (int w = 0; w < b->n_widths && count < BENCH_CONTESTANTS; w++) {
            if (has(who, count, k->backend, b->width[w]))
                continue;
            bench_contestant *one = &who[count];
            memset(one, 0, sizeof *one);
            one->backend = k->backend;
            one->width = b->width[w];
            bench_try(b->ctx, solo_of(b, k->backend), c, one);
            if (!has(who, count, one->backend, one->width))
                count++;
            else if (one->plan)
                vane_plan_close(one->plan);
        }
    }
    return count;
}

static int bench_size(bench *b, bench_case *c, const char *size, bench_contestant *who)
{
    int rc = bench_case_open(b->ctx, c, size, b->dtype, b->to);
    if (!rc) {
        int count = gather(b, c, who);
        bench_time(b->ctx, c, who, count, b->min_ns);
        bench_report(&b->rows, c, who, count);
        for (int i = 0; i < count; i++)
            if (who[i].plan)
                vane_plan_close(who[i].plan);
    }
    bench_case_close(c);
    return rc;
}

static int bench_op(bench *b, const vane_op_info *op)
{
    char sizes[1024], *rest = sizes;
    bench_case *c = calloc(1, sizeof *c);
    bench_contestant *who = calloc(BENCH_CONTESTANTS, sizeof *who);
    int rc = c && who ? CLI_OK : cli_no_memory();
    snprintf(sizes, sizeof sizes, "%s", b->sizes ? b->sizes : bench_case_sizes(op));
    for (char *size; !rc && (size = strsep(&rest, ","));) {
        memset(c, 0, sizeof *c);
        c->op = *op;
        rc = attr_parse(op, &b->attrs, &c->params, &c->given);
        if (!rc)
            rc = bench_size(b, c, size, who);
    }
    free(who);
    free(c);
    return rc;
}

/* ---- the run --------------------------------------------------------------------- */

static int bench_all(bench *b)
{
    int rc = CLI_OK;
    vane_op_info op;
    for (uint32_t i = 0; !rc && i < vane_op_count(b->ctx); i++)
        if (vane_op_at(b->ctx, i, &op) == VANE_OK && op.op < VANE_OP_CUSTOM &&
            (op.dtypes >> b->dtype & 1))
            rc = bench_op(b, &op);
    return rc;
}

static int bench_named(bench *b, const char *name)
{
    vane_op_info op;
    char types[80] = "";
    int rc = cli_find_op(b->ctx, name, &op);
    if (rc)
        return rc;
    if (op.dtypes >> b->dtype & 1)
        return bench_op(b, &op);
    for (uint32_t t = 0; t < VANE_DTYPE_COUNT; t++)
        if (op.dtypes >> t & 1)
            snprintf(types + strlen(types), sizeof types - strlen(types), " %s",
                     vane_dtype_name(t));
    return cli_usage("%s does not take %s; its types are%s", name, vane_dtype_name(b->dtype),
                     types);
}

static int run(bench *b, const args *a)
{
    static char *usual[] = {"add", "mul", "relu", "exp", "reduce_sum", "dot", "softmax", "matmul"};
    char **op = a->count ? a->item : usual;
    int count = a->count ? a->count : (int)(sizeof usual / sizeof usual[0]);
    int rc = CLI_OK;
    b->rows.wants_json = a->json;
    for (int i = 0; !rc && i < count; i++)
        rc = strcmp(op[i], "all") ? bench_named(b, op[i]) : bench_all(b);
    if (a->json && b->rows.count)
        json_end(&b->rows.json);
    if (!rc && !b->rows.count)
        return cli_fail("nothing was measured: no backend here can run it");
    if (!rc && (b->rows.wrong || b->rows.failed))
        return cli_fail("%d result%s wrong, %d failed", b->rows.wrong,
                        b->rows.wrong == 1 ? "" : "s", b->rows.failed);
    return rc;
}

/* ---- options --------------------------------------------------------------------- */

static int parse_backends(bench *b, const char *text)
{
    char copy[512], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *name; (name = strsep(&rest, ","));) {
        if (cli_check_backend(b->ctx, name))
            return CLI_USAGE;
        if (b->n_backends < LIST)
            snprintf(b->backend[b->n_backends++], sizeof b->backend[0], "%s", name);
    }
    return CLI_OK;
}

static int parse_widths(bench *b, const char *text)
{
    char copy[256], *rest = copy;
    if (!text) {
        vane_machine m = {.struct_size = sizeof m};
        b->width[b->n_widths++] = 1;
        if (vane_machine_get(b->ctx, &m) == VANE_OK && m.threads > 1)
            b->width[b->n_widths++] = m.threads;
        return CLI_OK;
    }
    snprintf(copy, sizeof copy, "%s", text);
    for (char *n; (n = strsep(&rest, ","));) {
        uint32_t width;
        if (cli_parse_count("--threads", n, &width))
            return CLI_USAGE;
        if (b->n_widths < LIST)
            b->width[b->n_widths++] = width;
    }
    return CLI_OK;
}

typedef struct wish {
    const char *sizes, *dtype, *to, *backends, *threads, *min_time;
    args_list attrs;
} wish;

static int configure(bench *b, const wish *w)
{
    int rc = CLI_OK;
    double ms = 50;
    b->sizes = w->sizes;
    b->attrs = w->attrs;
    b->dtype = VANE_F32;
    if (w->dtype)
        rc = cli_parse_dtype("--dtype", w->dtype, &b->dtype);
    b->to = b->dtype == VANE_F32 ? VANE_F64 : VANE_F32;
    if (!rc && w->to)
        rc = cli_parse_dtype("--to", w->to, &b->to);
    if (!rc && w->min_time && (!text_real(w->min_time, &ms) || !(ms > 0 && ms <= 1e6)))
        rc = cli_usage("--min-time: '%s' is not a number of milliseconds", w->min_time);
    b->min_ns = ms * 1e6;
    if (!rc && w->backends)
        rc = parse_backends(b, w->backends);
    if (!rc)
        rc = parse_widths(b, w->threads);
    return rc;
}

int cmd_bench(int argc, char **argv)
{
    wish w = {0};
    bench b = {0};
    const args_option options[] = {
        {"sizes", 's', "LIST", "elements (1e3,1e5) or shapes (512x512,64x8:8x32)", NULL, &w.sizes,
         NULL},
        {"dtype", 't', "TYPE", "of the inputs (f32)", NULL, &w.dtype, NULL},
        {"to", 0, "TYPE", "of cast's output", NULL, &w.to, NULL},
        {"attr", 'a', "KEY=VALUE", "an attribute, see vane ops; repeatable", NULL, NULL, &w.attrs},
        {"backends", 'b', "LIST", "only these", NULL, &w.backends, NULL},
        {"threads", 'w', "LIST", "numbers of threads (1 and all)", NULL, &w.threads, NULL},
        {"min-time", 0, "MS", "measure each at least this long (50)", NULL, &w.min_time, NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane bench [OP...] [OPTION...]\n"
                       "       vane bench dispatch [OPTION...]   what a call costs beyond its "
                       "kernel\n"
                       "       vane bench start [OPTION...]      process start to first result\n"
                       "       vane bench peak [OPTION...]       what one core can do at most\n"
                       "       vane bench policy [OPTION...]     what a policy's choices cost, in "
                       "hindsight\n"
                       "       vane bench device [WHAT...]       a device, operands in its "
                       "memory",
              .about =
                  "Times the backends in turn and checks every result against the oracle "
                  "within the\noperation's tolerance; a wrong one is marked and makes the exit "
                  "code 1. Without an OP\na usual few; 'all' is every one with the type.\n\n"
                  "  vane bench add matmul --sizes 1e4 --threads 1\n"
                  "  vane bench matmul --sizes 512x512,64x2048:2048x64",
              .options = options};
    if (argc > 1 && !strcmp(argv[1], "dispatch"))
        return cmd_bench_dispatch(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "start"))
        return cmd_bench_start(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "peak"))
        return cmd_bench_peak(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "policy"))
        return cmd_bench_policy(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "device"))
        return cmd_bench_device(argc - 1, argv + 1);
    setenv("VANE_POLICY", "heuristic",
           0); /* candidates are told by name: nothing is to be learned */
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    if ((rc = cli_open(&b.ctx, 0)))
        return rc;
    rc = configure(&b, &w);
    if (!rc)
        rc = run(&b, &a);
    close_contexts(&b);
    return rc;
}
