/* SPDX-License-Identifier: MIT */
/* transfer.c - bytes between the host and cl_mem objects, in the queue's order. */
#include "host.h"

/* The end of every transfer: an error in words, or the event for the core. */
static vane_status finish(vane_queue *q, cl_int code, const char *what, cl_event e,
                          vane_event **out)
{
    if (code != CL_SUCCESS)
        return ocl_fail(q->device->backend->host, code, what);
    return out ? ocl_event_wrap(q, e, out) : VANE_OK;
}

/* No command: what an empty transfer is. */
static vane_status nothing(vane_event **out)
{
    if (out)
        *out = NULL;
    return VANE_OK;
}

vane_status ocl_upload(vane_queue *q, vane_mem *dst, uint64_t dst_offset, const void *src,
                       uint64_t bytes, vane_event **out)
{
    cl_event e = NULL;
    if (bytes == 0)
        return nothing(out);
    cl_int code = q->device->backend->cl.clEnqueueWriteBuffer(
        q->queue, dst->mem, CL_FALSE, dst_offset, bytes, src, 0, NULL, out ? &e : NULL);
    return finish(q, code, "clEnqueueWriteBuffer", e, out);
}

vane_status ocl_download(vane_queue *q, void *dst, vane_mem *src, uint64_t src_offset,
                         uint64_t bytes, vane_event **out)
{
    cl_event e = NULL;
    if (bytes == 0)
        return nothing(out);
    cl_int code = q->device->backend->cl.clEnqueueReadBuffer(
        q->queue, src->mem, CL_FALSE, src_offset, bytes, dst, 0, NULL, out ? &e : NULL);
    return finish(q, code, "clEnqueueReadBuffer", e, out);
}

/* ---- device to device ----------------------------------------------------------------- */

#define BOUNCE_BYTES (16u << 20)

/* Piece by piece through the host; source is a queue made for it. Blocks. */
static cl_int bounce(vane_queue *q, cl_command_queue source, vane_mem *dst, uint64_t dst_offset,
                     vane_mem *src, uint64_t src_offset, uint64_t bytes, void *room)
{
    const ocl_api *cl = &q->device->backend->cl;
    cl_int code = CL_SUCCESS;
    for (uint64_t at = 0; code == CL_SUCCESS && at < bytes; at += BOUNCE_BYTES) {
        uint64_t n = bytes - at < BOUNCE_BYTES ? bytes - at : BOUNCE_BYTES;
        code = cl->clEnqueueReadBuffer(source, src->mem, CL_TRUE, src_offset + at, n, room, 0, NULL,
                                       NULL);
        if (code == CL_SUCCESS)
            code = cl->clEnqueueWriteBuffer(q->queue, dst->mem, CL_TRUE, dst_offset + at, n, room,
                                            0, NULL, NULL);
    }
    return code;
}

/* Two devices share no context here. dst is of the queue's device, or src is. */
static vane_status copy_across(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                               uint64_t src_offset, uint64_t bytes)
{
    const vane_host *host = q->device->backend->host;
    const ocl_api *cl = &q->device->backend->cl;
    vane_device *other = dst->device == q->device ? src->device : dst->device;
    cl_int code = CL_SUCCESS;
    if (dst->device != q->device && src->device != q->device)
        return host->fail(host->ctx, VANE_E_ARGUMENT, 0, "copy: neither memory is the queue's");
    void *room = host->alloc(host->ctx, bytes < BOUNCE_BYTES ? bytes : BOUNCE_BYTES, 4096);
    if (!room)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory to copy between two devices");
    vane_queue there = {.device = other};
    there.queue = cl->clCreateCommandQueue(other->context, other->id, 0, &code);
    if (there.queue) {
        code = other == src->device
                   ? bounce(q, there.queue, dst, dst_offset, src, src_offset, bytes, room)
                   : bounce(&there, q->queue, dst, dst_offset, src, src_offset, bytes, room);
        cl->clReleaseCommandQueue(there.queue);
    }
    host->free(host->ctx, room);
    return code == CL_SUCCESS ? VANE_OK : ocl_fail(host, code, "copying between two devices");
}

vane_status ocl_copy(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                     uint64_t src_offset, uint64_t bytes, vane_event **out)
{
    cl_event e = NULL;
    if (bytes == 0)
        return nothing(out);
    if (dst->device != q->device || src->device != q->device) {
        nothing(out);
        return copy_across(q, dst, dst_offset, src, src_offset, bytes);
    }
    cl_int code = q->device->backend->cl.clEnqueueCopyBuffer(
        q->queue, src->mem, dst->mem, src_offset, dst_offset, bytes, 0, NULL, out ? &e : NULL);
    return finish(q, code, "clEnqueueCopyBuffer", e, out);
}

/* ---- maps ------------------------------------------------------------------------------ */

vane_status ocl_mem_map(vane_queue *q, vane_mem *m, uint64_t offset_bytes, uint64_t bytes,
                        uint32_t intent, void **out)
{
    cl_map_flags flags = 0;
    cl_int code = CL_SUCCESS;
    if (intent & VANE_MAP_READ)
        flags |= CL_MAP_READ;
    if (intent & VANE_MAP_WRITE)
        flags |= CL_MAP_WRITE;
    if (bytes == 0) { /* OpenCL maps no empty range: one byte, which every buffer has */
        flags = CL_MAP_READ;
        offset_bytes = 0;
        bytes = 1;
    }
    void *p = q->device->backend->cl.clEnqueueMapBuffer(q->queue, m->mem, CL_TRUE, flags,
                                                        offset_bytes, bytes, 0, NULL, NULL, &code);
    if (code != CL_SUCCESS)
        return ocl_fail(q->device->backend->host, code, "clEnqueueMapBuffer");
    *out = p;
    return VANE_OK;
}

vane_status ocl_mem_unmap(vane_queue *q, vane_mem *m, void *p, vane_event **out)
{
    cl_event e = NULL;
    cl_int code = q->device->backend->cl.clEnqueueUnmapMemObject(q->queue, m->mem, p, 0, NULL,
                                                                 out ? &e : NULL);
    return finish(q, code, "clEnqueueUnmapMemObject", e, out);
}
