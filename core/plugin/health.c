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
    uint32_t failed = atomic_load(&d->unrenewed); /* that was said */
    vane__log_line(&d->backend->ctx->settings.log, failed > 1 ? VANE_LOG_DEBUG : VANE_LOG_INFO,
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

int vane__device_due(const vane__device *d)
{
    const vane_context *ctx = d->backend->ctx;
    return atomic_load_explicit(&ctx->resting, memory_order_relaxed) > 0 &&
           vane__breaker_due(&d->breaker, vane__clock_now(ctx));
}

/* ---- made anew -------------------------------------------------------------------------- */

void vane__renew_adopt(vane__backend *b)
{
    const vane_renew *offered = b->vt.extension(b->handle, VANE_RENEW);
    if (offered != NULL && offered->struct_size >= sizeof *offered && offered->device_renew != NULL)
        b->renew = offered;
}

/* As a warning once; the next ones, for as long as it fails, are for those who look. */
static void tell_unrenewed(vane__device *d)
{
    int first = atomic_fetch_add(&d->unrenewed, 1) == 0;
    vane__log_line(&d->backend->ctx->settings.log, first ? VANE_LOG_WARN : VANE_LOG_DEBUG,
                   "device %s of %s cannot be made anew: %s", d->info.id, d->backend->entry->name,
                   vane_last_error()->message);
}

static void tell_renewed(vane__device *d)
{
    atomic_store(&d->unrenewed, 0);
    vane__log_line(&d->backend->ctx->settings.log, VANE_LOG_INFO, "device %s of %s was made anew",
                   d->info.id, d->backend->entry->name);
}

static vane_status renew(vane__device *d)
{
    uint64_t serial = vane__error_serial();
    pthread_mutex_lock(&d->lock);
    vane_status st = d->backend->renew->device_renew(d->handle);
    if (st == VANE_OK)
        atomic_fetch_add(&d->renewals, 1);
    pthread_mutex_unlock(&d->lock);
    if (st == VANE_OK)
        tell_renewed(d);
    else if (vane__failed(st, serial, "device_renew failed") != VANE_E_BUSY)
        tell_unrenewed(d);
    return st;
}

/* What it held from before a loss is the driver's to free, and its queues must be idle again. */
vane_status vane__device_wake(vane__device *d)
{
    vane_status st = VANE_OK;
    if (atomic_load(&d->orphaned))
        return VANE_E_DEVICE_LOST;
    if (!atomic_load(&d->lost) || d->queues == NULL)
        return VANE_OK;
    if (d->backend->renew != NULL)
        st = renew(d);
    if (st == VANE_OK)
        st = vane__queues_sync(d);
    if (st == VANE_OK || (d->backend->renew != NULL && atomic_load(&d->unrenewed) == 0))
        vane__mempool_trim(d->mempool);
    return st;
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
