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

static vane_mem *list(vane_device *d, vane_mem *m)
{
    pthread_mutex_lock(&d->lock);
    m->next = d->memories;
    m->at_link = &d->memories;
    if (m->next)
        m->next->at_link = &m->next;
    d->memories = m;
    pthread_mutex_unlock(&d->lock);
    if (m->host)
        atomic_fetch_add(&d->pinned, 1);
    return m;
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
        if (code != CUDA_SUCCESS)
            st = cuda_device_fail(d, code, pinned ? "cuMemHostAlloc" : "cuMemAllocFromPoolAsync");
        cuda_leave(d);
    }
    if (st == VANE_OK)
        *out = list(d, m);
    else
        host->free(host->ctx, m);
    return st;
}

static void unlist(vane_device *d, vane_mem *m)
{
    pthread_mutex_lock(&d->lock);
    *m->at_link = m->next;
    if (m->next)
        m->next->at_link = m->at_link;
    pthread_mutex_unlock(&d->lock);
    if (m->host)
        atomic_fetch_sub(&d->pinned, 1);
}

/* With its context current. */
static void give(vane_device *d, const vane_mem *m)
{
    if (m->host)
        d->backend->cu.cuMemFreeHost(m->host);
    else if (m->at)
        cuda_memory_give(d, d->memory, m->at);
}

/* Of a lost device the memory went, or goes, with its context; the driver is told all the same. The
 * device's lock, which the caller has, keeps away who makes it anew. */
void cuda_mem_free(vane_device *d, vane_mem *m)
{
    CUcontext context;
    if (d->context && d->backend->cu.cuCtxPushCurrent_v2(d->context) == CUDA_SUCCESS) {
        give(d, m);
        d->backend->cu.cuCtxPopCurrent_v2(&context);
    }
    unlist(d, m);
    d->backend->host->free(d->backend->host->ctx, m);
}

void cuda_memories_lose(vane_device *d)
{
    for (vane_mem *m = d->memories; m; m = m->next) {
        give(d, m);
        m->at = 0;
    }
}

void *cuda_mem_host_ptr(vane_mem *m)
{
    return m->host;
}
