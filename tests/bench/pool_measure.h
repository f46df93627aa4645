/* SPDX-License-Identifier: MIT */
/* pool_measure.h - what the thread pool costs on this machine, figure by figure. */
#ifndef BENCH_POOL_MEASURE_H
#define BENCH_POOL_MEASURE_H

#include "exec/pool.h"

typedef struct pool_sample { /* of one figure, in nanoseconds */
    double median, p90, max;
} pool_sample;

/* Jobs back to back. empty: the pieces do nothing, and the caller may be through before a
 * worker comes. met: the caller's piece ends when the worker's has begun, so that both
 * took part: a whole fork and join of width threads. */
pool_sample pool_measure_empty(vane__pool *p, uint32_t width);
pool_sample pool_measure_met(vane__pool *p, uint32_t width);
/* The first job of two threads after the program slept for idle_us. */
pool_sample pool_measure_first(vane__pool *p, uint32_t idle_us);
pool_sample pool_measure_first_met(vane__pool *p, uint32_t idle_us);
/* width x work_us of arithmetic, in pieces of about 2 us; after idle_us (0: back to back). */
pool_sample pool_measure_work(vane__pool *p, uint32_t width, uint32_t work_us, uint32_t idle_us);
/* CPU time that the whole process used while its main thread slept for seconds. */
double pool_measure_idle_cpu_ns(vane__pool *p, uint32_t seconds);

#endif
