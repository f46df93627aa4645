/* SPDX-License-Identifier: MIT */
/* ranges.h - a set of bytes as sorted, disjoint, non-touching intervals [lo, hi).
 *
 * What is current in one copy of a buffer. Most sets are empty or one interval: that one is
 * held in place and allocates nothing. No lock of its own.
 */
#ifndef VANE__MEMORY_RANGES_H
#define VANE__MEMORY_RANGES_H

#include <stdint.h>

typedef struct vane__range {
    uint64_t lo, hi;
} vane__range;

typedef struct vane__ranges {
    vane__range *at; /* &one, or owned */
    uint32_t count, capacity;
    vane__range one;
} vane__ranges;

void vane__ranges_init(vane__ranges *r);
void vane__ranges_free(vane__ranges *r);
/* 0: out of memory, and the set is as it was. Adding may allocate; so may removing from the
 * middle. An empty interval changes nothing. */
int vane__ranges_add(vane__ranges *r, uint64_t lo, uint64_t hi);
int vane__ranges_remove(vane__ranges *r, uint64_t lo, uint64_t hi);
/* Room for n more intervals: the next n additions and removals cannot fail. 0: out of memory. */
int vane__ranges_reserve(vane__ranges *r, uint32_t n);
void vane__ranges_clear(vane__ranges *r);
/* Never fails: takes away at least [lo, hi), and more only when there is no memory to be exact. */
void vane__ranges_drop(vane__ranges *r, uint64_t lo, uint64_t hi);
int vane__ranges_cover(const vane__ranges *r, uint64_t lo, uint64_t hi); /* all of it? */
/* The same with a quick answer for most sets. */
static inline int vane__ranges_have(const vane__ranges *r, uint64_t lo, uint64_t hi)
{
    return (r->count == 1 && r->at[0].lo <= lo && hi <= r->at[0].hi) ||
           vane__ranges_cover(r, lo, hi);
}
int vane__ranges_touch(const vane__ranges *r, uint64_t lo, uint64_t hi);       /* any of it? */
uint64_t vane__ranges_bytes(const vane__ranges *r);                            /* in all */
uint64_t vane__ranges_within(const vane__ranges *r, uint64_t lo, uint64_t hi); /* bytes of it */
/* The first interval that is in have but not in r, within [lo, hi); 0: none. Walk with
 * lo = out->hi. */
int vane__ranges_missing(const vane__ranges *r, const vane__ranges *have, uint64_t lo, uint64_t hi,
                         vane__range *out);

#endif
