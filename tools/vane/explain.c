/* SPDX-License-Identifier: MIT */
/* explain.c - vane explain: what a call would do, without data and without doing it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "attr.h"
#include "cli.h"
#include "decision.h"
#include "measure.h"
#include "shape.h"

typedef struct question {
    vane_op_info op;
    vane_params params;
    const vane_params *given; /* NULL: the defaults */
    vane_tensor *tensor;      /* one for each SHAPE */
    const vane_tensor **input;
    uint32_t n_in;
    vane_tensor out;
    int measure;
} question;

/* WHERE's condition is bool unless the shape says otherwise; FILL's SHAPE is its output. */
static int read_shapes(question *q, int count, char **text, uint32_t dtype)
{
    q->tensor = calloc((size_t)count + 1, sizeof *q->tensor);
    q->input = calloc((size_t)count + 1, sizeof *q->input);
    if (!q->tensor || !q->input)
        return cli_no_memory();
    for (int i = 0; i < count; i++) {
        uint32_t t = q->op.op == VANE_OP_WHERE && i == 0 ? (uint32_t)VANE_BOOL : dtype;
        if (shape_parse(text[i], t, &q->tensor[i]))
            return CLI_USAGE;
        q->input[i] = &q->tensor[i];
    }
    q->n_in = (uint32_t)count;
    if (q->op.max_in == 0 && count == 1) {
        q->out = q->tensor[0];
        q->n_in = 0;
    }
    return CLI_OK;
}

static int check_count(const question *q, int count)
{
    if (q->op.max_in == 0 && count != 1)
        return cli_usage("%s takes one SHAPE, its output's; got %d", q->op.name, count);
    if (q->op.max_in && (q->n_in < q->op.min_in || q->n_in > q->op.max_in))
        return cli_usage("%s takes %u%s SHAPE%s, got %d", q->op.name, q->op.min_in,
                         q->op.max_in > q->op.min_in ? " or more" : "",
                         q->op.max_in == 1 ? "" : "s", count);
    return CLI_OK;
}

static void print(const question *q, const vane_decision *d)
{
    printf("%s", q->op.name);
    for (uint32_t i = 0; i < q->n_in; i++)
        printf("%s %s %s", i ? "," : "", vane_dtype_name(q->tensor[i].dtype),
               shape_text(&q->tensor[i]).s);
    printf(" -> %s %s\n", vane_dtype_name(q->out.dtype), shape_text(&q->out).s);
    decision_print(d);
}

static void json_tensor(json *j, const char *key, const vane_tensor *t)
{
    json_object(j, key);
    json_text(j, "dtype", vane_dtype_name(t->dtype));
    json_array(j, "shape");
    for (uint32_t i = 0; i < t->rank; i++)
        json_integer(j, NULL, t->shape[i]);
    json_close(j);
    json_close(j);
}

static void print_json(const question *q, const vane_decision *d)
{
    json j;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_text(&j, "op", q->op.name);
    json_array(&j, "inputs");
    for (uint32_t i = 0; i < q->n_in; i++)
        json_tensor(&j, NULL, &q->tensor[i]);
    json_close(&j);
    json_tensor(&j, "output", &q->out);
    decision_json(&j, "decision", d);
    json_end(&j);
}

static int answer(vane_context *ctx, question *q, int json_wanted)
{
    vane_decision d = {.struct_size = sizeof d};
    vane_tensor *outs[] = {&q->out};
    if (vane_infer(ctx, q->op.op, q->input, q->n_in, q->given, &q->out) != VANE_OK)
        return cli_error();
    int rc =
        q->measure ? measure_call(ctx, &q->op, q->tensor, q->n_in, &q->out, q->given, 5e9) : CLI_OK;
    if (rc)
        return rc;
    if (vane_explain(ctx, q->op.op, q->input, q->n_in, outs, 1, q->given, &d) != VANE_OK)
        return cli_error();
    if (json_wanted)
        print_json(q, &d);
    else
        print(q, &d);
    return CLI_OK;
}

static int ask(vane_context *ctx, const args *a, const char *dtype, const char *to,
               const args_list *attrs, int measure)
{
    question q = {.measure = measure};
    uint32_t in = VANE_F32;
    int rc = cli_find_op(ctx, a->item[0], &q.op);
    if (!rc && dtype)
        rc = cli_parse_dtype("--dtype", dtype, &in);
    q.out.dtype = in;
    if (!rc)
        rc = attr_parse(&q.op, attrs, &q.params, &q.given);
    if (!rc)
        rc = read_shapes(&q, a->count - 1, a->item + 1, in);
    if (!rc && to && q.op.op != VANE_OP_CAST)
        rc = cli_usage("--to is for cast; %s takes its type from its inputs", q.op.name);
    if (!rc && to)
        rc = cli_parse_dtype("--to", to, &q.out.dtype);
    if (!rc)
        rc = check_count(&q, a->count - 1);
    if (!rc)
        rc = answer(ctx, &q, a->json);
    free(q.tensor);
    free(q.input);
    return rc;
}

int cmd_explain(int argc, char **argv)
{
    const char *dtype = NULL, *to = NULL;
    args_list attrs = {0};
    int measure = 0;
    const args_option options[] = {
        {"dtype", 't', "TYPE", "of the inputs (f32)", NULL, &dtype, NULL},
        {"to", 0, "TYPE", "of cast's output (the input's)", NULL, &to, NULL},
        {"attr", 'a', "KEY=VALUE", "an attribute, see vane ops; repeatable", NULL, NULL, &attrs},
        {"measure", 'm', NULL, "make the call first, until enough is known", &measure, NULL, NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane explain OP SHAPE... [OPTION...]",
              .about =
                  "Prints every candidate for one call, its predicted time, and why it is or is "
                  "not\nthe choice. A SHAPE, one for each input: 512x512, 1,3,224,224, scalar, "
                  "or with its\nown type 64x64:f16. For fill: the output's.\n\n"
                  "  vane explain matmul 512x512 512x512 --measure\n"
                  "  vane explain reduce_sum 64x1000 --attr axes=1 --dtype f64",
              .options = options};
    vane_context *ctx;
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    if (a.count == 0)
        return cli_usage("explain needs an OP and its SHAPEs; 'vane explain -h' has examples");
    if ((rc = cli_open(&ctx, 0)))
        return rc;
    rc = ask(ctx, &a, dtype, to, &attrs, measure);
    vane_close(ctx);
    return rc;
}
