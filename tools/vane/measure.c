/* SPDX-License-Identifier: MIT */
/* measure.c - the call again and again, as a program would make it. */
#include "measure.h"

#include <stdlib.h>

#include "bench.h"
#include "cli.h"
#include "shape.h"

#define LEAST_CALLS 64 /* a policy that learns nothing is settled at once */

static int allocate(vane_tensor *t)
{
    t->data = aligned_alloc(64, (size_t)(shape_bytes(t) / 64 + 1) * 64);
    return t->data != NULL;
}

static int is_settled(vane_context *ctx, const vane_op_info *op, const vane_tensor *const *in,
                      uint32_t n_in, vane_tensor *out, const vane_params *params)
{
    vane_decision d = {.struct_size = sizeof d};
    return vane_explain(ctx, op->op, in, n_in, &out, 1, params, &d) != VANE_OK || d.settled;
}

static int repeat(vane_context *ctx, const vane_op_info *op, const vane_tensor *const *in,
                  uint32_t n_in, vane_tensor *out, const vane_params *params, double limit_ns)
{
    double begin = bench_now_ns();
    for (uint64_t i = 0;; i++) {
        if (vane_run(ctx, op->op, in, n_in, &out, 1, params, NULL) != VANE_OK)
            return cli_error();
        double spent = bench_now_ns() - begin;
        if (spent > limit_ns || (i >= LEAST_CALLS && spent > limit_ns / 100 &&
                                 is_settled(ctx, op, in, n_in, out, params)))
            return CLI_OK;
    }
}

int measure_call(vane_context *ctx, const vane_op_info *op, vane_tensor *in, uint32_t n_in,
                 vane_tensor *out, const vane_params *params, double limit_ns)
{
    const vane_tensor **list = calloc(n_in + 1, sizeof *list);
    int ok = list != NULL && allocate(out), rc = CLI_OK;
    for (uint32_t i = 0; ok && i < n_in; i++) {
        list[i] = &in[i];
        if ((ok = allocate(&in[i])))
            bench_value_fill(op, &in[i], i);
    }
    rc = ok ? repeat(ctx, op, list, n_in, out, params, limit_ns) : cli_no_memory();
    for (uint32_t i = 0; i < n_in; i++) {
        free(in[i].data);
        in[i].data = NULL;
    }
    free(out->data);
    out->data = NULL;
    free(list);
    return rc;
}
