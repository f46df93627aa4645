/* SPDX-License-Identifier: MIT */
/* bench_field.c - every candidate of a case, timed side by side: what could have been chosen.
 *
 * A short pass tells who is worth a long one, and who is the best: that one runs twice in the
 * long pass, under two names, so that what mere timing makes of regret is known. While the two
 * differ, the pass goes on, with longer samples: what a machine does to threads for a moment
 * evens out, and who comes last in a round no longer finds what the first one left in caches.
 */
#include <string.h>

#include "bench_policy.h"

#define FIRST_PASS 8.0 /* of the time, one in so many */
#define HOPELESS 8.0   /* times slower than the best: the first pass says enough */
#define UNLIKELY 1.5   /* times slower in its best moment than the best usually is */
#define SETTLED 0.02   /* what the best and its twin may differ */
#define LONGEST 8.0    /* times the wished time are spent on settling that */
#define CLEAR 4.0      /* elections a call, from where one taken off leaves a sharp figure */

static int may_compute(const vane_candidate *k)
{
    switch (k->reason) {
    case VANE_REASON_CHOSEN:
    case VANE_REASON_SLOWER:
    case VANE_REASON_LATER:
    case VANE_REASON_NARROWER:
    case VANE_REASON_UNCHECKED:
    case VANE_REASON_COSTLIER:
        return 1;
    default:
        return 0;
    }
}

static int is_it(const bench_contestant *who, const vane_candidate *k)
{
    return who->device && who->width == k->width && !strcmp(who->backend, k->backend) &&
           !strcmp(who->device, k->device) && !strcmp(who->kernel, k->kernel);
}

int bench_field_find(const bench_field *f, const vane_candidate *k)
{
    for (int i = 0; i < f->count; i++)
        if (is_it(&f->who[i], k))
            return i;
    return -1;
}

/* ---- gathering --------------------------------------------------------------------- */

static void add(bench_field *f, bench_solos *solos, const bench_case *c, const vane_candidate *k)
{
    bench_solo *solo = bench_solo_of(solos, k->backend, k->width);
    bench_contestant *who = &f->who[f->count];
    *who = (bench_contestant){.backend = k->backend, .width = k->width};
    if (solo) {
        who->ctx = solo->ctx;
        bench_try(solo->ctx, solo->ctx, c, who);
    }
    if (!solo || who->result > BENCH_UNCHECKED || !is_it(who, k)) {
        f->left_out++;
        if (who->plan)
            vane_plan_close(who->plan);
        return;
    }
    f->by_wish += !who->plan;
    f->aside_ns[f->count++] = who->plan ? 0 : bench_solo_election(solo);
}

void bench_field_open(bench_field *f, bench_solos *solos, const bench_case *c)
{
    int room = BENCH_CONTESTANTS - 1 - BENCH_POLICIES; /* the best once more, and the policies */
    memset(f, 0, sizeof *f);
    f->best = -1;
    for (uint32_t i = 0; i < c->decision.count; i++) {
        const vane_candidate *k = &c->decision.candidates[i];
        if (may_compute(k) && f->count < room)
            add(f, solos, c, k);
    }
}

void bench_field_close(bench_field *f)
{
    for (int i = 0; i < f->count; i++)
        if (f->who[i].plan)
            vane_plan_close(f->who[i].plan);
    f->count = 0;
}

/* ---- timing ------------------------------------------------------------------------ */

static void forget(bench_contestant *who)
{
    who->count = 0;
    who->total_ns = 0;
}

static double net(const bench_field *f, int i)
{
    double ns = f->who[i].median_ns - f->aside_ns[i];
    return ns > 0.1 * f->who[i].median_ns ? ns : 0.1 * f->who[i].median_ns;
}

int bench_field_is_vague(const bench_field *f, int i)
{
    return net(f, i) < CLEAR * f->aside_ns[i];
}

static int find_best(const bench_field *f, int count)
{
    int best = -1;
    for (int i = 0; i < count; i++)
        if (f->who[i].result <= BENCH_UNCHECKED && f->who[i].median_ns > 0 &&
            !bench_field_is_vague(f, i) && (best < 0 || net(f, i) < net(f, best)))
            best = i;
    return best;
}

static void swap(bench_field *f, int a, int b)
{
    bench_contestant who = f->who[a];
    double aside = f->aside_ns[a];
    f->who[a] = f->who[b];
    f->aside_ns[a] = f->aside_ns[b];
    f->who[b] = who;
    f->aside_ns[b] = aside;
}

/* The hopeless ones go to the end; how many are left. */
static int part(bench_field *f)
{
    int left = f->count;
    double limit = HOPELESS * net(f, f->best);
    for (int i = 0; i < left;)
        if (f->who[i].result > BENCH_UNCHECKED || f->who[i].best_ns - f->aside_ns[i] > limit)
            swap(f, i, --left);
        else
            forget(&f->who[i++]);
    return left;
}

/* ---- the long pass: those who are left, the best's twin, and the plans ------------------- */

typedef struct row {
    bench_contestant who[BENCH_CONTESTANTS];
    int left, twin, count;
} row;

static void line_up(row *r, const bench_field *f, int left, vane_plan *const *plans, int n_plans)
{
    memcpy(r->who, f->who, (size_t)left * sizeof r->who[0]);
    r->left = r->twin = r->count = left;
    r->who[r->count++] = f->who[f->best];
    forget(&r->who[r->twin]);
    for (int i = 0; i < n_plans; i++)
        r->who[r->count++] = (bench_contestant){.backend = "", .plan = plans[i]};
}

static double noise_of(const row *r, int best)
{
    if (!r->who[r->twin].count || !r->who[best].count)
        return 0;
    double twice = r->who[r->twin].median_ns / r->who[best].median_ns;
    return (twice > 1 ? twice : 1 / twice) - 1;
}

/* Who is clearly slower has been timed long enough. */
static void rest(row *r, const bench_field *f)
{
    for (int i = 0; i < r->left; i++)
        if (f->who[i].best_ns > UNLIKELY * f->who[f->best].median_ns)
            r->who[i].at_rest = 1;
}

static void long_pass(bench_field *f, vane_context *ctx, const bench_case *c, double min_ns,
                      int left, vane_plan *const *plans, double *used_ns, int n_plans)
{
    static row r; /* too much for a stack */
    line_up(&r, f, left, plans, n_plans);
    for (double ns = min_ns; ns <= LONGEST * min_ns; ns *= 2) {
        bench_time(ctx, c, r.who, r.count, ns);
        memcpy(f->who, r.who, (size_t)left * sizeof r.who[0]);
        int best = find_best(f, left);
        if (best < 0)
            break;
        f->noise = noise_of(&r, f->best); /* whose twin it is */
        if (f->noise <= SETTLED)
            break;
        rest(&r, f);
    }
    for (int i = 0; i < n_plans; i++)
        used_ns[i] = r.who[r.twin + 1 + i].count ? r.who[r.twin + 1 + i].median_ns : 0;
}

void bench_field_time(bench_field *f, vane_context *ctx, const bench_case *c, double min_ns,
                      vane_plan *const *plans, double *used_ns, int n_plans)
{
    for (int i = 0; i < f->count; i++)
        forget(&f->who[i]);
    bench_time(ctx, c, f->who, f->count, min_ns / FIRST_PASS);
    f->noise = 0;
    f->best = find_best(f, f->count);
    if (f->best < 0)
        return;
    int left = part(f);
    long_pass(f, ctx, c, min_ns, left, plans, used_ns, n_plans);
    f->best = find_best(f, f->count);
    for (int i = 0; i < f->count; i++)
        f->ns[i] = f->who[i].result <= BENCH_UNCHECKED ? net(f, i) : 0;
}
