/* SPDX-License-Identifier: MIT */
/* replay.c - a run of a sequence as one launch: whether it can be, from its place in the order of
 * the work on its buffers to its landing. What stands against it leaves everything as it was. */
#include <stdlib.h>

#include "error.h"
#include "exec/sequence.h"
#include "exec/stream.h"
#include "telemetry/pager.h"
#include "telemetry/probe.h"

#define LEARNS 64u /* of runs that may go anywhere one in so many is made of calls, which teach */

typedef struct made { /* what it wrote */
    vane__buffer *buffer;
    vane__copy *copy;
    uint64_t lo, hi;
    vane__ranges host_had; /* of it, before */
} made;

struct vane__replay {
    vane__trail trail;
    vane__tape *tape;
    uint64_t bytes;
    vane__device *device;
    uint32_t n_locks, n_made;
    vane__buffer **locks;
    made made[];
};

/* Being given. */
typedef struct giving {
    vane_stream *s;
    vane_sequence *q;
    vane__recording *r;
    vane__replay *replay;
    vane__ticket *ticket;
    vane__tickets from, after;
    int brief;
    uint32_t in_air;
    uint64_t oldest;
} giving;

/* ---- may it be? ------------------------------------------------------------------------------ */

static int is_allowed(const vane_stream *s, const vane_sequence *q)
{
    const vane_context *ctx = s->ctx;
    return q->in_buffers && q->launches > 1 && ctx->settings.verify == 0 &&
           (atomic_load_explicit(&ctx->watch, memory_order_relaxed) &
            (VANE__WATCH_TOLD | VANE__WATCH_LOG)) == 0;
}

static int can(const vane__device *d)
{
    return d != NULL && d->queues != NULL && d->backend->graphs != NULL && !vane__device_lost(d);
}

/* A device that has what it needs first. */
static vane__device *device_of(vane_stream *s, const vane_sequence *q)
{
    vane__device *d = s->device;
    if (d != NULL || q->n_needs == 0)
        return d;
    vane__buffer *b = q->used[q->needs[0].used].buffer;
    pthread_mutex_lock(&b->lock);
    for (const vane__copy *c = b->copies; d == NULL && c != NULL; c = c->next)
        if (can(c->device) && vane__ranges_cover(&c->valid, q->needs[0].lo, q->needs[0].hi))
            d = c->device;
    pthread_mutex_unlock(&b->lock);
    return d;
}

static vane__recording *recording_of(vane_stream *s, vane_sequence *q)
{
    vane__queue *queue = NULL;
    vane__device *d = device_of(s, q);
    if (!can(d))
        return NULL;
    pthread_mutex_lock(&s->lock);
    vane_status st = vane__stream_queue(s, d, &queue);
    pthread_mutex_unlock(&s->lock);
    vane__recording *r = st == VANE_OK ? vane__recording_of(q, queue) : NULL;
    if (r == NULL || r->runs < 2 || (s->device == NULL && r->runs % LEARNS == 0))
        return NULL;
    return vane__recording_choose(q, r, s, d) ? r : NULL;
}

/* ---- its buffers, locked -----------------------------------------------------------------------
 */

static int is_usable(vane__used *u, const vane__device *d)
{
    vane__buffer *b = u->buffer;
    if (!vane__buffer_is(b, u->handle) || b->write_maps > 0 ||
        (b->read_maps > 0 && u->made.count > 0) || atomic_load(&b->host->shared) > 0 ||
        atomic_load(&b->host->changed))
        return 0;
    vane__buffer_mourn(b);
    u->copy = vane__copy_find(b, d);
    return u->copy != NULL && !u->copy->imported && !vane__copy_lost(u->copy) &&
           vane__buffer_reserve(b, u->made.count);
}

static int is_there(const vane_sequence *q, const vane__device *d)
{
    int good = 1;
    for (uint32_t i = 0; good && i < q->n_used; i++)
        good = is_usable(&q->used[i], d);
    for (uint32_t i = 0; good && i < q->n_needs; i++) {
        const vane__need *n = &q->needs[i];
        good = vane__ranges_cover(&q->used[n->used].copy->valid, n->lo, n->hi);
    }
    return good;
}

static int makes_good(const vane__used *u)
{
    for (uint32_t i = 0; i < u->made.count; i++)
        if (vane__buffer_makes_good(u->buffer, u->made.at[i].lo, u->made.at[i].hi))
            return 1;
    return 0;
}

static int collect(giving *g)
{
    int room = 1;
    for (uint32_t i = 0; room && i < g->q->n_used; i++) {
        vane__used *u = &g->q->used[i];
        const int writes = u->made.count > 0;
        if (u->reads || (writes && !makes_good(u)))
            room = vane__buffer_deps(u->buffer, 0, &g->from);
        if (room && writes)
            room = vane__buffer_deps(u->buffer, 1, &g->after);
    }
    return room;
}

/* ---- its place in the order --------------------------------------------------------------------
 */

/* The lane is idle, and stays so, for give is held. */
static int is_free(giving *g)
{
    vane_stream *s = g->s;
    pthread_mutex_lock(&s->lock);
    int good = s->first == NULL && !s->lane_busy && s->error.status == VANE_OK;
    if (good && s->tail != NULL && s->tail->queue != g->r->queue &&
        vane__ticket_phase(s->tail) != VANE__DONE)
        good = vane__tickets_add(&g->after, s->tail);
    g->brief = s->in_air > 0 && g->q->brief;
    pthread_mutex_unlock(&s->lock);
    return good;
}

/* Somebody's turn comes first, for whom this thread would have to wait, or he failed. */
static int holds_up(const giving *g, const vane__tickets *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        vane__ticket *t = list->at[i];
        const uint32_t phase = vane__ticket_phase(t);
        if (phase == VANE__WAITING ||
            (phase == VANE__FLYING && t->queue->device->backend != g->r->queue->device->backend) ||
            (phase == VANE__DONE && t->status != VANE_OK && list == &g->from))
            return 1;
    }
    return 0;
}

/* A ticket names three whose failure is its own. More there are only where the run before was made
 * of calls. */
static int line_up(giving *g)
{
    vane__queue *queue = g->r->queue;
    uint32_t reads = 0;
    int good = 1;
    for (uint32_t i = 0; good && i < g->from.count; i++) {
        vane__ticket *t = g->from.at[i];
        if (vane__ticket_phase(t) != VANE__FLYING || reads == 3) {
            good = vane__ticket_wait(t, UINT64_MAX) == VANE_OK;
        } else {
            good = vane__queue_after(queue, t) == VANE_OK;
            g->ticket->from[reads++] = vane__ticket_hold(t);
        }
    }
    for (uint32_t i = 0; good && i < g->after.count; i++)
        vane__queue_after(queue, g->after.at[i]); /* how that ended is told elsewhere */
    for (uint32_t i = 0; good && i < g->q->n_used; i++)
        vane__queue_after(queue, g->q->used[i].copy->ready);
    return good;
}

static int takes_place(giving *g)
{
    return is_free(g) && collect(g) && !holds_up(g, &g->from) && !holds_up(g, &g->after) &&
           line_up(g);
}

/* ---- its launch --------------------------------------------------------------------------------
 */

static vane_status launch(giving *g, vane__mark **mark)
{
    vane__recording *r = g->r;
    vane_status st = vane__recording_ready(g->q, r);
    if (st == VANE_OK)
        st = vane__mark_replay(r->queue, r->tape->graph, g->q->launches, g->brief, mark);
    if (st == VANE_E_UNSUPPORTED && r->tape != NULL) { /* it was good once: once more */
        vane__recording_drop(r);
        st = vane__recording_ready(g->q, r);
        if (st == VANE_OK)
            st = vane__mark_replay(r->queue, r->tape->graph, g->q->launches, g->brief, mark);
    }
    if (st != VANE_OK) {
        vane__recording_failed(g->q, r);
        vane__queue_settle(r->queue);
    }
    return st;
}

/* What only reads leaves its ticket, which may fail for want of memory; and takes it again. */
static uint32_t enter_readers(giving *g)
{
    uint32_t n = 0;
    for (; n < g->q->n_used; n++) {
        const vane__used *u = &g->q->used[n];
        if (u->made.count == 0 && !vane__buffer_use(u->buffer, g->ticket, 0))
            break;
    }
    return n;
}

static void leave_readers(giving *g, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (g->q->used[i].made.count == 0)
            vane__buffer_unuse(g->q->used[i].buffer, g->ticket);
}

/* The host's part of m. 0: out of memory. */
static int note_host(made *m)
{
    static const vane__ranges nothing = {.count = 0};
    vane__range part;
    int room = 1;
    vane__ranges_init(&m->host_had);
    for (uint64_t at = m->lo;
         room && vane__ranges_missing(&nothing, &m->buffer->host_valid, at, m->hi, &part);
         at = part.hi)
        room = vane__ranges_add(&m->host_had, part.lo, part.hi);
    return room;
}

/* What it is going to write, of which several calls may make one range, and what is there. */
static int note_made(giving *g)
{
    vane__replay *p = g->replay;
    int room = 1;
    for (uint32_t k = 0; k < g->q->n_used; k++) {
        const vane__used *u = &g->q->used[k];
        for (uint32_t i = 0; room && i < u->made.count; i++) {
            made *m = &p->made[p->n_made++];
            m->buffer = u->buffer;
            m->copy = u->copy;
            m->lo = u->made.at[i].lo;
            m->hi = u->made.at[i].hi;
            room = note_host(m);
        }
    }
    return room;
}

static void replay_free(vane__replay *p)
{
    for (uint32_t i = 0; p != NULL && i < p->n_made; i++)
        vane__ranges_free(&p->made[i].host_had);
    free(p);
}

/* It is launched: nothing fails from here on. */
static void write_down(giving *g, const vane__used *u)
{
    vane__buffer *b = u->buffer;
    const vane__ranges *all = &u->made;
    vane__buffer_use(b, g->ticket, 1);
    b->writer_lo = all->at[0].lo;
    b->writer_hi = all->at[all->count - 1].hi;
    for (uint32_t i = 0; i < all->count; i++)
        vane__buffer_written(b, u->copy, all->at[i].lo, all->at[i].hi);
    vane__ticket_drop(u->copy->ready);
    u->copy->ready = vane__ticket_hold(g->ticket);
}

static void fly(giving *g, vane__mark *mark)
{
    vane_sequence *q = g->q;
    vane__replay *p = g->replay;
    vane_stream *s = g->s;
    p->tape = vane__tape_hold(g->r->tape);
    p->device = g->r->queue->device;
    p->bytes = q->bytes;
    for (uint32_t i = 0; i < q->n_used; i++) {
        vane__used *u = &q->used[i];
        p->locks[p->n_locks++] = u->buffer;
        u->copy->used = vane__buffers_clock(q->ctx);
        if (u->made.count > 0)
            write_down(g, u);
    }
    g->r->failures = 0;
    vane__gauge_count(&p->device->gauge, 1, 1, p->bytes);
    vane__ticket_fly(g->ticket, g->r->queue, mark);
    for (uint32_t i = 0; i < q->n_used; i++)
        vane__buffer_tidy(q->used[i].buffer, g->ticket);
    pthread_mutex_lock(&s->lock);
    p->trail = (vane__trail){.replay = p, .ticket = g->ticket, .sequence = s->given + 1};
    s->given = s->launched = p->trail.sequence;
    vane__stream_flies(s, &p->trail);
    g->in_air = s->in_air;
    g->oldest = s->air->sequence;
    pthread_mutex_unlock(&s->lock);
}

static int launch_locked(giving *g)
{
    vane__mark *mark = NULL;
    if (!is_there(g->q, g->r->queue->device) || !vane__recording_fits(g->q, g->r) ||
        !takes_place(g))
        return 0;
    const uint32_t entered = enter_readers(g);
    const int flies = entered == g->q->n_used && note_made(g) && launch(g, &mark) == VANE_OK;
    if (flies)
        fly(g, mark);
    else
        leave_readers(g, entered);
    return flies;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void lock_all(const vane_sequence *q)
{
    for (uint32_t i = 0; i < q->n_used; i++)
        pthread_mutex_lock(&q->used[i].buffer->lock);
}

static void unlock_all(const vane_sequence *q)
{
    for (uint32_t i = q->n_used; i-- > 0;)
        pthread_mutex_unlock(&q->used[i].buffer->lock);
}

/* Room for what it leaves in the air, in one piece; its ticket has the first call's name. */
static int prepare(giving *g)
{
    const vane_sequence *q = g->q;
    const size_t bytes = sizeof *g->replay + q->n_made * sizeof *g->replay->made;
    g->replay = malloc(bytes + q->n_used * sizeof *g->replay->locks);
    g->ticket = vane__ticket_new(q->ctx->tickets, q->flights[0].p.rq.op->info.name);
    if (g->replay == NULL)
        return 0;
    g->replay->locks = (vane__buffer **)(void *)(g->replay->made + q->n_made);
    g->replay->n_locks = g->replay->n_made = 0;
    return g->ticket != NULL;
}

static int replay(giving *g)
{
    int flies = 0;
    vane__tickets_init(&g->from);
    vane__tickets_init(&g->after);
    if (prepare(g)) {
        lock_all(g->q);
        flies = launch_locked(g);
        unlock_all(g->q);
    }
    vane__tickets_free(&g->from);
    vane__tickets_free(&g->after);
    if (!flies) {
        vane__ticket_drop(g->ticket);
        replay_free(g->replay);
    }
    return flies;
}

int vane__replay_give(vane_stream *s, vane_sequence *q)
{
    vane__probes_look(s->ctx);
    vane__pager_look_seldom(s->ctx);
    if (!is_allowed(s, q))
        return 0;
    const vane_error kept = *vane_last_error();
    giving g = {.s = s, .q = q};
    pthread_mutex_lock(&q->lock);
    g.r = recording_of(s, q);
    const int flies = g.r != NULL && replay(&g);
    pthread_mutex_unlock(&q->lock);
    if (flies)
        vane__stream_reap(s, g.in_air, g.oldest);
    else if (kept.status != VANE_OK)
        vane__error_restore(&kept);
    else
        vane__error_clear();
    return flies;
}

/* ---- down ------------------------------------------------------------------------------------ */

static void spoil(const vane__replay *p, const made *m, uint64_t lo, uint64_t hi, int host_had)
{
    const vane__trail one = {.ticket = p->trail.ticket,
                             .out = m->buffer,
                             .copy = m->copy,
                             .lo = lo,
                             .hi = hi,
                             .host_had = host_had};
    vane__trail_spoil(&one, one.ticket, p->device);
}

/* As for a trail, of each buffer that it wrote: what the host had is current there again. */
static void forget(vane__replay *p)
{
    vane__ticket *t = p->trail.ticket;
    vane__queue_settle(t->queue);
    for (uint32_t i = 0; i < p->n_locks; i++) {
        pthread_mutex_lock(&p->locks[i]->lock);
        vane__buffer_settle(p->locks[i], t);
    }
    for (uint32_t i = 0; i < p->n_made; i++) {
        const made *m = &p->made[i];
        spoil(p, m, m->lo, m->hi, 0);
        for (uint32_t k = 0; k < m->host_had.count; k++)
            spoil(p, m, m->host_had.at[k].lo, m->host_had.at[k].hi, 1);
    }
    for (uint32_t i = p->n_locks; i-- > 0;) {
        vane__buffer_unuse(p->locks[i], t);
        pthread_mutex_unlock(&p->locks[i]->lock);
    }
}

vane_status vane__replay_land(vane__replay *p)
{
    vane__ticket *t = p->trail.ticket;
    vane_status st = vane__ticket_wait(t, UINT64_MAX);
    vane__gauge_count(&p->device->gauge, 0, 1, p->bytes);
    if (st != VANE_OK) {
        const vane_error kept = *vane_last_error();
        forget(p);
        (void)vane__trail_blame(&p->trail, p->device, st);
        vane__error_restore(&kept);
    }
    vane__ticket_drop(t);
    vane__tape_drop(p->tape);
    replay_free(p);
    return st;
}
