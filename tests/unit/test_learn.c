/* SPDX-License-Identifier: MIT */
/* test_learn.c - the adaptive policy at work, on a clock that only the kernels move: the faster
 * is found, the wrong is never used, the slower is left, and none of it costs much. */
#include "learn_kit.h"

/* ---- what is learned --------------------------------------------------------------- */

START_TEST(the_faster_is_found)
{
    open_both();
    add_often(100, 50, 0);
    ck_assert_str_eq(explained(100), "beta");
    ck_assert_uint_eq(of("beta")->trust, VANE_TRUST_CHECKED);
    ck_assert_double_eq_tol(of("beta")->measured_ns, 300, 30);
    ck_assert_uint_eq(d.settled, 1);
    uint32_t before = runs(&alpha);
    add_often(100, 100, 0);
    ck_assert_uint_eq(runs(&alpha), before);
}
END_TEST

START_TEST(each_size_has_its_own)
{
    open_both();
    add_often(100, 50, 0);
    alpha.takes_ns = 100; /* as if it were better at larger ones */
    add_often(5000, 50, 0);
    ck_assert_str_eq(explained(100), "beta");
    ck_assert_str_eq(explained(5000), "alpha");
}
END_TEST

/* What a kernel with a latency takes lies between "as much" and "in proportion". */
START_TEST(sizes_never_seen_follow_from_those_that_were)
{
    open_both();
    for (int k = 6; k <= 12; k += 2) {
        alpha.takes_ns = 2000 + (3u << (k - 1)); /* 2 us, and one element a nanosecond */
        beta.takes_ns = 300 + 4 * (3u << (k - 1));
        add_often(3 << (k - 1), 60, 0);
    }
    explained(3 << 13); /* class 14, two from any that was seen */
    ck_assert_uint_eq(of("alpha")->samples, 0);
    ck_assert_double_eq_tol(of("alpha")->expected_ns, 2000 + (3 << 13), 0.1 * (2000 + (3 << 13)));
    ck_assert_double_eq_tol(of("beta")->expected_ns, 300 + 4 * (3 << 13), 0.1 * 4 * (3 << 13));
    explained(3 << 15);
    ck_assert_double_eq_tol(of("alpha")->expected_ns, 2000 + (3 << 15), 0.1 * (3 << 15));
}
END_TEST

START_TEST(there_is_no_largest_size)
{
    open_both();
    explained((int64_t)3 << 29);
    double smaller = of("scalar")->predicted_ns;
    explained((int64_t)3 << 39);
    ck_assert_double_eq_tol(of("scalar")->predicted_ns / smaller, 1024, 10);
}
END_TEST

START_TEST(in_place_too)
{
    open_both();
    add_often(100, 50, 1);
    ck_assert_str_eq(explained(100), "beta");
}
END_TEST

START_TEST(under_another_policy_nothing_is_tried)
{
    open_both();
    GOOD(vane_set_policy(ctx, "heuristic"));
    add_often(100, 50, 0);
    ck_assert_uint_eq(runs(&alpha), 50);
    ck_assert_uint_eq(runs(&beta), 0);
}
END_TEST

/* ---- trust ------------------------------------------------------------------------- */

START_TEST(a_fast_but_wrong_one_never_computes)
{
    beta.wrong_at = 7;
    open_both();
    add_often(100, 200, 0);
    ck_assert_str_eq(explained(100), "alpha");
    ck_assert_uint_eq(of("beta")->reason, VANE_REASON_WRONG);
    ck_assert_uint_eq(of("beta")->samples, 0);
    ck_assert_uint_eq(runs(&beta), 1); /* the check */
}
END_TEST

START_TEST(one_wrong_element_in_a_million_is_seen)
{
    beta.wrong_at = 1000000;
    open_both();
    add_often(1000, 30, 0); /* where it is right, it may be used */
    ck_assert_str_eq(explained(1000), "beta");
    alpha.takes_ns = 400000;
    beta.takes_ns = 100000;
    for (int i = 0; i < 12; i++) {
        atomic_fetch_add(&kit_time, 11000000000u); /* checks of large results have their price */
        add_often(1048576, 1, 0);
    }
    ck_assert_str_eq(explained(1048576), "alpha");
    ck_assert_uint_eq(of("beta")->reason, VANE_REASON_WRONG);
    ck_assert_uint_eq(of("beta")->samples, 0);
}
END_TEST

START_TEST(all_wrong_leaves_the_oracle)
{
    alpha.wrong_at = beta.wrong_at = 3;
    open_both();
    add_often(100, 100, 0);
    ck_assert_str_eq(explained(100), "scalar");
}
END_TEST

START_TEST(one_that_fails_is_not_chosen)
{
    beta.mode = KIT_FAILS;
    open_both();
    add_often(100, 100, 0);
    ck_assert_str_eq(explained(100), "alpha");
    ck_assert_uint_lt(runs(&beta), 10);
}
END_TEST

/* ---- duels --------------------------------------------------------------------------- */

static float given[5000], sums[5000];

static void add_there(int times)
{
    int64_t n = 5000;
    vane_tensor a = vane_tensor_of(given, VANE_F32, 1, &n),
                to = vane_tensor_of(sums, VANE_F32, 1, &n);
    for (int k = 0; k < times; k++) {
        given[4999] = (float)k;
        GOOD(vane_add(ctx, &a, &a, &to));
        ck_assert_float_eq(sums[4999], 2 * (float)k);
    }
}

/* Beside a call, alpha is the faster; for the program, which has its output elsewhere, beta is. */
START_TEST(the_program_s_own_calls_decide_among_the_close)
{
    alpha.takes_ns = 30000;
    beta.takes_ns = beta.there_ns = 35000;
    alpha.there_ns = 45000;
    alpha.there = beta.there = sums;
    open_both();
    add_there(1);
    ck_assert_str_eq(explained(5000), "alpha");
    ck_assert_uint_eq(d.settled, 0);
    uint32_t changes = d.route_changes;
    add_there(199);
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_uint_eq(d.settled, 1);
    ck_assert_uint_eq(d.route_changes, changes + 1);
    uint32_t before = runs(&alpha);
    add_there(100);
    ck_assert_uint_eq(runs(&alpha), before);
    double spent = ctx->allowance.total_ns, slower = 10000.0 * before;
    ck_assert_double_lt(spent, ctx->allowance.needed_ns + slower + 30 * 35000);
}
END_TEST

START_TEST(one_that_fails_ends_the_duel)
{
    alpha.takes_ns = 30000;
    beta.takes_ns = 35000;
    open_both();
    add_there(20);
    ck_assert_str_eq(explained(5000), "alpha");
    ck_assert_uint_eq(d.settled, 0);
    beta.mode = KIT_FAILS;
    add_there(200);
    ck_assert_str_eq(explained(5000), "alpha");
    ck_assert_uint_eq(d.settled, 1);
}
END_TEST

/* ---- time passes ------------------------------------------------------------------- */

START_TEST(who_becomes_slow_is_left_and_who_recovers_comes_back)
{
    beta.takes_ns = 30000; /* long enough that each call is timed */
    alpha.takes_ns = 40000;
    open_both();
    add_often(5000, 100, 0);
    ck_assert_str_eq(explained(5000), "beta");
    uint32_t changes = d.route_changes;
    beta.takes_ns = 90000;
    atomic_fetch_add(&kit_time, 5000000000u);
    add_often(5000, 100, 0);
    ck_assert_str_eq(explained(5000), "alpha");
    beta.takes_ns = 30000;
    for (int i = 0; i < 20; i++) { /* it is looked at again, more rarely each time */
        atomic_fetch_add(&kit_time, 10000000000u);
        add_often(5000, 20, 0);
    }
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_uint_le(d.route_changes - changes, 2);
}
END_TEST

/* Its first lesson met a bad moment: however bad that was, later ones find it. */
START_TEST(a_bad_moment_is_not_for_ever)
{
    static const uint64_t bad_ns[] = {450, 3500, 9000, 60000};
    alpha.takes_ns = 400;
    beta.takes_ns = bad_ns[_i];
    open_both();
    add_often(100, 100, 0);
    ck_assert_str_eq(explained(100), "alpha");
    ck_assert_uint_eq(d.settled, 1);
    beta.takes_ns = 300;
    for (int i = 0; i < 4 && strcmp(explained(100), "beta") != 0; i++) {
        atomic_fetch_add(&kit_time, UINT64_C(100000000) << i); /* the next lesson is due */
        add_often(100, 600, 0); /* of the shortest, one in 256 is looked at */
    }
    ck_assert_str_eq(explained(100), "beta");
    ck_assert_double_le(ctx->allowance.total_ns - ctx->allowance.needed_ns,
                        VANE__ALLOWANCE_BURST_NS);
}
END_TEST

/* What ten sizes spend on trials within ten seconds, but for the checks that choices need. */
static double spent_on_trials(double more_ns)
{
    alpha.takes_ns = 19000000; /* 19 ms against 15: nine trials of each size cost 4 ms more */
    beta.takes_ns = 15000000;
    open_both();
    ctx->allowance.more_ns = more_ns;
    for (int64_t n = 16; n <= 16 << 9; n *= 2)
        add_often(n, 50, 0);
    ck_assert_uint_lt(atomic_load(&kit_time), 10000000000u);
    ck_assert_double_gt(ctx->allowance.needed_ns, 0);
    return ctx->allowance.total_ns - ctx->allowance.needed_ns;
}

START_TEST(trials_cost_no_more_than_their_allowance)
{
    double spent = spent_on_trials(0);
    ck_assert_double_gt(spent, 0);
    ck_assert_double_le(spent, 1.1 * VANE__ALLOWANCE_NS);
}
END_TEST

START_TEST(without_it_they_would)
{
    ck_assert_double_gt(spent_on_trials(1e12), 2 * VANE__ALLOWANCE_NS);
}
END_TEST

/* ---- calls that are settled --------------------------------------------------------- */

/* This thread holds the lock that learning takes: a call that wanted it would never return. */
START_TEST(settled_calls_take_no_lock)
{
    static const uint64_t takes_ns[] = {300, 9000, 30000}; /* brief; sampled; each timed */
    beta.takes_ns = takes_ns[_i];
    alpha.takes_ns = 2 * beta.takes_ns;
    open_both();
    add_often(100, 100, 0);
    ck_assert_str_eq(explained(100), "beta");
    ck_assert_uint_eq(d.settled, 1);
    pthread_mutex_lock(&ctx->routes->lock);
    add_often(100, 2000, 0);
    pthread_mutex_unlock(&ctx->routes->lock);
    ck_assert_str_eq(explained(100), "beta");
}
END_TEST

START_TEST(one_too_short_to_be_timed_is_measured_again)
{
    open_both();
    add_often(100, 50, 0);
    ck_assert_str_eq(explained(100), "beta");
    beta.takes_ns = 900; /* no single call shows it */
    add_often(100, 1000, 0);
    ck_assert_str_eq(explained(100), "beta");
    atomic_fetch_add(&kit_time, 2000000000u);
    add_often(100, 1000, 0);
    ck_assert_str_eq(explained(100), "alpha");
}
END_TEST

/* ---- operands in buffers ------------------------------------------------------------ */

START_TEST(calls_in_buffers_learn_from_rehearsals)
{
    int64_t n = 100;
    float two[100], got[100];
    vane_buffer b, o;
    beta.wrong_at = 9;
    open_both();
    for (int i = 0; i < 100; i++)
        two[i] = 2;
    GOOD(vane_buffer_open(ctx, sizeof two, "in", &b));
    GOOD(vane_buffer_open(ctx, sizeof two, "out", &o));
    GOOD(vane_buffer_write(ctx, b, 0, two, sizeof two));
    vane_tensor tb = vane_tensor_in(b, 0, VANE_F32, 1, &n),
                to = vane_tensor_in(o, 0, VANE_F32, 1, &n);
    for (int i = 0; i < 20; i++) {
        GOOD(vane_add(ctx, &tb, &tb, &to));
        GOOD(vane_buffer_read(ctx, o, 0, got, sizeof got));
        for (int k = 0; k < 100; k++)
            ck_assert_float_eq(got[k], 4);
    }
    ck_assert_uint_eq(runs(&beta), 1);
    GOOD(vane_buffer_close(ctx, b));
    GOOD(vane_buffer_close(ctx, o));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("learn");
    TCase *tcase = tcase_create("learn");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_faster_is_found);
    tcase_add_test(tcase, each_size_has_its_own);
    tcase_add_test(tcase, sizes_never_seen_follow_from_those_that_were);
    tcase_add_test(tcase, there_is_no_largest_size);
    tcase_add_test(tcase, in_place_too);
    tcase_add_test(tcase, under_another_policy_nothing_is_tried);
    tcase_add_test(tcase, a_fast_but_wrong_one_never_computes);
    tcase_add_test(tcase, one_wrong_element_in_a_million_is_seen);
    tcase_add_test(tcase, all_wrong_leaves_the_oracle);
    tcase_add_test(tcase, one_that_fails_is_not_chosen);
    tcase_add_test(tcase, the_program_s_own_calls_decide_among_the_close);
    tcase_add_test(tcase, one_that_fails_ends_the_duel);
    tcase_add_test(tcase, who_becomes_slow_is_left_and_who_recovers_comes_back);
    tcase_add_loop_test(tcase, a_bad_moment_is_not_for_ever, 0, 4);
    tcase_add_test(tcase, trials_cost_no_more_than_their_allowance);
    tcase_add_test(tcase, without_it_they_would);
    tcase_add_loop_test(tcase, settled_calls_take_no_lock, 0, 3);
    tcase_add_test(tcase, one_too_short_to_be_timed_is_measured_again);
    tcase_add_test(tcase, calls_in_buffers_learn_from_rehearsals);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
