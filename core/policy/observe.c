/* SPDX-License-Identifier: MIT */
/* observe.c - a call that is looked at: it is timed, and in young sites teaches (learn.h). */
#include "error.h"
#include "os.h"
#include "policy/duel.h"
#include "policy/guard.h"
#include "policy/learn.h"
#include "policy/pace.h"
#include "policy/shadow.h"
#include "policy/store.h"
#include "telemetry/pager.h"
#include "telemetry/probe.h"

/* Not always after as many: programs have rhythms. */
static uint32_t pause_of(void)
{
    static _Thread_local uint32_t seed = 1;
    seed = seed * 1664525u + 1013904223u;
    return VANE__SHARES / 2 + (seed >> 16) % VANE__SHARES;
}

static vane_status shadowed(vane_context *ctx, vane__prepared *p, const vane__runner *r,
                            double *took)
{
    vane__election e = {.ctx = ctx, .p = p};
    return vane__shadow_call(&e, r, took);
}

static vane_status untimed(vane_context *ctx, vane__prepared *p, const vane__route *route,
                           int shadows)
{
    double took;
    return shadows ? shadowed(ctx, p, &route->runner, &took)
                   : vane__dispatch_on(ctx, p, &route->runner);
}

static vane_status timed(vane_context *ctx, vane__prepared *p, const vane__route *route,
                         uint32_t hot, double *took, int shadows)
{
    uint32_t failed = vane__last_run.retries;
    uint64_t start = vane__clock_now(ctx);
    vane_status st = shadows ? shadowed(ctx, p, &route->runner, took)
                             : vane__dispatch_on(ctx, p, &route->runner);
    *took = shadows ? *took : (double)(vane__clock_now(ctx) - start);
    if (st == VANE_OK && *took > 0 && vane__last_run.retries == failed)
        vane__learned_note(ctx, route, p, hot, *took, 0);
    else if (st == VANE_OK && *took > 0) /* somebody else computed it */
        vane__guard_wasted(ctx, route, p, *took);
    vane__store_tick(ctx, start);
    vane__pager_look(ctx, start);
    return st;
}

/* Of a call of a lesson: the next one is looked at too, unless the lesson rests. */
static void end_call(vane_context *ctx, const vane__site *site, uint64_t now)
{
    if (vane__lesson_rests(ctx, site, now))
        vane__pace_break();
    else
        vane__pace_end(now);
}

static vane_status by_turns(vane_context *ctx, vane__prepared *p, const vane__route *turn,
                            uint32_t hot, int shadows)
{
    uint32_t failed = vane__last_run.retries;
    double took;
    uint64_t start = vane__clock_now(ctx);
    vane_status st =
        shadows ? shadowed(ctx, p, &turn->runner, &took) : vane__dispatch_on(ctx, p, &turn->runner);
    uint64_t end = vane__clock_now(ctx);
    took = shadows ? took : (double)(end - start);
    vane__duel_note(ctx, turn->site, p, hot,
                    st == VANE_OK && vane__last_run.retries == failed ? took : 0);
    end_call(ctx, turn->site, end);
    vane__store_tick(ctx, start);
    vane__pager_look(ctx, start);
    return st;
}

static vane_status by_lesson(vane_context *ctx, vane__prepared *p, const vane__route *route,
                             uint32_t hot, int shadows)
{
    double base = 0, took;
    vane__pace_begin(vane__clock_now(ctx));
    const vane__route *turn = vane__duel_turn(ctx, route->site, p);
    if (turn != NULL)
        return by_turns(ctx, p, turn, hot, shadows);
    const vane__route *taken = vane__lesson_take(ctx, p, route, hot, &base);
    if (taken == NULL)
        taken = vane__route_make(ctx, p, hot);
    if (taken == NULL)
        return vane_last_error()->status;
    vane_status st = timed(ctx, p, taken, hot, &took, shadows);
    end_call(ctx, route->site, vane__clock_now(ctx));
    if (base > 0 && took > base)
        vane__lesson_charge(ctx, took - base);
    return st;
}

int vane__lesson_rests(const vane_context *ctx, const vane__site *site, uint64_t now_ns)
{
    uint32_t busy = atomic_load_explicit(&ctx->busy, memory_order_relaxed);
    uint64_t due = atomic_load_explicit(&site->lesson[busy].due_ns, memory_order_relaxed);
    return now_ns < due;
}

/* Nothing but a look at the clock, most times: what other threads write is not touched. */
vane_status vane__observe(vane_context *ctx, vane__prepared *p, const vane__route *route,
                          uint32_t hot)
{
    uint32_t nobody = 0;
    double took;
    int shadows = vane__shadow_due(ctx);
    vane__unsampled = vane__shadow_pause(pause_of());
    vane__probes_look(ctx);
    route = vane__route_renewed(ctx, route, hot);
    if (atomic_load_explicit(&ctx->resting, memory_order_relaxed) > 0)
        vane__probe_beside(ctx, route->site, p);
    if (!vane__policy_learns(ctx)) {
        vane__pager_look(ctx, 0);
        return untimed(ctx, p, route, shadows);
    }
    if (ctx->settings.load)
        vane__sampler_want(ctx);
    uint64_t now = vane__clock_now(ctx);
    int rests = vane__lesson_rests(ctx, route->site, now);
    if (rests && route->brief) {
        vane__store_tick(ctx, now);
        vane__pager_look(ctx, now);
        return untimed(ctx, p, route, shadows);
    }
    uint32_t busy = atomic_load_explicit(&ctx->busy, memory_order_relaxed);
    if (!rests && !atomic_load_explicit(&route->site->lesson[busy].over, memory_order_relaxed) &&
        atomic_compare_exchange_strong(&route->site->learner, &nobody, 1)) {
        vane_status st = by_lesson(ctx, p, route, hot, shadows);
        atomic_store(&route->site->learner, 0);
        return st;
    }
    return timed(ctx, p, route, hot, &took, shadows);
}
