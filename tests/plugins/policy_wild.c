/* SPDX-License-Identifier: MIT */
/* policy_wild.c - bad: a policy that answers with a candidate that there is not */
#include "vane/backend.h"
#include "vane/policy.h"

static uint32_t choose(void *self, const vane_query *query, vane_candidate *c, uint32_t count)
{
    (void)self;
    (void)query;
    (void)c;
    return count + 7;
}

VANE_EXPORT const vane_policy vane_policy_entry_v1 = {.struct_size = sizeof(vane_policy),
                                                      .candidate_size = sizeof(vane_candidate),
                                                      .name = "wild",
                                                      .about = "no candidate",
                                                      .choose = choose};
