/* SPDX-License-Identifier: MIT */
/* give.c - work is given to a stream, and launched: here and now, or by the lane. */
#include <stdlib.h>
#include <string.h>

#include "dispatch/site.h"
#include "error.h"
#include "exec/stream.h"
#include "memory/link.h"
#include "policy/shadow.h"
#include "telemetry/event.h"

#define REAP 256u /* every so often what is done comes down, without waiting */
#define MOST_IN_AIR 4096u
#define TEACHES 16u    /* one in so many of calls that may go anywhere is heard (policy/heard.c) */
#define SELDOM 64u     /* of calls for one device, where little is to be learned */
#define BRIEF 262144.0 /* bytes, flops */

/* ---- who computes ---------------------------------------------------------------------------- */

static int has_wishes(const vane_stream *s, const vane__flight *f)
{
    return f->wish_backend[0] != '\0' || f->wish_width != 0 ||
           (atomic_load_explicit(&s->ctx->watch, memory_order_relaxed) & VANE__WATCH_LOG);
}

/* Chosen before; under the stream's lock. */
static int chosen(vane_stream *s, const vane__flight *f, vane__runner *out)
{
    if (has_wishes(s, f))
        return 0;
    if (s->device != NULL)
        return vane__stream_picked(s, f, out);
    if (f->teaches && atomic_load_explicit(&s->ctx->resting, memory_order_relaxed) > 0)
        return 0; /* somebody may be due for a probe: the lane asks */
    const vane__route *route = vane__route_ready(s->ctx, &f->p);
    if (route != NULL)
        *out = route->runner;
    return route != NULL;
}

/* 0: an election has to say. */
static int choose(vane_stream *s, vane__flight *f, vane__runner *out)
{
    pthread_mutex_lock(&s->lock);
    int found = chosen(s, f, out);
    pthread_mutex_unlock(&s->lock);
    if (!found && has_wishes(s, f))
        return 0;
    if (!found && s->device != NULL) {
        vane__stream_probe(s, &f->p);
        return vane__stream_pick(s, f, out);
    }
    const vane__route *route = found ? NULL : vane__route_learned(s->ctx, &f->p);
    if (route != NULL)
        *out = route->runner;
    return found || route != NULL;
}

static int fits(const vane__runner *r, const vane__flight *f)
{
    return r->plain || vane__runner_fit(r, &f->p) == VANE_REASON_CHOSEN;
}

int vane__stream_choose(vane_stream *s, vane__flight *f, vane__runner *out)
{
    f->teaches = 0; /* nobody is tried */
    return choose(s, f, out) && fits(out, f);
}

/* ---- into the air ---------------------------------------------------------------------------- */

vane_status vane__stream_queue(vane_stream *s, vane__device *d, vane__queue **out)
{
    if (d->number > s->n_queues) {
        vane__queue **at = realloc(s->queues, d->number * sizeof(vane__queue *));
        if (at == NULL)
            return vane__fail(VANE_E_NOMEM, "no memory for a stream's queue");
        for (uint32_t i = s->n_queues; i < d->number; i++)
            at[i] = NULL;
        s->queues = at;
        s->n_queues = d->number;
    }
    if (s->queues[d->number - 1] == NULL)
        s->queues[d->number - 1] = vane__queue_borrow(d, s->device == NULL); /* such calls teach */
    *out = s->queues[d->number - 1];
    return VANE_OK;
}

/* After what is launched already; under the stream's lock. */
static vane_status follow(vane_stream *s, vane__flight *f, const vane__queue *q)
{
    int room = 1;
    if (s->tail != NULL && (q == NULL || s->tail->queue != q) &&
        vane__ticket_phase(s->tail) != VANE__DONE)
        room = vane__tickets_add(&f->after, s->tail);
    return room ? VANE_OK
                : vane__fail(VANE_E_NOMEM, "%s: no memory for its order", f->p.rq.op->info.name);
}

/* The flight stays in the air itself. */
static vane__trail *whole(vane__flight *f)
{
    vane__trail *t = &f->trail;
    t->flight = f;
    t->replay = NULL;
    t->ticket = f->ticket;
    t->sequence = f->sequence;
    return t;
}

/* Under give: f is launched on q. A trail alone where that will do: then f is closed. */
static vane__trail *trail_for(vane_stream *s, vane__flight *f, const vane__queue *q)
{
    vane__trail *t = vane__flight_is_light(f, q) ? vane__stream_trail(s) : NULL;
    if (t == NULL)
        return whole(f);
    vane__trail_leave(t, f);
    vane__flight_close(f);
    return t;
}

void vane__stream_flies(vane_stream *s, vane__trail *t)
{
    const vane__flight *f = t->flight;
    t->next = NULL;
    if (s->air_last != NULL)
        s->air_last->next = t;
    else
        s->air = t;
    s->air_last = t;
    s->in_air++;
    s->host_outs += f != NULL && !f->writes;
    s->late_outs += f != NULL && f->operands[f->n - 1].packed != NULL;
    vane__ticket_drop(s->tail);
    s->tail = vane__ticket_hold(t->ticket);
}

void vane__stream_reap(vane_stream *s, uint32_t in_air, uint64_t oldest)
{
    if (in_air > MOST_IN_AIR)
        vane__stream_land(s, oldest, UINT64_MAX);
    else if (in_air % REAP == 0)
        vane__stream_land(s, UINT64_MAX, 0);
}

static int reads_host_memory(const vane__flight *f)
{
    for (uint32_t i = 0; i + 1 < f->n; i++)
        if (f->operands[i].buffer == NULL)
            return 1;
    return 0;
}

/* What it finds in host memory, or leaves there, must not be overtaken by what is in the air;
 * under the stream's lock. */
static int must_land_first(const vane_stream *s, const vane__flight *f)
{
    return (s->host_outs > 0 && reads_host_memory(f)) || (s->late_outs > 0 && !f->writes);
}

int vane__work_is_brief(const vane__work *w)
{
    return w->bytes <= BRIEF && w->flops <= BRIEF;
}

/* Its buffers and the stream are locked. The queue on which it can be launched now, without waiting
 * for anything; NULL: the lane has to see to it. The lane is idle then: the number is f's. */
static vane__queue *free_way(vane_stream *s, vane__flight *f, const vane__runner *r)
{
    vane__queue *q = NULL;
    if (f->shared || r->kernel->direct != NULL || r->device == NULL || r->device->queues == NULL)
        return NULL;
    if (s->first != NULL || s->lane_busy || s->error.status != VANE_OK || must_land_first(s, f) ||
        vane__stream_queue(s, r->device, &q) != VANE_OK || follow(s, f, q) != VANE_OK ||
        vane__flight_must_wait(f, q))
        return NULL;
    f->sequence = s->given + 1;
    f->brief = s->in_air > 0 && vane__work_is_brief(&f->p.work);
    return q;
}

static vane__queue *way_of(vane_stream *s, vane__flight *f, vane__runner *r)
{
    if (f->p.parts == 0 || f->shadows)
        return NULL;
    pthread_mutex_lock(&s->lock);
    vane__queue *q = chosen(s, f, r) ? free_way(s, f, r) : NULL;
    pthread_mutex_unlock(&s->lock);
    return q != NULL && fits(r, f) ? q : NULL;
}

/* Its buffers are locked. 1: f is in the air. 0: the lane has to see to it. */
static int try_now(vane_stream *s, vane__flight *f, uint32_t *in_air, uint64_t *oldest)
{
    vane__runner r;
    vane_error kept;
    int failed_before = vane_last_error()->status != VANE_OK;
    if (failed_before)
        kept = *vane_last_error();
    if (s->device == NULL || f->teaches)
        vane__flight_look(f);
    vane__queue *q = way_of(s, f, &r);
    if (q == NULL || vane__flight_launch_entered(f, &r, q) != VANE_OK) {
        if (failed_before)
            vane__error_restore(&kept);
        else
            vane__error_clear();
        vane__flight_look(f); /* the lane asks for routes */
        return 0;
    }
    vane__stream_went(f);
    vane__trail *t = trail_for(s, f, q);
    int t_is_all = t->flight == NULL; /* once the lock is let go t is the lander's */
    pthread_mutex_lock(&s->lock);
    s->given = s->launched = t->sequence;
    vane__stream_flies(s, t);
    *in_air = s->in_air;
    *oldest = s->air->sequence;
    pthread_mutex_unlock(&s->lock);
    if (t_is_all)
        vane__stream_keep(s, f);
    return 1;
}

/* ---- with the work before it ------------------------------------------------------------------
 */

/* Under the stream's lock: the newest in the air, where f may share its ticket; *r: who computes.
 */
static vane__trail *newest_for(vane_stream *s, const vane__flight *f, vane__runner *r)
{
    vane__trail *t = s->air_last;
    if (t == NULL || t->flight != NULL || t->replay != NULL || t->ticket != s->tail ||
        s->first != NULL || s->lane_busy || s->error.status != VANE_OK || !chosen(s, f, r) ||
        !fits(r, f) || r->kernel->direct != NULL || t->ticket->queue->device != r->device)
        return NULL;
    return vane__ticket_phase(t->ticket) == VANE__FLYING ? t : NULL;
}

/* Under the stream's lock too: nobody lands it before the call is noted there. */
static int join(vane_stream *s, vane__flight *f)
{
    vane__runner r;
    vane__trail *t = newest_for(s, f, &r);
    if (t == NULL || !vane__flight_join(f, &r, t))
        return 0;
    s->launched = ++s->given;
    s->in_air++;
    return 1;
}

/* Small work in a row costs little more than its launch. 1: f is launched, and closed. */
static int try_join(vane_stream *s, vane__flight *f, uint32_t *in_air, uint64_t *oldest)
{
    vane_error kept;
    if (f->n > 4 || f->p.parts != 1 || !f->writes || f->teaches || f->shadows || f->given_ns > 0 ||
        !vane__work_is_brief(&f->p.work))
        return 0;
    int failed_before = vane_last_error()->status != VANE_OK;
    if (failed_before)
        kept = *vane_last_error();
    uint64_t serial = vane__error_serial();
    vane__flight_lock(f);
    if (s->device == NULL)
        vane__flight_look(f);
    pthread_mutex_lock(&s->lock);
    int joined = join(s, f);
    *in_air = s->in_air;
    *oldest = s->air != NULL ? s->air->sequence : 0;
    pthread_mutex_unlock(&s->lock);
    vane__flight_unlock(f);
    if (joined)
        vane__stream_keep(s, f);
    else if (vane__error_serial() != serial && !failed_before)
        vane__error_clear(); /* who tries again says it again */
    else if (vane__error_serial() != serial)
        vane__error_restore(&kept);
    return joined;
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
    pthread_mutex_lock(&s->lock);
    int land = on_host || f->shared || must_land_first(s, f);
    pthread_mutex_unlock(&s->lock);
    if (land)
        vane__stream_land(s, UINT64_MAX, UINT64_MAX);
    vane_status st = vane__stream_state(s); /* what came before may have failed just now */
    if (st != VANE_OK) {
        f->hopeless = 1;
        return st;
    }
    pthread_mutex_lock(&s->lock);
    st = follow(s, f, NULL);
    pthread_mutex_unlock(&s->lock);
    if (st != VANE_OK)
        return st;
    if (on_host || f->shared) {
        e->landed = 1;
        return on_host ? vane__flight_run_heard(f, r) : vane__flight_run(f, r);
    }
    if (r->device == NULL || r->device->queues == NULL)
        return vane__fail(VANE_E_UNSUPPORTED, "%s has neither a direct function nor a queue",
                          r->kernel->name);
    if (vane__link_measure(r->device))
        vane__routes_renew(s->ctx);
    pthread_mutex_lock(&s->lock);
    st = vane__stream_queue(s, r->device, &q);
    pthread_mutex_unlock(&s->lock);
    if (st == VANE_OK)
        st = vane__flight_launch(f, r, q);
    e->landed = 0;
    return st;
}

static vane_status elect(vane_stream *s, vane__flight *f, errand *e)
{
    vane__runner room;
    const vane__runner *r = choose(s, f, &room) && fits(&room, f) ? &room : NULL;
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
        if (st == VANE_OK || f->hopeless || vane__stream_state(s) != VANE_OK)
            return st;
        election.failed = r;
        election.failed_with = st;
    }
    return vane__elect(&election);
}

/* All of it here, after all that came before, and waited for. */
static vane_status run_checked(vane_stream *s, vane__flight *f)
{
    vane__runner r;
    double took;
    vane__stream_land(s, UINT64_MAX, UINT64_MAX);
    vane_status st = vane__stream_state(s);
    if (st != VANE_OK)
        return st;
    vane__election e = {.ctx = s->ctx,
                        .p = &f->p,
                        .f = f,
                        .backend = f->wish_backend[0] != '\0' ? f->wish_backend : NULL,
                        .width = f->wish_width,
                        .device = s->device};
    return vane__shadow_call(&e, choose(s, f, &r) ? &r : NULL, &took);
}

static void finish(vane_stream *s, vane__flight *f, vane_status st)
{
    vane__flight_end(f, st);
    if (st != VANE_OK)
        vane__stream_fail(s, f->sequence, f->p.rq.op->info.name);
    vane__stream_tell(s, f, st);
    vane__flight_close(f);
    vane__stream_recycle(s, f);
}

void vane__stream_run(vane_stream *s, vane__flight *f)
{
    errand e = {s, 1};
    vane__last_run = (vane__ran){.retries = 0};
    vane_status st = vane__stream_state(s);
    if (st != VANE_OK)
        vane__fail(st, "%s was dropped, because earlier work of its stream failed",
                   f->p.rq.op->info.name);
    else if (f->p.parts > 0)
        st = f->shadows ? run_checked(s, f) : elect(s, f, &e);
    if (f->given_ns > 0) {
        vane__last_run.runner = f->ran.runner;
        f->ran = vane__last_run;
    }
    if (st == VANE_OK && !e.landed) {
        pthread_mutex_lock(&s->lock);
        vane__stream_flies(s, whole(f));
        uint32_t in_air = s->in_air;
        uint64_t oldest = s->air->sequence;
        pthread_mutex_unlock(&s->lock);
        vane__stream_reap(s, in_air, oldest);
    } else {
        finish(s, f, st);
    }
}

/* ---- from the caller ---------------------------------------------------------------------------
 */

static vane_status to_lane(vane_stream *s, vane__flight *f)
{
    vane__task *t = calloc(1, sizeof *t);
    if (t != NULL)
        t->flight = f;
    vane__stream_went(f);
    if (t != NULL && vane__lane_push(s, t, &f->sequence))
        return VANE_OK;
    free(t);
    vane_status st =
        vane__fail(VANE_E_NOMEM, "%s: no memory or thread for its stream", f->p.rq.op->info.name);
    f->sequence = 0; /* never given: the failure is the caller's alone */
    vane__flight_end(f, st);
    return st;
}

/* It has its place, and its buffers are locked until it flies or the lane has to see to it. */
static int launch_now(vane_stream *s, vane__flight *f, uint32_t *in_air, uint64_t *oldest)
{
    vane__buffer *few[4]; /* in the air, f is the lander's */
    uint32_t n = f->n_locks;
    int flies = 0;
    if (n > sizeof few / sizeof few[0]) {
        vane__flight_look(f);
        vane__flight_unlock(f);
        return 0;
    }
    memcpy(few, f->locks, n * sizeof *few);
    flies = try_now(s, f, in_air, oldest);
    for (uint32_t i = n; i-- > 0;)
        pthread_mutex_unlock(&few[i]->lock);
    return flies;
}

vane_status vane__stream_give(vane_stream *s, vane__flight *f)
{
    static _Thread_local uint32_t given;
    uint32_t in_air = 1;
    uint64_t oldest = 0;
    f->shadows = vane__shadow_due(s->ctx);
    f->teaches = given++ % (s->device == NULL ? TEACHES : SELDOM) == 0;
    f->tries = 0;
    if (f->teaches && s->device != NULL)
        f->teaches = vane__stream_teaches(s, f);
    int flies = try_join(s, f, &in_air, &oldest);
    if (!flies) {
        vane_status st = vane__flight_enter(f);
        if (st != VANE_OK)
            return st;
        flies = launch_now(s, f, &in_air, &oldest);
    }
    if (!flies && vane__stream_renew(s, f)) {
        vane__flight_lock(f);
        flies = launch_now(s, f, &in_air, &oldest);
    }
    if (!flies)
        return to_lane(s, f);
    vane__stream_reap(s, in_air, oldest);
    return VANE_OK;
}
