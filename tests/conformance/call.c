/* SPDX-License-Identifier: MIT */
/* call.c - the ways an operation can be called, all leading to the plugin under test. */
#include <string.h>

#include "trial.h"

/* vane_<op>, by its signature in ops.def. */
#define PARAMS(P) (params ? &params->P : NULL)
#define CALL_U0(name, P) vane_##name(ctx, in[0], out)
#define CALL_U1(name, P) vane_##name(ctx, in[0], PARAMS(P), out)
#define CALL_B0(name, P) vane_##name(ctx, in[0], in[1], out)
#define CALL_B1(name, P) vane_##name(ctx, in[0], in[1], PARAMS(P), out)
#define CALL_T0(name, P) vane_##name(ctx, in[0], in[1], in[2], out)
#define CALL_G1(name, P) vane_##name(ctx, in[0], in[1], n_in > 2 ? in[2] : NULL, PARAMS(P), out)
#define CALL_N1(name, P) vane_##name(ctx, PARAMS(P), out)
#define CALL_V1(name, P) vane_##name(ctx, in, n_in, PARAMS(P), out)

static vane_status typed(vane_context *ctx, uint32_t op, const vane_tensor *const *in,
                         uint32_t n_in, const vane_params *params, vane_tensor *out)
{
    switch (op) {
#define VANE_OP(ID, name, SIG, P, ...) \
    case VANE_OP_##ID:                 \
        return CALL_##SIG(name, P);
#include "vane/ops.def"
    default:
        return VANE_E_NOT_FOUND;
    }
}

/* vane_<op>_async likewise. */
#define ASYNC_U0(name, P) vane_##name##_async(s, in[0], out)
#define ASYNC_U1(name, P) vane_##name##_async(s, in[0], PARAMS(P), out)
#define ASYNC_B0(name, P) vane_##name##_async(s, in[0], in[1], out)
#define ASYNC_B1(name, P) vane_##name##_async(s, in[0], in[1], PARAMS(P), out)
#define ASYNC_T0(name, P) vane_##name##_async(s, in[0], in[1], in[2], out)
#define ASYNC_G1(name, P) \
    vane_##name##_async(s, in[0], in[1], n_in > 2 ? in[2] : NULL, PARAMS(P), out)
#define ASYNC_N1(name, P) vane_##name##_async(s, PARAMS(P), out)
#define ASYNC_V1(name, P) vane_##name##_async(s, in, n_in, PARAMS(P), out)

static vane_status typed_async(vane_stream *s, uint32_t op, const vane_tensor *const *in,
                               uint32_t n_in, const vane_params *params, vane_tensor *out)
{
    switch (op) {
#define VANE_OP(ID, name, SIG, P, ...) \
    case VANE_OP_##ID:                 \
        return ASYNC_##SIG(name, P);
#include "vane/ops.def"
    default:
        return VANE_E_NOT_FOUND;
    }
}

/* Gives the call with tensors and parameters that are gone when it returns. */
static vane_status give(conform *c, vane_stream *s, const conform_trial *t,
                        const vane_tensor *const *in, const vane_tensor *out,
                        const conform_attempt *a)
{
    vane_tensor copies[CONFORM_INPUTS], out_copy = *out;
    const vane_tensor *ins[CONFORM_INPUTS];
    vane_tensor *const outs[] = {&out_copy};
    vane_params params_copy = t->params;
    const vane_params *params = t->has_params ? &params_copy : NULL;
    vane_options o = {.struct_size = sizeof o, .width = a->width, .backend = c->plugin};
    for (uint32_t i = 0; i < t->n_in; i++) {
        copies[i] = *in[i];
        ins[i] = &copies[i];
    }
    vane_status st = a->path == CONFORM_FORCED || a->path == CONFORM_PLAIN
                         ? vane_run_async(s, t->info.op, ins, t->n_in, outs, 1, params,
                                          a->path == CONFORM_FORCED ? &o : NULL)
                         : typed_async(s, t->info.op, ins, t->n_in, params, &out_copy);
    memset(copies, 0xff, sizeof copies);
    memset(&out_copy, 0xff, sizeof out_copy);
    memset(&params_copy, 0xff, sizeof params_copy);
    return st;
}

/* Half of the time by way of a fence, which must know of a failure too. */
static vane_status wait_for(vane_stream *s, uint64_t lot)
{
    vane_fence *fence = NULL;
    vane_status before = VANE_OK;
    if (lot & 1) {
        before = vane_stream_record(s, &fence);
        if (before == VANE_OK)
            before = vane_fence_wait(fence, UINT64_MAX);
        vane_fence_close(fence);
    }
    vane_status st = vane_stream_wait(s);
    return st == VANE_OK ? before : st;
}

/* The record of a call on a stream cannot be had; this is what it would choose. */
static void explain(conform *c, const conform_trial *t, const vane_tensor *const *in,
                    vane_tensor *out, const vane_params *params, vane_decision *d)
{
    vane_tensor *const outs[] = {out};
    if (vane_explain(c->ctx, t->info.op, in, t->n_in, outs, 1, params, d) != VANE_OK)
        d->count = 0;
    d->ran = d->count ? d->chosen : VANE_NO_CANDIDATE;
}

static vane_status async(conform *c, const conform_trial *t, const vane_tensor *const *in,
                         vane_tensor *out, const conform_attempt *a)
{
    vane_stream *s;
    if (a->decision)
        explain(c, t, in, out, t->has_params ? &t->params : NULL, a->decision);
    vane_status st = conform_lanes_stream(&c->lanes, a->way.lot >> 8, &s);
    if (st == VANE_OK)
        st = give(c, s, t, in, out, a);
    return st == VANE_OK ? wait_for(s, a->way.lot >> 16) : st;
}

static vane_status planned(conform *c, const conform_trial *t, const vane_tensor *const *in,
                           vane_tensor *out, const vane_params *params)
{
    vane_plan *plan;
    vane_tensor *const outs[] = {out};
    vane_status st = vane_plan_open(c->ctx, t->info.op, in, t->n_in, outs, 1, params, &plan);
    if (st != VANE_OK)
        return st;
    st = vane_plan_run(plan);
    if (st == VANE_OK) /* once more: a plan is for many runs */
        st = vane_plan_run(plan);
    vane_plan_close(plan);
    return st;
}

vane_status conform_call(conform *c, const conform_trial *t, const vane_tensor *const *in,
                         vane_tensor *out, const conform_attempt *a)
{
    const vane_params *params = t->has_params ? &t->params : NULL;
    vane_tensor *const outs[] = {out};
    vane_options o = {
        .struct_size = sizeof o, .width = a->width, .backend = c->plugin, .decision = a->decision};
    if (a->way.async)
        return async(c, t, in, out, a);
    switch (a->path) {
    case CONFORM_PLAIN:
        return vane_run(c->ctx, t->info.op, in, t->n_in, outs, 1, params, NULL);
    case CONFORM_TYPED:
        return typed(c->ctx, t->info.op, in, t->n_in, params, out);
    case CONFORM_PLANNED:
        return planned(c, t, in, out, params);
    default:
        return vane_run(c->ctx, t->info.op, in, t->n_in, outs, 1, params, &o);
    }
}
