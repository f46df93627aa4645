/* SPDX-License-Identifier: MIT */
/* bench_probe.h - a backend inside this program whose one kernel adds f32 arrays.
 *
 * vane bench dispatch knows the cost of calling that kernel directly, so whatever a call
 * through Vane costs more is Vane's.
 */
#ifndef VANE_TOOL_BENCH_PROBE_H
#define VANE_TOOL_BENCH_PROBE_H

#include "vane/vane.h"

#define BENCH_PROBE "bench-probe"

extern const vane_kernel bench_probe_kernel;
extern const vane_backend_entry bench_probe_entry;
/* Entries with other names and the same kernel, to fill the registry with. */
vane_backend_entry bench_probe_dummy(char name[16], uint32_t number);

#endif
