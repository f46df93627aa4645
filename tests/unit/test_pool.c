/* SPDX-License-Identifier: MIT */
/* test_pool.c - the thread pool: every piece runs once, whoever calls, sleeps or steals. */
#include <pthread.h>
#include <stdlib.h>

#include "exec/slot.h"
#include "pool_jobs.h"

/* ---- the parts: what a job rests on, step by step on one thread ---- */

START_TEST(a_range_is_cut_from_both_ends)
{
    vane__range r;
    uint32_t lo, hi, seen = 0, turn = 0;
    vane__range_set(&r, 1000, 2000);
    ck_assert(vane__range_steal(&r, &lo, &hi));
    ck_assert_uint_eq(lo, 1500);
    ck_assert_uint_eq(hi, 2000);
    ck_assert(vane__range_take(&r, &lo, &hi));
    ck_assert_uint_eq(lo, 1000);
    ck_assert_uint_eq(hi, 1125);
    while (turn++ % 2 ? vane__range_take(&r, &lo, &hi) : vane__range_steal(&r, &lo, &hi))
        seen += hi - lo;
    ck_assert_uint_eq(seen, 375);
    ck_assert(!vane__range_take(&r, &lo, &hi) && !vane__range_steal(&r, &lo, &hi));
    vane__range_set(&r, UINT32_MAX - 1, UINT32_MAX);
    ck_assert(vane__range_steal(&r, &lo, &hi));
    ck_assert_uint_eq(lo, UINT32_MAX - 1);
}
END_TEST

START_TEST(the_caller_waits_only_for_those_inside)
{
    static vane__slot s;
    s.state = VANE__SLOT_ASLEEP;
    ck_assert(vane__slot_offer(&s));  /* wake it */
    ck_assert(vane__slot_recall(&s)); /* it did not come */
    ck_assert(!vane__slot_enter(&s)); /* and now it cannot */
    ck_assert(!vane__slot_offer(&s)); /* awake */
    ck_assert(vane__slot_enter(&s));
    ck_assert(!vane__slot_recall(&s)); /* inside */
    vane__slot_leave(&s);
    ck_assert(vane__slot_recall(&s));
    ck_assert(!vane__slot_enter(&s));
}
END_TEST

/* ---- whole jobs ---- */

START_TEST(every_piece_runs_once)
{
    vane__pool *p = open_pool(8);
    uint32_t seed = 1;
    for (int i = 0; i < (SANITIZED ? 1000 : 10000); i++) {
        uint64_t n = next_random(&seed) % CELLS;
        uint64_t grain = next_random(&seed) % (i % 2 ? 8 : 700);
        uint32_t width = next_random(&seed) % 10;
        ck_assert_msg(run_marked(p, width, n, grain) == 0, "width %u n %u grain %u", width,
                      (unsigned)n, (unsigned)grain);
    }
    vane__pool_close(p);
}
END_TEST

START_TEST(huge_ranges_keep_whole_grains)
{
    static const uint64_t n[] = {UINT64_C(1) << 32, (UINT64_C(1) << 40) + 7, UINT64_MAX,
                                 UINT64_MAX - 4095};
    static const uint64_t grain[] = {1, 3, 4096, UINT64_C(1) << 40, UINT64_MAX - 1};
    vane__pool *p = open_pool(3);
    for (size_t i = 0; i < sizeof n / sizeof n[0]; i++)
        for (size_t k = 0; k < sizeof grain / sizeof grain[0]; k++)
            ck_assert_int_eq(run_marked(p, 3, n[i], grain[k]), 0);
    vane__pool_close(p);
}
END_TEST

START_TEST(threads_run_at_the_same_time)
{
    vane__pool *p = open_pool(5);
    for (int i = 0; i < 200; i++)
        run_meeting(p, 2 + (uint32_t)i % 4);
    vane__pool_close(p);
}
END_TEST

static void run_inner(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    (void)worker;
    for (uint64_t i = lo; i < hi; i++)
        if (run_marked(arg, 2, 50, 3) != 0)
            abort();
}

START_TEST(nested_calls_run_inline)
{
    vane__pool *p = open_pool(2);
    for (int i = 0; i < 300; i++)
        vane__pool_run(p, 2, run_inner, p, 20, 1);
    vane__pool_close(p);
}
END_TEST

typedef struct changer {
    vane__pool *p;
    atomic_int stop;
} changer;

static void *change_max(void *arg)
{
    changer *c = arg;
    for (uint32_t i = 0; !atomic_load(&c->stop); i++) {
        vane__pool_set_max(c->p, i % 7); /* 0 counts as 1 */
        usleep(50);
    }
    return NULL;
}

START_TEST(callers_and_widths_change_at_will)
{
    vane__pool *p = open_pool(4);
    changer c = {.p = p};
    pthread_t callers[4], other;
    ck_assert_int_eq(pthread_create(&other, NULL, change_max, &c), 0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&callers[i], NULL, call_often, p), 0);
    for (int i = 0; i < 4; i++) {
        void *failures;
        pthread_join(callers[i], &failures);
        ck_assert_ptr_null(failures);
    }
    atomic_store(&c.stop, 1);
    pthread_join(other, NULL);
    vane__pool_close(p);
}
END_TEST

START_TEST(set_max_limits_the_next_job)
{
    vane__pool *p = open_pool(2);
    vane__pool_set_max(p, 4);
    ck_assert_uint_eq(vane__pool_max(p), 4);
    run_meeting(p, 4);
    vane__pool_set_max(p, 0);
    ck_assert_uint_eq(vane__pool_max(p), 1);
    marks m = {.n = 100, .grain = 1, .width = 1}; /* marks other workers as wrong */
    vane__pool_run(p, 4, mark, &m, 100, 1);
    ck_assert_uint_eq(m.wrong, 0);
    ck_assert_uint_eq(m.total, 100);
    vane__pool_close(p);
}
END_TEST

START_TEST(no_wakeup_is_missed)
{
    vane__pool *p = open_pool(3);
    uint32_t seed = 3;
    for (int i = 0; i < (SANITIZED ? 100000 : 1000000); i++) {
        vane__pool_run(p, 2 + next_random(&seed) % 2, nothing, NULL, 3, 1);
        if (next_random(&seed) % 1000 == 0)
            usleep(next_random(&seed) % 300); /* around the time a worker falls asleep */
        if (next_random(&seed) % 1000 == 0)
            run_meeting(p, 3); /* hangs if a worker does not come */
    }
    vane__pool_close(p);
}
END_TEST

START_TEST(open_and_close_a_thousand_times)
{
    for (int i = 0; i < 1000; i++) {
        vane__pool *p = open_pool(3);
        if (i % 3)
            ck_assert_int_eq(run_marked(p, 3, 100, 1), 0);
        if (i % 100 == 0)
            usleep(1000); /* close asleep workers too */
        vane__pool_close(p);
    }
    vane__pool_close(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tc = tcase_create("pool");
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, a_range_is_cut_from_both_ends);
    tcase_add_test(tc, the_caller_waits_only_for_those_inside);
    tcase_add_test(tc, every_piece_runs_once);
    tcase_add_test(tc, huge_ranges_keep_whole_grains);
    tcase_add_test(tc, threads_run_at_the_same_time);
    tcase_add_test(tc, nested_calls_run_inline);
    tcase_add_test(tc, callers_and_widths_change_at_will);
    tcase_add_test(tc, set_max_limits_the_next_job);
    tcase_add_test(tc, no_wakeup_is_missed);
    tcase_add_test(tc, open_and_close_a_thousand_times);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
