/* SPDX-License-Identifier: MIT */
/* policy_last.c - good: a policy that takes the last candidate that can */
#include "vane/backend.h"
#include "vane/policy.h"

static uint32_t choose(void *self, const vane_query *query, vane_candidate *c, uint32_t count)
{
    uint32_t last = VANE_NO_CANDIDATE;
    (void)self;
    (void)query;
    for (uint32_t i = 0; i < count; i++)
        if (c[i].reason == VANE_REASON_CHOSEN)
            last = i;
    for (uint32_t i = 0; i < count; i++)
        if (c[i].reason == VANE_REASON_CHOSEN && i != last)
            c[i].reason = VANE_REASON_LATER;
    return last;
}

VANE_EXPORT const vane_policy vane_policy_entry_v1 = {.struct_size = sizeof(vane_policy),
                                                      .candidate_size = sizeof(vane_candidate),
                                                      .name = "last",
                                                      .about = "the last",
                                                      .choose = choose};
