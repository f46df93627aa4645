/* SPDX-License-Identifier: MIT */
/* elementwise.c - launches the ops of elementwise.cl: which there are, and their parameters. */
#include "geometry.h"

static vane_status run(vane_queue *q, const ocl_kernel *k, const vane_call *call, cl_event *out)
{
    ocl_function f = {
        .source = OCL_SOURCE_ELEMENTWISE, .op = k->op, .dtype = k->dtype, .dtype2 = OCL_NO_DTYPE};
    ocl_place p;
    p.param[0] = p.param[1] = 0;
    if (k->op == VANE_OP_GELU)
        f.variant = call->params->gelu.tanh_approximation != 0;
    if (k->op == VANE_OP_CLIP) {
        p.param[0] = common_number_bits(k->dtype, call->params->clip.lo);
        p.param[1] = common_number_bits(k->dtype, call->params->clip.hi);
    }
    if (k->op == VANE_OP_AXPY) { /* of f16 and bf16 a float, as all their arithmetic */
        const int narrow = k->dtype == VANE_F16 || k->dtype == VANE_BF16;
        p.param[0] = common_number_bits(narrow ? VANE_F32 : k->dtype, call->params->axpy.alpha);
    }
    return ocl_place_launch(q, k, call, &f, &p, out);
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

int ocl_elementwise_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out)
{
    const struct row *r = &rows[op];
    if (!r->name || op == VANE_OP_WHERE || !(r->dtypes >> dtype & 1))
        return 0;
    ocl_kernel_describe(d, out, r->name, r->flops > 4 ? 0.2 : 0);
    out->run = run;
    return 1;
}
