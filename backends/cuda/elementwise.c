/* SPDX-License-Identifier: MIT */
/* elementwise.c - launches the arithmetic, the functions and the comparisons: which there are, and
 * their parameters.
 */
#include "place.h"

static uint64_t bits(uint32_t dtype, double v)
{
    return (uint64_t)common_number_bits(dtype, v);
}

/* Of f16 and bf16 a float, as all their arithmetic. */
static uint32_t compute_dtype(uint32_t dtype)
{
    return dtype == VANE_F16 || dtype == VANE_BF16 ? VANE_F32 : dtype;
}

static const struct row {
    const char *name; /* NULL: not of this family */
    uint32_t dtypes;
    uint32_t flops;
} rows[VANE_OP_COUNT] = {
#define BIT(dtype) (1u << VANE_##dtype)
#define FLOAT (BIT(F32) | BIT(F64) | BIT(F16) | BIT(BF16))
#define WIDE (FLOAT | BIT(I32) | BIT(I64))
#define SIGNED (WIDE | BIT(I8))
#define NUMERIC (SIGNED | BIT(U8))
#define ALL (NUMERIC | BIT(BOOL))
#define VANE_OP(ID, name, SIG, P, DTYPES, OUT, SHAPE, flops, ...) \
    [VANE_OP_##ID] = {VANE_OP_##ID <= VANE_OP_GREATER ? #name : NULL, DTYPES, flops},
#include "vane/ops.def"
};

/* Which kernel computes an op. */
static const struct way {
    cuda_stem flat;
    int32_t op;
} ways[VANE_OP_COUNT] = {
    [VANE_OP_ABS] = {CUDA_STEM_LIGHT, LIGHT_ABS},
    [VANE_OP_NEG] = {CUDA_STEM_LIGHT, LIGHT_NEG},
    [VANE_OP_RELU] = {CUDA_STEM_LIGHT, LIGHT_RELU},
    [VANE_OP_CLIP] = {CUDA_STEM_LIGHT, LIGHT_CLIP},
    [VANE_OP_SQRT] = {CUDA_STEM_SQRT, 0},
    [VANE_OP_EXP] = {CUDA_STEM_EXP, 0},
    [VANE_OP_LOG] = {CUDA_STEM_LOG, 0},
    [VANE_OP_TANH] = {CUDA_STEM_TANH, 0},
    [VANE_OP_SIGMOID] = {CUDA_STEM_SIGMOID, 0},
    [VANE_OP_GELU] = {CUDA_STEM_GELU, 0},
    [VANE_OP_ADD] = {CUDA_STEM_ARITH, ARITH_ADD},
    [VANE_OP_SUB] = {CUDA_STEM_ARITH, ARITH_SUB},
    [VANE_OP_MUL] = {CUDA_STEM_ARITH, ARITH_MUL},
    [VANE_OP_DIV] = {CUDA_STEM_DIV, 0},
    [VANE_OP_POW] = {CUDA_STEM_POW, 0},
    [VANE_OP_MAX] = {CUDA_STEM_ARITH, ARITH_MAX},
    [VANE_OP_MIN] = {CUDA_STEM_ARITH, ARITH_MIN},
    [VANE_OP_FMA] = {CUDA_STEM_FMA, 0},
    [VANE_OP_AXPY] = {CUDA_STEM_ARITH, ARITH_AXPY},
    [VANE_OP_EQUAL] = {CUDA_STEM_COMPARE, COMPARE_EQUAL},
    [VANE_OP_LESS] = {CUDA_STEM_COMPARE, COMPARE_LESS},
    [VANE_OP_GREATER] = {CUDA_STEM_COMPARE, COMPARE_GREATER},
};

static vane_status run(vane_queue *q, const cuda_kernel *k, const vane_call *call)
{
    cuda_job job = {.flat = ways[k->op].flat, .dtype = k->dtype, .op = ways[k->op].op};
    if (k->op == VANE_OP_GELU && call->params->gelu.tanh_approximation)
        job.flat = CUDA_STEM_GELU_TANH;
    if (k->op == VANE_OP_CLIP) {
        job.param[0] = bits(k->dtype, call->params->clip.lo);
        job.param[1] = bits(k->dtype, call->params->clip.hi);
    }
    if (k->op == VANE_OP_AXPY)
        job.param[0] = bits(compute_dtype(k->dtype), call->params->axpy.alpha);
    return cuda_place_launch(q, call, &job);
}

int cuda_elementwise_kernel(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out)
{
    const struct row *r = &rows[op];
    if (!r->name || op == VANE_OP_WHERE || !(r->dtypes >> dtype & 1))
        return 0;
    cuda_kernel_describe(d, out, r->name, r->flops > 4 ? 0.2 : 0);
    out->run = run;
    return 1;
}
