/* SPDX-License-Identifier: MIT */
/* event.c - the core's events. They come from a free list, and blocks of them from the host. */
#include <sched.h>
#include <time.h>

#include "host.h"

#define BLOCK_EVENTS 128

typedef struct slot {
    vane_event event; /* first: a vane_event of ours is a slot */
    struct slot *next;
} slot;

typedef struct block {
    struct block *next;
    slot slots[BLOCK_EVENTS];
} block;

struct ocl_events {
    pthread_mutex_t lock;
    slot *free;
    block *blocks;
};

vane_status ocl_events_open(vane_backend *b)
{
    const vane_host *host = b->host;
    ocl_events *pool = host->alloc(host->ctx, sizeof *pool, 64);
    if (!pool)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for events");
    *pool = (ocl_events){.free = NULL};
    pthread_mutex_init(&pool->lock, NULL);
    b->events = pool;
    return VANE_OK;
}

void ocl_events_close(vane_backend *b)
{
    ocl_events *pool = b->events;
    if (!pool)
        return;
    while (pool->blocks) {
        block *next = pool->blocks->next;
        b->host->free(b->host->ctx, pool->blocks);
        pool->blocks = next;
    }
    pthread_mutex_destroy(&pool->lock);
    b->host->free(b->host->ctx, pool);
}

/* Called with the lock held. */
static void grow(const vane_host *host, ocl_events *pool)
{
    block *more = host->alloc(host->ctx, sizeof *more, 64);
    if (!more)
        return;
    more->next = pool->blocks;
    pool->blocks = more;
    for (size_t i = 0; i < BLOCK_EVENTS; i++) {
        more->slots[i].next = pool->free;
        pool->free = &more->slots[i];
    }
}

static slot *take(vane_backend *b)
{
    ocl_events *pool = b->events;
    pthread_mutex_lock(&pool->lock);
    if (!pool->free)
        grow(b->host, pool);
    slot *s = pool->free;
    if (s)
        pool->free = s->next;
    pthread_mutex_unlock(&pool->lock);
    return s;
}

/* Where there is no event to give, the command is complete when its call returns. */
static vane_status wait_now(const vane_queue *q, cl_event e)
{
    const vane_backend *b = q->device->backend;
    cl_int code = b->cl.clFinish(q->queue);
    b->cl.clReleaseEvent(e);
    return code == CL_SUCCESS ? VANE_OK : ocl_fail_queue(b, q->queue, code, "clFinish");
}

vane_status ocl_event_wrap(vane_queue *q, cl_event e, vane_event **out)
{
    vane_backend *b = q->device->backend;
    *out = NULL;
    if (!e)
        return VANE_OK;
    b->cl.clFlush(q->queue); /* whoever asks for an event will wait for it */
    slot *s = take(b);
    if (!s)
        return wait_now(q, e);
    s->event.backend = b;
    s->event.event = e;
    s->event.n_kept = 0;
    *out = &s->event;
    return VANE_OK;
}

void ocl_event_free(vane_event *e)
{
    vane_backend *b = e->backend;
    slot *s = (slot *)e;
    b->cl.clReleaseEvent(e->event);
    while (e->n_kept > 0)
        b->cl.clReleaseEvent(e->kept[--e->n_kept]);
    pthread_mutex_lock(&b->events->lock);
    s->next = b->events->free;
    b->events->free = s;
    pthread_mutex_unlock(&b->events->lock);
}

/* ---- waiting ----------------------------------------------------------------------- */

/* NULL: the driver does not say. */
static cl_command_queue queue_of(const vane_backend *b, cl_event e)
{
    cl_command_queue queue = NULL;
    cl_int code = b->cl.clGetEventInfo(e, CL_EVENT_COMMAND_QUEUE, sizeof queue, &queue, NULL);
    return code == CL_SUCCESS ? queue : NULL;
}

static vane_status status_of(const vane_backend *b, cl_event e, cl_int code, cl_int state,
                             const char *what)
{
    if (code != CL_SUCCESS)
        return ocl_fail_queue(b, queue_of(b, e), code, what);
    if (state < 0)
        return ocl_fail_queue(b, queue_of(b, e), state, "a command that was queued");
    return state == CL_COMPLETE ? VANE_OK : VANE_E_TIMEOUT;
}

static vane_status read_state(const vane_backend *b, cl_event e, cl_int *state)
{
    cl_int code =
        b->cl.clGetEventInfo(e, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof *state, state, NULL);
    return status_of(b, e, code, *state, "clGetEventInfo");
}

vane_status ocl_command_status(const vane_backend *b, cl_event e)
{
    cl_int state = CL_COMPLETE;
    return read_state(b, e, &state);
}

static vane_status poll(const vane_event *e)
{
    return ocl_command_status(e->backend, e->event);
}

/* OpenCL only promises to run what was flushed. */
static void flush(const vane_event *e)
{
    cl_command_queue queue = queue_of(e->backend, e->event);
    if (queue)
        e->backend->cl.clFlush(queue);
}

#define LOOKS 100      /* some microseconds */
#define LOOKS_BEHIND 8 /* of a command that is not the next */

/* Small kernels are done sooner than a sleeping thread wakes up. Not so what waits for others in
 * its queue: there, who looks takes the time of a core that may be the device's. */
static vane_status look_often(const vane_event *e)
{
    vane_status st = VANE_E_TIMEOUT;
    cl_int state = CL_QUEUED;
    for (uint32_t i = 0; st == VANE_E_TIMEOUT && i < (state == CL_QUEUED ? LOOKS_BEHIND : LOOKS);
         i++) {
        sched_yield();
        st = read_state(e->backend, e->event, &state);
    }
    return st;
}

static vane_status wait_forever(const vane_event *e)
{
    const ocl_api *cl = &e->backend->cl;
    cl_int code = cl->clWaitForEvents(1, &e->event);
    if (code == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST) {
        vane_status st = poll(e); /* says which error it was */
        if (st != VANE_OK && st != VANE_E_TIMEOUT)
            return st;
    }
    return status_of(e->backend, e->event, code, CL_COMPLETE, "clWaitForEvents");
}

/* OpenCL has no wait with a limit: sleep ever longer between two looks. */
static vane_status wait_until(const vane_event *e, uint64_t timeout_ns)
{
    const vane_host *host = e->backend->host;
    uint64_t begin = host->now_ns(host->ctx), pause_ns = 1000;
    vane_status st = poll(e);
    while (st == VANE_E_TIMEOUT) {
        uint64_t gone = host->now_ns(host->ctx) - begin;
        if (gone >= timeout_ns)
            break;
        if (pause_ns > timeout_ns - gone)
            pause_ns = timeout_ns - gone;
        struct timespec t = {.tv_sec = 0, .tv_nsec = (long)pause_ns};
        nanosleep(&t, NULL);
        if (pause_ns < 500000)
            pause_ns *= 2;
        st = poll(e);
    }
    return st;
}

static vane_status timed_out(const vane_event *e, uint64_t timeout_ns)
{
    const vane_host *host = e->backend->host;
    return host->fail(host->ctx, VANE_E_TIMEOUT, 0, "not done after %.3f ms",
                      (double)timeout_ns * 1e-6);
}

static vane_status wait_own(vane_event *e, uint64_t timeout_ns)
{
    vane_status st = poll(e);
    if (st == VANE_E_TIMEOUT) {
        flush(e);
        if (timeout_ns > 0)
            st = look_often(e);
    }
    if (st == VANE_E_TIMEOUT && timeout_ns > 0 && timeout_ns != UINT64_MAX)
        st = wait_until(e, timeout_ns);
    /* to have seen that it is complete does not make its results visible: to wait for it does */
    if (st == VANE_OK || (st == VANE_E_TIMEOUT && timeout_ns == UINT64_MAX))
        return wait_forever(e);
    return st == VANE_E_TIMEOUT ? timed_out(e, timeout_ns) : st;
}

/* What was launched before it is over by then. */
vane_status ocl_event_wait(vane_event *e, uint64_t timeout_ns)
{
    vane_status st = wait_own(e, timeout_ns);
    for (uint32_t i = 0; st == VANE_OK && i < e->n_kept; i++)
        st = ocl_command_status(e->backend, e->kept[i]);
    return st;
}

vane_status ocl_event_time(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns)
{
    const ocl_api *cl = &e->backend->cl;
    cl_ulong begin = 0, end = 0;
    cl_int code = cl->clGetEventProfilingInfo(e->event, CL_PROFILING_COMMAND_START, sizeof begin,
                                              &begin, NULL);
    if (code == CL_SUCCESS)
        code =
            cl->clGetEventProfilingInfo(e->event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
    if (code != CL_SUCCESS)
        return ocl_fail(e->backend->host, code, "clGetEventProfilingInfo");
    *begin_ns = begin;
    *end_ns = end;
    return VANE_OK;
}
