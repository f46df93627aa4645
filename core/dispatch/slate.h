/* SPDX-License-Identifier: MIT */
/* slate.h - every candidate for one call or cell, with the verdicts made before the policy. */
#ifndef VANE__DISPATCH_SLATE_H
#define VANE__DISPATCH_SLATE_H

#include "dispatch/routes.h"

typedef struct vane__slate {
    vane_query query;
    double in_bytes; /* of query.bytes */
    uint32_t count, capacity;
    vane_candidate *candidates; /* parallel arrays, owned */
    vane__runner *runners;
    uint32_t chosen; /* the policy's first choice, or VANE_NO_CANDIDATE */
} vane__slate;

/* What one call asks beyond its cell. */
typedef struct vane__wish {
    const char *backend;        /* only this one; NULL: any, or what VANE_OPS says */
    uint32_t width;             /* 0: any */
    const vane__device *device; /* only this one; NULL: any */
    const vane__prepared *p;    /* the call at hand, for its operands' alignment; NULL: any */
    vane__where where;          /* its operands are */
} vane__wish;

/* Candidates for (op, dtype, class). VANE_E_NOT_FOUND names the backends when the wish is for one
 * that is not loaded. */
vane_status vane__slate_make(vane_context *ctx, const vane__op *op, uint32_t dtype,
                             uint32_t size_class, uint32_t hot, const vane__wish *wish,
                             vane__slate *out);
void vane__slate_free(vane__slate *s);
/* CHOSEN, or why this runner cannot take this call (p NULL: any call). */
vane_reason vane__runner_fit(const vane__runner *r, const vane__prepared *p);
/* Ask the policy; again after candidates were marked FAILED. */
uint32_t vane__slate_choose(vane_context *ctx, vane__slate *s);
/* Before an election: is there nobody left, not even one who rests? */
int vane__slate_is_hopeless(const vane__slate *s);
/* The sentence for a slate without a winner: what is in the way, and until when a device rests. */
vane_status vane__slate_none(vane_context *ctx, const vane__op *op, uint32_t dtype,
                             const vane__slate *s);
/* What a class stands for: flops and bytes in its middle. */
void vane__query_fill(const vane__op *op, uint32_t dtype, uint32_t size_class, uint32_t hot,
                      vane_query *out);

/* policy/: by name, or from a file (file.c); NULL: none, with the sentence. */
const vane_policy *vane__policy_find(const char *name);
const vane_policy *vane__policy_file(const char *path);
/* guest.c: can candidates be given in that size? Then *out is theirs, for candidates of ours. */
int vane__policy_fits(uint32_t candidate_size);
void vane__policy_guest(vane_policy *theirs, vane_policy *out);
extern const vane_policy vane__policy_adaptive, vane__policy_heuristic, vane__policy_fixed;
static inline int vane__policy_learns(const vane_context *ctx)
{
    return atomic_load_explicit(&ctx->policy, memory_order_relaxed)->explore != NULL;
}
/* The roofline of a candidate: what it declares, for any size. */
double vane__policy_roofline(const vane_query *q, const vane_candidate *c);
/* What a's nanosecond costs, of b's. */
static inline double vane__policy_weight(const vane_query *q, const vane_candidate *a,
                                         const vane_candidate *b)
{
    return q->objective == VANE_OBJECTIVE_ENERGY && a->power_mw > 0 && b->power_mw > 0
               ? (double)a->power_mw / b->power_mw
               : 1;
}
/* The better of two winners, one of those whose power is known, one of the others: among three,
 * pairs compared by different measures could go round in circles. */
uint32_t vane__policy_best(const vane_query *q, const vane_candidate *c, uint32_t count,
                           int (*stands)(const vane_candidate *c),
                           int (*better)(const vane_query *q, const vane_candidate *a,
                                         const vane_candidate *b));
/* The reason of one who lost to the winner by what it costs. */
vane_reason vane__policy_slower(const vane_query *q, const vane_candidate *c,
                                const vane_candidate *winner);

#endif
