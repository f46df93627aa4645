/* SPDX-License-Identifier: MIT */
/* remember.c - from what a site knows to what is kept, and back.
 *
 * An entry of the file is about one candidate of one cell in one state. Its key is a hash of all
 * of that with names in full, and of whose code it was: another build finds nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "plugin/device.h"
#include "policy/hash.h"
#include "policy/store.h"

enum { STATES = 4 };

/* ---- keys --------------------------------------------------------------------------------- */

uint64_t vane__remember_stamp(const vane__op *op, const vane__device *device)
{
    uint64_t code =
        device == NULL ? op->code : atomic_load_explicit(&device->stamp, memory_order_relaxed);
    if (code == 0 || op->info.op < VANE_OP_CUSTOM || op->reference.direct == NULL)
        return code;
    return op->code == 0 ? 0 : vane__hash_mix(code, op->code) | 1;
}

static const char *backend_of(const vane__runner *r)
{
    return r->device != NULL ? r->device->backend->entry->name : VANE__PROGRAM;
}

static const char *device_of(const vane__runner *r)
{
    return r->device != NULL ? r->device->info.id : "cpu";
}

/* A device's number is this process's: its name stands for it. */
static uint64_t where_key(vane_context *ctx, const vane__where *w)
{
    vane__where plain = *w;
    plain.device = 0;
    uint64_t h = vane__hash_mix(VANE__HASH_SEED, vane__where_code(&plain));
    const vane__device *d =
        w->buffers && w->device != 0 ? vane__device_numbered(ctx, w->device) : NULL;
    return d == NULL ? h : vane__hash_text(vane__hash_text(h, d->backend->entry->name), d->info.id);
}

/* Of all states; 0: this is not to be kept. */
static uint64_t key_of(vane_context *ctx, const vane__site *site, const vane__runner *r)
{
    uint64_t stamp = vane__remember_stamp(site->op, r->device);
    if (stamp == 0)
        return 0;
    uint64_t h = vane__hash_mix(where_key(ctx, &site->where), stamp);
    h = vane__hash_mix(h, (uint64_t)site->dtype << 32 | site->size_class);
    h = vane__hash_mix(h, r->width);
    h = vane__hash_text(h, site->op->info.name);
    h = vane__hash_text(h, backend_of(r));
    h = vane__hash_text(h, device_of(r));
    return vane__hash_text(h, r->kernel->name) | 1;
}

static uint64_t key_in(uint64_t key, uint32_t state)
{
    return vane__hash_mix(key, state + 1);
}

/* ---- remembering -------------------------------------------------------------------------- */

/* Nobody is trusted for what was said of him where nobody could judge, if here somebody can. */
static void remember_trust(vane__learned *l, const vane__record *r, int judged)
{
    if (r->trust == VANE_TRUST_WRONG ||
        (l->trust == VANE_TRUST_NONE &&
         (r->trust == VANE_TRUST_CHECKED || (r->trust == VANE_TRUST_ORACLE && !judged))))
        l->trust = r->trust;
}

/* The typical time stands last: it is what stays when the window ages. */
static void fill(vane__window *w, const vane__record *r)
{
    uint32_t n = r->samples < VANE__WINDOW ? r->samples : VANE__WINDOW;
    double typical = (double)r->typical_ns, spread = (double)r->spread_ns;
    *w = (vane__window){.pushed = 0};
    for (uint32_t i = 0; i < n; i++)
        vane__window_push(w, i < n - 3 * n / 4   ? typical + spread
                             : i < n - n / 4 - 1 ? typical + spread / 2
                                                 : typical);
    w->fresh = 0;
}

/* 0: it was timed, but is not trusted. */
static int remember_time(vane__learned *l, const vane__record *r)
{
    int trusted = l->trust == VANE_TRUST_CHECKED || l->trust == VANE_TRUST_ORACLE;
    if (r->samples > 0 && trusted)
        fill(&l->window[r->state & 1][r->state >> 1 & 1], r);
    else if (l->remembered_ns <= 0)
        l->remembered_ns = r->typical_ns;
    return r->samples == 0 || l->trust != VANE_TRUST_NONE;
}

uint32_t vane__remember(vane_context *ctx, const vane__site *site, vane__entry *e, int judged)
{
    vane__store *s = atomic_load_explicit(&ctx->store, memory_order_acquire);
    vane__learned *l = &e->learned;
    const vane__record *found[STATES];
    uint32_t n = 0;
    uint64_t key = s != NULL && s->records.count > 0 ? key_of(ctx, site, &e->settled.runner) : 0;
    for (uint32_t state = 0; key != 0 && state < STATES; state++)
        if ((found[n] = vane__index_find(&s->index, s->records.list, key_in(key, state))) != NULL)
            n++;
    for (uint32_t i = 0; i < n; i++)
        remember_trust(l, found[i], judged);
    uint32_t what = n > 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!remember_time(l, found[i]))
            what |= VANE__REMEMBERS_DOUBT;
        if (found[i]->state & VANE__RECORD_SETTLED)
            what |= found[i]->state & 2 ? VANE__REMEMBERS_BUSY : VANE__REMEMBERS_IDLE;
    }
    if (n > 0 && l->trust == VANE_TRUST_WRONG)
        vane__log_line(&ctx->settings.log, VANE_LOG_INFO,
                       "%s@%s is left out for %s of %s, size class %u: its result was wrong",
                       e->settled.runner.kernel->name, backend_of(&e->settled.runner),
                       site->op->info.name, vane_dtype_name(site->dtype), site->size_class);
    l->kept_trust = l->trust;
    l->kept_ns = l->remembered_ns;
    return what;
}

/* ---- collecting --------------------------------------------------------------------------- */

static vane__record *add(vane__store *s)
{
    if (s->n_pending == s->room) {
        uint32_t room = s->room ? 2 * s->room : 64;
        vane__record *list = realloc(s->pending, room * sizeof *list);
        if (list == NULL)
            return NULL;
        s->pending = list;
        s->room = room;
    }
    return memset(&s->pending[s->n_pending++], 0, sizeof(vane__record));
}

/* Cut, and of characters that may be shown. */
static void put_name(char *out, size_t bytes, const char *name)
{
    size_t n = 0;
    for (; name[n] != '\0' && n + 1 < bytes; n++)
        out[n] = name[n] >= ' ' && name[n] <= '~' ? name[n] : '?';
    if (n == 0)
        out[0] = '-';
}

static int was_settled(const vane__site *site, uint32_t busy)
{
    const vane__lesson *l = &site->lesson[busy];
    return atomic_load_explicit(&l->over, memory_order_relaxed) || l->lessons > 0;
}

static vane__record *describe(vane__store *s, const vane__site *site, const vane__entry *e,
                              uint64_t key, uint32_t state)
{
    const vane__runner *r = &e->settled.runner;
    vane__record *out = add(s);
    if (out == NULL)
        return NULL;
    out->key = key_in(key, state);
    out->stamp = vane__remember_stamp(site->op, r->device);
    out->width = (uint16_t)r->width;
    out->dtype = (uint8_t)site->dtype;
    out->size_class = (uint8_t)site->size_class;
    out->where = (uint8_t)vane__where_code(&site->where);
    out->state = (uint8_t)(state | (was_settled(site, state >> 1) ? VANE__RECORD_SETTLED : 0));
    out->trust = (uint8_t)e->learned.trust;
    put_name(out->op, sizeof out->op, site->op->info.name);
    put_name(out->backend, sizeof out->backend, backend_of(r));
    put_name(out->device, sizeof out->device, device_of(r));
    put_name(out->kernel, sizeof out->kernel, r->kernel->name);
    return out;
}

/* Calls in buffers are timed by the trust of their twins on host memory, which has no record of
 * its own here: they are not kept. */
static int is_trusted(const vane__learned *l)
{
    return l->trust == VANE_TRUST_CHECKED || l->trust == VANE_TRUST_ORACLE;
}

/* 1: there was room for all that is new. */
static int collect_times(vane__store *s, const vane__site *site, vane__entry *e, uint64_t key,
                         uint32_t *written)
{
    for (uint32_t state = 0; state < STATES; state++) {
        vane__window *w = &e->learned.window[state & 1][state >> 1];
        if (w->fresh == 0 || w->pushed == 0 || !is_trusted(&e->learned))
            continue;
        vane__record *out = describe(s, site, e, key, state);
        if (out == NULL)
            return 0;
        out->samples = (uint8_t)vane__window_count(w);
        out->typical_ns = (float)vane__window_typical(w);
        out->spread_ns = (float)vane__window_spread(w);
        w->fresh = 0;
        *written += 1;
    }
    return 1;
}

static int has_times(const vane__learned *l)
{
    for (uint32_t state = 0; state < STATES; state++)
        if (l->window[state & 1][state >> 1].pushed > 0)
            return 1;
    return 0;
}

static void forget_times(vane__learned *l)
{
    for (uint32_t state = 0; state < STATES; state++)
        l->window[state & 1][state >> 1].fresh = 0;
}

/* What is known of a candidate that was never timed. */
static int collect_rest(vane__store *s, const vane__site *site, const vane__entry *e, uint64_t key)
{
    const vane__learned *l = &e->learned;
    int wrong = l->trust == VANE_TRUST_WRONG;
    if (has_times(l) && !wrong)
        return 1;
    vane__record *out = describe(s, site, e, key, 0);
    if (out != NULL)
        out->typical_ns = wrong ? 0 : l->remembered_ns;
    return out != NULL;
}

static void collect(vane_context *ctx, vane__store *s, const vane__site *site, vane__entry *e)
{
    vane__learned *l = &e->learned;
    int news = l->trust != l->kept_trust ||
               (l->remembered_ns < l->kept_ns || l->remembered_ns > l->kept_ns);
    uint32_t written = 0;
    uint64_t key = key_of(ctx, site, &e->settled.runner);
    if (key == 0)
        return;
    if (l->trust == VANE_TRUST_WRONG)
        forget_times(l);
    int room = collect_times(s, site, e, key, &written);
    if (room && news && written == 0)
        room = collect_rest(s, site, e, key);
    if (room) {
        l->kept_trust = l->trust;
        l->kept_ns = l->remembered_ns;
    }
}

void vane__remember_collect(vane_context *ctx, vane__store *s)
{
    vane__site *site = atomic_load_explicit(&ctx->routes->sites, memory_order_acquire);
    for (; site != NULL; site = site->next)
        for (uint32_t i = 0; i < site->n_all; i++)
            collect(ctx, s, site, site->all[i]);
}

void vane__remember_nothing_new(vane_context *ctx)
{
    vane__site *site = atomic_load_explicit(&ctx->routes->sites, memory_order_acquire);
    for (; site != NULL; site = site->next)
        for (uint32_t i = 0; i < site->n_all; i++) {
            vane__learned *l = &site->all[i]->learned;
            forget_times(l);
            l->kept_trust = l->trust;
            l->kept_ns = l->remembered_ns;
        }
}
