/* SPDX-License-Identifier: MIT */
/* evict.c - room on a device: idle copies of other buffers go home, who waited longest first. */
#include "error.h"
#include "memory/buffer.h"

static int is_idle(vane__ticket *t)
{
    return t == NULL || vane__ticket_wait(t, 0) != VANE_E_TIMEOUT;
}

static int nobody_uses(vane__buffer *b, const vane__copy *c)
{
    if (!is_idle(b->writer) || !is_idle(c->ready))
        return 0;
    for (uint32_t i = 0; i < b->n_readers; i++)
        if (!is_idle(b->readers[i]))
            return 0;
    return 1;
}

/* When b's copy on d was used last, if it could go; UINT64_MAX: it can't. Locks are only tried:
 * whoever asks for room holds locks of his own. */
static uint64_t last_use(vane__buffer *b, const vane__device *d)
{
    uint64_t used = UINT64_MAX;
    if (pthread_mutex_trylock(&b->lock) != 0)
        return used;
    if (vane__buffer_is_open(b)) {
        const vane__copy *c = vane__copy_find(b, d);
        if (c != NULL && !c->imported && nobody_uses(b, c))
            used = c->used;
    }
    pthread_mutex_unlock(&b->lock);
    return used;
}

/* Of those used after since. */
static vane__buffer *oldest(vane_context *ctx, const vane__device *d, const vane__buffer *keep,
                            uint64_t *since)
{
    vane__buffer *best = NULL, *b;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; (b = vane__buffer_at(ctx, i)) != NULL; i++) {
        uint64_t used = b == keep ? UINT64_MAX : last_use(b, d);
        if (used < least && used > *since) {
            least = used;
            best = b;
        }
    }
    *since = least;
    return best;
}

/* Home with what no other place has, then the memory is the pool's. */
static int send_home(vane__buffer *b, const vane__device *d)
{
    int gone = 0;
    if (pthread_mutex_trylock(&b->lock) != 0)
        return 0;
    vane__copy *c = vane__copy_find(b, d);
    if (vane__buffer_is_open(b) && c != NULL && !c->imported && nobody_uses(b, c) &&
        vane__buffer_home(b, 0, b->bytes) == VANE_OK) {
        vane__log_line(&b->ctx->settings.log, VANE_LOG_DEBUG, "buffer '%s' makes room on %s",
                       b->name, d->info.id);
        vane__copy_free(b, c);
        gone = 1;
    }
    pthread_mutex_unlock(&b->lock);
    return gone;
}

vane_status vane__memory_take(vane__device *d, uint64_t bytes, const vane__buffer *keep,
                              vane__block *out)
{
    vane_context *ctx = d->backend->ctx;
    for (uint64_t since = 0;;) {
        vane_status st = vane__mempool_alloc(d->mempool, bytes, out);
        if (st != VANE_E_NOMEM)
            return st;
        vane_error kept = *vane_last_error();
        vane__buffer *b;
        while ((b = oldest(ctx, d, keep, &since)) != NULL && !send_home(b, d))
            ; /* that one cannot go now; perhaps the next */
        if (b == NULL)
            return vane__error_restore(&kept);
        atomic_fetch_add(&d->evictions, 1);
    }
}
