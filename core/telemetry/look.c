/* SPDX-License-Identifier: MIT */
/* look.c - the public view: what the machine and its devices are doing. */
#include <string.h>

#include "context.h"
#include "error.h"
#include "plugin/device.h"
#include "telemetry/clock.h"

/* An older caller knows fewer fields. */
static uint32_t bytes_of(uint32_t said, size_t known)
{
    return said < known ? said : (uint32_t)known;
}

static vane_status check(vane_context *ctx, const char *what, const void *out, uint32_t said,
                         size_t known)
{
    vane_status status = vane__context_check(ctx);
    if (status != VANE_OK)
        return status;
    if (out == NULL)
        return vane__fail(VANE_E_ARGUMENT, "%s: out is NULL, expected a vane_%s", what, what);
    if (said < sizeof said)
        return vane__fail(VANE_E_ARGUMENT, "%s: struct_size is %u, expected sizeof(vane_%s), %zu",
                          what, said, what, known);
    return VANE_OK;
}

static uint64_t age(const vane_context *ctx, uint64_t when_ns)
{
    uint64_t now = vane__clock_now(ctx);
    return now > when_ns ? now - when_ns : 0;
}

vane_status vane_host_load_get(vane_context *ctx, vane_host_load *out)
{
    vane_status status = check(ctx, "host_load", out, out ? out->struct_size : 0, sizeof *out);
    if (status != VANE_OK)
        return status;
    vane__snapshot s;
    vane__sampler_refresh(ctx, NULL, &s);
    vane_host_load l = {
        .struct_size = bytes_of(out->struct_size, sizeof l),
        .valid = s.host.valid,
        .cpus = s.host.cpus,
        .busy = s.load == VANE__LOAD_BUSY,
        .age_ns = s.readings ? age(ctx, s.host.when_ns) : 0,
        .span_ns = s.host.span_ns,
        .others_cpus = s.host.others_cpus,
        .own_cpus = s.host.own_cpus,
        .cpu_pressure_percent = s.host.cpu_pressure.avg10_percent,
        .mem_pressure_percent = s.host.mem_pressure.avg10_percent,
        .cpu_quota = s.host.budget.cpu_quota,
        .throttled = s.host.throttled,
        .throttled_ns = s.host.throttled_ns,
        .mem_available_bytes = s.host.mem_available_bytes,
        .group_mem_bytes = s.host.group_mem_bytes,
        .group_mem_limit_bytes = s.host.group_mem_limit_bytes,
        .power_mw = s.host.power_mw,
        .lies = s.host.lies,
        .missing = s.host.missing,
    };
    memcpy(out, &l, l.struct_size);
    return VANE_OK;
}

static void fill_device(const vane_context *ctx, const vane__gauge_reading *g, vane_device_load *l)
{
    l->valid = g->last.valid;
    l->age_ns = g->answers ? age(ctx, g->last.when_ns) : 0;
    l->mem_free_bytes = g->last.mem_free_bytes;
    l->queued = g->last.queued;
    l->busy_permille = g->last.busy_permille;
    l->clock_mhz = g->last.clock_mhz;
    l->power_mw = g->last.power_mw;
    l->temp_mc = g->last.temp_mc;
    l->throttled = g->last.throttled;
    l->lies = g->lies;
    l->missing = g->missing;
}

static void fill_health(const vane_context *ctx, const vane__device *d, vane_device_load *l)
{
    const vane__breaker *b = &d->breaker;
    uint64_t now = vane__clock_now(ctx), until = atomic_load(&b->until_ns);
    l->health = atomic_load(&b->state);
    l->lost = (uint32_t)vane__device_lost(d);
    l->rests = atomic_load(&b->opened);
    l->renewals = atomic_load(&d->renewals);
    l->retry_ns = l->health == VANE_HEALTH_RESTING && until > now ? until - now : 0;
}

vane_status vane_device_load_get(vane_context *ctx, uint32_t device, vane_device_load *out)
{
    vane__device *d;
    vane__snapshot s;
    vane__gauge_reading g;
    vane_status status = check(ctx, "device_load", out, out ? out->struct_size : 0, sizeof *out);
    if (status == VANE_OK)
        status = vane__device_require(ctx, "device_load", device, &d);
    if (status == VANE_E_DEVICE_LOST) { /* that is what is asked, too */
        vane__error_clear();
        d = vane__device_nth(ctx, device);
        status = VANE_OK;
    }
    if (status != VANE_OK)
        return status;
    vane_device_load l = {.struct_size = bytes_of(out->struct_size, sizeof l),
                          .own_queued = atomic_load(&d->gauge.queued),
                          .own_bytes = atomic_load(&d->gauge.flying_bytes)};
    fill_health(ctx, d, &l);
    vane__sampler_refresh(ctx, d, &s);
    if (vane__gauge_look(d, &g))
        fill_device(ctx, &g, &l);
    memcpy(out, &l, l.struct_size);
    return VANE_OK;
}
