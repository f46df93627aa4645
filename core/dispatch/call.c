/* SPDX-License-Identifier: MIT */
/* call.c - check a request and bring it into its rule's normal form. */
#include "dispatch/call.h"

#include <string.h>

#include "error.h"
#include "op/tensor.h"

vane_status vane__request_make(const vane_context *ctx, uint32_t op, const vane_tensor *const *in,
                               uint32_t n_in, vane_tensor *const *out, uint32_t n_out,
                               const vane_params *params, vane__request *rq)
{
    vane_status st = vane__context_check(ctx);
    if (st != VANE_OK)
        return st;
    const vane__op *row = vane__op_require(ctx, op);
    if (row == NULL)
        return VANE_E_NOT_FOUND;
    if (row->rule == VANE__RULE_GEMM && n_in == 3 && in != NULL && in[2] == NULL)
        n_in = 2; /* no c */
    if (n_in < row->info.min_in || n_in > row->info.max_in)
        return vane__fail(VANE_E_ARGUMENT, "%s: %u inputs, expected %s%u", row->info.name, n_in,
                          row->info.min_in == row->info.max_in ? "" : "at least ",
                          row->info.min_in);
    if (n_out != row->info.n_out)
        return vane__fail(VANE_E_ARGUMENT, "%s: %u outputs, expected %u", row->info.name, n_out,
                          row->info.n_out);
    if ((n_in > 0 && in == NULL) || out == NULL)
        return vane__fail(VANE_E_ARGUMENT, "%s: %s is NULL, expected an array of tensors",
                          row->info.name, out == NULL ? "outputs" : "inputs");
    *rq =
        (vane__request){ctx, row, in, out, n_in, n_out, params != NULL ? params : row->defaults, 1};
    return VANE_OK;
}

static vane_status dtype_unfit(const vane__request *rq, uint32_t i, uint32_t got,
                               const char *expected)
{
    char name[16];
    return vane__fail(VANE_E_DTYPE, "%s: %s is %s, expected %s", rq->op->info.name,
                      vane__input_name(rq->op, i, name, sizeof name), vane_dtype_name(got),
                      expected);
}

static const char *set_text(const vane__op *op)
{
    const char *set = op->info.dtype_set;
    return strcmp(set, "FLOAT") == 0     ? "f32 f64 f16 or bf16"
           : strcmp(set, "WIDE") == 0    ? "f32 f64 f16 bf16 i32 or i64"
           : strcmp(set, "SIGNED") == 0  ? "f32 f64 f16 bf16 i32 i64 or i8"
           : strcmp(set, "NUMERIC") == 0 ? "any type but bool"
                                         : "one of the op's types";
}

vane_status vane__request_dtype(const vane__request *rq, uint32_t *out)
{
    const vane__op *op = rq->op;
    uint32_t first = op->info.op == VANE_OP_WHERE ? 1 : 0; /* its condition is bool */
    while (op->rule == VANE__RULE_CUSTOM && first + 1 < rq->n_in &&
           rq->in[first]->dtype == VANE_BOOL)
        first++;
    if (op->info.op == VANE_OP_WHERE && rq->in[0]->dtype != VANE_BOOL)
        return dtype_unfit(rq, 0, rq->in[0]->dtype, "bool");
    *out = rq->n_in == 0 ? rq->out[0]->dtype : rq->in[first]->dtype;
    if (!(op->info.dtypes >> *out & 1))
        return dtype_unfit(rq, first, *out, set_text(op));
    for (uint32_t i = first + 1; i < rq->n_in && op->rule != VANE__RULE_CUSTOM; i++)
        if (rq->in[i]->dtype != *out)
            return dtype_unfit(rq, i, rq->in[i]->dtype, vane_dtype_name(*out));
    return VANE_OK;
}

static vane_status check_inputs(const vane__request *rq)
{
    char name[16];
    for (uint32_t i = 0; i < rq->n_in; i++) {
        vane_status st =
            vane__tensor_check(rq->op->info.name, vane__input_name(rq->op, i, name, sizeof name),
                               rq->in[i], 0, rq->need_data);
        if (st != VANE_OK)
            return st;
    }
    return VANE_OK;
}

vane_status vane__request_infer(const vane__request *rq, vane_tensor *out)
{
    uint32_t dtype;
    vane_status st = vane__request_dtype(rq, &dtype);
    if (st == VANE_OK)
        st = vane__params_check(rq->op, rq->params, dtype);
    if (st == VANE_OK)
        st = vane__rule_of(rq->op->rule)->infer(rq, out);
    if (st != VANE_OK)
        return st;
    if (rq->op->out != VANE__OUT_ANY)
        out->dtype = rq->op->out == VANE__OUT_SAME   ? dtype
                     : rq->op->out == VANE__OUT_BOOL ? (uint32_t)VANE_BOOL
                                                     : (uint32_t)VANE_I64;
    if (vane__count(out->rank, out->shape) < 0)
        return vane__fail(VANE_E_OVERFLOW, "%s: the output has more elements than 63 bits count",
                          rq->op->info.name);
    vane__strides_fill(out->rank, out->shape, out->stride);
    return VANE_OK;
}

static int same_shape(const vane_tensor *a, const vane_tensor *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, a->rank * sizeof(a->shape[0])) == 0;
}

/* The other form of a reduction's output: without the dimensions of 1, or with. */
static int other_form(const vane__request *rq, const vane_tensor *out)
{
    if (rq->op->rule != VANE__RULE_REDUCE && rq->op->rule != VANE__RULE_ARGMAX)
        return 0;
    vane_params flipped = *rq->params;
    if (rq->op->rule == VANE__RULE_REDUCE)
        flipped.reduce.drop_dims = !flipped.reduce.drop_dims;
    else
        flipped.argmax.drop_dims = !flipped.argmax.drop_dims;
    vane__request other = *rq;
    other.params = &flipped;
    vane_tensor want = {.rank = 0};
    return vane__rule_of(rq->op->rule)->infer(&other, &want) == VANE_OK && same_shape(&want, out);
}

static vane_status check_output(const vane__request *rq)
{
    const char *op = rq->op->info.name;
    vane_tensor *out = rq->out[0];
    vane_status st = vane__tensor_check(op, "out", out, 1, rq->need_data);
    vane_tensor want = {.rank = 0};
    if (st == VANE_OK && (rq->op->out == VANE__OUT_ANY || rq->n_in == 0))
        want = *out; /* its dtype, or its shape too, is the caller's */
    if (st == VANE_OK)
        st = vane__request_infer(rq, &want);
    if (st != VANE_OK)
        return st;
    if (want.dtype != out->dtype)
        return vane__fail(VANE_E_DTYPE, "%s: out is %s, expected %s", op,
                          vane_dtype_name(out->dtype), vane_dtype_name(want.dtype));
    if (!same_shape(&want, out) && !other_form(rq, out)) {
        char have[VANE__SHAPE_TEXT], expected[VANE__SHAPE_TEXT];
        vane__shape_text(out->rank, out->shape, have, sizeof have);
        vane__shape_text(want.rank, want.shape, expected, sizeof expected);
        return vane__fail(VANE_E_SHAPE, "%s: out has shape %s, expected %s", op, have, expected);
    }
    return VANE_OK;
}

/* Elementwise: is this input's view the very memory of the output? */
static int same_view(const vane_view *a, const vane_view *b)
{
    if (a->data != b->data || vane_dtype_bytes(a->dtype) != vane_dtype_bytes(b->dtype))
        return 0;
    for (uint32_t d = 0; d < a->rank; d++)
        if (a->shape[d] > 1 && a->stride[d] != b->stride[d])
            return 0;
    return 1;
}

static vane_status check_overlap(const vane__request *rq, vane_call *call)
{
    int inplace_allowed =
        rq->op->rule == VANE__RULE_ELEMENTWISE || rq->op->rule == VANE__RULE_SOFTMAX;
    for (uint32_t i = 0; rq->need_data && i < rq->n_in; i++) {
        if (vane__tensor_alias(rq->in[i], rq->out[0]) == VANE__ALIAS_NONE)
            continue;
        if (inplace_allowed && same_view(&call->arg[i], &call->arg[call->n_in])) {
            call->flags |= VANE_CALL_INPLACE;
            continue;
        }
        char name[16];
        return vane__fail(VANE_E_OVERLAP, "%s: out overlaps %s, expected %s", rq->op->info.name,
                          vane__input_name(rq->op, i, name, sizeof name),
                          inplace_allowed ? "separate memory or exactly the same view"
                                          : "separate memory");
    }
    return VANE_OK;
}

static vane_status check_custom(const vane__request *rq, vane_call *call)
{
    char why[160] = "";
    if (rq->op->rule != VANE__RULE_CUSTOM || rq->op->custom.check == NULL)
        return VANE_OK;
    vane_status st = rq->op->custom.check(call->arg, rq->params, why, sizeof why);
    return st == VANE_OK
               ? st
               : vane__fail(st, "%s: %s", rq->op->info.name, why[0] ? why : "refused by its check");
}

uint32_t vane__size_class(const vane_call *call, vane__rule rule, double units)
{
    uint64_t n = !(units >= 1) ? 1 : units > 0x1p62 ? UINT64_C(1) << 62 : (uint64_t)units;
    uint32_t c = 63 - (uint32_t)__builtin_clzll(n);
    c = c < VANE__THIN ? c : VANE__THIN - 1;
    if (rule == VANE__RULE_MATMUL || rule == VANE__RULE_GEMM) {
        const vane_view *out = &call->arg[call->n_arg - 1];
        if (out->shape[out->rank - 1] <= 4 || out->shape[out->rank - 2] <= 4)
            c += VANE__THIN;
    }
    return c;
}

static double operand_bytes(const vane__request *rq)
{
    double bytes = 0;
    for (uint32_t i = 0; i < rq->n_in; i++)
        bytes += (double)vane__count(rq->in[i]->rank, rq->in[i]->shape) *
                 vane_dtype_bytes(rq->in[i]->dtype);
    return bytes + (double)vane__count(rq->out[0]->rank, rq->out[0]->shape) *
                       vane_dtype_bytes(rq->out[0]->dtype);
}

static void measure(vane__prepared *p)
{
    const vane__op *op = p->rq.op;
    p->work.units = vane__rule_of(op->rule)->units(&p->call);
    if (op->rule == VANE__RULE_CONCAT)
        p->work.units = (double)vane__count(p->rq.out[0]->rank, p->rq.out[0]->shape);
    p->work.flops = p->work.units * op->info.flops;
    if (op->rule == VANE__RULE_CUSTOM && op->custom.work != NULL)
        p->work.units = p->work.flops = op->custom.work(p->call.arg, p->rq.params);
    p->work.bytes = operand_bytes(&p->rq);
    p->size_class = vane__size_class(&p->call, op->rule, p->work.units);
}

void vane__call_part(const vane__prepared *p, uint32_t part, vane_call *call)
{
    const vane__request *rq = &p->rq;
    uint32_t n_in = rq->op->rule == VANE__RULE_CONCAT ? 1 : rq->n_in;
    call->struct_size = sizeof(*call);
    call->op = rq->op->info.op;
    call->dtype = p->dtype;
    call->n_in = n_in;
    call->n_arg = n_in + rq->n_out;
    call->n_outer = 0;
    call->width = 1;
    call->flags = 0;
    call->params = rq->params;
    call->host = NULL;
    call->device = NULL;
    vane__rule_of(rq->op->rule)->normalise(rq, part, call);
}

vane_status vane__call_prepare(const vane__request *rq, vane__prepared *p)
{
    p->rq = *rq;
    p->where = (vane__where){0};
    if (rq->n_in > VANE_MAX_ARG - rq->n_out && rq->op->rule != VANE__RULE_CONCAT)
        return vane__fail(VANE_E_ARGUMENT, "%s: %u inputs, expected fewer than %d",
                          rq->op->info.name, rq->n_in, VANE_MAX_ARG);
    vane_status st = check_inputs(rq);
    if (st == VANE_OK)
        st = check_output(rq);
    if (st == VANE_OK)
        st = vane__request_dtype(rq, &p->dtype);
    if (st != VANE_OK)
        return st;
    vane__call_part(p, 0, &p->call);
    st = check_overlap(rq, &p->call);
    if (st == VANE_OK)
        st = check_custom(rq, &p->call);
    if (st != VANE_OK)
        return st;
    measure(p);
    p->parts = rq->op->rule == VANE__RULE_CONCAT ? rq->n_in : 1;
    if (vane__count(rq->out[0]->rank, rq->out[0]->shape) == 0)
        p->parts = 0;
    return VANE_OK;
}

/* ---- public ---------------------------------------------------------------------- */

vane_status vane_infer(const vane_context *ctx, uint32_t op, const vane_tensor *const *inputs,
                       uint32_t n_in, const vane_params *params, vane_tensor *out)
{
    vane__request rq;
    vane_tensor *const outs[1] = {out};
    vane_status st = vane__request_make(ctx, op, inputs, n_in, outs, 1, params, &rq);
    if (st != VANE_OK)
        return st;
    if (out == NULL)
        return vane__fail(VANE_E_ARGUMENT, "%s: out is NULL, expected a tensor to fill",
                          rq.op->info.name);
    rq.need_data = 0;
    st = check_inputs(&rq);
    if (st == VANE_OK && rq.op->out == VANE__OUT_ANY && out->dtype >= VANE_DTYPE_COUNT)
        st = vane__fail(VANE_E_DTYPE, "%s: out->dtype is %u, expected the wanted vane_dtype",
                        rq.op->info.name, out->dtype);
    if (st == VANE_OK &&
        (n_in == 0 || rq.op->rule == VANE__RULE_CUSTOM)) { /* the shape is the caller's */
        if (out->rank <= VANE_MAX_RANK)
            vane__strides_fill(out->rank, out->shape, out->stride);
        st = vane__tensor_check(rq.op->info.name, "out", out, 0, 0);
    }
    return st == VANE_OK ? vane__request_infer(&rq, out) : st;
}
