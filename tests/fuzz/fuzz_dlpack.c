/* SPDX-License-Identifier: MIT */
/* fuzz_dlpack.c - managed tensors of any content, taken over or refused.
 *
 * The tensor's memory is one heap block in a larger, made-up address space: a tensor that would
 * leave the block is looked at only (nobody can know), others are computed with and lent on.
 * Refused or not: a deleter is called once for what was taken over, and never for what was not.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "memory/dlpack_abi.h"
#include "vane/vane.h"

/* An input: version, form, flags, device, ndim, code, bits, lanes, strides there?, data there?,
 * offset, then 10 dimensions and 10 strides. */
enum { BLOCK = 4096, DIMS = 10, HEAD = 12, WORD = 8, ROOM = HEAD + 2 * DIMS * WORD };

const char fuzz_name[] = "fuzz_dlpack";
const size_t fuzz_room = ROOM;
const long fuzz_rounds = 200000;

static vane_context *ctx;

typedef struct offer {
    struct DLManagedTensor plain;
    struct DLManagedTensorVersioned versioned;
    int64_t shape[DIMS], stride[DIMS];
    int is_versioned, deleted;
} offer;

static void on_delete(struct DLManagedTensor *self)
{
    ((offer *)self->manager_ctx)->deleted++;
}

static void on_delete_versioned(struct DLManagedTensorVersioned *self)
{
    ((offer *)self->manager_ctx)->deleted++;
}

static void hush(void *arg, int level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void open_once(void)
{
    vane_config config = {
        .struct_size = sizeof config, .threads = 1, .no_default_path = 1, .log = hush};
    if (ctx == NULL)
        fuzz_expect(vane_open(&config, &ctx) == VANE_OK);
}

/* ---- bytes to an offer ------------------------------------------------------------ */

static vane__dl_tensor take_tensor(const uint8_t *in, offer *o, void *block)
{
    memcpy(o->shape, in + HEAD, sizeof o->shape);
    memcpy(o->stride, in + HEAD + DIMS * WORD, sizeof o->stride);
    return (vane__dl_tensor){.data = in[9] & 1 ? NULL : block,
                             .device_type = (int8_t)in[3],
                             .ndim = (int8_t)in[4],
                             .dtype = {in[5], in[6], in[7]},
                             .shape = in[9] & 2 ? NULL : o->shape,
                             .strides = in[8] & 1 ? NULL : o->stride,
                             .byte_offset =
                                 in[9] & 4 ? UINT64_MAX - in[10] : in[10] | (uint64_t)in[11] << 8};
}

/* Bytes that differ from their neighbours; of bools, those that are some. */
static void fill_block(char *block, int is_bool)
{
    for (int i = 0; i < BLOCK; i++)
        block[i] = (char)(is_bool ? i * 7 % 3 == 0 : i * 37 + i / 256 + 1);
}

static void take_offer(const uint8_t *in, offer *o, void *block)
{
    *o = (offer){.is_versioned = in[1] & 1};
    o->plain = (struct DLManagedTensor){
        .tensor = take_tensor(in, o, block), .manager_ctx = o, .deleter = on_delete};
    o->versioned = (struct DLManagedTensorVersioned){.major = in[0],
                                                     .minor = in[1],
                                                     .manager_ctx = o,
                                                     .deleter = on_delete_versioned,
                                                     .flags = in[2],
                                                     .tensor = o->plain.tensor};
}

/* ---- what was taken over ---------------------------------------------------------- */

static int lies_inside(const offer *o, const vane_tensor *t, const char *block)
{
    vane_buffer_info info = {.struct_size = sizeof info};
    fuzz_expect(vane_buffer_info_get(ctx, t->buffer, &info) == VANE_OK);
    uint64_t zero = (uint64_t)(uintptr_t)o->plain.tensor.data + o->plain.tensor.byte_offset;
    uint64_t first = zero - t->offset_bytes - (uint64_t)(uintptr_t)block;
    if (info.bytes == 0)
        return 1;
    fuzz_expect(t->offset_bytes < info.bytes);
    return first <= BLOCK && info.bytes <= BLOCK - first;
}

/* The element of row-major number i, by the offer's own strides. */
static char *element(const offer *o, int64_t i, size_t bytes)
{
    const vane__dl_tensor *t = &o->plain.tensor;
    int64_t at = 0, step = 1;
    for (int32_t d = t->ndim; d-- > 0; i /= o->shape[d]) {
        at += i % o->shape[d] * (t->strides ? o->stride[d] : step);
        step *= o->shape[d];
    }
    return (char *)t->data + t->byte_offset + at * (int64_t)bytes;
}

/* dense, the row-major elements, is what the offer's memory holds. */
static void compare(const offer *o, const vane_tensor *t, const char *dense, int64_t count)
{
    const size_t bytes = vane_dtype_bytes(t->dtype);
    for (int64_t i = 0; i < count; i++)
        fuzz_expect(memcmp(element(o, i, bytes), dense + (size_t)i * bytes, bytes) == 0);
}

static void turn_bits(vane_tensor *dense, int64_t count)
{
    char *bytes = dense->data;
    for (size_t i = 0; i < (size_t)count * vane_dtype_bytes(dense->dtype); i++)
        bytes[i] ^= 1;
}

/* Other content, written by way of t, is found in the offer's memory; or all is as it was. */
static void write_back(const offer *o, const vane_tensor *t, vane_tensor *dense, int64_t count)
{
    vane_tensor out = *t;
    turn_bits(dense, count);
    if (vane_copy(ctx, dense, &out) != VANE_OK)
        turn_bits(dense, count);
    fuzz_expect(vane_buffer_prefetch(ctx, t->buffer, VANE_HOST) == VANE_OK);
    compare(o, t, dense->data, count);
}

static void export(const offer *o, const vane_tensor *t, int64_t count)
{
    struct DLManagedTensorVersioned *out;
    fuzz_expect(vane_to_dlpack_versioned(ctx, t, &out) == VANE_OK);
    fuzz_expect(out->tensor.ndim == (int32_t)t->rank);
    fuzz_expect(count == 0 || (char *)out->tensor.data + out->tensor.byte_offset ==
                                  (char *)o->plain.tensor.data + o->plain.tensor.byte_offset);
    fuzz_expect(memcmp(&out->tensor.dtype, &o->plain.tensor.dtype, sizeof out->tensor.dtype) == 0);
    fuzz_expect(memcmp(out->tensor.shape, o->shape, t->rank * sizeof(int64_t)) == 0);
    fuzz_expect(o->plain.tensor.strides == NULL ||
                memcmp(out->tensor.strides, o->stride, t->rank * sizeof(int64_t)) == 0);
    fuzz_expect(!o->is_versioned || (out->flags & VANE__DL_READ_ONLY) == (o->versioned.flags & 1));
    out->deleter(out);
}

/* It is what was offered, it can be read and written, and lent on with the same content. */
static void use(const offer *o, const vane_tensor *t)
{
    int64_t count = vane_tensor_count(t);
    vane_tensor copy = vane_tensor_of(NULL, (vane_dtype)t->dtype, t->rank, t->shape);
    fuzz_expect(count >= 0 && t->rank == (uint32_t)o->plain.tensor.ndim);
    if (count > BLOCK) /* strides of 0 */
        return;
    copy.data = calloc((size_t)count + 1, vane_dtype_bytes(t->dtype));
    fuzz_expect(copy.data != NULL);
    fuzz_expect(vane_copy(ctx, t, &copy) == VANE_OK || count == 0); /* of huge, empty shapes */
    compare(o, t, copy.data, count);
    export(o, t, count);
    if (count > 0)
        write_back(o, t, &copy, count);
    free(copy.data);
}

int fuzz_one(const uint8_t *data, size_t bytes)
{
    uint8_t in[ROOM] = {0};
    vane_tensor t;
    vane_buffer b = {77};
    offer o;
    open_once();
    memcpy(in, data, bytes < ROOM ? bytes : ROOM);
    char *block = calloc(1, BLOCK);
    fuzz_expect(block != NULL);
    take_offer(in, &o, block);
    fill_block(block, o.plain.tensor.dtype.code == 6);
    vane_status st = o.is_versioned ? vane_from_dlpack_versioned(ctx, &o.versioned, &t, &b)
                                    : vane_from_dlpack(ctx, &o.plain, &t, &b);
    if (st == VANE_OK) {
        if (lies_inside(&o, &t, block))
            use(&o, &t);
        fuzz_expect(o.deleted == 0 && vane_buffer_close(ctx, b) == VANE_OK);
    } else {
        fuzz_expect(b.id == 0 && vane_last_error()->status == st);
        fuzz_expect(vane_last_error()->message[0] != '\0');
    }
    fuzz_expect(o.deleted == (st == VANE_OK));
    free(block);
    return st == VANE_OK;
}

/* ---- good inputs, and bad ones ------------------------------------------------------ */

/* Every dtype, plain and versioned, as a matrix of 2 x 3 in the middle of the block. */
size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which)
{
    static const uint8_t types[][2] = {{2, 16}, {2, 32}, {2, 64}, {4, 16}, {0, 8},
                                       {0, 32}, {0, 64}, {1, 8},  {6, 8}};
    enum { TYPES = sizeof types / sizeof types[0] };
    const int64_t numbers[] = {2, 3}, strides[] = {3, -1};
    if (which >= 2 * TYPES || room < ROOM)
        return 0;
    memset(out, 0, ROOM);
    out[0] = 1;
    out[1] = (uint8_t)(which / TYPES);
    out[3] = VANE__DL_HOST;
    out[4] = 2;
    out[5] = types[which % TYPES][0];
    out[6] = types[which % TYPES][1];
    out[7] = 1;
    out[11] = 8;
    memcpy(out + HEAD, numbers, sizeof numbers);
    memcpy(out + HEAD + DIMS * WORD, strides, sizeof strides);
    return ROOM;
}

static void bend_number(uint8_t *at)
{
    static const int64_t odd[] = {0,  1,         -1,        2,        -3,
                                  64, INT64_MIN, INT64_MAX, 1L << 31, (int64_t)1 << 62};
    int64_t number = odd[fuzz_below(sizeof odd / sizeof odd[0])];
    if (fuzz_below(4) == 0)
        number = (int64_t)(fuzz_random() >> fuzz_below(64));
    memcpy(at, &number, sizeof number);
}

size_t fuzz_bend(uint8_t *data, size_t bytes, size_t room)
{
    (void)room;
    size_t number = HEAD + WORD * fuzz_below(2 * DIMS), at = fuzz_below(HEAD);
    switch (fuzz_below(6)) {
    case 0:
        if (at < bytes)
            data[at] = (uint8_t)fuzz_below(16);
        return bytes;
    case 1:
        if (at < bytes)
            data[at] ^= (uint8_t)(1u << fuzz_below(8));
        return bytes;
    case 2: /* another rank */
        if (bytes > 4)
            data[4] = (uint8_t)fuzz_below(10);
        return bytes;
    case 3:
        return fuzz_below(16) ? bytes : 1 + fuzz_below(bytes);
    default:
        if (number + WORD <= bytes)
            bend_number(data + number);
        return bytes;
    }
}
