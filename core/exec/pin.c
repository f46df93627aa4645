/* SPDX-License-Identifier: MIT */
/* pin.c - the seats of pin.h: a permutation of the allowed CPUs and its inverse. */
#include "exec/pin.h"

#include <string.h>

static void seat_take(vane__pin *pin, uint32_t seat, uint16_t cpu)
{
    pin->cpu[seat] = cpu;
    pin->seat[cpu] = (uint16_t)seat;
}

void vane__pin_open(vane__pin *pin)
{
    pin->seats = 0;
    memset(pin->seat, 0xff, sizeof pin->seat);
    CPU_ZERO(&pin->allowed);
    /* fails on kernels with more CPUs than the set holds: then nobody is pinned */
    if (sched_getaffinity(0, sizeof pin->allowed, &pin->allowed) != 0)
        return;
    int here = sched_getcpu();
    uint32_t first = here < 0 ? 0 : (uint32_t)here % CPU_SETSIZE;
    for (uint32_t i = 0; i < CPU_SETSIZE; i++) {
        uint32_t cpu = (first + i) % CPU_SETSIZE;
        if (CPU_ISSET(cpu, &pin->allowed))
            seat_take(pin, pin->seats++, (uint16_t)cpu);
    }
    if (pin->seats < 2)
        pin->seats = 0;
}

uint32_t vane__pin_follow(vane__pin *pin, int cpu)
{
    if (pin->seats == 0 || cpu < 0 || cpu >= CPU_SETSIZE)
        return 0;
    uint16_t seat = pin->seat[cpu];
    if (seat == 0 || seat == UINT16_MAX)
        return 0;
    seat_take(pin, seat, pin->cpu[0]);
    seat_take(pin, 0, (uint16_t)cpu);
    return seat;
}

void vane__pin_mask(const vane__pin *pin, uint32_t worker, cpu_set_t *out)
{
    *out = pin->allowed;
    if (!vane__pin_has(pin, worker))
        return;
    CPU_ZERO(out);
    CPU_SET(pin->cpu[worker], out);
}
