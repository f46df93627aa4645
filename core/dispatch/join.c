/* SPDX-License-Identifier: MIT */
/* join.c - a call shares the ticket of the work launched just before it.
 *
 * While a mark is open it will say of all work under it at once whether it is done, and well. So a
 * call that has to wait for nothing but what its queue does first anyway needs no ticket of its
 * own: whoever waits for the ticket, or asks how it went, means all of them. What the call writes
 * is noted in the trail, for those who land it after a failure.
 */
#include <string.h>

#include "dispatch/flight.h"

enum { FROM = sizeof((vane__ticket *)NULL)->from / sizeof(vane__ticket *) };

typedef struct joint {
    vane__ticket *ticket;
    const vane__queue *queue;
    vane__ticket *from[FROM]; /* whose results the call reads */
    uint32_t n_from;
} joint;

/* ---- has it to wait for anybody? ------------------------------------------------------------- */

/* Over, or done by the queue before what is launched there next. */
static int is_ahead(const joint *j, vane__ticket *t)
{
    uint32_t phase = vane__ticket_phase(t);
    return phase == VANE__DONE || (phase == VANE__FLYING && t->queue == j->queue);
}

/* What t wrote is read, so its failure is the call's: 0 where that cannot be noted, or where it
 * failed already. */
static int reads_from(joint *j, vane__ticket *t)
{
    if (vane__ticket_phase(t) == VANE__DONE)
        return t->status == VANE_OK;
    /* who is under the same mark may read from us, and each would wait for the other's end */
    if (t->mark == j->ticket->mark)
        return 0;
    for (uint32_t i = 0; i < j->n_from; i++)
        if (j->from[i] == t)
            return 1;
    if (j->n_from == FROM)
        return 0;
    j->from[j->n_from++] = t;
    return 1;
}

static int may_read(joint *j, const vane__buffer *b)
{
    vane__ticket *w = b->writer;
    return b->write_maps == 0 &&
           (w == NULL || w == j->ticket || (is_ahead(j, w) && reads_from(j, w)));
}

static int may_write(joint *j, const vane__buffer *b, uint64_t lo, uint64_t hi)
{
    vane__ticket *w = b->writer;
    if (b->write_maps > 0 || b->read_maps > 0 || (w != NULL && !is_ahead(j, w)))
        return 0;
    for (uint32_t i = 0; i < b->n_readers; i++)
        if (!is_ahead(j, b->readers[i]))
            return 0;
    return w == j->ticket || vane__buffer_makes_good(b, lo, hi) || reads_from(j, w);
}

/* The copy there is the only one, and has what is to be read of it. */
static vane__copy *copy_of(const joint *j, const vane__operand *o, int read)
{
    const vane__buffer *b = o->buffer;
    vane__copy *c = b->copies;
    if (!vane__buffer_is_calm(b) || c->device != j->queue->device || c->mapped != NULL ||
        (c->ready != NULL && !is_ahead(j, c->ready)) || atomic_load(&b->host->shared) > 0 ||
        atomic_load(&b->host->changed))
        return NULL;
    const vane__ranges *has = c->imported ? &b->host_valid : &c->valid;
    return !read || vane__ranges_have(has, o->lo, o->hi) ? c : NULL;
}

static int take_place(joint *j, vane__operand *o, int is_output)
{
    const vane__buffer *b = o->buffer;
    if (b == NULL || !vane__buffer_is(b, o->handle) ||
        !(is_output ? may_write(j, b, o->lo, o->hi) : may_read(j, b)))
        return 0;
    o->copy = copy_of(j, o, !is_output || !vane__tensor_fills(&o->t, o->hi - o->lo));
    if (o->copy == NULL)
        return 0;
    o->base = vane__buffer_data(b);
    o->mem = o->copy->block.mem;
    o->host_had =
        is_output && !o->copy->imported && vane__ranges_have(&b->host_valid, o->lo, o->hi);
    return 1;
}

static int is_user(const vane__buffer *b, const vane__ticket *t)
{
    for (uint32_t i = b->n_readers; i-- > 0;)
        if (b->readers[i] == t)
            return 1;
    return b->writer == t;
}

/* Under the locks: all that could stand in its way, so that nothing fails once it is launched. */
static int take_places(vane__flight *f, joint *j)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (!take_place(j, &f->operands[i], i + 1 == f->n))
            return 0;
    for (uint32_t i = 0; i < f->n_locks; i++) {
        const vane__buffer *b = f->locks[i];
        if (b != f->operands[f->n - 1].buffer && b->n_readers == b->max_readers &&
            !is_user(b, j->ticket))
            return 0;
    }
    return 1;
}

/* ---- launched ----------------------------------------------------------------------------------
 */

/* 0: it reads from too many. */
static int note_from(vane__ticket *t, vane__ticket *other)
{
    for (int i = 0; i < FROM; i++)
        if (t->from[i] == other)
            return 1;
    for (int i = 0; i < FROM; i++)
        if (t->from[i] == NULL) {
            t->from[i] = vane__ticket_hold(other);
            return 1;
        }
    return 0;
}

static void forget_from(vane__ticket *t, vane__ticket *const *was)
{
    for (int i = 0; i < FROM; i++)
        if (t->from[i] != was[i]) {
            vane__ticket_drop(t->from[i]);
            t->from[i] = NULL;
        }
}

/* While the mark is entered the ticket cannot be over, and what it reads from may change. */
static int launch(vane__flight *f, const vane__runner *r, joint *j)
{
    vane__ticket *t = j->ticket, *was[FROM];
    if (!vane__mark_enter(t->mark))
        return 0;
    int is_good = 1;
    memcpy(was, t->from, sizeof was);
    for (uint32_t i = 0; is_good && i < j->n_from; i++)
        is_good = note_from(t, j->from[i]);
    if (is_good) {
        is_good = vane__mark_join(t->mark, r->kernel, vane__flight_aim(f, r)) == VANE_OK;
        vane__flight_unaim(f);
    }
    if (!is_good)
        forget_from(t, was);
    vane__mark_leave(t->mark);
    return is_good;
}

/* Earlier work of the queue is over when the ticket is. */
static void note_reader(vane__buffer *b, vane__ticket *t)
{
    if (is_user(b, t))
        return;
    vane__buffer_use(b, t, 0); /* there is room */
    vane__buffer_tidy(b, t);
}

static void note_writer(vane__buffer *b, vane__ticket *t, const vane__operand *o)
{
    int again = b->writer == t;
    b->writer_lo = again && b->writer_lo < o->lo ? b->writer_lo : o->lo;
    b->writer_hi = again && b->writer_hi > o->hi ? b->writer_hi : o->hi;
    if (!again || b->n_readers > 0)
        vane__buffer_use(b, t, 1);
    vane__buffer_written(b, o->copy, o->lo, o->hi);
    if (o->copy->ready != t) {
        vane__ticket_drop(o->copy->ready);
        o->copy->ready = vane__ticket_hold(t);
    }
}

static void note_users(vane__flight *f, vane__ticket *t)
{
    const vane__operand *out = &f->operands[f->n - 1];
    uint64_t now = vane__buffers_clock(f->ctx);
    for (uint32_t i = 0; i < f->n; i++)
        f->operands[i].copy->used = now;
    for (uint32_t i = 0; i < f->n_locks; i++)
        if (f->locks[i] != out->buffer)
            note_reader(f->locks[i], t);
    note_writer(out->buffer, t, out);
}

int vane__flight_join(vane__flight *f, const vane__runner *r, vane__trail *t)
{
    joint j = {.ticket = t->ticket, .queue = t->ticket->queue, .n_from = 0};
    if (!take_places(f, &j) || !vane__trail_has_room(t) || !launch(f, r, &j)) {
        for (uint32_t i = 0; i < f->n; i++)
            f->operands[i].copy = NULL; /* it takes the usual way, where it is held first */
        return 0;
    }
    note_users(f, t->ticket);
    vane__trail_join(t, f);
    return 1;
}
