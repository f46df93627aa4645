/* SPDX-License-Identifier: MIT */
/* routes.c - make, publish and fill route tables. */
#include "dispatch/routes.h"

#include <stdlib.h>

#include "dispatch/slate.h"
#include "error.h"

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

const vane__route *vane__route_make(vane_context *ctx, vane__routes *routes, const vane__op *op,
                                    uint32_t dtype, uint32_t size_class, uint32_t hot)
{
    vane__slate slate;
    const vane__route *route = NULL;
    vane__cell *cell = vane__route_cell(routes, op->info.op, dtype, size_class, hot);
    if (vane__slate_make(ctx, op, dtype, size_class, hot, NULL, NULL, 0, &slate) != VANE_OK)
        return NULL;
    uint32_t winner = vane__slate_choose(ctx, &slate);
    if (winner == VANE_NO_CANDIDATE) {
        vane__slate_none(ctx, op, dtype, &slate);
    } else {
        pthread_mutex_lock(&ctx->control);
        route = atomic_load_explicit(cell, memory_order_acquire);
        if (route == NULL)
            route = publish(routes, cell, &slate.runners[winner]);
        pthread_mutex_unlock(&ctx->control);
        if (route == NULL)
            vane__fail(VANE_E_NOMEM, "%s: no memory for its route", op->info.name);
    }
    vane__slate_free(&slate);
    return route;
}
