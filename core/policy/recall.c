/* SPDX-License-Identifier: MIT */
/* recall.c - what a site knows of a candidate, put into the candidate; and what it learns. */
#include <math.h>

#include "policy/learn.h"

#define HOST_CALL_NS 10.0 /* of any kernel, beside its work */
#define DRIFT 1.25        /* a choice that takes so much longer than it did is doubted */
#define FIRST_DOUBT_NS UINT64_C(1000000000)
#define LAST_DOUBT 6u /* doublings */

/* ---- sizes --------------------------------------------------------------------------- */

static double shape_of(const vane_query *q, const vane_candidate *c)
{
    return HOST_CALL_NS + vane__policy_roofline(q, c);
}

double vane__learned_scale(const vane_candidate *c, const vane_query *middle,
                           const vane__prepared *p)
{
    vane_query mine = *middle;
    mine.flops = p->work.flops;
    mine.bytes = p->work.bytes;
    double scale = shape_of(middle, c) / shape_of(&mine, c);
    return scale > 0.25 && scale < 4 ? scale : 1;
}

/* ---- recalling ------------------------------------------------------------------------ */

static const vane__window *window_of(const vane__learned *l, uint32_t width, uint32_t hot,
                                     uint32_t busy)
{
    return &l->window[width > 1 ? hot : 0][busy];
}

/* From another state of the same candidate: a pool that sleeps costs its waking more. */
static double from_other_state(const vane__learned *l, const vane_candidate *c, uint32_t hot,
                               uint32_t busy, const vane_query *q)
{
    double ns = 0;
    if (c->width > 1 && (ns = vane__window_median(&l->window[!hot][busy])) > 0)
        return hot ? ns : ns + q->fork_ns * 0.1; /* the caller never waits for a sleeper */
    for (uint32_t h = 0; ns == 0 && h < 2; h++)
        ns = vane__window_median(&l->window[h][!busy]);
    return ns;
}

static const vane__entry *same_in(const vane__site *site, const vane__runner *r)
{
    for (uint32_t i = 0; i < site->slate.count; i++) {
        const vane__runner *other = &site->slate.runners[i];
        if (other->kernel == r->kernel && other->device == r->device && other->width == r->width)
            return site->entries[i];
    }
    return NULL;
}

/* From the nearest size, along the candidate's roofline. */
static double from_near(const vane__site *site, uint32_t i, uint32_t hot, uint32_t busy,
                        const vane_candidate *c)
{
    static const int classes[] = {-1, 1, -2, 2};
    for (uint32_t k = 0; k < sizeof classes / sizeof classes[0]; k++) {
        vane_query there;
        const vane__site *near = vane__site_near(site, classes[k]);
        const vane__entry *e = near != NULL ? same_in(near, &site->slate.runners[i]) : NULL;
        double ns =
            e != NULL ? vane__window_median(window_of(&e->learned, c->width, hot, busy)) : 0;
        if (ns <= 0)
            continue;
        vane__query_fill(near->op, near->dtype, near->size_class, hot, &there);
        return ns * shape_of(&site->slate.query, c) / shape_of(&there, c);
    }
    return 0;
}

void vane__learned_recall(const vane__site *site, uint32_t i, uint32_t hot, uint32_t busy,
                          vane_candidate *c)
{
    const vane__learned *l = &site->entries[i]->learned;
    const vane__window *w = window_of(l, c->width, hot, busy);
    c->trust = l->trust;
    c->samples = vane__window_count(w);
    c->measured_ns = vane__window_median(w);
    c->spread_ns = vane__window_spread(w);
    c->expected_ns = c->samples > 0 ? 0 : from_other_state(l, c, hot, busy, &site->slate.query);
    if (c->samples == 0 && c->expected_ns <= 0)
        c->expected_ns = l->remembered_ns;
    if (c->samples == 0 && c->expected_ns <= 0)
        c->expected_ns = from_near(site, i, hot, busy, c);
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

/* What was known of the others may be as old: they are measured anew. */
static void doubt(vane_context *ctx, vane__site *site, const vane__entry *kept, uint32_t busy)
{
    vane__lesson *l = &site->lesson[busy];
    for (uint32_t i = 0; i < site->slate.count; i++)
        for (uint32_t hot = 0; hot < 2 && site->entries[i] != kept; hot++) {
            vane__window *w = &site->entries[i]->learned.window[hot][busy];
            if (w->pushed > 0)
                site->entries[i]->learned.remembered_ns = (float)vane__window_median(w);
            w->pushed = 0;
        }
    l->over = 0;
    site->why = "it took longer than it did";
    l->relearned += l->relearned < LAST_DOUBT;
    for (uint32_t hot = 0; hot < 2; hot++)
        if (site->chosen[hot] != VANE_NO_CANDIDATE)
            vane__site_publish(ctx, site, hot);
}

static void compare(vane_context *ctx, vane__site *site, const vane__entry *e,
                    const vane__window *w, uint32_t hot, uint32_t busy)
{
    vane__lesson *l = &site->lesson[busy];
    uint64_t now = vane__clock_now(ctx);
    double then = (double)l->settled_ns[hot];
    if (!l->over || vane__window_count(w) < VANE__WINDOW / 2 || then <= 0 ||
        vane__window_median(w) < then * DRIFT ||
        now < l->since_ns + (FIRST_DOUBT_NS << l->relearned))
        return;
    doubt(ctx, site, e, busy);
}

void vane__learned_note(vane_context *ctx, const vane__route *route, const vane__prepared *p,
                        uint32_t hot, double took_ns)
{
    vane__site *site = route->site;
    uint32_t busy = atomic_load_explicit(&ctx->busy, memory_order_relaxed);
    pthread_mutex_lock(&ctx->routes->lock);
    uint32_t i = index_of(site, route->entry);
    if (i < site->slate.count) {
        const vane_candidate *c = &site->slate.candidates[i];
        uint32_t state = route->runner.width > 1 ? hot : 0;
        vane__window *w = &route->entry->learned.window[state][busy];
        vane__window_push(w, took_ns * vane__learned_scale(c, &site->slate.query, p));
        compare(ctx, site, route->entry, w, hot, busy);
    }
    pthread_mutex_unlock(&ctx->routes->lock);
}
