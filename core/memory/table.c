/* SPDX-License-Identifier: MIT */
/* table.c - handles: owner, generation and slot of each buffer of a context.
 *
 * A slot is made once and used again and again until the context closes, so that a handle of
 * any age can be looked up without harm. handle = owner << 48 | generation << 24 | slot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "memory/buffer.h"

#define CHUNK 256u
#define MAX_CHUNKS 4096u

struct vane__buffers {
    pthread_mutex_t lock;
    uint32_t owner; /* 1 to 65535: this context among those of the process */
    _Atomic(vane__buffer *) chunks[MAX_CHUNKS];
    atomic_uint count; /* slots ever used */
    uint32_t *free;    /* a stack of slots */
    uint32_t n_free, room;
    atomic_uint_fast64_t clock;
};

static atomic_uint owners;

vane_status vane__buffers_open(vane_context *ctx)
{
    vane__buffers *t = calloc(1, sizeof *t);
    if (t == NULL || pthread_mutex_init(&t->lock, NULL) != 0) {
        free(t);
        return vane__fail(VANE_E_NOMEM, "no memory for the table of buffers");
    }
    do
        t->owner = (atomic_fetch_add(&owners, 1) + 1) & 0xffffu;
    while (t->owner == 0);
    ctx->buffers = t;
    return VANE_OK;
}

uint64_t vane__buffers_clock(vane_context *ctx)
{
    atomic_uint_fast64_t *clock = &ctx->buffers->clock;
    uint64_t now = atomic_load_explicit(clock, memory_order_relaxed) + 1;
    atomic_store_explicit(clock, now, memory_order_relaxed); /* two at once may see the same time */
    return now;
}

static vane__buffer *slot_at(vane__buffers *t, uint32_t slot)
{
    vane__buffer *chunk = atomic_load_explicit(&t->chunks[slot / CHUNK], memory_order_acquire);
    return chunk == NULL ? NULL : &chunk[slot % CHUNK];
}

vane__buffer *vane__buffer_at(vane_context *ctx, uint32_t i)
{
    return i < atomic_load_explicit(&ctx->buffers->count, memory_order_acquire)
               ? slot_at(ctx->buffers, i)
               : NULL;
}

/* ---- making ------------------------------------------------------------------------- */

static int chunk_make(vane_context *ctx, uint32_t first)
{
    vane__buffer *chunk = calloc(CHUNK, sizeof *chunk);
    if (chunk == NULL)
        return 0;
    for (uint32_t i = 0; i < CHUNK; i++) {
        chunk[i].ctx = ctx;
        chunk[i].slot = first + i;
        pthread_mutex_init(&chunk[i].lock, NULL);
    }
    atomic_store_explicit(&ctx->buffers->chunks[first / CHUNK], chunk, memory_order_release);
    return 1;
}

/* There is always room on the stack for every slot: giving one back cannot fail. */
static int stack_grow(vane__buffers *t)
{
    uint32_t count = atomic_load(&t->count);
    if (count < t->room)
        return 1;
    uint32_t room = t->room ? t->room * 2 : CHUNK;
    uint32_t *at = realloc(t->free, room * sizeof *at);
    if (at == NULL)
        return 0;
    t->free = at;
    t->room = room;
    return 1;
}

static vane__buffer *slot_take(vane_context *ctx)
{
    vane__buffers *t = ctx->buffers;
    vane__buffer *b = NULL;
    pthread_mutex_lock(&t->lock);
    uint32_t count = atomic_load(&t->count);
    if (t->n_free > 0) {
        b = slot_at(t, t->free[--t->n_free]);
    } else if (count < CHUNK * MAX_CHUNKS && stack_grow(t) &&
               (slot_at(t, count) != NULL || chunk_make(ctx, count))) {
        b = slot_at(t, count);
        atomic_store_explicit(&t->count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&t->lock);
    return b;
}

static vane_buffer handle_of(const vane__buffer *b)
{
    return (vane_buffer){(uint64_t)b->ctx->buffers->owner << 48 |
                         (uint64_t)atomic_load(&b->generation) << 24 | b->slot};
}

vane_status vane__buffer_make(vane_context *ctx, vane__hostmem *host, const char *name,
                              vane_buffer *handle, vane__buffer **out)
{
    vane__buffer *b = slot_take(ctx);
    if (b == NULL)
        return vane__fail(VANE_E_NOMEM, "no memory for one more buffer");
    pthread_mutex_lock(&b->lock);
    b->host = host;
    b->bytes = host->bytes;
    snprintf(b->name, sizeof b->name, "%s", name != NULL ? name : "");
    b->wrapped = 0;
    vane__ranges_init(&b->host_valid);
    vane__ranges_init(&b->lost);
    b->copies = NULL;
    b->writer = NULL;
    b->n_readers = b->read_maps = b->write_maps = 0;
    b->up_bytes = b->down_bytes = b->peer_bytes = 0;
    atomic_store(&b->generation, (atomic_load(&b->generation) + 1) & VANE__GENERATIONS);
    pthread_mutex_unlock(&b->lock);
    *handle = handle_of(b);
    *out = b;
    return VANE_OK;
}

void vane__buffer_retire(vane__buffer *b)
{
    vane__buffers *t = b->ctx->buffers;
    atomic_store(&b->generation, (atomic_load(&b->generation) + 1) & VANE__GENERATIONS);
    vane__ranges_free(&b->host_valid);
    vane__ranges_free(&b->lost);
    vane__hostmem_drop(b->host);
    b->host = NULL;
    pthread_mutex_lock(&t->lock);
    t->free[t->n_free++] = b->slot;
    pthread_mutex_unlock(&t->lock);
}

/* ---- finding ------------------------------------------------------------------------ */

static vane_status find(vane_context *ctx, const char *op, const char *what, vane_buffer handle,
                        vane__buffer **out)
{
    uint32_t owner = (uint32_t)(handle.id >> 48), slot = (uint32_t)(handle.id & 0xffffffu);
    if (handle.id == 0)
        return vane__fail(VANE_E_ARGUMENT, "%s: %s is no buffer (its handle is 0)", op, what);
    if (owner != ctx->buffers->owner)
        return vane__fail(VANE_E_ARGUMENT,
                          "%s: %s is a buffer of context %u, expected one of this context, %u", op,
                          what, owner, ctx->buffers->owner);
    vane__buffer *b = vane__buffer_at(ctx, slot);
    if (b == NULL)
        return vane__fail(VANE_E_ARGUMENT, "%s: %s is no buffer (its handle is 0x%llx)", op, what,
                          (unsigned long long)handle.id);
    *out = b;
    return VANE_OK;
}

vane_status vane__buffer_enter(vane_context *ctx, const char *op, const char *what,
                               vane_buffer handle, vane__buffer **out)
{
    vane_status st = find(ctx, op, what, handle, out);
    if (st != VANE_OK)
        return st;
    pthread_mutex_lock(&(*out)->lock);
    if (vane__buffer_is(*out, handle))
        return VANE_OK;
    pthread_mutex_unlock(&(*out)->lock);
    return vane__fail(VANE_E_ARGUMENT, "%s: %s is a buffer that was closed, expected an open one",
                      op, what);
}

/* ---- closing, fork -------------------------------------------------------------------- */

static void chunk_free(vane__buffer *chunk)
{
    for (uint32_t i = 0; i < CHUNK; i++) {
        free(chunk[i].readers);
        pthread_mutex_destroy(&chunk[i].lock);
    }
    free(chunk);
}

static void leftover_close(vane_context *ctx, vane__buffer *b)
{
    if (!vane__buffer_is_open(b))
        return;
    vane__log_line(&ctx->settings.log, VANE_LOG_WARN,
                   "buffer '%s' (%llu bytes) was still open when its context was closed", b->name,
                   (unsigned long long)b->bytes);
    vane_buffer_close(ctx, handle_of(b));
}

void vane__buffers_close(vane_context *ctx)
{
    vane__buffers *t = ctx->buffers;
    if (t == NULL)
        return;
    uint32_t count = atomic_load(&t->count);
    for (uint32_t i = 0; i < count; i++)
        leftover_close(ctx, slot_at(t, i));
    for (uint32_t i = 0; i < MAX_CHUNKS && t->chunks[i] != NULL; i++)
        chunk_free(t->chunks[i]);
    pthread_mutex_destroy(&t->lock);
    free(t->free);
    free(t);
    ctx->buffers = NULL;
}

/* A slot that comes into use meanwhile is locked too, when the table's lock shows it. */
void vane__buffers_lock(vane_context *ctx)
{
    vane__buffers *t = ctx->buffers;
    uint32_t i = 0;
    pthread_mutex_lock(&t->lock);
    while (i < atomic_load(&t->count)) {
        pthread_mutex_unlock(&t->lock); /* buffers come first */
        for (uint32_t n = atomic_load(&t->count); i < n; i++)
            pthread_mutex_lock(&slot_at(t, i)->lock);
        pthread_mutex_lock(&t->lock);
    }
}

void vane__buffers_unlock(vane_context *ctx)
{
    vane__buffers *t = ctx->buffers;
    for (uint32_t i = atomic_load(&t->count); i-- > 0;)
        pthread_mutex_unlock(&slot_at(t, i)->lock);
    pthread_mutex_unlock(&t->lock);
}

static void orphan(vane__buffer *b)
{
    if (!vane__buffer_is_open(b))
        return;
    if (b->writer != NULL && vane__ticket_phase(b->writer) != VANE__DONE)
        b->writer = NULL; /* nobody here will ever finish it, and its event is the parent's */
    b->n_readers = 0;
    for (vane__copy *c = b->copies; c != NULL; c = c->next)
        c->ready = NULL;
}

/* In a child of fork(): the streams and their work are the parent's, so nobody waits for it. */
void vane__buffers_orphan(vane_context *ctx)
{
    uint32_t count = atomic_load(&ctx->buffers->count);
    for (uint32_t i = 0; i < count; i++)
        orphan(slot_at(ctx->buffers, i));
}
