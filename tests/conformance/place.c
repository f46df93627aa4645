/* SPDX-License-Identifier: MIT */
/* place.c - a box in a buffer; its bytes go in and out by each of the three ways there are. */
#include "place.h"

#include <string.h>

enum { COPIED, MAPPED, WRAPPED, HOWS };

static vane_status move_mapped(conform_place *p, int in)
{
    void *at;
    vane_status st =
        vane_buffer_map(p->ctx, p->buffer, 0, p->count, in ? VANE_MAP_WRITE : VANE_MAP_READ, &at);
    if (st != VANE_OK)
        return st;
    memcpy(in ? at : p->bytes, in ? p->bytes : at, p->count);
    return vane_buffer_unmap(p->ctx, p->buffer, at);
}

static vane_status put(conform_place *p)
{
    if (p->how == WRAPPED)
        return VANE_OK;
    return p->how == MAPPED ? move_mapped(p, 1)
                            : vane_buffer_write(p->ctx, p->buffer, 0, p->bytes, p->count);
}

vane_status conform_place_open(vane_context *ctx, conform_place *p, const conform_box *box,
                               uint64_t lot)
{
    static const unsigned char skipped[] = {1, 0, 3, 5}; /* elements' worth of the first guard */
    const size_t skip = skipped[lot % 4] * (size_t)vane_dtype_bytes(box->t.dtype);
    *p = (conform_place){.ctx = ctx, .how = (uint32_t)(lot / 4 % HOWS), .t = box->t};
    p->bytes = box->base + skip;
    p->count = box->bytes - skip;
    vane_status st = p->how == WRAPPED
                         ? vane_buffer_wrap(ctx, p->bytes, p->count, "wrapped", &p->buffer)
                         : vane_buffer_open(ctx, p->count, "operand", &p->buffer);
    if (st != VANE_OK)
        return st;
    p->is_open = 1;
    p->t.data = NULL;
    p->t.buffer = p->buffer;
    p->t.offset_bytes = (uint64_t)((unsigned char *)box->t.data - p->bytes);
    st = put(p);
    if (st != VANE_OK)
        conform_place_close(p);
    return st;
}

vane_status conform_place_take(conform_place *p)
{
    if (p->how == WRAPPED)
        return conform_place_close(p);
    return p->how == MAPPED ? move_mapped(p, 0)
                            : vane_buffer_read(p->ctx, p->buffer, 0, p->bytes, p->count);
}

vane_status conform_place_close(conform_place *p)
{
    if (!p->is_open)
        return VANE_OK;
    p->is_open = 0;
    return vane_buffer_close(p->ctx, p->buffer);
}
