/* SPDX-License-Identifier: MIT */
/* queue.c - one thread that runs commands in order, a little later than they are given. */
#include <stdlib.h>
#include <time.h>

#include "fake.h"

static void finish(vane_queue *q, fake_command *c, vane_status st, uint64_t begin)
{
    const vane_host *host = q->device->backend->host;
    if (c->kernel != NULL || c->is_mark) {
        st = st == VANE_OK ? q->failed : st;
        q->failed = c->event == NULL ? st : VANE_OK;
    }
    if (c->event != NULL)
        fake_event_finish(c->event, st, begin, host->now_ns(host->ctx));
    pthread_mutex_lock(&q->device->lock);
    q->device->queued--;
    pthread_mutex_unlock(&q->device->lock);
    free(c);
}

static fake_command *take(vane_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->running = 0;
    pthread_cond_broadcast(&q->changed);
    while (q->first == NULL && !q->closing)
        pthread_cond_wait(&q->changed, &q->lock);
    fake_command *c = q->first;
    if (c != NULL) {
        q->first = c->next;
        q->last = q->first == NULL ? NULL : q->last;
        q->running = 1;
    }
    pthread_mutex_unlock(&q->lock);
    return c;
}

/* The defect: the kernel is told to be done, and runs some time later. */
static void finish_early(const fake_command *c)
{
    if (FAKE_DEFECT != FAKE_EARLY_EVENT || c->event == NULL || c->kernel == NULL)
        return;
    pthread_mutex_lock(&c->event->lock);
    c->event->done = 1;
    pthread_cond_broadcast(&c->event->changed);
    pthread_mutex_unlock(&c->event->lock);
    nanosleep(&(struct timespec){0, 300000}, NULL);
}

static void *serve(void *arg)
{
    vane_queue *q = arg;
    const vane_host *host = q->device->backend->host;
    for (fake_command *c = take(q); c != NULL; c = take(q)) {
        nanosleep(&(struct timespec){0, 20000}, NULL); /* the caller is ahead of us */
        if (c->wait_for != NULL) {
            fake_event_wait(c->wait_for, UINT64_MAX);
            fake_event_free(c->wait_for);
        }
        finish_early(c);
        uint64_t begin = host->now_ns(host->ctx);
        finish(q, c, c->run != NULL ? c->run(c) : VANE_OK, begin);
    }
    return NULL;
}

vane_status fake_queue_open(vane_device *d, vane_queue **out)
{
    vane_queue *q = calloc(1, sizeof *q);
    if (q == NULL)
        return fake_fail(d->backend, VANE_E_NOMEM, "no memory for a queue");
    q->device = d;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->changed, NULL);
    if (pthread_create(&q->thread, NULL, serve, q) != 0) {
        free(q);
        return fake_fail(d->backend, VANE_E_NOMEM, "no thread for a queue");
    }
    fake_count(d->backend, &d->backend->live_queues, 1);
    *out = q;
    return VANE_OK;
}

void fake_queue_close(vane_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closing = 1;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
    pthread_join(q->thread, NULL);
    fake_count(q->device->backend, &q->device->backend->live_queues, -1);
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

vane_status fake_submit(vane_queue *q, const fake_command *c, vane_event **out)
{
    fake_command *copy = malloc(sizeof *copy);
    vane_event *e = out != NULL ? fake_event_new(q->device->backend) : NULL;
    if (copy == NULL || (out != NULL && e == NULL)) {
        free(copy);
        return fake_fail(q->device->backend, VANE_E_NOMEM, "no memory for a command");
    }
    *copy = *c;
    copy->next = NULL;
    copy->event = e;
    copy->call.params = &copy->params; /* a launch keeps its own copy */
    if (out != NULL)
        *out = e;
    pthread_mutex_lock(&q->device->lock);
    q->device->queued++;
    pthread_mutex_unlock(&q->device->lock);
    pthread_mutex_lock(&q->lock);
    if (q->last != NULL)
        q->last->next = copy;
    else
        q->first = copy;
    q->last = copy;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
    return VANE_OK;
}

vane_status fake_queue_mark(vane_queue *q, vane_event **out)
{
    return fake_submit(q, &(fake_command){.is_mark = 1}, out);
}

vane_status fake_queue_sync(vane_queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (q->first != NULL || q->running)
        pthread_cond_wait(&q->changed, &q->lock);
    pthread_mutex_unlock(&q->lock);
    return VANE_OK;
}

vane_status fake_queue_wait(vane_queue *q, vane_event *e)
{
    if (FAKE_DEFECT == FAKE_NO_QUEUE_WAIT)
        return VANE_OK;
    pthread_mutex_lock(&e->lock);
    e->references++; /* the caller may free it before the queue gets there */
    pthread_mutex_unlock(&e->lock);
    return fake_submit(q, &(fake_command){.wait_for = e}, NULL);
}

static vane_status call_back(fake_command *c)
{
    c->callback(c->arg);
    return VANE_OK;
}

vane_status fake_queue_callback(vane_queue *q, void (*fn)(void *arg), void *arg)
{
    return fake_submit(q, &(fake_command){.run = call_back, .callback = fn, .arg = arg}, NULL);
}
