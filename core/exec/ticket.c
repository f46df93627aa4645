/* SPDX-License-Identifier: MIT */
/* ticket.c - the life of a ticket. */
#include "exec/ticket.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"

/* ---- the box ----------------------------------------------------------------------- */

#define MOST_KEPT 1024u

vane__ticket_box *vane__ticket_box_open(void)
{
    vane__ticket_box *b = calloc(1, sizeof *b);
    if (b != NULL && pthread_mutex_init(&b->lock, NULL) == 0)
        return b;
    free(b);
    return NULL;
}

void vane__ticket_box_close(vane__ticket_box *b)
{
    vane__ticket *next;
    if (b == NULL)
        return;
    for (vane__ticket *t = b->first; t != NULL; t = next) {
        next = t->back;
        free(t);
    }
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static vane__ticket *take(vane__ticket_box *b)
{
    pthread_mutex_lock(&b->lock);
    vane__ticket *t = b->first;
    if (t != NULL) {
        b->first = t->back;
        b->count--;
    }
    pthread_mutex_unlock(&b->lock);
    return t != NULL ? t : malloc(sizeof *t);
}

static void put_back(vane__ticket *t)
{
    vane__ticket_box *b = t->box;
    pthread_mutex_lock(&b->lock);
    int kept = b->count < MOST_KEPT;
    if (kept) {
        t->back = b->first;
        b->first = t;
        b->count++;
    }
    pthread_mutex_unlock(&b->lock);
    if (!kept)
        free(t);
}

/* ---- its life ---------------------------------------------------------------------- */

vane__ticket *vane__ticket_new(vane__ticket_box *b, const char *op)
{
    vane__ticket *t = take(b);
    if (t == NULL)
        return NULL;
    t->box = b;
    atomic_init(&t->refs, 1);
    atomic_init(&t->phase, VANE__WAITING);
    atomic_init(&t->sleepers, 0);
    atomic_init(&t->finishing, 0);
    t->op = op;
    t->queue = NULL;
    t->mark = NULL;
    t->from[0] = t->from[1] = t->from[2] = NULL;
    t->status = VANE_OK;
    t->inherited = 0;
    t->error = NULL;
    return t;
}

static int is_last(vane__ticket *t)
{
    return t != NULL && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1;
}

/* A loop, because each may hold others, in long chains. */
void vane__ticket_drop(vane__ticket *t)
{
    vane__ticket *list = is_last(t) ? t : NULL;
    if (list != NULL)
        list->back = NULL;
    while (list != NULL) {
        t = list;
        list = t->back;
        for (int i = 0; i < 3; i++)
            if (is_last(t->from[i])) {
                t->from[i]->back = list;
                list = t->from[i];
            }
        vane__mark_drop(t->mark);
        if (t->error != NULL)
            free(t->error);
        put_back(t);
    }
}

static void advance(vane__ticket *t, uint32_t phase)
{
    atomic_store(&t->phase, phase);
    if (atomic_load(&t->sleepers) > 0)
        vane__futex_wake_all(&t->phase);
}

/* What became of it; not for others to see yet. */
static void note(vane__ticket *t, vane_status st)
{
    t->status = st;
    if (st == VANE_OK)
        return;
    t->error = malloc(sizeof *t->error);
    if (t->error != NULL)
        *t->error = *vane_last_error();
}

void vane__ticket_finish(vane__ticket *t, vane_status st)
{
    if (atomic_exchange(&t->finishing, 1)) /* another thread saw the same mark complete */
        return;
    note(t, st);
    advance(t, VANE__DONE);
}

vane_status vane__ticket_status(vane__ticket *t)
{
    if (t->status == VANE_OK)
        return VANE_OK;
    return t->error != NULL ? vane__error_restore(t->error)
                            : vane__fail(t->status, "%s: %s", t->op, vane_status_string(t->status));
}

/* The plugin's sentence, with the op's name before it. */
static vane_status landed(vane__ticket *t, vane_status st)
{
    if (st == VANE_OK)
        return VANE_OK;
    vane_error e = *vane_last_error();
    vane__fail(st, "%s%s: %s", t->op, t->mark->covers > 1 ? ", or what was launched with it" : "",
               e.message);
    memcpy(e.message, vane_last_error()->message, sizeof e.message);
    memcpy(e.backend, t->queue->device->backend->entry->name,
           strnlen(t->queue->device->backend->entry->name, sizeof e.backend - 1));
    return vane__error_restore(&e);
}

static void await_phase(vane__ticket *t, uint32_t phase, uint64_t timeout_ns)
{
    atomic_fetch_add(&t->sleepers, 1);
    if (atomic_load(&t->phase) == phase)
        vane__futex_wait_for(&t->phase, phase, timeout_ns);
    atomic_fetch_sub(&t->sleepers, 1);
}

/* One that t reads from is DONE: its failure is t's too. */
static void inherit(vane__ticket *t, int i)
{
    vane__ticket *o = t->from[i];
    if (t->status == VANE_OK && o->status != VANE_OK) {
        vane_error kept = *vane_last_error();
        note(t, vane__ticket_status(o));
        t->inherited = 1;
        vane__error_restore(&kept);
    }
    t->from[i] = NULL;
    vane__ticket_drop(o);
}

static int first_from(const vane__ticket *t)
{
    for (int i = 0; i < 3; i++)
        if (t->from[i] != NULL)
            return i;
    return -1;
}

/* t is this thread's to finish, and its mark is done. Those that it reads from are, too, by
 * the order of the queues, and are made DONE first: they may be a long chain, hence the loop. */
static void finish_chain(vane__ticket *t)
{
    t->back = NULL;
    while (t != NULL) {
        int i = first_from(t);
        vane__ticket *o = i < 0 ? NULL : t->from[i];
        if (o == NULL) {
            vane__ticket *back = t->back;
            advance(t, VANE__DONE);
            t = back;
        } else if (vane__ticket_phase(o) == VANE__DONE) {
            inherit(t, i);
        } else if (vane__ticket_phase(o) == VANE__FLYING && !atomic_exchange(&o->finishing, 1)) {
            note(o, landed(o, vane__mark_wait(o->mark, UINT64_MAX)));
            o->back = t;
            t = o;
        } else {
            await_phase(o, vane__ticket_phase(o), 1000000); /* another thread is at it */
        }
    }
}

void vane__ticket_fly(vane__ticket *t, vane__queue *q, vane__mark *mark)
{
    t->queue = q;
    t->mark = mark;
    if (!vane__mark_is_done(mark)) {
        advance(t, VANE__FLYING);
    } else if (!atomic_exchange(&t->finishing, 1)) {
        t->status = VANE_OK;
        finish_chain(t);
    }
}

static vane_status await_mark(vane__ticket *t, uint64_t timeout_ns)
{
    vane_status st = vane__mark_wait(t->mark, timeout_ns);
    if (st == VANE_E_TIMEOUT && timeout_ns != UINT64_MAX)
        return st;
    st = landed(t, st);
    if (!atomic_exchange(&t->finishing, 1)) {
        note(t, st);
        finish_chain(t);
    }
    return VANE_OK;
}

vane_status vane__ticket_wait(vane__ticket *t, uint64_t timeout_ns)
{
    uint64_t start = timeout_ns == 0 || timeout_ns == UINT64_MAX ? 0 : vane__now_ns();
    for (;;) {
        uint32_t phase = vane__ticket_phase(t);
        if (phase == VANE__DONE)
            return vane__ticket_status(t);
        uint64_t left = timeout_ns;
        if (start != 0) {
            uint64_t spent = vane__now_ns() - start;
            left = spent < timeout_ns ? timeout_ns - spent : 0;
        }
        if (phase == VANE__FLYING && !atomic_load(&t->finishing)) {
            vane_status st = await_mark(t, left);
            if (st != VANE_OK)
                return st;
        } else if (left == 0) {
            return VANE_E_TIMEOUT;
        } else {
            await_phase(t, phase, left);
        }
    }
}
