/* SPDX-License-Identifier: MIT */
/* fixed.c - an order and nothing else: the user's, then the plugins' ranks. Two runs on two
 * machines with the same plugins choose alike, whatever either has measured. */
#include "dispatch/slate.h"

/* All threads from this much work on, one below: flops or bytes, whichever is more. */
#define PARALLEL_FROM 1e6

static int better(const vane_query *q, const vane_candidate *a, const vane_candidate *b)
{
    int wide = q->flops >= PARALLEL_FROM || q->bytes >= PARALLEL_FROM;
    if (a->tier != b->tier)
        return a->tier < b->tier;
    if (a->order != b->order)
        return a->order < b->order;
    return wide ? a->width > b->width : a->width < b->width;
}

static uint32_t choose(void *self, const vane_query *query, vane_candidate *c, uint32_t count)
{
    (void)self;
    uint32_t best = VANE_NO_CANDIDATE;
    for (uint32_t i = 0; i < count; i++) {
        c[i].predicted_ns = 0; /* it predicts nothing */
        if (c[i].reason == VANE_REASON_CHOSEN &&
            (best == VANE_NO_CANDIDATE || better(query, &c[i], &c[best])))
            best = i;
    }
    for (uint32_t i = 0; i < count; i++)
        if (i != best && c[i].reason == VANE_REASON_CHOSEN)
            c[i].reason = c[i].order == c[best].order ? VANE_REASON_NARROWER : VANE_REASON_LATER;
    return best;
}

const vane_policy vane__policy_fixed = {
    .struct_size = sizeof(vane_policy),
    .name = "fixed",
    .about = "the first in the order that can",
    .choose = choose,
};
