/* SPDX-License-Identifier: MIT */
/* move.c - launches the kernels of move.cl: copies (transpose and concat arrive as such), where,
 * cast and fill.
 */
#include "geometry.h"

/* What only moves is built once for each size. */
static uint32_t raw_dtype(uint32_t dtype)
{
    static const uint8_t raw[] = {
        [VANE_F32] = VANE_I32,   [VANE_F64] = VANE_I64, [VANE_F16] = VANE_BF16,
        [VANE_BF16] = VANE_BF16, [VANE_I32] = VANE_I32, [VANE_I64] = VANE_I64,
        [VANE_U8] = VANE_U8,     [VANE_I8] = VANE_U8,   [VANE_BOOL] = VANE_BOOL,
    };
    return raw[dtype];
}

static vane_status run_place(vane_queue *q, const ocl_kernel *k, const vane_call *call,
                             cl_event *out)
{
    ocl_function f = {
        .source = OCL_SOURCE_MOVE, .op = k->op, .dtype = k->dtype, .dtype2 = OCL_NO_DTYPE};
    ocl_place p;
    p.param[0] = p.param[1] = 0;
    if (k->op == VANE_OP_FILL)
        p.param[0] = common_number_bits(k->dtype, call->params->fill.value);
    else if (k->op == VANE_OP_CAST)
        f.dtype2 = call->arg[1].dtype;
    else
        f.dtype = raw_dtype(k->dtype);
    if (k->op == VANE_OP_TRANSPOSE || k->op == VANE_OP_CONCAT)
        f.op = VANE_OP_COPY;
    return ocl_place_launch(q, k, call, &f, &p, out);
}

/* ---- transposes ------------------------------------------------------------------- */

#define SIDE 32 /* move.cl's */
#define ROWS 8
#define TURN 3 /* the function's number, after those of places.cl */

/* move.cl's turn_place */
typedef struct turn_place {
    int64_t from, to;
    int64_t across, along;
    int64_t in_along, out_across;
    int32_t rank, unused;
    int64_t shape[VANE_VIEW_RANK], in[VANE_VIEW_RANK], out[VANE_VIEW_RANK];
} turn_place;

static size_t turn_group(const vane_device *d)
{
    return d->is_cpu ? 1 : SIDE * ROWS;
}

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

static uint64_t read_turn(const vane_view *in, const vane_view *o, uint32_t dim, turn_place *p)
{
    const uint32_t last = o->rank - 1;
    *p = (turn_place){.from = ocl_view_at(in),
                      .to = ocl_view_at(o),
                      .across = o->shape[dim],
                      .along = o->shape[last],
                      .in_along = in->stride[last],
                      .out_across = o->stride[dim]};
    uint64_t tiles = (uint64_t)((p->across + SIDE - 1) / SIDE);
    tiles *= (uint64_t)((p->along + SIDE - 1) / SIDE);
    for (uint32_t d = 0; d < last; d++) {
        if (d == dim)
            continue;
        p->shape[p->rank] = o->shape[d];
        p->in[p->rank] = in->stride[d];
        p->out[p->rank++] = o->stride[d];
        tiles *= (uint64_t)o->shape[d];
    }
    return tiles;
}

static vane_status run_turn(vane_queue *q, const ocl_kernel *k, const vane_call *call, uint32_t dim,
                            cl_event *out)
{
    const ocl_function f = {
        OCL_SOURCE_MOVE, VANE_OP_COPY, raw_dtype(k->dtype), OCL_NO_DTYPE, 0, TURN, "turn"};
    const cl_mem from = ocl_view_mem(&call->arg[0]), to = ocl_view_mem(&call->arg[1]);
    turn_place p;
    const size_t local = turn_group(q->device);
    const size_t global = (size_t)read_turn(&call->arg[0], &call->arg[1], dim, &p) * local;
    cl_int code = CL_SUCCESS;
    cl_kernel kernel = NULL;
    const vane_status st = ocl_function_get(q, &f, &kernel);
    if (st != VANE_OK)
        return st;
    OCL_ARG(q, kernel, 0, from, code);
    OCL_ARG(q, kernel, 1, to, code);
    OCL_ARG(q, kernel, 2, p, code);
    return ocl_launch(q, kernel, code, 1, &global, &local, k->name, out);
}

/* A device with smaller groups than a tile takes, or without the local memory, copies row by
 * row. */
static vane_status run_copy(vane_queue *q, const ocl_kernel *k, const vane_call *call,
                            cl_event *out)
{
    const vane_device *d = q->device;
    const uint64_t bytes = SIDE * (SIDE + 1) * common_dtype_bytes(k->dtype);
    if (!(call->flags & VANE_CALL_FLAT) && d->max_group >= turn_group(d) &&
        d->local_bytes >= bytes) {
        const uint32_t dim = turned_dim(&call->arg[0], &call->arg[1]);
        if (dim < call->arg[1].rank)
            return run_turn(q, k, call, dim, out);
    }
    return run_place(q, k, call, out);
}

/* ---- the table -------------------------------------------------------------------- */

int ocl_move_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out)
{
    static const char *const names[VANE_OP_COUNT] = {
        [VANE_OP_WHERE] = "where", [VANE_OP_COPY] = "copy", [VANE_OP_TRANSPOSE] = "transpose",
        [VANE_OP_CAST] = "cast",   [VANE_OP_FILL] = "fill", [VANE_OP_CONCAT] = "concat",
    };
    const int copies = op == VANE_OP_COPY || op == VANE_OP_TRANSPOSE || op == VANE_OP_CONCAT;
    (void)dtype;
    if (!names[op])
        return 0;
    ocl_kernel_describe(d, out, names[op], 0);
    out->run = copies ? run_copy : run_place;
    return 1;
}
