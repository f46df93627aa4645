/* SPDX-License-Identifier: MIT */
/* heuristic.c - the rule of thumb for a machine that has measured nothing.
 *
 * A roofline for each candidate, from the rates its plugin declares:
 *   t = launch + transfer + max(flops / rate, bytes / bandwidth) / width + fork (width > 1)
 * (Williams, Waterman, Patterson: "Roofline", CACM 52/4, 2009.) The user's preference
 * comes first: a lower tier wins whatever it costs.
 */
#include "dispatch/slate.h"

/* What an undeclared rate counts as: the scalar loop's. */
#define UNKNOWN_FLOPS_PER_NS 0.3
#define UNKNOWN_BYTES_PER_NS 1.0

double vane__policy_roofline(const vane_query *q, const vane_candidate *c)
{
    double rate = c->flops_per_ns > 0 ? c->flops_per_ns : UNKNOWN_FLOPS_PER_NS;
    double bandwidth = c->bytes_per_ns > 0 ? c->bytes_per_ns : UNKNOWN_BYTES_PER_NS;
    double compute = q->flops / rate, move = q->bytes / bandwidth;
    double t = (compute > move ? compute : move) / c->width;
    return c->launch_ns + c->transfer_ns + t + (c->width > 1 ? q->fork_ns : 0);
}

static uint32_t best_of(const vane_query *q, const vane_candidate *c, uint32_t count, int powers,
                        int (*stands)(const vane_candidate *c),
                        int (*better)(const vane_query *q, const vane_candidate *a,
                                      const vane_candidate *b))
{
    uint32_t best = VANE_NO_CANDIDATE;
    for (uint32_t i = 0; i < count; i++)
        if (stands(&c[i]) && (c[i].power_mw > 0) == powers &&
            (best == VANE_NO_CANDIDATE || better(q, &c[i], &c[best])))
            best = i;
    return best;
}

uint32_t vane__policy_best(const vane_query *q, const vane_candidate *c, uint32_t count,
                           int (*stands)(const vane_candidate *c),
                           int (*better)(const vane_query *q, const vane_candidate *a,
                                         const vane_candidate *b))
{
    uint32_t known = best_of(q, c, count, 1, stands, better);
    uint32_t rest = best_of(q, c, count, 0, stands, better);
    if (known == VANE_NO_CANDIDATE || rest == VANE_NO_CANDIDATE)
        return known == VANE_NO_CANDIDATE ? rest : known;
    return better(q, &c[known], &c[rest]) ? known : rest;
}

vane_reason vane__policy_slower(const vane_query *q, const vane_candidate *c,
                                const vane_candidate *winner)
{
    if (c->order == winner->order && c->width != winner->width)
        return VANE_REASON_NARROWER;
    int by_energy = (c->power_mw > 0 && winner->power_mw > 0) ||
                    c->predicted_ns < winner->predicted_ns; /* to one who costs less than both */
    return q->objective == VANE_OBJECTIVE_ENERGY && by_energy ? VANE_REASON_COSTLIER
                                                              : VANE_REASON_SLOWER;
}

static int stands(const vane_candidate *c)
{
    return c->reason == VANE_REASON_CHOSEN;
}

static int better(const vane_query *q, const vane_candidate *a, const vane_candidate *b)
{
    double cost = a->predicted_ns * vane__policy_weight(q, a, b);
    if (a->tier != b->tier)
        return a->tier < b->tier;
    if (cost != b->predicted_ns)
        return cost < b->predicted_ns;
    return a->order < b->order;
}

static vane_reason lost_to(const vane_query *q, const vane_candidate *c,
                           const vane_candidate *winner)
{
    return c->tier != winner->tier ? VANE_REASON_LATER : vane__policy_slower(q, c, winner);
}

static uint32_t choose(void *self, const vane_query *query, vane_candidate *c, uint32_t count)
{
    (void)self;
    for (uint32_t i = 0; i < count; i++)
        c[i].predicted_ns = vane__policy_roofline(query, &c[i]);
    uint32_t best = vane__policy_best(query, c, count, stands, better);
    for (uint32_t i = 0; i < count; i++)
        if (i != best && c[i].reason == VANE_REASON_CHOSEN)
            c[i].reason = (uint32_t)lost_to(query, &c[i], &c[best]);
    return best;
}

const vane_policy vane__policy_heuristic = {
    .struct_size = sizeof(vane_policy),
    .name = "heuristic",
    .about = "predicted time from declared rates, op and size",
    .choose = choose,
};
