/* SPDX-License-Identifier: MIT */
/* plan.c - a prepared call: checked once, then only routed.
 *
 * A run follows the pointer in its cell, and compares it with the route it last adopted.
 */
#include <stdlib.h>
#include <string.h>

#include "dispatch/dispatch.h"
#include "dispatch/flight.h"
#include "error.h"

struct vane_plan {
    /* read on every run, first line */
    vane_context *ctx;
    vane__cell *cells[2];       /* by the pool's heat */
    const vane__route *adopted; /* whose runner the call names */
    int fits;                   /* and its direct function may be called as it is */
    int anywhere;               /* operands in buffers: nothing holds for longer than one run */
    vane__prepared p;
    /* owned copies */
    vane_params params;
    vane_tensor out, *out_list[1];
    const vane_tensor **in_list;
    vane_tensor in[];
};

static void adopt(vane_plan *plan, const vane__route *route)
{
    plan->fits = plan->p.parts == 1 && vane__runner_fits(&route->runner, &plan->p.call);
    plan->p.call.host = route->runner.host;
    plan->p.call.device = route->runner.handle;
    plan->p.call.width = route->runner.width;
    plan->adopted = route;
}

static __attribute__((noinline)) vane_status run_carefully(vane_plan *plan)
{
    return vane__dispatch_with(plan->ctx, &plan->p, NULL);
}

vane_status vane_plan_run(vane_plan *plan)
{
    if (__builtin_expect(plan == NULL, 0))
        return vane__fail(VANE_E_ARGUMENT, "plan is NULL, expected one from vane_plan_open");
    if (__builtin_expect(plan->anywhere, 0))
        return vane__dispatch(plan->ctx, plan->p.rq.op->info.op, plan->in_list, plan->p.rq.n_in,
                              plan->out_list, 1, &plan->params, NULL);
    const vane__route *route = atomic_load_explicit(
        plan->cells[vane__pool_hot(plan->ctx->pool) ? 1 : 0], memory_order_acquire);
    if (__builtin_expect(route == NULL || vane__unsampled < route->share, 0))
        return run_carefully(plan);
    if (__builtin_expect(route != plan->adopted, 0))
        adopt(plan, route);
    if (__builtin_expect(
            !plan->fits || atomic_load_explicit(&plan->ctx->watch, memory_order_relaxed), 0))
        return run_carefully(plan);
    vane__unsampled -= route->share;
    vane_status st = route->runner.kernel->direct(route->runner.kernel, &plan->p.call);
    return __builtin_expect(st == VANE_OK, 1)
               ? st
               : vane__elect_and_run(plan->ctx, &plan->p, NULL, &route->runner, st);
}

/* Copies what the request borrowed, so that the caller may forget it. */
static void keep(vane_plan *plan, const vane__request *rq)
{
    plan->params = *rq->params;
    plan->out = *rq->out[0];
    plan->out_list[0] = &plan->out;
    plan->in_list = (const vane_tensor **)(void *)(plan->in + rq->n_in);
    for (uint32_t i = 0; i < rq->n_in; i++) {
        plan->in[i] = *rq->in[i];
        plan->in_list[i] = &plan->in[i];
    }
    plan->p.rq.params = plan->p.call.params = &plan->params;
    plan->p.rq.out = plan->out_list;
    plan->p.rq.in = plan->in_list;
}

/* Like any call; what was found out is forgotten, but for the request. */
static vane_status check_anywhere(vane_plan *plan, const vane__request *rq)
{
    vane__flight f;
    plan->p.rq = *rq;
    vane_status st = vane__flight_open(plan->ctx, rq, &f);
    if (st == VANE_OK)
        vane__flight_close(&f);
    return st;
}

vane_status vane_plan_open(vane_context *ctx, uint32_t op, const vane_tensor *const *inputs,
                           uint32_t n_in, vane_tensor *const *outputs, uint32_t n_out,
                           const vane_params *params, vane_plan **out)
{
    vane__request rq;
    if (out == NULL)
        return vane__fail(VANE_E_ARGUMENT, "out is NULL, expected a place for the plan");
    *out = NULL;
    vane_status st = vane__request_make(ctx, op, inputs, n_in, outputs, n_out, params, &rq);
    if (st != VANE_OK)
        return st;
    vane_plan *plan =
        calloc(1, sizeof(*plan) + rq.n_in * (sizeof(vane_tensor) + sizeof(vane_tensor *)));
    if (plan == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory for the plan", rq.op->info.name);
    plan->ctx = ctx;
    plan->anywhere = vane__has_buffers(inputs, rq.n_in, outputs, rq.n_out);
    st = plan->anywhere ? check_anywhere(plan, &rq) : vane__call_prepare(&rq, &plan->p);
    if (st == VANE_OK)
        keep(plan, &rq);
    for (uint32_t hot = 0; st == VANE_OK && !plan->anywhere && hot < 2; hot++)
        plan->cells[hot] = vane__cell_of(ctx->routes, &plan->p, hot);
    if (st == VANE_OK && !plan->anywhere && plan->p.parts > 0 &&
        vane__route_for(ctx, &plan->p) == NULL)
        st = vane_last_error()->status; /* nobody can */
    if (st != VANE_OK) {
        free(plan);
        return st;
    }
    *out = plan;
    return VANE_OK;
}

const vane__request *vane__plan_request(const vane_plan *plan, vane_context **ctx)
{
    *ctx = plan->ctx;
    return &plan->p.rq;
}

void vane_plan_close(vane_plan *plan)
{
    free(plan);
}
