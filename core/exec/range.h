/* SPDX-License-Identifier: MIT */
/* range.h - a run of pieces [lo, hi) in one atomic word, cut from both ends.
 *
 * The owner takes from the front, thieves from the back. The word is the whole state, so
 * a compare-and-swap that succeeds is right however old the value it compared with is:
 * there is no ABA. All orders are relaxed, because the word carries numbers only; what
 * the pieces read and write is ordered by the slot's state (slot.h).
 */
#ifndef VANE__EXEC_RANGE_H
#define VANE__EXEC_RANGE_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t vane__range;

static inline void vane__range_set(vane__range *r, uint32_t lo, uint32_t hi)
{
    atomic_store_explicit(r, (uint64_t)hi << 32 | lo, memory_order_relaxed);
}

static inline uint32_t vane__range_left(uint64_t word)
{
    uint32_t lo = (uint32_t)word, hi = (uint32_t)(word >> 32);
    return lo < hi ? hi - lo : 0;
}

static inline int vane__range_swap(vane__range *r, uint64_t *word, uint32_t lo, uint32_t hi)
{
    return atomic_compare_exchange_weak_explicit(r, word, (uint64_t)hi << 32 | lo,
                                                 memory_order_relaxed, memory_order_relaxed);
}

/* The owner's next run: a quarter of what is left, at least one piece, so that runs are
 * long at first and the last ones are single pieces. 0: empty. */
static inline int vane__range_take(vane__range *r, uint32_t *lo, uint32_t *hi)
{
    uint64_t word = atomic_load_explicit(r, memory_order_relaxed);
    for (;;) {
        uint32_t left = vane__range_left(word);
        if (left == 0)
            return 0;
        *lo = (uint32_t)word;
        *hi = *lo + (left >= 8 ? left / 4 : 1);
        if (vane__range_swap(r, &word, *hi, (uint32_t)(word >> 32)))
            return 1;
    }
}

/* A thief's half, from the back, rounded up. 0: empty. */
static inline int vane__range_steal(vane__range *r, uint32_t *lo, uint32_t *hi)
{
    uint64_t word = atomic_load_explicit(r, memory_order_relaxed);
    for (;;) {
        uint32_t left = vane__range_left(word);
        if (left == 0)
            return 0;
        *hi = (uint32_t)(word >> 32);
        *lo = *hi - (left / 2 + left % 2);
        if (vane__range_swap(r, &word, (uint32_t)word, *lo))
            return 1;
    }
}

#endif
