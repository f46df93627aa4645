/* SPDX-License-Identifier: MIT */
/* lane.c - the thread of a stream: one task after the other. */
#include <stdlib.h>

#include "error.h"
#include "exec/signals.h"
#include "exec/stream.h"

static _Thread_local int is_lane;

static vane__task *next_task(vane_stream *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->first == NULL && !s->closing)
        pthread_cond_wait(&s->changed, &s->lock);
    vane__task *t = s->first;
    if (t != NULL) {
        s->first = t->next;
        s->last = s->first == NULL ? NULL : s->last;
        atomic_fetch_sub_explicit(&s->waiting, 1, memory_order_relaxed);
        s->lane_busy = 1;
    }
    pthread_mutex_unlock(&s->lock);
    return t;
}

/* A failed fence is the other stream's failure; that it is down is what counts here. */
static void run(vane_stream *s, vane__task *t)
{
    if (t->flight != NULL) {
        vane__stream_run(s, t->flight);
    } else if (t->fence != NULL) {
        vane_fence_wait(t->fence, UINT64_MAX);
        vane_fence_close(t->fence);
    } else {
        vane__stream_land(s, t->sequence, UINT64_MAX);
        vane_status st = vane__stream_state(s);
        t->fn(t->arg, st);
    }
}

static void *serve(void *arg)
{
    vane_stream *s = arg;
    is_lane = 1;
    for (vane__task *t = next_task(s); t != NULL; t = next_task(s)) {
        run(s, t);
        pthread_mutex_lock(&s->lock);
        s->launched = t->sequence; /* who waits for that finds the lane idle, if it is */
        s->lane_busy = 0;
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->lock);
        free(t);
    }
    return NULL;
}

/* Under the lock. */
static int lane_start(vane_stream *s)
{
    sigset_t before;
    if (s->lane_up)
        return 1;
    vane__signals_block(&before);
    s->lane_up = pthread_create(&s->lane, NULL, serve, s) == 0;
    vane__signals_restore(&before);
    return s->lane_up;
}

int vane__lane_push(vane_stream *s, vane__task *t, uint64_t *sequence)
{
    pthread_mutex_lock(&s->lock);
    int up = lane_start(s);
    if (up) {
        t->sequence = *sequence = ++s->given;
        t->next = NULL;
        if (s->last != NULL)
            s->last->next = t;
        else
            s->first = t;
        s->last = t;
        atomic_fetch_add_explicit(&s->waiting, 1, memory_order_relaxed);
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return up;
}

static uint32_t waiting(const vane_stream *s)
{
    return atomic_load_explicit(&s->waiting, memory_order_relaxed);
}

void vane__lane_room(vane_stream *s)
{
    if (waiting(s) < VANE__LANE_MOST || is_lane)
        return;
    pthread_mutex_lock(&s->lock);
    while (waiting(s) > VANE__LANE_MOST / 2)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}
