/* SPDX-License-Identifier: MIT */
/* routes.c - the table: opened, filled, called out of date. */
#include "dispatch/routes.h"

#include <stdlib.h>

#include "dispatch/dispatch.h"
#include "dispatch/site.h"
#include "error.h"
#include "plugin/deferred.h"
#include "policy/guard.h"
#include "policy/learn.h"
#include "policy/store.h"

_Thread_local uint32_t vane__unsampled;

vane_status vane__routes_open(vane_context *ctx)
{
    vane__routes *r = calloc(1, sizeof(*r));
    if (r == NULL || pthread_mutex_init(&r->lock, NULL) != 0) {
        free(r);
        return vane__fail(VANE_E_NOMEM, "no memory for the route table");
    }
    atomic_init(&r->version, 1);
    ctx->routes = r;
    return VANE_OK;
}

/* Can its device compute, as far as is known? NULL: of a site that is being added, whose cells
 * become stale next. */
static int is_usable(const vane__route *route)
{
    vane__device *d = route != NULL ? route->runner.device : NULL;
    return d == NULL || (!vane__device_lost(d) && vane__breaker_closed(&d->breaker) &&
                         vane__device_knows(d, route->runner.kernel));
}

/* Takes no lock, so that it may be called under any. */
void vane__routes_renew(vane_context *ctx)
{
    vane__routes *r = ctx->routes;
    if (r == NULL)
        return;
    atomic_fetch_add_explicit(&r->version, 1, memory_order_acq_rel);
    for (vane__site *s = atomic_load_explicit(&r->sites, memory_order_acquire); s != NULL;
         s = s->next)
        for (uint32_t hot = 0; hot < 2; hot++)
            if (!is_usable(atomic_load_explicit(s->cells[hot], memory_order_acquire)))
                atomic_store_explicit(s->cells[hot], &s->stale, memory_order_release);
}

void vane__routes_close(vane_context *ctx)
{
    vane__routes *r = ctx->routes;
    ctx->routes = NULL;
    if (r == NULL)
        return;
    vane__sites_free(atomic_load(&r->sites));
    for (uint32_t i = 0; i < VANE__WHERES; i++)
        free(atomic_load(&r->planes[i]));
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* Where operands in buffers lead to. NULL: out of memory. */
static vane__plane *plane_of(vane__routes *routes, const vane__where *where)
{
    _Atomic(vane__plane *) *at = &routes->planes[vane__where_code(where)];
    vane__plane *plane = atomic_load_explicit(at, memory_order_acquire), *none = NULL;
    if (!where->buffers)
        return &routes->host;
    if (plane != NULL)
        return plane;
    plane = calloc(1, sizeof *plane);
    if (plane == NULL || atomic_compare_exchange_strong(at, &none, plane))
        return plane;
    free(plane);
    return none;
}

vane__cell *vane__cell_of(vane__routes *routes, const vane__prepared *p, uint32_t hot)
{
    vane__plane *plane = plane_of(routes, &p->where);
    uint32_t op = p->rq.op->info.op;
    uint32_t row = op < VANE_OP_COUNT ? op : op - VANE_OP_CUSTOM + VANE_OP_COUNT;
    return plane == NULL ? NULL : &plane->cells[row][p->dtype][hot][p->size_class];
}

/* Lists the candidates anew when something changed: outside the lock, because that may open a
 * slow backend. */
static vane_status bring_up_to_date(vane_context *ctx, vane__site *site, uint32_t hot)
{
    vane__slate slate;
    vane__wish wish = {.where = site->where};
    uint32_t now = vane__routes_version(ctx);
    if (site->version == now)
        return VANE_OK;
    pthread_mutex_unlock(&ctx->routes->lock);
    vane__store_ready(ctx);
    vane_status st =
        vane__slate_make(ctx, site->op, site->dtype, site->size_class, hot, &wish, &slate);
    pthread_mutex_lock(&ctx->routes->lock);
    if (st != VANE_OK)
        return st;
    if (site->version - now > UINT32_MAX / 2) /* nobody else did meanwhile */
        st = vane__site_adopt(ctx, site, &slate, now);
    if (st == VANE_OK && (site->remembers || vane__site_is_published(site)))
        vane__lesson_resume(ctx, site);
    vane__slate_free(&slate);
    return st;
}

/* Under the lock of the routes. */
static const vane__route *decide(vane_context *ctx, vane__site *site, uint32_t hot)
{
    if (bring_up_to_date(ctx, site, hot) != VANE_OK)
        return NULL;
    uint32_t winner = vane__site_choose(ctx, site, hot);
    if (winner == VANE_NO_CANDIDATE) {
        vane__slate_none(ctx, site->op, site->dtype, &site->slate);
        return NULL;
    }
    vane__site_publish(ctx, site, hot);
    return vane__site_route(ctx, site, winner);
}

static int is_new(const vane_context *ctx, const vane__route *route)
{
    return route->runner.kernel != NULL &&
           atomic_load_explicit(&route->site->version, memory_order_relaxed) ==
               vane__routes_version(ctx);
}

const vane__route *vane__route_renewed(vane_context *ctx, const vane__route *route, uint32_t hot)
{
    uint32_t nobody = 0;
    const vane__route *other = NULL;
    if (is_new(ctx, route) || !atomic_compare_exchange_strong(&ctx->routes->making, &nobody, 1))
        return route;
    vane_error kept = *vane_last_error();
    if (pthread_mutex_trylock(&ctx->routes->lock) == 0) {
        other = decide(ctx, route->site, hot);
        pthread_mutex_unlock(&ctx->routes->lock);
    }
    atomic_fetch_sub(&ctx->routes->making, 1);
    vane__error_restore(&kept);
    return other != NULL ? other : route;
}

/* Cells that lead to somebody get their new route at once. */
static void refresh(vane_context *ctx, vane__site *site)
{
    pthread_mutex_lock(&ctx->routes->lock);
    int listed = !vane__site_is_published(site) || bring_up_to_date(ctx, site, 0) == VANE_OK;
    for (uint32_t hot = 0; hot < 2; hot++)
        if (listed && site->published[hot] != NULL &&
            vane__site_choose(ctx, site, hot) != VANE_NO_CANDIDATE)
            vane__site_publish(ctx, site, hot);
        else
            atomic_store_explicit(site->cells[hot], &site->stale, memory_order_release);
    pthread_mutex_unlock(&ctx->routes->lock);
}

void vane__routes_refresh(vane_context *ctx)
{
    vane__routes *r = ctx->routes;
    vane_error kept = *vane_last_error();
    if (r == NULL)
        return;
    atomic_fetch_add(&r->making, 1);
    atomic_fetch_add_explicit(&r->version, 1, memory_order_acq_rel);
    vane__site *s = atomic_load_explicit(&r->sites, memory_order_acquire);
    for (; s != NULL; s = s->next)
        refresh(ctx, s);
    atomic_fetch_sub(&r->making, 1);
    vane__error_restore(&kept);
}

/* Under no lock. */
static const vane__route *make(vane_context *ctx, vane__site *site, uint32_t hot)
{
    double predicted = 0;
    pthread_mutex_lock(&ctx->routes->lock);
    const vane__route *route = decide(ctx, site, hot);
    if (route != NULL)
        predicted = site->slate.candidates[site->chosen[hot]].predicted_ns;
    pthread_mutex_unlock(&ctx->routes->lock);
    vane__deferred_want(ctx, predicted);
    return route;
}

/* Nobody is left for p, and no other call will ask for who rests. 1: one was asked, and is back or
 * rests for longer. */
static int bring_back(vane_context *ctx, const vane__prepared *p, uint32_t hot)
{
    vane__slate slate;
    vane__wish wish = {.where = p->where};
    if (atomic_load_explicit(&ctx->resting, memory_order_relaxed) == 0)
        return 0;
    vane_error kept = *vane_last_error();
    int asked = 0;
    if (vane__slate_make(ctx, p->rq.op, p->dtype, p->size_class, hot, &wish, &slate) == VANE_OK) {
        vane__site_inform(ctx, p, hot, &slate, NULL);
        asked = vane__probe_slate(ctx, p, &slate);
        vane__slate_free(&slate);
    }
    vane__error_restore(&kept);
    return asked;
}

const vane__route *vane__route_make(vane_context *ctx, const vane__prepared *p, uint32_t hot)
{
    vane__site *site = vane__site_of(ctx, p);
    if (site == NULL) {
        vane__fail(VANE_E_NOMEM, "%s: no memory for its route", p->rq.op->info.name);
        return NULL;
    }
    const vane__route *route = make(ctx, site, hot);
    return route == NULL && bring_back(ctx, p, hot) ? make(ctx, site, hot) : route;
}

void vane__route_foresee(vane_context *ctx, const vane__prepared *p, uint32_t hot)
{
    vane__site *site = vane__policy_learns(ctx) ? vane__site_of(ctx, p) : NULL;
    if (site == NULL)
        return;
    pthread_mutex_lock(&ctx->routes->lock);
    bring_up_to_date(ctx, site, hot);
    pthread_mutex_unlock(&ctx->routes->lock);
}

const vane__route *vane__route_ready(vane_context *ctx, const vane__prepared *p)
{
    uint32_t hot = vane__pool_hot(ctx->pool) ? 1 : 0;
    vane__cell *cell = vane__cell_of(ctx->routes, p, hot);
    const vane__route *route =
        cell == NULL ? NULL : atomic_load_explicit(cell, memory_order_acquire);
    return route != NULL && is_new(ctx, route) ? route : NULL;
}

const vane__route *vane__route_for(vane_context *ctx, const vane__prepared *p)
{
    const vane__route *route = vane__route_ready(ctx, p);
    return route != NULL ? route : vane__route_make(ctx, p, vane__pool_hot(ctx->pool) ? 1 : 0);
}

const vane__route *vane__route_learned(vane_context *ctx, const vane__prepared *p)
{
    const vane__route *route = vane__route_for(ctx, p);
    if (route != NULL && atomic_load_explicit(&ctx->resting, memory_order_relaxed) > 0 &&
        vane__probe_in_buffers(ctx, route->site, p))
        route = vane__route_for(ctx, p);
    if (route == NULL || route->settled || !vane__policy_learns(ctx))
        return route;
    vane__site *site = route->site;
    if (!vane__rehearse(ctx, site->twin != NULL ? site->twin : site, p))
        return route;
    return vane__route_make(ctx, p, vane__pool_hot(ctx->pool) ? 1 : 0);
}
