/* SPDX-License-Identifier: MIT */
/* launch.c - one kernel onto a queue, and the queue's scratch memory. */
#include "host.h"

vane_status ocl_launch(vane_queue *q, cl_kernel kernel, cl_int code, uint32_t dims,
                       const size_t *global, const size_t *local, const char *name, cl_event *out)
{
    const ocl_api *cl = &q->device->backend->cl;
    if (code != CL_SUCCESS)
        return ocl_fail(q->device->backend->host, code, name);
    code = cl->clEnqueueNDRangeKernel(q->queue, kernel, dims, NULL, global, local, 0, NULL, out);
    return code == CL_SUCCESS ? VANE_OK : ocl_fail(q->device->backend->host, code, name);
}

static int drop(vane_queue *q, uint32_t slot)
{
    if (!q->scratch[slot])
        return 0;
    ocl_mem_free(q->device, q->scratch[slot]);
    q->scratch[slot] = NULL;
    return 1;
}

/* Frees slot and what the call in progress has not asked for, in earnest: with no command left
 * that uses it. Returns 0 when there was nothing. */
static int give_back(vane_queue *q, uint32_t slot)
{
    int any = 0;
    q->device->backend->cl.clFinish(q->queue);
    for (uint32_t i = 0; i < sizeof q->scratch / sizeof q->scratch[0]; i++) {
        if (i == slot || !(q->scratch_held >> i & 1))
            any |= drop(q, i);
    }
    return any;
}

vane_status ocl_scratch(vane_queue *q, uint32_t slot, uint64_t bytes, cl_mem *out)
{
    vane_mem *m = q->scratch[slot];
    if (!m || m->bytes < bytes) {
        vane_mem *more = NULL;
        vane_status st = ocl_mem_alloc(q->device, VANE_SPACE_DEVICE, bytes, &more);
        if (st == VANE_E_NOMEM && give_back(q, slot))
            st = ocl_mem_alloc(q->device, VANE_SPACE_DEVICE, bytes, &more);
        if (st != VANE_OK)
            return st;
        drop(q, slot); /* OpenCL keeps it until its commands are done */
        q->scratch[slot] = m = more;
    }
    q->scratch_held |= 1u << slot;
    *out = m->mem;
    return VANE_OK;
}
