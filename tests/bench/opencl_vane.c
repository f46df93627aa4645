/* SPDX-License-Identifier: MIT */
/* opencl_vane.c - the same work as opencl_hand.c's, through Vane: buffers, and a stream of the
 * first OpenCL device.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opencl_bench.h"
#include "vane/vane.h"

typedef struct operands {
    vane_buffer a, b, out;
    vane_tensor ta, tb, tout;
} operands;

struct with_vane {
    vane_context *ctx;
    vane_stream *stream;
    uint32_t device;
    operands sets[BENCH_SETS]; /* those after the first are opened when they are needed */
    operands *use;
    float *from, *to;
    char name[128];
    bench_op op;
    size_t n;
};

static int fails(vane_status st)
{
    if (st != VANE_OK)
        fprintf(stderr, "bench_opencl: %s\n", vane_last_error()->message);
    return st != VANE_OK;
}

static int find_device(with_vane *v)
{
    const char *backend;
    for (uint32_t i = 0; i < vane_device_count(v->ctx); i++) {
        vane_device_info info = {.struct_size = sizeof info};
        if (vane_device_at(v->ctx, i, &info, &backend) != VANE_OK || strcmp(backend, "opencl") != 0)
            continue;
        v->device = i;
        snprintf(v->name, sizeof v->name, "%s", info.name);
        return 0;
    }
    fprintf(stderr, "bench_opencl: Vane has no OpenCL device\n");
    return 1;
}

static int open_buffer(with_vane *v, size_t n, const char *name, vane_buffer *out)
{
    return fails(vane_buffer_open(v->ctx, n * sizeof(float), name, out)) ||
           fails(vane_buffer_write(v->ctx, *out, 0, v->from, n * sizeof(float))) ||
           fails(vane_buffer_prefetch(v->ctx, *out, v->device));
}

static int open_operands(with_vane *v, operands *o, size_t n)
{
    return open_buffer(v, n, "a", &o->a) || open_buffer(v, n, "b", &o->b) ||
           open_buffer(v, n, "out", &o->out);
}

static int open_all(with_vane *v, size_t n)
{
    const vane_config config = {.struct_size = sizeof config, .backend = "opencl"};
    v->use = v->sets;
    v->from = malloc(n * sizeof(float));
    v->to = malloc(n * sizeof(float));
    if (!v->from || !v->to) {
        fprintf(stderr, "bench_opencl: out of memory\n");
        return 1;
    }
    for (size_t i = 0; i < n; i++)
        v->from[i] = (float)(i % 1000) - 500;
    return fails(vane_open(&config, &v->ctx)) || find_device(v) ||
           fails(vane_stream_open(v->ctx, v->device, &v->stream)) || open_operands(v, v->use, n);
}

int with_vane_open_sets(with_vane *v, size_t n)
{
    for (int i = 1; i < BENCH_SETS; i++)
        if (open_operands(v, &v->sets[i], n))
            return 1;
    return 0;
}

with_vane *with_vane_open(size_t n)
{
    with_vane *v = calloc(1, sizeof *v);
    if (v && !open_all(v, n))
        return v;
    if (v)
        with_vane_close(v);
    return NULL;
}

void with_vane_close(with_vane *v)
{
    if (v->stream)
        vane_stream_close(v->stream);
    if (v->ctx) {
        for (int i = 0; i < BENCH_SETS; i++) {
            const vane_buffer all[3] = {v->sets[i].a, v->sets[i].b, v->sets[i].out};
            for (int k = 0; k < 3; k++)
                if (all[k].id)
                    vane_buffer_close(v->ctx, all[k]);
        }
        vane_close(v->ctx);
    }
    free(v->from);
    free(v->to);
    free(v);
}

const char *with_vane_device(const with_vane *v)
{
    return v->name;
}

void with_vane_set(with_vane *v, bench_op op, size_t n)
{
    const int64_t shape = (int64_t)n;
    v->op = op;
    v->n = n;
    for (int i = 0; i < BENCH_SETS; i++) {
        operands *o = &v->sets[i];
        o->ta = vane_tensor_in(o->a, 0, VANE_F32, 1, &shape);
        o->tb = vane_tensor_in(o->b, 0, VANE_F32, 1, &shape);
        o->tout = vane_tensor_in(o->out, 0, VANE_F32, 1, &shape);
    }
}

void with_vane_use(with_vane *v, int set)
{
    v->use = &v->sets[set];
}

/* ---- the things ------------------------------------------------------------------ */

int with_vane_call(void *self)
{
    with_vane *v = self;
    if (v->op == BENCH_RELU)
        return fails(vane_relu(v->ctx, &v->use->ta, &v->use->tout));
    return fails(v->op == BENCH_ADD ? vane_add(v->ctx, &v->use->ta, &v->use->tb, &v->use->tout)
                                    : vane_mul(v->ctx, &v->use->ta, &v->use->tb, &v->use->tout));
}

static vane_status enqueue(with_vane *v)
{
    if (v->op == BENCH_RELU)
        return vane_relu_async(v->stream, &v->use->ta, &v->use->tout);
    return v->op == BENCH_ADD ? vane_add_async(v->stream, &v->use->ta, &v->use->tb, &v->use->tout)
                              : vane_mul_async(v->stream, &v->use->ta, &v->use->tb, &v->use->tout);
}

int with_vane_launch(void *self)
{
    with_vane *v = self;
    return fails(enqueue(v)) || fails(vane_stream_wait(v->stream));
}

int with_vane_pipeline(void *self)
{
    with_vane *v = self;
    for (int i = 0; i < BENCH_PIPELINE; i++)
        if (fails(enqueue(v)))
            return 1;
    return fails(vane_stream_wait(v->stream));
}

int with_vane_rotate(void *self)
{
    with_vane *v = self;
    for (int i = 0; i < BENCH_PIPELINE; i++) {
        with_vane_use(v, i % BENCH_SETS);
        if (fails(enqueue(v)))
            return 1;
    }
    with_vane_use(v, 0);
    return fails(vane_stream_wait(v->stream));
}

int with_vane_upload(void *self)
{
    with_vane *v = self;
    return fails(vane_buffer_write(v->ctx, v->use->a, 0, v->from, v->n * sizeof(float))) ||
           fails(vane_buffer_prefetch(v->ctx, v->use->a, v->device));
}

int with_vane_download(void *self)
{
    with_vane *v = self;
    return fails(enqueue(v)) ||
           fails(vane_buffer_read(v->ctx, v->use->out, 0, v->to, v->n * sizeof(float)));
}

/* ---- is it right? ---------------------------------------------------------------- */

int with_vane_clear(with_vane *v)
{
    for (size_t i = 0; i < v->n; i++)
        v->to[i] = -1e9f;
    return fails(vane_buffer_write(v->ctx, v->use->out, 0, v->to, v->n * sizeof(float))) ||
           fails(vane_buffer_prefetch(v->ctx, v->use->out, v->device));
}

static int read_back(with_vane *v, vane_buffer from)
{
    return fails(vane_buffer_read(v->ctx, from, 0, v->to, v->n * sizeof(float)));
}

int with_vane_check(with_vane *v)
{
    return read_back(v, v->use->out) || bench_check("vane", v->op, v->n, v->from, v->to);
}

/* What went up is read by the add: a reading of a would find the host's copy. */
int with_vane_check_copies(with_vane *v)
{
    return bench_check("down by vane", v->op, v->n, v->from, v->to) || with_vane_clear(v) ||
           fails(enqueue(v)) || with_vane_check(v);
}
