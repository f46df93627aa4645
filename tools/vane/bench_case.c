/* SPDX-License-Identifier: MIT */
/* bench_case.c - one op on inputs of one shape and type, with data and room for results. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cli.h"
#include "shape.h"
#include "text.h"

static int rule_is(const vane_op_info *op, const char *rule)
{
    return !strcmp(op->shape, rule);
}

static int is_square(const vane_op_info *op)
{
    return rule_is(op, "MATMUL") || rule_is(op, "GEMM") || rule_is(op, "TRANSPOSE");
}

const char *bench_case_sizes(const vane_op_info *op)
{
    if (rule_is(op, "MATMUL") || rule_is(op, "GEMM"))
        return "64x64,256x256,512x512";
    return "1e3,1e5,1e7";
}

/* A number of elements, in the shape that suits the op. */
static vane_tensor tensor_of_count(const vane_op_info *op, double n, uint32_t dtype)
{
    int64_t count = (int64_t)n;
    int64_t edge = (int64_t)llround(sqrt(n));
    int64_t row = count < 512 ? count : 512;
    if (is_square(op))
        return vane_tensor_of(NULL, (vane_dtype)dtype, 2, (int64_t[]){edge, edge});
    if (rule_is(op, "SOFTMAX"))
        return vane_tensor_of(NULL, (vane_dtype)dtype, 2, (int64_t[]){count / row, row});
    if (rule_is(op, "CONCAT"))
        count = count > 1 ? count / 2 : 1;
    return vane_tensor_of(NULL, (vane_dtype)dtype, 1, &count);
}

static int parse_size(bench_case *c, const char *size, uint32_t dtype, vane_tensor *list,
                      uint32_t *count)
{
    char copy[160], *rest = copy;
    double n;
    *count = 0;
    if (text_real(size, &n)) {
        if (!(n >= 1 && n <= 1e12))
            return cli_usage("--sizes: %s is not a number from 1 to 1e12", size);
        list[(*count)++] = tensor_of_count(&c->op, n, dtype);
        return CLI_OK;
    }
    if (strlen(size) >= sizeof copy)
        return cli_usage("--sizes: '%s' is too long", size);
    strcpy(copy, size);
    for (char *item; (item = strsep(&rest, ":"));) {
        if (*count == BENCH_INPUTS)
            return cli_usage("--sizes: '%s' has more than %d shapes", size, BENCH_INPUTS);
        if (shape_parse(item, dtype, &list[(*count)++]))
            return CLI_USAGE;
    }
    return CLI_OK;
}

static uint32_t input_count(const vane_op_info *op, uint32_t shapes)
{
    uint32_t least = rule_is(op, "CONCAT") ? 2 : op->min_in;
    return shapes > least && shapes <= op->max_in ? shapes : least;
}

static int lay_out(bench_case *c, const char *size, uint32_t dtype)
{
    vane_tensor list[BENCH_INPUTS];
    uint32_t shapes;
    size_t used = 0;
    if (parse_size(c, size, dtype, list, &shapes))
        return CLI_USAGE;
    c->n_in = input_count(&c->op, shapes);
    if (shapes != 1 && shapes != c->n_in)
        return cli_usage("--sizes: '%s' has %u shapes, %s takes %u inputs", size, shapes,
                         c->op.name, c->n_in);
    if (c->n_in > BENCH_INPUTS)
        return cli_usage("%s has more inputs than vane bench can make", c->op.name);
    for (uint32_t i = 0; i < c->n_in; i++) {
        c->in[i] = list[shapes == 1 ? 0 : i];
        if (c->op.op == VANE_OP_WHERE && i == 0)
            c->in[i].dtype = VANE_BOOL;
        c->input[i] = &c->in[i];
    }
    for (uint32_t i = 0; i < shapes; i++)
        used +=
            (size_t)snprintf(c->shape + used, used < sizeof c->shape ? sizeof c->shape - used : 0,
                             "%s%s", i ? ":" : "", shape_text(&list[i]).s);
    if (c->n_in == 0) {
        c->out = list[0];
        c->out.dtype = dtype;
    }
    return CLI_OK;
}

static int allocate(vane_tensor *t)
{
    uint64_t bytes = shape_bytes(t);
    if (bytes > (uint64_t)INT64_MAX - 64)
        return 0;
    /* one byte at least; a full cache line, so that no case shares one with another */
    t->data = aligned_alloc(64, (size_t)(bytes / 64 + 1) * 64);
    return t->data != NULL;
}

int bench_case_shape(vane_context *ctx, bench_case *c, const char *size, uint32_t dtype,
                     uint32_t to)
{
    int rc = lay_out(c, size, dtype);
    if (rc)
        return rc;
    if (c->op.op == VANE_OP_CAST)
        c->out.dtype = to;
    if (vane_infer(ctx, c->op.op, c->input, c->n_in, c->given, &c->out) != VANE_OK)
        return cli_error();
    c->want = c->scale = c->out;
    c->want.data = c->scale.data = NULL;
    return CLI_OK;
}

int bench_case_decide(vane_context *ctx, bench_case *c)
{
    vane_tensor *outs[] = {&c->out};
    c->decision.struct_size = sizeof c->decision;
    if (vane_explain(ctx, c->op.op, c->input, c->n_in, outs, 1, c->given, &c->decision) != VANE_OK)
        return cli_error();
    c->flops = c->decision.flops;
    c->bytes = c->decision.bytes;
    for (uint32_t i = 0; i < c->decision.count; i++)
        if (c->decision.candidates[i].numerics == VANE_NUMERICS_ORACLE)
            c->oracle = c->decision.candidates[i].backend;
    return CLI_OK;
}

int bench_case_open(vane_context *ctx, bench_case *c, const char *size, uint32_t dtype, uint32_t to)
{
    int rc = bench_case_shape(ctx, c, size, dtype, to);
    for (uint32_t i = 0; !rc && i < c->n_in; i++) {
        if (!allocate(&c->in[i]))
            return cli_no_memory();
        bench_value_fill(&c->op, &c->in[i], i);
    }
    if (!rc && !allocate(&c->out))
        return cli_no_memory();
    if (!rc)
        rc = bench_case_decide(ctx, c);
    return rc ? rc : bench_check_prepare(ctx, c);
}

void bench_case_close(bench_case *c)
{
    for (uint32_t i = 0; i < c->n_in && i < BENCH_INPUTS; i++)
        free(c->in[i].data);
    free(c->out.data);
    free(c->want.data);
    free(c->scale.data);
}
