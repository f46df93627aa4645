/* SPDX-License-Identifier: MIT */
/* ops.c - vane ops: the table of operations, as the library itself has it. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "attr.h"
#include "cli.h"
#include "json.h"
#include "table.h"

static void inputs_text(const vane_op_info *op, char *out, size_t bytes)
{
    if (op->max_in == UINT32_MAX)
        snprintf(out, bytes, "%u+", op->min_in);
    else if (op->min_in != op->max_in)
        snprintf(out, bytes, "%u-%u", op->min_in, op->max_in);
    else
        snprintf(out, bytes, "%u", op->min_in);
}

static void row(table *t, const vane_op_info *op)
{
    char inputs[16], attributes[256];
    inputs_text(op, inputs, sizeof inputs);
    attr_describe(op, attributes, sizeof attributes);
    table_cell(t, "%s", op->name);
    table_cell(t, "%s", inputs);
    table_cell(t, "%s", op->signature);
    table_cell(t, "%s", op->dtype_set);
    table_cell(t, "%s", op->out);
    table_cell(t, "%s", op->shape);
    table_cell(t, "%g", op->ulp);
    table_cell(t, "%s", op->onnx[0] ? op->onnx : "-");
    table_cell(t, "%s", attributes[0] ? attributes : "-");
}

static void print(const vane_context *ctx)
{
    table t;
    vane_op_info op;
    table_begin(&t, "lrllllrll",
                "op|inputs|sig|dtypes|output|shape rule|ulp|ONNX|attributes (--attr)");
    for (uint32_t i = 0; i < vane_op_count(ctx); i++)
        if (vane_op_at(ctx, i, &op) == VANE_OK)
            row(&t, &op);
    table_end(&t, stdout, 0);
    puts("\ndtypes  FLOAT f32 f64 f16 bf16; WIDE also i32 i64; SIGNED also i8; NUMERIC also u8; "
         "ALL also bool\n"
         "output  SAME as the input, BOOL, I64, or ANY\n"
         "ulp     allowed distance from the exact result, in units of the data type's epsilon");
}

static void print_json(const vane_context *ctx)
{
    json j;
    vane_op_info op;
    json_begin(&j, stdout);
    json_array(&j, NULL);
    for (uint32_t i = 0; i < vane_op_count(ctx); i++) {
        char attributes[256];
        if (vane_op_at(ctx, i, &op) != VANE_OK)
            continue;
        attr_describe(&op, attributes, sizeof attributes);
        json_object(&j, NULL);
        json_text(&j, "name", op.name);
        json_unsigned(&j, "op", op.op);
        json_unsigned(&j, "min_in", op.min_in);
        if (op.max_in == UINT32_MAX)
            json_null(&j, "max_in");
        else
            json_unsigned(&j, "max_in", op.max_in);
        json_unsigned(&j, "n_out", op.n_out);
        json_text(&j, "signature", op.signature);
        json_text(&j, "params", op.params);
        json_text(&j, "attributes", attributes);
        json_text(&j, "dtype_set", op.dtype_set);
        json_array(&j, "dtypes");
        for (uint32_t t = 0; t < VANE_DTYPE_COUNT; t++)
            if (op.dtypes >> t & 1)
                json_text(&j, NULL, vane_dtype_name(t));
        json_close(&j);
        json_text(&j, "out", op.out);
        json_text(&j, "shape", op.shape);
        json_real(&j, "flops", op.flops);
        json_real(&j, "ulp", op.ulp);
        json_text(&j, "onnx", op.onnx);
        json_close(&j);
    }
    json_end(&j);
}

int cmd_ops(int argc, char **argv)
{
    args a = {.usage = "vane ops [--json]",
              .about = "Prints the table of operations, those that plugins bring included."};
    vane_context *ctx;
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    if (a.count)
        return cli_usage("ops takes no arguments, got '%s'", a.item[0]);
    if ((rc = cli_open(&ctx, 1))) /* the table needs no backend */
        return rc;
    if (a.json)
        print_json(ctx);
    else
        print(ctx);
    vane_close(ctx);
    return CLI_OK;
}
