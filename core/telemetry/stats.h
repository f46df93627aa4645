/* SPDX-License-Identifier: MIT */
/* stats.h - VANE_STATS: every call counted, by what it was and who computed it. The same counts
 * are what `vane top` shows (pager.h): without VANE_STATS, of calls while somebody looks.
 *
 * Threads count in one of several shards, each with a lock of its own, so that they seldom meet.
 * Reading sums the shards up.
 */
#ifndef VANE__TELEMETRY_STATS_H
#define VANE__TELEMETRY_STATS_H

#include "telemetry/event.h"
#include "telemetry/tally.h"
#include "telemetry/text.h"

/* Who failed and who did it then; whose route led where. */
typedef struct vane__shift {
    const vane__op *op;
    uint32_t dtype, is_route; /* a changed route; else a fallback */
    const void *from, *to;
    uint64_t count;
} vane__shift;

#define VANE__STATS_SHARDS 16u /* a power of two */
typedef struct vane__stats {
    struct {
        _Alignas(64) pthread_mutex_t lock;
        vane__tallies calls;
    } shards[VANE__STATS_SHARDS];
    vane_context *ctx;
    uint64_t since_ns;
    double trials_before_ns; /* the parent's, in a child of fork() */
    int in_child;
    int wished;           /* by the settings: every call is told, and the end is */
    pthread_mutex_t lock; /* of what is below */
    vane__shift *shifts;
    uint32_t n_shifts, room;
} vane__stats;

/* All of it at one moment, sorted: the longest time first. */
typedef struct vane__totals {
    vane__tally *tallies;
    vane__shift *shifts;
    uint32_t n_tallies, n_shifts;
    uint64_t uncounted; /* calls for which there was no memory */
    double trial_ns;
    uint64_t since_ns;
} vane__totals;

extern const char vane__stats_program[];
/* As in a tally. */
const void *vane__stats_who(const vane__runner *r);
const char *vane__stats_backend(const void *who); /* its name; "none" for nobody */
const char *vane__stats_device(const void *who);  /* the device's id, "" for what has none */

/* The watcher, if the settings wish for it, or for `vane top`. */
void vane__stats_open(vane_context *ctx);
vane__stats *vane__stats_of(vane_context *ctx); /* NULL: nothing is counted */
/* totals.c. 0: out of memory. */
int vane__stats_read(vane__stats *s, vane__totals *out);
void vane__totals_free(vane__totals *t);

/* summary.c: "what ran where", for people. */
void vane__stats_summary(vane_context *ctx, const vane__totals *totals, vane__text *out);
/* metrics.c: the text format of Prometheus, version 0.0.4. */
void vane__stats_metrics(vane_context *ctx, const vane__totals *totals, vane__text *out);

#endif
