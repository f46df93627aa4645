/* SPDX-License-Identifier: MIT */
/* way.h - by which way a call reaches the plugin: operands in host memory or in buffers, at once
 * or on a stream of one of its devices; and the devices themselves.
 */
#ifndef CONFORM_WAY_H
#define CONFORM_WAY_H

#include "conform.h"

/* What the user wants of all calls. */
typedef enum conform_via {
    CONFORM_VIA_ANY, /* they take turns */
    CONFORM_VIA_HOST,
    CONFORM_VIA_BUFFER,
    CONFORM_VIA_STREAM, /* with operands in host memory and in buffers */
    CONFORM_VIAS
} conform_via;

/* 0: text names none. NULL: any. */
int conform_via_parse(const char *text, conform_via *out);

typedef struct conform_way {
    int buffers;  /* operands are in buffers: all of them or some, as lot says */
    int async;    /* on a stream, and waited for */
    uint64_t lot; /* picks what else varies: which operands, which device, how to wait */
} conform_way;

/* The way of call number turn. The first few are plain calls on host memory: what fails there
 * has the shortest explanation. */
conform_way conform_way_of(conform_via via, uint64_t turn);
/* ", buffers, stream" */
const char *conform_way_name(const conform_way *w);
/* Is operand i of n (the output is the last) in a buffer? */
int conform_way_buffered(const conform_way *w, uint32_t i, uint32_t n);

/* The plugin's devices, and a stream for each that is opened when it is first needed. */
enum { CONFORM_DEVICES = 8 };
typedef struct conform_lanes {
    vane_context *ctx;
    uint32_t count, device[CONFORM_DEVICES]; /* as vane_device_at counts */
    uint64_t caps[CONFORM_DEVICES];
    vane_stream *stream[CONFORM_DEVICES];
} conform_lanes;

void conform_lanes_open(conform_lanes *l, vane_context *ctx, const char *plugin);
/* The same devices with streams of its own: for another thread. */
conform_lanes conform_lanes_again(const conform_lanes *l);
void conform_lanes_close(conform_lanes *l);
vane_status conform_lanes_stream(conform_lanes *l, uint64_t lot, vane_stream **out);

#endif
