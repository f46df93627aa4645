/* SPDX-License-Identifier: MIT */
/* bench_pool.c - prints what the thread pool costs here; judges nothing.
 *
 * bench_pool [threads [idle seconds]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "pool_measure.h"

static void row(const char *what, pool_sample s)
{
    printf("%-44s %10.2f %10.2f %10.2f\n", what, s.median / 1e3, s.p90 / 1e3, s.max / 1e3);
}

static void print_hot(vane__pool *p, uint32_t threads)
{
    char what[64];
    for (uint32_t width = 1; width <= threads; width *= 2) {
        snprintf(what, sizeof what, "hot, empty job, width %u", width);
        row(what, pool_measure_empty(p, width));
    }
    for (uint32_t width = 2; width <= threads; width *= 2) {
        snprintf(what, sizeof what, "hot, all take part, width %u", width);
        row(what, pool_measure_met(p, width));
    }
}

static void print_first(vane__pool *p)
{
    static const uint32_t idle_us[] = {50, 1000, 5000, 50000};
    char what[64];
    for (size_t i = 0; i < sizeof idle_us / sizeof idle_us[0]; i++) {
        snprintf(what, sizeof what, "first empty job after %g ms idle", idle_us[i] / 1e3);
        row(what, pool_measure_first(p, idle_us[i]));
        snprintf(what, sizeof what, "first job after %g ms, both take part", idle_us[i] / 1e3);
        row(what, pool_measure_first_met(p, idle_us[i]));
    }
}

static void print_work(vane__pool *p)
{
    row("1 x 200 us of work", pool_measure_work(p, 1, 200, 0));
    row("2 x 200 us of work, hot", pool_measure_work(p, 2, 200, 0));
    row("2 x 200 us of work, after 50 ms idle", pool_measure_work(p, 2, 200, 50000));
}

int main(int argc, char **argv)
{
    uint32_t threads = argc > 1 ? (uint32_t)atoi(argv[1]) : 2;
    uint32_t seconds = argc > 2 ? (uint32_t)atoi(argv[2]) : 10;
    vane__pool *p;
    if (threads < 2 || vane__pool_open(threads, &p) != VANE_OK) {
        fprintf(stderr, "bench_pool: cannot open a pool of %u threads, 2 or more\n", threads);
        return 1;
    }
    printf("%-44s %10s %10s %10s\n", "us", "median", "p90", "max");
    print_hot(p, threads);
    print_first(p);
    print_work(p);
    printf("CPU time used in %u s of idleness: %.3f ms\n", seconds,
           pool_measure_idle_cpu_ns(p, seconds) / 1e6);
    vane__pool_close(p);
    return 0;
}
