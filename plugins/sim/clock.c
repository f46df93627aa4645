/* SPDX-License-Identifier: MIT */
/* clock.c - the machine's time, or one of its own that only moves when somebody waits. */
#include <sched.h>
#include <time.h>

#include "sim.h"

#define FIRST_NS UINT64_C(1000000000) /* 0 would look like "not yet" */
#define SPIN_NS UINT64_C(80000)       /* a sleep may end this much late */

uint64_t sim_now(const vane_backend *b)
{
    return b->is_virtual ? atomic_load(&b->virtual_ns) : b->host->now_ns(b->host->ctx);
}

static uint64_t later(uint64_t from, uint64_t ns)
{
    return ns < UINT64_MAX - from ? from + ns : UINT64_MAX;
}

static void move_to(vane_backend *b, uint64_t until)
{
    uint_fast64_t now = atomic_load(&b->virtual_ns);
    while (now < until && !atomic_compare_exchange_weak(&b->virtual_ns, &now, until))
        ;
}

static uint64_t clock_now(vane_backend *b)
{
    return sim_now(b);
}

static void clock_advance(vane_backend *b, uint64_t ns)
{
    uint_fast64_t now = atomic_load(&b->virtual_ns);
    while (!atomic_compare_exchange_weak(&b->virtual_ns, &now, later(now, ns)))
        ;
}

static void pause_for(uint64_t ns)
{
    if (ns > SPIN_NS)
        nanosleep(&(struct timespec){(time_t)((ns - SPIN_NS) / 1000000000u),
                                     (long)((ns - SPIN_NS) % 1000000000u)},
                  NULL);
    else
        sched_yield();
}

vane_status sim_wait_until(vane_backend *b, uint64_t until, uint64_t timeout_ns)
{
    uint64_t now = sim_now(b), limit = later(now, timeout_ns);
    uint64_t stop = until < limit ? until : limit;
    if (b->is_virtual)
        move_to(b, stop);
    else
        for (; now < stop; now = sim_now(b))
            pause_for(stop - now);
    return stop == until || until <= now ? VANE_OK : VANE_E_TIMEOUT;
}

void sim_clock_open(vane_backend *b, int is_virtual)
{
    b->is_virtual = is_virtual;
    atomic_init(&b->virtual_ns, FIRST_NS);
    b->clock = (vane_clock){
        .struct_size = sizeof b->clock, .self = b, .now_ns = clock_now, .advance = clock_advance};
    b->epoch_ns = sim_now(b);
}
