/* SPDX-License-Identifier: MIT */
/* dlpack.c - a tensor of another program's memory becomes a buffer.
 *
 * It is checked to the last stride before it is taken over: behind the check it is a buffer over
 * wrapped memory, whose last holder calls the deleter.
 */
#include <stdio.h>

#include "error.h"
#include "memory/buffer.h"
#include "memory/dlpack_abi.h"
#include "op/tensor.h"

const vane__dl_type vane__dl_types[VANE_DTYPE_COUNT] = {
    [VANE_F32] = {VANE__DL_FLOAT, 32, 1}, [VANE_F64] = {VANE__DL_FLOAT, 64, 1},
    [VANE_F16] = {VANE__DL_FLOAT, 16, 1}, [VANE_BF16] = {VANE__DL_BFLOAT, 16, 1},
    [VANE_I32] = {VANE__DL_INT, 32, 1},   [VANE_I64] = {VANE__DL_INT, 64, 1},
    [VANE_U8] = {VANE__DL_UINT, 8, 1},    [VANE_I8] = {VANE__DL_INT, 8, 1},
    [VANE_BOOL] = {VANE__DL_BOOL, 8, 1},
};

/* ---- from: the checks -------------------------------------------------------------------- */

static vane_status check_type(const char *op, vane__dl_type type, uint32_t *dtype)
{
    static const char *const names[] = {"int",    "uint",    "float", "handle",
                                        "bfloat", "complex", "bool"};
    char text[40], lanes[16] = "";
    for (uint32_t i = 0; i < VANE_DTYPE_COUNT; i++)
        if (vane__dl_types[i].code == type.code && vane__dl_types[i].bits == type.bits &&
            type.lanes == 1) {
            *dtype = i;
            return VANE_OK;
        }
    if (type.code < sizeof names / sizeof names[0])
        snprintf(text, sizeof text, "%s%u", names[type.code], type.bits);
    else
        snprintf(text, sizeof text, "of code %u with %u bits", type.code, type.bits);
    if (type.lanes != 1)
        snprintf(lanes, sizeof lanes, " x %u lanes", type.lanes);
    return vane__fail(VANE_E_DTYPE,
                      "%s: dtype is %s%s, expected float16, 32 or 64, bfloat16, int8, 32 or 64, "
                      "uint8 or bool8, of one lane",
                      op, text, lanes);
}

static vane_status check_kind(const char *op, const vane__dl_tensor *from)
{
    if (from->device_type != VANE__DL_HOST && from->device_type != VANE__DL_CUDA_PINNED &&
        from->device_type != VANE__DL_ROCM_PINNED)
        return vane__fail(VANE_E_UNSUPPORTED,
                          "%s: device_type is %d, expected host memory: 1, 3 or 11", op,
                          from->device_type);
    if (from->ndim < 0 || from->ndim > VANE_MAX_RANK)
        return vane__fail(VANE_E_SHAPE, "%s: ndim is %d, expected 0 to %d", op, from->ndim,
                          VANE_MAX_RANK);
    if (from->shape == NULL && from->ndim > 0)
        return vane__fail(VANE_E_ARGUMENT, "%s: shape is NULL, expected %d dimensions", op,
                          from->ndim);
    return VANE_OK;
}

/* The address of element 0. An empty tensor may have none; it gets one that is never read. */
static vane_status check_place(const char *op, const vane__dl_tensor *from, int is_empty,
                               vane_tensor *t)
{
    static _Alignas(64) char nothing[64];
    t->data = is_empty ? nothing : from->data;
    if (is_empty || from->data == NULL) /* without data the check of the tensor says so */
        return VANE_OK;
    if (from->byte_offset > UINTPTR_MAX - (uintptr_t)from->data)
        return vane__fail(VANE_E_OVERFLOW,
                          "%s: byte_offset is %llu, which leads beyond the address space", op,
                          (unsigned long long)from->byte_offset);
    t->data = (void *)((uintptr_t)from->data + (uintptr_t)from->byte_offset);
    return VANE_OK;
}

/* t: the tensor as it lies in host memory; lo, hi: its bytes, from data. */
static vane_status read_tensor(const char *op, const vane__dl_tensor *from, vane_tensor *t,
                               int64_t *lo, int64_t *hi)
{
    uint32_t dtype = 0;
    vane_status st = check_kind(op, from);
    if (st == VANE_OK)
        st = check_type(op, from->dtype, &dtype);
    if (st != VANE_OK)
        return st;
    *t = vane_tensor_of(NULL, (vane_dtype)dtype, (uint32_t)from->ndim, from->shape);
    for (int32_t i = 0; from->strides != NULL && i < from->ndim; i++)
        t->stride[i] = from->strides[i];
    st = check_place(op, from, vane_tensor_count(t) == 0, t);
    if (st == VANE_OK)
        st = vane__tensor_check(op, "from", t, 0, 1);
    if (st != VANE_OK)
        return st;
    vane__tensor_extent(t, lo, hi);
    uintptr_t data = (uintptr_t)t->data;
    if ((uint64_t) - *lo > data || (uint64_t)*hi > UINTPTR_MAX - data)
        return vane__fail(VANE_E_OVERFLOW,
                          "%s: from reaches from %lld to %lld bytes around %p, beyond the address "
                          "space",
                          op, (long long)*lo, (long long)*hi, t->data);
    return VANE_OK;
}

/* ---- from -------------------------------------------------------------------------------- */

static void release_plain(vane__hostmem *m)
{
    struct DLManagedTensor *from = m->arg;
    if (from->deleter != NULL)
        from->deleter(from);
}

static void release_versioned(vane__hostmem *m)
{
    struct DLManagedTensorVersioned *from = m->arg;
    if (from->deleter != NULL)
        from->deleter(from);
}

static vane_status check_from(vane_context *ctx, const char *op, const void *from, vane_tensor *out,
                              vane_buffer *buffer)
{
    vane_status st = vane__context_check(ctx);
    if (out != NULL)
        *out = (vane_tensor){.data = NULL};
    if (buffer != NULL)
        buffer->id = 0;
    if (st != VANE_OK || (from != NULL && out != NULL && buffer != NULL))
        return st;
    return vane__fail(VANE_E_ARGUMENT, "%s: %s", op,
                      from == NULL  ? "from is NULL, expected a managed tensor"
                      : out == NULL ? "out is NULL, expected a place for the tensor"
                                    : "buffer is NULL, expected a place for the handle");
}

static vane_status take_over(vane_context *ctx, const char *op, const vane__dl_tensor *from,
                             void (*release)(vane__hostmem *m), void *managed, int read_only,
                             vane_tensor *out, vane_buffer *buffer)
{
    vane_tensor t;
    int64_t lo, hi;
    vane_status st = read_tensor(op, from, &t, &lo, &hi);
    if (st != VANE_OK)
        return st;
    uint64_t before = 0 - (uint64_t)lo;
    void *first = (void *)((uintptr_t)t.data - (uintptr_t)before);
    vane__hostmem *host = vane__hostmem_over(first, before + (uint64_t)hi, release, managed);
    if (host != NULL)
        host->read_only = read_only;
    st = vane__buffer_adopt(ctx, op, host, "dlpack", buffer);
    if (st != VANE_OK)
        return st;
    t.data = NULL;
    t.buffer = *buffer;
    t.offset_bytes = before;
    *out = t;
    return VANE_OK;
}

vane_status vane_from_dlpack(vane_context *ctx, struct DLManagedTensor *from, vane_tensor *out,
                             vane_buffer *buffer)
{
    const char *op = "from_dlpack";
    vane_status st = check_from(ctx, op, from, out, buffer);
    return st == VANE_OK ? take_over(ctx, op, &from->tensor, release_plain, from, 0, out, buffer)
                         : st;
}

vane_status vane_from_dlpack_versioned(vane_context *ctx, struct DLManagedTensorVersioned *from,
                                       vane_tensor *out, vane_buffer *buffer)
{
    const char *op = "from_dlpack_versioned";
    vane_status st = check_from(ctx, op, from, out, buffer);
    if (st == VANE_OK && from->major != VANE__DL_MAJOR) /* before anything else of it is read */
        st = vane__fail(VANE_E_UNSUPPORTED, "%s: version is %u.%u, expected %d.x", op, from->major,
                        from->minor, VANE__DL_MAJOR);
    if (st != VANE_OK)
        return st;
    return take_over(ctx, op, &from->tensor, release_versioned, from,
                     (from->flags & VANE__DL_READ_ONLY) != 0, out, buffer);
}
