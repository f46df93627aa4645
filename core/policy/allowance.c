/* SPDX-License-Identifier: MIT */
/* allowance.c - a ring of seconds. A second counts until all of it is ten seconds old,
 * so that no window of ten seconds holds more than the allowance. */
#include "policy/allowance.h"

double vane__allowance_left(const vane__allowance *a, uint64_t now_ns)
{
    uint64_t second = now_ns / VANE__ALLOWANCE_SLOT_NS;
    double left = VANE__ALLOWANCE_NS + a->more_ns, used = 0;
    for (uint32_t i = 0; i < VANE__ALLOWANCE_SLOTS; i++)
        if (a->spent_ns[i] > 0 && second - a->slot[i] < VANE__ALLOWANCE_SLOTS)
            left -= a->spent_ns[i];
    for (uint32_t i = 0; i < VANE__ALLOWANCE_SLOTS; i++)
        if (second - a->slot[i] < 2)
            used += a->spent_ns[i] + a->harm_ns[i];
    double burst =
        (used > 0 ? VANE__ALLOWANCE_BURST_NS - used : VANE__ALLOWANCE_ONE_NS) + a->more_ns;
    return left < burst ? left : burst;
}

/* The slot of this second. */
static uint32_t slot_at(vane__allowance *a, uint64_t now_ns)
{
    uint64_t second = now_ns / VANE__ALLOWANCE_SLOT_NS;
    uint32_t i = (uint32_t)(second % VANE__ALLOWANCE_SLOTS);
    if (a->slot[i] != second)
        a->spent_ns[i] = a->harm_ns[i] = 0;
    a->slot[i] = second;
    return i;
}

void vane__allowance_harm(vane__allowance *a, uint64_t now_ns, double ns)
{
    double *harm = &a->harm_ns[slot_at(a, now_ns)];
    *harm = *harm + ns > 0 ? *harm + ns : 0;
}

double vane__allowance_harmed(const vane__allowance *a, uint64_t now_ns)
{
    uint64_t second = now_ns / VANE__ALLOWANCE_SLOT_NS;
    double harm = 0;
    for (uint32_t i = 0; i < VANE__ALLOWANCE_SLOTS; i++)
        harm += second - a->slot[i] < 2 ? a->harm_ns[i] : 0;
    return harm;
}

void vane__allowance_spend(vane__allowance *a, uint64_t now_ns, double ns)
{
    a->spent_ns[slot_at(a, now_ns)] += ns > 0 ? ns : 0;
    a->total_ns += ns > 0 ? ns : 0;
}
