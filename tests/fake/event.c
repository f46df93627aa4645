/* SPDX-License-Identifier: MIT */
/* event.c - an event is finished once by the queue and freed once by its owner. */
#include <stdlib.h>
#include <time.h>

#include "fake.h"

vane_event *fake_event_new(vane_backend *b)
{
    pthread_condattr_t attr;
    vane_event *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->backend = b;
    e->references = 2;
    pthread_mutex_init(&e->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&e->changed, &attr);
    pthread_condattr_destroy(&attr);
    fake_count(b, &b->live_events, 1);
    return e;
}

static void release(vane_event *e)
{
    pthread_mutex_lock(&e->lock);
    int last = --e->references == 0;
    pthread_mutex_unlock(&e->lock);
    if (!last)
        return;
    fake_count(e->backend, &e->backend->live_events, -1);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

void fake_event_finish(vane_event *e, vane_status st, uint64_t begin_ns, uint64_t end_ns)
{
    pthread_mutex_lock(&e->lock);
    e->done = 1;
    e->status = st;
    e->begin_ns = begin_ns;
    e->end_ns = end_ns;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    release(e);
}

static struct timespec deadline(uint64_t timeout_ns)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t limit = timeout_ns < UINT64_C(3600000000000) ? timeout_ns : UINT64_C(3600000000000);
    uint64_t ns = (uint64_t)t.tv_nsec + limit;
    t.tv_sec += (time_t)(ns / 1000000000u);
    t.tv_nsec = (long)(ns % 1000000000u);
    return t;
}

vane_status fake_event_wait(vane_event *e, uint64_t timeout_ns)
{
    struct timespec until = deadline(timeout_ns);
    int late = timeout_ns == 0;
    pthread_mutex_lock(&e->lock);
    while (!e->done && !late)
        late = pthread_cond_timedwait(&e->changed, &e->lock, &until) != 0;
    vane_status st = e->done ? e->status : VANE_E_TIMEOUT;
    pthread_mutex_unlock(&e->lock);
    return st == VANE_OK ? st
                         : fake_fail(e->backend, st,
                                     st == VANE_E_TIMEOUT ? "not done yet" : "the kernel crashed");
}

vane_status fake_event_time(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns)
{
    pthread_mutex_lock(&e->lock);
    int done = e->done;
    *begin_ns = e->begin_ns;
    *end_ns = e->end_ns;
    pthread_mutex_unlock(&e->lock);
    return done ? VANE_OK : fake_fail(e->backend, VANE_E_BUSY, "not done yet");
}

void fake_event_free(vane_event *e)
{
    release(e);
}
