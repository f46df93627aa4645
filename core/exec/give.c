/* SPDX-License-Identifier: MIT */
/* give.c - work is given to a stream, and launched: here and now, or by the lane. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "exec/stream.h"
#include "memory/link.h"

#define REAP 32u /* every so often what is done comes down, without waiting */
#define MOST_IN_AIR 4096u

/* ---- who computes ---------------------------------------------------------------------------- */

static const vane__runner *choose_on_device(vane_stream *s, const vane__flight *f)
{
    const vane__prepared *p = &f->p;
    uint32_t op = p->rq.op->info.op;
    vane__choice *c =
        &s->choices[(op * 31 + p->dtype * 7 + p->size_class) & (VANE__STREAM_CHOICES - 1)];
    vane__routes *now = vane__routes_now(s->ctx);
    if (c->routes == now && c->op == op && c->dtype == p->dtype && c->size_class == p->size_class)
        return &c->runner;
    vane__slate slate;
    vane__wish wish = {.device = s->device, .where = p->where};
    uint32_t hot = vane__pool_hot(s->ctx->pool) ? 1 : 0;
    if (vane__slate_make(s->ctx, p->rq.op, p->dtype, p->size_class, hot, &wish, &slate) != VANE_OK)
        return NULL;
    uint32_t winner = vane__slate_choose(s->ctx, &slate);
    if (winner == VANE_NO_CANDIDATE)
        vane__slate_none(s->ctx, p->rq.op, p->dtype, &slate);
    else
        *c = (vane__choice){now, op, p->dtype, p->size_class, slate.runners[winner]};
    vane__slate_free(&slate);
    return winner == VANE_NO_CANDIDATE ? NULL : &c->runner;
}

/* NULL: an election has to say. */
static const vane__runner *choose(vane_stream *s, const vane__flight *f)
{
    if (f->wish_backend[0] != '\0' || f->wish_width != 0 || s->ctx->slow)
        return NULL;
    const vane__runner *r = NULL;
    if (s->device != NULL) {
        r = choose_on_device(s, f);
    } else {
        const vane__route *route = vane__route_for(s->ctx, &f->p);
        r = route == NULL ? NULL : &route->runner;
    }
    return r != NULL && (r->plain || vane__runner_fit(r, &f->p) == VANE_REASON_CHOSEN) ? r : NULL;
}

/* ---- into the air ---------------------------------------------------------------------------- */

/* The stream's queue on d. */
static vane_status queue_of(vane_stream *s, vane__device *d, vane__queue **out)
{
    vane_status st = VANE_OK;
    pthread_mutex_lock(&s->lock);
    if (d->number > s->n_queues) {
        vane__queue **at = realloc(s->queues, d->number * sizeof(vane__queue *));
        if (at == NULL)
            st = vane__fail(VANE_E_NOMEM, "no memory for a stream's queue");
        for (uint32_t i = s->n_queues; at != NULL && i < d->number; i++)
            at[i] = NULL;
        if (at != NULL) {
            s->queues = at;
            s->n_queues = d->number;
        }
    }
    if (st == VANE_OK && s->queues[d->number - 1] == NULL)
        st = vane__queue_borrow(d, &s->queues[d->number - 1]);
    if (st == VANE_OK)
        *out = s->queues[d->number - 1];
    pthread_mutex_unlock(&s->lock);
    return st;
}

/* After what is launched already on another queue, and after the fences. */
static vane_status follow(vane_stream *s, vane__flight *f)
{
    int room = 1;
    pthread_mutex_lock(&s->lock);
    if (s->tail != NULL && vane__ticket_phase(s->tail) != VANE__DONE)
        room = vane__tickets_add(&f->after, s->tail);
    pthread_mutex_unlock(&s->lock);
    for (uint32_t i = 0; room && i < s->awaits.count; i++)
        room = vane__tickets_add(&f->after, s->awaits.at[i]);
    return room ? VANE_OK
                : vane__fail(VANE_E_NOMEM, "%s: no memory for its order", f->p.rq.op->info.name);
}

static void in_the_air(vane_stream *s, vane__flight *f)
{
    f->next = NULL;
    pthread_mutex_lock(&s->lock);
    if (s->air_last != NULL)
        s->air_last->next = f;
    else
        s->air = f;
    s->air_last = f;
    s->in_air++;
    s->host_outs += !f->writes;
    vane__ticket_drop(s->tail);
    s->tail = vane__ticket_hold(f->ticket);
    pthread_mutex_unlock(&s->lock);
    vane__tickets_free(&s->awaits);
}

static void come_down(vane_stream *s)
{
    pthread_mutex_lock(&s->lock);
    uint32_t n = s->in_air;
    uint64_t oldest = s->air != NULL ? s->air->sequence : 0;
    pthread_mutex_unlock(&s->lock);
    if (n > MOST_IN_AIR)
        vane__stream_land(s, oldest, UINT64_MAX);
    else if (n % REAP == 0)
        vane__stream_land(s, UINT64_MAX, 0);
}

static int reads_host_memory(const vane__flight *f)
{
    for (uint32_t i = 0; i + 1 < f->n; i++)
        if (f->operands[i].buffer == NULL)
            return 1;
    return 0;
}

/* May the thread that gives it launch f on r now, without waiting for anything? */
static int is_free(vane_stream *s, vane__flight *f, const vane__runner *r, const vane__queue *q)
{
    return !f->shared && r->device->queues != NULL && !vane__flight_must_wait(f, q) &&
           !(s->host_outs > 0 && reads_host_memory(f));
}

/* 1: f is in the air. 0: as before; the lane has to see to it. */
static int try_now(vane_stream *s, vane__flight *f)
{
    vane__queue *q;
    vane_error kept = *vane_last_error();
    const vane__runner *r = f->p.parts > 0 ? choose(s, f) : NULL;
    int done = r != NULL && r->kernel->direct == NULL && queue_of(s, r->device, &q) == VANE_OK &&
               follow(s, f) == VANE_OK && is_free(s, f, r, q) &&
               vane__flight_launch(f, r, q) == VANE_OK;
    if (done)
        in_the_air(s, f);
    else
        vane__error_restore(&kept);
    return done;
}

/* ---- the lane's way -----------------------------------------------------------------------------
 */

typedef struct errand {
    vane_stream *s;
    int landed; /* nothing of it is in the air: it is done */
} errand;

/* On the host, or where its operands are the host's, after all that came before. */
static vane_status run_here(void *arg, vane__flight *f, const vane__runner *r)
{
    errand *e = arg;
    vane_stream *s = e->s;
    vane__queue *q = NULL;
    int on_host = r->kernel->direct != NULL;
    if (on_host || f->shared || reads_host_memory(f))
        vane__stream_land(s, UINT64_MAX, UINT64_MAX);
    vane_status st = vane__stream_state(s); /* what came before may have failed just now */
    if (st == VANE_OK)
        st = follow(s, f);
    if (st != VANE_OK)
        return st;
    if (on_host || f->shared) {
        e->landed = 1;
        return vane__flight_run(f, r);
    }
    if (r->device == NULL || r->device->queues == NULL)
        return vane__fail(VANE_E_UNSUPPORTED, "%s has neither a direct function nor a queue",
                          r->kernel->name);
    if (vane__link_measure(r->device))
        vane__routes_renew(s->ctx);
    if ((st = queue_of(s, r->device, &q)) == VANE_OK)
        st = vane__flight_launch(f, r, q);
    e->landed = 0;
    return st;
}

static vane_status elect(vane_stream *s, vane__flight *f, errand *e)
{
    const vane__runner *r = choose(s, f);
    vane__election election = {.ctx = s->ctx,
                               .p = &f->p,
                               .f = f,
                               .backend = f->wish_backend[0] != '\0' ? f->wish_backend : NULL,
                               .width = f->wish_width,
                               .device = s->device,
                               .launch = run_here,
                               .arg = e};
    if (r != NULL) {
        vane_status st = run_here(e, f, r);
        if (st == VANE_OK || vane__stream_state(s) != VANE_OK)
            return st;
        election.failed = r;
        election.failed_with = st;
    }
    return vane__elect(&election);
}

static void finish(vane_stream *s, vane__flight *f, vane_status st)
{
    vane__flight_end(f, st);
    if (st != VANE_OK)
        vane__stream_fail(s, f->sequence, f->p.rq.op->info.name);
    vane__flight_close(f);
    free(f);
}

void vane__stream_run(vane_stream *s, vane__flight *f)
{
    errand e = {s, 1};
    vane_status st = vane__stream_state(s);
    if (st != VANE_OK)
        vane__fail(st, "%s was dropped, because earlier work of its stream failed",
                   f->p.rq.op->info.name);
    else if (f->p.parts > 0)
        st = elect(s, f, &e);
    if (st == VANE_OK && !e.landed) {
        in_the_air(s, f);
        come_down(s);
    } else {
        finish(s, f, st);
    }
}

/* ---- from the caller
 * ------------------------------------------------------------------------------ */

/* Is the lane at work? Then everything goes there. If not, the number is f's. */
static int lane_is_idle(vane_stream *s, vane__flight *f)
{
    pthread_mutex_lock(&s->lock);
    int idle = s->first == NULL && !s->lane_busy && s->error.status == VANE_OK;
    if (idle)
        f->sequence = s->given + 1;
    pthread_mutex_unlock(&s->lock);
    return idle;
}

vane_status vane__stream_give(vane_stream *s, vane__flight *f)
{
    vane__task *t = NULL;
    pthread_mutex_lock(&s->give);
    vane_status st = vane__flight_enlist(f);
    int idle = st == VANE_OK && lane_is_idle(s, f);
    uint64_t sequence = f->sequence; /* in the air, f is the lander's */
    if (idle && try_now(s, f)) {
        pthread_mutex_lock(&s->lock);
        s->given = s->launched = sequence;
        pthread_mutex_unlock(&s->lock);
        come_down(s);
    } else if (st == VANE_OK) {
        t = calloc(1, sizeof *t);
        if (t != NULL)
            t->flight = f;
        if (t == NULL || !vane__lane_push(s, t, &f->sequence)) {
            free(t);
            st = vane__fail(VANE_E_NOMEM, "%s: no memory or thread for its stream",
                            f->p.rq.op->info.name);
            vane__flight_end(f, st);
        }
    }
    pthread_mutex_unlock(&s->give);
    return st;
}
