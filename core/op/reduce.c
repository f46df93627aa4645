/* SPDX-License-Identifier: MIT */
/* reduce.c - reductions over axes, argmax over one, dot over all, softmax along one. */
#include <string.h>

#include "error.h"
#include "op/rules.h"
#include "op/tensor.h"

/* Bit d: dimension d is reduced. -1 and the sentence: an axis is wrong. */
static int64_t reduced_dims(const vane__request *rq)
{
    uint32_t rank = rq->in[0]->rank;
    const char *op = rq->op->info.name;
    if (rq->op->rule == VANE__RULE_ARGMAX) {
        int32_t axis = vane__axis(op, "axis", rq->params->argmax.axis, rank);
        return axis < 0 ? -1 : (int64_t)1 << axis;
    }
    const vane_reduce_params *p = &rq->params->reduce;
    int64_t dims = p->n_axes == 0 ? ((int64_t)1 << rank) - 1 : 0;
    if (p->n_axes > VANE_MAX_RANK)
        return vane__fail(VANE_E_ARGUMENT, "%s: n_axes is %u, expected at most %d", op, p->n_axes,
                          VANE_MAX_RANK),
               -1;
    for (uint32_t i = 0; i < p->n_axes; i++) {
        int32_t axis = vane__axis(op, "axes", p->axes[i], rank);
        if (axis < 0)
            return -1;
        if (dims >> axis & 1)
            return vane__fail(VANE_E_ARGUMENT, "%s: axes names dimension %d twice", op, axis), -1;
        dims |= (int64_t)1 << axis;
    }
    return dims;
}

static vane_status reduce_infer(const vane__request *rq, vane_tensor *out)
{
    const vane_tensor *x = rq->in[0];
    int64_t dims = reduced_dims(rq);
    if (dims < 0)
        return vane_last_error()->status;
    if (rq->op->rule == VANE__RULE_ARGMAX) {
        for (uint32_t d = 0; d < x->rank; d++)
            if ((dims >> d & 1) && x->shape[d] == 0)
                return vane__fail(
                    VANE_E_SHAPE,
                    "argmax: x's dimension %u is 0, expected at least 1 along the axis", d);
    }
    uint32_t drop = rq->op->rule == VANE__RULE_ARGMAX ? rq->params->argmax.drop_dims
                                                      : rq->params->reduce.drop_dims;
    out->rank = 0;
    for (uint32_t d = 0; d < x->rank; d++) {
        if (!(dims >> d & 1))
            out->shape[out->rank++] = x->shape[d];
        else if (!drop)
            out->shape[out->rank++] = 1;
    }
    return VANE_OK;
}

/* Kept dimensions first, then the reduced ones; the output's stride is 0 in those. */
static void reduce_normalise(const vane__request *rq, uint32_t part, vane_call *call)
{
    (void)part;
    const vane_tensor *x = rq->in[0], *y = rq->out[0];
    vane_view *in = &call->arg[0], *out = &call->arg[1];
    int64_t dims = reduced_dims(rq);
    int kept_form = y->rank == x->rank;
    uint32_t kept = 0, reduced = 0, from = 0;
    int empty = 0;
    vane__view_of(x, in);
    vane__view_of(y, out);
    in->rank = 0;
    for (uint32_t d = 0; d < x->rank; d++) {
        int is_reduced = dims >> d & 1;
        if (!is_reduced) {
            in->shape[in->rank] = x->shape[d];
            in->stride[in->rank] = x->stride[d];
            out->stride[in->rank++] = y->stride[kept_form ? d : from];
            kept++;
        }
        from += !is_reduced;
    }
    if (kept == 0) {
        in->shape[in->rank] = 1;
        in->stride[in->rank] = out->stride[in->rank] = 1;
        in->rank++;
        kept = 1;
    }
    for (uint32_t d = 0; d < x->rank; d++) {
        if (!(dims >> d & 1))
            continue;
        in->shape[in->rank] = x->shape[d];
        in->stride[in->rank] = x->stride[d];
        out->stride[in->rank++] = 0;
        empty |= x->shape[d] == 0;
        reduced++;
    }
    if (empty) { /* no terms: however many dimensions there were, none is walked */
        in->rank = kept + 1;
        in->shape[kept] = 0;
        in->stride[kept] = out->stride[kept] = 0;
        reduced = 1;
    }
    if (reduced == 0) { /* a scalar: one term */
        in->shape[in->rank] = 1;
        in->stride[in->rank] = 1;
        out->stride[in->rank++] = 0;
        reduced = 1;
    }
    out->rank = in->rank;
    memcpy(out->shape, in->shape, in->rank * sizeof(in->shape[0]));
    vane__views_merge(call->arg, 2, 0, &kept);
    vane__views_merge(call->arg, 2, kept, &reduced);
    call->n_outer = kept;
}

static double input_units(const vane_call *call)
{
    double n = 1;
    for (uint32_t d = 0; d < call->arg[0].rank; d++)
        n *= (double)call->arg[0].shape[d];
    return n;
}

const vane__rule_table vane__rule_reduce = {reduce_infer, reduce_normalise, input_units};
const vane__rule_table vane__rule_argmax = {reduce_infer, reduce_normalise, input_units};

/* ---- dot ------------------------------------------------------------------------- */

static vane_status dot_infer(const vane__request *rq, vane_tensor *out)
{
    const vane_tensor *a = rq->in[0], *b = rq->in[1];
    if (a->rank != 1 || b->rank != 1)
        return vane__fail(VANE_E_SHAPE, "dot: a has rank %u and b rank %u, expected 1 and 1",
                          a->rank, b->rank);
    if (a->shape[0] != b->shape[0])
        return vane__fail(VANE_E_SHAPE, "dot: b has %lld elements, expected %lld (a's)",
                          (long long)b->shape[0], (long long)a->shape[0]);
    out->rank = 0;
    return VANE_OK;
}

static void dot_normalise(const vane__request *rq, uint32_t part, vane_call *call)
{
    (void)part;
    vane__view_of(rq->in[0], &call->arg[0]);
    vane__view_of(rq->in[1], &call->arg[1]);
    vane__view_of(rq->out[0], &call->arg[2]);
    call->arg[2].rank = 1;
    call->arg[2].shape[0] = call->arg[2].stride[0] = 1;
}

const vane__rule_table vane__rule_dot = {dot_infer, dot_normalise, input_units};

/* ---- softmax --------------------------------------------------------------------- */

static vane_status softmax_infer(const vane__request *rq, vane_tensor *out)
{
    const vane_tensor *x = rq->in[0];
    if (x->rank == 0)
        return vane__fail(VANE_E_SHAPE, "softmax: x is a scalar, expected rank 1 or more");
    if (vane__axis("softmax", "axis", rq->params->softmax.axis, x->rank) < 0)
        return VANE_E_SHAPE;
    out->rank = x->rank;
    memcpy(out->shape, x->shape, x->rank * sizeof(x->shape[0]));
    return VANE_OK;
}

/* Outer dimensions first (one at least), the axis last. */
static void axis_last(const vane_tensor *t, uint32_t axis, vane_view *v)
{
    vane__view_of(t, v);
    v->rank = 0;
    for (uint32_t d = 0; d < t->rank; d++) {
        if (d == axis)
            continue;
        v->shape[v->rank] = t->shape[d];
        v->stride[v->rank++] = t->stride[d];
    }
    if (v->rank == 0) {
        v->shape[0] = v->stride[0] = 1;
        v->rank = 1;
    }
    v->shape[v->rank] = t->shape[axis];
    v->stride[v->rank++] = t->stride[axis];
}

static void softmax_normalise(const vane__request *rq, uint32_t part, vane_call *call)
{
    (void)part;
    int32_t axis = rq->params->softmax.axis;
    axis += axis < 0 ? (int32_t)rq->in[0]->rank : 0;
    axis_last(rq->in[0], (uint32_t)axis, &call->arg[0]);
    axis_last(rq->out[0], (uint32_t)axis, &call->arg[1]);
    uint32_t outer = call->arg[0].rank - 1;
    vane__views_merge(call->arg, 2, 0, &outer);
}

const vane__rule_table vane__rule_softmax = {softmax_infer, softmax_normalise, input_units};
