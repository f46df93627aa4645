/* SPDX-License-Identifier: MIT */
/* crew.h - the workers of a pool: their threads, their slots and their CPUs.
 *
 * All calls are the pool's, which lets one caller in at a time.
 */
#ifndef VANE__EXEC_CREW_H
#define VANE__EXEC_CREW_H

#include "exec/pin.h"
#include "exec/slot.h"

typedef struct vane__crew {
    vane__slot *slots; /* slot 0 is the caller's */
    uint32_t capacity; /* slots, at least 2 */
    uint32_t size;     /* workers that have a thread: slots 1 to size */
    uint32_t refused;  /* jobs to let pass before the system is asked for a thread again */
    vane__pin pin;
} vane__crew;

vane_status vane__crew_open(vane__crew *crew, uint32_t capacity);
void vane__crew_close(vane__crew *crew); /* joins */
/* After a fork: there are no threads. */
void vane__crew_forget(vane__crew *crew);
/* Tries to have want workers; returns how many of them there are. */
uint32_t vane__crew_grow(vane__crew *crew, uint32_t want);
/* Keeps workers off the CPU that the calling thread is on. A few ns when it stayed. */
void vane__crew_avoid_caller(vane__crew *crew);

#endif
