/* SPDX-License-Identifier: MIT */
/* pick.c - who computes for a stream of one device: of its candidates the one that is best by what
 * was learned; now and then, within the allowance, one that may be better.
 *
 * A choice is kept and followed. Of calls that teach (policy/heard.c) ever fewer ask again, in
 * the lane; what they are told by the device's events, and rehearsals, is what the policy knows.
 * Where the stream's queue keeps no times nothing is tried, and who gives the call asks, at once,
 * as after every change of the routes: the lane would have all that is given while it is busy.
 */
#include <string.h>

#include "dispatch/site.h"
#include "error.h"
#include "exec/stream.h"
#include "plugin/health.h"
#include "plugin/loader.h"
#include "policy/guard.h"
#include "policy/learn.h"

#define MOST_PAUSE 64u /* calls that teach, from one question to the next */

static vane__choice *choice_of(vane_stream *s, const vane__prepared *p)
{
    uint32_t at = p->rq.op->info.op * 31 + p->dtype * 7 + p->size_class;
    return &s->choices[at & (VANE__STREAM_CHOICES - 1)];
}

static int is_for(const vane__choice *c, const vane__prepared *p)
{
    return c->op == p->rq.op->info.op && c->dtype == p->dtype && c->size_class == p->size_class;
}

/* Where such streams have queues without times, neither calls nor trials teach anything. */
static int tells_times(const vane__device *d)
{
    return !vane__vtable_untimed(&d->backend->vt);
}

/* It teaches, and what it would be heard for is not there, or it is its turn to ask. */
static int asks(vane_stream *s, const vane__flight *f, vane__choice *c)
{
    if (!f->teaches || !vane__policy_learns(s->ctx))
        return 0;
    if (vane__route_ready(s->ctx, &f->p) == NULL || c->heard >= c->pause)
        return 1;
    c->heard++;
    return 0;
}

int vane__stream_picked(vane_stream *s, const vane__flight *f, vane__runner *out)
{
    vane__choice *c = choice_of(s, &f->p);
    int found = c->version == vane__routes_version(s->ctx) && is_for(c, &f->p) &&
                !vane__device_due(s->device) && !asks(s, f, c);
    if (found)
        *out = c->runner;
    return found;
}

static int is_same(const vane__runner *a, const vane__runner *b)
{
    return a->kernel == b->kernel && a->width == b->width;
}

/* Nobody computes unchecked for the sake of a trial. */
static int is_trusted(vane_context *ctx, const vane__flight *f, const vane__slate *s, uint32_t i)
{
    uint32_t trust = s->candidates[i].trust;
    const vane__route *there = vane__route_ready(ctx, &f->p);
    if (trust == VANE_TRUST_NONE && there != NULL && there->site->twin != NULL)
        trust = vane__rehearse_check(ctx, there->site->twin, &f->p, &s->runners[i]);
    return trust == VANE_TRUST_CHECKED || trust == VANE_TRUST_ORACLE;
}

/* There is time for what the one takes more than the other. */
static int is_affordable(vane_context *ctx, double more_ns)
{
    pthread_mutex_lock(&ctx->routes->lock);
    uint64_t now = vane__clock_now(ctx);
    double left = vane__allowance_left(&ctx->allowance, now);
    if (left > 0 && left > more_ns)
        vane__allowance_spend(&ctx->allowance, now, more_ns);
    pthread_mutex_unlock(&ctx->routes->lock);
    return left > 0 && left > more_ns;
}

/* Who is to compute for the sake of what it takes: one worth a try, or the winner itself. */
static uint32_t next_of(vane_context *ctx, const vane__flight *f, const vane__slate *s,
                        uint32_t winner)
{
    const vane_policy *policy = atomic_load_explicit(&ctx->policy, memory_order_acquire);
    if (s->candidates[winner].trust == VANE_TRUST_NONE) {
        is_trusted(ctx, f, s, winner); /* or whoever is checked would win by that alone */
        return winner;
    }
    uint32_t next = policy->explore(policy->self, &s->query, s->candidates, s->count);
    if (next >= s->count || next == winner)
        return next == winner ? winner : VANE_NO_CANDIDATE;
    double more = s->candidates[next].predicted_ns - s->candidates[winner].predicted_ns;
    return is_trusted(ctx, f, s, next) && is_affordable(ctx, more) ? next : VANE_NO_CANDIDATE;
}

/* What it has chosen is kept, and the pause to the next question: short while there is more to
 * find out. */
static void keep(vane_stream *s, const vane__prepared *p, uint32_t version, const vane__runner *r,
                 int more)
{
    pthread_mutex_lock(&s->lock);
    vane__choice *c = choice_of(s, p);
    uint32_t pause = is_for(c, p) && c->version == version && !more ? 2 * c->pause : 1;
    *c = (vane__choice){.version = version,
                        .op = p->rq.op->info.op,
                        .dtype = p->dtype,
                        .size_class = p->size_class,
                        .pause = pause < MOST_PAUSE ? pause : MOST_PAUSE,
                        .runner = *r};
    pthread_mutex_unlock(&s->lock);
}

/* The slate, with what is known, and the choice until now as the current one. */
static int slate_for(vane_stream *s, const vane__prepared *p, vane__slate *out)
{
    vane__wish wish = {.device = s->device, .where = p->where};
    uint32_t hot = vane__pool_hot(s->ctx->pool) ? 1 : 0;
    if (vane__slate_make(s->ctx, p->rq.op, p->dtype, p->size_class, hot, &wish, out) != VANE_OK)
        return 0;
    vane__site_inform(s->ctx, p, hot, out, NULL);
    out->query.current = VANE_NO_CANDIDATE;
    out->query.moved = 0; /* that is said of the site's route */
    pthread_mutex_lock(&s->lock);
    const vane__choice *c = choice_of(s, p);
    for (uint32_t i = 0; c->version > 0 && is_for(c, p) && i < out->count; i++)
        if (out->runners[i].device == s->device && is_same(&out->runners[i], &c->runner))
            out->query.current = i;
    pthread_mutex_unlock(&s->lock);
    return 1;
}

/* Its site is made, and rehearsed: there times and trust are kept. */
static void learn(vane_stream *s, const vane__prepared *p)
{
    vane_error kept = *vane_last_error();
    if (p->where.buffers && vane__route_learned(s->ctx, p) == NULL)
        vane__error_restore(&kept); /* who computes elsewhere is no matter of this stream */
}

void vane__stream_probe(vane_stream *s, const vane__prepared *p)
{
    vane__slate slate;
    if (!vane__device_due(s->device) || !slate_for(s, p, &slate))
        return;
    vane__probe_slate(s->ctx, p, &slate);
    vane__slate_free(&slate);
}

int vane__stream_pick(vane_stream *s, vane__flight *f, vane__runner *out)
{
    vane__slate slate;
    uint32_t now = vane__routes_version(s->ctx), next = VANE_NO_CANDIDATE;
    int learns = f->teaches && vane__policy_learns(s->ctx);
    if (learns)
        learn(s, &f->p);
    if (!slate_for(s, &f->p, &slate))
        return 0;
    uint32_t winner = vane__slate_choose(s->ctx, &slate);
    if (winner == VANE_NO_CANDIDATE) {
        vane__slate_none(s->ctx, f->p.rq.op, f->p.dtype, &slate);
    } else {
        if (learns)
            next = next_of(s->ctx, f, &slate, winner);
        f->tries = next != VANE_NO_CANDIDATE;
        *out = slate.runners[f->tries ? next : winner];
        keep(s, &f->p, now, &slate.runners[winner], f->tries);
    }
    vane__slate_free(&slate);
    return winner != VANE_NO_CANDIDATE;
}

/* Quick, because nothing is tried. 0: the lane asks, and tells why nobody can; or brings back who
 * rests, which takes its time. */
static int pick_here(vane_stream *s, vane__flight *f)
{
    vane__runner r;
    vane_error kept = *vane_last_error();
    if (vane__device_due(s->device))
        return 0;
    f->teaches = 0;
    int found = vane__stream_pick(s, f, &r);
    if (!found)
        vane__error_restore(&kept);
    return found;
}

/* Is there a choice, and is it its turn to be asked for again? */
static int is_due(vane_stream *s, const vane__prepared *p)
{
    pthread_mutex_lock(&s->lock);
    vane__choice *c = choice_of(s, p);
    int due = c->version > 0 && is_for(c, p) && c->heard++ >= c->pause;
    pthread_mutex_unlock(&s->lock);
    return due;
}

int vane__stream_teaches(vane_stream *s, vane__flight *f)
{
    if (tells_times(s->device))
        return 1;
    if (vane__policy_learns(s->ctx) && is_due(s, &f->p)) {
        vane__flight_lock(f);
        vane__flight_look(f);
        vane__flight_unlock(f);
        (void)pick_here(s, f);
    }
    return 0;
}

int vane__stream_renew(vane_stream *s, vane__flight *f)
{
    if (s->device == NULL || f->teaches || f->shadows)
        return 0;
    pthread_mutex_lock(&s->lock);
    vane__choice *c = choice_of(s, &f->p);
    int is_old = c->version > 0 && is_for(c, &f->p) && c->version != vane__routes_version(s->ctx) &&
                 s->first == NULL && !s->lane_busy;
    pthread_mutex_unlock(&s->lock);
    return is_old && pick_here(s, f);
}
