/* SPDX-License-Identifier: MIT */
/* launch.c - one kernel onto a queue, and the queue's scratch memory. The context is current. */
#include "host.h"

static vane_status launch(vane_queue *q, cuda_stem stem, CUfunction function, const void *args,
                          uint32_t x, uint32_t y)
{
    vane_device *d = q->device;
    void *params[] = {(void *)(uintptr_t)args};
    const CUresult code = d->backend->cu.cuLaunchKernel(function, x, y, 1, cuda_stem_threads(stem),
                                                        1, 1, 0, q->stream, params, NULL);
    return code == CUDA_SUCCESS ? VANE_OK : cuda_device_fail(d, code, "cuLaunchKernel");
}

/* Code is not loaded, nor memory allocated, into a graph. */
static vane_status not_now(const vane_queue *q, const char *what)
{
    const vane_host *host = q->device->backend->host;
    return host->fail(host->ctx, VANE_E_UNSUPPORTED, 0, "%s while a graph is recorded", what);
}

vane_status cuda_function_for(vane_queue *q, cuda_stem stem, uint32_t dtype, cuda_function **out)
{
    vane_device *d = q->device;
    if (q->records && !atomic_load(&d->functions[stem][dtype].function))
        return not_now(q, "device code has to be loaded");
    q->setups += !atomic_load(&d->functions[stem][dtype].function);
    return cuda_function_get(d, stem, dtype, out);
}

vane_status cuda_launch(vane_queue *q, cuda_stem stem, uint32_t dtype, const void *args, uint32_t x,
                        uint32_t y)
{
    cuda_function *f;
    const vane_status st = cuda_function_for(q, stem, dtype, &f);
    if (st != VANE_OK)
        return st;
    return launch(q, stem, atomic_load_explicit(&f->function, memory_order_relaxed), args, x, y);
}

vane_status cuda_launch_over(vane_queue *q, cuda_stem stem, uint32_t dtype, const void *args,
                             uint64_t items)
{
    cuda_function *f;
    const uint32_t threads = cuda_stem_threads(stem);
    const vane_status st = cuda_function_for(q, stem, dtype, &f);
    if (st != VANE_OK)
        return st;
    uint64_t blocks = (items + threads - 1) / threads;
    if (blocks > f->blocks)
        blocks = f->blocks;
    return launch(q, stem, atomic_load_explicit(&f->function, memory_order_relaxed), args,
                  blocks > 0 ? (uint32_t)blocks : 1, 1);
}

/* ---- scratch ---------------------------------------------------------------------------- */

vane_status cuda_scratch(vane_queue *q, uint64_t bytes, CUdeviceptr *out)
{
    vane_device *d = q->device;
    CUdeviceptr more = 0;
    if (q->scratch_bytes < bytes && q->records)
        return not_now(q, "scratch memory has to grow");
    if (q->scratch_bytes < bytes) {
        q->setups++;
        q->scratch_moves++;
        if (q->scratch) { /* in the stream's order: whatever uses it is before */
            const CUresult freed = cuda_memory_give(d, q->stream, q->scratch);
            q->scratch = 0;
            q->scratch_bytes = 0;
            if (freed != CUDA_SUCCESS)
                return cuda_device_fail(d, freed, "cuMemFreeAsync");
        }
        const CUresult code = cuda_memory_take(d, q->stream, bytes, &more);
        if (code != CUDA_SUCCESS)
            return cuda_device_fail(d, code, "cuMemAllocFromPoolAsync");
        q->scratch = more;
        q->scratch_bytes = bytes;
    }
    *out = q->scratch;
    return VANE_OK;
}

vane_status cuda_counters(vane_queue *q, CUdeviceptr *out)
{
    vane_device *d = q->device;
    if (!q->counters && q->records)
        return not_now(q, "counters have to be allocated");
    if (!q->counters) {
        CUdeviceptr some = 0;
        q->setups++;
        CUresult code = cuda_memory_take(d, q->stream, CUDA_COUNTERS * sizeof(uint32_t), &some);
        if (code != CUDA_SUCCESS)
            return cuda_device_fail(d, code, "cuMemAllocFromPoolAsync");
        code = d->backend->cu.cuMemsetD32Async(some, 0, CUDA_COUNTERS, q->stream);
        if (code != CUDA_SUCCESS) {
            cuda_memory_give(d, q->stream, some);
            return cuda_device_fail(d, code, "cuMemsetD32Async");
        }
        q->counters = some;
    }
    *out = q->counters;
    return VANE_OK;
}
