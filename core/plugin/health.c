/* SPDX-License-Identifier: MIT */
/* health.c - a device leaves the routes, and comes back. */
#include "plugin/health.h"

#include "context.h"
#include "error.h"
#include "exec/queue.h"
#include "memory/pool.h"
#include "telemetry/clock.h"

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static void tell_open(const vane__device *d, const char *why)
{
    const vane__breaker *b = &d->breaker;
    if (atomic_load(&d->orphaned)) /* in fork(), where nobody can be told */
        return;
    vane__log_line(&d->backend->ctx->settings.log, VANE_LOG_INFO,
                   "device %s of %s %s: it is left alone for %.0f s", d->info.id,
                   d->backend->entry->name, why,
                   seconds(atomic_load(&b->until_ns) - atomic_load(&b->since_ns)));
}

static void open_breaker(vane__device *d, int is_grave, const char *why)
{
    vane_context *ctx = d->backend->ctx;
    if (!vane__breaker_fail(&d->breaker, vane__clock_now(ctx), is_grave))
        return;
    atomic_fetch_add(&ctx->resting, 1);
    tell_open(d, why);
    vane__routes_renew(ctx);
}

int vane__device_lose(vane__device *d)
{
    if (atomic_exchange(&d->lost, 1))
        return 0;
    atomic_fetch_add(&d->losses, 1);
    open_breaker(d, 1, "is lost");
    vane__routes_renew(d->backend->ctx); /* it may have been left alone before */
    return 1;
}

void vane__device_fail(vane__device *d, vane_status st)
{
    if (st == VANE_E_DEVICE_LOST)
        vane__device_lose(d);
    else if (st == VANE_E_INTERNAL || st == VANE_E_IO || st == VANE_E_TIMEOUT)
        open_breaker(d, 0, "failed several times");
}

/* What it held from before a loss is the driver's to free, and its queues must be idle again. */
int vane__device_wake(vane__device *d)
{
    if (atomic_load(&d->orphaned))
        return 0;
    if (!atomic_load(&d->lost) || d->queues == NULL)
        return 1;
    if (vane__queues_sync(d) != VANE_OK)
        return 0;
    vane__mempool_trim(d->mempool);
    return 1;
}

void vane__device_judge(vane__device *d, int is_good)
{
    vane_context *ctx = d->backend->ctx;
    uint64_t since = atomic_load(&d->breaker.since_ns), now = vane__clock_now(ctx);
    if (!is_good) {
        vane__breaker_judge(&d->breaker, now, 0);
        tell_open(d, "did not pass its probe");
        return;
    }
    if (atomic_load(&d->lost)) /* nothing from before this moment is there */
        atomic_fetch_add(&d->losses, 1);
    atomic_store(&d->wedged, 0);
    atomic_store(&d->lost, 0);
    vane__breaker_judge(&d->breaker, now, 1);
    atomic_fetch_sub(&ctx->resting, 1);
    vane__log_line(&ctx->settings.log, VANE_LOG_INFO, "device %s of %s is back after %.1f s",
                   d->info.id, d->backend->entry->name, seconds(now - since));
    vane__routes_renew(ctx);
}
