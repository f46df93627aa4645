/* SPDX-License-Identifier: MIT */
/* deferred.c - keeps the slow backends of a context aside, and opens them when needed.
 *
 * An item is opened as the file it is: judged again from its permissions on, since time has
 * passed. The lock is held while one opens, so who asks for the same one waits for it, and
 * fork() finds no half-opened one. Between two items it is free: a wish goes before the rest.
 */
#include "plugin/deferred.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "error.h"
#include "exec/signals.h"
#include "plugin/loader.h"

/* ---- the list ------------------------------------------------------------------ */

vane_status vane__deferred_init(vane__deferred *d)
{
    memset(d, 0, sizeof *d);
    if (pthread_mutex_init(&d->lock, NULL) == 0) {
        if (pthread_mutex_init(&d->thread_lock, NULL) == 0)
            return VANE_OK;
        pthread_mutex_destroy(&d->lock);
    }
    return vane__fail(VANE_E_NOMEM, "no memory for the locks of the slow backends");
}

static void item_free(vane__deferred_item *item)
{
    free(item->why);
    free(item->path);
    free(item->real);
    free(item);
}

void vane__deferred_free(vane__deferred *d)
{
    while (d->first != NULL) {
        vane__deferred_item *next = d->first->next;
        item_free(d->first);
        d->first = next;
    }
    d->last = NULL;
    pthread_mutex_destroy(&d->thread_lock);
    pthread_mutex_destroy(&d->lock);
}

vane_status vane__deferred_add(vane__deferred *d, const char *name, const char *path,
                               const char *real)
{
    vane__deferred_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return VANE_E_NOMEM;
    snprintf(item->name, sizeof item->name, "%s", name);
    item->path = strdup(path);
    item->real = strdup(real);
    if (item->path == NULL || item->real == NULL) {
        item_free(item);
        return VANE_E_NOMEM;
    }
    if (d->last != NULL)
        d->last->next = item;
    else
        d->first = item;
    d->last = item;
    atomic_fetch_add(&d->waiting, 1);
    return VANE_OK;
}

void vane__deferred_arm(vane__deferred *d)
{
    atomic_store(&d->armed, atomic_load(&d->waiting) > 0);
}

static unsigned state_of(const vane__deferred_item *item)
{
    return atomic_load_explicit(&item->state, memory_order_acquire);
}

const char *vane__deferred_holds(const vane__deferred *d, const char *name, const char *path)
{
    for (const vane__deferred_item *i = d->first; i != NULL; i = i->next)
        if (state_of(i) == VANE__DEFERRED_WAITS && strcmp(i->name, name) == 0 &&
            strcmp(i->path, path) != 0)
            return i->path;
    return NULL;
}

void vane__deferred_names(const vane__deferred *d, char *out, size_t bytes)
{
    size_t at = strlen(out);
    for (const vane__deferred_item *i = d->first; i != NULL && at < bytes; i = i->next) {
        if (state_of(i) != VANE__DEFERRED_WAITS)
            continue;
        int length = snprintf(out + at, bytes - at, "%s%s (deferred)", at > 0 ? ", " : "", i->name);
        at += length > 0 ? (size_t)length : 0;
    }
}

/* ---- opening ------------------------------------------------------------------- */

static void open_locked(vane_context *ctx, vane__deferred_item *item, const char *source)
{
    vane__deferred *d = &ctx->registry.deferred;
    char why[VANE__WHY_BYTES];
    item->status = vane__loader_open(ctx, item->path, source, why, sizeof why);
    item->why = item->status != VANE_OK ? strdup(why) : NULL;
    atomic_store_explicit(&item->state,
                          item->status == VANE_OK ? VANE__DEFERRED_OPENED : VANE__DEFERRED_FAILED,
                          memory_order_release);
    if (atomic_fetch_sub(&d->waiting, 1) == 1)
        atomic_store(&d->armed, 0);
}

/* Under no lock any more: its routes may want another. */
static void opened(vane_context *ctx, const vane__deferred_item *item)
{
    if (item != NULL && item->status == VANE_OK)
        vane__routes_refresh(ctx);
}

static vane_status item_open(vane_context *ctx, vane__deferred_item *item, const char *source)
{
    vane__deferred *d = &ctx->registry.deferred;
    if (state_of(item) == VANE__DEFERRED_WAITS) {
        pthread_mutex_lock(&d->lock);
        int waits = state_of(item) == VANE__DEFERRED_WAITS;
        if (waits)
            open_locked(ctx, item, source);
        pthread_mutex_unlock(&d->lock);
        opened(ctx, waits ? item : NULL);
    }
    return item->status;
}

static const char *why_of(const vane__deferred_item *item)
{
    return item->why != NULL ? item->why : vane_status_string(item->status);
}

vane_status vane__deferred_open_named(vane_context *ctx, const char *name, const char *said)
{
    vane__deferred_item *item = ctx->registry.deferred.first;
    char names[256];
    if (vane__registry_find(&ctx->registry, name) != NULL)
        return VANE_OK;
    while (item != NULL && strcmp(item->name, name) != 0)
        item = item->next;
    if (item != NULL && item_open(ctx, item, "asked for by name") != VANE_OK)
        return vane__fail(VANE_E_NOT_FOUND, "%s '%.32s', which did not open: %.240s", said, name,
                          why_of(item));
    if (vane__registry_find(&ctx->registry, name) != NULL)
        return VANE_OK;
    vane__registry_names(&ctx->registry, names, sizeof names);
    return vane__fail(VANE_E_NOT_FOUND, "%s '%.32s', which is not loaded; loaded: %s", said, name,
                      names);
}

vane_status vane__deferred_open_file(vane_context *ctx, const char *path, const char *source,
                                     int *is_item)
{
    char real[PATH_MAX];
    vane__deferred_item *item = ctx->registry.deferred.first;
    *is_item = 0;
    if (item == NULL || realpath(path, real) == NULL)
        return VANE_OK;
    while (item != NULL && strcmp(item->real, real) != 0)
        item = item->next;
    if (item == NULL)
        return VANE_OK;
    *is_item = 1;
    if (item_open(ctx, item, source) == VANE_OK)
        return VANE_OK;
    return vane__fail(item->status, "%s: %s", path, why_of(item));
}

/* The first that waits and that the list has (NULL: any). The list is read under the lock: in a
 * child of fork() no reader is left behind. False: there is none. */
static int open_next(vane_context *ctx, const char *names, const char *source)
{
    vane__deferred *d = &ctx->registry.deferred;
    pthread_mutex_lock(&d->lock);
    vane__deferred_item *i = atomic_load(&d->stop) ? NULL : d->first;
    while (i != NULL && (state_of(i) != VANE__DEFERRED_WAITS ||
                         (names != NULL && !vane__list_has(names, i->name))))
        i = i->next;
    if (i != NULL)
        open_locked(ctx, i, source);
    pthread_mutex_unlock(&d->lock);
    opened(ctx, i);
    return i != NULL;
}

/* Nobody asked for one of them alone: what fails is in the report, and no error of the caller's. */
static void open_some(vane_context *ctx, const char *names, const char *source)
{
    if (atomic_load_explicit(&ctx->registry.deferred.waiting, memory_order_acquire) == 0)
        return;
    vane_error kept = *vane_last_error();
    while (open_next(ctx, names, source))
        ;
    vane__error_restore(&kept);
}

void vane__deferred_open_listed(vane_context *ctx, const char *names, const char *source)
{
    open_some(ctx, names, source);
}

void vane__deferred_open_all(vane_context *ctx, const char *source)
{
    open_some(ctx, NULL, source);
}

vane_status vane_backends_open(vane_context *ctx)
{
    vane_status status = vane__context_check(ctx);
    if (status == VANE_OK)
        vane__deferred_open_all(ctx, "vane_backends_open");
    return status;
}

/* ---- for work ------------------------------------------------------------------ */

static void *opener(void *arg)
{
    vane_context *ctx = arg;
    vane__deferred *d = &ctx->registry.deferred;
    pthread_setname_np(pthread_self(), "vane-open");
    vane__deferred_open_all(ctx, "long work");
    pthread_mutex_lock(&d->thread_lock);
    d->done = 1;
    pthread_mutex_unlock(&d->thread_lock);
    return NULL;
}

static int start(vane_context *ctx)
{
    sigset_t before;
    vane__signals_block(&before);
    int error = pthread_create(&ctx->registry.deferred.thread, NULL, opener, ctx);
    vane__signals_restore(&before);
    return error;
}

void vane__deferred_want(vane_context *ctx, double predicted_ns)
{
    vane__deferred *d = &ctx->registry.deferred;
    if (!atomic_load_explicit(&d->armed, memory_order_relaxed) || !(predicted_ns >= VANE__DEFER_NS))
        return;
    if (atomic_exchange(&d->armed, 0) == 0)
        return;
    pthread_mutex_lock(&d->thread_lock);
    int closing = (int)atomic_load(&d->stop), error = closing ? 0 : start(ctx);
    d->joinable = !closing && error == 0;
    pthread_mutex_unlock(&d->thread_lock);
    if (error != 0) /* wishes and lists open them still */
        vane__log_line(&ctx->settings.log, VANE_LOG_WARN, "no thread to open the slow backends: %s",
                       strerror(error));
}

void vane__deferred_stop(vane_context *ctx)
{
    vane__deferred *d = &ctx->registry.deferred;
    atomic_store(&d->stop, 1);
    pthread_mutex_lock(&d->thread_lock); /* a stream's work may be at want() */
    int joinable = d->joinable;
    d->joinable = 0;
    pthread_mutex_unlock(&d->thread_lock);
    if (joinable)
        pthread_join(d->thread, NULL);
}

/* ---- fork() -------------------------------------------------------------------- */

/* A thread that is done is joined here: in the child nobody could any more. */
void vane__deferred_before_fork(vane__deferred *d)
{
    pthread_mutex_lock(&d->lock);
    pthread_mutex_lock(&d->thread_lock);
    if (d->joinable && d->done) {
        pthread_join(d->thread, NULL);
        d->joinable = 0;
    }
}

void vane__deferred_after_fork(vane__deferred *d)
{
    pthread_mutex_unlock(&d->thread_lock);
    pthread_mutex_unlock(&d->lock);
}

void vane__deferred_in_child(vane__deferred *d)
{
    d->joinable = 0;
    vane__deferred_arm(d);
}
