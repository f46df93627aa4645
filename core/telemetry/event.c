/* SPDX-License-Identifier: MIT */
/* event.c - the watchers of a context, and telling them. */
#include "telemetry/event.h"

#include <stdlib.h>

#include "context.h"
#include "error.h"
#include "telemetry/pager.h"
#include "telemetry/probe.h"
#include "telemetry/record.h"
#include "telemetry/stats.h"
#include "telemetry/trace.h"

_Thread_local vane__ran vane__last_run;

int vane__watch_along(vane_context *ctx, const vane__watcher *w)
{
    vane__watchers *all = ctx->watchers;
    if (all->count == VANE__MAX_WATCHERS)
        return 0;
    all->list[all->count++] = *w;
    return 1;
}

int vane__watch(vane_context *ctx, const vane__watcher *w)
{
    if (!vane__watch_along(ctx, w))
        return 0;
    if (w->call != NULL)
        atomic_fetch_or(&ctx->watch, VANE__WATCH_CALLS);
    return 1;
}

vane_status vane__watchers_open(vane_context *ctx)
{
    ctx->watchers = calloc(1, sizeof *ctx->watchers);
    if (ctx->watchers == NULL)
        return vane__fail(VANE_E_NOMEM, "no memory for the watchers");
    if (ctx->settings.log.level >= VANE_LOG_DEBUG)
        atomic_fetch_or(&ctx->watch, VANE__WATCH_LOG);
    vane__stats_open(ctx);
    vane__trace_open(ctx);
    vane__record_open(ctx);
    vane__pager_open(ctx);
    return VANE_OK;
}

void vane__watchers_close(vane_context *ctx)
{
    while (ctx->watchers != NULL && ctx->watchers->count > 0) {
        vane__watcher *w = &ctx->watchers->list[--ctx->watchers->count];
        if (w->close != NULL)
            w->close(w->self);
    }
    free(ctx->watchers);
    ctx->watchers = NULL;
}

void vane__tell_call(vane_context *ctx, const vane__call_event *e)
{
    for (uint32_t i = 0; i < ctx->watchers->count; i++)
        if (ctx->watchers->list[i].call != NULL)
            ctx->watchers->list[i].call(ctx->watchers->list[i].self, e);
}

void vane__tell_route(vane_context *ctx, const vane__route_event *e)
{
    vane__probe_route(e);
    for (uint32_t i = 0; i < ctx->watchers->count; i++)
        if (ctx->watchers->list[i].route != NULL)
            ctx->watchers->list[i].route(ctx->watchers->list[i].self, e);
}

void vane__watchers_lock(vane_context *ctx)
{
    for (uint32_t i = 0; i < ctx->watchers->count; i++)
        if (ctx->watchers->list[i].lock != NULL)
            ctx->watchers->list[i].lock(ctx->watchers->list[i].self);
}

void vane__watchers_unlock(vane_context *ctx)
{
    for (uint32_t i = 0; i < ctx->watchers->count; i++)
        if (ctx->watchers->list[i].unlock != NULL)
            ctx->watchers->list[i].unlock(ctx->watchers->list[i].self);
}

void vane__watchers_in_child(vane_context *ctx)
{
    for (uint32_t i = 0; i < ctx->watchers->count; i++)
        if (ctx->watchers->list[i].in_child != NULL)
            ctx->watchers->list[i].in_child(ctx->watchers->list[i].self);
}
