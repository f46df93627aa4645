/* SPDX-License-Identifier: MIT */
/* bench_caller.h - threads that call one 8-float add in three ways, and what each took. */
#ifndef VANE_TOOL_BENCH_CALLER_H
#define VANE_TOOL_BENCH_CALLER_H

#include "vane/vane.h"

#define BENCH_CALLERS 256 /* most threads */

/* The kernel's own function, vane_add, vane_plan_run */
enum { BENCH_DIRECT, BENCH_FUNCTION, BENCH_PLAN, BENCH_WAYS };

typedef struct bench_figures {
    uint32_t plugins, threads; /* in */
    double median[BENCH_WAYS], best[BENCH_WAYS];
} bench_figures;

/* ns of one call, for each way, over rounds of batches on f->threads threads at once. The
 * context must route the add to bench_probe.c's kernel. Prints its error. */
int bench_callers_time(vane_context *ctx, bench_figures *f, int rounds);

#endif
