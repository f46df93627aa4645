/* SPDX-License-Identifier: MIT */
/* calibrate_case.c - one operation at one size: its operands, and what is known of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "calibrate.h"
#include "shape.h"

enum { THIN = 64, LARGEST = 22, LARGEST_PRODUCT = 29 };

static int rule_is(const vane_op_info *op, const char *rule)
{
    return !strcmp(op->shape, rule);
}

static int is_product(const vane_op_info *op)
{
    return rule_is(op, "MATMUL") || rule_is(op, "GEMM");
}

static vane_tensor matrix(uint32_t dtype, int64_t rows, int64_t columns)
{
    return vane_tensor_of(NULL, (vane_dtype)dtype, 2, (int64_t[]){rows, columns});
}

static vane_tensor row(uint32_t dtype, int64_t n)
{
    return vane_tensor_of(NULL, (vane_dtype)dtype, 1, &n);
}

/* ---- operands --------------------------------------------------------------------- */

static void lay_out_product(calibrate_case *c, uint32_t dtype, double work, int thin)
{
    int64_t edge = (int64_t)llround(thin ? sqrt(work) : cbrt(work));
    c->in[0] = matrix(dtype, thin ? 1 : edge, edge);
    c->in[1] = matrix(dtype, edge, edge);
}

static void lay_out(const vane_op_info *op, calibrate_case *c, uint32_t dtype, double work)
{
    int64_t n = (int64_t)work, width = n < 512 ? n : 512;
    for (uint32_t i = 0; i < c->n_in; i++)
        c->in[i] = row(dtype, n);
    if (rule_is(op, "SOFTMAX"))
        c->in[0] = matrix(dtype, n / width, width);
    if (rule_is(op, "TRANSPOSE"))
        c->in[0] = matrix(dtype, (int64_t)sqrt(work), n / (int64_t)sqrt(work));
    if (rule_is(op, "CONCAT")) {
        c->in[0] = row(dtype, n / 2);
        c->in[1] = row(dtype, n - n / 2);
    }
    if (op->op == VANE_OP_WHERE)
        c->in[0].dtype = VANE_BOOL;
}

int calibrate_case_make(const vane_context *ctx, const calibrate_site *site, calibrate_case *out)
{
    const vane_op_info *op = &site->op;
    int thin = site->size_class >= THIN;
    double work = ldexp(1.5, (int)(thin ? site->size_class - THIN : site->size_class));
    memset(out, 0, sizeof *out);
    out->n_in = rule_is(op, "CONCAT") ? 2 : op->min_in;
    if (out->n_in > CALIBRATE_INPUTS)
        return 0;
    if (is_product(op))
        lay_out_product(out, site->dtype, work, thin);
    else
        lay_out(op, out, site->dtype, work);
    for (uint32_t i = 0; i < out->n_in; i++)
        out->input[i] = &out->in[i];
    out->out = row(site->dtype, (int64_t)work); /* FILL's; the others' is inferred */
    if (op->op == VANE_OP_CAST)
        out->out.dtype = site->dtype == VANE_F32 ? VANE_F64 : VANE_F32;
    return vane_infer(ctx, op->op, out->input, out->n_in, NULL, &out->out) == VANE_OK;
}

/* ---- memory ----------------------------------------------------------------------- */

static void grow(vane_tensor *most, const vane_tensor *t)
{
    int64_t n = vane_tensor_count(t);
    if (n > vane_tensor_count(most))
        *most = row(t->dtype, n);
}

static void *room_for(const vane_tensor *t)
{
    return aligned_alloc(64, (size_t)(shape_bytes(t) / 64 + 1) * 64);
}

int calibrate_room_open(const vane_context *ctx, const calibrate_site *sites, uint32_t n,
                        calibrate_room *out)
{
    vane_tensor in[CALIBRATE_INPUTS], result = row(VANE_F32, 0);
    calibrate_case c = {.n_in = 0};
    memset(out, 0, sizeof *out);
    for (int i = 0; i < CALIBRATE_INPUTS; i++)
        in[i] = row(VANE_F32, 0);
    for (uint32_t s = 0; s < n; s++) {
        if (!calibrate_case_make(ctx, &sites[s], &c))
            continue;
        grow(&result, &c.out);
        for (uint32_t i = 0; i < c.n_in; i++)
            grow(&in[i], &c.in[i]);
    }
    int good = (out->out = room_for(&result)) != NULL;
    for (uint32_t i = 0; good && i < c.n_in; i++) {
        good = (in[i].data = out->in[i] = room_for(&in[i])) != NULL;
        if (good)
            bench_value_fill(&sites[0].op, &in[i], i);
    }
    return good;
}

void calibrate_room_close(calibrate_room *r)
{
    for (int i = 0; i < CALIBRATE_INPUTS; i++)
        free(r->in[i]);
    free(r->out);
}

void calibrate_case_place(calibrate_case *c, const calibrate_room *r)
{
    for (uint32_t i = 0; i < c->n_in; i++)
        c->in[i].data = r->in[i];
    c->out.data = r->out;
}

/* ---- sites ------------------------------------------------------------------------ */

static uint32_t add_classes(const vane_context *ctx, const vane_op_info *op, uint32_t dtype,
                            uint32_t from, uint32_t to, calibrate_site *out, uint32_t room)
{
    uint32_t n = 0;
    calibrate_case c;
    for (uint32_t k = from; k <= to && n < room; k++) {
        out[n] = (calibrate_site){.op = *op, .dtype = dtype, .size_class = k};
        n += (uint32_t)calibrate_case_make(ctx, &out[n], &c);
    }
    return n;
}

uint32_t calibrate_sites(const vane_context *ctx, const vane_op_info *op, uint32_t dtype,
                         calibrate_site *out, uint32_t room)
{
    if (!(op->dtypes >> dtype & 1) || op->op >= VANE_OP_CUSTOM)
        return 0;
    if (!is_product(op))
        return add_classes(ctx, op, dtype, 1, LARGEST, out, room);
    uint32_t n = add_classes(ctx, op, dtype, THIN + 4, THIN + LARGEST, out, room);
    return n + add_classes(ctx, op, dtype, 7, LARGEST_PRODUCT, out + n, room - n);
}

/* ---- what is known ------------------------------------------------------------------ */

int calibrate_case_ask(vane_context *ctx, const calibrate_site *site, calibrate_case *c,
                       vane_decision *d)
{
    vane_tensor *outs[] = {&c->out};
    *d = (vane_decision){.struct_size = sizeof *d};
    return vane_explain(ctx, site->op.op, c->input, c->n_in, outs, 1, NULL, d) == VANE_OK;
}

/* Where only one can, there is nothing to learn. */
int calibrate_is_known(const vane_decision *d)
{
    uint32_t able = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        uint32_t r = d->candidates[i].reason;
        able += r == VANE_REASON_CHOSEN || r == VANE_REASON_SLOWER || r == VANE_REASON_COSTLIER ||
                r == VANE_REASON_NARROWER || r == VANE_REASON_UNCHECKED;
    }
    return d->settled || able < 2;
}
