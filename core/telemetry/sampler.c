/* SPDX-License-Identifier: MIT */
/* sampler.c - one reading and what follows from it: the load, the budget, gauges, hooks. */
#include "telemetry/sampler.h"

#include <string.h>

#include "context.h"
#include "os.h"
#include "plugin/device.h"
#include "telemetry/clock.h"
#include "telemetry/gauge.h"
#include "telemetry/pager.h"

/* ---- one reading ---------------------------------------------------------------- */

/* A reading without rates keeps those of the last that had them. */
static void keep_rates(vane__snapshot *s, const vane__host_reading *r)
{
    vane__host_reading was = s->host;
    s->host = *r;
    if (r->valid & VANE_HOST_USE) {
        s->rates_ns = r->when_ns;
    } else if (s->rates_ns != 0) {
        s->host.others_cpus = was.others_cpus;
        s->host.own_cpus = was.own_cpus;
        s->host.span_ns = was.span_ns;
        s->host.valid |= VANE_HOST_USE;
    }
}

/* The kernel's counters run by the machine's time: under a made one only a record is read. */
static int is_readable(const vane_context *ctx, const vane__host *h)
{
    return h->root != NULL && (h->root[0] != '\0' || !vane__clock_virtual(ctx));
}

/* Under the lock. Judged: for the load's sake too. */
static uint32_t read_host(vane_context *ctx, int judged)
{
    vane__sampler *s = &ctx->sampler;
    vane__host_reading r;
    uint32_t what = 0;
    if (s->host.root == NULL)
        vane__host_open(&s->host, "", NULL);
    if (!is_readable(ctx, &s->host))
        return 0;
    vane__host_read(&s->host, vane__clock_now(ctx), &r);
    if (judged && (r.valid & VANE_HOST_USE) &&
        vane__load_step(&s->load, r.span_ns, r.others_net_cpus, r.cpus))
        what = VANE__CHANGED_LOAD;
    keep_rates(&s->now, &r);
    if ((r.valid & VANE_HOST_POWER) && (r.valid & VANE_HOST_USE))
        vane__power_host(ctx, r.power_mw, r.own_cpus);
    s->now.load = s->load.state;
    s->now.load_changes = s->load.changes;
    s->now.readings++;
    vane__board_write(&s->sequence, s->words, &s->now, sizeof s->now);
    return what;
}

/* ---- the budget ----------------------------------------------------------------- */

static int is_same(const vane__budget *a, const vane__budget *b)
{
    return a->threads == b->threads && a->cpus_affinity == b->cpus_affinity &&
           !(a->cpu_quota < b->cpu_quota || a->cpu_quota > b->cpu_quota) &&
           a->mem_limit_bytes == b->mem_limit_bytes;
}

/* Under the lock. True: *out is to be in force from now on. */
static int watch_budget(vane_context *ctx, vane__budget *out)
{
    vane__sampler *s = &ctx->sampler;
    const vane__budget *read = &s->now.host.budget;
    uint64_t now = s->now.host.slow_ns;
    if (s->applied.threads == 0)
        s->applied = ctx->budget; /* since vane_open */
    if (read->threads == 0 || is_same(read, &s->applied)) {
        s->offered = s->applied;
        return 0;
    }
    if (!is_same(read, &s->offered)) {
        s->offered = *read;
        s->offered_ns = now;
        return 0;
    }
    if (now - s->offered_ns < VANE__SAMPLER_SURE_NS ||
        (s->applied_ns != 0 && now - s->applied_ns < VANE__SAMPLER_SETTLE_NS))
        return 0;
    *out = s->applied = *read;
    s->applied_ns = now;
    return 1;
}

/* ---- devices -------------------------------------------------------------------- */

/* A driver may take its time: it is asked without the lock. */
static void read_device(vane_context *ctx, vane__device *d)
{
    if (!vane__gauge_ask(d, vane__clock_now(ctx)))
        return;
    pthread_mutex_lock(&ctx->sampler.lock);
    vane__gauge_publish(d);
    pthread_mutex_unlock(&ctx->sampler.lock);
}

static void read_devices(vane_context *ctx)
{
    vane__device *d;
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++)
        if (!atomic_load(&ctx->sampler.stop))
            read_device(ctx, d);
}

/* ---- the whole ------------------------------------------------------------------ */

static void tell(vane_context *ctx, uint32_t what)
{
    vane__sampler *s = &ctx->sampler;
    uint32_t count = what ? atomic_load_explicit(&s->hook_count, memory_order_acquire) : 0;
    for (uint32_t i = 0; i < count; i++)
        s->hooks[i].fn(ctx, what, s->hooks[i].arg);
}

void vane__sampler_step(vane_context *ctx)
{
    vane__sampler *s = &ctx->sampler;
    vane__budget budget;
    if (atomic_exchange(&s->stepping, 1))
        return;
    pthread_mutex_lock(&s->lock);
    s->step_ns = vane__clock_now(ctx);
    uint32_t what = read_host(ctx, 1);
    if (watch_budget(ctx, &budget))
        what |= VANE__CHANGED_BUDGET;
    pthread_mutex_unlock(&s->lock);
    if (what & VANE__CHANGED_BUDGET)
        vane__context_budget(ctx, &budget);
    read_devices(ctx);
    tell(ctx, what);
    atomic_store(&s->stepping, 0);
    vane__pager_look(ctx, 0);
}

int vane__sampler_add(vane_context *ctx, vane__sampler_hook fn, void *arg)
{
    vane__sampler *s = &ctx->sampler;
    pthread_mutex_lock(&s->lock);
    uint32_t count = atomic_load(&s->hook_count);
    int fits = count < VANE__SAMPLER_HOOKS;
    if (fits) {
        s->hooks[count].fn = fn;
        s->hooks[count].arg = arg;
        atomic_store_explicit(&s->hook_count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&s->lock);
    return fits;
}

int vane__sampler_look(vane_context *ctx, vane__snapshot *out)
{
    return vane__board_read(&ctx->sampler.sequence, ctx->sampler.words, out, sizeof *out);
}

void vane__sampler_refresh(vane_context *ctx, vane__device *device, vane__snapshot *out)
{
    vane__sampler *s = &ctx->sampler;
    if (atomic_load(&s->absent) && !atomic_exchange(&s->stepping, 1)) {
        pthread_mutex_lock(&s->lock);
        read_host(ctx, 0);
        pthread_mutex_unlock(&s->lock);
        if (device != NULL)
            read_device(ctx, device);
        atomic_store(&s->stepping, 0);
    }
    if (!vane__sampler_look(ctx, out))
        memset(out, 0, sizeof *out);
}

int vane__sampler_root(vane_context *ctx, const char *root, const vane__cpus *mask)
{
    vane__sampler *s = &ctx->sampler;
    pthread_mutex_lock(&s->lock);
    vane__host_close(&s->host);
    int good = vane__host_open(&s->host, root, mask);
    pthread_mutex_unlock(&s->lock);
    return good;
}
