/* SPDX-License-Identifier: MIT */
/* probe.c - a trial beside a call decides whether somebody who was left alone comes back. */
#include <string.h>

#include "error.h"
#include "plugin/health.h"
#include "policy/guard.h"
#include "policy/learn.h"
#include "telemetry/event.h"

#define WINS 0.95 /* of the CPU's time: comes back */
#define RUNS 3    /* each of them */

typedef struct probe {
    vane__entry *entry;
    vane__breaker *breaker; /* the entry's, or its device's */
    vane__device *device;   /* whose breaker it is; NULL: the entry's */
    double scale;           /* brings times to the middle of the class */
    double base_ns;         /* to be beaten there; 0: to work is enough */
    double ns[RUNS];        /* brought there */
    uint32_t runs, trust;
    int untold; /* there was no memory to find it out */
} probe;

/* ---- who ------------------------------------------------------------------------------ */

/* Candidates that nothing but a breaker keeps away. */
static int waits(const vane_candidate *c)
{
    return c->reason == VANE_REASON_UNHEALTHY || c->reason == VANE_REASON_RESTING ||
           c->reason == VANE_REASON_HARMFUL || c->reason == VANE_REASON_CHOSEN ||
           c->reason == VANE_REASON_SLOWER || c->reason == VANE_REASON_NARROWER;
}

static vane__breaker *breaker_of(const vane__site *site, uint32_t i, uint64_t now)
{
    vane__device *d = site->slate.runners[i].device;
    vane__breaker *own = &site->entries[i]->breaker;
    if (d != NULL && !vane__breaker_closed(&d->breaker))
        return vane__breaker_due(&d->breaker, now) ? &d->breaker : NULL;
    return vane__breaker_due(own, now) ? own : NULL;
}

/* Is a failure of candidate i, whose device rests, one of its device? p: NULL any call. */
static int can_tell(const vane__slate *s, uint32_t i, const vane__prepared *p)
{
    const vane__runner *r = &s->runners[i];
    return vane__device_knows(r->device, r->kernel) && s->candidates[i].trust != VANE_TRUST_WRONG &&
           (p == NULL || r->plain || vane__runner_fit(r, p) == VANE_REASON_CHOSEN);
}

/* Of those that can tell, or else of any. Under the lock. */
static int find_among(const vane__site *site, const vane__prepared *p, uint64_t now, int any,
                      probe *out)
{
    for (uint32_t i = 0; i < site->slate.count; i++) {
        vane__breaker *b = breaker_of(site, i, now);
        int own = b == &site->entries[i]->breaker;
        if (b == NULL || !waits(&site->slate.candidates[i]) ||
            (!own && !any && !can_tell(&site->slate, i, NULL)) ||
            site->entries[i]->learned.trust == VANE_TRUST_WRONG)
            continue;
        *out = (probe){.entry = site->entries[i], .breaker = b, .scale = 1};
        if (p != NULL)
            out->scale = vane__learned_scale(&site->slate.candidates[i], &site->slate.query, p);
        if (b != &site->entries[i]->breaker)
            out->device = site->slate.runners[i].device;
        else if (site->entries[i]->rests_for == VANE_REASON_HARMFUL)
            out->base_ns = vane__guard_baseline(site, i);
        out->trust = site->entries[i]->learned.trust;
        return 1;
    }
    return 0;
}

static int find(const vane__site *site, const vane__prepared *p, uint64_t now, probe *out)
{
    return find_among(site, p, now, 0, out) || find_among(site, p, now, 1, out);
}

static int is_due(vane_context *ctx, const vane__site *site)
{
    probe found;
    uint64_t now = vane__clock_now(ctx);
    pthread_mutex_lock(&ctx->routes->lock);
    int due = vane__allowance_left(&ctx->allowance, now) > 0 && find(site, NULL, now, &found);
    pthread_mutex_unlock(&ctx->routes->lock);
    return due;
}

/* There is something to pay it with, and nobody else is at it. */
static int claim(vane_context *ctx, const vane__site *site, const vane__prepared *p, probe *out)
{
    uint64_t now = vane__clock_now(ctx);
    pthread_mutex_lock(&ctx->routes->lock);
    int mine = find(site, p, now, out) && vane__allowance_left(&ctx->allowance, now) > 0 &&
               vane__breaker_probe(out->breaker, now);
    pthread_mutex_unlock(&ctx->routes->lock);
    return mine;
}

/* ---- the trial ------------------------------------------------------------------------ */

/* Wrong results bring nobody back, whatever the reason was. */
static int is_right(vane__trial *t, probe *p)
{
    const vane__runner *r = &p->entry->settled.runner;
    if (p->base_ns <= 0 || p->trust == VANE_TRUST_NONE) {
        p->trust = vane__trial_check(t, r);
        p->untold = t->no_memory;
    }
    return p->trust == VANE_TRUST_CHECKED || p->trust == VANE_TRUST_ORACLE;
}

static int is_good(vane__trial *t, probe *p)
{
    if (!is_right(t, p))
        return 0;
    do {
        double ns = vane__trial_time(t, &p->entry->settled.runner, 0) * p->scale;
        if (ns <= 0 || (p->base_ns > 0 && ns > p->base_ns * WINS))
            return 0;
        p->ns[p->runs++] = ns;
    } while (p->base_ns > 0 && p->runs < RUNS);
    return 1;
}

/* What is known of the device is from before. */
static void doubt(vane_context *ctx, const vane__device *d)
{
    uint64_t now = vane__clock_now(ctx);
    vane__site *site = atomic_load_explicit(&ctx->routes->sites, memory_order_acquire);
    for (; site != NULL; site = site->next)
        for (uint32_t i = 0; i < site->n_all; i++)
            for (uint32_t state = 0; state < 4; state++)
                if (site->all[i]->settled.runner.device == d)
                    vane__window_age(&site->all[i]->learned.window[state & 1][state >> 1], now, 0);
}

/* A device that a probe found good or not. */
static void judge_device(vane_context *ctx, vane__device *d, int good)
{
    pthread_mutex_lock(&ctx->routes->lock);
    if (good)
        doubt(ctx, d);
    pthread_mutex_unlock(&ctx->routes->lock);
    vane__device_judge(d, good);
}

static void judge(vane_context *ctx, vane__site *site, probe *p, int good)
{
    uint32_t busy = atomic_load_explicit(&ctx->busy, memory_order_relaxed);
    pthread_mutex_lock(&ctx->routes->lock);
    p->entry->learned.trust = p->trust != VANE_TRUST_NONE ? p->trust : p->entry->learned.trust;
    if (p->device == NULL && !good)
        vane__breaker_judge(p->breaker, vane__clock_now(ctx), 0);
    if (p->device == NULL && good) {
        vane__window *w = &p->entry->learned.window[0][busy];
        *w = (vane__window){.pushed = 0};
        for (uint32_t i = 0; i < p->runs; i++)
            vane__window_push(w, p->ns[i]);
        vane__guard_close(ctx, p->entry);
        vane__guard_choose(ctx, site, p->base_ns > 0 ? "it wins again" : "it works again");
    }
    pthread_mutex_unlock(&ctx->routes->lock);
    if (p->device != NULL)
        judge_device(ctx, p->device, good);
}

static void pay(vane_context *ctx, uint64_t start)
{
    uint64_t now = vane__clock_now(ctx);
    pthread_mutex_lock(&ctx->routes->lock);
    vane__allowance_spend(&ctx->allowance, now, (double)(now - start));
    pthread_mutex_unlock(&ctx->routes->lock);
    vane__last_run.trial_ns += now - start;
}

/* Its device is awake. Nobody judges who does not fit this call, or could not be checked. */
static void try_out(vane_context *ctx, vane__site *site, const vane__prepared *p, probe *mine)
{
    vane__trial t;
    const vane__runner *r = &mine->entry->settled.runner;
    int there_is_room = vane__trial_open(ctx, p, &t);
    int fits = there_is_room && (r->plain || vane__runner_fit(r, &t.p) == VANE_REASON_CHOSEN);
    int good = fits && is_good(&t, mine);
    if (fits && !mine->untold)
        judge(ctx, site, mine, good);
    else
        vane__breaker_postpone(mine->breaker, vane__clock_now(ctx));
    if (there_is_room)
        vane__trial_close(&t);
}

void vane__probe_beside(vane_context *ctx, vane__site *site, const vane__prepared *p)
{
    probe mine;
    if (!claim(ctx, site, p, &mine))
        return;
    uint64_t start = vane__clock_now(ctx);
    vane_error kept = *vane_last_error();
    vane_status awake = mine.device != NULL ? vane__device_wake(mine.device) : VANE_OK;
    if (awake == VANE_E_BUSY)
        vane__breaker_postpone(mine.breaker, vane__clock_now(ctx));
    else if (awake != VANE_OK)
        judge(ctx, site, &mine, 0);
    else
        try_out(ctx, site, p, &mine);
    vane__error_restore(&kept);
    pay(ctx, start);
}

/* What it took here is forgotten: what its twin took speaks for it. */
static void try_again(vane_context *ctx, vane__site *site)
{
    uint64_t now = vane__clock_now(ctx);
    pthread_mutex_lock(&ctx->routes->lock);
    for (uint32_t i = 0; i < site->slate.count; i++) {
        vane__entry *e = site->entries[i];
        if (!vane__breaker_probe(&e->breaker, now))
            continue;
        memset(e->learned.window, 0, sizeof e->learned.window);
        vane__guard_close(ctx, e);
        vane__guard_choose(ctx, site, "it is tried again");
    }
    pthread_mutex_unlock(&ctx->routes->lock);
}

int vane__probe_in_buffers(vane_context *ctx, vane__site *site, const vane__prepared *p)
{
    if (site->twin == NULL || (!is_due(ctx, site) && !is_due(ctx, site->twin)))
        return 0;
    vane__rehearse_probe(ctx, site->twin, p);
    try_again(ctx, site);
    return 1;
}

/* ---- without a route ------------------------------------------------------------------- */

static int rests(const vane__slate *s, uint32_t i)
{
    const vane_reason why = s->candidates[i].reason;
    return s->runners[i].device != NULL &&
           (why == VANE_REASON_UNHEALTHY || why == VANE_REASON_RESTING);
}

/* A candidate whose device rests, and whose probe is the caller's from here on. A device of which
 * none can tell is judged by any. */
static const vane__runner *claim_device(const vane__slate *s, const vane__prepared *p, uint64_t now)
{
    for (int any = 0; any < 2; any++)
        for (uint32_t i = 0; i < s->count; i++)
            if (rests(s, i) && vane__breaker_due(&s->runners[i].device->breaker, now) &&
                (any || can_tell(s, i, p)) &&
                vane__breaker_probe(&s->runners[i].device->breaker, now))
                return &s->runners[i];
    return NULL;
}

int vane__probe_slate(vane_context *ctx, const vane__prepared *p, const vane__slate *s)
{
    if (atomic_load_explicit(&ctx->resting, memory_order_relaxed) == 0)
        return 0;
    uint64_t start = vane__clock_now(ctx);
    const vane__runner *r = claim_device(s, p, start);
    if (r == NULL)
        return 0;
    vane_error kept = *vane_last_error();
    vane__ran call = vane__last_run;
    vane_status awake = vane__device_wake(r->device);
    int good = awake == VANE_OK && vane__rehearse_works(ctx, p, r);
    if (awake == VANE_E_BUSY)
        vane__breaker_postpone(&r->device->breaker, vane__clock_now(ctx));
    else
        judge_device(ctx, r->device, good);
    vane__error_restore(&kept);
    vane__last_run = call;
    pay(ctx, start);
    return 1;
}
