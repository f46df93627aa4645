/* SPDX-License-Identifier: MIT */
/* memory.c - the device's own memory and pinned memory of the host.
 *
 * Device memory comes from a pool of the driver's, in stream order: unlike cuMemFree, giving it
 * back there does not wait for everything that runs.
 */
#include "host.h"

static CUresult take_once(vane_device *d, CUstream stream, uint64_t bytes, CUdeviceptr *out)
{
    const cuda_driver *cu = &d->backend->cu;
    return d->pool ? cu->cuMemAllocFromPoolAsync(out, bytes, d->pool, stream)
                   : cu->cuMemAlloc_v2(out, bytes);
}

CUresult cuda_memory_take(vane_device *d, CUstream stream, uint64_t bytes, CUdeviceptr *out)
{
    const cuda_driver *cu = &d->backend->cu;
    CUresult code = take_once(d, stream, bytes, out);
    if (code != CUDA_ERROR_OUT_OF_MEMORY || !d->pool)
        return code;
    /* frees that are under way, then what the pool keeps */
    code = cu->cuStreamSynchronize(d->memory);
    if (code == CUDA_SUCCESS && stream != d->memory)
        code = cu->cuStreamSynchronize(stream);
    if (code == CUDA_SUCCESS)
        code = cu->cuMemPoolTrimTo(d->pool, 0);
    return code == CUDA_SUCCESS ? take_once(d, stream, bytes, out) : code;
}

CUresult cuda_memory_give(vane_device *d, CUstream stream, CUdeviceptr at)
{
    const cuda_driver *cu = &d->backend->cu;
    return d->pool ? cu->cuMemFreeAsync(at, stream) : cu->cuMemFree_v2(at);
}

/* Every queue may use it at once: it waits until the memory is there. */
static CUresult take_device(vane_device *d, uint64_t bytes, vane_mem *m)
{
    CUresult code = cuda_memory_take(d, d->memory, bytes, &m->at);
    if (code != CUDA_SUCCESS || !d->pool)
        return code;
    code = d->backend->cu.cuStreamSynchronize(d->memory);
    if (code != CUDA_SUCCESS)
        cuda_memory_give(d, d->memory, m->at);
    return code;
}

/* With unified addressing, which every such device has, its address is the host's. */
static CUresult take_pinned(vane_device *d, uint64_t bytes, vane_mem *m)
{
    const CUresult code = d->backend->cu.cuMemHostAlloc(
        &m->host, bytes, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP);
    m->at = (CUdeviceptr)(uintptr_t)m->host;
    return code;
}

vane_status cuda_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out)
{
    const vane_host *host = d->backend->host;
    const int pinned = space == VANE_SPACE_PINNED;
    if (space == VANE_SPACE_SHARED)
        return host->fail(host->ctx, VANE_E_UNSUPPORTED, 0,
                          "the device shares no memory with the host");
    vane_status st = cuda_device_ready(d);
    if (st != VANE_OK)
        return st;
    vane_mem *m = host->alloc(host->ctx, sizeof *m, 64);
    if (!m)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a memory object");
    *m = (vane_mem){.device = d, .bytes = bytes};
    st = cuda_enter(d);
    if (st == VANE_OK) {
        const uint64_t some = bytes ? bytes : 1; /* CUDA knows no empty memory */
        const CUresult code = pinned ? take_pinned(d, some, m) : take_device(d, some, m);
        cuda_leave(d);
        if (code != CUDA_SUCCESS)
            st = cuda_device_fail(d, code, pinned ? "cuMemHostAlloc" : "cuMemAllocFromPoolAsync");
    }
    if (st == VANE_OK)
        *out = m;
    else
        host->free(host->ctx, m);
    return st;
}

/* Of a lost device the memory went, or goes, with its context. */
void cuda_mem_free(vane_device *d, vane_mem *m)
{
    const cuda_driver *cu = &d->backend->cu;
    if (d->context && cu->cuCtxPushCurrent_v2(d->context) == CUDA_SUCCESS) {
        if (m->host)
            cu->cuMemFreeHost(m->host);
        else
            cuda_memory_give(d, d->memory, m->at);
        cuda_leave(d);
    }
    d->backend->host->free(d->backend->host->ctx, m);
}

void *cuda_mem_host_ptr(vane_mem *m)
{
    return m->host;
}
