/* SPDX-License-Identifier: MIT */
/* flight.c - a flight's beginning and end: operands looked up, the call checked, its place in
 * the order of the work on its buffers. */
#include "dispatch/flight.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "op/tensor.h"

enum { FEW = 4 };

/* What one run leaves behind. */
static void reset(vane__flight *f)
{
    f->enlisted = f->shared = f->touched = f->hopeless = f->brief = 0;
    f->sequence = f->given_ns = 0;
    f->ticket = f->place = NULL;
    f->arena = NULL;
    f->queue = NULL;
    f->kernel_mark = NULL;
    f->device = NULL;
    f->next = NULL;
    f->wish_backend[0] = '\0';
    f->wish_width = 0;
    vane__tickets_init(&f->from);
    vane__tickets_init(&f->after);
}

static void init(vane__flight *f, vane_context *ctx, uint32_t n)
{
    f->ctx = ctx;
    f->n = n;
    f->n_locks = f->writes = 0;
    f->known = 0;
    reset(f);
}

static vane_status room(vane__flight *f, const char *op)
{
    f->operands = f->few_operands;
    f->in = f->few_in;
    f->locks = f->few_locks;
    if (f->n > FEW) {
        char *at = malloc(f->n * (sizeof *f->operands + 2 * sizeof(void *)));
        if (at == NULL)
            return vane__fail(VANE_E_NOMEM, "%s: no memory for %u operands", op, f->n);
        f->operands = (vane__operand *)(void *)at;
        f->in = (const vane_tensor **)(void *)(f->operands + f->n);
        f->locks = (vane__buffer **)(void *)(f->in + f->n);
    }
    return VANE_OK;
}

void vane__flight_close(vane__flight *f)
{
    vane__tickets_free(&f->from);
    vane__tickets_free(&f->after);
    vane__ticket_drop(f->ticket);
    if (f->arena != NULL)
        vane__arena_return(f->arena);
    if (f->operands != f->few_operands)
        free(f->operands);
}

/* ---- operands ------------------------------------------------------------------------------ */

static void operand_reset(vane__operand *o)
{
    o->base = NULL;
    o->mem = NULL;
    o->copy = NULL;
    o->block.mem = NULL;
    o->imported = o->host_had = 0;
    o->packed = NULL;
}

static void operand_init(vane__operand *o, const vane_tensor *t)
{
    o->t = o->as = *t;
    o->buffer = NULL;
    o->lo = o->hi = 0;
    operand_reset(o);
}

static vane_status outside(const vane__request *rq, const char *what, const vane__operand *o,
                           int64_t lo, int64_t hi)
{
    return vane__fail(
        VANE_E_ARGUMENT, "%s: %s reaches from byte %lld to %lld of buffer '%s', which has %llu",
        rq->op->info.name, what, (long long)(lo + (int64_t)o->t.offset_bytes),
        (long long)(hi + (int64_t)o->t.offset_bytes), o->buffer->name, (unsigned long long)o->room);
}

/* Finds the buffer and gives the tensor its address. */
static vane_status look_up(vane__flight *f, const vane__request *rq, uint32_t i, const char *what)
{
    vane__operand *o = &f->operands[i];
    vane__buffer *b;
    vane_status st = vane__buffer_enter(f->ctx, rq->op->info.name, what, o->t.buffer, &b);
    if (st != VANE_OK)
        return st;
    o->buffer = b;
    o->handle = o->t.buffer;
    o->room = b->bytes;
    if (o->t.offset_bytes > b->bytes)
        st = outside(rq, what, o, 0, 0);
    else if (i + 1 == f->n && b->host->read_only)
        st = vane__fail(VANE_E_ARGUMENT,
                        "%s: %s is in buffer '%s', which is read-only, expected one that may be "
                        "written",
                        rq->op->info.name, what, b->name);
    else
        o->t.data = o->as.data =
            b->bytes > 0 ? vane__buffer_data(b) + o->t.offset_bytes : vane__buffer_data(b);
    pthread_mutex_unlock(&b->lock);
    return st;
}

/* Of checked tensors: which bytes of its buffer each reaches, and has the buffer so many? */
static vane_status measure(vane__flight *f, const vane__request *rq)
{
    char name[16];
    for (uint32_t i = 0; i < f->n; i++) {
        vane__operand *o = &f->operands[i];
        int64_t lo, hi;
        if (o->buffer == NULL)
            continue;
        vane__tensor_extent(&o->t, &lo, &hi);
        uint64_t offset = o->t.offset_bytes;
        if (lo + (int64_t)offset < 0 || hi > (int64_t)(o->room - offset))
            return outside(rq, i + 1 == f->n ? "out" : vane__input_name(rq->op, i, name, 16), o, lo,
                           hi);
        o->lo = (uint64_t)(lo + (int64_t)offset);
        o->hi = (uint64_t)(hi + (int64_t)offset);
    }
    return VANE_OK;
}

void vane__flight_list(vane__flight *f)
{
    f->n_locks = 0;
    for (uint32_t i = 0; i < f->n; i++) {
        vane__buffer *b = f->operands[i].buffer;
        uint32_t at = 0;
        if (b == NULL)
            continue;
        while (at < f->n_locks && f->locks[at]->slot < b->slot)
            at++;
        if (at < f->n_locks && f->locks[at] == b)
            continue;
        memmove(f->locks + at + 1, f->locks + at, (f->n_locks - at) * sizeof *f->locks);
        f->locks[at] = b;
        f->n_locks++;
    }
    f->writes = f->operands[f->n - 1].buffer != NULL;
}

static vane_status gather(vane__flight *f, const vane__request *rq)
{
    char name[16];
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i < f->n; i++) {
        int is_out = i + 1 == f->n;
        const vane_tensor *t = is_out ? rq->out[0] : rq->in[i];
        *(is_out ? (const vane_tensor **)(void *)&f->out[0] : &f->in[i]) =
            t == NULL ? NULL : &f->operands[i].as;
        if (t == NULL)
            continue; /* the check of the call says so */
        operand_init(&f->operands[i], t);
        if (vane__in_buffer(t))
            st = look_up(f, rq, i, is_out ? "out" : vane__input_name(rq->op, i, name, sizeof name));
    }
    return st;
}

/* Can the same call be taken for checked? All of it must be in f, and in buffers: what is at a
 * host address may change its meaning. */
static int is_knowable(const vane__flight *f, const vane__request *rq)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->operands[i].buffer == NULL)
            return 0;
    return f->n <= FEW && rq->params == rq->op->defaults && rq->op->rule != VANE__RULE_CUSTOM;
}

vane_status vane__flight_open(vane_context *ctx, const vane__request *request, vane__flight *f)
{
    vane__request rq = *request;
    init(f, ctx, rq.n_in + 1);
    vane_status st = room(f, rq.op->info.name);
    if (st != VANE_OK)
        return st;
    for (uint32_t i = 0; i < f->n; i++)
        f->operands[i].buffer = NULL;
    st = gather(f, &rq);
    if (st == VANE_OK) {
        f->params = *rq.params;
        rq.params = &f->params;
        rq.in = f->in;
        rq.out = f->out;
        st = vane__call_prepare(&rq, &f->p);
    }
    if (st == VANE_OK)
        st = measure(f, &rq);
    if (st != VANE_OK) {
        vane__flight_close(f);
        return st;
    }
    vane__flight_list(f);
    f->known = is_knowable(f, request);
    return VANE_OK;
}

void vane__flight_renew(vane__flight *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        operand_reset(&f->operands[i]);
    reset(f);
}

vane_status vane__flight_over(vane_context *ctx, const vane__prepared *p, vane__flight *f)
{
    init(f, ctx, p->rq.n_in + 1);
    vane_status st = room(f, p->rq.op->info.name);
    if (st != VANE_OK)
        return st;
    f->p = *p;
    f->params = *p->rq.params;
    f->p.rq.params = f->p.call.params = &f->params;
    for (uint32_t i = 0; i < f->n; i++) {
        operand_init(&f->operands[i], i + 1 < f->n ? p->rq.in[i] : p->rq.out[0]);
        f->in[i] = &f->operands[i].as;
    }
    f->out[0] = &f->operands[f->n - 1].as;
    f->p.rq.in = f->in;
    f->p.rq.out = f->out;
    return VANE_OK;
}

/* ---- its place in the order ------------------------------------------------------------------ */

void vane__flight_lock(vane__flight *f)
{
    for (uint32_t i = 0; i < f->n_locks; i++)
        pthread_mutex_lock(&f->locks[i]->lock);
}

void vane__flight_unlock(vane__flight *f)
{
    for (uint32_t i = f->n_locks; i-- > 0;)
        pthread_mutex_unlock(&f->locks[i]->lock);
}

static int reads(const vane__flight *f, const vane__buffer *b)
{
    for (uint32_t i = 0; i + 1 < f->n; i++)
        if (f->operands[i].buffer == b)
            return 1;
    return 0;
}

static int writes(const vane__flight *f, const vane__buffer *b)
{
    return f->operands[f->n - 1].buffer == b;
}

/* Closed or mapped since it was looked up? */
static vane_status check_free(vane__flight *f)
{
    const char *op = f->p.rq.op->info.name;
    for (uint32_t i = 0; i < f->n; i++) {
        const vane__operand *o = &f->operands[i];
        const vane__buffer *b = o->buffer;
        if (b == NULL)
            continue;
        if (!vane__buffer_is(b, o->handle))
            return vane__fail(VANE_E_ARGUMENT, "%s: a buffer was closed by another thread", op);
        if (b->write_maps > 0 || (b->read_maps > 0 && writes(f, b)))
            return vane__fail(VANE_E_BUSY,
                              "%s: buffer '%s' is mapped, expected it to be unmapped first", op,
                              b->name);
    }
    return VANE_OK;
}

/* Where the operands are: the route depends on it. */
static void look_around(vane__flight *f)
{
    uint64_t most = 0;
    vane__where *w = &f->p.where;
    *w = (vane__where){.buffers = 1, .host = 1, .out_stays = f->writes};
    for (uint32_t i = 0; i + 1 < f->n; i++) {
        const vane__operand *o = &f->operands[i];
        const vane__buffer *b = o->buffer;
        if (b == NULL || vane__ranges_cover(&b->host_valid, o->lo, o->hi))
            continue;
        w->host = 0;
        for (const vane__copy *c = b->copies; c != NULL; c = c->next) {
            uint64_t there = vane__ranges_within(&c->valid, o->lo, o->hi);
            if (there > most) {
                most = there;
                w->device = c->device->number;
            }
        }
    }
}

/* Devices that have all the inputs beside the host are as good as it: the first such one. */
static void look_for_twins(vane__flight *f)
{
    const vane__operand *o = &f->operands[0];
    vane__where *w = &f->p.where;
    if (!w->host || f->n < 2 || o->buffer == NULL)
        return;
    for (const vane__copy *c = o->buffer->copies; c != NULL; c = c->next) {
        int all = 1;
        for (uint32_t i = 0; all && i + 1 < f->n; i++) {
            const vane__operand *other = &f->operands[i];
            const vane__copy *there =
                other->buffer ? vane__copy_find(other->buffer, c->device) : NULL;
            all = there != NULL && !there->imported &&
                  vane__ranges_cover(&there->valid, other->lo, other->hi);
        }
        if (all)
            w->device = c->device->number;
    }
}

void vane__flight_look(vane__flight *f)
{
    look_around(f);
    look_for_twins(f);
}

static int take_place(vane__flight *f)
{
    const vane__operand *out = &f->operands[f->n - 1];
    for (uint32_t i = 0; i < f->n_locks; i++) {
        vane__buffer *b = f->locks[i];
        if (!vane__buffer_reserve(b, 1) || (reads(f, b) && !vane__buffer_deps(b, 0, &f->from)) ||
            (writes(f, b) && !vane__buffer_deps(b, 1, &f->after)) ||
            (writes(f, b) && !vane__buffer_makes_good(b, out->lo, out->hi) &&
             !vane__buffer_deps(b, 0, &f->from)))
            return 0;
    }
    for (uint32_t i = 0; i < f->n_locks; i++) { /* readers first: only they can fail */
        if (writes(f, f->locks[i]) || vane__buffer_use(f->locks[i], f->ticket, 0))
            continue;
        while (i-- > 0)
            vane__buffer_unuse(f->locks[i], f->ticket);
        return 0;
    }
    if (f->writes) {
        vane__buffer_use(out->buffer, f->ticket, 1);
        out->buffer->writer_lo = out->lo;
        out->buffer->writer_hi = out->hi;
    }
    return 1;
}

vane_status vane__flight_enter(vane__flight *f)
{
    const char *op = f->p.rq.op->info.name;
    f->ticket = vane__ticket_new(f->ctx->tickets, op);
    if (f->ticket == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory for its ticket", op);
    vane__flight_lock(f);
    vane_status st = check_free(f);
    for (uint32_t i = 0; st == VANE_OK && i < f->n_locks; i++) {
        vane__buffer_mourn(f->locks[i]);
        f->shared |= atomic_load(&f->locks[i]->host->shared) > 0;
    }
    if (st == VANE_OK && !take_place(f))
        st = vane__fail(VANE_E_NOMEM, "%s: no memory for its place among the work on its buffers",
                        op);
    if (st == VANE_OK) {
        f->enlisted = 1;
        f->place = f->ticket;
    } else {
        vane__flight_unlock(f);
    }
    return st;
}

vane_status vane__flight_enlist(vane__flight *f)
{
    vane_status st = vane__flight_enter(f);
    if (st != VANE_OK)
        return st;
    vane__flight_look(f);
    vane__flight_unlock(f);
    return st;
}

/* Whoever waits for this flight must find those before it gone too. */
void vane__flight_end(vane__flight *f, vane_status st)
{
    int done = f->ticket != NULL && vane__ticket_phase(f->ticket) == VANE__DONE;
    if (!f->enlisted || (st == VANE_OK && done)) { /* buffers forget what is done by themselves */
        if (f->ticket != NULL && !done)
            vane__ticket_finish(f->ticket, st);
        f->enlisted = 0;
        return;
    }
    vane_error kept = *vane_last_error();
    if (st != VANE_OK || f->p.parts == 0) { /* nothing was computed, so nothing was waited for */
        vane__tickets_wait(&f->from);
        vane__tickets_wait(&f->after);
        vane__error_restore(&kept);
    }
    vane__flight_lock(f);
    vane__ticket_finish(f->ticket, st);
    for (uint32_t i = 0; i < f->n_locks; i++) {
        vane__buffer *b = f->locks[i];
        vane__buffer_unuse(b, f->ticket);
        if (f->sequence == 0 && b->writer == f->ticket) { /* the caller is told: nobody else */
            b->writer = NULL;
            vane__ticket_drop(f->ticket);
        }
    }
    vane__flight_unlock(f);
    f->enlisted = 0;
    if (st != VANE_OK)
        vane__error_restore(&kept);
}

/* A device goes on after work of its own backend by itself; everything else is waited for. */
static int holds_up(vane__tickets *t, const vane__queue *q)
{
    for (uint32_t i = 0; i < t->count; i++) {
        vane__ticket *other = t->at[i];
        uint32_t phase = vane__ticket_phase(other);
        if (phase == VANE__WAITING ||
            (phase == VANE__FLYING &&
             (q == NULL || other->queue->device->backend != q->device->backend)))
            return 1;
    }
    return 0;
}

int vane__flight_must_wait(vane__flight *f, const vane__queue *q)
{
    return holds_up(&f->from, q) || holds_up(&f->after, q);
}
