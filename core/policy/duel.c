/* SPDX-License-Identifier: MIT */
/* duel.c - stretches of calls, by turns. */
#include "policy/duel.h"

#include <stdlib.h>

#include "policy/guard.h"
#include "policy/learn.h"
#include "policy/pace.h"

#define SHORT_NS 2000.0 /* of those, repeats beside a call tell more than a clock around it */
#define CLOSE 1.6       /* times the best expectation: may be the best */
#define BEHIND 1.15     /* times the best's typical stretch, in its own best one: is not */
#define MISFITS 16u     /* calls that whose turn it is cannot compute: the duel is over */
#define LEAST 3u        /* stretches, before anybody leaves */
#define STRETCH_NS 300e3
#define LONG_NS 1e6 /* one that long is a stretch, and needs no other before it */
/* A stretch begins with sleeping threads and the caches of the one before: that does not count. */
#define WARM_NS 100e3
#define DRY_NS UINT64_C(100000000) /* without allowance */

static _Thread_local int rests;

void vane__duel_rest(int resting)
{
    rests = resting;
}

/* ---- who ------------------------------------------------------------------------------- */

static int may_win(const vane_candidate *c, const vane_candidate *best)
{
    int stands = c == best || c->reason == VANE_REASON_SLOWER || c->reason == VANE_REASON_NARROWER;
    int trusted = c->trust == VANE_TRUST_CHECKED || c->trust == VANE_TRUST_ORACLE;
    return stands && trusted && c->tier == best->tier && c->samples > 0 &&
           c->predicted_ns < CLOSE * best->predicted_ns;
}

static void enter(vane__duel *d, uint32_t *count, vane__entry *e, const vane_candidate *c)
{
    uint32_t at = *count;
    for (; at > 0 && d->who[at - 1].candidate.predicted_ns > c->predicted_ns; at--)
        if (at < VANE__DUELISTS)
            d->who[at] = d->who[at - 1];
    if (at < VANE__DUELISTS)
        d->who[at] = (vane__duelist){.entry = e, .candidate = *c};
    *count += *count < VANE__DUELISTS;
}

/* NULL: out of memory. */
static vane__duel *duel_of(vane__site *site)
{
    if (site->duel == NULL)
        site->duel = calloc(1, sizeof *site->duel);
    return site->duel;
}

int vane__duel_begin(const vane_context *ctx, vane__site *site, uint32_t hot)
{
    const vane__slate *s = &site->slate;
    vane__lesson *l = &site->lesson[s->query.busy];
    const vane_candidate *best = &s->candidates[site->chosen[hot]];
    uint32_t count = 0;
    if (rests || atomic_load(&l->dueled) > 0 || site->twin != NULL ||
        s->query.objective != VANE_OBJECTIVE_TIME || best->samples == 0 ||
        best->predicted_ns < SHORT_NS ||
        !vane__guard_on_cpu(&site->entries[site->chosen[hot]]->settled.runner))
        return 0;
    vane__duel *d = duel_of(site);
    atomic_store(&l->dueled, d != NULL && d->number + 1 > 0 ? d->number + 1 : 1);
    if (d == NULL)
        return 0;
    d->number = atomic_load(&l->dueled);
    for (uint32_t i = 0; i < s->count; i++)
        if (may_win(&s->candidates[i], best) &&
            vane__guard_on_cpu(&site->entries[i]->settled.runner))
            enter(d, &count, site->entries[i], &s->candidates[i]);
    d->query = s->query;
    d->version = vane__routes_version(ctx);
    d->best_ns = best->predicted_ns;
    d->misfits = 0;
    d->round = d->at = d->calls = d->counted = d->resumes = 0;
    d->warm_ns = d->sum_ns = d->raw_ns = 0;
    l->paused = 0;
    atomic_store(&d->count, count > 1 ? count : 0);
    return count > 1;
}

/* ---- turns ----------------------------------------------------------------------------- */

/* There and back again, so that nobody always follows the same other one. */
static vane__duelist *whose_turn(const vane__duel *d)
{
    uint32_t at = d->round % 2 ? d->count - 1 - d->at : d->at;
    return (vane__duelist *)&d->who[at];
}

int vane__duel_is_on(const vane_context *ctx, const vane__site *site)
{
    const vane__duel *d = site->duel;
    return d != NULL && atomic_load(&d->count) > 0 && !rests &&
           d->version == vane__routes_version(ctx) &&
           d->query.busy == atomic_load_explicit(&ctx->busy, memory_order_relaxed) &&
           d->number == atomic_load(&site->lesson[d->query.busy].dueled);
}

const vane__route *vane__duel_turn(const vane_context *ctx, vane__site *site,
                                   const vane__prepared *p)
{
    if (!vane__duel_is_on(ctx, site))
        return NULL;
    vane__duel *d = site->duel;
    const vane__route *r = &whose_turn(d)->entry->watched;
    if (r->runner.plain || vane__runner_fit(&r->runner, p) == VANE_REASON_CHOSEN) {
        d->misfits = 0;
        return r;
    }
    if (++d->misfits == MISFITS)
        atomic_store(&d->count, 0);
    return NULL;
}

/* ---- the end of a stretch, under the lock ----------------------------------------------- */

static void sorted(const vane__duelist *w, uint32_t n, float *out)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = i;
        for (; at > 0 && out[at - 1] > w->ns[i]; at--)
            out[at] = out[at - 1];
        out[at] = w->ns[i];
    }
}

static double best_typical(const vane__duel *d, uint32_t n)
{
    float ns[VANE__WINDOW];
    double best = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        sorted(&d->who[i], n, ns);
        best = best <= 0 || (double)ns[n / 2] < best ? (double)ns[n / 2] : best;
    }
    return best;
}

/* What is known of w is what it took in n stretches, whatever it took beside calls. */
static void learn(const vane__duel *d, vane__duelist *w, uint32_t n, uint64_t now)
{
    uint32_t state = w->candidate.width > 1 ? w->hot : 0;
    vane__window *to = &w->entry->learned.window[state][d->query.busy];
    vane__window_renew(to, now);
    for (uint32_t i = 0; i < VANE__WINDOW; i++)
        vane__window_push(to, (double)w->ns[i % n]);
}

/* Who is behind after n rounds leaves; the last one need not go on. */
static void part(vane__duel *d, uint32_t n, uint64_t now)
{
    float ns[VANE__WINDOW];
    double limit = BEHIND * best_typical(d, n);
    uint32_t left = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        sorted(&d->who[i], n, ns);
        if (n < VANE__WINDOW && (double)ns[0] <= limit)
            d->who[left++] = d->who[i];
        else
            learn(d, &d->who[i], n, now);
    }
    if (left == 1)
        learn(d, &d->who[0], n, now);
    atomic_store(&d->count, left > 1 ? left : 0);
}

/* For a route that changed with the load already, nobody leaves early: few stretches show who is
 * behind, not that he is by more than chance. */
static void end_stretch(vane__duel *d, double mean_ns, uint64_t now)
{
    whose_turn(d)->ns[d->round] = (float)mean_ns;
    if (++d->at < d->count)
        return;
    d->at = 0;
    if (++d->round >= (d->query.moved ? VANE__WINDOW : LEAST))
        part(d, d->round, now);
}

static void put_off(vane_context *ctx, vane__site *site, uint32_t hot, uint64_t now)
{
    vane__lesson *l = &site->lesson[site->duel->query.busy];
    l->paused = site->duel->resumes = 1;
    atomic_store(&l->due_ns, now + DRY_NS);
    vane__site_publish(ctx, site, hot);
}

static void take_up(vane_context *ctx, vane__site *site, uint32_t hot)
{
    site->lesson[site->duel->query.busy].paused = site->duel->resumes = 0;
    vane__site_publish(ctx, site, hot);
}

/* What the stretch took beyond what the best would have. */
static double excess(const vane__duel *d, double mean_ns)
{
    double more = mean_ns - d->best_ns;
    return more > 0 && d->sum_ns > 0 ? more * d->calls * d->raw_ns / d->sum_ns : 0;
}

static void settle_stretch(vane_context *ctx, vane__site *site, uint32_t hot)
{
    vane__duel *d = site->duel;
    double mean = d->counted > 0 ? d->sum_ns / d->counted : 0;
    uint64_t now = vane__clock_now(ctx);
    pthread_mutex_lock(&ctx->routes->lock);
    site->pace_ns = vane__pace_ns();
    if (!vane__duel_is_on(ctx, site) || mean <= 0 || site->chosen[hot] == VANE_NO_CANDIDATE) {
        atomic_store(&d->count, 0);
    } else if (d->resumes) {
        take_up(ctx, site, hot);
    } else {
        vane__allowance_spend(&ctx->allowance, now, excess(d, mean));
        end_stretch(d, mean, now);
        if (d->count > 0 && vane__allowance_left(&ctx->allowance, now) <= 0)
            put_off(ctx, site, hot, now);
    }
    pthread_mutex_unlock(&ctx->routes->lock);
    d->calls = d->counted = 0;
    d->warm_ns = d->sum_ns = d->raw_ns = 0;
}

void vane__duel_note(vane_context *ctx, vane__site *site, const vane__prepared *p, uint32_t hot,
                     double took_ns)
{
    vane__duel *d = site->duel;
    vane__duelist *w = whose_turn(d);
    int dense = vane__pace_ns() <= VANE__AWAKE_NS;
    d->calls++;
    if (took_ns <= 0) {
        d->sum_ns = d->counted = 0;
        settle_stretch(ctx, site, hot);
        return;
    }
    if (dense && d->warm_ns < WARM_NS && took_ns < LONG_NS && !d->resumes) {
        d->warm_ns += took_ns;
        return;
    }
    w->hot = dense || hot;
    d->raw_ns += took_ns;
    d->sum_ns += took_ns * vane__learned_scale(&w->candidate, &d->query, p);
    d->counted++;
    if (!dense || d->resumes || d->sum_ns >= STRETCH_NS)
        settle_stretch(ctx, site, hot);
}
