/* SPDX-License-Identifier: MIT */
/* pin.h - which CPU belongs to whom: seat 0 is the caller's, seat i worker i's.
 *
 * The caller is never pinned, it sits where the scheduler put it. When it turns up on a
 * worker's CPU the two swap seats, so a worker that is woken never queues behind the
 * thread that waits for it (left alone, Linux wakes it exactly there).
 */
#ifndef VANE__EXEC_PIN_H
#define VANE__EXEC_PIN_H

#include <sched.h>
#include <stdint.h>

typedef struct vane__pin {
    uint32_t seats;             /* allowed CPUs; below 2 nobody is pinned */
    uint16_t cpu[CPU_SETSIZE];  /* of a seat */
    uint16_t seat[CPU_SETSIZE]; /* of a CPU; UINT16_MAX: not allowed */
    cpu_set_t allowed;
} vane__pin;

/* From the calling thread's affinity mask; seat 0 is its CPU, the others follow in
 * cyclic order, so that two programs do not both take the first CPUs. */
void vane__pin_open(vane__pin *pin);
/* The caller is on cpu now. Returns the seat whose CPU changed thereby, 0 for none. */
uint32_t vane__pin_follow(vane__pin *pin, int cpu);
/* The mask for worker i: its CPU, or all that are allowed for a surplus worker. */
void vane__pin_mask(const vane__pin *pin, uint32_t worker, cpu_set_t *out);

static inline int vane__pin_has(const vane__pin *pin, uint32_t worker)
{
    return worker < pin->seats;
}

#endif
