/* SPDX-License-Identifier: MIT */
/* verify.c - open a check: how much of the answer, by what way; and judge by it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "op/tensor.h"
#include "os.h"
#include "policy/check.h"

#define COMPARE_NS 2.0 /* an element */

/* ---- what is asked ------------------------------------------------------------------ */

/* A dense output like the caller's, at an address that is only counted from. */
static void set_output(vane__check *c, const vane_tensor *like)
{
    c->out = *like;
    c->out.data = VANE__CHECK_BASE;
    vane__strides_fill(c->out.rank, c->out.shape, c->out.stride);
    c->outs[0] = &c->out;
    c->p.rq.out = c->outs;
    c->of = (uint64_t)vane__count(c->out.rank, c->out.shape);
}

/* The terms of one sum; also of products of a reduction. */
static double terms_of(const vane__op *op, const vane_call *call)
{
    const vane_view *x = &call->arg[0];
    double n = 1;
    switch (op->rule) {
    case VANE__RULE_REDUCE:
        for (uint32_t d = call->n_outer; d < x->rank; d++)
            n *= (double)x->shape[d];
        return n;
    case VANE__RULE_DOT:
    case VANE__RULE_MATMUL:
        return (double)x->shape[x->rank - 1];
    case VANE__RULE_GEMM:
        return (double)x->shape[x->rank - 1] + 1;
    default:
        return 1;
    }
}

/* p, over an output of its own. The inputs' array stays the caller's. */
static void look(vane__check *c, const vane__prepared *p)
{
    c->p = *p;
    set_output(c, p->rq.out[0]);
    vane__call_part(&c->p, 0, &c->p.call);
    c->tolerance = vane__tolerance_of(p->rq.op->info.op, c->out.dtype, p->rq.op->info.ulp,
                                      terms_of(p->rq.op, &c->p.call));
}

static int is_product(const vane__check *c)
{
    return c->p.rq.op->rule == VANE__RULE_MATMUL || c->p.rq.op->rule == VANE__RULE_GEMM;
}

static vane__pay pay_of(const vane__check *c, double budget_ns)
{
    const double all = vane__oracle_ns(&c->oracle, &c->p) + (double)c->of * COMPARE_NS;
    const double unit = c->of > 0 ? all / (double)c->of : 0;
    const double affordable = unit > 0 ? budget_ns / unit : (double)c->of;
    return (vane__pay){affordable < (double)c->of ? affordable : (double)c->of, unit};
}

/* ---- open and close ----------------------------------------------------------------- */

static int own_inputs(vane__check *c)
{
    const uint32_t n = c->p.rq.n_in;
    c->in = calloc(n + 1, sizeof *c->in);
    c->ins = calloc(n + 1, sizeof *c->ins);
    if (c->in == NULL || c->ins == NULL)
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        c->in[i] = *c->p.rq.in[i];
        c->ins[i] = &c->in[i];
    }
    c->params = *c->p.rq.params;
    c->p.rq.in = c->ins;
    c->p.rq.params = &c->params;
    return 1;
}

static vane_status fill(vane__check *c, double budget_ns)
{
    if (!own_inputs(c))
        return vane__fail(VANE_E_NOMEM, "%s: no memory to verify a result", c->p.rq.op->info.name);
    vane__call_part(&c->p, 0, &c->p.call);
    c->seed = vane__now_ns() ^ (uint64_t)(uintptr_t)c;
    const vane__pay pay = pay_of(c, budget_ns);
    return is_product(c) && pay.elements < (double)c->of ? vane__sums_open(c, budget_ns)
                                                         : vane__pieces_open(c, &pay);
}

static vane_status no_oracle(const vane__prepared *p)
{
    return vane__fail(VANE_E_UNSUPPORTED,
                      "%s of %s: no loaded backend says what is right (an oracle)",
                      p->rq.op->info.name, vane_dtype_name(p->dtype));
}

vane_status vane__check_open(vane_context *ctx, const vane__prepared *p, double budget_ns,
                             vane__check **out)
{
    vane__runner oracle;
    *out = NULL;
    if (!vane__oracle_find(ctx, p->rq.op, p->dtype, &oracle))
        return no_oracle(p);
    vane__check *c = calloc(1, sizeof *c);
    if (c == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory to verify a result", p->rq.op->info.name);
    c->oracle = oracle;
    look(c, p);
    vane_status st = fill(c, budget_ns);
    if (st == VANE_OK)
        *out = c;
    else
        vane__check_close(c);
    return st;
}

void vane__check_close(vane__check *c)
{
    if (c == NULL)
        return;
    vane__sums_close(c->sums);
    vane__free(c->answers);
    free(c->pieces);
    free(c->ins);
    free(c->in);
    free(c);
}

double vane__check_cost_ns(vane_context *ctx, const vane__prepared *p, double budget_ns)
{
    vane__check c = {0};
    uint64_t elements;
    if (!vane__oracle_find(ctx, p->rq.op, p->dtype, &c.oracle))
        return -1;
    look(&c, p);
    const vane__pay pay = pay_of(&c, budget_ns);
    if (is_product(&c) && pay.elements < (double)c.of)
        return vane__sums_cost_ns(&c, budget_ns);
    vane__pieces_choose(&c, &pay, NULL, &elements);
    return (double)elements * pay.unit_ns;
}

/* ---- judging ------------------------------------------------------------------------ */

static int pieces_result(const vane__check *c, const void *out, vane__finding *f)
{
    const uint64_t size = vane__dtype_size(c->out.dtype);
    for (uint64_t i = 0; i < c->n_pieces; i++) {
        vane_call call;
        vane__piece_call(c, &c->pieces[i], &call);
        if (!vane__compare(c, &call, (const char *)c->answers + c->pieces[i].want * size, out, f))
            return 0;
        f->checked += c->pieces[i].elements;
    }
    if (f->checked == f->of)
        snprintf(f->why, sizeof f->why, "all %" PRIu64 " elements were compared", f->of);
    else
        snprintf(f->why, sizeof f->why,
                 "%" PRIu64 " of %" PRIu64 " elements were compared, chosen at random", f->checked,
                 f->of);
    return 1;
}

int vane__check_result(const vane__check *c, const void *out, vane__finding *f)
{
    *f = (vane__finding){.right = 1, .of = c->of};
    return c->sums != NULL ? vane__sums_result(c, out, f) : pieces_result(c, out, f);
}
