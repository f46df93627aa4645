/* SPDX-License-Identifier: MIT */
/* policy_short.c - bad: a policy whose table ends before choose() */
#include "vane/backend.h"
#include "vane/policy.h"

VANE_EXPORT const vane_policy vane_policy_entry_v1 = {.struct_size = 8, .name = "short"};
