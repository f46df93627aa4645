/* SPDX-License-Identifier: MIT */
/* telemetry.c - the device's state by its description: power and temperature follow what it
 * does at what clock, without inertia. */
#include "sim.h"

/* Nonsense of every kind, and success. */
static void lie(vane_telemetry *out)
{
    out->valid = ~0u;
    out->when_ns = 0;
    out->mem_free_bytes = UINT64_MAX;
    out->queued = UINT32_MAX;
    out->busy_permille = 5000;
    out->clock_mhz = UINT32_MAX;
    out->power_mw = UINT32_MAX;
    out->temp_mc = INT32_MIN;
    out->throttled = 7;
}

static double between(double low, double high, double part)
{
    return low + (high - low) * part;
}

static void measure(vane_device *d, uint64_t now, vane_telemetry *out)
{
    const sim_spec *s = d->spec;
    double share = sim_share(&s->throttle, now - d->backend->epoch_ns);
    out->busy_permille = sim_busy_permille(d, now);
    double load = out->busy_permille / 1000.0 * (share < 1 ? share : 1);
    out->valid = VANE_TELEMETRY_QUEUED | VANE_TELEMETRY_BUSY | VANE_TELEMETRY_THROTTLED |
                 VANE_TELEMETRY_TEMP;
    out->when_ns = now;
    out->queued = sim_queued(d, now);
    out->throttled = share < 1;
    out->temp_mc = (int32_t)between(s->idle_mc, s->full_mc, load);
    if (!s->host) {
        out->valid |= VANE_TELEMETRY_MEM;
        out->mem_free_bytes = sim_mem_available(d, now);
    }
    if (s->mhz) {
        out->valid |= VANE_TELEMETRY_CLOCK;
        out->clock_mhz = (uint32_t)(s->mhz * share);
    }
    if (s->full_mw > 0) {
        out->valid |= VANE_TELEMETRY_POWER;
        out->power_mw = (uint32_t)between(s->idle_mw, s->full_mw, load);
    }
}

vane_status sim_telemetry(vane_device *d, vane_telemetry *out)
{
    vane_backend *b = d->backend;
    pthread_mutex_lock(&b->lock);
    uint64_t now = sim_now(b);
    const sim_fault *f = sim_fault_at(d->spec, SIM_TELEMETRY, now - b->epoch_ns);
    if (!f)
        measure(d, now, out);
    pthread_mutex_unlock(&b->lock);
    if (f && f->kind == SIM_WRONG)
        lie(out);
    else if (f)
        return sim_fail(b, sim_fault_status(f->kind), "%s: no telemetry, as described (fail=)",
                        d->spec->name);
    return VANE_OK;
}
