/* SPDX-License-Identifier: MIT */
/* call.c - the ways an operation can be called, all leading to the plugin under test. */
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
