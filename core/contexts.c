/* SPDX-License-Identifier: MIT */
/* contexts.c - the list of open contexts, and the handlers that take their locks over fork().
 *
 * Order of locks: list, sampler and deferred of each context, load, then for each context registry,
 * buffers, for each device queues, device and pool, then control, ops, report, arenas, routes,
 * watchers.
 */
#include "contexts.h"

#include "context.h"
#include "dispatch/site.h"
#include "exec/queue.h"
#include "exec/ticket.h"
#include "memory/arena.h"
#include "memory/buffer.h"
#include "memory/pool.h"
#include "op/table.h"
#include "plugin/health.h"
#include "policy/store.h"
#include "telemetry/event.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static vane_context *first;

typedef void (*on_lock)(pthread_mutex_t *lock);

static void lock(pthread_mutex_t *m)
{
    pthread_mutex_lock(m);
}

static void unlock(pthread_mutex_t *m)
{
    pthread_mutex_unlock(m);
}

static void device_lock(vane__device *d, on_lock act)
{
    if (act == lock)
        vane__queues_lock(d);
    else
        vane__queues_unlock(d);
    act(&d->lock);
    if (d->mempool != NULL && act == lock)
        vane__mempool_lock(d->mempool);
    else if (d->mempool != NULL)
        vane__mempool_unlock(d->mempool);
}

static void each_lock(vane_context *ctx, on_lock act)
{
    vane__registry *r = &ctx->registry;
    uint32_t n = atomic_load(&r->count);
    act(&r->lock);
    if (act == lock)
        vane__buffers_lock(ctx);
    else
        vane__buffers_unlock(ctx);
    for (uint32_t b = 0; b < n; b++)
        for (uint32_t d = 0; d < r->backends[b]->device_count; d++)
            device_lock(&r->backends[b]->devices[d], act);
    act(&ctx->control);
    act(vane__op_table_lock(ctx->ops));
    act(&r->report.lock);
    if (act == lock)
        vane__arenas_lock(ctx->arenas);
    else
        vane__arenas_unlock(ctx->arenas);
    act(&ctx->routes->lock);
    if (act == lock)
        vane__watchers_lock(ctx);
    else
        vane__watchers_unlock(ctx);
    act(&ctx->tickets->lock);
}

static void before_fork(void)
{
    lock(&list_lock);
    for (vane_context *c = first; c != NULL; c = c->next) {
        vane__sampler_before_fork(c);
        vane__deferred_before_fork(&c->registry.deferred);
    }
    lock(&load_lock);
    for (vane_context *c = first; c != NULL; c = c->next)
        each_lock(c, lock);
}

static void after_fork(void)
{
    for (vane_context *c = first; c != NULL; c = c->next)
        each_lock(c, unlock);
    unlock(&load_lock);
    for (vane_context *c = first; c != NULL; c = c->next) {
        vane__deferred_after_fork(&c->registry.deferred);
        vane__sampler_after_fork(c);
    }
    unlock(&list_lock);
}

static void in_child(void)
{
    after_fork();
    for (vane_context *c = first; c != NULL; c = c->next) {
        atomic_fetch_add(&c->forks, 1);
        vane__sampler_in_child(c);
        vane__deferred_in_child(&c->registry.deferred);
        for (uint32_t b = 0; b < atomic_load(&c->registry.count); b++)
            for (uint32_t d = 0; d < c->registry.backends[b]->device_count; d++) {
                vane__device *device = &c->registry.backends[b]->devices[d];
                vane__breaker_in_child(&device->breaker);
                if (!(device->info.caps & VANE_CAP_FORK_UNSAFE))
                    continue;
                atomic_store(&device->orphaned, 1);
                atomic_store(&device->wedged, 1);
                vane__device_lose(device);
            }
        vane__buffers_orphan(c);
        vane__sites_in_child(c);
        vane__watchers_in_child(c);
        vane__store_in_child(c);
    }
}

static void watch(void)
{
    pthread_atfork(before_fork, after_fork, in_child);
}

void vane__contexts_add(vane_context *ctx)
{
    pthread_once(&once, watch);
    lock(&list_lock);
    ctx->next = first;
    first = ctx;
    unlock(&list_lock);
}

void vane__contexts_remove(vane_context *ctx)
{
    lock(&list_lock);
    for (vane_context **at = &first; *at != NULL; at = &(*at)->next)
        if (*at == ctx) {
            *at = ctx->next;
            break;
        }
    unlock(&list_lock);
}

void vane__contexts_each(void (*fn)(vane_context *ctx))
{
    if (pthread_mutex_trylock(&list_lock) != 0)
        return;
    for (vane_context *c = first; c != NULL; c = c->next)
        fn(c);
    unlock(&list_lock);
}

void vane__load_lock(void)
{
    lock(&load_lock);
}

void vane__load_unlock(void)
{
    unlock(&load_lock);
}
