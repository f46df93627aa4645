/* SPDX-License-Identifier: MIT */
/* gauge.h - what a device says of itself, as far as it can be true, and what the core counts.
 *
 * A plugin's telemetry is somebody else's driver: each field is judged alone, what cannot be is
 * dropped and counted, and of each field the last good value stays, with the time it is of.
 * A device that takes long to answer is asked seldom.
 */
#ifndef VANE__TELEMETRY_GAUGE_H
#define VANE__TELEMETRY_GAUGE_H

#include "telemetry/board.h"
#include "vane/backend.h"

#define VANE__GAUGE_AHEAD_NS UINT64_C(1000000)    /* a stamp may be so far in the future */
#define VANE__GAUGE_STALE_NS UINT64_C(1000000000) /* and so far in the past */

enum { VANE__GAUGE_FIELDS = 7 }; /* VANE_TELEMETRY_MEM to VANE_TELEMETRY_THROTTLED */

typedef struct vane__gauge_reading {
    vane_telemetry last;                  /* valid: fields that were good once */
    uint64_t good_ns[VANE__GAUGE_FIELDS]; /* when, by the device's stamp, by bit */
    uint64_t answers;                     /* that were taken, wholly or partly */
    uint64_t lies;                        /* fields, or whole answers, that cannot be */
    uint64_t missing;                     /* questions without an answer */
} vane__gauge_reading;

/* One of each device, zeroed. */
typedef struct vane__gauge {
    vane__gauge_reading own; /* the sampler's */
    uint64_t ask_ns;         /* not before */
    int mute;                /* it has no telemetry */
    vane__board_word sequence, words[VANE__BOARD_WORDS(vane__gauge_reading)];
    /* the core's own counts, beside what the device says; for who launches to keep */
    atomic_uint_fast64_t queued;       /* launches under way */
    atomic_uint_fast64_t flying_bytes; /* operands of these */
} vane__gauge;

/* So many launches more are under way, or less. */
static inline void vane__gauge_count(vane__gauge *g, int up, uint64_t launches, uint64_t bytes)
{
    atomic_fetch_add_explicit(&g->queued, up ? launches : 0 - launches, memory_order_relaxed);
    atomic_fetch_add_explicit(&g->flying_bytes, up ? bytes : 0 - bytes, memory_order_relaxed);
}

struct vane__device;

/* Judges an answer given at now_ns, and merges it. mem_total_bytes: 0 unknown. */
void vane__gauge_take(vane__gauge_reading *g, const vane_telemetry *said, uint64_t now_ns,
                      uint64_t mem_total_bytes);
/* Asks the device, if it is time to; true: it answered. One thread at a time. */
int vane__gauge_ask(struct vane__device *d, uint64_t now_ns);
/* For readers: under the sampler's lock, or by its only thread. */
void vane__gauge_publish(struct vane__device *d);
/* False: nothing was published yet. */
int vane__gauge_look(struct vane__device *d, vane__gauge_reading *out);

#endif
