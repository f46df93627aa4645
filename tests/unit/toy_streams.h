/* SPDX-License-Identifier: MIT */
/* toy_streams.h - for tests of streams: one of the toy's first device and one of any, and two
 * buffers of 64 floats. The toy's gate holds its kernels back, so that work is under way for as
 * long as a test needs.
 */
#ifndef TOY_STREAMS_H
#define TOY_STREAMS_H

#include "toy_kit.h"

enum { N = 64, MS = 1000000 };

static vane_context *ctx;
static vane_stream *on_toy, *anywhere;
static vane_buffer a, b;
static vane_tensor ta, tb;

static inline void setup(void)
{
    toy.n_devices = 2;
    ctx = toy_context(0, 0);
    GOOD(vane_stream_open(ctx, toy_index(ctx), &on_toy));
    GOOD(vane_stream_open(ctx, VANE_ANY_DEVICE, &anywhere));
    a = buffer_of(ctx, "a", N, 1);
    b = buffer_of(ctx, "b", N, 5);
    ta = in_buffer(a, 0, N);
    tb = in_buffer(b, 0, N);
}

static inline void teardown(void)
{
    toy_gate(0);
    if (on_toy != NULL)
        vane_stream_close(on_toy);
    if (anywhere != NULL)
        vane_stream_close(anywhere);
    toy_context_close(ctx);
}

static atomic_int calls, statuses[8]; /* of note_status */

static inline void note_status(void *arg, vane_status st)
{
    (void)arg;
    atomic_store(&statuses[atomic_fetch_add(&calls, 1) % 8], (int)st);
}

#endif
