/* SPDX-License-Identifier: MIT */
/* probe.h - places where bpftrace, perf and SystemTap can look at any time (USDT):
 *
 *   vane:call__begin     op, dtype, flops, bytes
 *   vane:call__end       op, backend, device, width, nanoseconds, status
 *   vane:route__change   op, dtype, backend before ("none": the first), backend since
 *
 * Texts are pointers. A probe that nobody looks at is a nop. The kernel counts those who look at a
 * call in a semaphore, which sampled calls read: while it is not 0, calls take the watched way, so
 * that the short one has no probe in it.
 */
#ifndef VANE__TELEMETRY_PROBE_H
#define VANE__TELEMETRY_PROBE_H

#include "telemetry/event.h"

#ifdef VANE_HAVE_SDT
void vane__probe_begin(const vane__prepared *p);
void vane__probe_end(const vane__call_event *e);
void vane__probe_route(const vane__route_event *e);
/* Brings VANE__WATCH_PROBES up to date. */
void vane__probes_look(vane_context *ctx);
#else
static inline void vane__probe_begin(const vane__prepared *p)
{
    (void)p;
}
static inline void vane__probe_end(const vane__call_event *e)
{
    (void)e;
}
static inline void vane__probe_route(const vane__route_event *e)
{
    (void)e;
}
static inline void vane__probes_look(vane_context *ctx)
{
    (void)ctx;
}
#endif

#endif
