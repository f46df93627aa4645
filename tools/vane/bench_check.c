/* SPDX-License-Identifier: MIT */
/* bench_check.c - is a result within the op's tolerance of the oracle's?
 *
 * Integers and bools must be equal. Floats may differ by the op's ulp times epsilon, relative
 * to the result, or for sums of products to the sum of the terms' sizes; that sum is the same
 * op, run by the oracle on the absolute values.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cli.h"
#include "shape.h"

static int is_sum(const bench_case *c)
{
    uint32_t op = c->op.op;
    return bench_value_is_float(c->out.dtype) &&
           (op == VANE_OP_REDUCE_SUM || op == VANE_OP_REDUCE_MEAN || op == VANE_OP_DOT ||
            op == VANE_OP_MATMUL || op == VANE_OP_GEMM);
}

static int allocate(vane_tensor *t)
{
    t->data = aligned_alloc(64, (size_t)(shape_bytes(t) / 64 + 1) * 64);
    return t->data ? CLI_OK : cli_no_memory();
}

static int run_oracle(vane_context *ctx, const bench_case *c, const vane_tensor *const *input,
                      const vane_params *params, vane_tensor *out)
{
    vane_tensor *outs[] = {out};
    vane_options options = {.struct_size = sizeof options, .backend = c->oracle};
    if (vane_run(ctx, c->op.op, input, c->n_in, outs, 1, params, &options) != VANE_OK)
        return cli_error();
    return CLI_OK;
}

static void absolute(vane_tensor *t)
{
    int64_t count = vane_tensor_count(t);
    for (int64_t i = 0; i < count; i++)
        bench_value_put(t->dtype, t->data, i, fabs(bench_value_get(t->dtype, t->data, i)));
}

static int prepare_scale(vane_context *ctx, bench_case *c)
{
    vane_tensor copy[BENCH_INPUTS];
    const vane_tensor *input[BENCH_INPUTS];
    vane_params params = c->params;
    int rc = allocate(&c->scale);
    for (uint32_t i = 0; i < c->n_in; i++) {
        copy[i] = c->in[i];
        input[i] = &copy[i];
        copy[i].data = NULL;
        if (!rc && !(rc = allocate(&copy[i]))) {
            memcpy(copy[i].data, c->in[i].data, (size_t)shape_bytes(&copy[i]));
            absolute(&copy[i]);
        }
    }
    if (c->op.op == VANE_OP_GEMM) {
        params.gemm.alpha = fabs(params.gemm.alpha);
        params.gemm.beta = fabs(params.gemm.beta);
    }
    if (!rc)
        rc = run_oracle(ctx, c, input, c->given ? &params : NULL, &c->scale);
    for (uint32_t i = 0; i < c->n_in; i++)
        free(copy[i].data);
    return rc;
}

int bench_check_prepare(vane_context *ctx, bench_case *c)
{
    if (!c->oracle)
        return CLI_OK;
    int rc = allocate(&c->want);
    if (!rc)
        rc = run_oracle(ctx, c, c->input, c->given, &c->want);
    if (!rc && is_sum(c))
        rc = prepare_scale(ctx, c);
    return rc;
}

static int close_enough(const bench_case *c, int64_t i, double got, double want)
{
    uint32_t t = c->out.dtype;
    if (got == want || (isnan(got) && isnan(want)))
        return 1;
    if (!isfinite(got) || !isfinite(want))
        return 0;
    double scale = fabs(c->scale.data ? bench_value_get(t, c->scale.data, i) : want);
    return fabs(got - want) <=
           c->op.ulp * bench_value_epsilon(t) * fmax(scale, bench_value_min_normal(t));
}

int bench_check(const bench_case *c, char *why, size_t bytes)
{
    uint32_t t = c->out.dtype;
    int64_t count = vane_tensor_count(&c->out);
    if (!bench_value_is_float(t) &&
        !memcmp(c->out.data, c->want.data, (size_t)shape_bytes(&c->out)))
        return 1;
    for (int64_t i = 0; i < count; i++) {
        double got = bench_value_get(t, c->out.data, i);
        double want = bench_value_get(t, c->want.data, i);
        if (bench_value_is_float(t) ? !close_enough(c, i, got, want) : got != want) {
            snprintf(why, bytes, "element %" PRId64 " is %.9g, %s has %.9g", i, got, c->oracle,
                     want);
            return 0;
        }
    }
    if (!bench_value_is_float(t)) { /* differs only beyond a double's 53 bits */
        snprintf(why, bytes, "a 64-bit integer differs from %s's", c->oracle);
        return 0;
    }
    return 1;
}
