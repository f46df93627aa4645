/* SPDX-License-Identifier: MIT */
/* move.c - launches copies (transpose and concat arrive as such), where, cast and fill. What only
 * moves has a kernel for each size.
 */
#include "place.h"

static vane_status run_place(vane_queue *q, const cuda_kernel *k, const vane_call *call)
{
    cuda_job job = {.dtype = k->dtype};
    if (k->op == VANE_OP_FILL) {
        job.flat = CUDA_STEM_FILL;
        job.param[0] = (uint64_t)common_number_bits(k->dtype, call->params->fill.value);
    } else if (k->op == VANE_OP_WHERE) {
        job.flat = CUDA_STEM_WHERE;
    } else if (k->op == VANE_OP_CAST) {
        job.flat = CUDA_STEM_CAST;
        job.dtype = call->arg[1].dtype;
        job.op = (int32_t)call->arg[0].dtype;
        job.lanes = 4;
    } else {
        job.flat = CUDA_STEM_COPY;
    }
    return cuda_place_launch(q, call, &job);
}

/* ---- transposes ------------------------------------------------------------------------- */

/* The dimension along which the input is contiguous while the output is along the last: the rank
 * when it is the same one, or neither is contiguous, or there is too little for a tile. */
static uint32_t turned_dim(const vane_view *in, const vane_view *o)
{
    const uint32_t last = o->rank - 1;
    uint32_t d = 0;
    while (d < last && !(in->stride[d] == 1 && in->shape[d] > 1))
        d++;
    if (d == last || o->stride[last] != 1 || in->stride[last] == 1)
        return o->rank;
    return o->shape[d] >= 8 && o->shape[last] >= 8 ? d : o->rank;
}

static uint64_t tiles_of(int64_t n)
{
    return (uint64_t)((n + TURN_SIDE - 1) / TURN_SIDE);
}

/* 0: there are more tiles than the kernel counts. */
static int read_turn(const vane_view *in, const vane_view *o, uint32_t dim, turn_args *a)
{
    const uint32_t last = o->rank - 1;
    *a = (turn_args){.from = cuda_view_at(in),
                     .to = cuda_view_at(o),
                     .across = o->shape[dim],
                     .along = o->shape[last],
                     .in_along = in->stride[last],
                     .out_across = o->stride[dim]};
    double tiles = (double)tiles_of(a->across) * (double)tiles_of(a->along);
    for (uint32_t d = 0; d < last; d++)
        tiles *= d == dim ? 1 : (double)o->shape[d];
    if (tiles >= 0x1p31)
        return 0;
    a->tiles = (uint64_t)tiles;
    a->tiles_across = cuda_divisor((uint32_t)tiles_of(a->across));
    a->tiles_along = cuda_divisor((uint32_t)tiles_of(a->along));
    for (uint32_t d = 0; d < last; d++) {
        if (d == dim)
            continue;
        a->dim[a->rank] = cuda_divisor((uint32_t)o->shape[d]);
        a->in[a->rank] = in->stride[d];
        a->out[a->rank++] = o->stride[d];
    }
    return 1;
}

static vane_status run_copy(vane_queue *q, const cuda_kernel *k, const vane_call *call)
{
    turn_args a;
    const vane_view *in = &call->arg[0], *o = &call->arg[1];
    if (call->flags & VANE_CALL_FLAT)
        return run_place(q, k, call);
    const uint32_t dim = turned_dim(in, o);
    if (dim == o->rank || !read_turn(in, o, dim, &a))
        return run_place(q, k, call);
    /* a block takes one tile after the other */
    return cuda_launch_over(q, CUDA_STEM_TURN, k->dtype, &a, a.tiles * TURN_SIDE * TURN_ROWS);
}

/* ---- the table --------------------------------------------------------------------------- */

int cuda_move_kernel(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out)
{
    static const char *const names[VANE_OP_COUNT] = {
        [VANE_OP_WHERE] = "where", [VANE_OP_COPY] = "copy", [VANE_OP_TRANSPOSE] = "transpose",
        [VANE_OP_CAST] = "cast",   [VANE_OP_FILL] = "fill", [VANE_OP_CONCAT] = "concat",
    };
    const int copies = op == VANE_OP_COPY || op == VANE_OP_TRANSPOSE || op == VANE_OP_CONCAT;
    (void)dtype;
    if (!names[op])
        return 0;
    cuda_kernel_describe(d, out, names[op], 0);
    out->run = copies ? run_copy : run_place;
    return 1;
}
