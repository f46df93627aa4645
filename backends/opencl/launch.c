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

vane_status ocl_scratch(vane_queue *q, uint32_t slot, uint64_t bytes, cl_mem *out)
{
    vane_mem *m = q->scratch[slot];
    if (!m || m->bytes < bytes) {
        vane_mem *more = NULL;
        vane_status st = ocl_mem_alloc(q->device, VANE_SPACE_DEVICE, bytes, &more);
        if (st != VANE_OK)
            return st;
        if (m)
            ocl_mem_free(q->device, m); /* OpenCL keeps it until its commands are done */
        q->scratch[slot] = m = more;
    }
    *out = m->mem;
    return VANE_OK;
}
