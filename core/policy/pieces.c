/* SPDX-License-Identifier: MIT */
/* pieces.c - cut from a call what the budget pays for, and have the oracle compute it.
 *
 * A piece is a range of one dimension of the normal form, with one index for each dimension
 * before and all of those behind it: whole rows of a softmax, whole terms of a reduction.
 */
#include <stdlib.h>

#include "error.h"
#include "op/tensor.h"
#include "os.h"
#include "policy/check.h"

enum { PIECES = 64 };                /* about so many, where the budget is not all of it */
static const double LEAST_NS = 1000; /* of one piece: a call costs some itself */

uint64_t vane__spread(uint64_t *state, uint64_t i, uint64_t n, uint64_t total)
{
    const uint64_t each = total / n, rest = total % n;
    const uint64_t lo = i * each + (i < rest ? i : rest);
    const uint64_t room = each + (i < rest);
    return i + 1 == n ? total - 1 : lo + vane__random(state) % room;
}

uint32_t vane__free_dims(vane__rule rule, const vane_call *call)
{
    switch (rule) {
    case VANE__RULE_ELEMENTWISE:
    case VANE__RULE_TRANSPOSE:
    case VANE__RULE_CONCAT:
        return call->arg[call->n_arg - 1].rank;
    case VANE__RULE_REDUCE:
    case VANE__RULE_ARGMAX:
        return call->n_outer;
    case VANE__RULE_SOFTMAX:
        return call->arg[0].rank - 1;
    default:
        return 0; /* a sum over everything, or of unknown form */
    }
}

static uint64_t product(const int64_t *shape, uint32_t lo, uint32_t hi)
{
    uint64_t n = 1;
    for (uint32_t d = lo; d < hi; d++)
        n *= (uint64_t)shape[d];
    return n;
}

/* ---- choosing ---------------------------------------------------------------------- */

/* How one part is cut: slots of len along dim, of which take are pieces. inner: positions of the
 * free dimensions in one step of dim; each: elements of the output in one position. */
typedef struct cut {
    uint32_t dim;
    int64_t len, along;
    uint64_t inner, each, per, slots, take;
} cut;

/* share: positions of the free dimensions that are paid for. */
static cut cut_of(const vane_call *call, uint32_t free_dims, double share, const vane__pay *pay)
{
    const int64_t *shape = call->arg[call->n_arg - 1].shape;
    cut c = {.dim = VANE__ALL_DIMS, .take = 1};
    const double least = LEAST_NS / (pay->unit_ns > 1e-3 ? pay->unit_ns : 1e-3);
    double wish = share / PIECES > least ? share / PIECES : least;
    wish = wish < share ? wish : share;
    const uint64_t size = wish < 1 ? 1 : (uint64_t)wish;
    for (c.dim = 0; product(shape, c.dim + 1, free_dims) > size;)
        c.dim++;
    c.inner = product(shape, c.dim + 1, free_dims);
    c.along = shape[c.dim];
    c.len = (int64_t)(size / c.inner) < c.along ? (int64_t)(size / c.inner) : c.along;
    c.per = ((uint64_t)c.along + (uint64_t)c.len - 1) / (uint64_t)c.len;
    c.slots = product(shape, 0, c.dim) * c.per;
    const double take = share / (double)((uint64_t)c.len * c.inner);
    c.take = take < 1 ? 1 : take < (double)c.slots ? (uint64_t)take : c.slots;
    return c;
}

static uint64_t output_elements(const vane__check *c, const vane_call *call)
{
    const vane_view *v = &call->arg[call->n_arg - 1];
    const vane__rule rule = c->p.rq.op->rule;
    return product(v->shape, 0,
                   rule == VANE__RULE_REDUCE || rule == VANE__RULE_ARGMAX ? call->n_outer
                                                                          : v->rank);
}

static uint64_t choose_part(const vane__check *c, const vane__pay *pay, uint32_t part,
                            uint64_t *seed, vane__piece *pieces, uint64_t *elements)
{
    vane_call call;
    vane__call_part(&c->p, part, &call);
    const uint32_t free_dims = vane__free_dims(c->p.rq.op->rule, &call);
    const int64_t *shape = call.arg[call.n_arg - 1].shape;
    const uint64_t all = output_elements(c, &call), positions = product(shape, 0, free_dims);
    if (all == 0)
        return 0;
    if (free_dims == 0 || pay->elements >= (double)c->of) {
        if (pieces != NULL)
            *pieces = (vane__piece){
                .part = part, .dim = VANE__ALL_DIMS, .elements = all, .want = *elements};
        *elements += all;
        return 1;
    }
    const vane__pay positions_pay = {0, pay->unit_ns * (double)(all / positions)};
    const cut k =
        cut_of(&call, free_dims, pay->elements * (double)positions / (double)c->of, &positions_pay);
    for (uint64_t i = 0; i < k.take; i++) {
        const uint64_t slot = vane__spread(seed, i, k.take, k.slots);
        const int64_t start = (int64_t)(slot % k.per) * k.len;
        const int64_t count = k.along - start < k.len ? k.along - start : k.len;
        const uint64_t n = (uint64_t)count * k.inner * (all / positions);
        if (pieces != NULL)
            pieces[i] =
                (vane__piece){part, k.dim, (int64_t)(slot / k.per), start, count, *elements, n};
        *elements += n;
    }
    return k.take;
}

uint64_t vane__pieces_choose(const vane__check *c, const vane__pay *pay, vane__piece *pieces,
                             uint64_t *elements)
{
    uint64_t seed = c->seed, n = 0;
    *elements = 0;
    for (uint32_t part = 0; part < c->p.parts; part++)
        n += choose_part(c, pay, part, &seed, pieces != NULL ? pieces + n : NULL, elements);
    return n;
}

/* ---- computing --------------------------------------------------------------------- */

static void advance(vane_view *v, int64_t elements)
{
    if (v->data != NULL) /* of an empty operand, anywhere */
        v->data = (void *)((uintptr_t)v->data +
                           (uintptr_t)elements * (uintptr_t)vane__dtype_size(v->dtype));
}

void vane__piece_call(const vane__check *c, const vane__piece *piece, vane_call *call)
{
    vane__call_part(&c->p, piece->part, call);
    if (piece->dim == VANE__ALL_DIMS)
        return;
    for (uint32_t i = 0; i < call->n_arg; i++) {
        vane_view *v = &call->arg[i];
        int64_t rest = piece->outer;
        advance(v, piece->start * v->stride[piece->dim]);
        v->shape[piece->dim] = piece->count;
        for (uint32_t d = piece->dim; d-- > 0;) {
            advance(v, rest % v->shape[d] * v->stride[d]);
            rest /= v->shape[d];
            v->shape[d] = 1;
        }
    }
}

/* The oracle's answer to the call, dense in its own order. */
static vane_status compute(const vane__check *c, const vane__piece *piece)
{
    vane_call call;
    vane__piece_call(c, piece, &call);
    vane_view *out = &call.arg[call.n_arg - 1];
    const vane_view real = *out;
    vane__view_dense(&real, out);
    out->data = (char *)c->answers + piece->want * vane__dtype_size(c->out.dtype);
    return vane__oracle_run(&c->oracle, &call);
}

vane_status vane__pieces_open(vane__check *c, const vane__pay *pay)
{
    uint64_t elements;
    vane_status st = VANE_OK;
    c->n_pieces = vane__pieces_choose(c, pay, NULL, &elements);
    c->pieces = malloc((c->n_pieces ? c->n_pieces : 1) * sizeof *c->pieces);
    c->answers = vane__alloc(elements * vane__dtype_size(c->out.dtype), 0);
    if (c->pieces == NULL || c->answers == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory to verify a result", c->p.rq.op->info.name);
    vane__pieces_choose(c, pay, c->pieces, &elements);
    for (uint64_t i = 0; st == VANE_OK && i < c->n_pieces; i++)
        st = compute(c, &c->pieces[i]);
    return st;
}
