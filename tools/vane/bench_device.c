/* SPDX-License-Identifier: MIT */
/* bench_device.c - vane bench device: what a device reaches with operands in its own memory: every
 * kernel of an op, the link, and launches. Each figure is of work given to a stream many times, and
 * one wait.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "attr.h"
#include "bench_device.h"
#include "cli.h"
#include "text.h"

typedef struct wish {
    const char *backend, *device, *sizes, *dtype, *to, *min_time, *learn_time;
    args_list attrs;
    uint32_t type, to_type;
} wish;

/* ---- what is asked for ----------------------------------------------------------------------- */

static int run_link(bench_device *d, bench_device_rows *r, const wish *w)
{
    char sizes[1024], *rest = sizes;
    int rc = CLI_OK;
    snprintf(sizes, sizeof sizes, "%s", w->sizes ? w->sizes : "1e6,1e8");
    for (char *size; !rc && (size = strsep(&rest, ","));) {
        double n;
        if (!text_real(size, &n) || !(n >= 4 && n <= 1e12))
            return cli_usage("--sizes: of the link bytes are asked, from 4 to 1e12, not '%s'",
                             size);
        rc = bench_device_link(d, r, (uint64_t)n / 4 * 4);
    }
    return rc;
}

static int run_op(bench_device *d, bench_device_rows *r, const wish *w, const char *name)
{
    char sizes[1024], *rest = sizes;
    vane_op_info op;
    int rc = cli_find_op(d->all, name, &op);
    bench_case *c = calloc(1, sizeof *c);
    if (!rc && !c)
        rc = cli_no_memory();
    if (!rc && !(op.dtypes >> w->type & 1))
        rc = cli_usage("%s does not take %s", name, vane_dtype_name(w->type));
    snprintf(sizes, sizeof sizes, "%s", w->sizes ? w->sizes : rc ? "" : bench_case_sizes(&op));
    for (char *size; !rc && (size = strsep(&rest, ","));) {
        memset(c, 0, sizeof *c);
        c->op = op;
        rc = attr_parse(&op, &w->attrs, &c->params, &c->given);
        if (!rc)
            rc = bench_device_op(d, r, c, size, w->type, w->to_type);
    }
    free(c);
    return rc;
}

static int run_all(bench_device *d, bench_device_rows *r, const wish *w, const args *a)
{
    static char *usual[] = {"launch", "link",       "copy",    "add",   "mul",
                            "exp",    "reduce_sum", "softmax", "matmul"};
    char **what = a->count ? a->item : usual;
    int count = a->count ? a->count : (int)(sizeof usual / sizeof usual[0]);
    int rc = CLI_OK;
    for (int i = 0; !rc && i < count; i++) {
        if (!strcmp(what[i], "launch"))
            rc = bench_device_launch(d, r);
        else if (!strcmp(what[i], "link"))
            rc = run_link(d, r, w);
        else
            rc = run_op(d, r, w, what[i]);
    }
    return rc;
}

/* ---- options --------------------------------------------------------------------------------- */

static int parse_ms(const char *option, const char *text, double *ns)
{
    double ms;
    if (!text)
        return CLI_OK;
    if (!text_real(text, &ms) || !(ms > 0 && ms <= 1e6))
        return cli_usage("%s: '%s' is not a number of milliseconds", option, text);
    *ns = ms * 1e6;
    return CLI_OK;
}

static int configure(bench_device *d, wish *w)
{
    int rc = CLI_OK;
    d->min_ns = 50e6;
    d->learn_ns = 2e9;
    w->type = VANE_F32;
    if (w->dtype)
        rc = cli_parse_dtype("--dtype", w->dtype, &w->type);
    w->to_type = w->type == VANE_F32 ? VANE_F64 : VANE_F32;
    if (!rc && w->to)
        rc = cli_parse_dtype("--to", w->to, &w->to_type);
    if (!rc)
        rc = parse_ms("--min-time", w->min_time, &d->min_ns);
    if (!rc)
        rc = parse_ms("--learn-time", w->learn_time, &d->learn_ns);
    return rc;
}

static int verdict(const bench_device_rows *r)
{
    if (!r->count)
        return cli_fail("nothing was measured: the device can run none of it, or nothing moves");
    if (r->wrong || r->failed)
        return cli_fail("%d result%s wrong, %d failed", r->wrong, r->wrong == 1 ? "" : "s",
                        r->failed);
    return CLI_OK;
}

int cmd_bench_device(int argc, char **argv)
{
    wish w = {0};
    bench_device d = {0};
    bench_device_rows rows;
    const args_option options[] = {
        {"backend", 'b', "NAME", "whose device (the first with memory of its own)", NULL,
         &w.backend, NULL},
        {"device", 'd', "ID", "its id, as vane info tells it", NULL, &w.device, NULL},
        {"sizes", 's', "LIST", "elements (1e3,1e5) or shapes (512x512); bytes of the link", NULL,
         &w.sizes, NULL},
        {"dtype", 't', "TYPE", "of the inputs (f32)", NULL, &w.dtype, NULL},
        {"to", 0, "TYPE", "of cast's output", NULL, &w.to, NULL},
        {"attr", 'a', "KEY=VALUE", "an attribute, see vane ops; repeatable", NULL, NULL, &w.attrs},
        {"min-time", 0, "MS", "measure each at least this long (50)", NULL, &w.min_time, NULL},
        {"learn-time", 0, "MS", "the policy's, to choose among several kernels (2000)", NULL,
         &w.learn_time, NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane bench device [OP|link|launch...] [OPTION...]",
              .about =
                  "Times a device on operands that stay in its memory: each kernel that it has for "
                  "an\noperation, in turn, on a stream and with one wait, checked against pieces "
                  "of the\noracle's result; link: bytes up and down, from plain and from pinned "
                  "memory; launch:\na call that does next to nothing. --json: one line for each "
                  "measurement.\n\n"
                  "  vane bench device --backend cuda add softmax --sizes 67108864\n"
                  "  vane bench device matmul --sizes 4096x4096",
              .options = options};
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    rc = configure(&d, &w);
    if (!rc)
        rc = bench_device_open(&d, w.backend, w.device);
    bench_device_rows_begin(&rows, a.json);
    if (!rc) {
        rc = run_all(&d, &rows, &w, &a);
        bench_device_rows_end(&rows);
    }
    bench_device_close(&d);
    return rc ? rc : verdict(&rows);
}
