/* SPDX-License-Identifier: MIT */
/* trail.c - how work in the air lands when its flight was given back, and what follows when work
 * in the air fails. */
#include <stdlib.h>

#include "dispatch/dispatch.h"
#include "dispatch/flight.h"
#include "error.h"
#include "plugin/health.h"

enum { FEW = sizeof((vane__trail *)NULL)->few / sizeof(vane__buffer *) };

void vane__trail_of(vane__trail *t, const vane__flight *f)
{
    const vane__operand *o = &f->operands[f->n - 1];
    const int wrote = f->writes && f->touched && o->copy != NULL;
    t->flight = NULL;
    t->replay = NULL;
    t->ticket = f->ticket;
    t->out = wrote ? o->buffer : NULL;
    t->copy = o->copy;
    t->lo = o->lo;
    t->hi = o->hi;
    t->host_had = o->host_had;
    t->locks = f->locks;
    t->n_locks = f->n_locks;
    t->n_joined = 0;
}

/* ---- instead of the flight ------------------------------------------------------------------- */

/* To end, a flight that failed waits for those whose buffers it took over. Those of its own queue
 * are over when the queue is idle. */
static int waits_for_others(const vane__flight *f, const vane__queue *q)
{
    for (uint32_t i = 0; i < f->after.count; i++) {
        vane__ticket *t = f->after.at[i];
        if (vane__ticket_phase(t) != VANE__DONE && t->queue != q)
            return 1;
    }
    return 0;
}

/* Nothing to deliver, to share, to give back or to tell. */
int vane__flight_is_light(const vane__flight *f, const vane__queue *q)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->operands[i].buffer == NULL)
            return 0;
    return f->n_locks <= FEW && !f->shared && !f->teaches && f->queue == NULL &&
           f->kernel_mark == NULL && f->arena == NULL && f->given_ns == 0 &&
           !waits_for_others(f, q);
}

/* It outlives f. */
static void note(vane__trail *t, const vane__flight *f)
{
    vane__trail_of(t, f);
    for (uint32_t i = 0; i < f->n_locks; i++)
        t->few[i] = f->locks[i];
    t->locks = t->few;
}

void vane__trail_leave(vane__trail *t, vane__flight *f)
{
    note(t, f);
    t->sequence = f->sequence;
    t->flying_bytes = f->flying_bytes;
    f->ticket = NULL;
    f->flying = 0;
}

int vane__trail_has_room(vane__trail *t)
{
    if (t->joined == NULL)
        t->joined = malloc(VANE__TRAIL_JOINED * sizeof *t->joined);
    return t->joined != NULL && t->n_joined < VANE__TRAIL_JOINED;
}

void vane__trail_join(vane__trail *t, vane__flight *f)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < f->n; i++)
        bytes += f->operands[i].hi - f->operands[i].lo;
    f->ticket = t->ticket;
    f->touched = 1;
    note(&t->joined[t->n_joined++], f);
    f->ticket = NULL;
    vane__gauge_count(&t->ticket->queue->device->gauge, 1, 1, bytes);
    t->flying_bytes += bytes;
}

/* Its queue is idle. */
static void forget(const vane__trail *t)
{
    const vane__queue *q = t->ticket->queue;
    for (uint32_t i = 0; i < t->n_locks; i++)
        pthread_mutex_lock(&t->locks[i]->lock);
    vane__trail_spoil(t, t->ticket, q->device);
    for (uint32_t i = 0; i < t->n_locks; i++)
        vane__buffer_unuse(t->locks[i], t->ticket);
    for (uint32_t i = t->n_locks; i-- > 0;)
        pthread_mutex_unlock(&t->locks[i]->lock);
}

vane_status vane__trail_land(vane__trail *t)
{
    vane_status st = vane__ticket_wait(t->ticket, UINT64_MAX);
    vane__gauge_count(&t->ticket->queue->device->gauge, 0, 1 + t->n_joined, t->flying_bytes);
    if (st != VANE_OK) {
        vane_error kept = *vane_last_error();
        vane__queue_settle(t->ticket->queue);
        forget(t);
        for (uint32_t i = 0; i < t->n_joined; i++)
            forget(&t->joined[i]);
        (void)vane__trail_blame(t, t->ticket->queue->device, st);
        vane__error_restore(&kept);
    }
    vane__ticket_drop(t->ticket);
    t->ticket = NULL;
    return st;
}

/* ---- what failed ----------------------------------------------------------------------------- */

/* The output's old content is current again where the host still has it. */
void vane__trail_spoil(const vane__trail *t, const vane__ticket *place, const vane__device *d)
{
    vane__buffer *b = t->out;
    for (uint32_t i = 0; i < t->n_locks; i++)
        vane__buffer_settle(t->locks[i], t->ticket);
    if (b == NULL || b->writer != place)
        return;                           /* or somebody else wrote since */
    if (vane__copy_find(b, d) == t->copy) /* it may be gone with its device */
        vane__buffer_spoilt(b, t->copy, t->lo, t->hi);
    if (t->host_had) {
        vane__ranges_add(&b->host_valid, t->lo, t->hi);
        vane__ranges_drop(&b->lost, t->lo, t->hi);
    }
}

int vane__trail_blame(const vane__trail *t, vane__device *d, vane_status st)
{
    int inherited = (int)t->ticket->inherited;
    int is_news = t->ticket->mark == NULL || !vane__mark_is_stale(t->ticket->mark);
    if (st == VANE_E_DEVICE_LOST && !inherited && is_news)
        vane__device_lose(d);
    return inherited;
}
