/* SPDX-License-Identifier: MIT */
/* pace.h - how densely a thread calls: whether a pool that one call woke is awake for the next.
 *
 * Only the calls of lessons are looked at, which come one after the other while a lesson lasts:
 * between two lessons lie calls that nobody looks at. The shortest of the last few pauses counts,
 * because a program that calls in bursts wakes the pool but once a burst.
 */
#ifndef VANE__POLICY_PACE_H
#define VANE__POLICY_PACE_H

#include <stdint.h>

/* A pause from which the next call wakes the pool: workers poll a little longer. */
#define VANE__AWAKE_NS 80e3

void vane__pace_begin(uint64_t now_ns);
void vane__pace_end(uint64_t now_ns);
/* The lesson rests after this call: what follows is no pause. */
void vane__pace_break(void);
/* From the end of one call of this thread to the next; 0: not known. */
double vane__pace_ns(void);

#endif
