/* SPDX-License-Identifier: MIT */
/* test_model.c - the latency and the rate of a kernel from a few of its times: exact where they
 * are, and on made-up machines with noise, outliers and a cache better than what the nearest size
 * alone lets expect. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "policy/model.h"

enum { MACHINES = 4000, CLASSES = 28, SMALLEST = 4, NEAR = 2 };

static uint64_t seed = 1;

static double uniform(void)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (double)(seed >> 11) * 0x1p-53;
}

static double between(double lo, double hi)
{
    return lo + (hi - lo) * uniform();
}

static double normal(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += uniform();
    return sum - 6;
}

/* ---- the fit ------------------------------------------------------------------------- */

static const vane__model_point line[] = {{1, 110}, {2, 120}, {4, 140}, {8, 180}, {16, 260}};

START_TEST(a_line_is_found)
{
    vane__model m;
    ck_assert(vane__model_fit(line, 3 + (uint32_t)_i, &m));
    ck_assert_double_eq_tol(m.latency_ns, 100, 1e-6);
    ck_assert_double_eq_tol(m.ns_per_work, 10, 1e-6);
    ck_assert_double_eq_tol(m.spread, 0, 1e-9);
    ck_assert_double_eq_tol(vane__model_at(&m, 1000), 10100, 1e-6);
}
END_TEST

START_TEST(one_outlier_of_five_moves_nothing)
{
    vane__model m;
    vane__model_point p[5];
    for (int i = 0; i < 5; i++)
        p[i] = line[i];
    p[_i].ns *= 3;
    ck_assert(vane__model_fit(p, 5, &m));
    ck_assert_double_eq_tol(vane__model_at(&m, 32), 420, 42);
    ck_assert_double_eq_tol(vane__model_at(&m, 3), 130, 13);
}
END_TEST

START_TEST(two_points_or_one_size_are_no_line)
{
    vane__model m;
    const vane__model_point same[] = {{5, 1}, {5, 2}, {5, 3}, {5, 4}};
    const vane__model_point bad[] = {{1, 0},  {NAN, 5}, {2, INFINITY}, {-1, 5},
                                     {3, -5}, {4, 7},   {5, 8}};
    ck_assert(!vane__model_fit(line, 2, &m));
    ck_assert(!vane__model_fit(line, 0, &m));
    ck_assert(!vane__model_fit(same, 4, &m));
    ck_assert(!vane__model_fit(bad, 7, &m));
}
END_TEST

/* Whatever comes, a prediction is a time. */
START_TEST(no_points_make_nonsense)
{
    for (int i = 0; i < 20000; i++) {
        vane__model m;
        vane__model_point p[8];
        uint32_t n = (uint32_t)between(0, 9);
        for (uint32_t k = 0; k < n; k++)
            p[k] = (vane__model_point){exp(between(-20, 40)) * (uniform() < 0.1 ? 0 : 1),
                                       exp(between(-5, 30))};
        if (!vane__model_fit(p, n, &m))
            continue;
        ck_assert(m.latency_ns >= 0 && m.ns_per_work >= 0 && m.spread >= 0);
        ck_assert(isfinite(m.latency_ns) && isfinite(m.ns_per_work) && isfinite(m.spread));
        ck_assert(vane__model_at(&m, 1) > 0);
    }
}
END_TEST

START_TEST(the_spread_tells_how_far_off_it_may_be)
{
    double sum[2] = {0, 0};
    for (int loud = 0; loud < 2; loud++)
        for (int i = 0; i < 1000; i++) {
            vane__model m;
            vane__model_point p[5];
            for (int k = 0; k < 5; k++)
                p[k] = (vane__model_point){line[k].work,
                                           line[k].ns * exp((loud ? 0.2 : 0.02) * normal())};
            ck_assert(vane__model_fit(p, 5, &m));
            sum[loud] += m.spread / 1000;
        }
    ck_assert_double_gt(sum[1], 4 * sum[0]);
    ck_assert_double_gt(sum[0], 0.002);
    ck_assert_double_lt(sum[0], 0.02);
}
END_TEST

/* ---- made-up machines ------------------------------------------------------------------ */

typedef struct machine {
    double latency, rate; /* the truth */
    int knee;             /* from this class on it is slower */
    double slower;
    double says_latency, says_rate;
} machine;

static machine make(int has_knee)
{
    machine m = {.latency = pow(10, between(1, 4.7)),
                 .rate = pow(10, between(-1, 2)),
                 .knee = (int)between(8, 21),
                 .slower = has_knee ? between(1, 5) : 1};
    m.says_latency = uniform() < 0.5 ? m.latency * pow(10, between(-0.7, 0.7)) : 0;
    m.says_rate = m.rate * pow(10, between(-0.5, 0.5));
    return m;
}

static double truth(const machine *m, int k)
{
    return m->latency + 1.5 * ldexp(1, k) / m->rate * (k < m->knee ? 1 : m->slower);
}

static double work(const machine *m, int k)
{
    return 1.5 * ldexp(1, k) / m->says_rate;
}

/* The nearest size's time, along what the kernel declares; 0: none is near. */
static double by_neighbour(const machine *m, const double *ns, int k)
{
    static const int order[] = {-1, 1, -2, 2};
    for (int i = 0; i < 2 * NEAR; i++) {
        int at = k + order[i];
        if (at >= SMALLEST && at < CLASSES && ns[at] > 0)
            return ns[at] * (10 + m->says_latency + work(m, k)) /
                   (10 + m->says_latency + work(m, at));
    }
    return 0;
}

/* 0: too few are near. */
static double by_model(const machine *m, const double *ns, int k)
{
    vane__model model;
    vane__model_point p[VANE__MODEL_POINTS];
    uint32_t n = 0;
    for (int apart = 1; apart <= VANE__MODEL_REACH; apart++)
        for (int at = k - apart; at <= k + apart && n < VANE__MODEL_POINTS; at += 2 * apart)
            if (at >= SMALLEST && at < CLASSES && ns[at] > 0)
                p[n++] = (vane__model_point){work(m, at), ns[at]};
    return vane__model_fit(p, n, &model) ? vane__model_at(&model, work(m, k)) : 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static const struct {
    int has_knee;
    double noise, outliers, known;
} worlds[] = {{0, 0.03, 0, 0.4},   {0, 0.03, 0, 0.9},   {0, 0.1, 0, 0.4},   {0, 0.1, 0, 0.9},
              {0, 0.03, 0.1, 0.4}, {0, 0.03, 0.1, 0.9}, {0, 0.1, 0.1, 0.4}, {0, 0.1, 0.1, 0.9},
              {1, 0.03, 0, 0.4},   {1, 0.03, 0, 0.9},   {1, 0.1, 0, 0.4},   {1, 0.1, 0, 0.9},
              {1, 0.03, 0.1, 0.4}, {1, 0.03, 0.1, 0.9}, {1, 0.1, 0.1, 0.4}, {1, 0.1, 0.1, 0.9}};
enum { WORLDS = sizeof worlds / sizeof worlds[0] };

START_TEST(it_is_nearer_to_the_truth_than_the_nearest_size)
{
    static double off[2][MACHINES];
    double mean[2] = {0, 0};
    int n = 0;
    while (n < MACHINES) {
        machine m = make(worlds[_i].has_knee);
        double ns[CLASSES] = {0};
        int k = (int)between(SMALLEST, CLASSES);
        for (int at = SMALLEST; at < CLASSES; at++)
            if (at != k && uniform() < worlds[_i].known)
                ns[at] = truth(&m, at) * exp(worlds[_i].noise * normal()) *
                         (uniform() < worlds[_i].outliers ? between(2, 4) : 1);
        double guess[] = {by_neighbour(&m, ns, k), by_model(&m, ns, k)};
        if (!(guess[0] > 0) || !(guess[1] > 0))
            continue;
        for (int i = 0; i < 2; i++) {
            off[i][n] = fabs(log(guess[i] / truth(&m, k)));
            mean[i] += off[i][n] / MACHINES;
        }
        n++;
    }
    for (int i = 0; i < 2; i++)
        qsort(off[i], MACHINES, sizeof off[i][0], by_value);
    ck_assert_double_lt(mean[1], mean[0]);
    ck_assert_double_lt(off[1][MACHINES / 2], off[0][MACHINES / 2]);
    ck_assert_double_lt(off[1][MACHINES * 9 / 10], off[0][MACHINES * 9 / 10]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model");
    TCase *tcase = tcase_create("model");
    tcase_add_loop_test(tcase, a_line_is_found, 0, 3);
    tcase_add_loop_test(tcase, one_outlier_of_five_moves_nothing, 0, 5);
    tcase_add_test(tcase, two_points_or_one_size_are_no_line);
    tcase_add_test(tcase, no_points_make_nonsense);
    tcase_add_test(tcase, the_spread_tells_how_far_off_it_may_be);
    tcase_add_loop_test(tcase, it_is_nearer_to_the_truth_than_the_nearest_size, 0, WORLDS);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
