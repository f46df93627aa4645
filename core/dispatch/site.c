/* SPDX-License-Identifier: MIT */
/* site.c - sites: found, filled, chosen from, published. */
#include "dispatch/site.h"

#include <stdlib.h>
#include <string.h>

#include "dispatch/dispatch.h"
#include "error.h"
#include "policy/learn.h"
#include "policy/pace.h"
#include "policy/store.h"
#include "telemetry/event.h"

/* ---- finding --------------------------------------------------------------------- */

static vane__site *site_new(const vane__prepared *p, vane__cell *cells[2], vane__site *twin)
{
    vane__site *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->op = p->rq.op;
    s->dtype = p->dtype;
    s->size_class = p->size_class;
    s->where = p->where;
    s->twin = twin;
    s->stale.site = s;
    s->stale.share = s->stale.fast_share = VANE__SHARE_ALL;
    for (uint32_t hot = 0; hot < 2; hot++) {
        s->cells[hot] = cells[hot];
        s->chosen[hot] = VANE_NO_CANDIDATE;
    }
    return s;
}

/* Both cells get it at once, so that either leads to it. */
static vane__site *site_add(vane_context *ctx, const vane__prepared *p, vane__cell *cells[2],
                            vane__site *twin)
{
    vane__routes *r = ctx->routes;
    const vane__route *there = atomic_load_explicit(cells[0], memory_order_acquire);
    if (there != NULL)
        return there->site;
    vane__site *s = site_new(p, cells, twin);
    if (s == NULL)
        return NULL;
    s->next = atomic_load_explicit(&r->sites, memory_order_relaxed);
    atomic_store_explicit(&r->sites, s, memory_order_release);
    atomic_store_explicit(cells[1], &s->stale, memory_order_release);
    atomic_store_explicit(cells[0], &s->stale, memory_order_release);
    return s;
}

vane__site *vane__site_of(vane_context *ctx, const vane__prepared *p)
{
    vane__cell *cells[2];
    for (uint32_t hot = 0; hot < 2; hot++)
        if ((cells[hot] = vane__cell_of(ctx->routes, p, hot)) == NULL)
            return NULL;
    const vane__route *route = atomic_load_explicit(cells[0], memory_order_acquire);
    if (route != NULL)
        return route->site;
    vane__site *twin = NULL;
    if (p->where.buffers) {
        vane__prepared on_host = *p;
        on_host.where = (vane__where){0};
        if ((twin = vane__site_of(ctx, &on_host)) == NULL)
            return NULL;
    }
    pthread_mutex_lock(&ctx->routes->lock);
    vane__site *s = site_add(ctx, p, cells, twin);
    pthread_mutex_unlock(&ctx->routes->lock);
    return s;
}

void vane__sites_free(vane__site *s)
{
    while (s != NULL) {
        vane__site *next = s->next;
        for (uint32_t i = 0; i < s->n_all; i++)
            free(s->all[i]);
        free(s->all);
        free(s->duel);
        free(s->entries);
        vane__slate_free(&s->slate);
        free(s);
        s = next;
    }
}

void vane__sites_in_child(vane_context *ctx)
{
    for (vane__site *s = atomic_load(&ctx->routes->sites); s != NULL; s = s->next) {
        atomic_store(&s->learner, 0);
        for (uint32_t i = 0; i < s->n_all; i++)
            vane__breaker_in_child(&s->all[i]->breaker);
    }
    atomic_store(&ctx->routes->making, 0);
}

/* The classes of an op lie side by side. */
const vane__site *vane__site_near(const vane__site *site, int classes)
{
    uint32_t half = site->size_class & VANE__THIN, at = site->size_class + (uint32_t)classes;
    if (at >= VANE__CLASSES || (at & VANE__THIN) != half)
        return NULL;
    const vane__route *route = atomic_load_explicit(site->cells[0] + classes, memory_order_acquire);
    return route != NULL ? route->site : NULL;
}

/* ---- candidates -------------------------------------------------------------------- */

static int is_of(const vane__entry *e, const vane__runner *r)
{
    const vane__runner *mine = &e->settled.runner;
    return mine->kernel == r->kernel && mine->device == r->device && mine->width == r->width;
}

static void entry_init(vane__entry *e, vane__site *site, const vane__runner *r, uint32_t trust,
                       uint32_t share)
{
    e->watched = (vane__route){.runner = *r,
                               .site = site,
                               .entry = e,
                               .share = VANE__SHARE_ALL,
                               .fast_share = VANE__SHARE_ALL};
    e->settled = e->watched;
    e->settled.settled = 1;
    e->settled.share = share;
    e->settled.fast_share = r->plain ? share : VANE__SHARE_ALL;
    e->brief = e->settled;
    e->brief.brief = 1;
    e->brief.share = VANE__SHARE_BRIEF;
    e->brief.fast_share = r->plain ? VANE__SHARE_BRIEF : VANE__SHARE_ALL;
    e->learned.trust = e->learned.kept_trust = trust;
}

vane__entry *vane__site_entry(const vane__site *site, const vane__runner *r)
{
    for (uint32_t i = 0; i < site->n_all; i++)
        if (is_of(site->all[i], r))
            return site->all[i];
    return NULL;
}

static int somebody_judges(const vane__slate *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->candidates[i].numerics == VANE_NUMERICS_ORACLE)
            return 1;
    return 0;
}

static vane__entry *entry_of(vane_context *ctx, vane__site *site, const vane__runner *r,
                             const vane_candidate *c, int judged)
{
    vane__entry *there = vane__site_entry(site, r);
    if (there != NULL)
        return there;
    vane__entry **all = realloc(site->all, (site->n_all + 1) * sizeof *all);
    if (all == NULL)
        return NULL;
    site->all = all;
    vane__entry *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    /* VANE_VERIFY counts calls by what they take: each takes the same */
    entry_init(e, site, r,
               c->numerics == VANE_NUMERICS_ORACLE ? VANE_TRUST_ORACLE : VANE_TRUST_NONE,
               ctx->settings.verify > 0 ? VANE__SHARE_BRIEF : VANE__SHARE_SETTLED);
    site->remembers |= vane__remember(ctx, site, e, judged);
    return site->all[site->n_all++] = e;
}

vane_status vane__site_adopt(vane_context *ctx, vane__site *site, vane__slate *slate,
                             uint32_t version)
{
    int judged = somebody_judges(slate);
    vane__entry **entries = malloc((slate->count + 1) * sizeof *entries);
    for (uint32_t i = 0; entries != NULL && i < slate->count; i++)
        if ((entries[i] = entry_of(ctx, site, &slate->runners[i], &slate->candidates[i], judged)) ==
            NULL) {
            free(entries);
            entries = NULL;
        }
    if (entries == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory for its candidates", site->op->info.name);
    vane__slate old = site->slate;
    site->slate = *slate;
    *slate = old;
    free(site->entries);
    site->entries = entries;
    site->version = version;
    site->chosen[0] = site->chosen[1] = VANE_NO_CANDIDATE;
    site->bordered = site->moved[0] = site->moved[1] = 0;
    for (uint32_t busy = 0; busy < 2; busy++) {
        atomic_store_explicit(&site->lesson[busy].over, 0, memory_order_relaxed);
        atomic_store_explicit(&site->lesson[busy].due_ns, 0, memory_order_relaxed);
        atomic_store(&site->lesson[busy].dueled, 0);
    }
    return VANE_OK;
}

int vane__site_keeps_awake(const vane__site *site)
{
    return site->pace_ns > 0 && site->pace_ns <= VANE__AWAKE_NS;
}

/* ---- choosing ---------------------------------------------------------------------- */

void vane__site_recall(vane_context *ctx, const vane__site *site, uint32_t hot, vane__slate *s)
{
    int awake = hot || (vane__policy_learns(ctx) && vane__site_keeps_awake(site));
    vane__query_fill(site->op, site->dtype, site->size_class, (uint32_t)awake, &s->query);
    s->query.pool_hot = hot;
    s->query.busy = atomic_load_explicit(&ctx->busy, memory_order_relaxed);
    s->query.objective = atomic_load_explicit(&ctx->objective, memory_order_relaxed);
    for (uint32_t i = 0; i < s->count; i++) {
        const vane__entry *e =
            s == &site->slate ? site->entries[i] : vane__site_entry(site, &s->runners[i]);
        s->candidates[i].power_mw = vane__power_of(ctx, s->runners[i].device);
        if (e != NULL)
            vane__learned_recall(site, e, &s->query, &s->candidates[i]);
        if (e != NULL && e == site->published[hot])
            s->query.current = i;
    }
    s->query.moved = !site->moved[hot]    ? 0
                     : site->twin != NULL ? VANE_MOVED_UNSEEN
                                          : VANE_MOVED_SEEN;
}

void vane__site_inform(vane_context *ctx, const vane__prepared *p, uint32_t hot, vane__slate *s,
                       vane_decision *d)
{
    vane__cell *cell = vane__cell_of(ctx->routes, p, hot);
    const vane__route *route =
        cell != NULL ? atomic_load_explicit(cell, memory_order_acquire) : NULL;
    if (route == NULL)
        return;
    const vane__site *site = route->site;
    pthread_mutex_lock(&ctx->routes->lock);
    vane__site_recall(ctx, site, hot, s);
    if (d != NULL) {
        d->settled = atomic_load(&site->lesson[s->query.busy].over);
        d->route_changes = site->changes;
        d->route_since_ns = site->changed_ns;
        d->route_why = site->changed_ns > 0 ? site->last_why : NULL;
    }
    pthread_mutex_unlock(&ctx->routes->lock);
}

uint32_t vane__site_choose(vane_context *ctx, vane__site *site, uint32_t hot)
{
    vane__site_recall(ctx, site, hot, &site->slate);
    return site->chosen[hot] = vane__slate_choose(ctx, &site->slate);
}

/* Short calls are worth the shortcuts; of long ones each is timed. */
const vane__route *vane__site_route(vane_context *ctx, const vane__site *site, uint32_t candidate)
{
    const vane__entry *e = site->entries[candidate];
    double ns = site->slate.candidates[candidate].predicted_ns;
    const vane__site *learns = site->twin != NULL ? site->twin : site;
    const vane__lesson *l = &learns->lesson[site->slate.query.busy];
    int over = atomic_load(&l->over) || l->paused;
    if (!vane__policy_learns(ctx))
        return &e->brief;
    if (!over || ns >= VANE__LONG_NS)
        return &e->watched;
    return ns < VANE__BRIEF_NS ? &e->brief : &e->settled;
}

static void tell(vane_context *ctx, vane__site *site, uint32_t hot, const vane__entry *to)
{
    const vane__entry *from = site->published[hot];
    vane__route_event e = {.when_ns = vane__clock_now(ctx),
                           .op = site->op,
                           .dtype = site->dtype,
                           .size_class = site->size_class,
                           .hot = hot,
                           .from = from != NULL ? &from->settled.runner : NULL,
                           .to = &to->settled.runner,
                           .predicted_ns = site->slate.candidates[site->chosen[hot]].predicted_ns,
                           .why = site->why != NULL ? site->why
                                  : from != NULL    ? "the candidates changed"
                                                    : "the first"};
    site->published[hot] = to;
    site->changes += from != NULL;
    site->moved[hot] |= site->bordered && from != NULL;
    site->changed_ns = e.when_ns;
    site->last_why = e.why;
    vane__tell_route(ctx, &e);
}

int vane__site_is_published(const vane__site *site)
{
    return site->published[0] != NULL || site->published[1] != NULL;
}

/* A change that came meanwhile was overwritten by this choice: it has to be seen. */
void vane__site_publish(vane_context *ctx, vane__site *site, uint32_t hot)
{
    const vane__route *route = vane__site_route(ctx, site, site->chosen[hot]);
    if (route->entry != site->published[hot])
        tell(ctx, site, hot, route->entry);
    atomic_store_explicit(site->cells[hot], route, memory_order_release);
    if (vane__routes_version(ctx) != site->version)
        atomic_store_explicit(site->cells[hot], &site->stale, memory_order_release);
}

void vane__site_border(vane__site *site)
{
    const vane__lesson *learns = site->twin != NULL ? site->twin->lesson : site->lesson;
    for (uint32_t busy = 0; busy < 2; busy++) /* or what is left is a duel */
        site->bordered |= atomic_load(&learns[busy].over) || atomic_load(&learns[busy].dueled) > 0;
    site->moved[0] = site->moved[1] = 0;
}

void vane__site_revise(vane_context *ctx, vane__site *site)
{
    for (uint32_t hot = 0; hot < 2; hot++)
        if (site->chosen[hot] != VANE_NO_CANDIDATE && site->version == vane__routes_version(ctx) &&
            vane__site_choose(ctx, site, hot) != VANE_NO_CANDIDATE)
            vane__site_publish(ctx, site, hot);
}
