/* SPDX-License-Identifier: MIT */
/* dispatch.c - the data plane's common path: prepare, route, run. The shortcuts for plain
 * elementwise calls are in api.c, everything unusual in elect.c. */
#include "dispatch/dispatch.h"

#include "dispatch/flight.h"

#include "error.h"
#include "policy/learn.h"
#include "policy/shadow.h"
#include "telemetry/event.h"
#include "telemetry/pager.h"
#include "telemetry/probe.h"

vane_status vane__dispatch_on(vane_context *ctx, vane__prepared *p, const vane__runner *r)
{
    vane_status st;
    if (__builtin_expect(atomic_load_explicit(&ctx->watch, memory_order_relaxed), 0))
        vane__last_run.runner = *r;
    if (__builtin_expect(p->parts == 1 && vane__runner_fits(r, &p->call), 1)) {
        p->call.host = r->host;
        p->call.device = r->handle;
        p->call.width = r->width;
        st = r->kernel->direct(r->kernel, &p->call);
    } else if (r->plain || vane__runner_fit(r, p) == VANE_REASON_CHOSEN) {
        st = vane__execute(ctx, p, NULL, r);
    } else {
        return vane__elect_and_run(ctx, p, NULL, NULL, VANE_OK);
    }
    return __builtin_expect(st == VANE_OK, 1) ? st : vane__elect_and_run(ctx, p, NULL, r, st);
}

/* The control plane has to be asked: for a route, or because this call is one to look at. */
static __attribute__((noinline)) vane_status dispatch_slowly(vane_context *ctx, vane__prepared *p,
                                                             const vane__route *route, uint32_t hot)
{
    if (route == NULL || route->runner.kernel == NULL)
        route = vane__route_make(ctx, p, hot);
    if (route == NULL)
        return vane_last_error()->status;
    if (vane__unsampled >= route->share) {
        vane__unsampled -= route->share;
        return vane__dispatch_on(ctx, p, &route->runner);
    }
    return vane__observe(ctx, p, route, hot);
}

vane_status vane__dispatch_prepared(vane_context *ctx, vane__prepared *p)
{
    if (p->parts == 0)
        return VANE_OK;
    uint32_t hot = vane__pool_hot(ctx->pool) ? 1 : 0;
    const vane__route *route = atomic_load_explicit(
        vane__route_cell(ctx->routes, p->rq.op->info.op, p->dtype, p->size_class, hot),
        memory_order_acquire);
    if (__builtin_expect(route == NULL || vane__unsampled < route->share, 0))
        return dispatch_slowly(ctx, p, route, hot);
    vane__unsampled -= route->share;
    return vane__dispatch_on(ctx, p, &route->runner);
}

static int unusual(const vane_context *ctx, const vane_options *options)
{
    return (atomic_load_explicit(&ctx->watch, memory_order_relaxed) & VANE__WATCH_LOG) ||
           (options != NULL &&
            (options->backend != NULL || options->width != 0 || options->decision != NULL));
}

static void wish(vane__election *e, const vane_options *options)
{
    if (options == NULL)
        return;
    e->backend = options->backend;
    e->width = options->width;
    e->decision = options->decision;
}

static vane_status dispatch_with(vane_context *ctx, vane__prepared *p, const vane_options *options)
{
    double took;
    if (!unusual(ctx, options))
        return vane__dispatch_prepared(ctx, p);
    if (p->parts == 0 || !vane__shadow_due(ctx))
        return vane__elect_and_run(ctx, p, options, NULL, VANE_OK);
    vane__election e = {.ctx = ctx, .p = p};
    wish(&e, options);
    return vane__shadow_call(&e, NULL, &took);
}

static int is_watched(const vane_context *ctx)
{
    return atomic_load_explicit(&ctx->watch, memory_order_relaxed) & VANE__WATCH_TOLD;
}

static uint64_t begin_watched(const vane_context *ctx, const vane__prepared *p)
{
    if (atomic_load_explicit(&ctx->watch, memory_order_relaxed) & VANE__WATCH_PROBES)
        vane__probe_begin(p);
    return vane__clock_now(ctx);
}

static void tell(vane_context *ctx, uint64_t begin, const vane__prepared *p, vane_status st)
{
    vane__ran ran = vane__last_run;
    vane__call_event e = {.begin_ns = begin,
                          .end_ns = vane__clock_now(ctx),
                          .p = p,
                          .runner = &ran.runner,
                          .status = st,
                          .retries = ran.retries,
                          .trial_ns = ran.trial_ns,
                          .failed = ran.failed};
    vane__tell_call(ctx, &e);
    if (atomic_load_explicit(&ctx->watch, memory_order_relaxed) & VANE__WATCH_PROBES) {
        vane__probe_end(&e);
        vane__probes_look(ctx);
    }
    vane__pager_look(ctx, e.end_ns);
}

vane_status vane__dispatch_with(vane_context *ctx, vane__prepared *p, const vane_options *options)
{
    if (!is_watched(ctx))
        return dispatch_with(ctx, p, options);
    vane__ran outer = vane__last_run; /* a reference body may call ops of its own */
    vane__last_run = (vane__ran){.retries = 0};
    uint64_t begin = begin_watched(ctx, p);
    vane_status st = dispatch_with(ctx, p, options);
    tell(ctx, begin, p, st);
    vane__last_run = outer;
    return st;
}

static vane_status run_route(vane_context *ctx, vane__flight *f, const vane__route *route)
{
    static _Thread_local uint32_t calls;
    if (route->settled && calls++ % VANE__SAMPLED != 0)
        return vane__flight_run(f, &route->runner);
    uint32_t hot = vane__pool_hot(ctx->pool) ? 1 : 0;
    uint64_t start = vane__clock_now(ctx);
    vane_status st = vane__flight_run(f, &route->runner);
    if (st == VANE_OK)
        vane__learned_note(ctx, route, &f->p, hot, (double)(vane__clock_now(ctx) - start), 0);
    return st;
}

/* Operands in buffers: in their order, and where the route for their places leads. */
static vane_status fly(vane_context *ctx, vane__flight *f, const vane_options *options)
{
    vane__election e = {.ctx = ctx, .p = &f->p, .f = f};
    int shadows = f->p.parts > 0 && vane__shadow_due(ctx);
    double took;
    wish(&e, options);
    if (unusual(ctx, options))
        return shadows ? vane__shadow_call(&e, NULL, &took) : vane__elect(&e);
    if (f->p.parts == 0)
        return VANE_OK;
    const vane__route *route = vane__route_learned(ctx, &f->p);
    if (route == NULL)
        return vane_last_error()->status;
    const vane__runner *r = &route->runner;
    if (shadows)
        return vane__shadow_call(&e, r, &took);
    if (!r->plain && vane__runner_fit(r, &f->p) != VANE_REASON_CHOSEN)
        return vane__elect(&e);
    vane_status st = run_route(ctx, f, route);
    vane__last_run.runner = *r;
    if (st == VANE_OK || f->hopeless)
        return st;
    e.failed = r;
    e.failed_with = st;
    return vane__elect(&e);
}

/* Such calls waited, so nothing of f is left but what it knows. */
static vane_status fly_open(vane_context *ctx, vane__flight *f, const vane_options *options)
{
    vane_status st = vane__flight_enlist(f);
    vane__ran outer = vane__last_run;
    vane__last_run = (vane__ran){.retries = 0};
    vane__probes_look(ctx);
    vane__pager_look_seldom(ctx);
    uint64_t begin = is_watched(ctx) ? begin_watched(ctx, &f->p) : 0;
    if (st == VANE_OK)
        st = fly(ctx, f, options);
    vane__flight_end(f, st);
    if (begin > 0)
        tell(ctx, begin, &f->p, st);
    vane__last_run = outer;
    vane__flight_close(f);
    return st;
}

/* params: the caller's. */
static vane_status dispatch_buffers(vane_context *ctx, const vane__request *rq,
                                    const vane_params *params, const vane_options *options)
{
    const uint32_t op = rq->op->info.op;
    vane__flight *f = vane__flight_take(ctx, vane__flight_key(op, rq->in, rq->n_in, rq->out));
    if (f == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory for the call", rq->op->info.name);
    vane_status st = VANE_OK;
    if (!vane__flight_again(f, op, rq->in, rq->n_in, rq->out, rq->n_out, params))
        st = vane__flight_open(ctx, rq, f);
    if (st == VANE_OK)
        st = fly_open(ctx, f, options);
    vane__flight_give(f);
    return st;
}

int vane__has_buffers(const vane_tensor *const *in, uint32_t n_in, vane_tensor *const *out,
                      uint32_t n_out)
{
    int any = 0;
    for (uint32_t i = 0; in != NULL && i < n_in; i++)
        any |= in[i] != NULL && in[i]->data == NULL && in[i]->buffer.id != 0;
    for (uint32_t i = 0; out != NULL && i < n_out; i++)
        any |= out[i] != NULL && out[i]->data == NULL && out[i]->buffer.id != 0;
    return any;
}

vane_status vane__options_check(const vane_options *options)
{
    return options == NULL || options->struct_size >= sizeof(*options)
               ? VANE_OK
               : vane__fail(VANE_E_ABI, "options.struct_size is %u, expected at least %zu",
                            options->struct_size, sizeof(*options));
}

vane_status vane__dispatch(vane_context *ctx, uint32_t op, const vane_tensor *const *in,
                           uint32_t n_in, vane_tensor *const *out, uint32_t n_out,
                           const vane_params *params, const vane_options *options)
{
    vane__request rq;
    vane__prepared p;
    vane_status st = vane__request_make(ctx, op, in, n_in, out, n_out, params, &rq);
    if (st == VANE_OK)
        st = vane__options_check(options);
    if (st == VANE_OK && vane__has_buffers(in, rq.n_in, out, rq.n_out))
        return dispatch_buffers(ctx, &rq, params, options);
    if (st == VANE_OK)
        st = vane__call_prepare(&rq, &p);
    if (st != VANE_OK)
        return st;
    return vane__dispatch_with(ctx, &p, options);
}

vane_status vane_run(vane_context *ctx, uint32_t op, const vane_tensor *const *inputs,
                     uint32_t n_in, vane_tensor *const *outputs, uint32_t n_out,
                     const vane_params *params, const vane_options *options)
{
    return vane__dispatch(ctx, op, inputs, n_in, outputs, n_out, params, options);
}
