/* SPDX-License-Identifier: MIT */
/* pool_measure.c - the measurements of pool_measure.h; each is the median of many jobs.
 *
 * Work is a chain of multiplications, not a wait for the clock: two threads that share a
 * CPU take twice the time, and that must show.
 */
#include "pool_measure.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 2001, SLEEPY_ROUNDS = 41 };

static double now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static pool_sample sample_of(double *ns, size_t n)
{
    qsort(ns, n, sizeof *ns, compare);
    return (pool_sample){ns[n / 2], ns[n * 9 / 10], ns[n - 1]};
}

/* ---- pieces ---- */

static void empty_piece(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    (void)arg, (void)lo, (void)hi, (void)worker;
}

/* arg counts the participants of this job that are still to come. */
static void meet_piece(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    (void)lo, (void)hi, (void)worker;
    atomic_uint *missing = arg;
    atomic_fetch_sub_explicit(missing, 1, memory_order_relaxed);
    while (atomic_load_explicit(missing, memory_order_relaxed) != 0)
        ;
}

static void chew(uint64_t steps)
{
    uint64_t x = steps | 1;
    for (uint64_t i = 0; i < steps; i++) {
        x *= UINT64_C(6364136223846793005);
        __asm__ volatile("" : "+r"(x));
    }
}

/* arg is the number of steps of one piece. */
static void work_piece(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    (void)worker;
    for (uint64_t i = lo; i < hi; i++)
        chew(*(const uint64_t *)arg);
}

static double steps_per_us(void)
{
    double best = 0;
    for (int i = 0; i < 20; i++) {
        double start = now_ns(CLOCK_MONOTONIC);
        chew(300000);
        double rate = 300000 / ((now_ns(CLOCK_MONOTONIC) - start) / 1e3);
        best = rate > best ? rate : best;
    }
    return best;
}

/* ---- timing ---- */

static double time_job(vane__pool *p, uint32_t width, vane_range_fn fn, void *arg, uint64_t n)
{
    double start = now_ns(CLOCK_MONOTONIC);
    vane__pool_run(p, width, fn, arg, n, 1);
    return now_ns(CLOCK_MONOTONIC) - start;
}

static double time_met(vane__pool *p, uint32_t width)
{
    atomic_uint missing = width;
    return time_job(p, width, meet_piece, &missing, width);
}

static void warm(vane__pool *p, uint32_t width)
{
    for (int i = 0; i < 20; i++)
        time_met(p, width);
}

pool_sample pool_measure_empty(vane__pool *p, uint32_t width)
{
    double ns[ROUNDS];
    warm(p, width);
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_ns(CLOCK_MONOTONIC);
        for (int k = 0; k < 100; k++)
            vane__pool_run(p, width, empty_piece, NULL, width, 1);
        ns[i] = (now_ns(CLOCK_MONOTONIC) - start) / 100;
    }
    return sample_of(ns, ROUNDS);
}

pool_sample pool_measure_met(vane__pool *p, uint32_t width)
{
    double ns[ROUNDS];
    warm(p, width);
    for (int i = 0; i < ROUNDS; i++)
        ns[i] = time_met(p, width);
    return sample_of(ns, ROUNDS);
}

pool_sample pool_measure_first(vane__pool *p, uint32_t idle_us)
{
    double ns[SLEEPY_ROUNDS];
    warm(p, 2);
    for (int i = 0; i < SLEEPY_ROUNDS; i++) {
        usleep(idle_us);
        ns[i] = time_job(p, 2, empty_piece, NULL, 2);
    }
    return sample_of(ns, SLEEPY_ROUNDS);
}

pool_sample pool_measure_first_met(vane__pool *p, uint32_t idle_us)
{
    double ns[SLEEPY_ROUNDS];
    warm(p, 2);
    for (int i = 0; i < SLEEPY_ROUNDS; i++) {
        usleep(idle_us);
        ns[i] = time_met(p, 2);
    }
    return sample_of(ns, SLEEPY_ROUNDS);
}

pool_sample pool_measure_work(vane__pool *p, uint32_t width, uint32_t work_us, uint32_t idle_us)
{
    double ns[ROUNDS];
    size_t rounds = idle_us == 0 ? ROUNDS : SLEEPY_ROUNDS;
    uint64_t steps = (uint64_t)(2 * steps_per_us());
    warm(p, width);
    for (size_t i = 0; i < rounds; i++) {
        if (idle_us > 0)
            usleep(idle_us);
        ns[i] = time_job(p, width, work_piece, &steps, (uint64_t)width * work_us / 2);
    }
    return sample_of(ns, rounds);
}

double pool_measure_idle_cpu_ns(vane__pool *p, uint32_t seconds)
{
    warm(p, 2);
    usleep(10000); /* the workers' spin is over */
    double start = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    sleep(seconds);
    return now_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
}
