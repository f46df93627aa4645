/* SPDX-License-Identifier: MIT */
/* load.h - is this machine ours alone just now? CALM or BUSY, from readings of the host.
 *
 * BUSY: others take VANE__LOAD_BUSY_CPUS, or an eighth of our CPUs where that is more. One
 * program that competes with us for CPUs that we keep full is given half of one, so the limit is
 * below that; on large machines the pool's stealing makes up for a few slow workers. CALM again
 * below 5/8 of it: a desktop's and a daemon's background is under a tenth of a CPU.
 *
 * The kernel counts idleness in whole ticks of 10 ms for each CPU, so a reading of two CPUs may
 * be off by 20 ms of one, over any time: short readings say little, but their sum is off by no
 * more. Both ways are built on sums; readings may be negative for that.
 *
 * Into BUSY: a reading over the limit, and by more than ticks can pretend, begins a doubt. A
 * spike of less than a period, which two or three readings may share, is over
 * VANE__LOAD_SPIKE_NS later. What comes then has to be over the limit in the mean, and again
 * more than ticks. Out of it: the mean of the last
 * VANE__LOAD_WINDOW_NS is under the lower limit.
 *
 * With the periods that it asks for, and readings in time: BUSY 90 ms after the first reading
 * that sees two CPUs taken, CALM at most 95 ms after they were given back.
 */
#ifndef VANE__TELEMETRY_LOAD_H
#define VANE__TELEMETRY_LOAD_H

#include <stdint.h>

#define VANE__LOAD_BUSY_CPUS 0.4
#define VANE__LOAD_SPIKE_NS UINT64_C(60000000)
#define VANE__LOAD_PROOF_NS 25e6 /* of CPU time: two CPUs' ticks are 20 ms */
#define VANE__LOAD_WINDOW_NS UINT64_C(60000000)

/* How soon the next reading is wanted: nothing happens, something may begin, it may end. */
#define VANE__LOAD_CALM_NS UINT64_C(50000000)
#define VANE__LOAD_DOUBT_NS UINT64_C(30000000)
#define VANE__LOAD_BUSY_NS UINT64_C(25000000)

typedef enum vane__load_state { VANE__LOAD_CALM, VANE__LOAD_BUSY } vane__load_state;

enum { VANE__LOAD_KEPT = 4 };

/* Zeroed: CALM, and nothing known. */
typedef struct vane__load {
    vane__load_state state;
    int doubt;           /* while CALM: it may be over */
    uint64_t doubt_ns;   /* for so long */
    uint64_t late_ns;    /* and so long since a spike would have ended, in which */
    double late_cpu_ns;  /* others took so much CPU time */
    uint64_t changes;    /* of state, so far */
    uint32_t kept, next; /* the last readings, in a ring */
    struct {
        uint64_t span_ns;
        double others_cpus;
    } ring[VANE__LOAD_KEPT];
} vane__load;

/* Others took so many CPUs for span_ns up to now, of so many that we may use. True: the state
 * changed. A reading that makes no sense (no span, NaN, more than there is) changes nothing. */
int vane__load_step(vane__load *l, uint64_t span_ns, double others_cpus, uint32_t cpus);
uint64_t vane__load_period_ns(const vane__load *l);
/* Time went by in which nobody looked: the state stays, what led to it does not count. */
void vane__load_forget(vane__load *l);

#endif
