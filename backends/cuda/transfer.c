/* SPDX-License-Identifier: MIT */
/* transfer.c - bytes between the host and the device, in the queue's order.
 *
 * Memory that the driver has pinned is copied by the device while the caller goes on. Other memory
 * goes through a ring of pinned pieces: the host fills or empties one while the device copies
 * another. Small uploads the driver takes into its own command buffer.
 */
#include <string.h>

#include "host.h"

enum { PIECES = 4, SMALL_BYTES = 64 << 10 };
#define PIECE_BYTES (UINT64_C(1) << 20)

struct cuda_staging {
    char *room;           /* PIECES of PIECE_BYTES */
    CUevent used[PIECES]; /* when the device is done with a piece */
    int dirty[PIECES];    /* used[i] was recorded */
};

/* ---- the ring --------------------------------------------------------------------------- */

static void staging_free(vane_device *d, cuda_staging *s)
{
    const cuda_driver *cu = &d->backend->cu;
    for (int i = 0; i < PIECES; i++) {
        if (s->used[i])
            cu->cuEventDestroy_v2(s->used[i]);
    }
    if (s->room)
        cu->cuMemFreeHost(s->room);
    d->backend->host->free(d->backend->host->ctx, s);
}

/* NULL: without pinned memory the driver stages, more slowly. */
static cuda_staging *staging_of(vane_queue *q)
{
    vane_device *d = q->device;
    const cuda_driver *cu = &d->backend->cu;
    if (q->staging)
        return q->staging;
    cuda_staging *s = d->backend->host->alloc(d->backend->host->ctx, sizeof *s, 64);
    if (!s)
        return NULL;
    *s = (cuda_staging){.room = NULL};
    q->setups++;
    void *room = NULL;
    CUresult code = cu->cuMemHostAlloc(&room, PIECES * PIECE_BYTES, 0);
    s->room = room;
    for (int i = 0; code == CUDA_SUCCESS && i < PIECES; i++)
        code = cu->cuEventCreate(&s->used[i], CU_EVENT_DISABLE_TIMING);
    if (code == CUDA_SUCCESS)
        return q->staging = s;
    staging_free(d, s);
    return NULL;
}

void cuda_staging_close(vane_queue *q)
{
    if (q->staging)
        staging_free(q->device, q->staging);
    q->staging = NULL;
}

static CUresult piece_wait(const cuda_driver *cu, cuda_staging *s, uint64_t i)
{
    if (!s->dirty[i % PIECES])
        return CUDA_SUCCESS;
    const CUresult code = cu->cuEventSynchronize(s->used[i % PIECES]);
    s->dirty[i % PIECES] = code != CUDA_SUCCESS;
    return code;
}

static CUresult piece_mark(const cuda_driver *cu, vane_queue *q, cuda_staging *s, uint64_t i)
{
    const CUresult code = cu->cuEventRecord(s->used[i % PIECES], q->stream);
    s->dirty[i % PIECES] = code == CUDA_SUCCESS;
    return code == CUDA_SUCCESS ? code : cu->cuStreamSynchronize(q->stream);
}

static uint64_t piece_bytes(uint64_t bytes, uint64_t i)
{
    const uint64_t left = bytes - i * PIECE_BYTES;
    return left < PIECE_BYTES ? left : PIECE_BYTES;
}

static char *piece_of(const cuda_staging *s, uint64_t i)
{
    return s->room + i % PIECES * PIECE_BYTES;
}

/* Did the driver pin it? */
static int is_pinned(const cuda_driver *cu, const void *p)
{
    CUmemorytype type = (CUmemorytype)0;
    CUpointer_attribute what = CU_POINTER_ATTRIBUTE_MEMORY_TYPE;
    void *to = &type;
    return cu->cuPointerGetAttributes(1, &what, &to, (CUdeviceptr)(uintptr_t)p) == CUDA_SUCCESS &&
           type == CU_MEMORYTYPE_HOST;
}

/* ---- host to device ---------------------------------------------------------------------- */

static CUresult send_staged(vane_queue *q, cuda_staging *s, CUdeviceptr dst, const char *src,
                            uint64_t bytes)
{
    const cuda_driver *cu = &q->device->backend->cu;
    CUresult code = CUDA_SUCCESS;
    for (uint64_t i = 0; code == CUDA_SUCCESS && i * PIECE_BYTES < bytes; i++) {
        const uint64_t n = piece_bytes(bytes, i);
        code = piece_wait(cu, s, i);
        if (code != CUDA_SUCCESS)
            break;
        memcpy(piece_of(s, i), src + i * PIECE_BYTES, n);
        code = cu->cuMemcpyHtoDAsync_v2(dst + i * PIECE_BYTES, piece_of(s, i), n, q->stream);
        if (code == CUDA_SUCCESS)
            code = piece_mark(cu, q, s, i);
    }
    return code;
}

static CUresult send(vane_queue *q, CUdeviceptr dst, const void *src, uint64_t bytes)
{
    const cuda_driver *cu = &q->device->backend->cu;
    cuda_staging *s = NULL;
    if (bytes > SMALL_BYTES && !is_pinned(cu, src))
        s = staging_of(q);
    return s ? send_staged(q, s, dst, src, bytes)
             : cu->cuMemcpyHtoDAsync_v2(dst, src, bytes, q->stream);
}

/* ---- device to host ---------------------------------------------------------------------- */

/* Blocks: the last step is the host's. PIECES - 1 copies are under way while it empties one. */
static CUresult fetch_staged(vane_queue *q, cuda_staging *s, char *dst, CUdeviceptr src,
                             uint64_t bytes)
{
    const cuda_driver *cu = &q->device->backend->cu;
    const uint64_t pieces = (bytes + PIECE_BYTES - 1) / PIECE_BYTES;
    CUresult code = CUDA_SUCCESS;
    for (uint64_t i = 0; code == CUDA_SUCCESS && i < pieces + PIECES - 1; i++) {
        if (i < pieces) {
            code = piece_wait(cu, s, i);
            if (code == CUDA_SUCCESS)
                code = cu->cuMemcpyDtoHAsync_v2(piece_of(s, i), src + i * PIECE_BYTES,
                                                piece_bytes(bytes, i), q->stream);
            if (code == CUDA_SUCCESS)
                code = piece_mark(cu, q, s, i);
        }
        const uint64_t done = i - (PIECES - 1);
        if (code != CUDA_SUCCESS || i < PIECES - 1)
            continue;
        code = piece_wait(cu, s, done);
        if (code == CUDA_SUCCESS)
            memcpy(dst + done * PIECE_BYTES, piece_of(s, done), piece_bytes(bytes, done));
    }
    return code;
}

static CUresult fetch(vane_queue *q, void *dst, CUdeviceptr src, uint64_t bytes)
{
    const cuda_driver *cu = &q->device->backend->cu;
    cuda_staging *s = is_pinned(cu, dst) ? NULL : staging_of(q);
    return s ? fetch_staged(q, s, dst, src, bytes)
             : cu->cuMemcpyDtoHAsync_v2(dst, src, bytes, q->stream);
}

/* ---- the contract ------------------------------------------------------------------------- */

typedef struct transfer {
    vane_mem *to, *from; /* NULL: the host */
    uint64_t to_offset, from_offset;
    void *dst;
    const void *src;
    uint64_t bytes;
} transfer;

typedef CUresult (*transfer_fn)(vane_queue *q, const transfer *t);

static CUdeviceptr to_of(const transfer *t)
{
    return t->to->at + t->to_offset;
}

static CUdeviceptr from_of(const transfer *t)
{
    return t->from->at + t->from_offset;
}

static CUresult run_upload(vane_queue *q, const transfer *t)
{
    return send(q, to_of(t), t->src, t->bytes);
}

static CUresult run_download(vane_queue *q, const transfer *t)
{
    return fetch(q, t->dst, from_of(t), t->bytes);
}

/* Pinned memory is no device's: every device has the same address for it. */
static CUresult run_copy(vane_queue *q, const transfer *t)
{
    const cuda_driver *cu = &q->device->backend->cu;
    const vane_mem *to = t->to, *from = t->from;
    if (from->host && !to->host)
        return cu->cuMemcpyHtoDAsync_v2(to_of(t), (char *)from->host + t->from_offset, t->bytes,
                                        q->stream);
    if (to->host && !from->host)
        return cu->cuMemcpyDtoHAsync_v2((char *)to->host + t->to_offset, from_of(t), t->bytes,
                                        q->stream);
    if (to->device == from->device || to->host)
        return cu->cuMemcpyDtoDAsync_v2(to_of(t), from_of(t), t->bytes, q->stream);
    return cu->cuMemcpyPeerAsync(to_of(t), to->device->context, from_of(t), from->device->context,
                                 t->bytes, q->stream);
}

/* The device of the operand that is not q's own, or q's. */
static vane_device *other_of(const vane_queue *q, const transfer *t)
{
    if (t->to && t->to->device != q->device)
        return t->to->device;
    return t->from ? t->from->device : q->device;
}

/* With both devices held. */
static vane_status start(vane_queue *q, transfer_fn fn, const char *what, const transfer *t,
                         vane_event **out)
{
    vane_event *e = NULL;
    if (t->to && !t->to->at)
        return cuda_was_lost(t->to->device, "the memory to copy to");
    if (t->from && !t->from->at)
        return cuda_was_lost(t->from->device, "the memory to copy from");
    vane_status st = cuda_event_begin(q, out, &e);
    if (st != VANE_OK)
        return st;
    const CUresult code = fn(q, t);
    if (code != CUDA_SUCCESS)
        st = cuda_devices_fail(q->device, other_of(q, t), code, what);
    return cuda_event_end(q, st, e, out);
}

static vane_status run(vane_queue *q, transfer_fn fn, const char *what, const transfer *t,
                       vane_event **out)
{
    vane_device *d = q->device, *other = other_of(q, t);
    if (out)
        *out = NULL;
    if (t->bytes == 0)
        return VANE_OK;
    vane_status st = cuda_enter(d);
    if (st != VANE_OK)
        return st;
    st = cuda_hold(other);
    if (st == VANE_OK) {
        st = start(q, fn, what, t, out);
        cuda_let_go(other);
    }
    cuda_leave(d);
    return st;
}

vane_status cuda_upload(vane_queue *q, vane_mem *dst, uint64_t dst_offset, const void *src,
                        uint64_t bytes, vane_event **out)
{
    const transfer t = {.to = dst, .to_offset = dst_offset, .src = src, .bytes = bytes};
    return run(q, run_upload, "cuMemcpyHtoDAsync", &t, out);
}

vane_status cuda_download(vane_queue *q, void *dst, vane_mem *src, uint64_t src_offset,
                          uint64_t bytes, vane_event **out)
{
    const transfer t = {.dst = dst, .from = src, .from_offset = src_offset, .bytes = bytes};
    return run(q, run_download, "cuMemcpyDtoHAsync", &t, out);
}

vane_status cuda_copy(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                      uint64_t src_offset, uint64_t bytes, vane_event **out)
{
    const transfer t = {
        .to = dst, .to_offset = dst_offset, .from = src, .from_offset = src_offset, .bytes = bytes};
    return run(q, run_copy, "cuMemcpyDtoDAsync", &t, out);
}
