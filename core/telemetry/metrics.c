/* SPDX-License-Identifier: MIT */
/* metrics.c - what was counted, in the text format of Prometheus (version 0.0.4). */
#include "memory/pool.h"
#include "plugin/device.h"
#include "telemetry/stats.h"

static void family(vane__text *t, const char *name, const char *type, const char *help)
{
    vane__text_print(t, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void label(vane__text *t, const char *before, const char *name, const char *value)
{
    vane__text_put(t, before);
    vane__text_put(t, name);
    vane__text_add(t, "=", 1);
    vane__text_label(t, value);
}

static void value(vane__text *t, double v)
{
    vane__text_put(t, "} ");
    vane__text_real(t, v);
    vane__text_add(t, "\n", 1);
}

static void seconds(vane__text *t, uint64_t ns)
{
    vane__text_print(t, "%llu.%09llu\n", (unsigned long long)(ns / 1000000000u),
                     (unsigned long long)(ns % 1000000000u));
}

/* ---- calls ---------------------------------------------------------------------------- */

typedef struct column {
    const char *name, *help;
    double (*of)(const vane__tally *one);
} column;

static double calls_of(const vane__tally *one)
{
    return (double)one->calls;
}
static double failures_of(const vane__tally *one)
{
    return (double)one->failures;
}
static double flops_of(const vane__tally *one)
{
    return one->flops;
}
static double bytes_of(const vane__tally *one)
{
    return one->bytes;
}

static const column columns[] = {
    {"vane_calls_total", "Calls that were made.", calls_of},
    {"vane_call_failures_total", "Calls that failed.", failures_of},
    {"vane_flops_total", "Floating-point operations of calls that succeeded.", flops_of},
    {"vane_bytes_total", "Bytes that successful calls read and wrote.", bytes_of},
};

static void labels_of(vane__text *t, const char *name, const vane__tally *one)
{
    char width[16];
    vane__text over = vane__text_over(width, sizeof width - 1);
    vane__text_number(&over, one->width);
    width[over.used] = '\0';
    vane__text_put(t, name);
    label(t, "{", "op", one->op->info.name);
    label(t, ",", "dtype", vane_dtype_name(one->dtype));
    label(t, ",", "backend", vane__stats_backend(one->who));
    label(t, ",", "device", vane__stats_device(one->who));
    label(t, ",", "width", width);
}

static void put_calls(vane__text *t, const vane__totals *totals)
{
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        family(t, columns[c].name, "counter", columns[c].help);
        for (uint32_t i = 0; i < totals->n_tallies; i++) {
            labels_of(t, columns[c].name, &totals->tallies[i]);
            value(t, columns[c].of(&totals->tallies[i]));
        }
    }
    family(t, "vane_call_seconds_total", "counter", "Time that calls took, trials left out.");
    for (uint32_t i = 0; i < totals->n_tallies; i++) {
        labels_of(t, "vane_call_seconds_total", &totals->tallies[i]);
        vane__text_put(t, "} ");
        seconds(t, totals->tallies[i].ns);
    }
}

/* ---- who took over from whom ---------------------------------------------------------- */

static void put_shifts(vane__text *t, const vane__totals *totals, uint32_t is_route,
                       const char *name, const char *help)
{
    family(t, name, "counter", help);
    for (uint32_t i = 0; i < totals->n_shifts; i++) {
        const vane__shift *s = &totals->shifts[i];
        if (s->is_route != is_route)
            continue;
        vane__text_put(t, name);
        label(t, "{", "op", s->op->info.name);
        label(t, ",", "dtype", vane_dtype_name(s->dtype));
        label(t, ",", "backend", vane__stats_backend(s->from));
        label(t, ",", "device", vane__stats_device(s->from));
        label(t, ",", "to_backend", vane__stats_backend(s->to));
        label(t, ",", "to_device", vane__stats_device(s->to));
        value(t, (double)s->count);
    }
}

/* ---- devices -------------------------------------------------------------------------- */

static void put_device(vane__text *t, const char *name, const vane__device *d, const char *key,
                       const char *which, uint64_t count)
{
    vane__text_put(t, name);
    label(t, "{", "backend", d->backend->entry->name);
    label(t, ",", "device", d->info.id);
    label(t, ",", key, which);
    value(t, (double)count);
}

static void put_moved(vane__text *t, vane_context *ctx)
{
    static const char name[] = "vane_moved_bytes_total";
    vane__device *d;
    family(t, name, "counter", "Bytes moved to devices (up), home (down) and between them (peer).");
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++) {
        if (d->mempool == NULL)
            continue;
        put_device(t, name, d, "direction", "up", atomic_load(&d->up_bytes));
        put_device(t, name, d, "direction", "down", atomic_load(&d->down_bytes));
        put_device(t, name, d, "direction", "peer", atomic_load(&d->peer_bytes));
    }
}

static void put_memory(vane__text *t, vane_context *ctx)
{
    static const char name[] = "vane_device_mem_bytes";
    vane__device *d;
    vane__pool_stats s;
    family(t, name, "gauge", "Memory of devices: in use, kept for the next, the most ever used.");
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++) {
        if (d->mempool == NULL)
            continue;
        vane__mempool_stats(d->mempool, &s);
        put_device(t, name, d, "state", "used", s.used);
        put_device(t, name, d, "state", "cached", s.cached);
        put_device(t, name, d, "state", "peak", s.peak);
    }
}

static void put_one(vane__text *t, const char *name, const char *help, uint64_t count)
{
    family(t, name, "counter", help);
    vane__text_print(t, "%s %llu\n", name, (unsigned long long)count);
}

static void put_health(vane__text *t, vane_context *ctx)
{
    static const char *const names[] = {"good", "resting", "probed"};
    static const char name[] = "vane_device_health";
    vane__device *d;
    family(t, name, "gauge",
           "1: the device is used (good), left alone after failures (resting), "
           "or on probation (probed).");
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++)
        for (uint32_t state = 0; state < 3; state++)
            put_device(t, name, d, "state", names[state], atomic_load(&d->breaker.state) == state);
}

static void put_gauge(vane__text *t, const char *name, const vane__device *d, uint64_t value_now)
{
    vane__text_put(t, name);
    label(t, "{", "backend", d->backend->entry->name);
    label(t, ",", "device", d->info.id);
    value(t, (double)value_now);
}

static void put_renewals(vane__text *t, vane_context *ctx)
{
    static const char name[] = "vane_device_renewals_total";
    vane__device *d;
    family(t, name, "counter", "How often a lost device was made anew.");
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++)
        if (d->backend->renew != NULL)
            put_gauge(t, name, d, atomic_load(&d->renewals));
}

static void put_under_way(vane__text *t, vane_context *ctx)
{
    static const char queued[] = "vane_device_queued", bytes[] = "vane_device_queued_bytes";
    vane__device *d;
    family(t, queued, "gauge", "Launches of this context under way.");
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++)
        if (d->queues != NULL)
            put_gauge(t, queued, d, atomic_load(&d->gauge.queued));
    family(t, bytes, "gauge", "Operands of these launches.");
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++)
        if (d->queues != NULL)
            put_gauge(t, bytes, d, atomic_load(&d->gauge.flying_bytes));
}

void vane__stats_metrics(vane_context *ctx, const vane__totals *totals, vane__text *out)
{
    family(out, "vane_info", "gauge", "The version of libvane.");
    label(out, "vane_info{", "version", vane_version());
    value(out, 1);
    put_calls(out, totals);
    put_shifts(out, totals, 0, "vane_fallbacks_total",
               "Calls that backend failed, and that to_backend computed then.");
    put_shifts(out, totals, 1, "vane_route_changes_total",
               "Routes that led to backend, and lead to to_backend since.");
    family(out, "vane_trial_seconds_total", "counter", "Time spent on trying candidates.");
    vane__text_put(out, "vane_trial_seconds_total ");
    seconds(out, totals->trial_ns > 0 ? (uint64_t)totals->trial_ns : 0);
    put_one(out, "vane_uncounted_calls_total", "Calls for which there was no memory.",
            totals->uncounted);
    put_one(out, "vane_verified_calls_total", "Calls whose results were checked (VANE_VERIFY).",
            atomic_load(&ctx->verified));
    put_one(out, "vane_wrong_results_total", "Of these, results that were wrong.",
            atomic_load(&ctx->found_wrong));
    put_moved(out, ctx);
    put_memory(out, ctx);
    put_under_way(out, ctx);
    put_health(out, ctx);
    put_renewals(out, ctx);
    family(out, "vane_resting", "gauge",
           "Devices, and candidates of routes, that are left alone for a while.");
    vane__text_print(out, "vane_resting %u\n", atomic_load(&ctx->resting));
}
