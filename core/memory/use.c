/* SPDX-License-Identifier: MIT */
/* use.c - which work uses a buffer, and what new work has to wait for. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "memory/buffer.h"

/* ---- lists of tickets ------------------------------------------------------------- */

void vane__tickets_init(vane__tickets *t)
{
    t->at = t->few;
    t->count = 0;
    t->room = sizeof t->few / sizeof t->few[0];
}

void vane__tickets_free(vane__tickets *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        vane__ticket_drop(t->at[i]);
    if (t->at != t->few)
        free(t->at);
    vane__tickets_init(t);
}

int vane__tickets_add(vane__tickets *t, vane__ticket *ticket)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->at[i] == ticket)
            return 1;
    if (t->count == t->room) {
        vane__ticket **at = malloc(2 * t->room * sizeof *at);
        if (at == NULL)
            return 0;
        memcpy(at, t->at, t->count * sizeof *at);
        if (t->at != t->few)
            free(t->at);
        t->at = at;
        t->room *= 2;
    }
    t->at[t->count++] = vane__ticket_hold(ticket);
    return 1;
}

vane_status vane__tickets_wait(vane__tickets *t)
{
    vane_status first = VANE_OK;
    vane_error kept = {.status = VANE_OK};
    for (uint32_t i = 0; i < t->count; i++) {
        vane_status st = vane__ticket_wait(t->at[i], UINT64_MAX);
        if (st != VANE_OK && first == VANE_OK) {
            first = st;
            kept = *vane_last_error();
        }
    }
    return first == VANE_OK ? VANE_OK : vane__error_restore(&kept);
}

/* ---- the users of a buffer -------------------------------------------------------------- */

static int is_done(vane__ticket *t)
{
    return vane__ticket_phase(t) == VANE__DONE;
}

/* A failed writer is waited for by those who read what it should have written. */
int vane__buffer_deps(vane__buffer *b, int writes, vane__tickets *deps)
{
    if (b->writer != NULL && (!is_done(b->writer) || (!writes && b->writer->status != VANE_OK)) &&
        !vane__tickets_add(deps, b->writer))
        return 0;
    for (uint32_t i = 0; writes && i < b->n_readers; i++)
        if (!is_done(b->readers[i]) && !vane__tickets_add(deps, b->readers[i]))
            return 0;
    return 1;
}

static void forget_done_readers(vane__buffer *b)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < b->n_readers; i++)
        if (is_done(b->readers[i]))
            vane__ticket_drop(b->readers[i]);
        else
            b->readers[kept++] = b->readers[i];
    b->n_readers = kept;
}

static int reader_add(vane__buffer *b, vane__ticket *t)
{
    if (b->n_readers == b->max_readers)
        forget_done_readers(b);
    if (b->n_readers == b->max_readers) {
        uint32_t room = b->max_readers ? 2 * b->max_readers : 8;
        vane__ticket **at = realloc(b->readers, room * sizeof(vane__ticket *));
        if (at == NULL)
            return 0;
        b->readers = at;
        b->max_readers = room;
    }
    b->readers[b->n_readers++] = vane__ticket_hold(t);
    return 1;
}

int vane__buffer_use(vane__buffer *b, vane__ticket *t, int writes)
{
    if (!writes)
        return reader_add(b, t);
    vane__ticket_drop(b->writer);
    b->writer = vane__ticket_hold(t);
    for (uint32_t i = 0; i < b->n_readers; i++) /* t waits for them: waiting for t is enough */
        vane__ticket_drop(b->readers[i]);
    b->n_readers = 0;
    return 1;
}

void vane__buffer_tidy(vane__buffer *b, vane__ticket *t)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < b->n_readers; i++) {
        vane__ticket *r = b->readers[i];
        uint32_t phase = vane__ticket_phase(r);
        if (r != t && (phase == VANE__DONE || (phase == VANE__FLYING && r->queue == t->queue)))
            vane__ticket_drop(r);
        else
            b->readers[kept++] = r;
    }
    b->n_readers = kept;
}

void vane__buffer_unuse(vane__buffer *b, vane__ticket *t)
{
    if (b->writer == t && (!is_done(t) || t->status == VANE_OK)) {
        b->writer = NULL;
        vane__ticket_drop(t);
    }
    for (uint32_t i = 0; i < b->n_readers; i++)
        if (b->readers[i] == t) {
            b->readers[i] = b->readers[--b->n_readers];
            vane__ticket_drop(t);
            return;
        }
}

/* The lock is let go while waiting, so the buffer may be closed meanwhile. */
vane_status vane__buffer_quiet(vane__buffer *b, int writes)
{
    uint32_t generation = atomic_load(&b->generation);
    for (;;) {
        vane__tickets deps;
        vane__tickets_init(&deps);
        vane_status st = VANE_OK;
        (void)vane__buffer_deps(b, writes, &deps); /* without memory: some now, the others after */
        uint32_t waits = deps.count;
        if (st == VANE_OK && waits > 0) {
            pthread_mutex_unlock(&b->lock);
            st = vane__tickets_wait(&deps);
            st = writes ? VANE_OK : st; /* who writes does not care how those before ended */
            pthread_mutex_lock(&b->lock);
        }
        vane__tickets_free(&deps);
        if (atomic_load(&b->generation) != generation)
            return vane__fail(VANE_E_ARGUMENT, "the buffer was closed by another thread meanwhile");
        if (st != VANE_OK || waits == 0)
            return st;
    }
}
