/* SPDX-License-Identifier: MIT */
/* queue.c - in-order command queues. To keep times costs PoCL a twelfth of a launch. */
#include <sched.h>
#include <string.h>

#include "host.h"

static vane_status queue_open(vane_device *d, cl_command_queue_properties what, vane_queue **out)
{
    const vane_host *host = d->backend->host;
    cl_int code = CL_SUCCESS;
    vane_status st = ocl_device_ready(d);
    if (st != VANE_OK)
        return st;
    vane_queue *q = host->alloc(host->ctx, sizeof *q, 64);
    if (!q)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a queue");
    *q = (vane_queue){.device = d};
    q->queue = d->backend->cl.clCreateCommandQueue(d->context, d->id, what, &code);
    if (!q->queue) {
        host->free(host->ctx, q);
        return ocl_fail(host, code, "clCreateCommandQueue");
    }
    *out = q;
    return VANE_OK;
}

vane_status ocl_queue_open(vane_device *d, vane_queue **out)
{
    return queue_open(d, CL_QUEUE_PROFILING_ENABLE, out);
}

vane_status ocl_queue_open_untimed(vane_device *d, vane_queue **out)
{
    return queue_open(d, 0, out);
}

void ocl_queue_close(vane_queue *q)
{
    vane_device *d = q->device;
    d->backend->cl.clFinish(q->queue);
    while (atomic_load(&q->callbacks) > 0)
        sched_yield(); /* clFinish does not wait for callbacks */
    ocl_functions_release(q);
    while (q->n_kept > 0)
        d->backend->cl.clReleaseEvent(q->kept[--q->n_kept]);
    for (size_t i = 0; i < sizeof q->scratch / sizeof q->scratch[0]; i++) {
        if (q->scratch[i])
            ocl_mem_free(d, q->scratch[i]);
    }
    d->backend->cl.clReleaseCommandQueue(q->queue);
    d->backend->host->free(d->backend->host->ctx, q);
}

vane_status ocl_queue_sync(vane_queue *q)
{
    cl_int code = q->device->backend->cl.clFinish(q->queue);
    return code == CL_SUCCESS ? VANE_OK
                              : ocl_fail_queue(q->device->backend, q->queue, code, "clFinish");
}

/* ---- waiting for another queue ------------------------------------------------------ */

/* Of a dependency that failed, its own error says more. */
static vane_status wait_failed(vane_queue *q, vane_event *e, cl_int code)
{
    vane_status st = VANE_OK;
    if (code == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)
        st = ocl_event_wait(e, UINT64_MAX);
    return st != VANE_OK ? st : ocl_fail(q->device->backend->host, code, "waiting for an event");
}

/* The queue that makes the event must have been flushed, or both could wait for ever. */
vane_status ocl_queue_wait(vane_queue *q, vane_event *e)
{
    const ocl_api *cl = &q->device->backend->cl;
    cl_command_queue other = NULL;
    cl_context context = NULL;
    cl_int code = cl->clGetEventInfo(e->event, CL_EVENT_COMMAND_QUEUE, sizeof(cl_command_queue),
                                     &other, NULL);
    if (code == CL_SUCCESS && other == q->queue)
        return VANE_OK; /* in order already */
    if (code == CL_SUCCESS)
        code = cl->clGetEventInfo(e->event, CL_EVENT_CONTEXT, sizeof(cl_context), &context, NULL);
    if (code == CL_SUCCESS && other)
        code = cl->clFlush(other);
    if (code == CL_SUCCESS && context != q->device->context)
        return ocl_event_wait(e, UINT64_MAX); /* another device's: no barrier can name it */
    if (code == CL_SUCCESS)
        code = cl->clEnqueueBarrierWithWaitList(q->queue, 1, &e->event, NULL);
    return code == CL_SUCCESS ? VANE_OK : wait_failed(q, e, code);
}

/* ---- marks ------------------------------------------------------------------------ */

/* e with what was kept before it. Where e was complete at once, so was that. */
static vane_status wrap(vane_queue *q, cl_event e, vane_event **out)
{
    const vane_backend *b = q->device->backend;
    vane_status st = ocl_event_wrap(q, e, out);
    vane_event *event = st == VANE_OK ? *out : NULL;
    if (event) {
        event->n_kept = q->n_kept;
        memcpy(event->kept, q->kept, q->n_kept * sizeof q->kept[0]);
        q->n_kept = 0;
    }
    for (; q->n_kept > 0; b->cl.clReleaseEvent(q->kept[q->n_kept])) {
        q->n_kept--;
        st = st == VANE_OK ? ocl_command_status(b, q->kept[q->n_kept]) : st;
    }
    return st;
}

vane_status ocl_queue_mark(vane_queue *q, vane_event **out)
{
    cl_event e = NULL;
    cl_int code = q->device->backend->cl.clEnqueueMarkerWithWaitList(q->queue, 0, NULL, &e);
    if (code != CL_SUCCESS)
        return ocl_fail_queue(q->device->backend, q->queue, code, "clEnqueueMarkerWithWaitList");
    return wrap(q, e, out);
}

/* A launch without an event for the core: what becomes of it is found out with the next that has
 * one. Its failure need not be that one's in OpenCL. On the host's own cores a kernel that was
 * taken can only end the process, and an event costs as much as a small kernel: e is NULL. */
static vane_status keep(vane_queue *q, cl_event e)
{
    const ocl_api *cl = &q->device->backend->cl;
    vane_status st = VANE_OK;
    if (!e)
        return VANE_OK;
    if (q->n_kept == OCL_KEPT) { /* the oldest has to do without */
        cl->clWaitForEvents(1, q->kept);
        st = ocl_command_status(q->device->backend, q->kept[0]);
        cl->clReleaseEvent(q->kept[0]);
        q->n_kept--;
        memmove(q->kept, q->kept + 1, q->n_kept * sizeof q->kept[0]);
    }
    q->kept[q->n_kept++] = e;
    return st;
}

/* ---- callbacks -------------------------------------------------------------------- */

typedef struct callback {
    vane_queue *queue;
    void (*fn)(void *arg);
    void *arg;
} callback;

/* On a thread of the driver's. After the count nothing of the queue is touched. */
static void CL_CALLBACK call_back(cl_event e, cl_int state, void *arg)
{
    callback c = *(callback *)arg;
    const vane_host *host = c.queue->device->backend->host;
    (void)e;
    (void)state;
    host->free(host->ctx, arg);
    c.fn(c.arg);
    atomic_fetch_sub(&c.queue->callbacks, 1);
}

static cl_int set_callback(vane_queue *q, callback *c)
{
    const ocl_api *cl = &q->device->backend->cl;
    cl_event marker = NULL;
    cl_int code = cl->clEnqueueMarkerWithWaitList(q->queue, 0, NULL, &marker);
    if (code != CL_SUCCESS)
        return code;
    atomic_fetch_add(&q->callbacks, 1);
    code = cl->clSetEventCallback(marker, CL_COMPLETE, call_back, c);
    if (code != CL_SUCCESS)
        atomic_fetch_sub(&q->callbacks, 1);
    cl->clReleaseEvent(marker);
    cl->clFlush(q->queue);
    return code;
}

vane_status ocl_queue_callback(vane_queue *q, void (*fn)(void *arg), void *arg)
{
    const vane_host *host = q->device->backend->host;
    callback *c = host->alloc(host->ctx, sizeof *c, 64);
    if (!c)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a callback");
    *c = (callback){.queue = q, .fn = fn, .arg = arg};
    cl_int code = set_callback(q, c);
    if (code == CL_SUCCESS)
        return VANE_OK;
    host->free(host->ctx, c);
    return ocl_fail(host, code, "clSetEventCallback");
}

/* ---- work ------------------------------------------------------------------------- */

vane_status ocl_queue_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                             vane_event **out)
{
    const ocl_kernel *kernel = (const ocl_kernel *)k;
    cl_event e = NULL;
    q->scratch_held = 0;
    vane_status st = kernel->run(q, kernel, call, out || !q->device->is_cpu ? &e : NULL);
    if (st != VANE_OK)
        return st;
    return out ? wrap(q, e, out) : keep(q, e);
}
