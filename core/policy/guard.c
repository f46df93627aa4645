/* SPDX-License-Identifier: MIT */
/* guard.c - the ledger of a site, and the retreat. */
#include "policy/guard.h"

#include "dispatch/dispatch.h"
#include "plugin/health.h"
#include "policy/learn.h"

#define LOSES 1.03        /* times the CPU's: a loss */
#define LOSSES 3u         /* in a row */
#define MOST_LOST_NS 10e6 /* by one site */
#define MOST_HARM_NS 15e6 /* by all, within a second or two */
#define FORGET_NS 1000000000u

int vane__guard_on_cpu(const vane__runner *r)
{
    return r->device == NULL ||
           (r->device->info.kind == VANE_KIND_CPU && (r->device->info.caps & VANE_CAP_HOST_MEM));
}

static int only_lost(const vane_candidate *c)
{
    return c->reason == VANE_REASON_CHOSEN || c->reason == VANE_REASON_SLOWER ||
           c->reason == VANE_REASON_NARROWER;
}

double vane__guard_baseline(const vane__site *site, uint32_t i)
{
    double best = 0;
    const vane__slate *s = &site->slate;
    for (uint32_t k = 0; k < s->count; k++) {
        const vane_candidate *c = &s->candidates[k];
        double ns = c->samples > 0 ? c->measured_ns : site->twin != NULL ? c->expected_ns : 0;
        if (ns > 0 && k != i && c->tier == s->candidates[i].tier && only_lost(c) &&
            (c->trust == VANE_TRUST_CHECKED || c->trust == VANE_TRUST_ORACLE) &&
            vane__guard_on_cpu(&s->runners[k]) && (best <= 0 || ns < best))
            best = ns;
    }
    return best;
}

void vane__guard_verdict(const vane__entry *e, vane_candidate *c)
{
    const vane__device *d = e->settled.runner.device;
    int closed = vane__breaker_closed(&e->breaker);
    int mine =
        c->reason == VANE_REASON_HARMFUL ||
        (c->reason == VANE_REASON_RESTING && (d == NULL || vane__breaker_closed(&d->breaker)));
    if (closed && mine)
        c->reason = VANE_REASON_CHOSEN;
    if (!closed && (mine || only_lost(c) || c->reason == VANE_REASON_LATER ||
                    c->reason == VANE_REASON_UNCHECKED))
        c->reason = e->rests_for;
}

void vane__guard_choose(vane_context *ctx, vane__site *site, const char *why)
{
    if (site->version != vane__routes_version(ctx))
        return; /* it is going to choose anyway */
    site->why = why;
    for (uint32_t hot = 0; hot < 2; hot++) {
        if (site->chosen[hot] == VANE_NO_CANDIDATE ||
            vane__site_choose(ctx, site, hot) == VANE_NO_CANDIDATE)
            continue;
        const vane_candidate *c = &site->slate.candidates[site->chosen[hot]];
        site->lesson[site->slate.query.busy].settled_ns[hot] = (float)c->predicted_ns;
        vane__site_publish(ctx, site, hot);
    }
}

/* ---- left alone, and back ------------------------------------------------------------- */

/* 1: it was not before. */
static int leave(vane_context *ctx, vane__entry *e, vane_reason reason, int is_grave)
{
    if (!vane__breaker_fail(&e->breaker, vane__clock_now(ctx), is_grave))
        return 0;
    e->rests_for = reason;
    e->hurried = 0;
    atomic_fetch_add(&ctx->resting, 1);
    return 1;
}

void vane__guard_close(vane_context *ctx, vane__entry *e)
{
    vane__site *site = e->watched.site;
    site->moved[0] = site->moved[1] = 0; /* who comes back may have the route */
    vane__breaker_judge(&e->breaker, vane__clock_now(ctx), 1);
    atomic_fetch_sub(&ctx->resting, 1);
}

static void log_of(vane_context *ctx, const vane__site *site, const vane__runner *r,
                   const char *what)
{
    vane__log_line(&ctx->settings.log, VANE_LOG_INFO, "%s of %s, size class %u: %s %s",
                   site->op->info.name, vane_dtype_name(site->dtype), site->size_class,
                   r->kernel->name, what);
}

void vane__guard_failed(vane_context *ctx, const vane__prepared *p, const vane__runner *r,
                        vane_status st)
{
    uint32_t hot = vane__pool_hot(ctx->pool) ? 1 : 0;
    vane__cell *cell = vane__cell_of(ctx->routes, p, hot);
    const vane__route *route =
        cell != NULL ? atomic_load_explicit(cell, memory_order_acquire) : NULL;
    if (route == NULL || st == VANE_E_DEVICE_LOST || st == VANE_E_BUSY)
        return; /* the device's affair; and who is busy says it at once, and may be free soon */
    vane__site *site = route->site;
    pthread_mutex_lock(&ctx->routes->lock);
    vane__entry *e = vane__site_entry(site, r);
    if (e != NULL && leave(ctx, e, VANE_REASON_RESTING, 0)) {
        log_of(ctx, site, r, "failed several times and is left alone for a while");
        vane__guard_choose(ctx, site, "it failed several times");
    }
    pthread_mutex_unlock(&ctx->routes->lock);
}

/* One that takes long to fail is not asked as often as one that fails at once. */
void vane__guard_wasted(vane_context *ctx, const vane__route *route, const vane__prepared *p,
                        double took_ns)
{
    vane__site *site = route->site;
    const vane__slate *s = &site->slate;
    uint64_t now = vane__clock_now(ctx);
    pthread_mutex_lock(&ctx->routes->lock);
    for (uint32_t i = 0; i < s->count; i++) {
        if (site->entries[i] != route->entry)
            continue;
        double scale = vane__learned_scale(&s->candidates[i], &s->query, p);
        vane__allowance_harm(&ctx->allowance, now, took_ns - vane__guard_baseline(site, i) / scale);
        if (vane__allowance_harmed(&ctx->allowance, now) > MOST_HARM_NS &&
            leave(ctx, route->entry, VANE_REASON_RESTING, 1))
            vane__guard_choose(ctx, site, "it failed, and took long to");
        break;
    }
    pthread_mutex_unlock(&ctx->routes->lock);
}

/* What slows a device down slows all its kernels. */
static void retreat(vane_context *ctx, vane__site *site, uint32_t from)
{
    const vane__slate *s = &site->slate;
    for (uint32_t i = 0; i < s->count; i++) {
        vane__entry *e = site->entries[i];
        if (s->runners[i].device != s->runners[from].device)
            continue;
        e->lost_ns = site->ledger.took_ns;
        leave(ctx, e, VANE_REASON_HARMFUL, 1);
    }
    site->ledger = (vane__ledger){.at_ns = site->ledger.at_ns};
    log_of(ctx, site, &s->runners[from], "lost to the CPU and is left alone for a while");
    vane__guard_choose(ctx, site, "it lost to the CPU");
}

void vane__guard_left(vane_context *ctx, vane__site *site, uint32_t from, uint32_t to)
{
    const vane__slate *s = &site->slate;
    if (from >= s->count || from == to || vane__guard_on_cpu(&s->runners[from]) ||
        !vane__guard_on_cpu(&s->runners[to]) || s->candidates[from].samples == 0)
        return;
    site->entries[from]->lost_ns = s->candidates[from].measured_ns;
    leave(ctx, site->entries[from], VANE_REASON_HARMFUL, 1);
    site->why = "it lost to the CPU";
}

/* ---- the ledger ------------------------------------------------------------------------ */

/* The CPU takes longer than the device did when it was left: what was known of the CPU was old. */
static void hurry(vane_context *ctx, vane__site *site, double ns)
{
    uint32_t rivals = 0;
    for (uint32_t i = 0; i < site->slate.count; i++) {
        vane__entry *e = site->entries[i];
        if (vane__breaker_closed(&e->breaker) || e->rests_for != VANE_REASON_HARMFUL ||
            e->hurried || ns < e->lost_ns * LOSES)
            continue;
        rivals++;
        if (site->ledger.losses + 1 < LOSSES)
            continue;
        atomic_store(&e->breaker.until_ns, vane__clock_now(ctx));
        e->hurried = 1;
    }
    site->ledger.losses = rivals > 0 ? site->ledger.losses + 1 : 0;
}

/* For how many calls the one that was timed stands. */
static double seen_of(const vane__site *site, const vane__route *route)
{
    if (!route->settled)
        return 1;
    return site->twin != NULL ? VANE__SAMPLED : (double)VANE__SHARES / route->share;
}

void vane__guard_note(vane_context *ctx, vane__site *site, uint32_t i, const vane__route *route,
                      uint32_t hot, double took_ns, double scale)
{
    vane__ledger *l = &site->ledger;
    uint64_t now = vane__clock_now(ctx);
    double ns = took_ns * scale, calls = seen_of(site, route);
    vane__breaker_work(&route->entry->breaker);
    if (route->runner.device != NULL)
        vane__breaker_work(&route->runner.device->breaker);
    if (site->chosen[hot] != i || !vane__policy_learns(ctx))
        return;
    if (vane__guard_on_cpu(&route->runner)) {
        if (atomic_load_explicit(&ctx->resting, memory_order_relaxed) > 0)
            hurry(ctx, site, ns);
        return;
    }
    double base = vane__guard_baseline(site, i);
    if (base <= 0)
        return;
    if (now > l->at_ns + FORGET_NS)
        l->lost_ns = l->losses = 0;
    double lost = (ns - base) / scale * calls;
    l->at_ns = now;
    l->lost_ns = l->lost_ns + lost > 0 ? l->lost_ns + lost : 0;
    l->losses = ns > base * LOSES ? l->losses + 1 : 0;
    l->took_ns = ns;
    vane__allowance_harm(&ctx->allowance, now, lost);
    if (l->losses >= LOSSES &&
        (l->lost_ns > MOST_LOST_NS || vane__allowance_harmed(&ctx->allowance, now) > MOST_HARM_NS))
        retreat(ctx, site, i);
}
