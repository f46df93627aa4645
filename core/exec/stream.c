/* SPDX-License-Identifier: MIT */
/* stream.c - the public functions of streams and fences. */
#include "exec/stream.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "os.h"
#include "plugin/device.h"

vane_status vane__stream_check(vane_stream *s, const char *what)
{
    if (s == NULL)
        return vane__fail(VANE_E_ARGUMENT, "%s: stream is NULL, expected one from vane_stream_open",
                          what);
    if (s->magic != VANE__STREAM_MAGIC)
        return vane__fail(VANE_E_ARGUMENT, "%s: stream is no open stream", what);
    if (s->forks != atomic_load(&s->ctx->forks))
        return vane__fail(VANE_E_UNSUPPORTED,
                          "%s: the stream was opened before fork(), expected one of this process",
                          what);
    return VANE_OK;
}

/* ---- closed flights, for calls like theirs --------------------------------------------------- */

#define MOST_SPARE 1024u
#define WAYS 2u /* closed flights of a bin */

static void flights_free(vane__flight *list)
{
    vane__flight *next;
    for (vane__flight *f = list; f != NULL; f = next) {
        next = f->next;
        free(f);
    }
}

static void trails_free(vane__trail *list)
{
    vane__trail *next;
    for (vane__trail *t = list; t != NULL; t = next) {
        next = t->next;
        free(t->joined);
        free(t);
    }
}

/* Under the lock. */
static vane__flight *spare(vane_stream *s, uint32_t bin)
{
    for (uint32_t i = 0; s->spare[bin] == NULL && s->n_spare >= MOST_SPARE; i++)
        bin = i; /* it has to be another's */
    vane__flight *f = s->spare[bin];
    if (f != NULL) {
        s->spare[bin] = f->next;
        s->n_spare--;
    }
    return f;
}

/* Of a call with that key; where the bin has enough, the one that waits longest. */
static vane__flight *closed(vane_stream *s, uint32_t key)
{
    vane__flight **at = &s->closed[key % VANE__STREAM_BINS];
    for (uint32_t n = 1; *at != NULL && (*at)->key != key && n < WAYS; n++)
        at = &(*at)->next;
    vane__flight *f = *at;
    if (f != NULL)
        *at = f->next;
    return f;
}

vane__flight *vane__stream_flight(vane_stream *s, uint32_t key)
{
    const uint32_t bin = key % VANE__STREAM_BINS;
    vane__flight *f = closed(s, key);
    if (f != NULL) {
        f->key = key;
        f->next = NULL;
        return f;
    }
    pthread_mutex_lock(&s->lock);
    f = spare(s, bin);
    pthread_mutex_unlock(&s->lock);
    int is_new = f == NULL;
    if (is_new)
        f = malloc(sizeof *f);
    if (f == NULL)
        return NULL;
    if (is_new)
        f->known = 0;
    f->key = key;
    f->bin = bin;
    f->next = NULL;
    return f;
}

vane__trail *vane__stream_trail(vane_stream *s)
{
    if (s->at_hand == NULL) {
        pthread_mutex_lock(&s->lock);
        s->at_hand = s->spare_trails;
        s->spare_trails = NULL;
        pthread_mutex_unlock(&s->lock);
    }
    vane__trail *t = s->at_hand;
    if (t != NULL) {
        s->at_hand = t->next;
        return t;
    }
    t = malloc(sizeof *t);
    if (t != NULL)
        t->joined = NULL;
    return t;
}

/* They are few: the next call of the bin takes it. */
void vane__stream_keep(vane_stream *s, vane__flight *f)
{
    f->next = s->closed[f->bin];
    s->closed[f->bin] = f;
}

void vane__stream_recycle(vane_stream *s, vane__flight *list)
{
    vane__flight *next, *rest = NULL;
    pthread_mutex_lock(&s->lock);
    for (vane__flight *f = list; f != NULL; f = next) {
        next = f->next;
        vane__flight **to = s->n_spare < MOST_SPARE ? &s->spare[f->bin] : &rest;
        s->n_spare += to != &rest;
        f->next = *to;
        *to = f;
    }
    pthread_mutex_unlock(&s->lock);
    flights_free(rest);
}

/* ---- life ---------------------------------------------------------------------------------- */

static int locks_init(vane_stream *s)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return 0;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int ok = pthread_cond_init(&s->changed, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return ok && pthread_mutex_init(&s->give, NULL) == 0 &&
           pthread_mutex_init(&s->land, NULL) == 0 && pthread_mutex_init(&s->lock, NULL) == 0;
}

vane_status vane_stream_open(vane_context *ctx, uint32_t device, vane_stream **out)
{
    vane__device *d = NULL;
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && out == NULL)
        st = vane__fail(VANE_E_ARGUMENT, "stream_open: out is NULL, expected a place for it");
    if (st == VANE_OK && device != VANE_ANY_DEVICE)
        st = vane__device_require(ctx, "stream_open", device, &d);
    if (st != VANE_OK)
        return st;
    *out = NULL;
    vane_stream *s = calloc(1, sizeof *s);
    if (s == NULL || !locks_init(s)) {
        free(s);
        return vane__fail(VANE_E_NOMEM, "stream_open: no memory for a stream");
    }
    s->magic = VANE__STREAM_MAGIC;
    s->ctx = ctx;
    s->device = d;
    s->forks = atomic_load(&ctx->forks);
    atomic_init(&s->refs, 1);
    pthread_mutex_lock(&ctx->control);
    s->next = ctx->streams;
    ctx->streams = s;
    pthread_mutex_unlock(&ctx->control);
    *out = s;
    return VANE_OK;
}

/* A reference. */
static void stream_drop(vane_stream *s)
{
    if (atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->give);
    pthread_mutex_destroy(&s->land);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void leave(vane_stream *s)
{
    vane_context *ctx = s->ctx;
    pthread_mutex_lock(&ctx->control);
    for (vane_stream **at = &ctx->streams; *at != NULL; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            break;
        }
    pthread_mutex_unlock(&ctx->control);
}

static void lane_stop(vane_stream *s)
{
    pthread_mutex_lock(&s->lock);
    int up = s->lane_up;
    s->closing = 1;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (up)
        pthread_join(s->lane, NULL);
}

/* In a child of fork() there is no lane and nothing in the air is its own: what the parent's
 * stream holds stays with the parent. */
vane_status vane_stream_close(vane_stream *s)
{
    if (s == NULL)
        return VANE_OK;
    vane_status st = vane__stream_check(s, "stream_close");
    if (st == VANE_E_ARGUMENT)
        return st;
    if (st != VANE_OK) {
        leave(s);
        s->magic = 0;
        return st;
    }
    st = vane_stream_wait(s);
    vane_error kept = *vane_last_error();
    lane_stop(s);
    leave(s);
    s->magic = 0;
    for (uint32_t i = 0; i < s->n_queues; i++)
        if (s->queues[i] != NULL)
            vane__queue_return(s->queues[i]);
    free(s->queues);
    for (uint32_t i = 0; i < VANE__STREAM_BINS; i++)
        flights_free(s->spare[i]), flights_free(s->closed[i]);
    trails_free(s->at_hand);
    trails_free(s->spare_trails);
    vane__ticket_drop(s->tail);
    stream_drop(s);
    return st == VANE_OK ? st : vane__error_restore(&kept);
}

void vane__streams_close(vane_context *ctx)
{
    while (ctx->streams != NULL) {
        vane__log_line(&ctx->settings.log, VANE_LOG_WARN,
                       "a stream was still open when its context was closed");
        vane_stream_close(ctx->streams);
    }
}

/* ---- waiting --------------------------------------------------------------------------------- */

static uint64_t given(vane_stream *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t n = s->given;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* Says what failed up to sequence, once. */
static vane_status report(vane_stream *s, uint64_t sequence)
{
    pthread_mutex_lock(&s->lock);
    vane_error e = s->error;
    int due = e.status != VANE_OK && s->error_sequence <= sequence;
    if (due) {
        for (vane_fence *f = s->fences; f != NULL; f = f->next)
            if (f->sequence >= s->error_sequence && f->error.status == VANE_OK)
                f->error = e;
        s->error.status = VANE_OK;
    }
    pthread_mutex_unlock(&s->lock);
    return due ? vane__error_restore(&e) : VANE_OK;
}

vane_status vane_stream_wait(vane_stream *s)
{
    vane_status st = vane__stream_check(s, "stream_wait");
    if (st != VANE_OK)
        return st;
    uint64_t sequence = given(s);
    vane__stream_reach(s, sequence, UINT64_MAX);
    return report(s, sequence);
}

vane_status vane_stream_poll(vane_stream *s)
{
    vane_status st = vane__stream_check(s, "stream_poll");
    if (st != VANE_OK)
        return st;
    uint64_t sequence = given(s);
    return vane__stream_reach(s, sequence, 0) == VANE_OK ? report(s, sequence) : VANE_E_BUSY;
}

vane_status vane_stream_callback(vane_stream *s, void (*fn)(void *arg, vane_status status),
                                 void *arg)
{
    uint64_t sequence;
    vane_status st = vane__stream_check(s, "stream_callback");
    if (st == VANE_OK && fn == NULL)
        st = vane__fail(VANE_E_ARGUMENT, "stream_callback: fn is NULL, expected a function");
    if (st != VANE_OK)
        return st;
    vane__task *t = calloc(1, sizeof *t);
    if (t != NULL) {
        t->fn = fn;
        t->arg = arg;
    }
    vane__lane_room(s);
    pthread_mutex_lock(&s->give);
    int given_ok = t != NULL && vane__lane_push(s, t, &sequence);
    pthread_mutex_unlock(&s->give);
    if (given_ok)
        return VANE_OK;
    free(t);
    return vane__fail(VANE_E_NOMEM, "stream_callback: no memory or thread for it");
}

/* ---- fences -----------------------------------------------------------------------------------
 */

static void fence_join(vane_fence *f, vane_stream *s, uint64_t sequence)
{
    f->stream = s;
    f->sequence = sequence;
    atomic_fetch_add(&s->refs, 1);
    pthread_mutex_lock(&s->lock);
    f->next = s->fences;
    s->fences = f;
    pthread_mutex_unlock(&s->lock);
}

static void fence_leave(vane_fence *f)
{
    vane_stream *s = f->stream;
    pthread_mutex_lock(&s->lock);
    for (vane_fence **at = &s->fences; *at != NULL; at = &(*at)->next)
        if (*at == f) {
            *at = f->next;
            break;
        }
    pthread_mutex_unlock(&s->lock);
}

vane_status vane_stream_record(vane_stream *s, vane_fence **out)
{
    vane_status st = vane__stream_check(s, "stream_record");
    if (st == VANE_OK && out == NULL)
        st = vane__fail(VANE_E_ARGUMENT, "stream_record: out is NULL, expected a place for it");
    if (st != VANE_OK)
        return st;
    vane_fence *f = calloc(1, sizeof *f);
    *out = f;
    if (f == NULL)
        return vane__fail(VANE_E_NOMEM, "stream_record: no memory for a fence");
    fence_join(f, s, given(s));
    return VANE_OK;
}

static vane_status fence_check(const vane_fence *f, const char *what)
{
    return f != NULL ? VANE_OK
                     : vane__fail(VANE_E_ARGUMENT,
                                  "%s: fence is NULL, expected one from vane_stream_record", what);
}

static vane_fence *fence_copy(vane_fence *f)
{
    vane_fence *copy = calloc(1, sizeof *copy);
    if (copy != NULL)
        fence_join(copy, f->stream, f->sequence);
    return copy;
}

/* In the lane, because the other stream's work may not be launched yet. */
static vane_status await_in_lane(vane_stream *s, vane_fence *fence)
{
    uint64_t sequence;
    vane__task *t = calloc(1, sizeof *t);
    if (t != NULL && (t->fence = fence_copy(fence)) != NULL && vane__lane_push(s, t, &sequence))
        return VANE_OK;
    if (t != NULL)
        vane_fence_close(t->fence);
    free(t);
    return vane__fail(VANE_E_NOMEM, "stream_await: no memory or thread for it");
}

vane_status vane_stream_await(vane_stream *s, vane_fence *fence)
{
    vane_status st = vane__stream_check(s, "stream_await");
    if (st == VANE_OK)
        st = fence_check(fence, "stream_await");
    if (st == VANE_OK && fence->stream->ctx != s->ctx)
        st = vane__fail(VANE_E_ARGUMENT, "stream_await: fence is of another context");
    if (st != VANE_OK || fence->stream == s)
        return st;
    vane__lane_room(s);
    pthread_mutex_lock(&s->give);
    st = await_in_lane(s, fence);
    pthread_mutex_unlock(&s->give);
    return st;
}

/* What failed before it, be it reported or not. */
static vane_status fence_status(const vane_fence *f)
{
    vane_stream *s = f->stream;
    pthread_mutex_lock(&s->lock);
    vane_error e = f->error;
    if (e.status == VANE_OK && s->error.status != VANE_OK && s->error_sequence <= f->sequence)
        e = s->error;
    pthread_mutex_unlock(&s->lock);
    return e.status == VANE_OK ? VANE_OK : vane__error_restore(&e);
}

vane_status vane_fence_wait(vane_fence *f, uint64_t timeout_ns)
{
    vane_status st = fence_check(f, "fence_wait");
    if (st != VANE_OK)
        return st;
    uint64_t now = timeout_ns == 0 || timeout_ns == UINT64_MAX ? 0 : vane__now_ns();
    uint64_t deadline = now == 0                 ? timeout_ns
                        : now + timeout_ns < now ? UINT64_MAX
                                                 : now + timeout_ns;
    int is_open = f->stream->magic == VANE__STREAM_MAGIC; /* a closed one waited for all its work */
    if (is_open)
        st = vane__stream_check(f->stream, "fence_wait");
    if (is_open && st == VANE_OK)
        st = vane__stream_reach(f->stream, f->sequence, deadline);
    return st == VANE_OK ? fence_status(f) : st;
}

void vane_fence_close(vane_fence *f)
{
    if (f == NULL)
        return;
    fence_leave(f);
    stream_drop(f->stream);
    free(f);
}
