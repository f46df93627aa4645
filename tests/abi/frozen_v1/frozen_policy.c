/* SPDX-License-Identifier: MIT */
/* frozen_policy.c - a policy of the day policy.h was released, compiled against that day's headers
 * and nothing newer: it takes the last candidate that can.
 *
 * It is built three times. FROZEN_SHORT: its candidates end behind `tier`. FROZEN_LATER: they
 * are larger than v1 knows, as of a policy of next year.
 */
#include "vane/backend.h"
#include "vane/policy.h"

#if defined FROZEN_SHORT
#define SIZE (offsetof(vane_candidate, tier) + sizeof(uint32_t))
#elif defined FROZEN_LATER
#define SIZE (sizeof(vane_candidate) + 24)
#else
#define SIZE sizeof(vane_candidate)
#endif

static vane_candidate *at(const vane_candidate *c, uint32_t i)
{
    return (vane_candidate *)(void *)((char *)(uintptr_t)c + i * SIZE);
}

/* Of the size that was said, and nothing in what v1 does not know. */
static int is_sound(const vane_candidate *c)
{
    for (size_t i = sizeof *c; i < SIZE; i++)
        if (((const char *)c)[i] != 0)
            return 0;
    return c->struct_size == SIZE && c->kernel != NULL;
}

static uint32_t choose(void *self, const vane_query *query, vane_candidate *c, uint32_t count)
{
    uint32_t last = VANE_NO_CANDIDATE;
    (void)self;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_sound(at(c, i)) || query->flops <= 0)
            return VANE_NO_CANDIDATE;
        at(c, i)->predicted_ns = 1000 + i;
        last = at(c, i)->reason == VANE_REASON_CHOSEN ? i : last;
    }
    for (uint32_t i = 0; i < count; i++)
        if (at(c, i)->reason == VANE_REASON_CHOSEN && i != last)
            at(c, i)->reason = VANE_REASON_LATER;
    return last;
}

/* Nobody is worth a trial; but it looks at all of them. */
static uint32_t explore(void *self, const vane_query *query, const vane_candidate *c,
                        uint32_t count)
{
    (void)self;
    (void)query;
    for (uint32_t i = 0; i < count; i++)
        if (!is_sound(at(c, i)))
            return i;
    return VANE_NO_CANDIDATE;
}

VANE_EXPORT const vane_policy vane_policy_entry_v1 = {.struct_size = sizeof(vane_policy),
                                                      .candidate_size = SIZE,
                                                      .name = "frozen",
                                                      .about = "the last",
                                                      .choose = choose,
                                                      .explore = explore};
