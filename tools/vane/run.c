/* SPDX-License-Identifier: MIT */
/* run.c - vane run: one operation on .npy files, the result into another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "attr.h"
#include "cli.h"
#include "decision.h"
#include "npy.h"
#include "shape.h"
#include "text.h"

typedef struct wish {
    const char *output, *dtype, *shape, *backend, *width;
    args_list attrs;
    int explain, json;
} wish;

typedef struct job {
    vane_op_info op;
    vane_params params;
    const vane_params *given; /* NULL: the defaults */
    npy_array *file;
    const vane_tensor **input;
    uint32_t n_in;
    uint32_t width;
    vane_tensor out;
    vane_decision decision;
    double wall_ns;
} job;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int check_inputs(const vane_op_info *op, int count)
{
    uint32_t n = (uint32_t)count;
    if (n >= op->min_in && n <= op->max_in && op->n_out == 1)
        return CLI_OK;
    if (op->n_out != 1)
        return cli_usage("%s has %u outputs; vane run writes one", op->name, op->n_out);
    return cli_usage("%s takes %u%s input file%s, got %d", op->name, op->min_in,
                     op->max_in == UINT32_MAX       ? " or more"
                     : op->max_in == op->min_in + 1 ? " or one more"
                                                    : "",
                     op->max_in == 1 ? "" : "s", count);
}

/* The type and shape that only the user can know: cast's type, fill's both. */
static int check_output(job *j, const wish *w)
{
    int is_cast = j->op.op == VANE_OP_CAST;
    int is_fill = j->op.op == VANE_OP_FILL;
    uint32_t dtype = VANE_F32;
    if (w->dtype && !is_cast && !is_fill)
        return cli_usage("--dtype is for cast and fill; %s takes its type from its inputs",
                         j->op.name);
    if (w->shape && !is_fill)
        return cli_usage("--shape is for fill; %s takes its shape from its inputs", j->op.name);
    if (is_cast && !w->dtype)
        return cli_usage("cast needs --dtype TYPE, what to cast to");
    if (is_fill && !w->shape)
        return cli_usage("fill needs --shape SHAPE");
    if (w->dtype && cli_parse_dtype("--dtype", w->dtype, &dtype))
        return CLI_USAGE;
    j->out.dtype = dtype;
    return w->shape ? shape_parse(w->shape, dtype, &j->out) : CLI_OK;
}

static int prepare(vane_context *ctx, job *j, const args *a, const wish *w)
{
    int rc = cli_find_op(ctx, a->item[0], &j->op);
    if (!rc)
        rc = check_inputs(&j->op, a->count - 1);
    if (!rc)
        rc = check_output(j, w);
    if (!rc)
        rc = attr_parse(&j->op, &w->attrs, &j->params, &j->given);
    if (!rc && w->backend)
        rc = cli_check_backend(ctx, w->backend);
    if (!rc && w->width)
        rc = cli_parse_count("--width", w->width, &j->width);
    return rc;
}

static int load(job *j, int count, char **path)
{
    char why[NPY_WHY];
    j->file = calloc((size_t)count + 1, sizeof *j->file);
    j->input = calloc((size_t)count + 1, sizeof *j->input);
    if (!j->file || !j->input)
        return cli_no_memory();
    for (int i = 0; i < count; i++) {
        if (!npy_open(path[i], &j->file[i], why))
            return cli_fail("%s: %s", path[i], why);
        j->input[i] = &j->file[i].tensor;
        j->n_in++;
    }
    return CLI_OK;
}

static int compute(vane_context *ctx, job *j, const char *backend)
{
    vane_tensor *outs[] = {&j->out};
    vane_options options = {.struct_size = sizeof options,
                            .width = j->width,
                            .backend = backend,
                            .decision = &j->decision};
    j->decision.struct_size = sizeof j->decision;
    if (vane_infer(ctx, j->op.op, j->input, j->n_in, j->given, &j->out) != VANE_OK)
        return cli_error();
    uint64_t bytes = shape_bytes(&j->out);
    if (bytes > (uint64_t)INT64_MAX - 64 ||
        !(j->out.data = aligned_alloc(64, (size_t)(bytes / 64 + 1) * 64)))
        return cli_fail("no memory for an output of %s", text_bytes((double)bytes).s);
    double begin = now_ns();
    if (vane_run(ctx, j->op.op, j->input, j->n_in, outs, 1, j->given, &options) != VANE_OK)
        return cli_error();
    j->wall_ns = now_ns() - begin;
    return CLI_OK;
}

static const vane_candidate *winner(const vane_decision *d)
{
    return d->ran < d->count ? &d->candidates[d->ran] : NULL;
}

static void print(const job *j, const wish *w)
{
    const vane_candidate *c = winner(&j->decision);
    printf("%s: %s %s, %s", w->output, vane_dtype_name(j->out.dtype), shape_text(&j->out).s,
           j->op.name);
    if (c)
        printf(" on %s, %u thread%s", c->backend, c->width, c->width == 1 ? "" : "s");
    printf(", %s\n", text_ns(j->wall_ns).s);
    if (w->explain)
        decision_print(&j->decision);
}

static void print_json(const job *j, const wish *w)
{
    const vane_candidate *c = winner(&j->decision);
    json out;
    json_begin(&out, stdout);
    json_object(&out, NULL);
    json_text(&out, "op", j->op.name);
    json_text(&out, "output", w->output);
    json_text(&out, "dtype", vane_dtype_name(j->out.dtype));
    json_array(&out, "shape");
    for (uint32_t i = 0; i < j->out.rank; i++)
        json_integer(&out, NULL, j->out.shape[i]);
    json_close(&out);
    json_text(&out, "backend", c ? c->backend : NULL);
    json_text(&out, "kernel", c ? c->kernel : NULL);
    if (c)
        json_unsigned(&out, "threads", c->width);
    else
        json_null(&out, "threads");
    json_real(&out, "wall_ns", j->wall_ns);
    if (w->explain)
        decision_json(&out, "decision", &j->decision);
    json_end(&out);
}

static int perform(vane_context *ctx, const args *a, const wish *w)
{
    char why[NPY_WHY];
    job j = {0};
    int rc = prepare(ctx, &j, a, w);
    if (!rc)
        rc = load(&j, a->count - 1, a->item + 1);
    if (!rc)
        rc = compute(ctx, &j, w->backend);
    if (!rc && !npy_save(w->output, &j.out, why))
        rc = cli_fail("%s: %s", w->output, why);
    if (!rc && w->json)
        print_json(&j, w);
    else if (!rc)
        print(&j, w);
    for (uint32_t i = 0; i < j.n_in; i++)
        npy_close(&j.file[i]);
    free(j.out.data);
    free(j.input);
    free(j.file);
    return rc;
}

int cmd_run(int argc, char **argv)
{
    wish w = {0};
    const args_option options[] = {
        {"output", 'o', "FILE", "where the result goes; replaced only on success", NULL, &w.output,
         NULL},
        {"attr", 'a', "KEY=VALUE", "an attribute, see vane ops; repeatable", NULL, NULL, &w.attrs},
        {"dtype", 't', "TYPE", "the output's, for cast and fill", NULL, &w.dtype, NULL},
        {"shape", 0, "SHAPE", "the output's, for fill: 2x3 or 2,3", NULL, &w.shape, NULL},
        {"backend", 'b', "NAME", "only this backend", NULL, &w.backend, NULL},
        {"width", 'w', "N", "this many threads", NULL, &w.width, NULL},
        {"explain", 0, NULL, "print who could have run it, and why not", &w.explain, NULL, NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane run OP IN.npy... -o OUT.npy [OPTION...]",
              .about = "Runs one operation on .npy files on the fastest backend.\n\n"
                       "  vane run matmul a.npy b.npy -o c.npy\n"
                       "  vane run reduce_sum a.npy -o s.npy --attr axes=0,1 --attr keepdims=0\n"
                       "  vane run cast a.npy -o half.npy --dtype f16",
              .options = options};
    vane_context *ctx;
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    w.json = a.json;
    if (a.count == 0)
        return cli_usage("run needs an OP and its input files; 'vane run -h' has examples");
    if (!w.output)
        return cli_usage("run needs -o FILE, where the result goes");
    if ((rc = cli_open(&ctx, 0)))
        return rc;
    rc = perform(ctx, &a, &w);
    vane_close(ctx);
    return rc;
}
