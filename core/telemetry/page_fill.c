/* SPDX-License-Identifier: MIT */
/* page_fill.c - what a page shows of its context. */
#include <stdio.h>
#include <string.h>

#include "memory/pool.h"
#include "plugin/device.h"
#include "telemetry/pager.h"
#include "telemetry/stats.h"

/* Which row of the page a device is. */
typedef struct rows {
    const vane__device *device[VANE__PAGE_DEVICES];
    uint32_t count;
} rows;

static void put(char *out, size_t bytes, const char *text)
{
    snprintf(out, bytes, "%s", text);
}

/* As in a tally. */
static uint32_t row_of(const rows *r, const void *who)
{
    if (who == NULL || who == vane__stats_program)
        return who == NULL ? VANE__PAGE_NOBODY : VANE__PAGE_PROGRAM;
    for (uint32_t i = 0; i < r->count; i++)
        if (r->device[i] == who)
            return i;
    return VANE__PAGE_OTHER;
}

/* ---- the machine and its devices ------------------------------------------------------------ */

static void fill_told(const vane_context *ctx, vane__device *d, vane__page_device *out)
{
    vane__gauge_reading g;
    if (!vane__gauge_look(d, &g))
        return;
    uint64_t now = vane__clock_now(ctx);
    out->valid = g.last.valid;
    out->told_age_ns = now > g.last.when_ns ? now - g.last.when_ns : 0;
    out->mem_free_bytes = g.last.mem_free_bytes;
    out->queued = g.last.queued;
    out->busy_permille = g.last.busy_permille;
    out->clock_mhz = g.last.clock_mhz;
    out->power_mw = g.last.power_mw;
    out->temp_mc = g.last.temp_mc;
    out->throttled = g.last.throttled;
}

static void fill_device(const vane_context *ctx, vane__device *d, vane__page_device *out)
{
    *out = (vane__page_device){.kind = d->info.kind, .mem_total_bytes = d->info.mem_total_bytes};
    put(out->backend, sizeof out->backend, d->backend->entry->name);
    put(out->id, sizeof out->id, d->info.id);
    put(out->name, sizeof out->name, d->info.name);
    out->state = (vane__device_lost(d) ? (uint32_t)VANE__PAGE_LOST : 0) |
                 (d->mempool != NULL ? (uint32_t)VANE__PAGE_OWN_MEMORY : 0);
    fill_told(ctx, d, out);
    if (d->mempool == NULL)
        return;
    vane__pool_stats s;
    vane__mempool_stats(d->mempool, &s);
    out->used_bytes = s.used;
    out->cached_bytes = s.cached;
    out->peak_bytes = s.peak;
    out->up_bytes = atomic_load(&d->up_bytes);
    out->down_bytes = atomic_load(&d->down_bytes);
    out->peer_bytes = atomic_load(&d->peer_bytes);
    out->evictions = atomic_load(&d->evictions);
}

static void fill_devices(vane_context *ctx, int ask, vane__page_body *b, rows *r)
{
    vane__device *d;
    vane__snapshot now;
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++) {
        if (ask)
            vane__sampler_refresh(ctx, d, &now);
        if (r->count == VANE__PAGE_DEVICES) {
            b->more_devices++;
            continue;
        }
        r->device[r->count] = d;
        fill_device(ctx, d, &b->devices[r->count++]);
    }
    b->n_devices = r->count;
}

static void fill_host(vane_context *ctx, vane__page_host *out)
{
    vane__snapshot s;
    *out = (vane__page_host){0};
    if (!vane__sampler_look(ctx, &s))
        return;
    *out = (vane__page_host){.valid = s.host.valid,
                             .cpus = s.host.cpus,
                             .busy = s.load == VANE__LOAD_BUSY,
                             .others_cpus = s.host.others_cpus,
                             .own_cpus = s.host.own_cpus,
                             .cpu_pressure_percent = s.host.cpu_pressure.avg10_percent,
                             .mem_pressure_percent = s.host.mem_pressure.avg10_percent,
                             .mem_available_bytes = s.host.mem_available_bytes};
}

/* ---- calls ------------------------------------------------------------------------------------
 */

static void fill_call(const rows *r, const vane__tally *t, vane__page_calls *out)
{
    *out = (vane__page_calls){.number = t->op->info.op,
                              .dtype = t->dtype,
                              .who = row_of(r, t->who),
                              .width = t->width,
                              .calls = t->calls,
                              .failures = t->failures,
                              .ns = t->ns,
                              .flops = t->flops,
                              .bytes = t->bytes};
    put(out->op, sizeof out->op, t->op->info.name);
}

/* Those for which there is no room are one row together, the last. */
static void fill_calls(const rows *r, const vane__totals *t, vane__page_body *b)
{
    uint32_t all = t->n_tallies, most = VANE__PAGE_CALLS;
    b->n_calls = all < most ? all : most;
    for (uint32_t i = 0; i < b->n_calls; i++)
        fill_call(r, &t->tallies[i], &b->calls[i]);
    b->more_calls = all > most ? all - most + 1 : 0;
    if (b->more_calls == 0)
        return;
    vane__page_calls *rest = &b->calls[most - 1];
    for (uint32_t i = most; i < all; i++) {
        rest->calls += t->tallies[i].calls;
        rest->failures += t->tallies[i].failures;
        rest->ns += t->tallies[i].ns;
        rest->flops += t->tallies[i].flops;
        rest->bytes += t->tallies[i].bytes;
    }
    put(rest->op, sizeof rest->op, "(others)");
    rest->number = rest->who = VANE__PAGE_OTHER;
    rest->dtype = rest->width = 0;
}

static void fill_shifts(const rows *r, const vane__totals *t, vane__page_body *b)
{
    b->n_shifts = b->more_shifts = 0;
    for (uint32_t i = 0; i < t->n_shifts; i++) {
        const vane__shift *s = &t->shifts[i];
        if (s->is_route)
            continue;
        if (b->n_shifts == VANE__PAGE_SHIFTS) {
            b->more_shifts++;
            continue;
        }
        vane__page_shift *out = &b->shifts[b->n_shifts++];
        *out = (vane__page_shift){.dtype = s->dtype,
                                  .from = row_of(r, s->from),
                                  .to = row_of(r, s->to),
                                  .count = s->count};
        put(out->op, sizeof out->op, s->op->info.name);
    }
}

static void fill_counts(const vane__pager *p, const rows *r, vane__page_body *b)
{
    vane__totals t = {.n_tallies = 0};
    vane__stats *s = vane__stats_of(p->ctx);
    int read = s != NULL && vane__stats_read(s, &t);
    fill_calls(r, &t, b);
    fill_shifts(r, &t, b);
    b->trial_ns = t.trial_ns > 0 ? (uint64_t)t.trial_ns : 0;
    b->uncounted = t.uncounted;
    b->always = p->ctx->settings.top == VANE__TOP_ALWAYS || (s != NULL && s->wished);
    b->counted_ns = s != NULL && s->wished ? s->since_ns : p->counted_ns;
    if (read)
        vane__totals_free(&t);
}

/* ---- routes ------------------------------------------------------------------------------------
 */

static void fill_route(const rows *r, const vane__pager_route *from, vane__page_route *out)
{
    *out = (vane__page_route){.dtype = from->dtype,
                              .size_class = from->size_class,
                              .hot = from->hot,
                              .from = row_of(r, from->from),
                              .from_width = from->from_width,
                              .to = row_of(r, from->to),
                              .to_width = from->to_width,
                              .when_ns = from->when_ns,
                              .predicted_ns = from->predicted_ns};
    put(out->op, sizeof out->op, from->op->info.name);
    put(out->why, sizeof out->why, from->why);
}

static void fill_routes(vane__pager *p, const rows *r)
{
    vane__page_body *b = p->body;
    pthread_mutex_lock(&p->ctx->routes->lock);
    b->n_routes = p->routes < VANE__PAGE_ROUTES ? (uint32_t)p->routes : VANE__PAGE_ROUTES;
    for (uint32_t i = 0; i < b->n_routes; i++)
        fill_route(r, &p->ring[(p->routes - 1 - i) % VANE__PAGE_ROUTES], &b->routes[i]);
    b->route_changes = p->changes;
    pthread_mutex_unlock(&p->ctx->routes->lock);
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

size_t vane__page_fill(vane__pager *p, int ask)
{
    vane_context *ctx = p->ctx;
    vane__page_body *b = p->body;
    rows r = {.count = 0};
    const vane_policy *policy = atomic_load(&ctx->policy);
    memset(b, 0, offsetof(vane__page_body, devices));
    put(b->policy, sizeof b->policy, policy->name);
    b->threads = vane__pool_max(ctx->pool);
    fill_devices(ctx, ask, b, &r);
    fill_host(ctx, &b->host);
    fill_routes(p, &r);
    fill_counts(p, &r, b);
    b->when_ns = vane__clock_now(ctx);
    return offsetof(vane__page_body, calls) + b->n_calls * sizeof b->calls[0];
}
