/* SPDX-License-Identifier: MIT */
/* sample.c - one typical call of any op, for the groups that judge more than values. */
#include "sample.h"

#include <stdio.h>

#include "groups.h"

static void sample_params(conform *c, conform_trial *t, uint32_t variant)
{
    vane_params p = {0};
    switch (t->info.op) {
    case VANE_OP_REDUCE_SUM:
    case VANE_OP_REDUCE_MEAN:
    case VANE_OP_REDUCE_MAX:
    case VANE_OP_REDUCE_MIN:
    case VANE_OP_REDUCE_PROD:
        if (variant % 3 == 2) /* every axis */
            return;
        p.reduce.n_axes = 1;
        p.reduce.axes[0] = (int32_t)(variant % 3);
        conform_trial_params(t, &p, "axes=%u", variant % 3);
        return;
    case VANE_OP_ARGMAX:
        p.argmax.axis = (int32_t)(variant & 1);
        conform_trial_params(t, &p, "axis=%u", variant & 1);
        return;
    case VANE_OP_SOFTMAX:
        p.softmax.axis = (int32_t)(variant & 1);
        conform_trial_params(t, &p, "axis=%u", variant & 1);
        return;
    case VANE_OP_CONCAT:
        p.concat.axis = (int32_t)(variant & 1);
        conform_trial_params(t, &p, "axis=%u", variant & 1);
        return;
    case VANE_OP_GEMM:
        p.gemm = (vane_gemm_params){0.5, 2, variant & 1, variant >> 1};
        conform_trial_params(t, &p, "alpha=0.5 beta=2 ta=%u tb=%u", variant & 1, variant >> 1);
        return;
    default:
        conform_vary_params(c, t);
    }
}

/* a is m x k, b is k x n, with about rows * columns elements in the output. */
static int sample_product(conform_trial *t, uint32_t dtype, uint32_t variant, int64_t m, int64_t n)
{
    const int64_t k = 65;
    const int turn_a = t->info.op == VANE_OP_GEMM && (variant & 1);
    const int turn_b = t->info.op == VANE_OP_GEMM && variant >> 1;
    const int64_t a[] = {turn_a ? k : m, turn_a ? m : k}, b[] = {turn_b ? n : k, turn_b ? k : n};
    const int64_t addend[] = {m, n};
    t->terms = (double)k + 1;
    return conform_trial_input(t, dtype, 2, a, 0) && conform_trial_input(t, dtype, 2, b, 0) &&
           (t->info.op != VANE_OP_GEMM || conform_trial_input(t, dtype, 2, addend, 0));
}

static int sample_inputs(conform_trial *t, uint32_t dtype, uint32_t variant, int64_t rows,
                         int64_t columns)
{
    const int64_t shape[] = {rows, columns}, flat[] = {rows * columns};
    const uint32_t count = t->info.op == VANE_OP_CONCAT ? 3 : t->info.min_in;
    int made = 1;
    if (t->info.op == VANE_OP_MATMUL || t->info.op == VANE_OP_GEMM)
        return sample_product(t, dtype, variant, rows < 120 ? rows : 120,
                              columns < 150 ? columns : 150);
    t->terms = (double)(rows * columns);
    if (t->info.op == VANE_OP_FILL)
        t->want.t = vane_tensor_of(NULL, (vane_dtype)dtype, 2, shape);
    for (uint32_t i = 0; made && i < count; i++) {
        uint32_t own = t->info.op == VANE_OP_WHERE && i == 0 ? (uint32_t)VANE_BOOL : dtype;
        made = t->info.op == VANE_OP_DOT ? conform_trial_input(t, own, 1, flat, 0)
                                         : conform_trial_input(t, own, 2, shape, 0);
    }
    return made;
}

int conform_sample(conform *c, conform_trial *t, const vane_op_info *info, uint32_t dtype,
                   uint32_t variant, int64_t rows, int64_t columns)
{
    conform_trial_open(t, info, dtype, variant == 3 ? CONFORM_SPECIAL : CONFORM_ORDINARY);
    if (info->op == VANE_OP_CAST) {
        t->want.t.dtype = (dtype + 1 + variant) % VANE_DTYPE_COUNT;
        snprintf(t->params_text, sizeof t->params_text, "to %s", vane_dtype_name(t->want.t.dtype));
    }
    sample_params(c, t, variant);
    return sample_inputs(t, dtype, variant, rows, columns) && conform_trial_solve(c, t);
}
