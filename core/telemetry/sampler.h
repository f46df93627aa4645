/* SPDX-License-Identifier: MIT */
/* sampler.h - reads the machine and the devices while work goes on, on a thread of its own.
 *
 * Nothing runs until somebody wants it (want.h), and not before vane_open is
 * VANE__SAMPLER_YOUNG_NS ago, which may have taken as long itself: a short program never has the
 * thread. It reads every 25 to 50 ms (load.h) while calls are seen, sleeps without any wakeup once
 * none was seen for VANE__SAMPLER_IDLE_NS, and goes on at the next want. A child of fork() has no
 * thread, and starts its own at its next want.
 *
 * Under a clock that somebody makes (clock.h) there is no thread: a want reads, on its caller's,
 * when it is time by that clock; of the machine only what is recorded (vane__sampler_root).
 */
#ifndef VANE__TELEMETRY_SAMPLER_H
#define VANE__TELEMETRY_SAMPLER_H

#include <pthread.h>

#include "exec/futex.h"
#include "telemetry/board.h"
#include "telemetry/host.h"
#include "telemetry/load.h"
#include "vane/vane.h"

#define VANE__SAMPLER_YOUNG_NS UINT64_C(20000000)
#define VANE__SAMPLER_IDLE_NS UINT64_C(1000000000)
/* A new budget holds so long before it is believed, and changes are so far apart: each makes
 * new routes, which stay. */
#define VANE__SAMPLER_SURE_NS UINT64_C(200000000)
#define VANE__SAMPLER_SETTLE_NS UINT64_C(1000000000)

/* What changed, for a hook. */
enum { VANE__CHANGED_LOAD = 1, VANE__CHANGED_BUDGET = 2 };
typedef void (*vane__sampler_hook)(vane_context *ctx, uint32_t what, void *arg);
enum { VANE__SAMPLER_HOOKS = 4 };

struct vane__device;

typedef struct vane__snapshot {
    vane__host_reading host; /* rates: those of the last reading that had any */
    uint64_t rates_ns;       /* when that was; 0 never */
    uint32_t load, reserved; /* vane__load_state */
    uint64_t load_changes, readings;
} vane__snapshot;

typedef struct vane__sampler {
    atomic_uint seen;     /* a call, since the thread looked */
    atomic_uint absent;   /* nobody reads: there is no thread, or it sleeps until it is wanted */
    vane__futex alarm;    /* goes up to wake the thread */
    atomic_uint stop;     /* the context closes */
    atomic_uint stepping; /* somebody reads, and asks devices */
    uint64_t born_ns;     /* when the context was open */
    vane__cpus mask;      /* of the thread that opened it; the sampler has the same */
    int mask_known;
    pthread_mutex_t lock; /* of what follows, and of gauges as they are published; fork() waits */
    pthread_t thread;
    int up;              /* it is there to join */
    uint64_t refused_ns; /* the system gave no thread then; 0 never */
    vane__host host;
    vane__load load;
    vane__budget offered, applied; /* seen but not yet sure of; in force */
    uint64_t offered_ns, applied_ns;
    uint64_t step_ns; /* the last reading, by the context's clock */
    vane__snapshot now;
    vane__board_word sequence, words[VANE__BOARD_WORDS(vane__snapshot)];
    struct {
        vane__sampler_hook fn;
        void *arg;
    } hooks[VANE__SAMPLER_HOOKS];
    atomic_uint hook_count;
} vane__sampler;

/* Before all else of the context, and after it; stop joins, and no want does anything then. */
void vane__sampler_init(vane_context *ctx);
/* Its age counts from here: vane_open is done. */
void vane__sampler_born(vane_context *ctx);
void vane__sampler_stop(vane_context *ctx);
void vane__sampler_free(vane_context *ctx);

/* fn runs where the reading was made, without any lock of the core; the next reading waits for
 * it. False: there is no room for one more. */
int vane__sampler_add(vane_context *ctx, vane__sampler_hook fn, void *arg);
/* One reading of all now, with what follows from it; nothing when one is under way. */
void vane__sampler_step(vane_context *ctx);
/* The last reading; false: there is none yet. Any thread. */
int vane__sampler_look(vane_context *ctx, vane__snapshot *out);
/* The same, made now when nobody else makes them. device may be NULL. */
void vane__sampler_refresh(vane_context *ctx, struct vane__device *device, vane__snapshot *out);
/* want.h: a call was seen, and nobody reads. */
void vane__sampler_wake(vane_context *ctx);

/* Around fork(). */
void vane__sampler_before_fork(vane_context *ctx);
void vane__sampler_after_fork(vane_context *ctx);
void vane__sampler_in_child(vane_context *ctx);

/* For tests: from now on a recorded machine (host.h). False: no memory. */
int vane__sampler_root(vane_context *ctx, const char *root, const vane__cpus *mask);

#endif
