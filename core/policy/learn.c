/* SPDX-License-Identifier: MIT */
/* learn.c - lessons: a call observed in a young site is the occasion to try candidates.
 *
 * Short candidates are tried beside the call, several at once; a long one that is trusted
 * computes the call itself, which costs no more than it is slower. All of it is counted
 * against the allowance, but for the check of the first choice: nothing computes unchecked
 * for want of an allowance.
 */
#include "policy/learn.h"

#include <stdlib.h>

#include "error.h"
#include "os.h"
#include "policy/duel.h"
#include "policy/guard.h"
#include "policy/pace.h"
#include "policy/store.h"
#include "telemetry/event.h"

#define BURST_NS 5e6 /* of trials beside one call */
#define WIDE_BESIDE_NS 1e6
#define NEEDED 2.0                 /* times as fast as the choice, if it is right */
#define SURE 5u                    /* samples of one that the route goes to amid a lesson */
#define MUCH 3.0                   /* times as fast: less will do */
#define BREAK_NS UINT64_C(1000000) /* of a lesson that took long enough for one call */
#define PACE_LOOKS 4
#define DRY_NS UINT64_C(100000000) /* of one without allowance */
/* Between two lessons; doubles with each, up to some minutes. The first is short, where calls
 * are: what disturbed the machine for the moment of one lesson is gone in the next. */
#define FIRST_PAUSE_NS 100e6
#define FIRST_PAUSE_CALLS 250
#define LONG_FIRST_PAUSE_NS 1e9

/* What one look at the site says. */
typedef struct step {
    const vane__route *chosen; /* NULL: the site is out of date */
    const vane__route *next;   /* to be tried; NULL: enough is known */
    double chosen_ns, next_ns; /* predicted */
    uint32_t next_trust, next_samples;
    int first; /* nothing but the oracle is trusted yet */
    double left_ns;
} step;

typedef struct lesson {
    vane_context *ctx;
    const vane__prepared *p;
    vane__site *site;
    uint32_t hot;
    const vane__entry *skipped[VANE_MAX_CANDIDATES]; /* could not be tried with this call */
    uint32_t n_skipped;
    double needed_ns; /* of checks that the choice needed */
} lesson;

/* ---- one look ------------------------------------------------------------------------ */

static int is_skipped(const lesson *l, const vane__entry *e)
{
    for (uint32_t i = 0; i < l->n_skipped; i++)
        if (l->skipped[i] == e)
            return 1;
    return l->n_skipped == VANE_MAX_CANDIDATES;
}

/* A candidate that was not worth a try is not tried by the next process either. */
static void keep_expectations(const vane__site *site)
{
    for (uint32_t i = 0; i < site->slate.count; i++) {
        vane__learned *l = &site->entries[i]->learned;
        const vane_candidate *c = &site->slate.candidates[i];
        if (c->samples == 0 && l->remembered_ns <= 0)
            l->remembered_ns = (float)c->expected_ns;
    }
}

static uint64_t first_pause(double call_ns)
{
    double ns = FIRST_PAUSE_CALLS * call_ns;
    return (uint64_t)(ns < FIRST_PAUSE_NS        ? FIRST_PAUSE_NS
                      : ns > LONG_FIRST_PAUSE_NS ? LONG_FIRST_PAUSE_NS
                                                 : ns);
}

static void settle(lesson *l)
{
    vane__slate *s = &l->site->slate;
    vane__lesson *done = &l->site->lesson[s->query.busy];
    done->over = 1;
    keep_expectations(l->site);
    l->site->why = "measured";
    done->since_ns = vane__clock_now(l->ctx);
    const vane_candidate *c = &s->candidates[l->site->chosen[l->hot]];
    atomic_store(&done->due_ns, done->since_ns + (first_pause(c->predicted_ns) << done->lessons));
    done->settled_ns[l->hot] = c->samples >= SURE ? (float)c->predicted_ns : 0; /* compare() says */
}

/* Of this call's own; the site's reasons are of the last choice. */
static uint32_t next_of(const lesson *l)
{
    const vane__slate *s = &l->site->slate;
    const vane_policy *policy = atomic_load_explicit(&l->ctx->policy, memory_order_acquire);
    vane_candidate *c = malloc((s->count + 1) * sizeof *c);
    uint32_t next = VANE_NO_CANDIDATE;
    for (uint32_t i = 0; c != NULL && i < s->count; i++) {
        c[i] = s->candidates[i];
        if (is_skipped(l, l->site->entries[i]))
            c[i].reason = VANE_REASON_FAILED;
    }
    if (c != NULL && policy->explore != NULL)
        next = policy->explore(policy->self, &s->query, c, s->count);
    free(c);
    return next < s->count ? next : VANE_NO_CANDIDATE;
}

static int has_memory(const vane__learned *l)
{
    uint32_t pushed = 0;
    for (uint32_t state = 0; state < 4; state++)
        pushed += l->window[state & 1][state >> 1].pushed;
    return pushed > 0 || l->remembered_ns > 0 || l->trust == VANE_TRUST_WRONG;
}

/* Of its device nothing is remembered: it is new here, or its plugin or driver is. */
static int is_new(const vane__site *site, const vane__entry *e)
{
    for (uint32_t i = 0; i < site->slate.count; i++)
        if (site->entries[i]->settled.runner.device == e->settled.runner.device &&
            has_memory(&site->entries[i]->learned))
            return 0;
    return 1;
}

/* Where enough was known once, it is, unless somebody came who was not there. */
static int is_enough(const vane__site *site, uint32_t next)
{
    uint32_t settled = site->slate.query.busy ? VANE__REMEMBERS_BUSY : VANE__REMEMBERS_IDLE;
    return next == VANE_NO_CANDIDATE ||
           ((site->remembers & settled) && !(site->remembers & VANE__REMEMBERS_DOUBT) &&
            !is_new(site, site->entries[next]));
}

void vane__lesson_resume(vane_context *ctx, vane__site *site)
{
    int used = vane__site_is_published(site);
    for (uint32_t hot = 0; hot < 2 && vane__policy_learns(ctx); hot++) {
        if (used && site->published[hot] == NULL)
            continue;
        lesson l = {.ctx = ctx, .site = site, .hot = hot};
        uint32_t choice = vane__site_choose(ctx, site, hot);
        if (choice == VANE_NO_CANDIDATE || site->slate.candidates[choice].samples == 0 ||
            !is_enough(site, next_of(&l)))
            continue;
        settle(&l);
        site->why = used ? "the candidates changed" : "remembered";
    }
}

static int nobody_checked(const vane__slate *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->candidates[i].trust == VANE_TRUST_CHECKED)
            return 0;
    return 1;
}

/* A lesson that goes on has few times of some, and none of others in this state: the route does
 * not follow each of them, but goes to one that has enough, or promises much; and of the choice
 * some that are fresh, for it may have been disturbed only. */
void vane__lesson_hold(const vane__slate *s, uint32_t *chosen)
{
    uint32_t now = s->query.current;
    if (now >= s->count || now == *chosen)
        return;
    const vane_candidate *c = &s->candidates[now], *to = &s->candidates[*chosen];
    int stands = c->reason == VANE_REASON_SLOWER || c->reason == VANE_REASON_NARROWER;
    int trusted = c->trust == VANE_TRUST_CHECKED || c->trust == VANE_TRUST_ORACLE;
    if (stands && trusted && c->tier == to->tier && (to->samples < SURE || c->aged > 0) &&
        to->predicted_ns * MUCH > c->predicted_ns)
        *chosen = now;
}

/* Where some are known from an earlier lesson, the close ones are compared first. */
static int wants_duel(const lesson *l)
{
    return l->site->lesson[l->site->slate.query.busy].lessons > 0 &&
           vane__duel_begin(l->ctx, l->site, l->hot);
}

/* Nobody is left to try: do the close ones compute by turns first? */
static int may_settle(const lesson *l)
{
    vane__site *site = l->site;
    if (site->lesson[site->slate.query.busy].over || vane__duel_is_on(l->ctx, site))
        return 0;
    if (site->pace_ns <= 0 && site->unpaced++ < PACE_LOOKS)
        return 0; /* whether several threads are worth a try depends on it */
    return !vane__duel_begin(l->ctx, site, l->hot);
}

static void look_under_lock(lesson *l, step *out)
{
    vane__site *site = l->site;
    vane__slate *s = &site->slate;
    site->pace_ns = vane__pace_ns();
    if (site->version != vane__routes_version(l->ctx) ||
        vane__site_choose(l->ctx, site, l->hot) == VANE_NO_CANDIDATE)
        return;
    uint32_t next = wants_duel(l) ? VANE_NO_CANDIDATE : next_of(l);
    if (next == VANE_NO_CANDIDATE && may_settle(l))
        settle(l);
    if (next != VANE_NO_CANDIDATE || !atomic_load(&site->lesson[s->query.busy].over))
        vane__lesson_hold(s, &site->chosen[l->hot]);
    vane__site_publish(l->ctx, site, l->hot);
    out->chosen = vane__site_route(l->ctx, site, site->chosen[l->hot]);
    out->chosen_ns = s->candidates[site->chosen[l->hot]].predicted_ns;
    out->first = nobody_checked(s);
    out->left_ns = vane__allowance_left(&l->ctx->allowance, vane__clock_now(l->ctx));
    if (next == VANE_NO_CANDIDATE)
        return;
    out->next = &site->entries[next]->watched;
    out->next_ns = s->candidates[next].predicted_ns;
    out->next_trust = s->candidates[next].trust;
    out->next_samples = s->candidates[next].samples;
}

static void look(lesson *l, step *out)
{
    *out = (step){.chosen = NULL};
    pthread_mutex_lock(&l->ctx->routes->lock);
    look_under_lock(l, out);
    pthread_mutex_unlock(&l->ctx->routes->lock);
}

/* The first look of a call: when another thread is at the table, it goes the way it came. */
static void look_first(lesson *l, const vane__route *route, step *out)
{
    *out = (step){.chosen = route};
    if (pthread_mutex_trylock(&l->ctx->routes->lock) != 0)
        return;
    *out = (step){.chosen = NULL};
    look_under_lock(l, out);
    pthread_mutex_unlock(&l->ctx->routes->lock);
}

void vane__lesson_charge(vane_context *ctx, double ns)
{
    pthread_mutex_lock(&ctx->routes->lock);
    vane__allowance_spend(&ctx->allowance, vane__clock_now(ctx), ns);
    pthread_mutex_unlock(&ctx->routes->lock);
}

static void spend(lesson *l, double ns)
{
    pthread_mutex_lock(&l->ctx->routes->lock);
    vane__allowance_spend(&l->ctx->allowance, vane__clock_now(l->ctx), ns);
    l->ctx->allowance.needed_ns += l->needed_ns;
    l->needed_ns = 0;
    pthread_mutex_unlock(&l->ctx->routes->lock);
}

/* ---- trials -------------------------------------------------------------------------- */

static void skip(lesson *l, const vane__route *r)
{
    if (l->n_skipped < VANE_MAX_CANDIDATES)
        l->skipped[l->n_skipped++] = r->entry;
}

static void keep(lesson *l, const vane__route *r, uint32_t trust)
{
    pthread_mutex_lock(&l->ctx->routes->lock);
    r->entry->learned.trust = trust;
    pthread_mutex_unlock(&l->ctx->routes->lock);
}

/* Beside the call, several times in a row: the short ones, because one alone tells nothing; and
 * those on several threads, because a program that calls them in a row keeps the threads awake. */
static int is_beside(const step *s)
{
    return s->next_ns < VANE__LONG_NS || (s->next->runner.width > 1 && s->next_ns < WIDE_BESIDE_NS);
}

/* Nobody computes with a slow kernel for want of a check: that is paid whatever the allowance. */
static int is_needed(const step *s)
{
    return s->next_trust == VANE_TRUST_NONE && (s->first || s->next_ns * NEEDED < s->chosen_ns);
}

static uint32_t check(lesson *l, vane__trial *t, const step *s)
{
    double before = t->spent_ns;
    uint32_t trust = vane__trial_check(t, &s->next->runner);
    l->needed_ns += is_needed(s) ? t->spent_ns - before : 0;
    keep(l, s->next, trust);
    return trust;
}

static void try_one(lesson *l, vane__trial *t, const step *s)
{
    const vane__runner *r = &s->next->runner;
    uint32_t trust = s->next_trust;
    if (!r->plain && vane__runner_fit(r, &t->p) != VANE_REASON_CHOSEN) {
        skip(l, s->next);
        return;
    }
    int untold = trust == VANE_TRUST_NONE;
    if (untold)
        trust = check(l, t, s);
    if (trust == VANE_TRUST_NONE || trust == VANE_TRUST_WRONG ||
        (untold && s->left_ns - t->spent_ns < t->ran_ns)) {
        skip(l, s->next);
        return;
    }
    if (vane__power_wanted(l->ctx, r->device))
        vane__trial_power(t, r);
    if (!is_beside(s))
        return; /* it computes this call or a later one */
    double ns = vane__trial_time(t, r, s->next_samples == 0);
    uint32_t hot = vane__pool_hot(l->ctx->pool) ? 1 : 0; /* it ran several times in a row */
    if (ns > 0)
        vane__learned_note(l->ctx, s->next, &t->p, hot, ns, 1);
    else
        skip(l, s->next);
}

static int affordable(const step *s, double spent)
{
    return spent < BURST_NS && (is_needed(s) || s->left_ns - spent > s->next_ns);
}

/* There is no allowance left, or it is another call's turn: calls go on as if all were known, and
 * the samples among them are the occasions to go on with the lesson. */
static const vane__route *pause_lesson(lesson *l, const vane__route *chosen, double left_ns)
{
    vane__site *site = l->site;
    pthread_mutex_lock(&l->ctx->routes->lock);
    if (site->version == vane__routes_version(l->ctx) &&
        vane__site_choose(l->ctx, site, l->hot) != VANE_NO_CANDIDATE) {
        vane__lesson *here = &site->lesson[site->slate.query.busy];
        vane__lesson_hold(&site->slate, &site->chosen[l->hot]);
        here->paused = 1;
        atomic_store(&here->due_ns, vane__clock_now(l->ctx) + (left_ns > 0 ? BREAK_NS : DRY_NS));
        vane__site_publish(l->ctx, site, l->hot);
        chosen = vane__site_route(l->ctx, site, site->chosen[l->hot]);
    }
    pthread_mutex_unlock(&l->ctx->routes->lock);
    return chosen;
}

static const vane__route *learn(lesson *l, const vane__route *route, double *base_ns)
{
    vane__trial t;
    int opened = 0, there_is_room = 1;
    step s;
    for (look_first(l, route, &s); s.next != NULL; look(l, &s)) {
        int serves = !is_beside(&s) && s.next_trust != VANE_TRUST_NONE;
        if (serves && s.left_ns > s.next_ns - s.chosen_ns) {
            *base_ns = s.chosen_ns;
            s.chosen = s.next;
            break;
        }
        double spent = opened ? t.spent_ns : 0;
        if (serves || !affordable(&s, spent)) {
            s.chosen = pause_lesson(l, s.chosen, s.left_ns - spent);
            break;
        }
        if (!opened)
            there_is_room = opened = vane__trial_open(l->ctx, l->p, &t);
        if (!there_is_room)
            break;
        try_one(l, &t, &s);
    }
    if (opened) {
        spend(l, t.spent_ns);
        vane__last_run.trial_ns += (uint64_t)t.spent_ns;
        vane__trial_close(&t);
    }
    return s.chosen;
}

const vane__route *vane__lesson_take(vane_context *ctx, const vane__prepared *p,
                                     const vane__route *route, uint32_t hot, double *base_ns)
{
    lesson l = {.ctx = ctx, .p = p, .site = route->site, .hot = hot};
    return learn(&l, route, base_ns);
}

/* ---- the load of the host ---------------------------------------------------------------- */

/* Calls since the load changed told their times to the state that is left; what a lesson found
 * enough meanwhile is no measure of drift. */
static void restore(vane_context *ctx, vane__site *site, uint32_t left)
{
    uint64_t now = vane__clock_now(ctx);
    vane__lesson *l = &site->lesson[left];
    for (uint32_t i = 0; i < site->n_all; i++)
        for (uint32_t hot = 0; hot < 2; hot++)
            vane__window_restore(&site->all[i]->learned.window[hot][left], now);
    if (now - l->since_ns < VANE__UNNOTICED_NS)
        l->settled_ns[0] = l->settled_ns[1] = 0;
}

void vane__learn_busy(vane_context *ctx, uint32_t busy)
{
    if (atomic_exchange(&ctx->busy, busy) == busy || !vane__policy_learns(ctx))
        return;
    vane__site *site = atomic_load_explicit(&ctx->routes->sites, memory_order_acquire);
    for (; site != NULL; site = site->next) {
        pthread_mutex_lock(&ctx->routes->lock); /* for each anew: calls may want it */
        vane__site_border(site);
        restore(ctx, site, !busy);
        if (!atomic_load(&site->lesson[busy].over) && site->version == vane__routes_version(ctx))
            vane__lesson_resume(ctx, site);
        site->why = busy ? "others want the CPUs" : "the CPUs are free again";
        vane__site_revise(ctx, site);
        pthread_mutex_unlock(&ctx->routes->lock);
    }
}

static void on_change(vane_context *ctx, uint32_t what, void *arg)
{
    vane__snapshot now;
    (void)arg;
    if ((what & VANE__CHANGED_LOAD) && vane__sampler_look(ctx, &now))
        vane__learn_busy(ctx, now.load == VANE__LOAD_BUSY);
}

void vane__learn_open(vane_context *ctx)
{
    if (ctx->settings.load)
        vane__sampler_add(ctx, on_change, NULL);
}
