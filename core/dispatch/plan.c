/* SPDX-License-Identifier: MIT */
/* plan.c - a prepared call: checked once, then only routed.
 *
 * A run compares one pointer (the route table) with the one it last looked at; a new table
 * sends it through the lookup again.
 */
#include <stdlib.h>
#include <string.h>

#include "dispatch/dispatch.h"
#include "dispatch/flight.h"
#include "error.h"

struct vane_plan {
    /* read on every run, first line */
    vane_context *ctx;
    vane__routes *routes;     /* the table that route came from */
    const vane__route *route; /* NULL: the careful path */
    const vane__route *by_heat[2];
    int heat_matters; /* the two differ */
    int anywhere;     /* operands in buffers: nothing holds for longer than one run */
    vane__prepared p;
    /* owned copies */
    vane_params params;
    vane_tensor out, *out_list[1];
    const vane_tensor **in_list;
    vane_tensor in[];
};

static const vane__route *lookup(vane_plan *plan, vane__routes *routes, uint32_t hot)
{
    const vane__prepared *p = &plan->p;
    const vane__route *route = atomic_load_explicit(
        vane__route_cell(&routes->host, p->rq.op->info.op, p->dtype, p->size_class, hot),
        memory_order_acquire);
    return route != NULL ? route : vane__route_make(plan->ctx, routes, p, hot);
}

static void adopt(vane_plan *plan, const vane__route *route)
{
    plan->route =
        plan->p.parts == 1 && vane__runner_fits(&route->runner, &plan->p.call) ? route : NULL;
    plan->p.call.host = route->runner.host;
    plan->p.call.device = route->runner.handle;
    plan->p.call.width = route->runner.width;
}

static vane_status replan(vane_plan *plan, vane__routes *routes)
{
    if (plan->p.parts == 0) { /* nothing to compute: nobody has to be able to */
        plan->routes = routes;
        return VANE_OK;
    }
    for (uint32_t hot = 0; hot < 2; hot++)
        if ((plan->by_heat[hot] = lookup(plan, routes, hot)) == NULL)
            return vane_last_error()->status;
    const vane__runner *cold = &plan->by_heat[0]->runner, *warm = &plan->by_heat[1]->runner;
    plan->heat_matters = cold->kernel != warm->kernel || cold->width != warm->width;
    plan->routes = routes;
    adopt(plan, plan->by_heat[0]);
    return VANE_OK;
}

static __attribute__((noinline)) vane_status run_carefully(vane_plan *plan, vane_status failed_with)
{
    if (failed_with != VANE_OK)
        return vane__elect_and_run(plan->ctx, &plan->p, NULL, &plan->route->runner, failed_with);
    return plan->ctx->slow ? vane__elect_and_run(plan->ctx, &plan->p, NULL, NULL, VANE_OK)
                           : vane__dispatch_prepared(plan->ctx, &plan->p);
}

vane_status vane_plan_run(vane_plan *plan)
{
    if (__builtin_expect(plan == NULL, 0))
        return vane__fail(VANE_E_ARGUMENT, "plan is NULL, expected one from vane_plan_open");
    if (__builtin_expect(plan->anywhere, 0))
        return vane__dispatch(plan->ctx, plan->p.rq.op->info.op, plan->in_list, plan->p.rq.n_in,
                              plan->out_list, 1, &plan->params, NULL);
    vane__routes *routes = vane__routes_now(plan->ctx);
    if (__builtin_expect(routes != plan->routes, 0)) {
        vane_status st = replan(plan, routes);
        if (st != VANE_OK)
            return st;
    }
    if (plan->heat_matters)
        adopt(plan, plan->by_heat[vane__pool_hot(plan->ctx->pool) ? 1 : 0]);
    const vane__route *route = plan->route;
    if (__builtin_expect(route == NULL || plan->ctx->slow, 0))
        return run_carefully(plan, VANE_OK);
    vane_status st = route->runner.kernel->direct(route->runner.kernel, &plan->p.call);
    return __builtin_expect(st == VANE_OK, 1) ? st : run_carefully(plan, st);
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
    if (st == VANE_OK && !plan->anywhere)
        st = replan(plan, vane__routes_now(ctx));
    if (st != VANE_OK) {
        free(plan);
        return st;
    }
    *out = plan;
    return VANE_OK;
}

void vane_plan_close(vane_plan *plan)
{
    free(plan);
}
