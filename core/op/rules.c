/* SPDX-License-Identifier: MIT */
/* rules.c - the table of shape rules, and the rule of ops registered by name. */
#include "op/rules.h"

#include <string.h>

#include "error.h"

/* A custom op's output shape is whatever its check() accepts: the caller's. */
static vane_status custom_infer(const vane__request *rq, vane_tensor *out)
{
    if (rq->n_out == 0 || rq->out == NULL)
        return vane__fail(VANE_E_UNSUPPORTED,
                          "%s is registered by name: its output shape is the caller's to know",
                          rq->op->info.name);
    out->rank = rq->out[0]->rank;
    memcpy(out->shape, rq->out[0]->shape, out->rank * sizeof(out->shape[0]));
    return VANE_OK;
}

/* As they are; a scalar becomes rank 1. */
static void custom_normalise(const vane__request *rq, uint32_t part, vane_call *call)
{
    (void)part;
    for (uint32_t i = 0; i < call->n_arg; i++) {
        vane_view *v = &call->arg[i];
        vane__view_of(i < rq->n_in ? rq->in[i] : rq->out[i - rq->n_in], v);
        if (v->rank == 0) {
            v->rank = 1;
            v->shape[0] = v->stride[0] = 1;
        }
    }
}

static double custom_units(const vane_call *call)
{
    const vane_view *v = &call->arg[call->n_arg - 1];
    double n = 1;
    for (uint32_t d = 0; d < v->rank; d++)
        n *= (double)v->shape[d];
    return n;
}

const vane__rule_table vane__rule_custom = {custom_infer, custom_normalise, custom_units};

const vane__rule_table *vane__rule_of(vane__rule rule)
{
    static const vane__rule_table *const tables[] = {
        [VANE__RULE_ELEMENTWISE] = &vane__rule_elementwise,
        [VANE__RULE_REDUCE] = &vane__rule_reduce,
        [VANE__RULE_ARGMAX] = &vane__rule_argmax,
        [VANE__RULE_DOT] = &vane__rule_dot,
        [VANE__RULE_MATMUL] = &vane__rule_matmul,
        [VANE__RULE_GEMM] = &vane__rule_gemm,
        [VANE__RULE_SOFTMAX] = &vane__rule_softmax,
        [VANE__RULE_TRANSPOSE] = &vane__rule_transpose,
        [VANE__RULE_CONCAT] = &vane__rule_concat,
        [VANE__RULE_CUSTOM] = &vane__rule_custom,
    };
    return tables[rule];
}
