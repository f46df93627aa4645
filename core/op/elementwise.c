/* SPDX-License-Identifier: MIT */
/* elementwise.c - multidirectional broadcasting (ONNX, "Broadcasting"), and transpose and
 * concat, whose calls are copies. */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "op/rules.h"
#include "op/tensor.h"

/* Dimensions are aligned at the end; equal, or one of the two is 1. */
static vane_status widen(const vane__request *rq, uint32_t i, vane_tensor *out)
{
    const vane_tensor *t = rq->in[i];
    if (t->rank > out->rank) {
        uint32_t shift = t->rank - out->rank;
        memmove(out->shape + shift, out->shape, out->rank * sizeof(out->shape[0]));
        for (uint32_t d = 0; d < shift; d++)
            out->shape[d] = 1;
        out->rank = t->rank;
    }
    uint32_t shift = out->rank - t->rank;
    for (uint32_t d = 0; d < t->rank; d++) {
        int64_t *have = &out->shape[d + shift];
        if (*have == 1)
            *have = t->shape[d];
        else if (t->shape[d] != 1 && t->shape[d] != *have) {
            char a[VANE__SHAPE_TEXT], b[VANE__SHAPE_TEXT], name[16];
            vane__shape_text(t->rank, t->shape, a, sizeof a);
            vane__shape_text(out->rank, out->shape, b, sizeof b);
            return vane__fail(
                VANE_E_SHAPE,
                "%s: %s has shape %s, which does not broadcast with %s of the inputs before it",
                rq->op->info.name, vane__input_name(rq->op, i, name, sizeof name), a, b);
        }
    }
    return VANE_OK;
}

static vane_status broadcast_infer(const vane__request *rq, vane_tensor *out)
{
    if (rq->n_in == 0)
        return VANE_OK; /* fill: the caller's shape */
    out->rank = 0;
    for (uint32_t i = 0; i < rq->n_in; i++) {
        vane_status st = widen(rq, i, out);
        if (st != VANE_OK)
            return st;
    }
    return VANE_OK;
}

static void broadcast_view(const vane_tensor *t, const vane_tensor *out, vane_view *v)
{
    uint32_t shift = out->rank - t->rank;
    v->data = t->data;
    v->mem = NULL;
    v->offset_bytes = 0;
    v->dtype = t->dtype;
    v->rank = out->rank;
    for (uint32_t d = 0; d < out->rank; d++) {
        v->shape[d] = out->shape[d];
        v->stride[d] = d < shift || (t->shape[d - shift] == 1 && out->shape[d] != 1)
                           ? 0
                           : t->stride[d - shift];
    }
}

/* Sort, merge, and give a scalar its one dimension; FLAT if all of it is one run. */
static void flatten(vane_call *call)
{
    uint32_t rank = call->arg[0].rank;
    if (rank > 0) {
        vane__views_sort(call->arg, call->n_arg);
        vane__views_merge(call->arg, call->n_arg, 0, &rank);
    }
    int flat = 1;
    for (uint32_t i = 0; i < call->n_arg; i++) {
        vane_view *v = &call->arg[i];
        if (v->rank == 0)
            v->shape[0] = 1;
        v->rank = rank == 0 ? 1 : rank;
        if (v->rank == 1 && v->shape[0] == 1)
            v->stride[0] = 1;
        flat &= v->rank == 1 && v->stride[0] == 1;
    }
    call->flags |= flat ? (uint32_t)VANE_CALL_FLAT : 0;
}

static void broadcast_normalise(const vane__request *rq, uint32_t part, vane_call *call)
{
    (void)part;
    for (uint32_t i = 0; i < rq->n_in; i++)
        broadcast_view(rq->in[i], rq->out[0], &call->arg[i]);
    vane__view_of(rq->out[0], &call->arg[rq->n_in]);
    flatten(call);
}

static double output_units(const vane_call *call)
{
    const vane_view *v = &call->arg[call->n_arg - 1];
    double n = 1;
    for (uint32_t d = 0; d < v->rank; d++)
        n *= (double)v->shape[d];
    return n;
}

const vane__rule_table vane__rule_elementwise = {broadcast_infer, broadcast_normalise,
                                                 output_units};

/* ---- transpose ------------------------------------------------------------------ */

static vane_status permutation(const vane__request *rq, uint32_t rank, int32_t *perm)
{
    const vane_transpose_params *p = &rq->params->transpose;
    if (p->n_perm == 0) {
        for (uint32_t d = 0; d < rank; d++)
            perm[d] = (int32_t)(rank - 1 - d);
        return VANE_OK;
    }
    if (p->n_perm != rank)
        return vane__fail(VANE_E_SHAPE, "transpose: perm has %u entries, expected %u (x's rank)",
                          p->n_perm, rank);
    uint32_t seen = 0;
    for (uint32_t d = 0; d < rank; d++) {
        perm[d] = vane__axis("transpose", "perm", p->perm[d], rank);
        if (perm[d] < 0)
            return VANE_E_SHAPE;
        if (seen >> perm[d] & 1)
            return vane__fail(VANE_E_SHAPE, "transpose: perm names dimension %d twice", perm[d]);
        seen |= 1u << perm[d];
    }
    return VANE_OK;
}

static vane_status transpose_infer(const vane__request *rq, vane_tensor *out)
{
    int32_t perm[VANE_MAX_RANK];
    const vane_tensor *x = rq->in[0];
    vane_status st = permutation(rq, x->rank, perm);
    out->rank = x->rank;
    for (uint32_t d = 0; st == VANE_OK && d < x->rank; d++)
        out->shape[d] = x->shape[perm[d]];
    return st;
}

static void transpose_normalise(const vane__request *rq, uint32_t part, vane_call *call)
{
    (void)part;
    int32_t perm[VANE_MAX_RANK];
    permutation(rq, rq->in[0]->rank, perm); /* infer found it good */
    vane__view_of(rq->in[0], &call->arg[0]);
    vane__view_of(rq->out[0], &call->arg[1]);
    for (uint32_t d = 0; d < rq->in[0]->rank; d++) {
        call->arg[0].shape[d] = rq->in[0]->shape[perm[d]];
        call->arg[0].stride[d] = rq->in[0]->stride[perm[d]];
    }
    flatten(call);
}

const vane__rule_table vane__rule_transpose = {transpose_infer, transpose_normalise, output_units};

/* ---- concat ---------------------------------------------------------------------- */

static vane_status concat_mismatch(const vane__request *rq, uint32_t i, int32_t axis)
{
    char a[VANE__SHAPE_TEXT], b[VANE__SHAPE_TEXT];
    vane__shape_text(rq->in[i]->rank, rq->in[i]->shape, a, sizeof a);
    vane__shape_text(rq->in[0]->rank, rq->in[0]->shape, b, sizeof b);
    return vane__fail(VANE_E_SHAPE,
                      "concat: inputs[%u] has shape %s, expected %s but for dimension %d", i, a, b,
                      axis);
}

static vane_status concat_infer(const vane__request *rq, vane_tensor *out)
{
    const vane_tensor *x = rq->in[0];
    if (x->rank == 0)
        return vane__fail(VANE_E_SHAPE, "concat: inputs[0] is a scalar, expected rank 1 or more");
    int32_t axis = vane__axis("concat", "axis", rq->params->concat.axis, x->rank);
    if (axis < 0)
        return VANE_E_SHAPE;
    out->rank = x->rank;
    memcpy(out->shape, x->shape, x->rank * sizeof(x->shape[0]));
    for (uint32_t i = 1; i < rq->n_in; i++) {
        const vane_tensor *t = rq->in[i];
        int same = t->rank == x->rank;
        for (uint32_t d = 0; same && d < x->rank; d++)
            same = (int32_t)d == axis || t->shape[d] == x->shape[d];
        if (!same)
            return concat_mismatch(rq, i, axis);
        if (__builtin_add_overflow(out->shape[axis], t->shape[axis], &out->shape[axis]))
            return vane__fail(VANE_E_OVERFLOW, "concat: dimension %d grows beyond 63 bits", axis);
    }
    return VANE_OK;
}

static void concat_normalise(const vane__request *rq, uint32_t part, vane_call *call)
{
    vane_tensor slice = *rq->out[0];
    int32_t axis = rq->params->concat.axis;
    axis += axis < 0 ? (int32_t)slice.rank : 0;
    int64_t before = 0;
    for (uint32_t i = 0; i < part; i++)
        before += rq->in[i]->shape[axis];
    slice.shape[axis] = rq->in[part]->shape[axis];
    if (slice.data != NULL)
        slice.data =
            (void *)((uintptr_t)slice.data + (uintptr_t)before * (uintptr_t)slice.stride[axis] *
                                                 vane_dtype_bytes(slice.dtype));
    vane__view_of(rq->in[part], &call->arg[0]);
    vane__view_of(&slice, &call->arg[1]);
    flatten(call);
}

const vane__rule_table vane__rule_concat = {concat_infer, concat_normalise, output_units};
