/* SPDX-License-Identifier: MIT */
/* bench_regret.c - what every choice cost beyond the best one, kept and summed up. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_policy.h"

/* ---- verdicts ---------------------------------------------------------------------- */

static double over(double ns, double best_ns)
{
    double regret = ns / best_ns - 1;
    return regret < 0 ? 0 : regret; /* NaN stays */
}

static void name_of(char *out, size_t bytes, const char *backend, uint32_t width)
{
    snprintf(out, bytes, "%s x%u", backend, width);
}

static bench_verdict *next(bench_verdicts *all)
{
    if (all->count == all->capacity) {
        int capacity = all->capacity ? 2 * all->capacity : 256;
        bench_verdict *list = realloc(all->list, (size_t)capacity * sizeof *list);
        if (!list)
            return NULL;
        all->list = list;
        all->capacity = capacity;
    }
    return &all->list[all->count++];
}

static bench_verdict *begin(bench_verdicts *all, const bench_case *c, const bench_field *f,
                            int policy, bench_phase phase)
{
    bench_verdict *v = next(all);
    if (!v)
        return NULL;
    *v = (bench_verdict){
        .op = c->op.op, .policy = policy, .phase = phase, .best_ns = f->ns[f->best]};
    snprintf(v->shape, sizeof v->shape, "%.47s", c->shape);
    name_of(v->best, sizeof v->best, f->who[f->best].backend, f->who[f->best].width);
    for (int look = 0; look < BENCH_LOOKS; look++)
        v->regret[look] = (double)NAN;
    return v;
}

/* One that was not timed alone, or not sharply: the plan that led to it was timed. */
static double time_of(const bench_field *f, const bench_user *u, int look)
{
    int i = bench_field_find(f, &u->choice[look]);
    if (i >= 0 && f->ns[i] > 0 && !bench_field_is_vague(f, i))
        return f->ns[i];
    return u->used_ns > 0 ? u->used_ns : (double)NAN;
}

int bench_verdicts_add(bench_verdicts *all, const bench_case *c, const bench_field *f,
                       const bench_user *u, int policy, bench_phase phase)
{
    bench_verdict *v = begin(all, c, f, policy, phase);
    if (!v)
        return 0;
    for (int look = 0; look < BENCH_LOOKS; look++)
        if (u->seen[look])
            v->regret[look] = over(time_of(f, u, look), v->best_ns);
    v->chosen_ns = time_of(f, u, BENCH_WARM);
    v->used_ns = u->used_ns;
    v->cold_ns = phase == BENCH_QUIET ? u->cold_ns : 0;
    v->calls = u->calls;
    name_of(v->chosen, sizeof v->chosen, u->choice[BENCH_WARM].backend,
            u->choice[BENCH_WARM].width);
    return 1;
}

int bench_verdicts_add_noise(bench_verdicts *all, const bench_case *c, const bench_field *f,
                             int policy, bench_phase phase)
{
    bench_verdict *v = begin(all, c, f, policy, phase);
    if (!v)
        return 0;
    v->regret[BENCH_WARM] = f->noise;
    v->chosen_ns = v->best_ns * (1 + f->noise);
    snprintf(v->chosen, sizeof v->chosen, "%s", v->best);
    return 1;
}

void bench_verdicts_close(bench_verdicts *all)
{
    free(all->list);
    memset(all, 0, sizeof *all);
}

/* ---- measures ---------------------------------------------------------------------- */

double bench_measure_10(const bench_verdict *v)
{
    return v->regret[BENCH_AFTER_10];
}

double bench_measure_50(const bench_verdict *v)
{
    return v->regret[BENCH_AFTER_50];
}

double bench_measure_cold(const bench_verdict *v)
{
    return v->regret[BENCH_COLD];
}

double bench_measure_warm(const bench_verdict *v)
{
    return v->regret[BENCH_WARM];
}

double bench_measure_end(const bench_verdict *v)
{
    return v->regret[BENCH_END];
}

double bench_measure_used(const bench_verdict *v)
{
    return v->used_ns > 0 ? over(v->used_ns, v->best_ns) : (double)NAN;
}

double bench_measure_cost(const bench_verdict *v)
{
    return v->cold_ns > 0 ? v->cold_ns / (v->calls * v->best_ns) : (double)NAN;
}

/* ---- sums -------------------------------------------------------------------------- */

static int is_asked(const bench_verdict *v, int policy, bench_phase phase, uint32_t op)
{
    return v->policy == policy && v->phase == phase && (op == VANE_OP_COUNT || v->op == op);
}

bench_figure bench_verdicts_sum(const bench_verdicts *all, int policy, bench_phase phase,
                                uint32_t op, bench_measure measure)
{
    bench_figure f = {.worst = -1};
    double sum = 0, *value = malloc(((size_t)all->count + 1) * sizeof *value);
    for (int i = 0; value && i < all->count; i++) {
        double x = measure(&all->list[i]);
        if (!is_asked(&all->list[i], policy, phase, op) || isnan(x))
            continue;
        if (f.worst < 0 || x > f.max)
            f.worst = i;
        f.max = f.worst == i ? x : f.max;
        sum += value[f.count++] = x;
    }
    f.mean = f.median = f.p95 = (double)NAN;
    if (f.count) {
        f.mean = sum / f.count;
        f.median = bench_median(value, f.count); /* sorts them */
        f.p95 = value[(int)ceil(0.95 * f.count) - 1];
    } else {
        f.max = (double)NAN;
    }
    free(value);
    return f;
}

void bench_verdicts_time(const bench_verdicts *all, int policy, bench_phase phase,
                         double *chosen_ns, double *best_ns)
{
    *chosen_ns = *best_ns = 0;
    for (int i = 0; i < all->count; i++)
        if (is_asked(&all->list[i], policy, phase, VANE_OP_COUNT) &&
            !isnan(all->list[i].chosen_ns)) {
            *chosen_ns += all->list[i].chosen_ns;
            *best_ns += all->list[i].best_ns;
        }
}
