/* SPDX-License-Identifier: MIT */
/* matmul.c - batched matrix products as numpy.matmul has them, and gemm. */
#include <string.h>

#include "error.h"
#include "op/rules.h"
#include "op/tensor.h"

/* A matrix with its batch dimensions; a vector is a row (left) or a column (right). */
typedef struct matrix {
    int64_t rows, cols, row_stride, col_stride;
    uint32_t batch; /* leading dimensions */
} matrix;

static matrix matrix_of(const vane_tensor *t, int is_left)
{
    uint32_t r = t->rank;
    if (r == 1 && is_left)
        return (matrix){1, t->shape[0], t->shape[0], t->stride[0], 0};
    if (r == 1)
        return (matrix){t->shape[0], 1, t->stride[0], 1, 0};
    return (matrix){t->shape[r - 2], t->shape[r - 1], t->stride[r - 2], t->stride[r - 1], r - 2};
}

/* The batch dimension d (of batch in all), counted with the end aligned; 1 beyond the front. */
static int64_t batch_dim(const vane_tensor *t, uint32_t own, uint32_t batch, uint32_t d)
{
    return d < batch - own ? 1 : t->shape[d - (batch - own)];
}

static vane_status matmul_infer(const vane__request *rq, vane_tensor *out)
{
    const vane_tensor *a = rq->in[0], *b = rq->in[1];
    if (a->rank == 0 || b->rank == 0)
        return vane__fail(VANE_E_SHAPE, "matmul: %s is a scalar, expected rank 1 or more",
                          a->rank == 0 ? "a" : "b");
    matrix ma = matrix_of(a, 1), mb = matrix_of(b, 0);
    if (ma.cols != mb.rows)
        return vane__fail(VANE_E_SHAPE, "matmul: b has %lld rows, expected %lld (a's columns)",
                          (long long)mb.rows, (long long)ma.cols);
    uint32_t batch = ma.batch > mb.batch ? ma.batch : mb.batch;
    for (uint32_t d = 0; d < batch; d++) {
        int64_t x = batch_dim(a, ma.batch, batch, d), y = batch_dim(b, mb.batch, batch, d);
        if (x != y && x != 1 && y != 1)
            return vane__fail(
                VANE_E_SHAPE,
                "matmul: batch dimension %u is %lld in a and %lld in b, which do not broadcast", d,
                (long long)x, (long long)y);
        out->shape[d] = x == 1 ? y : x;
    }
    out->rank = batch;
    if (a->rank > 1)
        out->shape[out->rank++] = ma.rows;
    if (b->rank > 1)
        out->shape[out->rank++] = mb.cols;
    return VANE_OK;
}

static void fill_view(const vane_tensor *t, const matrix *m, const vane_tensor *out, uint32_t batch,
                      vane_view *v)
{
    v->data = t->data;
    v->mem = NULL;
    v->offset_bytes = 0;
    v->dtype = t->dtype;
    v->rank = 0;
    for (uint32_t d = 0; d < batch; d++) {
        int64_t own = batch_dim(t, m->batch, batch, d);
        v->shape[v->rank] = out->shape[d];
        v->stride[v->rank++] = own == 1 && out->shape[d] != 1 ? 0
                               : d < batch - m->batch         ? 0
                                                              : t->stride[d - (batch - m->batch)];
    }
    if (batch == 0) {
        v->shape[0] = 1;
        v->stride[0] = 0;
        v->rank = 1;
    }
    v->shape[v->rank] = m->rows;
    v->stride[v->rank++] = m->row_stride;
    v->shape[v->rank] = m->cols;
    v->stride[v->rank++] = m->col_stride;
}

/* The output's matrix: a vector operand left its dimension out. */
static matrix output_matrix(const vane_tensor *out, const matrix *a, const matrix *b, int a_vector,
                            int b_vector, uint32_t batch)
{
    matrix m = {a->rows, b->cols, 1, 1, batch};
    if (!a_vector)
        m.row_stride = out->stride[batch];
    if (!b_vector)
        m.col_stride = out->stride[out->rank - 1];
    return m;
}

static void matmul_normalise(const vane__request *rq, uint32_t part, vane_call *call)
{
    (void)part;
    const vane_tensor *a = rq->in[0], *b = rq->in[1], *out = rq->out[0];
    matrix ma = matrix_of(a, 1), mb = matrix_of(b, 0);
    uint32_t batch = ma.batch > mb.batch ? ma.batch : mb.batch;
    matrix mo = output_matrix(out, &ma, &mb, a->rank == 1, b->rank == 1, batch);
    fill_view(a, &ma, out, batch, &call->arg[0]);
    fill_view(b, &mb, out, batch, &call->arg[1]);
    fill_view(out, &mo, out, batch, &call->arg[2]);
    uint32_t merged = batch == 0 ? 1 : batch;
    vane__views_merge(call->arg, 3, 0, &merged);
}

/* batch x m x n x k */
static double matmul_units(const vane_call *call)
{
    const vane_view *a = &call->arg[0], *out = &call->arg[call->n_arg - 1];
    double n = (double)a->shape[a->rank - 1];
    for (uint32_t d = 0; d < out->rank; d++)
        n *= (double)out->shape[d];
    return n;
}

const vane__rule_table vane__rule_matmul = {matmul_infer, matmul_normalise, matmul_units};

/* ---- gemm ------------------------------------------------------------------------ */

static matrix gemm_matrix(const vane_tensor *t, uint32_t transposed)
{
    matrix m = matrix_of(t, 1);
    if (transposed)
        m = (matrix){m.cols, m.rows, m.col_stride, m.row_stride, 0};
    return m;
}

/* C broadcasts one way: aligned at the end, each dimension m, n or 1. */
static int gemm_addend_fits(const vane_tensor *c, const vane_tensor *out)
{
    if (c->rank > 2)
        return 0;
    for (uint32_t d = 0; d < c->rank; d++)
        if (c->shape[d] != 1 && c->shape[d] != out->shape[d + 2 - c->rank])
            return 0;
    return 1;
}

static vane_status gemm_infer(const vane__request *rq, vane_tensor *out)
{
    const vane_gemm_params *p = &rq->params->gemm;
    for (uint32_t i = 0; i < 2; i++)
        if (rq->in[i]->rank != 2)
            return vane__fail(VANE_E_SHAPE, "gemm: %s has rank %u, expected 2", i == 0 ? "a" : "b",
                              rq->in[i]->rank);
    matrix a = gemm_matrix(rq->in[0], p->trans_a), b = gemm_matrix(rq->in[1], p->trans_b);
    if (a.cols != b.rows)
        return vane__fail(
            VANE_E_SHAPE,
            "gemm: b has %lld rows (after trans_b), expected %lld (a's columns after trans_a)",
            (long long)b.rows, (long long)a.cols);
    out->rank = 2;
    out->shape[0] = a.rows;
    out->shape[1] = b.cols;
    if (rq->n_in == 3 && !gemm_addend_fits(rq->in[2], out)) {
        char c[VANE__SHAPE_TEXT];
        vane__shape_text(rq->in[2]->rank, rq->in[2]->shape, c, sizeof c);
        return vane__fail(VANE_E_SHAPE,
                          "gemm: c has shape %s, which does not broadcast to [%lld,%lld]", c,
                          (long long)a.rows, (long long)b.cols);
    }
    return VANE_OK;
}

static matrix addend_matrix(const vane_tensor *c, const vane_tensor *out)
{
    matrix m = {out->shape[0], out->shape[1], 0, 0, 0};
    if (c->rank >= 1 && c->shape[c->rank - 1] != 1)
        m.col_stride = c->stride[c->rank - 1];
    if (c->rank == 2 && c->shape[0] != 1)
        m.row_stride = c->stride[0];
    return m;
}

static void gemm_normalise(const vane__request *rq, uint32_t part, vane_call *call)
{
    (void)part;
    const vane_tensor *out = rq->out[0];
    matrix a = gemm_matrix(rq->in[0], rq->params->gemm.trans_a);
    matrix b = gemm_matrix(rq->in[1], rq->params->gemm.trans_b);
    matrix o = matrix_of(out, 1);
    fill_view(rq->in[0], &a, out, 0, &call->arg[0]);
    fill_view(rq->in[1], &b, out, 0, &call->arg[1]);
    if (rq->n_in == 3) {
        matrix c = addend_matrix(rq->in[2], out);
        fill_view(rq->in[2], &c, out, 0, &call->arg[2]);
    }
    fill_view(out, &o, out, 0, &call->arg[rq->n_in]);
}

const vane__rule_table vane__rule_gemm = {gemm_infer, gemm_normalise, matmul_units};
