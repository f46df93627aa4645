/* SPDX-License-Identifier: MIT */
/* land.c - a stream's work comes down, in order; what failed is kept for the report. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "exec/sequence.h"
#include "exec/stream.h"
#include "os.h"

enum { FEW = 8 * VANE__MARK_MOST }; /* in the air */

void vane__stream_fail(vane_stream *s, uint64_t sequence, const char *op)
{
    vane_error e = *vane_last_error();
    if (strstr(e.message, op) == NULL) { /* whose it is must be in it */
        vane__fail(e.status, "%s: %.300s", op, e.message);
        memcpy(e.message, vane_last_error()->message, sizeof e.message);
    }
    pthread_mutex_lock(&s->lock);
    if (s->error.status == VANE_OK || sequence < s->error_sequence) {
        s->error = e;
        s->error_sequence = sequence;
    }
    pthread_mutex_unlock(&s->lock);
}

vane_status vane__stream_state(vane_stream *s)
{
    pthread_mutex_lock(&s->lock);
    vane_error e = s->error;
    pthread_mutex_unlock(&s->lock);
    return e.status == VANE_OK ? VANE_OK : vane__error_restore(&e);
}

static uint64_t left(uint64_t deadline_ns)
{
    if (deadline_ns == 0 || deadline_ns == UINT64_MAX)
        return deadline_ns;
    uint64_t now = vane__now_ns();
    return now < deadline_ns ? deadline_ns - now : 0;
}

/* ---- one after the other; the lander has them, the counts stay until they are down ---------- */

typedef struct flock { /* in order; last means nothing of an empty one */
    vane__trail *first, *last;
} flock;

/* Out of the air: all up to sequence. */
static flock take(vane_stream *s, uint64_t sequence)
{
    flock all = {NULL, NULL};
    pthread_mutex_lock(&s->lock);
    if (s->air != NULL && s->air_last->sequence <= sequence)
        all.last = s->air_last;
    for (vane__trail *t = s->air; all.last != s->air_last && t != NULL && t->sequence <= sequence;
         t = t->next)
        all.last = t;
    if (all.last != NULL) {
        all.first = s->air;
        s->air = all.last->next;
        s->air_last = s->air == NULL ? NULL : s->air_last;
        all.last->next = NULL;
    }
    pthread_mutex_unlock(&s->lock);
    return all;
}

/* And back, before what was launched since. */
static void put_back(vane_stream *s, flock rest)
{
    pthread_mutex_lock(&s->lock);
    rest.last->next = s->air;
    s->air = rest.first;
    s->air_last = rest.last->next == NULL ? rest.last : s->air_last;
    pthread_mutex_unlock(&s->lock);
}

typedef struct down { /* what has landed */
    vane__flight *list;
    flock trails; /* of those that were no flights any more, the newest first */
    uint32_t count, host_outs, late_outs;
} down;

static vane_status flight_down(vane__flight *f, down *d)
{
    d->late_outs += f->operands[f->n - 1].packed != NULL;
    d->host_outs += !f->writes;
    vane_status st = vane__flight_land(f);
    vane__flight_end(f, st);
    return st;
}

static void over(vane_stream *s, vane__flight *f, vane_status st, down *d)
{
    vane__stream_tell(s, f, st);
    vane__flight_close(f);
    f->next = d->list;
    d->list = f;
}

static void over_trail(vane__trail *t, down *d)
{
    t->next = d->trails.first;
    d->trails.last = t->next == NULL ? t : d->trails.last;
    d->trails.first = t;
}

static void take_down(vane_stream *s, vane__trail *t, down *d)
{
    vane__flight *f = t->flight;
    const char *op = t->ticket->op;
    const uint64_t sequence = t->sequence;
    d->count += 1 + (f == NULL ? t->n_joined : 0);
    vane__replay *r = t->replay;
    vane_status st = f != NULL   ? flight_down(f, d)
                     : r != NULL ? vane__replay_land(r)
                                 : vane__trail_land(t);
    if (st != VANE_OK)
        vane__stream_fail(s, sequence, op);
    if (f != NULL)
        over(s, f, st, d);
    else if (r == NULL) /* or it went with its replay */
        over_trail(t, d);
}

static void count_down(vane_stream *s, const down *d)
{
    if (d->count == 0)
        return;
    pthread_mutex_lock(&s->lock);
    s->in_air -= d->count;
    s->host_outs -= d->host_outs;
    s->late_outs -= d->late_outs;
    if (d->trails.first != NULL) {
        d->trails.last->next = s->spare_trails;
        s->spare_trails = d->trails.first;
    }
    pthread_mutex_unlock(&s->lock);
    if (d->list != NULL)
        vane__stream_recycle(s, d->list);
}

/* What is done of those up to sequence; VANE_E_TIMEOUT: not all of it. */
static vane_status land_done(vane_stream *s, uint64_t sequence)
{
    down d = {.count = 0};
    vane_status st = VANE_OK;
    flock rest = take(s, sequence);
    while (st == VANE_OK && rest.first != NULL) {
        vane__trail *t = rest.first;
        vane__ticket_wait(t->ticket, 0); /* how it ended is told when it lands */
        if (vane__ticket_phase(t->ticket) != VANE__DONE) {
            put_back(s, rest);
            st = VANE_E_TIMEOUT;
        } else {
            rest.first = t->next;
            take_down(s, t, &d);
        }
    }
    count_down(s, &d);
    return st;
}

/* What to wait for next: the middle one of those up to sequence, so that what is before it lands
 * while the device is busy with the others; of few the newest, because a thread that is woken for
 * each takes the device's cores away, where it is a CPU. */
static vane__ticket *next_ticket(vane_stream *s, uint64_t sequence)
{
    uint32_t n = 0;
    const vane__trail *at = NULL;
    pthread_mutex_lock(&s->lock);
    for (const vane__trail *t = s->air; t != NULL && t->sequence <= sequence; t = t->next) {
        if (n % 2 == 0 || n < FEW) /* at is half as far, or the newest */
            at = n < FEW ? t : at->next;
        n++;
    }
    vane__ticket *t = at != NULL ? vane__ticket_hold(at->ticket) : NULL;
    pthread_mutex_unlock(&s->lock);
    return t;
}

static vane_status await_next(vane_stream *s, uint64_t sequence, uint64_t deadline_ns)
{
    vane__ticket *t = next_ticket(s, sequence);
    if (t == NULL)
        return VANE_OK;
    vane__ticket_wait(t, left(deadline_ns)); /* failures are told by those that land */
    int is_done = vane__ticket_phase(t) == VANE__DONE;
    vane__ticket_drop(t);
    return is_done ? VANE_OK : VANE_E_TIMEOUT;
}

vane_status vane__stream_land(vane_stream *s, uint64_t sequence, uint64_t deadline_ns)
{
    vane_status st = VANE_OK, all;
    vane_error kept = *vane_last_error();
    if (deadline_ns == 0 && pthread_mutex_trylock(&s->land) != 0)
        return VANE_E_TIMEOUT; /* somebody is at it */
    if (deadline_ns != 0)
        pthread_mutex_lock(&s->land);
    while ((all = land_done(s, sequence)) != VANE_OK && deadline_ns != 0 && st == VANE_OK) {
        pthread_mutex_unlock(&s->land);
        st = await_next(s, sequence, deadline_ns);
        pthread_mutex_lock(&s->land);
    }
    pthread_mutex_unlock(&s->land);
    vane__error_restore(&kept);
    return all;
}

static struct timespec moment(uint64_t ns)
{
    return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

vane_status vane__stream_reach(vane_stream *s, uint64_t sequence, uint64_t deadline_ns)
{
    vane_status st = VANE_OK;
    struct timespec until = moment(deadline_ns);
    pthread_mutex_lock(&s->lock);
    while (st == VANE_OK && s->launched < sequence) {
        if (deadline_ns == UINT64_MAX)
            pthread_cond_wait(&s->changed, &s->lock);
        else if (deadline_ns == 0 || pthread_cond_timedwait(&s->changed, &s->lock, &until) != 0)
            st = s->launched < sequence ? VANE_E_TIMEOUT : VANE_OK;
    }
    pthread_mutex_unlock(&s->lock);
    return st == VANE_OK ? vane__stream_land(s, sequence, deadline_ns) : st;
}
