/* SPDX-License-Identifier: MIT */
/* policy_unsized.c - bad: a policy that does not say how large its candidates are */
#include "vane/backend.h"
#include "vane/policy.h"

static uint32_t choose(void *self, const vane_query *query, vane_candidate *c, uint32_t count)
{
    (void)self;
    (void)query;
    (void)c;
    return count - 1;
}

VANE_EXPORT const vane_policy vane_policy_entry_v1 = {
    .struct_size = sizeof(vane_policy), .name = "unsized", .choose = choose};
