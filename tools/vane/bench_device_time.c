/* SPDX-License-Identifier: MIT */
/* bench_device_time.c - things that take turns, and the median of their samples. Each gives its
 * work to the device as often as a sample needs and waits once: so it is the device that is timed,
 * and not the way there and back.
 */
#include <stdio.h>
#include <string.h>

#include "bench_device.h"

#define PARTS 12   /* of the wished time, one a sample */
#define ENOUGH 9   /* samples */
#define LONGER 4.0 /* times the wished time are spent on having enough */
#define LEAST 3
#define MOST (UINT64_C(1) << 20)

double bench_thing_failed(bench_thing *t)
{
    t->result = BENCH_FAILED;
    snprintf(t->why, sizeof t->why, "%.199s", vane_last_error()->message);
    return -1;
}

static int goes_on(const bench_thing *t, double min_ns)
{
    return t->result <= BENCH_UNCHECKED && t->count < BENCH_SAMPLES &&
           (t->total_ns < min_ns || (t->count < ENOUGH && t->total_ns < LONGER * min_ns) ||
            t->count < LEAST);
}

/* What is timed on the way warms up as well. */
static void calibrate(bench_thing *t, double want_ns)
{
    t->batch = 1;
    if (t->run(t, 1) < 0)
        return;
    for (;;) {
        double ns = t->run(t, t->batch);
        if (ns < 0 || ns >= want_ns / 2 || t->batch >= MOST)
            return;
        double grow = ns > 0 ? want_ns / ns : 100;
        t->batch = (uint64_t)((double)t->batch * (grow > 10 ? 10 : grow)) + 1;
    }
}

void bench_things_time(bench_thing *list, int count, double min_ns)
{
    int going = 0;
    for (int i = 0; i < count; i++) {
        if (goes_on(&list[i], min_ns))
            calibrate(&list[i], min_ns / PARTS);
        going += goes_on(&list[i], min_ns);
    }
    while (going) {
        going = 0;
        for (int i = 0; i < count; i++) {
            bench_thing *t = &list[i];
            double ns = goes_on(t, min_ns) ? t->run(t, t->batch) : -1;
            if (ns < 0)
                continue;
            t->total_ns += ns;
            t->sample[t->count++] = ns / (double)t->batch;
            going += goes_on(t, min_ns);
        }
    }
    for (int i = 0; i < count; i++) {
        list[i].median_ns = bench_median(list[i].sample, list[i].count);
        list[i].best_ns = list[i].sample[0]; /* bench_median sorted them */
    }
}
