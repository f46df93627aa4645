/* SPDX-License-Identifier: MIT */
/* way.c - which way a call goes, and the devices and streams of the plugin under test. */
#include "way.h"

#include <string.h>

#include "random.h"

int conform_via_parse(const char *text, conform_via *out)
{
    static const char *const names[CONFORM_VIAS] = {"", "host", "buffer", "stream"};
    *out = CONFORM_VIA_ANY;
    for (conform_via v = CONFORM_VIA_HOST; text && v < CONFORM_VIAS; v++)
        if (!strcmp(text, names[v]))
            *out = v;
    return !text || *out != CONFORM_VIA_ANY;
}

conform_way conform_way_of(conform_via via, uint64_t turn)
{
    enum { BUFFERS = 1, ASYNC = 2 };
    /* what waits for another thread is dear: the whole suite is to take hardly longer for it */
    static const unsigned char any[32] = {BUFFERS, BUFFERS, BUFFERS,
                                          BUFFERS, ASYNC,   BUFFERS | ASYNC};
    conform_random r = turn;
    uint64_t lot = conform_next(&r);
    unsigned bits = turn < 4 ? 0 : any[lot % 32];
    if (via == CONFORM_VIA_HOST)
        bits = 0;
    else if (via == CONFORM_VIA_BUFFER)
        bits = BUFFERS;
    else if (via == CONFORM_VIA_STREAM)
        bits = lot % 8 < 5 ? BUFFERS | ASYNC : ASYNC;
    return (conform_way){(bits & BUFFERS) != 0, (bits & ASYNC) != 0, lot >> 8};
}

const char *conform_way_name(const conform_way *w)
{
    static const char *const names[] = {"", ", buffers", ", stream", ", buffers, stream"};
    return names[(w->buffers ? 1 : 0) + (w->async ? 2 : 0)];
}

/* All, the output alone, the inputs alone, every other one. */
int conform_way_buffered(const conform_way *w, uint32_t i, uint32_t n)
{
    const int is_out = i + 1 == n;
    if (!w->buffers)
        return 0;
    switch (w->lot % 6) {
    case 0:
        return is_out;
    case 1:
        return !is_out || n == 1;
    case 2:
        return i % 2 == 0;
    default:
        return 1;
    }
}

/* ---- devices and streams --------------------------------------------------------- */

void conform_lanes_open(conform_lanes *l, vane_context *ctx, const char *plugin)
{
    *l = (conform_lanes){.ctx = ctx};
    for (uint32_t i = 0; i < vane_device_count(ctx) && l->count < CONFORM_DEVICES; i++) {
        vane_device_info d = {.struct_size = sizeof d};
        const char *backend = "";
        if (vane_device_at(ctx, i, &d, &backend) != VANE_OK || strcmp(backend, plugin) != 0)
            continue;
        l->caps[l->count] = d.caps;
        l->device[l->count++] = i;
    }
}

conform_lanes conform_lanes_again(const conform_lanes *l)
{
    conform_lanes again = *l;
    memset(again.stream, 0, sizeof again.stream);
    return again;
}

void conform_lanes_close(conform_lanes *l)
{
    for (uint32_t i = 0; i < l->count; i++) {
        vane_stream_close(l->stream[i]);
        l->stream[i] = NULL;
    }
}

vane_status conform_lanes_stream(conform_lanes *l, uint64_t lot, vane_stream **out)
{
    if (l->count == 0)
        return VANE_E_UNSUPPORTED;
    const uint64_t i = lot % l->count;
    vane_status st = VANE_OK;
    if (!l->stream[i])
        st = vane_stream_open(l->ctx, l->device[i], &l->stream[i]);
    *out = l->stream[i];
    return st;
}
