/* SPDX-License-Identifier: MIT */
/* test_pace.c - how densely a thread calls, and what that says of a pool that is asleep. */
#include <check.h>

#include "policy/learn.h"
#include "policy/pace.h"

/* Calls that take 10 us, with such pauses after them. */
static uint64_t call(uint64_t now, uint64_t pause)
{
    vane__pace_begin(now);
    vane__pace_end(now + 10000);
    return now + 10000 + pause;
}

START_TEST(the_pause_counts_not_the_call)
{
    uint64_t now = 1000;
    for (int i = 0; i < 3; i++)
        now = call(now, 500);
    ck_assert_double_eq_tol(vane__pace_ns(), 500, 2);
}
END_TEST

/* Calls in between were not looked at. */
START_TEST(one_long_pause_means_nothing)
{
    uint64_t now = 1000;
    for (int i = 0; i < 3; i++)
        now = call(now, 500);
    now = call(now + 100000000, 500);
    ck_assert_double_eq_tol(vane__pace_ns(), 500, 2);
    for (int i = 0; i < 5; i++)
        now = call(now, 3000000);
    ck_assert_double_eq_tol(vane__pace_ns(), 3000000, 2);
}
END_TEST

START_TEST(between_two_lessons_is_no_pause)
{
    uint64_t now = 1000;
    for (int i = 0; i < 5; i++)
        now = call(now, 500);
    for (int i = 0; i < 5; i++) {
        vane__pace_break();
        now = call(now + 100000000, 500);
    }
    ck_assert_double_eq_tol(vane__pace_ns(), 500, 2);
    call(now, 500);
    ck_assert_double_eq_tol(vane__pace_ns(), 500, 2);
}
END_TEST

START_TEST(a_clock_that_goes_back_is_passed_over)
{
    uint64_t now = 100000;
    for (int i = 0; i < 3; i++)
        now = call(now, 500);
    vane__pace_begin(5);
    ck_assert_double_eq_tol(vane__pace_ns(), 500, 2);
}
END_TEST

/* Two threads took 6 us with the pool awake, one takes 8: what a dense caller gets, and what
 * one who wakes it each time. */
static double predicted(double pace_ns)
{
    vane__site site = {.pace_ns = pace_ns};
    vane__entry entry = {.learned = {.trust = VANE_TRUST_CHECKED}};
    vane_query q = {.fork_ns = 40000};
    vane_candidate c = {.width = 2, .reason = VANE_REASON_CHOSEN};
    for (int i = 0; i < 5; i++)
        vane__window_push(&entry.learned.window[1][0], 6000);
    vane__learned_recall(&site, &entry, &q, &c);
    return c.measured_ns;
}

START_TEST(only_who_makes_pauses_wakes_the_pool)
{
    ck_assert_double_eq_tol(predicted(0), 6000, 1);
    ck_assert_double_eq_tol(predicted(1000), 6000, 1);
    ck_assert_double_gt(predicted(1e6), 8000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pace");
    TCase *tcase = tcase_create("pace");
    tcase_add_test(tcase, the_pause_counts_not_the_call);
    tcase_add_test(tcase, one_long_pause_means_nothing);
    tcase_add_test(tcase, between_two_lessons_is_no_pause);
    tcase_add_test(tcase, a_clock_that_goes_back_is_passed_over);
    tcase_add_test(tcase, only_who_makes_pauses_wakes_the_pool);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
