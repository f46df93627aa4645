/* SPDX-License-Identifier: MIT */
/* learned_api.c - vane_learned_* and vane_set_trials: what is kept, shown and changed. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "op/table.h"
#include "policy/store.h"

vane_status vane_set_trials(vane_context *ctx, uint32_t percent)
{
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && percent > 100)
        st = vane__fail(VANE_E_ARGUMENT, "percent is %u, expected at most 100", percent);
    if (st != VANE_OK)
        return st;
    pthread_mutex_lock(&ctx->routes->lock);
    ctx->allowance.more_ns = ((double)percent - 1) * VANE__ALLOWANCE_NS;
    pthread_mutex_unlock(&ctx->routes->lock);
    return VANE_OK;
}

/* NULL and the sentence: nothing is kept. */
static vane__store *store_for(vane_context *ctx, const char *who, const void *out)
{
    if (vane__context_check(ctx) != VANE_OK)
        return NULL;
    if (out == NULL) {
        vane__fail(VANE_E_ARGUMENT, "%s: out is NULL", who);
        return NULL;
    }
    if (ctx->registry.cache_dir == NULL) {
        vane__fail(VANE_E_NOT_FOUND, "%s: nothing is kept: %s", who,
                   strcmp(ctx->settings.cache, "0") == 0 ? "VANE_CACHE is 0" : "there is no home");
        return NULL;
    }
    vane__store *s = vane__store_of(ctx);
    if (s == NULL)
        vane__fail(VANE_E_NOMEM, "%s: no memory", who);
    return s;
}

/* ---- showing ------------------------------------------------------------------------------- */

static uint64_t now_s(void)
{
    time_t t = time(NULL);
    return t > 0 ? (uint64_t)t : 0;
}

vane_status vane_learned_get(vane_context *ctx, vane_learned_info *out)
{
    void *file;
    vane__records all;
    vane__store *s = store_for(ctx, "learned_get", out);
    if (s == NULL)
        return vane_last_error()->status;
    if (out->struct_size < sizeof *out)
        return vane__fail(VANE_E_ABI, "out.struct_size is %u, expected at least %zu",
                          out->struct_size, sizeof *out);
    vane__store_read(&s->place, now_s(), &file, &all);
    *out = (vane_learned_info){.struct_size = sizeof *out,
                               .entries = all.count,
                               .others = vane__store_others(&s->place),
                               .folder = s->folder,
                               .file = s->name,
                               .identity = s->machine.text};
    free(file);
    return VANE_OK;
}

static uint32_t owner_of(vane_context *ctx, const vane__record *r)
{
    const vane__op *op = vane__op_by_name(ctx, r->op);
    uint32_t n = atomic_load_explicit(&ctx->registry.count, memory_order_acquire);
    uint32_t owner = VANE_LEARNED_ABSENT;
    if (op != NULL && strcmp(r->backend, VANE__PROGRAM) == 0)
        return vane__remember_stamp(op, NULL) == r->stamp ? VANE_LEARNED_CURRENT
                                                          : VANE_LEARNED_ABSENT;
    for (uint32_t i = 0; op != NULL && i < n; i++) {
        const vane__backend *b = ctx->registry.backends[i];
        for (uint32_t d = 0; d < b->device_count && strcmp(b->entry->name, r->backend) == 0; d++) {
            if (vane__remember_stamp(op, &b->devices[d]) == r->stamp)
                return VANE_LEARNED_CURRENT;
            if (strncmp(b->devices[d].info.id, r->device, sizeof r->device - 1) == 0)
                owner = VANE_LEARNED_STALE;
        }
    }
    return owner;
}

static void show(vane_context *ctx, const vane__record *r, vane_learned_entry *out)
{
    *out = (vane_learned_entry){.struct_size = sizeof *out,
                                .owner = owner_of(ctx, r),
                                .dtype = r->dtype,
                                .size_class = r->size_class,
                                .width = r->width,
                                .where = r->where,
                                .pool_hot = r->state & 1,
                                .busy = r->state >> 1 & 1,
                                .trust = r->trust,
                                .samples = r->samples,
                                .typical_ns = (double)r->typical_ns,
                                .spread_ns = (double)r->spread_ns,
                                .when_s = r->when_s};
    memcpy(out->op, r->op, sizeof out->op);
    memcpy(out->backend, r->backend, sizeof out->backend);
    memcpy(out->device, r->device, sizeof out->device);
    memcpy(out->kernel, r->kernel, sizeof out->kernel);
}

vane_status vane_learned_list(vane_context *ctx, vane_learned_entry *out, uint32_t room,
                              uint32_t *count)
{
    void *file;
    vane__records all;
    vane__store *s = store_for(ctx, "learned_list", count);
    if (s == NULL)
        return vane_last_error()->status;
    if (out == NULL && room > 0)
        return vane__fail(VANE_E_ARGUMENT, "learned_list: out is NULL, and room is %u", room);
    vane__identity_devices(ctx);
    vane__store_read(&s->place, now_s(), &file, &all);
    *count = all.count;
    for (uint32_t i = 0; i < all.count && i < room; i++)
        show(ctx, &all.list[i], &out[i]);
    free(file);
    return VANE_OK;
}

/* ---- changing ------------------------------------------------------------------------------ */

vane_status vane_learned_save(vane_context *ctx)
{
    vane__store *s = store_for(ctx, "learned_save", ctx);
    if (s == NULL)
        return vane_last_error()->status;
    if (vane__store_save(ctx, VANE__STORE_PATIENCE))
        return VANE_OK;
    return vane__fail(VANE_E_IO, "learned_save: %s/%s is being written by others, or cannot be",
                      s->folder, s->name);
}

vane_status vane_learned_forget(vane_context *ctx)
{
    vane__store *s = store_for(ctx, "learned_forget", ctx);
    if (s == NULL)
        return vane_last_error()->status;
    uint32_t nobody = 0;
    pthread_mutex_lock(&ctx->routes->lock);
    vane__remember_nothing_new(ctx);
    pthread_mutex_unlock(&ctx->routes->lock);
    if (atomic_compare_exchange_strong(&s->saving, &nobody, 1)) {
        s->n_pending = 0; /* of a write that failed */
        atomic_store(&s->saving, 0);
    }
    if (!vane__store_remove(&s->place))
        return vane__fail(VANE_E_IO, "learned_forget: %s/%s cannot be removed", s->folder, s->name);
    return VANE_OK;
}
