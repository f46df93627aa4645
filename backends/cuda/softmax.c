/* SPDX-License-Identifier: MIT */
/* softmax.c - launches softmax: which kernel a row's length and place ask for. */
#include "../common/dims.h"
#include "gpu.h"
#include "kernels/args.h"
#include "place.h"

enum {
    COLUMNS = 32,       /* rows side by side, of softmax_across */
    CHUNK_TERMS = 4096, /* that are worth a block */
    MOST = INT32_MAX    /* that kernels count in 31 bits */
};

static uint32_t parts(uint64_t n, uint64_t size)
{
    return (uint32_t)((n + size - 1) / size);
}

static void take_dims(softmax_args *a, const common_dims *d)
{
    a->n_kept = (int32_t)d->n_kept;
    for (int64_t i = 0; i < d->n_kept; i++) {
        a->kept[i] = cuda_divisor((uint32_t)d->kept[i]);
        a->kept_x[i] = d->kept_x[i];
        a->kept_out[i] = d->kept_out[i];
    }
    a->x_step = d->red_x[0];
    a->terms = d->terms;
    a->outputs = (uint32_t)d->outputs;
}

/* Can rows be read and written by packs? */
static int packs(const softmax_args *a, uint32_t dtype)
{
    const int64_t lanes = 16 / (int64_t)common_dtype_bytes(dtype);
    int packed = a->x_step == 1 && a->out_step == 1 && (a->x | a->out) % 16 == 0;
    for (int32_t i = 0; i < a->n_kept; i++)
        packed &=
            a->kept[i].length == 1 || (a->kept_x[i] % lanes == 0 && a->kept_out[i] % lanes == 0);
    return packed;
}

/* The fewest threads that hold a row. */
static int32_t lanes_for(int64_t terms)
{
    int32_t lanes = 1;
    while ((int64_t)lanes * SOFTMAX_HOLD < terms)
        lanes *= 2;
    return lanes;
}

static vane_status launch_held(vane_queue *q, uint32_t dtype, softmax_args *a)
{
    const uint32_t pack = 16 / (uint32_t)common_dtype_bytes(dtype);
    a->packed = packs(a, dtype);
    a->lanes = lanes_for(a->terms);
    /* neighbouring threads, neighbouring elements: a row as wide as four packs of a thread */
    while (!a->packed && a->lanes < 32 && a->x_step == 1 && a->lanes < a->terms)
        a->lanes *= 2;
    while (a->packed && a->lanes < 32 && (int64_t)a->lanes * pack < a->terms)
        a->lanes *= 2;
    if (a->lanes > SOFTMAX_THREADS) {
        a->lanes = SOFTMAX_LONG;
        return cuda_launch_over(q, CUDA_STEM_SOFTMAX_LONG, dtype, a,
                                (uint64_t)a->outputs * SOFTMAX_LONG);
    }
    return cuda_launch_over(q, CUDA_STEM_SOFTMAX, dtype, a,
                            (uint64_t)a->outputs * (uint32_t)a->lanes);
}

static vane_status launch_across(vane_queue *q, uint32_t dtype, softmax_args *a)
{
    const uint32_t wide = a->kept[a->n_kept - 1].length;
    a->tiles = parts(wide, COLUMNS);
    return cuda_launch_over(q, CUDA_STEM_SOFTMAX_ACROSS, dtype, a,
                            (uint64_t)(a->outputs / wide) * a->tiles * SOFTMAX_THREADS);
}

/* Enough chunks to fill the device. */
static vane_status launch_chunks(vane_queue *q, uint32_t dtype, softmax_args *a)
{
    cuda_function *f;
    CUdeviceptr part = 0;
    vane_status st = cuda_function_for(q, CUDA_STEM_SOFTMAX_STATS, dtype, &f);
    if (st != VANE_OK)
        return st;
    const uint32_t useful = parts((uint64_t)a->terms, CHUNK_TERMS);
    const uint32_t wanted = parts(f->blocks, a->outputs);
    a->chunks = wanted < useful ? wanted : useful;
    a->chunk = parts((uint64_t)a->terms, a->chunks);
    a->chunks = parts((uint64_t)a->terms, (uint64_t)a->chunk);
    st = cuda_scratch(q, (uint64_t)a->outputs * a->chunks * 16, &part);
    a->part = part;
    const uint64_t items = (uint64_t)a->outputs * a->chunks * SOFTMAX_THREADS;
    if (st == VANE_OK)
        st = cuda_launch_over(q, CUDA_STEM_SOFTMAX_STATS, dtype, a, items);
    return st == VANE_OK ? cuda_launch_over(q, CUDA_STEM_SOFTMAX_WRITE, dtype, a, items) : st;
}

static vane_status launch(vane_queue *q, uint32_t dtype, softmax_args *a)
{
    const int32_t last = a->n_kept - 1;
    const int columns = a->kept[last].length >= COLUMNS && a->kept_x[last] == 1 && a->x_step != 1;
    if (a->terms > SOFTMAX_HOLD && columns)
        return launch_across(q, dtype, a);
    if (a->terms <= SOFTMAX_LONG * SOFTMAX_HOLD)
        return launch_held(q, dtype, a);
    return launch_chunks(q, dtype, a);
}

/* The kernels count in 31 bits: rows in halves while there are too many. */
static vane_status launch_parts(vane_queue *q, uint32_t dtype, softmax_args *a, common_dims *d)
{
    const uint64_t bytes = common_dtype_bytes(dtype);
    if (d->outputs <= MOST / 2) {
        take_dims(a, d);
        return launch(q, dtype, a);
    }
    softmax_args rest = *a;
    common_dims other = *d;
    const int64_t first = d->kept[0] / 2;
    d->outputs = d->outputs / d->kept[0] * first;
    other.outputs -= d->outputs;
    d->kept[0] = first;
    other.kept[0] -= first;
    rest.x += (uint64_t)(first * d->kept_x[0]) * bytes;
    rest.out += (uint64_t)(first * d->kept_out[0]) * bytes;
    const vane_status st = launch_parts(q, dtype, a, d);
    return st == VANE_OK ? launch_parts(q, dtype, &rest, &other) : st;
}

static vane_status run(vane_queue *q, const cuda_kernel *k, const vane_call *call)
{
    const vane_view *x = &call->arg[0], *out = &call->arg[1];
    const uint64_t bytes = common_dtype_bytes(k->dtype);
    common_dims d;
    common_dims_reduce(&d, x, out, x->rank - 1, 1);
    if (d.outputs == 0 || d.terms == 0)
        return VANE_OK;
    softmax_args a = {.x = cuda_view_at(x) + (uint64_t)d.x_at * bytes,
                      .out = cuda_view_at(out) + (uint64_t)d.out_at * bytes,
                      .out_step = out->stride[x->rank - 1]};
    return launch_parts(q, k->dtype, &a, &d);
}

int cuda_softmax_kernel(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out)
{
    if (op != VANE_OP_SOFTMAX || dtype > VANE_BF16)
        return 0;
    cuda_kernel_describe(d, out, "softmax", 0.1);
    out->run = run;
    return 1;
}
