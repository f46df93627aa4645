/* SPDX-License-Identifier: MIT */
/* pick.c - a policy in a shared object of its own: the one kernel that it was told, so that each
 * candidate of a device can be timed alone, as a route. What has no such kernel runs on the first
 * in the order.
 */
#include "pick.h"

#include <string.h>

#include "vane/backend.h"
#include "vane/policy.h"

extern pick_wish vane_pick;
VANE_EXPORT pick_wish vane_pick;

static int is_picked(const vane_candidate *c)
{
    return strcmp(c->device, vane_pick.device) == 0 && strcmp(c->kernel, vane_pick.kernel) == 0;
}

static uint32_t choose(void *self, const vane_query *query, vane_candidate *c, uint32_t count)
{
    uint32_t best = VANE_NO_CANDIDATE;
    (void)self;
    (void)query;
    for (uint32_t i = 0; i < count; i++)
        if (c[i].reason == VANE_REASON_CHOSEN &&
            (best == VANE_NO_CANDIDATE || (is_picked(&c[i]) && !is_picked(&c[best]))))
            best = i;
    for (uint32_t i = 0; i < count; i++)
        if (c[i].reason == VANE_REASON_CHOSEN && i != best)
            c[i].reason = VANE_REASON_LATER;
    return best;
}

VANE_EXPORT const vane_policy vane_policy_entry_v1 = {.struct_size = sizeof(vane_policy),
                                                      .name = "pick",
                                                      .about = "the kernel that it was told",
                                                      .choose = choose,
                                                      .candidate_size = sizeof(vane_candidate)};
