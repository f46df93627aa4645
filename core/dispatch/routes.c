/* SPDX-License-Identifier: MIT */
/* routes.c - make, publish and fill route tables. */
#include "dispatch/routes.h"

#include <stdlib.h>

#include "dispatch/dispatch.h"
#include "error.h"
#include "plugin/deferred.h"

vane_status vane__routes_open(vane_context *ctx)
{
    vane__routes *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return vane__fail(VANE_E_NOMEM, "no memory for the route table");
    r->older = atomic_load(&ctx->routes);
    atomic_store_explicit(&ctx->routes, r, memory_order_release);
    return VANE_OK;
}

vane_status vane__routes_renew(vane_context *ctx)
{
    vane_status st = VANE_OK;
    pthread_mutex_lock(&ctx->control);
    if (atomic_load(&ctx->routes) != NULL)
        st = vane__routes_open(ctx);
    pthread_mutex_unlock(&ctx->control);
    return st;
}

void vane__routes_close(vane_context *ctx)
{
    vane__routes *r = atomic_exchange(&ctx->routes, NULL);
    while (r != NULL) {
        vane__routes *older = r->older;
        while (r->all != NULL) {
            vane__route *next = r->all->next;
            free(r->all);
            r->all = next;
        }
        for (uint32_t i = 0; i < VANE__WHERES; i++)
            free(atomic_load(&r->planes[i]));
        free(r);
        r = older;
    }
}

static const vane__route *publish(vane__routes *routes, vane__cell *cell,
                                  const vane__runner *runner)
{
    vane__route *route = malloc(sizeof(*route));
    if (route == NULL)
        return NULL;
    route->runner = *runner;
    route->next = routes->all;
    routes->all = route;
    atomic_store_explicit(cell, route, memory_order_release);
    return route;
}

/* Where operands in buffers lead to. NULL: out of memory. */
static vane__plane *plane_at(vane__routes *routes, uint32_t code)
{
    _Atomic(vane__plane *) *at = &routes->planes[code];
    vane__plane *plane = atomic_load_explicit(at, memory_order_acquire), *none = NULL;
    if (plane == NULL) {
        plane = calloc(1, sizeof *plane);
        if (plane != NULL && !atomic_compare_exchange_strong(at, &none, plane)) {
            free(plane);
            plane = none;
        }
    }
    return plane;
}

static vane__cell *cell_of(vane__routes *routes, const vane__prepared *p, uint32_t hot)
{
    vane__plane *plane =
        p->where.buffers ? plane_at(routes, vane__where_code(&p->where)) : &routes->host;
    return plane == NULL ? NULL
                         : vane__route_cell(plane, p->rq.op->info.op, p->dtype, p->size_class, hot);
}

const vane__route *vane__route_make(vane_context *ctx, vane__routes *routes,
                                    const vane__prepared *p, uint32_t hot)
{
    vane__slate slate;
    const vane__op *op = p->rq.op;
    const vane__route *route = NULL;
    vane__cell *cell = cell_of(routes, p, hot);
    vane__wish wish = {.where = p->where};
    if (cell == NULL) {
        vane__fail(VANE_E_NOMEM, "%s: no memory for its route", op->info.name);
        return NULL;
    }
    if (vane__slate_make(ctx, op, p->dtype, p->size_class, hot, &wish, &slate) != VANE_OK)
        return NULL;
    uint32_t winner = vane__slate_choose(ctx, &slate);
    if (winner == VANE_NO_CANDIDATE) {
        vane__slate_none(ctx, op, p->dtype, &slate);
    } else {
        pthread_mutex_lock(&ctx->control);
        route = atomic_load_explicit(cell, memory_order_acquire);
        if (route == NULL)
            route = publish(routes, cell, &slate.runners[winner]);
        pthread_mutex_unlock(&ctx->control);
        if (route == NULL)
            vane__fail(VANE_E_NOMEM, "%s: no memory for its route", op->info.name);
    }
    if (winner != VANE_NO_CANDIDATE)
        vane__deferred_want(ctx, slate.candidates[winner].predicted_ns);
    vane__slate_free(&slate);
    return route;
}

const vane__route *vane__route_ready(vane_context *ctx, const vane__prepared *p)
{
    uint32_t hot = vane__pool_hot(ctx->pool) ? 1 : 0;
    vane__cell *cell = cell_of(vane__routes_now(ctx), p, hot);
    return cell == NULL ? NULL : atomic_load_explicit(cell, memory_order_acquire);
}

const vane__route *vane__route_for(vane_context *ctx, const vane__prepared *p)
{
    const vane__route *route = vane__route_ready(ctx, p);
    uint32_t hot = vane__pool_hot(ctx->pool) ? 1 : 0;
    return route != NULL ? route : vane__route_make(ctx, vane__routes_now(ctx), p, hot);
}
