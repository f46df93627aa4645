/* SPDX-License-Identifier: MIT */
/* compare.c - a candidate's elements against the oracle's, by the rule of op/tolerance.h. */
#include <stdio.h>

#include "op/number.h"
#include "op/tensor.h"
#include "policy/check.h"

enum { RUN = 64 }; /* elements that are first looked at as bytes */

/* ---- the sum of |terms| of one element: looked up only where bits differ ---------- */

static int64_t offset_of(const vane_view *v, const int64_t *index, uint32_t lo, uint32_t hi)
{
    int64_t at = 0;
    for (uint32_t d = lo; d < hi; d++)
        at += index[d] * v->stride[d];
    return at;
}

static double reduce_terms(const vane_call *call, const int64_t *index)
{
    const vane_view *x = &call->arg[0];
    const uint32_t last = x->rank - 1;
    int64_t inner[VANE_VIEW_RANK] = {0}, count = 1;
    const int64_t from = offset_of(x, index, 0, call->n_outer);
    long double sum = 0;
    for (uint32_t d = call->n_outer; d <= last; d++)
        count *= x->shape[d];
    for (int64_t n = 0; n < count; n += x->shape[last]) {
        const int64_t at = from + offset_of(x, inner, call->n_outer, last);
        for (int64_t i = 0; i < x->shape[last]; i++)
            sum += fabs(vane__number(x->dtype, x->data, at + i * x->stride[last]));
        for (uint32_t d = last; d-- > call->n_outer;) {
            if (++inner[d] < x->shape[d])
                break;
            inner[d] = 0;
        }
    }
    return (double)(call->op == VANE_OP_REDUCE_MEAN ? sum / (long double)count : sum);
}

static long double product_terms(const vane_view *a, int64_t a_at, int64_t a_step,
                                 const vane_view *b, int64_t b_at, int64_t b_step, int64_t k)
{
    long double sum = 0;
    for (int64_t l = 0; l < k; l++)
        sum += fabsl((long double)vane__number(a->dtype, a->data, a_at + l * a_step) *
                     vane__number(b->dtype, b->data, b_at + l * b_step));
    return sum;
}

static double matmul_terms(const vane_call *call, const int64_t *index)
{
    const vane_view *a = &call->arg[0], *b = &call->arg[1], *c = &call->arg[2];
    const uint32_t row = a->rank - 2, col = a->rank - 1;
    const int64_t a_at = offset_of(a, index, 0, row) + index[row] * a->stride[row];
    const int64_t b_at = offset_of(b, index, 0, row) + index[col] * b->stride[col];
    long double sum =
        product_terms(a, a_at, a->stride[col], b, b_at, b->stride[row], a->shape[col]);
    if (call->op == VANE_OP_GEMM)
        sum *= fabs(call->params->gemm.alpha);
    if (call->op == VANE_OP_GEMM && call->n_in == 3)
        sum += fabsl((long double)call->params->gemm.beta *
                     vane__number(c->dtype, c->data, offset_of(c, index, 0, c->rank)));
    return (double)sum;
}

static double terms_of(const vane_call *call, const int64_t *index)
{
    const vane_view *a = &call->arg[0], *b = &call->arg[1];
    if (call->op == VANE_OP_DOT)
        return (double)product_terms(a, 0, a->stride[0], b, 0, b->stride[0], a->shape[0]);
    return call->op == VANE_OP_MATMUL || call->op == VANE_OP_GEMM ? matmul_terms(call, index)
                                                                  : reduce_terms(call, index);
}

/* ---- elements --------------------------------------------------------------------- */

static int float_agrees(const vane__check *c, const vane_call *call, const int64_t *index,
                        double want, double got, double *allowed)
{
    double sum = 0, *scale = NULL;
    if (want == got || (isnan(want) && isnan(got)))
        return 1;
    if (vane__tolerance_sums(call->op)) {
        sum = terms_of(call, index);
        scale = &sum;
    }
    if (vane__tolerance_agrees(&c->tolerance, want, got, scale))
        return 1;
    if (c->tolerance.ulp > 0)
        *allowed = (double)vane__tolerance_allowed(&c->tolerance, want, scale);
    return 0;
}

/* Element i of want against element at of out. */
static int agrees(const vane__check *c, const vane_call *call, const int64_t *index,
                  const void *want, int64_t i, const void *out, int64_t at, vane__finding *f)
{
    const uint32_t dtype = c->out.dtype, size = vane__dtype_size(dtype);
    f->allowed = 0;
    if (memcmp((const char *)want + i * size, (const char *)out + at * size, size) == 0)
        return 1;
    if (vane__format_of(dtype)->mantissa == 0) {
        f->want = (double)vane__integer(dtype, want, i);
        f->got = (double)vane__integer(dtype, out, at);
        return 0;
    }
    f->want = vane__number(dtype, want, i);
    f->got = vane__number(dtype, out, at);
    return !vane__tolerance_moves(call->op) &&
           float_agrees(c, call, index, f->want, f->got, &f->allowed);
}

static void describe(const vane__check *c, vane__finding *f)
{
    int64_t index[VANE_MAX_RANK], rest = (int64_t)f->at;
    char place[VANE__SHAPE_TEXT];
    for (uint32_t d = 0; d < c->out.rank; d++) {
        index[d] = rest / c->out.stride[d];
        rest %= c->out.stride[d];
    }
    vane__shape_text(c->out.rank, index, place, sizeof place);
    snprintf(f->why, sizeof f->why, "element %s is %.9g, expected %.9g within %.3g", place, f->got,
             f->want, f->allowed);
}

/* count elements along the last dimension, from index on. */
static int row_agrees(const vane__check *c, const vane_call *call, int64_t *index, uint32_t last,
                      const void *want, int64_t i, const void *out, vane__finding *f)
{
    const vane_view *v = &call->arg[call->n_arg - 1];
    const int64_t size = vane__dtype_size(v->dtype), step = v->stride[last], n = v->shape[last];
    const int64_t from = (int64_t)vane__check_offset(v) / size + offset_of(v, index, 0, last);
    for (int64_t k = 0; k < n; k += RUN) {
        const int64_t run = n - k < RUN ? n - k : RUN;
        if (step == 1 && memcmp((const char *)want + (i + k) * size,
                                (const char *)out + (from + k) * size, (size_t)(run * size)) == 0)
            continue;
        for (int64_t r = k; r < k + run; r++) {
            index[last] = r;
            f->at = (uint64_t)(from + r * step);
            if (!agrees(c, call, index, want, i + r, out, (int64_t)f->at, f))
                return 0;
        }
    }
    index[last] = 0;
    return 1;
}

int vane__compare(const vane__check *c, const vane_call *call, const void *want, const void *out,
                  vane__finding *f)
{
    const vane_view *v = &call->arg[call->n_arg - 1];
    const vane__rule rule = c->p.rq.op->rule;
    const uint32_t rank =
        rule == VANE__RULE_REDUCE || rule == VANE__RULE_ARGMAX ? call->n_outer : v->rank;
    int64_t index[VANE_VIEW_RANK] = {0}, i = 0;
    uint32_t d;
    do {
        if (!row_agrees(c, call, index, rank - 1, want, i, out, f)) {
            f->right = 0;
            describe(c, f);
            return 0;
        }
        i += v->shape[rank - 1];
        for (d = rank - 1; d-- > 0;) {
            if (++index[d] < v->shape[d])
                break;
            index[d] = 0;
        }
    } while (d < rank); /* wraps below 0 when all are done */
    return 1;
}
