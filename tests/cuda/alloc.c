/* SPDX-License-Identifier: MIT */
/* alloc.c - the driver's functions on memory: at once, in a stream's order, pools, pinned. */
#include <stdlib.h>
#include <string.h>

#include "fake.h"

/* ---- at once --------------------------------------------------------------------------------- */

CUresult CUDAAPI cuMemGetInfo(size_t *free_bytes, size_t *total)
{
    FAKE_CALL(0);
    if (!free_bytes || !total)
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    *total = fake_settings.memory_bytes;
    *free_bytes = fake_settings.memory_bytes - fake_reserved(ctx->device);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuMemAlloc(CUdeviceptr *out, size_t bytes)
{
    FAKE_CALL(0);
    if (fake_unsafe(ctx, "memory allocated") != CUDA_SUCCESS)
        return fake_done(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    fake_block *b;
    if (!out || bytes == 0)
        return fake_done(fake_misuse(CUDA_ERROR_INVALID_VALUE, "%zu bytes", bytes));
    const CUresult r = fake_block_new(ctx, ctx->device, NULL, bytes, &b);
    if (r == CUDA_SUCCESS)
        *out = b->at;
    return fake_done(r);
}

/* The block that begins at this address and may be freed. */
static fake_block *to_free(CUdeviceptr at, int host)
{
    fake_block *b = fake_block_find(at, 0);
    if (b && b->at == at && !b->freed && (b->device < 0) == host)
        return b;
    fake_misuse(CUDA_ERROR_INVALID_VALUE, "%#llx is no memory of this kind, or was freed",
                (unsigned long long)at);
    return NULL;
}

/* Waits for all work, as the real one does. */
CUresult CUDAAPI cuMemFree(CUdeviceptr at)
{
    FAKE_CALL(0);
    if (fake_unsafe(ctx, "memory freed") != CUDA_SUCCESS)
        return fake_done(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    fake_block *b = to_free(at, 0);
    if (!b)
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    b->freed = 1;
    const CUresult r = fake_context_wait(ctx);
    fake_block_free(b);
    return fake_done(r);
}

CUresult CUDAAPI cuMemHostAlloc(void **out, size_t bytes, unsigned flags)
{
    FAKE_CALL(0);
    if (fake_unsafe(ctx, "memory allocated") != CUDA_SUCCESS)
        return fake_done(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    fake_block *b;
    const unsigned known =
        CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED;
    if (!out || bytes == 0 || (flags & ~known))
        return fake_done(
            fake_misuse(CUDA_ERROR_INVALID_VALUE, "%zu bytes, flags %u", bytes, flags));
    const CUresult r = fake_block_new(ctx, -1, NULL, bytes, &b);
    if (r == CUDA_SUCCESS)
        *out = b->place;
    return fake_done(r);
}

CUresult CUDAAPI cuMemFreeHost(void *p)
{
    FAKE_CALL(0);
    if (fake_unsafe(ctx, "memory freed") != CUDA_SUCCESS)
        return fake_done(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    fake_block *b = to_free((CUdeviceptr)(uintptr_t)p, 1);
    if (!b)
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    if (b->pending > 0)
        return fake_done(fake_misuse(CUDA_ERROR_INVALID_VALUE,
                                     "pinned memory is freed while %u operations use it",
                                     b->pending));
    fake_block_free(b);
    return fake_done(CUDA_SUCCESS);
}

/* ---- pools ------------------------------------------------------------------------------------
 */

CUresult CUDAAPI cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *props)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out || !props || props->allocType != CU_MEM_ALLOCATION_TYPE_PINNED ||
        props->location.type != CU_MEM_LOCATION_TYPE_DEVICE || props->location.id < 0 ||
        (unsigned)props->location.id >= fake_settings.devices)
        return fake_done(
            fake_misuse(CUDA_ERROR_INVALID_VALUE, "the properties name no device's memory"));
    fake_pool *p = calloc(1, sizeof *p);
    if (!p)
        return fake_done(CUDA_ERROR_OUT_OF_MEMORY);
    p->device = props->location.id;
    *out = p->handle = fake_handle_new(FAKE_POOL, p);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuMemPoolDestroy(CUmemoryPool pool)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    fake_pool *p = fake_get(FAKE_POOL, pool);
    if (!p)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    fake_handle_free(FAKE_POOL, pool);
    p->handle = NULL;
    p->keep = 0;
    fake_pool_drop(p);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute what, void *value)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    fake_pool *p = fake_get(FAKE_POOL, pool);
    if (!p || !value)
        return fake_done(p ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE);
    if (what == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD)
        memcpy(&p->keep, value, sizeof p->keep);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute what, void *value)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    const fake_pool *p = fake_get(FAKE_POOL, pool);
    if (!p || !value)
        return fake_done(p ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE);
    const cuuint64_t n = what == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD      ? p->keep
                         : what == CU_MEMPOOL_ATTR_USED_MEM_CURRENT     ? p->used
                         : what == CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT ? p->reserved
                                                                        : 0;
    memcpy(value, &n, sizeof n);
    return fake_done(CUDA_SUCCESS);
}

/* Which other devices use what is allocated from it. */
CUresult CUDAAPI cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *access, size_t n)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    fake_pool *p = fake_get(FAKE_POOL, pool);
    if (!p || !access)
        return fake_done(p ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE);
    for (size_t i = 0; i < n; i++) {
        const int device = access[i].location.id;
        if (access[i].location.type != CU_MEM_LOCATION_TYPE_DEVICE || device < 0 ||
            (unsigned)device >= fake_settings.devices)
            return fake_done(CUDA_ERROR_INVALID_VALUE);
        if (device != p->device && !fake_settings.peer)
            return fake_done(CUDA_ERROR_INVALID_DEVICE);
        if (access[i].flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
            p->peers |= 1u << device;
        else
            p->peers &= ~(1u << device);
    }
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuMemPoolTrimTo(CUmemoryPool pool, size_t keep)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    fake_pool *p = fake_get(FAKE_POOL, pool);
    if (!p)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    fake_pool_trim(p, keep);
    return fake_done(CUDA_SUCCESS);
}

/* The pool behind cuMemAllocAsync and cuDeviceGetDefaultMemPool: the device's, for ever. */
static fake_pool *default_pool(int device)
{
    static fake_pool pools[FAKE_DEVICES];
    pools[device].device = device;
    pools[device].stays = 1;
    return &pools[device];
}

CUresult CUDAAPI cuDeviceGetDefaultMemPool(CUmemoryPool *out, CUdevice device)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out || device < 0 || (unsigned)device >= fake_settings.devices)
        return fake_done(CUDA_ERROR_INVALID_DEVICE);
    fake_pool *p = default_pool(device);
    if (!p->handle)
        p->handle = fake_handle_new(FAKE_POOL, p);
    *out = p->handle;
    return fake_done(CUDA_SUCCESS);
}

/* ---- in the order of a stream -------------------------------------------------------------------
 */

static CUresult alloc_on(fake_context *ctx, fake_pool *pool, CUdeviceptr *out, size_t bytes,
                         CUstream stream)
{
    fake_stream *s = fake_stream_get(ctx, stream);
    fake_block *b;
    if (!pool || !s)
        return CUDA_ERROR_INVALID_HANDLE;
    if (!out || bytes == 0)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE, "%zu bytes", bytes);
    if (s->capture)
        return fake_misuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "memory of a graph's own");
    const CUresult r = fake_block_new(ctx, pool->device, pool, bytes, &b);
    if (r != CUDA_SUCCESS)
        return r;
    b->born_slot = s->slot;
    b->born_serial = fake_slot_next(s->slot, 1);
    if (s->slot < FAKE_SLOTS)
        s->clock.at[s->slot] = b->born_serial;
    *out = b->at;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemAllocFromPoolAsync(CUdeviceptr *out, size_t bytes, CUmemoryPool pool,
                                         CUstream stream)
{
    FAKE_CALL(0);
    return fake_done(alloc_on(ctx, fake_get(FAKE_POOL, pool), out, bytes, stream));
}

CUresult CUDAAPI cuMemAllocAsync(CUdeviceptr *out, size_t bytes, CUstream stream)
{
    FAKE_CALL(0);
    return fake_done(alloc_on(ctx, default_pool(ctx->device), out, bytes, stream));
}

typedef struct free_op {
    fake_op op;
    fake_block *block;
} free_op;

/* A context that was lost has its memory freed with it. */
static void free_reached(fake_op *op)
{
    fake_block_free(((free_op *)op)->block);
}

CUresult CUDAAPI cuMemFreeAsync(CUdeviceptr at, CUstream stream)
{
    FAKE_CALL(0);
    fake_stream *s = fake_stream_get(ctx, stream);
    fake_block *b = s ? to_free(at, 0) : NULL;
    if (!b)
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    if (s->capture)
        return fake_done(
            fake_misuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "memory freed by a graph"));
    CUresult r = fake_race_free(s, b);
    free_op *o = r == CUDA_SUCCESS ? fake_op_new(sizeof *o, NULL, NULL) : NULL;
    if (!o)
        return fake_done(r == CUDA_SUCCESS ? CUDA_ERROR_OUT_OF_MEMORY : r);
    o->block = b;
    o->op.drop = free_reached;
    b->freed = 1;
    return fake_done(fake_give(s, &o->op));
}

/* ---- what a pointer is
 * --------------------------------------------------------------------------- */

static CUresult pointer_attribute(CUpointer_attribute what, void *out, const fake_block *b,
                                  CUdeviceptr at)
{
    switch ((int)what) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
        *(CUcontext *)out = b ? b->ctx->handle : NULL;
        return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        *(unsigned *)out = !b ? 0 : b->device < 0 ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
        return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
        *(CUdeviceptr *)out = b ? at : 0;
        return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
        *(void **)out = b && b->device < 0 ? (void *)(uintptr_t)at : NULL;
        return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
        *(unsigned *)out = 0;
        return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        *(int *)out = b ? (b->device < 0 ? b->ctx->device : b->device) : -2;
        return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
        *(CUdeviceptr *)out = b ? b->at : 0;
        return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
        *(size_t *)out = b ? b->bytes : 0;
        return CUDA_SUCCESS;
    default:
        return fake_misuse(CUDA_ERROR_INVALID_VALUE, "pointer attribute %d is not known here",
                           (int)what);
    }
}

CUresult CUDAAPI cuPointerGetAttributes(unsigned n, CUpointer_attribute *what, void **out,
                                        CUdeviceptr at)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    const fake_block *b = fake_block_find(at, 1);
    CUresult r = n > 0 && what && out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < n && r == CUDA_SUCCESS; i++)
        r = pointer_attribute(what[i], out[i], b, at);
    return fake_done(r);
}

CUresult CUDAAPI cuPointerGetAttribute(void *out, CUpointer_attribute what, CUdeviceptr at)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    const fake_block *b = fake_block_find(at, 1);
    return fake_done(b && out ? pointer_attribute(what, out, b, at) : CUDA_ERROR_INVALID_VALUE);
}
