/* SPDX-License-Identifier: MIT */
/* queue.c - streams. */
#include "host.h"

vane_status cuda_queue_open(vane_device *d, vane_queue **out)
{
    const vane_host *host = d->backend->host;
    vane_status st = cuda_device_ready(d);
    if (st != VANE_OK)
        return st;
    vane_queue *q = host->alloc(host->ctx, sizeof *q, 64);
    if (!q)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a queue");
    *q = (vane_queue){.device = d};
    st = cuda_enter(d);
    if (st == VANE_OK) {
        const CUresult code = d->backend->cu.cuStreamCreate(&q->stream, CU_STREAM_NON_BLOCKING);
        cuda_leave(d);
        st = code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "cuStreamCreate");
    }
    if (st == VANE_OK)
        *out = q;
    else
        host->free(host->ctx, q);
    return st;
}

void cuda_queue_close(vane_queue *q)
{
    vane_device *d = q->device;
    const cuda_driver *cu = &d->backend->cu;
    const int current = cu->cuCtxPushCurrent_v2(d->context) == CUDA_SUCCESS;
    cu->cuStreamSynchronize(q->stream);
    cuda_staging_close(q);
    cuda_blas_release(q);
    if (q->scratch)
        cuda_memory_give(d, q->stream, q->scratch);
    if (q->counters)
        cuda_memory_give(d, q->stream, q->counters);
    cu->cuStreamDestroy_v2(q->stream);
    if (current)
        cuda_leave(d);
    d->backend->host->free(d->backend->host->ctx, q);
}

vane_status cuda_queue_sync(vane_queue *q)
{
    vane_device *d = q->device;
    const vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    const CUresult code = d->backend->cu.cuStreamSynchronize(q->stream);
    cuda_leave(d);
    return code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "cuStreamSynchronize");
}

/* The event may be another device's. */
vane_status cuda_queue_wait(vane_queue *q, vane_event *e)
{
    vane_device *d = q->device;
    const vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    const CUresult code = d->backend->cu.cuStreamWaitEvent(q->stream, e->end, 0);
    cuda_leave(d);
    return code == CUDA_SUCCESS ? VANE_OK
                                : cuda_devices_fail(d, e->device, code, "cuStreamWaitEvent");
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

vane_status cuda_queue_callback(vane_queue *q, void (*fn)(void *arg), void *arg)
{
    vane_device *d = q->device;
    const vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    const CUresult code = d->backend->cu.cuLaunchHostFunc(q->stream, fn, arg);
    cuda_leave(d);
    return code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "cuLaunchHostFunc");
}

vane_status cuda_queue_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                              vane_event **out)
{
    const cuda_kernel *kernel = (const cuda_kernel *)k;
    vane_event *e = NULL;
    vane_status st = cuda_enter(q->device);
    if (st != VANE_OK)
        return st;
    st = cuda_event_begin(q, out, &e);
    if (st == VANE_OK)
        st = cuda_event_end(q, kernel->run(q, kernel, call), e, out);
    cuda_leave(q->device);
    return st;
}
