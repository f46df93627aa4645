/* SPDX-License-Identifier: MIT */
/* event.c - the core's events, each a pair of CUDA's: where a command begins, where it ends. They
 * come from a device's free list, for to make one costs more than to record it.
 */
#include <sched.h>
#include <time.h>

#include "host.h"

typedef struct slot {
    vane_event event; /* first: a vane_event of ours is a slot */
    struct slot *next;
} slot;

/* Called with the context current; NULL where something is out of memory. */
static slot *make(vane_device *d, CUresult *code)
{
    const vane_host *host = d->backend->host;
    const cuda_driver *cu = &d->backend->cu;
    slot *s = host->alloc(host->ctx, sizeof *s, 64);
    *code = CUDA_ERROR_OUT_OF_MEMORY;
    if (!s)
        return NULL;
    *s = (slot){.event = {.device = d}};
    *code = cu->cuEventCreate(&s->event.begin, CU_EVENT_BLOCKING_SYNC);
    if (*code == CUDA_SUCCESS) {
        *code = cu->cuEventCreate(&s->event.end, CU_EVENT_BLOCKING_SYNC);
        if (*code == CUDA_SUCCESS)
            return s;
        cu->cuEventDestroy_v2(s->event.begin);
    }
    host->free(host->ctx, s);
    return NULL;
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
        s = make(d, &code);
    if (!s)
        return cuda_device_fail(d, code, "cuEventCreate");
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

void cuda_events_close(vane_device *d)
{
    const cuda_driver *cu = &d->backend->cu;
    for (slot *s = (slot *)d->free_events, *next; s; s = next) {
        next = s->next;
        cu->cuEventDestroy_v2(s->event.begin);
        cu->cuEventDestroy_v2(s->event.end);
        d->backend->host->free(d->backend->host->ctx, s);
    }
    d->free_events = NULL;
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
        return VANE_OK;
    }
    cuda_event_free(*event);
    *event = NULL;
    return cuda_device_fail(d, code, "cuEventRecord");
}

/* A command that is under way must not be told as failed: without an event it is waited for. */
static vane_status without(vane_queue *q, CUresult code)
{
    const CUresult again = q->device->backend->cu.cuStreamSynchronize(q->stream);
    return again == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(q->device, code, "cuEventRecord");
}

vane_status cuda_event_end(vane_queue *q, vane_status st, vane_event *event, vane_event **out)
{
    if (!event)
        return st;
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

#define LOOKS 100 /* some microseconds */

/* Small kernels are done sooner than a sleeping thread wakes up. */
static CUresult look_often(const vane_event *e)
{
    CUresult code = CUDA_ERROR_NOT_READY;
    for (uint32_t i = 0; code == CUDA_ERROR_NOT_READY && i < LOOKS; i++) {
        sched_yield();
        code = e->device->backend->cu.cuEventQuery(e->end);
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
        code = e->device->backend->cu.cuEventQuery(e->end);
        gone = host->now_ns(host->ctx) - begin;
    }
    return code;
}

vane_status cuda_event_wait(vane_event *e, uint64_t timeout_ns)
{
    vane_device *d = e->device;
    const cuda_driver *cu = &d->backend->cu;
    const vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    CUresult code = cu->cuEventQuery(e->end);
    if (code == CUDA_ERROR_NOT_READY && timeout_ns > 0)
        code = look_often(e);
    if (code == CUDA_ERROR_NOT_READY && timeout_ns == UINT64_MAX)
        code = cu->cuEventSynchronize(e->end);
    else if (code == CUDA_ERROR_NOT_READY && timeout_ns > 0)
        code = wait_until(e, timeout_ns);
    cuda_leave(d);
    if (code == CUDA_ERROR_NOT_READY)
        return d->backend->host->fail(d->backend->host->ctx, VANE_E_TIMEOUT, 0,
                                      "not done after %.3f ms", (double)timeout_ns * 1e-6);
    return code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "a command that was queued");
}

/* ---- times ----------------------------------------------------------------------------- */

/* A float of milliseconds: the duration is exact, where it begins is the worse the later it is. */
vane_status cuda_event_time(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns)
{
    vane_device *d = e->device;
    const cuda_driver *cu = &d->backend->cu;
    float since = 0, length = 0;
    if (!e->timed)
        return d->backend->host->fail(d->backend->host->ctx, VANE_E_UNSUPPORTED, 0,
                                      "a mark has no duration");
    const vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    CUresult code = cu->cuEventElapsedTime(&length, e->begin, e->end);
    if (code == CUDA_SUCCESS)
        code = cu->cuEventElapsedTime(&since, d->epoch, e->begin);
    cuda_leave(d);
    if (code != CUDA_SUCCESS)
        return cuda_device_fail(d, code, "cuEventElapsedTime");
    *begin_ns = d->epoch_ns + (uint64_t)((double)since * 1e6);
    *end_ns = *begin_ns + (uint64_t)((double)length * 1e6);
    return VANE_OK;
}
