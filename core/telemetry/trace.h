/* SPDX-License-Identifier: MIT */
/* trace.h - VANE_TRACE: what happened when, for ui.perfetto.dev and chrome://tracing.
 *
 * One array of events, the array form of the Trace Event Format: a file that nobody closed lacks
 * its "]", and opens all the same. Times are those of vane__clock, in microseconds.
 *
 *   X  a call, on its thread; asynchronous: on the track of its device, and where it was given
 *   s, f  the arrow from there to its landing
 *   i  a route that leads to somebody else
 *   C  bytes moved to and from a device
 *   M  names of processes and threads; each device counts as a process
 */
#ifndef VANE__TELEMETRY_TRACE_H
#define VANE__TELEMETRY_TRACE_H

#include "telemetry/event.h"
#include "telemetry/text.h"

/* The watcher, if the settings wish for it. */
void vane__trace_open(vane_context *ctx);

/* trace_text.c: events from "ph" on, to be put behind the process and the thread they are of. */
#define VANE__TRACE_LINE 4096
void vane__trace_call(vane__text *t, const vane__call_event *e, uint64_t begin_ns);
void vane__trace_given(vane__text *t, const vane__call_event *e);
/* phase: 's' or 'f' */
void vane__trace_arrow(vane__text *t, const vane__call_event *e, char phase, uint64_t id,
                       uint64_t at_ns);
void vane__trace_route(vane__text *t, const vane__route_event *e);
void vane__trace_moved(vane__text *t, const vane__device *d, uint64_t at_ns);
/* what: "process_name" or "thread_name" */
void vane__trace_name(vane__text *t, const char *what, const char *name);

#endif
