/* SPDX-License-Identifier: MIT */
/* clock.h - an extension of backend.h: a backend whose time is not the machine's.
 *
 * extension(b, VANE_CLOCK) answers a vane_clock, or NULL: the backend lives on host->now_ns().
 * Where there is one, event_time, telemetry.when_ns and the timeouts of event_wait are its
 * times. It begins at a second, never goes back, and moves only by what happens: waiting for an
 * event moves it to that event's end, a direct kernel by what the kernel takes, advance by what
 * is asked. Nothing sleeps.
 */
#ifndef VANE_CLOCK_H
#define VANE_CLOCK_H

#include "vane/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VANE_CLOCK "vane.clock.v1"

/* Lives until close(). */
typedef struct vane_clock {
    uint32_t struct_size;
    uint32_t reserved;
    vane_backend *self;                               /* pass it back */
    uint64_t (*now_ns)(vane_backend *self);           /* [any] */
    void (*advance)(vane_backend *self, uint64_t ns); /* [any] */
} vane_clock;

#ifdef __cplusplus
}
#endif
#endif
