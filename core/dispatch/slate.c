/* SPDX-License-Identifier: MIT */
/* slate.c - list the candidates of a call and give each its verdict before the election.
 *
 * Control plane: runs when a cell is filled, when a call wishes something, when a kernel
 * failed and when somebody asks why; never on the hot path.
 */
#include "dispatch/slate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "memory/link.h"
#include "plugin/device.h"
#include "telemetry/clock.h"

/* What starting threads costs (anchors: a spinning pool, a futex wake), in ns. */
#define FORK_HOT_NS 1000.0
#define FORK_COLD_NS 40000.0

/* What a class stands for: flops and bytes in its middle. */
void vane__query_fill(const vane__op *op, uint32_t dtype, uint32_t size_class, uint32_t hot,
                      vane_query *out)
{
    int thin = size_class >= VANE__THIN;
    double units = 1.5 * ldexp(1, (int)(thin ? size_class - VANE__THIN : size_class));
    double size = vane_dtype_bytes(dtype), elements = units * (1 + (double)(op->info.min_in));
    if (op->rule == VANE__RULE_MATMUL || op->rule == VANE__RULE_GEMM)
        elements = thin ? units : 3 * cbrt(units) * cbrt(units);
    else if (op->rule == VANE__RULE_REDUCE || op->rule == VANE__RULE_ARGMAX)
        elements = units;
    *out = (vane_query){.struct_size = sizeof(*out),
                        .op = op->info.op,
                        .dtype = dtype,
                        .size_class = size_class,
                        .flops = units * op->info.flops,
                        .bytes = elements * size,
                        .fork_ns = hot ? FORK_HOT_NS : FORK_COLD_NS,
                        .pool_hot = hot,
                        .current = VANE_NO_CANDIDATE};
}

/* The inputs' share of a class's bytes. */
static double input_bytes(const vane__op *op, const vane_query *q)
{
    if (op->rule == VANE__RULE_REDUCE || op->rule == VANE__RULE_ARGMAX ||
        op->rule == VANE__RULE_DOT)
        return q->bytes;
    return q->bytes * op->info.min_in / (1.0 + op->info.min_in);
}

static int push(vane__slate *s, const vane_candidate *c, const vane__runner *r)
{
    if (s->count == s->capacity) {
        uint32_t n = s->capacity ? s->capacity * 2 : 16;
        vane_candidate *cs = realloc(s->candidates, n * sizeof(*cs));
        if (cs != NULL)
            s->candidates = cs;
        vane__runner *rs = realloc(s->runners, n * sizeof(*rs));
        if (rs != NULL)
            s->runners = rs;
        if (cs == NULL || rs == NULL)
            return 0;
        s->capacity = n;
    }
    s->candidates[s->count] = *c;
    s->runners[s->count++] = *r;
    return 1;
}

/* The position of name in the user's list, or behind all of it. */
static uint32_t tier_of(const vane_context *ctx, const char *name)
{
    char entry[64];
    uint32_t i = 0;
    for (; vane__list_at(ctx->settings.prefer, i, entry, sizeof entry); i++)
        if (vane__list_has(entry, name))
            return i;
    return i;
}

/* Of a concatenation every part has an output of its own. */
vane_reason vane__runner_fit(const vane__runner *r, const vane__prepared *p)
{
    vane_call call;
    if (r->kernel->align_bytes < 2 && !(r->kernel->flags & VANE_KERNEL_SELECTIVE))
        return VANE_REASON_CHOSEN;
    for (uint32_t i = 0; p != NULL && i < p->parts; i++) {
        vane__call_part(p, i, &call);
        if (!vane__runner_aligned(r, &call))
            return VANE_REASON_ALIGNMENT;
        if (!vane__runner_accepts(r, &call))
            return VANE_REASON_DECLINED;
    }
    return VANE_REASON_CHOSEN;
}

typedef vane__wish wish;

static vane_reason verdict(const vane_context *ctx, const char *backend, const vane__runner *r,
                           const wish *w)
{
    if (ctx->settings.backend[0] != '\0' && strcmp(ctx->settings.backend, backend) != 0)
        return VANE_REASON_NOT_REQUIRED;
    if (w->backend != NULL && strcmp(w->backend, backend) != 0)
        return VANE_REASON_NOT_REQUIRED;
    if (w->device != NULL && w->device != r->device)
        return VANE_REASON_NOT_REQUIRED;
    if (vane__list_has(ctx->settings.exclude, backend))
        return VANE_REASON_EXCLUDED;
    if (r->device != NULL && vane__device_lost(r->device))
        return VANE_REASON_UNHEALTHY;
    if (r->device != NULL && !vane__breaker_closed(&r->device->breaker))
        return VANE_REASON_RESTING;
    if (r->device != NULL && !vane__device_knows(r->device, r->kernel))
        return VANE_REASON_BROKEN;
    if (ctx->settings.repro && r->kernel->numerics != VANE_NUMERICS_REPRO)
        return VANE_REASON_REPRO;
    return r->plain ? VANE_REASON_CHOSEN : vane__runner_fit(r, w->p);
}

/* Moving what r needs to where r is: inputs that are elsewhere, by way of the host, and the
 * output home unless it may stay. */
static double transfer_ns(vane_context *ctx, const vane__device *d, const vane__slate *s,
                          const vane__where *at)
{
    int on_host = d == NULL || (d->info.caps & VANE_CAP_HOST_MEM);
    double ns = 0;
    if (!at->host && at->buffers && (on_host || d->number != at->device)) {
        const vane__device *holder = vane__device_numbered(ctx, at->device);
        ns += holder != NULL ? vane__link_down_ns(holder, s->in_bytes) : 0;
    }
    if (on_host)
        return ns;
    if (!at->buffers || d->number != at->device)
        ns += vane__link_up_ns(d, s->in_bytes);
    if (!at->out_stays)
        ns += vane__link_down_ns(d, s->query.bytes - s->in_bytes);
    return ns;
}

static int add_widths(vane_context *ctx, vane__slate *s, vane_candidate *c, vane__runner *r,
                      const wish *w)
{
    uint32_t max = r->kernel->flags & VANE_KERNEL_PARALLEL ? vane__pool_max(ctx->pool) : 1;
    if (w->width != 0) {
        c->width = r->width = w->width < max ? w->width : max;
        return push(s, c, r);
    }
    for (uint32_t width = 1;; width = width * 2 < max ? width * 2 : max) {
        c->width = r->width = width;
        if (!push(s, c, r))
            return 0;
        if (width == max)
            return 1;
    }
}

static int add_candidate(vane_context *ctx, vane__slate *s, const char *backend, uint32_t order,
                         vane__runner *r, const wish *w)
{
    const vane_kernel *k = r->kernel;
    r->plain =
        k->direct != NULL && k->align_bytes < 2 &&
        (k->flags & (VANE_KERNEL_CLEAN_FAIL | VANE_KERNEL_SELECTIVE)) == VANE_KERNEL_CLEAN_FAIL;
    vane_candidate c = {.struct_size = sizeof(c),
                        .order = order,
                        .numerics = k->numerics,
                        .backend = backend,
                        .device = r->device ? r->device->info.id : "cpu",
                        .kernel = k->name,
                        .flops_per_ns = k->flops_per_ns,
                        .bytes_per_ns = k->bytes_per_ns,
                        .launch_ns = k->launch_ns,
                        .transfer_ns = transfer_ns(ctx, r->device, s, &w->where),
                        .reason = verdict(ctx, backend, r, w),
                        .power_mw = vane__power_of(ctx, r->device),
                        .queued = r->device ? atomic_load(&r->device->gauge.queued) : 0,
                        .tier = tier_of(ctx, backend)};
    return add_widths(ctx, s, &c, r, w);
}

/* Backends that stand before b: higher rank, or the same and loaded earlier. */
static uint32_t order_of(vane_context *ctx, uint32_t b, uint32_t count)
{
    uint32_t order = 0, rank = ctx->registry.backends[b]->entry->rank;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = ctx->registry.backends[i]->entry->rank;
        order += other > rank || (other == rank && i < b);
    }
    return order;
}

/* A plugin of v1.0's first days does not have the field. */
static const vane_kernel *alternative(const vane_kernel *k)
{
    return k->struct_size < sizeof(*k) ? NULL : k->alternative;
}

static int add_backend(vane_context *ctx, vane__slate *s, const vane__op *op, uint32_t dtype,
                       vane__backend *b, uint32_t order, const wish *w)
{
    for (uint32_t d = 0; d < b->device_count; d++) {
        vane__device *device = &b->devices[d];
        if (device->handle == NULL)
            continue;
        const vane_kernel *k = b->vt.kernel(device->handle, op->info.op, op->info.name, dtype);
        for (; k != NULL; k = alternative(k)) {
            vane__runner r = {
                .kernel = k, .device = device, .handle = device->handle, .host = &b->host};
            if (!add_candidate(ctx, s, b->entry->name, order, &r, w))
                return 0;
        }
    }
    return 1;
}

/* Under the control lock, because vane_set_priority changes what verdicts read. */
static int add_all(vane_context *ctx, vane__slate *s, const vane__op *op, uint32_t dtype,
                   const wish *w)
{
    uint32_t n = atomic_load_explicit(&ctx->registry.count, memory_order_acquire);
    int room = 1;
    pthread_mutex_lock(&ctx->control);
    for (uint32_t b = 0; room && b < n; b++)
        room = add_backend(ctx, s, op, dtype, ctx->registry.backends[b], order_of(ctx, b, n), w);
    if (room && op->reference.direct != NULL) {
        vane__runner r = {.kernel = &op->reference, .host = &ctx->program.host};
        room = add_candidate(ctx, s, VANE__PROGRAM, n, &r, w);
    }
    pthread_mutex_unlock(&ctx->control);
    return room;
}

static vane_status check_wish(vane_context *ctx, const char *backend, const char *source)
{
    if (backend == NULL || strcmp(backend, VANE__PROGRAM) == 0)
        return VANE_OK;
    return vane__deferred_open_named(ctx, backend, source);
}

int vane__slate_is_hopeless(const vane__slate *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->candidates[i].reason == VANE_REASON_CHOSEN ||
            s->candidates[i].reason == VANE_REASON_RESTING ||
            s->candidates[i].reason == VANE_REASON_HARMFUL)
            return 0;
    return 1;
}

static int nobody_can(const vane__slate *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->candidates[i].reason == VANE_REASON_CHOSEN)
            return 0;
    return 1;
}

vane_status vane__slate_make(vane_context *ctx, const vane__op *op, uint32_t dtype,
                             uint32_t size_class, uint32_t hot, const vane__wish *asked,
                             vane__slate *out)
{
    char named[16];
    wish w = *asked;
    *out = (vane__slate){.chosen = VANE_NO_CANDIDATE};
    vane__query_fill(op, dtype, size_class, hot, &out->query);
    out->query.objective = atomic_load_explicit(&ctx->objective, memory_order_relaxed);
    out->in_bytes = input_bytes(op, &out->query);
    vane_status st = check_wish(ctx, w.backend, "options.backend is");
    if (st == VANE_OK && w.backend == NULL &&
        vane__ops_backend(ctx->settings.ops, op->info.name, named, sizeof named)) {
        st = check_wish(ctx, named, "VANE_OPS is");
        w.backend = named;
    }
    if (st != VANE_OK)
        return st;
    int room = add_all(ctx, out, op, dtype, &w);
    if (room && w.backend == NULL && nobody_can(out) &&
        atomic_load(&ctx->registry.deferred.waiting) > 0) {
        vane__deferred_open_all(ctx, "nobody else can");
        out->count = 0;
        room = add_all(ctx, out, op, dtype, &w);
    }
    if (room)
        return VANE_OK;
    vane__slate_free(out);
    return vane__fail(VANE_E_NOMEM, "%s: no memory for its candidates", op->info.name);
}

void vane__slate_free(vane__slate *s)
{
    free(s->candidates);
    free(s->runners);
    s->candidates = NULL;
    s->runners = NULL;
}

/* Who is left alone for a while is better than nobody. 1: there is one. */
static int wake(vane__slate *s)
{
    int woken = 0;
    for (uint32_t i = 0; i < s->count; i++)
        if (s->candidates[i].reason == VANE_REASON_RESTING ||
            s->candidates[i].reason == VANE_REASON_HARMFUL) {
            s->candidates[i].reason = VANE_REASON_CHOSEN;
            woken = 1;
        }
    return woken;
}

uint32_t vane__slate_choose(vane_context *ctx, vane__slate *s)
{
    const vane_policy *policy = atomic_load_explicit(&ctx->policy, memory_order_acquire);
    for (uint32_t i = 0; i < s->count; i++) /* a second round: only what failed stays out */
        if (s->candidates[i].reason == VANE_REASON_SLOWER ||
            s->candidates[i].reason == VANE_REASON_LATER ||
            s->candidates[i].reason == VANE_REASON_NARROWER ||
            s->candidates[i].reason == VANE_REASON_UNCHECKED ||
            s->candidates[i].reason == VANE_REASON_COSTLIER)
            s->candidates[i].reason = VANE_REASON_CHOSEN;
    uint32_t winner = policy->choose(policy->self, &s->query, s->candidates, s->count);
    if (winner == VANE_NO_CANDIDATE && wake(s))
        winner = policy->choose(policy->self, &s->query, s->candidates, s->count);
    return winner < s->count && s->candidates[winner].reason == VANE_REASON_CHOSEN
               ? winner
               : VANE_NO_CANDIDATE; /* a policy of somebody else may say anything */
}

/* The candidate whose reason says most: not one that nobody asked for. */
static const vane_candidate *telling(const vane__slate *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->candidates[i].reason != VANE_REASON_NOT_REQUIRED)
            return &s->candidates[i];
    return &s->candidates[0];
}

/* "; device 0 of its backend is lost, and is tried again in 0.8 s"; "" of none. */
static void rest_of(vane_context *ctx, const vane__slate *s, char *out, size_t bytes)
{
    const uint64_t now = vane__clock_now(ctx);
    out[0] = '\0';
    for (uint32_t i = 0; i < s->count; i++) {
        const vane__device *d = s->runners[i].device;
        if (d == NULL || s->candidates[i].reason != VANE_REASON_UNHEALTHY ||
            atomic_load(&d->orphaned))
            continue;
        const uint64_t until = atomic_load(&d->breaker.until_ns);
        const int probed = atomic_load(&d->breaker.state) == VANE__HALF_OPEN;
        int n = snprintf(out, bytes, "; device %s of %s is lost, and is ", d->info.id,
                         d->backend->entry->name);
        if (n > 0 && (size_t)n < bytes && probed)
            snprintf(out + n, bytes - (size_t)n, "being tried again");
        else if (n > 0 && (size_t)n < bytes)
            snprintf(out + n, bytes - (size_t)n, "tried again in %.3f s",
                     until > now ? (double)(until - now) / 1e9 : 0.0);
        return;
    }
}

vane_status vane__slate_none(vane_context *ctx, const vane__op *op, uint32_t dtype,
                             const vane__slate *s)
{
    char names[200], rests[160];
    if (atomic_load(&ctx->registry.count) == 0)
        return vane__fail(VANE_E_NO_BACKEND,
                          "%s: no backend is loaded; `vane info` lists every path tried",
                          op->info.name);
    vane__registry_names(&ctx->registry, names, sizeof names);
    if (s->count == 0)
        return vane__fail(VANE_E_UNSUPPORTED,
                          "%s of %s: none of the loaded backends (%s) has a kernel", op->info.name,
                          vane_dtype_name(dtype), names);
    const vane_candidate *c = telling(s);
    rest_of(ctx, s, rests, sizeof rests);
    return vane__fail(VANE_E_UNSUPPORTED,
                      "%s of %s: no candidate is left (%s@%s: %s)%s; loaded: %s", op->info.name,
                      vane_dtype_name(dtype), c->kernel, c->backend, vane_reason_string(c->reason),
                      rests, names);
}
