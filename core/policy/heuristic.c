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

static int better(const vane_candidate *a, const vane_candidate *b)
{
    if (a->tier != b->tier)
        return a->tier < b->tier;
    if (a->predicted_ns != b->predicted_ns)
        return a->predicted_ns < b->predicted_ns;
    return a->order < b->order;
}

static vane_reason lost_to(const vane_candidate *c, const vane_candidate *winner)
{
    if (c->tier != winner->tier)
        return VANE_REASON_LATER;
    return c->order == winner->order && c->width != winner->width ? VANE_REASON_NARROWER
                                                                  : VANE_REASON_SLOWER;
}

static uint32_t choose(void *self, const vane_query *query, vane_candidate *c, uint32_t count)
{
    (void)self;
    uint32_t best = VANE_NO_CANDIDATE;
    for (uint32_t i = 0; i < count; i++) {
        c[i].predicted_ns = vane__policy_roofline(query, &c[i]);
        if (c[i].reason == VANE_REASON_CHOSEN &&
            (best == VANE_NO_CANDIDATE || better(&c[i], &c[best])))
            best = i;
    }
    for (uint32_t i = 0; i < count; i++)
        if (i != best && c[i].reason == VANE_REASON_CHOSEN)
            c[i].reason = (uint32_t)lost_to(&c[i], &c[best]);
    return best;
}

const vane_policy vane__policy_heuristic = {
    .struct_size = sizeof(vane_policy),
    .name = "heuristic",
    .about = "predicted time from declared rates, op and size",
    .choose = choose,
};
