/* SPDX-License-Identifier: MIT */
/* event.c - the core's events, each a pair of CUDA's: where a command begins, where it ends. They
 * come from a device's free list, for to make one costs more than to record it.
 */
#include <sched.h>
#include <time.h>

#include "host.h"

typedef struct slot {
    vane_event event;  /* first: a vane_event of ours is a slot */
    struct slot *next; /* of those that are free */
    struct slot *all;
} slot;

/* With the context current: the driver's part. */
static CUresult furnish(vane_device *d, vane_event *e)
{
    const cuda_driver *cu = &d->backend->cu;
    CUevent begin = NULL, end = NULL;
    CUresult code = cu->cuEventCreate(&begin, CU_EVENT_BLOCKING_SYNC);
    if (code != CUDA_SUCCESS)
        return code;
    code = cu->cuEventCreate(&end, CU_EVENT_BLOCKING_SYNC);
    if (code != CUDA_SUCCESS) {
        cu->cuEventDestroy_v2(begin);
        return code;
    }
    e->begin = begin;
    e->end = end;
    return CUDA_SUCCESS;
}

/* NULL: no memory. */
static slot *make(vane_device *d)
{
    const vane_host *host = d->backend->host;
    slot *s = host->alloc(host->ctx, sizeof *s, 64);
    if (!s)
        return NULL;
    *s = (slot){.event = {.device = d}};
    pthread_mutex_lock(&d->lock);
    s->all = (slot *)d->events;
    d->events = s;
    pthread_mutex_unlock(&d->lock);
    return s;
}

vane_status cuda_event_take(vane_queue *q, vane_event **out)
{
    vane_device *d = q->device;
    CUresult code = CUDA_SUCCESS;
    pthread_mutex_lock(&d->lock);
    slot *s = (slot *)d->free_events;
    if (s)
        d->free_events = s->next;
    pthread_mutex_unlock(&d->lock);
    if (!s)
        s = make(d);
    if (s && !s->event.end)
        code = furnish(d, &s->event);
    if (s && code != CUDA_SUCCESS)
        cuda_event_free(&s->event);
    if (!s || code != CUDA_SUCCESS)
        return cuda_device_fail(d, s ? code : CUDA_ERROR_OUT_OF_MEMORY, "cuEventCreate");
    s->event.timed = 0;
    *out = &s->event;
    return VANE_OK;
}

void cuda_event_free(vane_event *e)
{
    vane_device *d = e->device;
    slot *s = (slot *)e;
    pthread_mutex_lock(&d->lock);
    s->next = (slot *)d->free_events;
    d->free_events = s;
    pthread_mutex_unlock(&d->lock);
}

void cuda_events_lose(vane_device *d)
{
    const cuda_driver *cu = &d->backend->cu;
    for (slot *s = (slot *)d->events; s; s = s->all) {
        if (!s->event.end)
            continue;
        cu->cuEventDestroy_v2(s->event.begin);
        cu->cuEventDestroy_v2(s->event.end);
        s->event.begin = s->event.end = NULL;
    }
}

void cuda_events_close(vane_device *d)
{
    for (slot *s = (slot *)d->events, *next; s; s = next) {
        next = s->all;
        d->backend->host->free(d->backend->host->ctx, s);
    }
    d->events = d->free_events = NULL;
}

vane_status cuda_event_begin(vane_queue *q, vane_event **out, vane_event **event)
{
    vane_device *d = q->device;
    *event = NULL;
    if (!out)
        return VANE_OK;
    *out = NULL;
    vane_status st = cuda_event_take(q, event);
    if (st != VANE_OK)
        return st;
    const CUresult code = d->backend->cu.cuEventRecord((*event)->begin, q->stream);
    if (code == CUDA_SUCCESS) {
        (*event)->timed = 1;
        (*event)->setups = q->setups;
        return VANE_OK;
    }
    cuda_event_free(*event);
    *event = NULL;
    return cuda_device_fail(d, code, "cuEventRecord");
}

/* A command that is under way must not be told as failed: without an event it is waited for. */
static vane_status without(vane_queue *q, CUresult code)
{
    return cuda_queue_drain(q) == CUDA_SUCCESS ? VANE_OK
                                               : cuda_device_fail(q->device, code, "cuEventRecord");
}

/* Of a command of several parts one may have begun before another failed, and the caller takes back
 * the memory of what failed. Module loading and the like are no part of what the command takes:
 * then it has no time. */
vane_status cuda_event_end(vane_queue *q, vane_status st, vane_event *event, vane_event **out)
{
    if (st != VANE_OK)
        cuda_queue_drain(q);
    if (!event)
        return st;
    event->timed &= event->setups == q->setups;
    if (st != VANE_OK) {
        cuda_event_free(event);
        return st;
    }
    const CUresult code = q->device->backend->cu.cuEventRecord(event->end, q->stream);
    if (code == CUDA_SUCCESS) {
        *out = event;
        return VANE_OK;
    }
    cuda_event_free(event);
    *out = NULL;
    return without(q, code);
}

/* ---- waiting --------------------------------------------------------------------------- */

/* To ask may fail where the work does not. What became of the work stays, so it is told again. */
static CUresult ask(const vane_event *e, CUresult (*how)(CUevent))
{
    CUresult code = how(e->end);
    for (int i = 0; i < CUDA_ASKS && cuda_error_passes(code); i++)
        code = how(e->end);
    return code;
}

#define LOOKS 100 /* some microseconds */

/* Small kernels are done sooner than a sleeping thread wakes up. */
static CUresult look_often(const vane_event *e)
{
    CUresult code = CUDA_ERROR_NOT_READY;
    for (uint32_t i = 0; code == CUDA_ERROR_NOT_READY && i < LOOKS; i++) {
        sched_yield();
        code = ask(e, e->device->backend->cu.cuEventQuery);
    }
    return code;
}

/* CUDA has no wait with a limit: sleep ever longer between two looks. */
static CUresult wait_until(const vane_event *e, uint64_t timeout_ns)
{
    const vane_host *host = e->device->backend->host;
    const uint64_t begin = host->now_ns(host->ctx);
    uint64_t pause_ns = 1000, gone = 0;
    CUresult code = CUDA_ERROR_NOT_READY;
    while (code == CUDA_ERROR_NOT_READY && gone < timeout_ns) {
        if (pause_ns > timeout_ns - gone)
            pause_ns = timeout_ns - gone;
        struct timespec t = {.tv_sec = 0, .tv_nsec = (long)pause_ns};
        nanosleep(&t, NULL);
        if (pause_ns < 500000)
            pause_ns *= 2;
        code = ask(e, e->device->backend->cu.cuEventQuery);
        gone = host->now_ns(host->ctx) - begin;
    }
    return code;
}

/* With its context current. */
static vane_status wait_inside(const vane_event *e, uint64_t timeout_ns)
{
    vane_device *d = e->device;
    const cuda_driver *cu = &d->backend->cu;
    if (!e->end)
        return cuda_was_lost(d, "this work");
    CUresult code = ask(e, cu->cuEventQuery);
    if (code == CUDA_ERROR_NOT_READY && timeout_ns > 0)
        code = look_often(e);
    if (code == CUDA_ERROR_NOT_READY && timeout_ns == UINT64_MAX)
        code = ask(e, cu->cuEventSynchronize);
    else if (code == CUDA_ERROR_NOT_READY && timeout_ns > 0)
        code = wait_until(e, timeout_ns);
    if (code == CUDA_ERROR_NOT_READY)
        return d->backend->host->fail(d->backend->host->ctx, VANE_E_TIMEOUT, 0,
                                      "not done after %.3f ms", (double)timeout_ns * 1e-6);
    return code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "a command that was queued");
}

vane_status cuda_event_wait(vane_event *e, uint64_t timeout_ns)
{
    vane_status st = cuda_enter(e->device);
    if (st != VANE_OK)
        return st;
    st = wait_inside(e, timeout_ns);
    cuda_leave(e->device);
    return st;
}

/* ---- times ----------------------------------------------------------------------------- */

CUresult cuda_epoch_set(vane_device *d)
{
    const vane_host *host = d->backend->host;
    const cuda_driver *cu = &d->backend->cu;
    const uint64_t before = host->now_ns(host->ctx);
    CUresult code = cu->cuEventRecord(d->epoch, d->memory);
    if (code == CUDA_SUCCESS)
        code = cu->cuEventSynchronize(d->epoch);
    if (code == CUDA_SUCCESS)
        d->epoch_ns = before + (host->now_ns(host->ctx) - before) / 2;
    return code;
}

#define NEAR_MS 2000.0f /* a float tells it to a quarter of a microsecond */

/* In milliseconds, a float, an event is told the worse the further it is: the epoch follows. */
static CUresult moment_of(vane_device *d, CUevent at, uint64_t *out)
{
    const cuda_driver *cu = &d->backend->cu;
    float since = 0;
    pthread_mutex_lock(&d->time);
    CUresult code = cu->cuEventElapsedTime(&since, d->epoch, at);
    if (code == CUDA_SUCCESS && since > NEAR_MS) {
        code = cuda_epoch_set(d);
        if (code == CUDA_SUCCESS)
            code = cu->cuEventElapsedTime(&since, d->epoch, at);
    }
    *out = d->epoch_ns + (uint64_t)(int64_t)((double)since * 1e6);
    pthread_mutex_unlock(&d->time);
    return code;
}

static CUresult time_of(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns)
{
    float length = 0;
    CUresult code = e->device->backend->cu.cuEventElapsedTime(&length, e->begin, e->end);
    if (code == CUDA_SUCCESS)
        code = moment_of(e->device, e->begin, begin_ns);
    *end_ns = *begin_ns + (uint64_t)((double)length * 1e6);
    return code;
}

vane_status cuda_event_time(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns)
{
    vane_device *d = e->device;
    if (!e->timed)
        return d->backend->host->fail(d->backend->host->ctx, VANE_E_UNSUPPORTED, 0,
                                      "a mark, and a command that had to load code or to make room "
                                      "first, have no duration");
    vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    const CUresult code = e->end ? time_of(e, begin_ns, end_ns) : CUDA_SUCCESS;
    if (!e->end)
        st = cuda_was_lost(d, "this work");
    else if (code != CUDA_SUCCESS)
        st = cuda_device_fail(d, code, "cuEventElapsedTime");
    cuda_leave(d);
    return st;
}
