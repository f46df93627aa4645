/* SPDX-License-Identifier: MIT */
/* queue.c - streams. */
#include "host.h"

static void list(vane_queue *q)
{
    vane_device *d = q->device;
    pthread_mutex_lock(&d->lock);
    q->next = d->queues;
    q->at_link = &d->queues;
    if (q->next)
        q->next->at_link = &q->next;
    d->queues = q;
    pthread_mutex_unlock(&d->lock);
}

static void unlist(vane_queue *q)
{
    pthread_mutex_lock(&q->device->lock);
    *q->at_link = q->next;
    if (q->next)
        q->next->at_link = q->at_link;
    pthread_mutex_unlock(&q->device->lock);
}

CUresult cuda_queue_furnish(vane_queue *q)
{
    return q->device->backend->cu.cuStreamCreate(&q->stream, CU_STREAM_NON_BLOCKING);
}

void cuda_queue_strip(vane_queue *q)
{
    vane_device *d = q->device;
    const cuda_driver *cu = &d->backend->cu;
    if (!q->stream)
        return;
    cuda_queue_drain(q);
    cuda_staging_close(q);
    cuda_blas_release(q);
    if (q->scratch)
        cuda_memory_give(d, q->stream, q->scratch);
    if (q->counters)
        cuda_memory_give(d, q->stream, q->counters);
    cu->cuStreamDestroy_v2(q->stream);
    q->stream = NULL;
    q->scratch = q->counters = 0;
    q->scratch_bytes = 0;
}

/* Where another process has the device, the queue waits for it like one of a lost device. */
static vane_status open_stream(vane_queue *q)
{
    vane_device *d = q->device;
    const vane_host *host = d->backend->host;
    vane_status st = cuda_device_ready(d);
    if (st != VANE_OK && atomic_load(&d->lost) == (int)CUDA_ERROR_DEVICE_UNAVAILABLE) {
        host->log(host->ctx, VANE_LOG_INFO,
                  "device %d: another process may have it, it is asked "
                  "for again later",
                  (int)d->id);
        return VANE_OK;
    }
    if (st == VANE_OK)
        st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    const CUresult code = cuda_queue_furnish(q);
    st = code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "cuStreamCreate");
    cuda_leave(d);
    return st;
}

vane_status cuda_queue_open(vane_device *d, vane_queue **out)
{
    const vane_host *host = d->backend->host;
    vane_queue *q = host->alloc(host->ctx, sizeof *q, 64);
    if (!q)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a queue");
    *q = (vane_queue){.device = d};
    const vane_status st = open_stream(q);
    if (st != VANE_OK) {
        host->free(host->ctx, q);
        return st;
    }
    list(q);
    *out = q;
    return VANE_OK;
}

void cuda_queue_close(vane_queue *q)
{
    vane_device *d = q->device;
    CUcontext context;
    if (q->stream) {
        const int current = d->backend->cu.cuCtxPushCurrent_v2(d->context) == CUDA_SUCCESS;
        cuda_queue_strip(q);
        if (current)
            d->backend->cu.cuCtxPopCurrent_v2(&context);
    }
    unlist(q);
    d->backend->host->free(d->backend->host->ctx, q);
}

CUresult cuda_queue_drain(vane_queue *q)
{
    const cuda_driver *cu = &q->device->backend->cu;
    CUresult code = cu->cuStreamSynchronize(q->stream);
    for (int i = 0; i < CUDA_ASKS && cuda_error_passes(code); i++)
        code = cu->cuStreamSynchronize(q->stream);
    return code;
}

vane_status cuda_queue_sync(vane_queue *q)
{
    vane_device *d = q->device;
    vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    const CUresult code = cuda_queue_drain(q);
    st = code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "cuStreamSynchronize");
    cuda_leave(d);
    return st;
}

static vane_status wait_for(vane_queue *q, const vane_event *e)
{
    if (!e->end)
        return cuda_was_lost(e->device, "the work to wait for");
    const CUresult code = q->device->backend->cu.cuStreamWaitEvent(q->stream, e->end, 0);
    return code == CUDA_SUCCESS
               ? VANE_OK
               : cuda_devices_fail(q->device, e->device, code, "cuStreamWaitEvent");
}

/* The event may be another device's. */
vane_status cuda_queue_wait(vane_queue *q, vane_event *e)
{
    vane_device *d = q->device;
    vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    st = cuda_hold(e->device);
    if (st == VANE_OK) {
        st = wait_for(q, e);
        cuda_let_go(e->device);
    }
    cuda_leave(d);
    return st;
}

/* What failed before it shows in every later answer of the context, so in that of the mark. */
vane_status cuda_queue_mark(vane_queue *q, vane_event **out)
{
    vane_device *d = q->device;
    vane_event *e = NULL;
    vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    st = cuda_event_take(q, &e);
    if (st == VANE_OK)
        st = cuda_event_end(q, VANE_OK, e, out);
    cuda_leave(d);
    return st;
}

/* Once the context failed, fn is not called any more: who waits for it waits for a mark too, which
 * ends with a status. */
vane_status cuda_queue_callback(vane_queue *q, void (*fn)(void *arg), void *arg)
{
    vane_device *d = q->device;
    vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    const CUresult code = d->backend->cu.cuLaunchHostFunc(q->stream, fn, arg);
    st = code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "cuLaunchHostFunc");
    cuda_leave(d);
    return st;
}

vane_status cuda_call_check(vane_device *d, const vane_call *call)
{
    for (uint32_t i = 0; i < call->n_arg; i++)
        if (call->arg[i].mem && !call->arg[i].mem->at)
            return cuda_was_lost(d, "an operand");
    return VANE_OK;
}

vane_status cuda_queue_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                              vane_event **out)
{
    const cuda_kernel *kernel = (const cuda_kernel *)k;
    vane_event *e = NULL;
    vane_status st = cuda_enter(q->device);
    if (st != VANE_OK)
        return st;
    st = cuda_call_check(q->device, call);
    if (st == VANE_OK)
        st = cuda_event_begin(q, out, &e);
    if (st == VANE_OK)
        st = cuda_event_end(q, kernel->run(q, kernel, call), e, out);
    cuda_leave(q->device);
    return st;
}
