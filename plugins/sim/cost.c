/* SPDX-License-Identifier: MIT */
/* cost.c - how much work one call is: the flops of ops.def, and each byte once. */
#include "sim.h"

typedef struct row {
    double flops;
    sim_class rates;
} row;

enum {
    CLASS_ELEMENTWISE = SIM_ELEMENTWISE,
    CLASS_REDUCE = SIM_REDUCE,
    CLASS_ARGMAX = SIM_REDUCE,
    CLASS_DOT = SIM_REDUCE,
    CLASS_MATMUL = SIM_MATMUL,
    CLASS_GEMM = SIM_MATMUL,
    CLASS_SOFTMAX = SIM_OTHER,
    CLASS_TRANSPOSE = SIM_OTHER,
    CLASS_CONCAT = SIM_OTHER
};

static const row rows[VANE_OP_COUNT] = {
#define VANE_OP(ID, name, SIG, P, SET, OUT, SHAPE, flops, ulp, onnx) \
    {flops, (sim_class)CLASS_##SHAPE},
#include "vane/ops.def"
};

sim_class sim_class_of(uint32_t op)
{
    return rows[op].rates;
}

static double count_of(const vane_view *v)
{
    double n = 1;
    for (uint32_t d = 0; d < v->rank; d++)
        n *= (double)v->shape[d];
    return n;
}

/* Elements that there are in memory: a broadcast dimension is one. */
static double held_by(const vane_view *v)
{
    double n = 1;
    for (uint32_t d = 0; d < v->rank; d++)
        n *= v->stride[d] == 0 && v->shape[d] > 0 ? 1.0 : (double)v->shape[d];
    return n;
}

double sim_flops(const vane_call *call)
{
    const vane_view *first = &call->arg[0], *out = &call->arg[call->n_arg - 1];
    double units = count_of(first);
    if (rows[call->op].rates == SIM_MATMUL)
        units = count_of(out) * (double)first->shape[first->rank - 1];
    return units * rows[call->op].flops;
}

double sim_bytes(const vane_call *call)
{
    static const double size[VANE_DTYPE_COUNT] = {
#define DTYPE_SIZE(NAME, name, bytes) bytes,
        VANE_DTYPE_MAP(DTYPE_SIZE)};
    double bytes = 0;
    for (uint32_t i = 0; i < call->n_arg; i++)
        bytes += held_by(&call->arg[i]) * size[call->arg[i].dtype];
    return bytes;
}

double sim_call_ns(const sim_spec *s, const vane_call *call)
{
    double compute = sim_flops(call) / s->flops[sim_class_of(call->op)][call->dtype] * 1e9;
    double move = sim_bytes(call) / s->bytes * 1e9;
    return compute > move ? compute : move;
}
