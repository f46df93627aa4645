/* SPDX-License-Identifier: MIT */
/* renew.c - a lost device gets a fresh context (vane/renew.h). What was in the old one is never
 * used again: queues get new streams, events and memory of then lose theirs.
 *
 * Whoever uses what is in a context is counted before he asks whether the device is lost; who makes
 * it anew looks at the count of a device that is lost, and stays so until all is there.
 */
#include "vane/renew.h"

#include "host.h"

static vane_status busy(const vane_device *d)
{
    const vane_host *host = d->backend->host;
    const unsigned inside = atomic_load(&d->inside), pinned = atomic_load(&d->pinned);
    if (inside > 0)
        return host->fail(host->ctx, VANE_E_BUSY, 0,
                          "%u threads are still inside calls for the lost device", inside);
    if (pinned > 0) /* the host may be reading it */
        return host->fail(host->ctx, VANE_E_BUSY, 0,
                          "%u blocks of pinned memory of the lost context are still in use",
                          pinned);
    return VANE_OK;
}

static CUresult queues_furnish(vane_device *d)
{
    const cuda_driver *cu = &d->backend->cu;
    CUcontext context;
    CUresult code = cu->cuCtxPushCurrent_v2(d->context);
    if (code != CUDA_SUCCESS)
        return code;
    for (vane_queue *q = d->queues; code == CUDA_SUCCESS && q; q = q->next)
        code = cuda_queue_furnish(q);
    cu->cuCtxPopCurrent_v2(&context);
    return code;
}

/* A context that somebody else of this process retains too is the old one still. */
static vane_status fail(const vane_device *d, CUresult code, const char *what)
{
    const vane_host *host = d->backend->host;
    if (code != (CUresult)atomic_load(&d->lost) || code == CUDA_ERROR_DEVICE_UNAVAILABLE)
        return cuda_fail(host, code, what);
    return host->fail(host->ctx, VANE_E_DEVICE_LOST, (int64_t)code,
                      "%s: %s (%d) again: something else in this process keeps the failed context, "
                      "or the process has to start anew",
                      what, cuda_error_name(code), (int)code);
}

static vane_status device_renew(vane_device *d)
{
    const char *what;
    int none = (int)CUDA_SUCCESS; /* it may be the core alone that gave it up */
    atomic_compare_exchange_strong(&d->lost, &none, (int)CUDA_ERROR_CONTEXT_IS_DESTROYED);
    const vane_status st = busy(d);
    if (st != VANE_OK)
        return st;
    cuda_context_give_up(d);
    CUresult code = cuda_context_make(d, &what);
    if (code == CUDA_SUCCESS) {
        what = "cuStreamCreate";
        code = queues_furnish(d);
        if (code != CUDA_SUCCESS)
            cuda_context_give_up(d);
    }
    if (code != CUDA_SUCCESS)
        return fail(d, code, what);
    cuda_nvml_open(d);
    atomic_store(&d->lost, (int)CUDA_SUCCESS);
    return VANE_OK;
}

const void *cuda_renewal(void)
{
    static const vane_renew renew = {.struct_size = sizeof renew, .device_renew = device_renew};
    return &renew;
}
