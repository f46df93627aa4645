/* SPDX-License-Identifier: MIT */
/* recall.c - what a site knows of a candidate, put into the candidate; and what it learns. */
#include "policy/guard.h"
#include "policy/learn.h"

#define DRIFT 1.25 /* a choice that takes so much longer than it did is doubted */
#define LAST_LESSON 10u
#define SPEAKS 5u /* samples of a window that another cannot stand for */
#define JOINS 2u  /* of each of two windows that are compared */
#define MOST_FACTOR 8.0
#define APART_NS UINT64_C(10000000)

/* ---- recalling ------------------------------------------------------------------------ */

const vane__window *vane__learned_window(const vane__learned *l, uint32_t width,
                                         const vane_query *q)
{
    return &l->window[width > 1 ? q->pool_hot : 0][q->busy];
}

/* What waking the threads adds to a call, as a share of what starting them costs: the caller
 * never waits for a sleeper, it computes on. */
#define WAKING 0.1

/* A program that calls densely keeps the pool awake by the calls themselves: those of the hot pool
 * stand for it, and until it is known how densely it calls, as long as this state has not samples
 * enough of its own. One that makes pauses wakes it with each call. */
static const vane__window *best_window(const vane__site *site, const vane__learned *l,
                                       const vane_candidate *c, const vane_query *q,
                                       double *extra_ns)
{
    const vane__window *w = vane__learned_window(l, c->width, q);
    const vane__window *hot = &l->window[1][q->busy];
    *extra_ns = 0;
    if (c->width == 1 || q->pool_hot || vane__window_count(hot) == 0 ||
        (!vane__site_keeps_awake(site) &&
         (vane__window_count(w) >= SPEAKS || vane__window_count(hot) <= vane__window_count(w))))
        return w;
    *extra_ns = site->pace_ns > 0 && !vane__site_keeps_awake(site) ? WAKING * q->fork_ns : 0;
    return hot;
}

/* What the load makes of calls: of those that were measured with and without it, the middle one.
 * Those on several threads suffer more than one alone, and only speak for their like. */
static double load_factor(const vane__site *site, const vane_query *q, int wide)
{
    double factors[VANE_MAX_CANDIDATES];
    uint32_t n = 0;
    for (uint32_t i = 0; i < site->slate.count && n < VANE_MAX_CANDIDATES; i++) {
        const vane__learned *l = &site->entries[i]->learned;
        for (uint32_t h = 0; h < 2 && n < VANE_MAX_CANDIDATES; h++) {
            const vane__window *here = &l->window[h][q->busy], *there = &l->window[h][!q->busy];
            if ((site->slate.runners[i].width > 1) != wide || vane__window_count(here) < JOINS ||
                vane__window_count(there) < JOINS)
                continue;
            double factor = vane__window_typical(here) / vane__window_typical(there);
            uint32_t at = n++;
            for (; at > 0 && factors[at - 1] > factor; at--)
                factors[at] = factors[at - 1];
            factors[at] = factor;
        }
    }
    if (n == 0)
        return wide ? load_factor(site, q, 0) : 1;
    double factor = factors[n / 2];
    return factor < 1 / MOST_FACTOR ? 1 / MOST_FACTOR : factor > MOST_FACTOR ? MOST_FACTOR : factor;
}

/* From another state of the same candidate. */
static double from_other_state(const vane__site *site, const vane__learned *l,
                               const vane_candidate *c, const vane_query *q)
{
    double ns = c->width > 1 ? vane__window_typical(&l->window[!q->pool_hot][q->busy]) : 0;
    if (ns > 0)
        return ns;
    for (uint32_t h = 0; ns == 0 && h < 2; h++)
        ns = vane__window_typical(&l->window[h][!q->busy]);
    return ns > 0 ? ns * load_factor(site, q, c->width > 1) : 0;
}

/* Operands in buffers: as on host memory, but for what moves. Nobody can be checked here, so
 * trust is the twin's; where that could not be found out either, it is given. */
static void from_twin(const vane__site *site, const vane__entry *e, const vane_query *q,
                      vane_candidate *c)
{
    const vane__site *twin = site->twin;
    const vane__entry *same = vane__site_entry(twin, &e->settled.runner);
    double ns =
        same != NULL ? vane__window_typical(vane__learned_window(&same->learned, c->width, q)) : 0;
    c->trust = same != NULL ? same->learned.trust : VANE_TRUST_NONE;
    if (c->trust == VANE_TRUST_NONE && !atomic_load(&twin->lesson[q->busy].over))
        c->trust = VANE_TRUST_ORACLE;
    if (c->samples > 0 || ns <= 0)
        return;
    for (uint32_t i = 0; i < twin->slate.count; i++)
        if (twin->entries[i] == same)
            ns -= twin->slate.candidates[i].transfer_ns;
    c->expected_ns = (ns > 1 ? ns : 1) + c->transfer_ns;
}

void vane__learned_recall(const vane__site *site, const vane__entry *e, const vane_query *q,
                          vane_candidate *c)
{
    const vane__learned *l = &e->learned;
    double extra_ns;
    const vane__window *w = best_window(site, l, c, q, &extra_ns);
    c->trust = l->trust;
    c->samples = vane__window_count(w);
    c->aged = w->aged;
    c->measured_ns = c->samples > 0 ? vane__window_hoped(w) + extra_ns : 0;
    c->least_ns = c->samples > 0 ? vane__window_lately(w) + extra_ns : 0;
    c->most_ns = c->samples > 0 ? vane__window_most(w) + extra_ns : 0;
    c->spread_ns = vane__window_spread(w);
    c->expected_ns = c->samples > 0 ? 0 : from_other_state(site, l, c, q);
    if (c->samples == 0 && c->expected_ns <= 0)
        c->expected_ns = (double)l->remembered_ns;
    if (c->samples == 0 && c->expected_ns <= 0)
        c->expected_ns = vane__sizes_expect(site, e, q, c, &c->spread_ns);
    if (site->twin != NULL)
        from_twin(site, e, q, c);
    vane__guard_verdict(e, c);
    if (c->reason == VANE_REASON_CHOSEN && c->trust == VANE_TRUST_WRONG)
        c->reason = VANE_REASON_WRONG;
}

/* ---- noting --------------------------------------------------------------------------- */

static uint32_t index_of(const vane__site *site, const vane__entry *e)
{
    uint32_t i = 0;
    while (i < site->slate.count && site->entries[i] != e)
        i++;
    return i;
}

/* Each call is looked at from here on. */
static void watch(vane_context *ctx, vane__site *site)
{
    for (uint32_t hot = 0; hot < 2; hot++) {
        if (site->chosen[hot] == VANE_NO_CANDIDATE || site->version != vane__routes_version(ctx) ||
            vane__site_choose(ctx, site, hot) == VANE_NO_CANDIDATE)
            continue;
        vane__lesson_hold(&site->slate, &site->chosen[hot]);
        vane__site_publish(ctx, site, hot);
    }
}

/* What was known may be old: a few fresh samples of everybody who is near. */
static void reopen(vane_context *ctx, vane__site *site, uint32_t busy, int in_doubt,
                   const char *why)
{
    vane__lesson *l = &site->lesson[busy];
    uint64_t now = vane__clock_now(ctx);
    for (uint32_t i = 0; i < site->slate.count; i++)
        for (uint32_t hot = 0; hot < 2; hot++)
            vane__window_age(&site->entries[i]->learned.window[hot][busy], now, in_doubt);
    atomic_store(&l->dueled, 0);
    atomic_store(&l->over, 0);
    l->paused = 0;
    atomic_store(&l->due_ns, 0);
    l->lessons += l->lessons < LAST_LESSON;
    site->why = why;
    watch(ctx, site);
}

/* What changed may change back: the pauses are not as long as they had become. */
static void change(vane_context *ctx, vane__site *site, uint32_t busy)
{
    site->lesson[busy].lessons /= 2;
    reopen(ctx, site, busy, 1, "it took longer than it did");
}

/* A settled site is looked at again when its choice has become slower, and ever more rarely
 * because a rival may have become faster. */
static void compare(vane_context *ctx, vane__site *site, const vane__window *w, uint32_t hot,
                    uint32_t busy)
{
    vane__lesson *l = &site->lesson[busy];
    uint64_t now = vane__clock_now(ctx), due = atomic_load(&l->due_ns);
    double then = (double)l->settled_ns[hot];
    if (!atomic_load(&l->over))
        return;
    if (then <= 0 && vane__window_count(w) == VANE__WINDOW)
        l->settled_ns[hot] = (float)vane__window_typical(w);
    int slower = then > 0 && vane__window_count(w) > VANE__WINDOW / 2 &&
                 vane__window_typical(w) > then * DRIFT;
    if (slower && now > l->since_ns + (due - l->since_ns) / 4)
        change(ctx, site, busy);
    else if (now >= due)
        reopen(ctx, site, busy, 0, "measured again");
}

/* Of calls with operands in buffers, only the choice is ever measured: its own times replace
 * what its twin let expect, and may speak for another. */
static void choose_again(vane_context *ctx, vane__site *site, const vane__window *w, uint32_t hot)
{
    uint32_t before = site->chosen[hot];
    if (w->pushed % 4 != 0 || site->version != vane__routes_version(ctx) ||
        vane__site_choose(ctx, site, hot) == VANE_NO_CANDIDATE)
        return;
    vane__guard_left(ctx, site, before, site->chosen[hot]);
    vane__site_publish(ctx, site, hot);
}

/* One call of it is too short for the clock, and what it takes by itself, after code of ours
 * that pushed its own out of the caches, is not what it takes among its like. */
static int is_brief(const vane_candidate *c, const vane__window *w)
{
    return (w->pushed > 0 ? vane__window_typical(w) : c->predicted_ns) < VANE__BRIEF_NS;
}

/* Nine calls in a row may be less than a millisecond, in which somebody else had a CPU: of what is
 * known well, samples lie so far apart that most of them are slow only if it is. */
static int is_repetition(const vane__site *site, const vane__window *w, uint32_t busy, uint64_t now)
{
    return atomic_load(&site->lesson[busy].over) && vane__window_count(w) == VANE__WINDOW &&
           vane__window_age_ns(w, now) < APART_NS;
}

void vane__learned_note(vane_context *ctx, const vane__route *route, const vane__prepared *p,
                        uint32_t hot, double took_ns, int repeated)
{
    vane__site *site = route->site;
    if (repeated)
        pthread_mutex_lock(&ctx->routes->lock);
    else if (pthread_mutex_trylock(&ctx->routes->lock) != 0)
        return; /* another call's time serves as well: none waits to tell its own */
    uint32_t busy = atomic_load_explicit(&ctx->busy, memory_order_relaxed);
    uint32_t i = index_of(site, route->entry);
    if (i < site->slate.count) {
        const vane_candidate *c = &site->slate.candidates[i];
        uint32_t state = route->runner.width > 1 ? hot : 0;
        vane__window *w = &route->entry->learned.window[state][busy];
        double scale = vane__learned_scale(c, &site->slate.query, p);
        uint64_t now = vane__clock_now(ctx);
        int told = repeated || (!is_brief(c, w) && !is_repetition(site, w, busy, now));
        if (told)
            vane__window_tell(w, took_ns * scale, now);
        if (!repeated)
            vane__guard_note(ctx, site, i, route, hot, took_ns, scale);
        if (site->twin != NULL && told)
            choose_again(ctx, site, w, hot);
        else if (site->twin == NULL)
            compare(ctx, site, w, hot, busy);
    }
    pthread_mutex_unlock(&ctx->routes->lock);
}
