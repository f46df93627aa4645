/* SPDX-License-Identifier: MIT */
/* device.c - one device: its context is made when something first needs it. */
#include <string.h>

#include "host.h"

/* Blocks that the core gives back are for others; a little stays, so that new ones come soon. */
#define POOL_KEEPS (UINT64_C(64) << 20)

static uint32_t ask(const vane_device *d, CUdevice_attribute what)
{
    return (uint32_t)cuda_info_number(&d->backend->cu, d->id, what);
}

vane_status cuda_device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    const vane_host *host = b->host;
    if (i >= b->found_count)
        return host->fail(host->ctx, VANE_E_ARGUMENT, 0, "device is %u, expected less than %u", i,
                          b->found_count);
    vane_device *d = host->alloc(host->ctx, sizeof *d, 64);
    if (!d)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a device");
    memset(d, 0, sizeof *d);
    d->backend = b;
    d->id = b->found[i];
    d->processors = ask(d, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    d->major = ask(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    d->minor = ask(d, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    d->clock_mhz = ask(d, CU_DEVICE_ATTRIBUTE_CLOCK_RATE) / 1000;
    d->bus_bits = ask(d, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH);
    d->memory_mhz = ask(d, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE) / 1000;
    pthread_mutex_init(&d->lock, NULL);
    pthread_mutex_init(&d->time, NULL);
    pthread_mutex_init(&d->code, NULL);
    cuda_kernels_fill(d);
    *out = d;
    return VANE_OK;
}

/* ---- the context ---------------------------------------------------------------------- */

/* Every device of this backend that can may read and write what is allocated here. */
static void share_pool(vane_device *d)
{
    const vane_backend *b = d->backend;
    for (uint32_t i = 0; i < b->found_count; i++) {
        CUmemAccessDesc access = {.location = {.type = CU_MEM_LOCATION_TYPE_DEVICE},
                                  .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
        int can = 0;
        access.location.id = b->found[i];
        if (b->found[i] != d->id &&
            b->cu.cuDeviceCanAccessPeer(&can, b->found[i], d->id) == CUDA_SUCCESS && can)
            b->cu.cuMemPoolSetAccess(d->pool, &access, 1); /* else copies go through the host */
    }
}

static CUresult make_pool(vane_device *d)
{
    const cuda_driver *cu = &d->backend->cu;
    CUmemPoolProps props = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                            .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = d->id}};
    cuuint64_t keeps = POOL_KEEPS;
    if (!ask(d, CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED))
        return CUDA_SUCCESS;
    CUresult code = cu->cuMemPoolCreate(&d->pool, &props);
    if (code == CUDA_SUCCESS)
        code = cu->cuMemPoolSetAttribute(d->pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keeps);
    if (code == CUDA_SUCCESS)
        share_pool(d);
    return code;
}

/* What a context of ours has, with it current. */
static CUresult furnish(vane_device *d, const char **what)
{
    const cuda_driver *cu = &d->backend->cu;
    *what = "cuStreamCreate";
    CUresult code = cu->cuStreamCreate(&d->memory, CU_STREAM_NON_BLOCKING);
    if (code == CUDA_SUCCESS) {
        *what = "cuMemPoolCreate";
        code = make_pool(d);
    }
    if (code == CUDA_SUCCESS) {
        *what = "cuEventCreate";
        code = cu->cuEventCreate(&d->epoch, CU_EVENT_DEFAULT);
    }
    if (code == CUDA_SUCCESS) {
        *what = "cuEventRecord";
        code = cuda_epoch_set(d);
    }
    return code;
}

/* What of it there is; errors of a lost device change nothing. */
static void strip(vane_device *d)
{
    const cuda_driver *cu = &d->backend->cu;
    pthread_mutex_lock(&d->lock);
    for (vane_queue *q = d->queues; q; q = q->next)
        cuda_queue_strip(q);
    cuda_graphs_close(d);
    cuda_events_lose(d);
    cuda_memories_lose(d);
    pthread_mutex_unlock(&d->lock);
    cuda_modules_close(d);
    if (d->memory)
        cu->cuStreamSynchronize(d->memory);
    if (d->epoch)
        cu->cuEventDestroy_v2(d->epoch);
    if (d->pool)
        cu->cuMemPoolDestroy(d->pool);
    if (d->memory)
        cu->cuStreamDestroy_v2(d->memory);
    d->epoch = NULL;
    d->pool = NULL;
    d->memory = NULL;
}

void cuda_context_give_up(vane_device *d)
{
    const cuda_driver *cu = &d->backend->cu;
    CUcontext context;
    if (!d->context)
        return;
    const int current = cu->cuCtxPushCurrent_v2(d->context) == CUDA_SUCCESS;
    strip(d);
    if (current)
        cu->cuCtxPopCurrent_v2(&context);
    cu->cuDevicePrimaryCtxRelease_v2(d->id);
    d->context = NULL;
}

CUresult cuda_context_make(vane_device *d, const char **what)
{
    const cuda_driver *cu = &d->backend->cu;
    CUcontext context;
    *what = "cuDevicePrimaryCtxRetain";
    CUresult code = cu->cuDevicePrimaryCtxRetain(&d->context, d->id);
    if (code != CUDA_SUCCESS) {
        d->context = NULL;
        return code;
    }
    *what = "cuCtxPushCurrent";
    code = cu->cuCtxPushCurrent_v2(d->context);
    if (code == CUDA_SUCCESS) {
        code = furnish(d, what);
        cu->cuCtxPopCurrent_v2(&context);
    }
    if (code != CUDA_SUCCESS)
        cuda_context_give_up(d);
    return code;
}

vane_status cuda_device_ready(vane_device *d)
{
    const char *what;
    if (d->context)
        return VANE_OK;
    vane_status st = cuda_hold(d);
    if (st != VANE_OK)
        return st;
    const CUresult code = cuda_context_make(d, &what);
    if (code != CUDA_SUCCESS)
        st = cuda_device_fail(d, code, what);
    cuda_let_go(d);
    if (st == VANE_OK)
        cuda_nvml_open(d);
    return st;
}

/* Memory that nobody gave back, because the device was lost, goes now. */
void cuda_device_close(vane_device *d)
{
    const vane_host *host = d->backend->host;
    cuda_context_give_up(d);
    cuda_events_close(d);
    for (vane_mem *m = d->memories, *next; m; m = next) {
        next = m->next;
        host->free(host->ctx, m);
    }
    pthread_mutex_destroy(&d->lock);
    pthread_mutex_destroy(&d->time);
    pthread_mutex_destroy(&d->code);
    host->free(host->ctx, d);
}

/* ---- telemetry ------------------------------------------------------------------------ */

/* Without a context, to ask would make one. Of a part of a GPU it knows more than NVML. */
static void read_driver(vane_device *d, vane_telemetry *out)
{
    size_t available = 0, total = 0;
    if (!d->context || cuda_enter(d) != VANE_OK)
        return;
    if (d->backend->cu.cuMemGetInfo_v2(&available, &total) == CUDA_SUCCESS) {
        out->mem_free_bytes = available;
        out->valid |= VANE_TELEMETRY_MEM;
    }
    cuda_leave(d);
}

vane_status cuda_device_telemetry(vane_device *d, vane_telemetry *out)
{
    out->when_ns = d->backend->host->now_ns(d->backend->host->ctx);
    out->valid = 0;
    cuda_nvml_read(d, out);
    if (cuda_hold(d) == VANE_OK) {
        read_driver(d, out);
        cuda_let_go(d);
    }
    return VANE_OK;
}
