/* SPDX-License-Identifier: MIT */
/* power.c - from readings at some load to what is drawn at full load. */
#include "telemetry/power.h"

#include "context.h"

enum { FULL = 1000, MOSTLY = 750, SOME = 250, SHARE = 4 };
#define LEAST_CPUS 0.5 /* less of our own work, and the reading is of others */

/* A running mean: a quarter of it is new. */
static void mean(atomic_uint *at, uint32_t mw)
{
    uint32_t was = atomic_load(at);
    int64_t step = ((int64_t)mw - (int64_t)was) / SHARE;
    uint32_t now = was == 0 ? mw : (uint32_t)((int64_t)was + step);
    atomic_store(at, now > 0 ? now : 1);
}

void vane__power_heard(vane__power *p, uint32_t mw, uint32_t busy_permille)
{
    uint32_t idle = atomic_load(&p->idle_mw);
    if (mw == 0)
        return;
    if (busy_permille == 0)
        mean(&p->idle_mw, mw);
    else if (busy_permille >= SOME && idle > 0 && mw >= idle)
        mean(&p->active_mw, idle + (uint32_t)((uint64_t)(mw - idle) * FULL / busy_permille));
    else if (busy_permille >= MOSTLY)
        mean(&p->active_mw, mw);
}

/* Routes follow what differs by a fifth from what they were made by. */
static void tell(vane_context *ctx, vane__power *p)
{
    uint32_t now = atomic_load(&p->active_mw), told = atomic_load(&p->told_mw);
    uint32_t apart = now > told ? now - told : told - now;
    if (apart <= told / 5)
        return;
    atomic_store(&p->told_mw, now);
    if (atomic_load(&ctx->objective) == VANE_OBJECTIVE_ENERGY)
        vane__routes_renew(ctx);
}

void vane__power_listen(vane__device *d, const vane_telemetry *said, uint32_t fields)
{
    uint32_t busy = atomic_load(&d->gauge.queued) > 0 ? FULL : 0;
    if (!(fields & VANE_TELEMETRY_POWER))
        return;
    vane__power_heard(&d->power, said->power_mw,
                      fields & VANE_TELEMETRY_BUSY ? said->busy_permille : busy);
    tell(d->backend->ctx, &d->power);
}

void vane__power_host(vane_context *ctx, uint32_t mw, double own_cpus)
{
    if (own_cpus < LEAST_CPUS)
        return;
    vane__power_heard(&ctx->host_power, mw, FULL);
    tell(ctx, &ctx->host_power);
}

static int is_host(const vane__device *d)
{
    return d == NULL || (d->info.caps & VANE_CAP_HOST_MEM);
}

uint32_t vane__power_of(vane_context *ctx, vane__device *d)
{
    uint32_t own = d != NULL ? atomic_load_explicit(&d->power.active_mw, memory_order_relaxed) : 0;
    return own == 0 && is_host(d)
               ? atomic_load_explicit(&ctx->host_power.active_mw, memory_order_relaxed)
               : own;
}

int vane__power_wanted(vane_context *ctx, vane__device *d)
{
    return d != NULL && atomic_load(&ctx->objective) == VANE_OBJECTIVE_ENERGY &&
           atomic_load(&d->power.active_mw) == 0 && !d->gauge.mute &&
           !atomic_exchange(&d->power.tried, 1);
}
