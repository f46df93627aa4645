/* SPDX-License-Identifier: MIT */
/* test_window.c - windows of measured times: what they said before, and what is taken back when the
 * load of the host turns out to have changed a while ago. */
#include <check.h>
#include <string.h>

#include "policy/learned.h"

#define MS UINT64_C(1000000)

static vane__window w;
static uint64_t now;

static void setup(void)
{
    memset(&w, 0, sizeof w);
    now = 5000 * MS;
}

static void tell(int times, double ns, uint64_t every_ns)
{
    for (int i = 0; i < times; i++) {
        now += every_ns;
        vane__window_tell(&w, ns, now);
    }
}

static void expect_all(double ns)
{
    ck_assert_double_eq_tol(vane__window_least(&w), ns, ns / 100);
    ck_assert_double_eq_tol(vane__window_most(&w), ns, ns / 100);
}

START_TEST(what_was_told_since_the_load_changed_is_taken_back)
{
    tell(50, 30000, 20 * MS);
    tell(_i, 90000, MS);
    w.fresh = 0;
    ck_assert_int_eq(vane__window_restore(&w, now + 50 * MS), 1);
    expect_all(30000);
    ck_assert_uint_eq(w.fresh, 1); /* to be kept anew */
}
END_TEST

/* The other direction: others are gone, and it is fast again. */
START_TEST(also_when_it_was_faster)
{
    tell(50, 90000, 20 * MS);
    tell(_i, 30000, MS);
    vane__window_restore(&w, now + 50 * MS);
    expect_all(90000);
}
END_TEST

START_TEST(after_a_pause_the_past_is_what_was_told_before)
{
    tell(1, 80000, MS); /* the first of a lesson */
    tell(8, 30000, MS);
    now += 10000 * MS;
    tell(9, 90000, MS);
    vane__window_restore(&w, now + 100 * MS);
    expect_all(30000);
}
END_TEST

START_TEST(what_was_told_long_ago_stays)
{
    tell(1, 80000, MS);
    tell(3, 30000, MS);
    tell(5, 45000, 300 * MS);
    now += 200 * MS;
    vane__window before = w;
    ck_assert_int_eq(vane__window_restore(&w, now), 0);
    ck_assert_mem_eq(&before, &w, sizeof w);
}
END_TEST

/* Of few samples, or of those in question alone. */
START_TEST(without_a_past_all_stays)
{
    tell(4, 80000, 100 * MS);
    tell(9, 30000, MS);
    vane__window before = w;
    ck_assert_int_eq(vane__window_restore(&w, now), 0);
    ck_assert_mem_eq(&before, &w, sizeof w);
}
END_TEST

START_TEST(a_duel_has_a_past)
{
    tell(50, 30000, 20 * MS);
    vane__window_renew(&w, now);
    for (int i = 0; i < VANE__WINDOW; i++)
        vane__window_push(&w, 90000);
    vane__window_restore(&w, now + 50 * MS);
    expect_all(30000);
}
END_TEST

START_TEST(the_clock_may_wrap)
{
    now = (UINT64_C(1) << 32) * MS - 500 * MS;
    tell(50, 30000, 20 * MS);
    tell(9, 90000, MS);
    vane__window_restore(&w, now);
    expect_all(30000);
}
END_TEST

START_TEST(a_moment_ago_counts_and_longer_ago_does_not)
{
    tell(50, 30000, 20 * MS);
    tell(9, 60000, MS);
    ck_assert_double_eq_tol(vane__window_lately(&w), 30000, 300);
    tell(60, 60000, 30 * MS);
    ck_assert_double_eq_tol(vane__window_lately(&w), 60000, 600);
    now += 5000 * MS;
    tell(9, 90000, MS);
    ck_assert_double_eq_tol(vane__window_lately(&w), 90000, 900);
}
END_TEST

/* A few slow ones may be a moment's; five are believed. */
START_TEST(of_few_samples_the_best_is_hoped)
{
    tell(50, 30000, 20 * MS);
    tell(9, 90000, MS);
    vane__window_age(&w, now, 1);
    ck_assert_double_eq_tol(vane__window_typical(&w), 90000, 900);
    ck_assert_double_eq_tol(vane__window_hoped(&w), 30000, 300);
    tell(2, 90000, MS);
    ck_assert_double_eq_tol(vane__window_hoped(&w), 30000, 300);
    tell(1, 90000, MS);
    ck_assert_double_eq_tol(vane__window_hoped(&w), 90000, 900);
    setup();
    tell(2, 90000, MS);
    ck_assert_double_eq_tol(vane__window_hoped(&w), 90000, 900);
}
END_TEST

/* Whoever was fast long ago is not hoped to be so for ever. */
START_TEST(what_is_not_in_doubt_is_noted)
{
    tell(50, 30000, 20 * MS);
    tell(9, 90000, MS);
    vane__window_age(&w, now, _i);
    now += _i ? 300 * MS : MS;
    if (_i)
        tell(5, 90000, MS);
    vane__window_age(&w, now + (_i ? 300 * MS : 0), _i);
    ck_assert_double_eq_tol(vane__window_hoped(&w), 90000, 900);
}
END_TEST

/* The past is of the same state. */
START_TEST(what_is_taken_back_is_no_past)
{
    tell(50, 90000, 20 * MS);
    tell(20, 30000, 9 * MS);
    vane__window_restore(&w, now);
    expect_all(90000);
    vane__window_age(&w, now, 1);
    ck_assert_double_eq_tol(vane__window_hoped(&w), 90000, 900);
    ck_assert_double_eq_tol(vane__window_lately(&w), 90000, 900);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("window");
    TCase *t = tcase_create("window");
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_loop_test(t, what_was_told_since_the_load_changed_is_taken_back, 1, 40);
    tcase_add_loop_test(t, also_when_it_was_faster, 1, 40);
    tcase_add_test(t, after_a_pause_the_past_is_what_was_told_before);
    tcase_add_test(t, what_was_told_long_ago_stays);
    tcase_add_test(t, without_a_past_all_stays);
    tcase_add_test(t, a_duel_has_a_past);
    tcase_add_test(t, the_clock_may_wrap);
    tcase_add_test(t, a_moment_ago_counts_and_longer_ago_does_not);
    tcase_add_test(t, of_few_samples_the_best_is_hoped);
    tcase_add_loop_test(t, what_is_not_in_doubt_is_noted, 0, 2);
    tcase_add_test(t, what_is_taken_back_is_no_past);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
