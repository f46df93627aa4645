/* SPDX-License-Identifier: MIT */
/* store.c - the memory of a context: opened, written, ended. */
#include "policy/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dispatch/slate.h"
#include "telemetry/clock.h"

static uint64_t today_s(void)
{
    time_t t = time(NULL);
    return t > 0 ? (uint64_t)t : 0;
}

/* ---- opening ------------------------------------------------------------------------------ */

static void read_file(vane__store *s)
{
    if (!vane__store_read(&s->place, today_s(), &s->file, &s->records) ||
        !vane__index_open(&s->index, s->records.count))
        return;
    for (uint32_t i = 0; i < s->records.count; i++)
        vane__index_add(&s->index, s->records.list, i);
}

static void destroy(vane__store *s)
{
    free(s->folder);
    free(s->file);
    vane__index_close(&s->index);
    free(s->pending);
    free(s);
}

static vane__store *store_new(vane_context *ctx)
{
    vane__store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    if (asprintf(&s->folder, "%s/learned", ctx->registry.cache_dir) < 0) {
        free(s);
        return NULL;
    }
    vane__identity_machine(ctx, &s->machine);
    snprintf(s->name, sizeof s->name, "%016llx.learned", (unsigned long long)s->machine.hash);
    atomic_init(&s->lock, -1);
    s->place = (vane__store_place){.folder = s->folder,
                                   .name = s->name,
                                   .identity = s->machine.hash,
                                   .text = s->machine.text,
                                   .log = &ctx->settings.log,
                                   .lock = &s->lock};
    atomic_init(&s->due_ns, vane__clock_now(ctx) + VANE__STORE_PAUSE_NS);
    read_file(s);
    return s;
}

/* Of two threads that read it at once one throws its own away: there is no lock to hold. */
vane__store *vane__store_of(vane_context *ctx)
{
    vane__store *s = atomic_load_explicit(&ctx->store, memory_order_acquire), *none = NULL;
    if (s != NULL || ctx->registry.cache_dir == NULL)
        return s;
    s = store_new(ctx);
    if (s == NULL || atomic_compare_exchange_strong(&ctx->store, &none, s))
        return s;
    destroy(s);
    return none;
}

void vane__store_ready(vane_context *ctx)
{
    if (ctx->registry.cache_dir == NULL || !vane__policy_learns(ctx))
        return;
    vane__identity_devices(ctx);
    vane__store_of(ctx);
}

/* ---- writing ------------------------------------------------------------------------------ */

static int save(vane_context *ctx, vane__store *s, uint32_t patience)
{
    pthread_mutex_lock(&ctx->routes->lock);
    vane__remember_collect(ctx, s);
    pthread_mutex_unlock(&ctx->routes->lock);
    if (s->n_pending == 0)
        return 1;
    uint64_t now = today_s();
    for (uint32_t i = 0; i < s->n_pending; i++)
        if (s->pending[i].when_s == 0)
            s->pending[i].when_s = now;
    if (!vane__store_merge(&s->place, now, s->pending, s->n_pending, patience))
        return 0;
    s->n_pending = 0;
    return 1;
}

int vane__store_save(vane_context *ctx, uint32_t patience)
{
    vane__store *s = atomic_load_explicit(&ctx->store, memory_order_acquire);
    uint32_t nobody = 0;
    if (s == NULL)
        return 1;
    if (!atomic_compare_exchange_strong(&s->saving, &nobody, 1))
        return 0;
    int good = save(ctx, s, patience);
    atomic_store(&s->saving, 0);
    return good;
}

void vane__store_later(vane_context *ctx, vane__store *s, uint64_t now_ns)
{
    uint_fast64_t due = atomic_load(&s->due_ns);
    if (now_ns >= due &&
        atomic_compare_exchange_strong(&s->due_ns, &due, now_ns + VANE__STORE_PAUSE_NS))
        vane__store_save(ctx, 0);
}

void vane__store_close(vane_context *ctx)
{
    vane__store *s = atomic_load(&ctx->store);
    if (s == NULL)
        return;
    if (ctx->routes != NULL)
        vane__store_save(ctx, VANE__STORE_PATIENCE);
    atomic_store(&ctx->store, NULL);
    destroy(s);
}

/* A thread of the parent may have been in the middle of a write: what it held is left alone. */
void vane__store_in_child(vane_context *ctx)
{
    vane__store *s = atomic_load(&ctx->store);
    if (s == NULL)
        return;
    int lock = atomic_exchange(&s->lock, -1);
    if (lock >= 0)
        close(lock);
    s->pending = NULL;
    s->n_pending = s->room = 0;
    atomic_store(&s->saving, 0);
    vane__remember_nothing_new(ctx);
}
