/* SPDX-License-Identifier: MIT */
/* bench_time.c - times the contestants in turn, so that a noisy moment hurts them all.
 *
 * Where a context of its own chooses a contestant, it is called through a plan there, which
 * costs a few nanoseconds beyond its kernel; else through vane_run with the width demanded,
 * whose election (some 200 ns) is small against the threads' own cost.
 *
 * A sample is a batch of calls that lasts a small part of the wished time: shorter than what a
 * scheduler gives a program at once, so that on a busy machine most samples are whole. The
 * figure is the median of the samples.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "shape.h"

#define PARTS 64    /* of the wished time */
#define ENOUGH 9    /* samples: their median holds when others have the CPU for four of them */
#define LONGER 10.0 /* times the wished time are spent on having enough */
#define LEAST 3

double bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *samples, int count)
{
    if (!count)
        return 0;
    qsort(samples, (size_t)count, sizeof *samples, compare);
    return count % 2 ? samples[count / 2] : (samples[count / 2 - 1] + samples[count / 2]) / 2;
}

static vane_status call(vane_context *ctx, const bench_case *c, const bench_contestant *who,
                        vane_decision *decision)
{
    vane_tensor out = c->out;
    vane_tensor *outs[] = {&out};
    vane_options options = {.struct_size = sizeof options,
                            .width = who->width,
                            .backend = who->backend,
                            .decision = decision};
    if (who->plan)
        return vane_plan_run(who->plan);
    ctx = who->ctx ? who->ctx : ctx;
    return vane_run(ctx, c->op.op, c->input, c->n_in, outs, 1, c->given, &options);
}

static void failed(bench_contestant *who)
{
    who->result = BENCH_FAILED;
    snprintf(who->why, sizeof who->why, "%.199s", vane_last_error()->message);
}

/* Runs once on a wiped output, so that no old result passes for a new one. */
static void check(vane_context *ctx, const bench_case *c, bench_contestant *who, vane_decision *d)
{
    memset(c->out.data, 0xa5, (size_t)shape_bytes(&c->out));
    if (call(ctx, c, who, d) != VANE_OK)
        failed(who);
    else if (!c->want.data)
        who->result = BENCH_UNCHECKED;
    else
        who->result = bench_check(c, who->why, sizeof who->why) ? BENCH_OK : BENCH_WRONG;
}

/* Would a call without wishes in solo be computed by who? */
static int leads_to(vane_context *solo, const bench_case *c, const bench_contestant *who)
{
    vane_decision d = {.struct_size = sizeof d};
    vane_tensor out = c->out;
    vane_tensor *outs[] = {&out};
    if (vane_explain(solo, c->op.op, c->input, c->n_in, outs, 1, c->given, &d) != VANE_OK ||
        d.chosen >= d.count)
        return 0;
    const vane_candidate *k = &d.candidates[d.chosen];
    return k->width == who->width && !strcmp(k->backend, who->backend) &&
           !strcmp(k->device, who->device) && !strcmp(k->kernel, who->kernel);
}

void bench_try(vane_context *ctx, vane_context *solo, const bench_case *c, bench_contestant *who)
{
    vane_decision d = {.struct_size = sizeof d};
    vane_tensor out = c->out;
    vane_tensor *outs[] = {&out};
    check(ctx, c, who, &d);
    if (d.ran < d.count) {
        who->width = d.candidates[d.ran].width;
        who->device = d.candidates[d.ran].device;
        who->kernel = d.candidates[d.ran].kernel;
    }
    if (who->result > BENCH_UNCHECKED || d.ran >= d.count)
        return;
    if (strcmp(d.candidates[d.ran].backend, who->backend)) {
        who->result = BENCH_FAILED;
        snprintf(who->why, sizeof who->why, "%s ran instead", d.candidates[d.ran].backend);
    } else if (solo && leads_to(solo, c, who) &&
               vane_plan_open(solo, c->op.op, c->input, c->n_in, outs, 1, c->given, &who->plan) ==
                   VANE_OK) {
        check(ctx, c, who, NULL);
    }
}

#define WARM_NS 100e3 /* what the one before left: cold caches, sleeping threads, narrow lanes */

static int run(vane_context *ctx, const bench_case *c, bench_contestant *who)
{
    if (call(ctx, c, who, NULL) == VANE_OK)
        return 1;
    failed(who);
    return 0;
}

/* One sample, after a part of it unmeasured; 0 when a call failed. */
static int sample(vane_context *ctx, const bench_case *c, bench_contestant *who, double *ns)
{
    double begin = bench_now_ns();
    for (uint64_t i = 1; i < who->batch && bench_now_ns() - begin < WARM_NS; i++)
        if (!run(ctx, c, who))
            return 0;
    begin = bench_now_ns();
    for (uint64_t i = 0; i < who->batch; i++)
        if (!run(ctx, c, who))
            return 0;
    *ns = bench_now_ns() - begin;
    return 1;
}

/* Grows the batch until it lasts want_ns, twice: once may be because others had the CPU. What it
 * timed on the way warms up as well. */
static int calibrate(vane_context *ctx, const bench_case *c, bench_contestant *who, double want_ns)
{
    double ns;
    int lasted = 0;
    who->batch = 1;
    for (;;) {
        if (!sample(ctx, c, who, &ns))
            return 0;
        lasted = ns >= want_ns / 2 ? lasted + 1 : 0;
        if (lasted == 2 || who->batch > 1u << 30)
            return 1;
        if (lasted)
            continue;
        double grow = ns > 0 ? want_ns / ns : 100;
        who->batch = (uint64_t)((double)who->batch * (grow > 100 ? 100 : grow)) + 1;
    }
}

static int is_running(const bench_contestant *who, double min_ns)
{
    return who->result <= BENCH_UNCHECKED && !who->at_rest && who->count < BENCH_SAMPLES &&
           (who->total_ns < min_ns || (who->count < ENOUGH && who->total_ns < LONGER * min_ns) ||
            (who->count < LEAST && who->total_ns < 1e9));
}

/* Nobody always follows the same other one. */
static void shuffle(int *order, int count)
{
    static uint32_t seed = 1;
    for (int i = count - 1; i > 0; i--) {
        seed = seed * 1664525u + 1013904223u;
        int other = (int)((seed >> 8) % (uint32_t)(i + 1)), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* One more sample, if it is wanted; 1: and so is another. */
static int go_on(vane_context *ctx, const bench_case *c, bench_contestant *who, double min_ns)
{
    double ns;
    if (!is_running(who, min_ns) || !sample(ctx, c, who, &ns))
        return 0;
    who->total_ns += ns;
    who->sample[who->count++] = ns / (double)who->batch;
    return is_running(who, min_ns);
}

void bench_time(vane_context *ctx, const bench_case *c, bench_contestant *who, int count,
                double min_ns)
{
    int running = 0, order[BENCH_CONTESTANTS];
    for (int i = 0; i < count; i++) {
        order[i] = i;
        if (is_running(&who[i], min_ns))
            running += calibrate(ctx, c, &who[i], min_ns / PARTS);
    }
    while (running) {
        running = 0;
        shuffle(order, count);
        for (int i = 0; i < count; i++)
            running += go_on(ctx, c, &who[order[i]], min_ns);
    }
    for (int i = 0; i < count; i++) {
        who[i].median_ns = bench_median(who[i].sample, who[i].count);
        who[i].best_ns = who[i].sample[0]; /* bench_median sorted them */
    }
}
