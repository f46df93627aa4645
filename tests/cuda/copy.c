/* SPDX-License-Identifier: MIT */
/* copy.c - copies and fills. Of pinned memory they run with the stream; from pageable memory they
 * take what is there at the call, and into it they are done at its end, as with the real driver. */
#include <stdlib.h>
#include <string.h>

#include "fake.h"

static fake_site running_copy = {.name = "run.copy"}, running_set = {.name = "run.set"};

typedef struct copy_op {
    fake_op op;
    char *to;
    const char *from;
    char *staged; /* the bytes of pageable memory, ours */
    size_t bytes;
    fake_block *used[2]; /* which are not to be freed meanwhile; NULL */
} copy_op;

static CUresult copy_run(fake_op *op, char *why)
{
    const copy_op *o = (copy_op *)op;
    (void)why;
    memmove(o->to, o->from, o->bytes);
    return CUDA_SUCCESS;
}

static void copy_copied(fake_op *op)
{
    copy_op *o = (copy_op *)op;
    for (int i = 0; i < 2; i++)
        if (o->used[i])
            o->used[i]->pending++;
}

static void copy_drop(fake_op *op)
{
    copy_op *o = (copy_op *)op;
    for (int i = 0; i < 2; i++)
        if (o->used[i])
            o->used[i]->pending--;
    free(o->staged);
}

/* A host address: in pinned memory (its block goes to *pinned) or not. Device pointers are none. */
static CUresult host_place(const void *p, size_t bytes, fake_block **pinned)
{
    const CUdeviceptr at = (CUdeviceptr)(uintptr_t)p;
    if (!p || fake_is_device(at))
        return fake_misuse(CUDA_ERROR_INVALID_VALUE, "%p is no address of the host", p);
    *pinned = fake_block_find(at, bytes);
    fake_block *begins = fake_block_find(at, 0);
    if (!*pinned && begins && at < begins->at + begins->bytes)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE, "%zu bytes at %p leave their pinned memory",
                           bytes, p);
    return CUDA_SUCCESS;
}

static CUresult give(fake_stream *s, char *to, const char *from, char *staged, size_t bytes,
                     fake_block *used_to, fake_block *used_from)
{
    copy_op *o = fake_op_new(sizeof *o, &running_copy, copy_run);
    if (!o) {
        free(staged);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    o->to = to;
    o->from = from;
    o->staged = staged;
    o->bytes = bytes;
    o->used[0] = used_to;
    o->used[1] = used_from;
    o->op.drop = copy_drop;
    o->op.copied = copy_copied;
    copy_copied(&o->op);
    return fake_give(s, &o->op);
}

CUresult CUDAAPI cuMemcpyHtoDAsync(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
    FAKE_CALL(0);
    fake_stream *s = fake_stream_get(ctx, stream);
    fake_block *pinned = NULL;
    char *place = NULL, *staged = NULL;
    if (!s)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (bytes == 0)
        return fake_done(CUDA_SUCCESS);
    CUresult r = fake_place(s, to, bytes, FAKE_WRITES, "a copy from the host", &place);
    if (r == CUDA_SUCCESS)
        r = host_place(from, bytes, &pinned);
    if (r == CUDA_SUCCESS && !pinned && s->capture)
        r = fake_misuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "pageable memory in a graph");
    if (r == CUDA_SUCCESS && !pinned) {
        staged = malloc(bytes);
        r = staged ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
        if (staged)
            memcpy(staged, from, bytes);
    }
    if (r != CUDA_SUCCESS)
        return fake_done(r);
    return fake_done(give(s, place, staged ? staged : from, staged, bytes, NULL, pinned));
}

CUresult CUDAAPI cuMemcpyDtoHAsync(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    FAKE_CALL(0);
    fake_stream *s = fake_stream_get(ctx, stream);
    fake_block *pinned = NULL;
    char *place = NULL;
    if (!s)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (bytes == 0)
        return fake_done(CUDA_SUCCESS);
    CUresult r = fake_place(s, from, bytes, FAKE_READS, "a copy to the host", &place);
    if (r == CUDA_SUCCESS)
        r = host_place(to, bytes, &pinned);
    if (r == CUDA_SUCCESS && !pinned && s->capture)
        r = fake_misuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "pageable memory in a graph");
    if (r == CUDA_SUCCESS)
        r = give(s, to, place, NULL, bytes, pinned, NULL);
    if (r == CUDA_SUCCESS && !pinned)
        r = fake_stream_wait(s);
    return fake_done(r);
}

static CUresult device_copy(fake_stream *s, CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
    char *t = NULL, *f = NULL;
    CUresult r = fake_place(s, from, bytes, FAKE_READS, "a copy between devices or in one", &f);
    if (r == CUDA_SUCCESS)
        r = fake_place(s, to, bytes, FAKE_WRITES, "a copy between devices or in one", &t);
    if (r == CUDA_SUCCESS && to < from + bytes && from < to + bytes)
        r = fake_misuse(CUDA_ERROR_INVALID_VALUE, "a copy whose two places overlap");
    return r == CUDA_SUCCESS ? give(s, t, f, NULL, bytes, NULL, NULL) : r;
}

CUresult CUDAAPI cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    FAKE_CALL(0);
    fake_stream *s = fake_stream_get(ctx, stream);
    if (!s || bytes == 0)
        return fake_done(s ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE);
    return fake_done(device_copy(s, to, from, bytes));
}

CUresult CUDAAPI cuMemcpyPeerAsync(CUdeviceptr to, CUcontext to_ctx, CUdeviceptr from,
                                   CUcontext from_ctx, size_t bytes, CUstream stream)
{
    FAKE_CALL(0);
    fake_stream *s = fake_stream_get(ctx, stream);
    const fake_context *t = fake_get(FAKE_CONTEXT, to_ctx), *f = fake_get(FAKE_CONTEXT, from_ctx);
    if (!s || !t || !f)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    const fake_block *tb = fake_block_find(to, bytes), *fb = fake_block_find(from, bytes);
    if ((tb && tb->device != t->device) || (fb && fb->device != f->device))
        return fake_done(
            fake_misuse(CUDA_ERROR_INVALID_VALUE, "memory of another device than its context's"));
    if (t->lost || f->lost)
        return fake_done(t->lost ? t->lost : f->lost);
    return fake_done(bytes ? device_copy(s, to, from, bytes) : CUDA_SUCCESS);
}

/* ---- fills -------------------------------------------------------------------------------------
 */

typedef struct set_op {
    fake_op op;
    char *to;
    uint32_t value;
    unsigned unit;
    size_t n;
} set_op;

static CUresult set_run(fake_op *op, char *why)
{
    const set_op *o = (set_op *)op;
    (void)why;
    for (size_t i = 0; i < o->n; i++)
        memcpy(o->to + i * o->unit, &o->value, o->unit); /* little-endian */
    return CUDA_SUCCESS;
}

static CUresult set(fake_context *ctx, CUdeviceptr to, uint32_t value, unsigned unit, size_t n,
                    CUstream stream)
{
    fake_stream *s = fake_stream_get(ctx, stream);
    char *place = NULL;
    if (!s)
        return CUDA_ERROR_INVALID_HANDLE;
    if (to % unit)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE, "%#llx is not aligned to %u",
                           (unsigned long long)to, unit);
    const CUresult r = fake_place(s, to, n * unit, FAKE_WRITES, "a fill", &place);
    if (r != CUDA_SUCCESS || n == 0)
        return r;
    set_op *o = fake_op_new(sizeof *o, &running_set, set_run);
    if (!o)
        return CUDA_ERROR_OUT_OF_MEMORY;
    o->to = place;
    o->value = value;
    o->unit = unit;
    o->n = n;
    return fake_give(s, &o->op);
}

CUresult CUDAAPI cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t n, CUstream stream)
{
    FAKE_CALL(0);
    return fake_done(set(ctx, to, value, 4, n, stream));
}

CUresult CUDAAPI cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t n, CUstream stream)
{
    FAKE_CALL(0);
    return fake_done(set(ctx, to, value, 2, n, stream));
}

CUresult CUDAAPI cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t n, CUstream stream)
{
    FAKE_CALL(0);
    return fake_done(set(ctx, to, value, 1, n, stream));
}
