/* SPDX-License-Identifier: MIT */
/* test_breaker.c - a circuit breaker by itself: who opens it, how long it rests, who probes it. */
#include <check.h>
#include <pthread.h>

#include "plugin/breaker.h"

#define S UINT64_C(1000000000)

static vane__breaker b;

static void setup(void)
{
    b = (vane__breaker){.state = VANE__CLOSED};
}

static void open_at(uint64_t now)
{
    ck_assert(vane__breaker_fail(&b, now, 1));
    ck_assert(!vane__breaker_closed(&b));
}

/* The pause in seconds, after which a probe is made and judged. */
static uint64_t rested(uint64_t *now, int is_good)
{
    uint64_t begin = *now;
    ck_assert(!vane__breaker_closed(&b));
    while (!vane__breaker_probe(&b, *now))
        *now += S / 4;
    ck_assert_int_eq(atomic_load(&b.state), VANE__HALF_OPEN);
    vane__breaker_judge(&b, *now, is_good);
    ck_assert_int_eq(vane__breaker_closed(&b), is_good);
    return (*now - begin) / S;
}

START_TEST(failures_in_a_row_open_it)
{
    ck_assert(!vane__breaker_fail(&b, 1 * S, 0));
    ck_assert(!vane__breaker_fail(&b, 2 * S, 0));
    ck_assert(vane__breaker_closed(&b));
    ck_assert(vane__breaker_fail(&b, 3 * S, 0));
    ck_assert(!vane__breaker_closed(&b));
    ck_assert(!vane__breaker_fail(&b, 3 * S, 1)); /* it is */
}
END_TEST

START_TEST(success_and_time_forgive)
{
    for (uint64_t i = 0; i < 20; i++) {
        ck_assert(!vane__breaker_fail(&b, i, 0));
        ck_assert(!vane__breaker_fail(&b, i, 0));
        vane__breaker_work(&b);
    }
    for (uint64_t i = 1; i < 20; i++)
        ck_assert(!vane__breaker_fail(&b, i * 11 * S, 0));
}
END_TEST

START_TEST(a_grave_failure_opens_it_at_once)
{
    open_at(S);
}
END_TEST

START_TEST(pauses_double_up_to_a_limit)
{
    static const uint64_t pauses[] = {1, 2, 4, 8, 16, 32, 64, 64, 64};
    uint64_t now = S;
    open_at(now);
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++)
        ck_assert_uint_eq(rested(&now, 0), pauses[i]);
    ck_assert_uint_eq(rested(&now, 1), 64);
}
END_TEST

START_TEST(a_relapse_rests_longer_and_a_long_calm_is_forgiven)
{
    uint64_t now = S;
    open_at(now);
    ck_assert_uint_eq(rested(&now, 1), 1);
    open_at(now += S);
    ck_assert_uint_eq(rested(&now, 1), 2);
    open_at(now += S);
    ck_assert_uint_eq(rested(&now, 1), 4);
    open_at(now += 60 * S);
    ck_assert_uint_eq(rested(&now, 1), 1);
}
END_TEST

START_TEST(one_at_a_time_probes)
{
    open_at(S);
    ck_assert(!vane__breaker_due(&b, 2 * S - 1));
    ck_assert(vane__breaker_due(&b, 2 * S));
    ck_assert(vane__breaker_probe(&b, 2 * S));
    ck_assert(!vane__breaker_probe(&b, 2 * S));
    ck_assert(!vane__breaker_fail(&b, 2 * S, 1)); /* a call from before */
    vane__breaker_postpone(&b, 2 * S);
    ck_assert(!vane__breaker_due(&b, 2 * S));
    ck_assert(vane__breaker_probe(&b, 3 * S));
    vane__breaker_in_child(&b); /* who probes is not here */
    ck_assert(vane__breaker_probe(&b, 3 * S));
}
END_TEST

/* ---- many threads ---------------------------------------------------------------------- */

static atomic_uint opened, probes;

static void *fail_and_probe(void *arg)
{
    (void)arg;
    for (uint64_t now = S; now < 3000 * S; now += S) {
        atomic_fetch_add(&opened, (unsigned)vane__breaker_fail(&b, now, 1));
        if (!vane__breaker_probe(&b, now))
            continue;
        ck_assert_uint_eq(atomic_fetch_add(&probes, 1), 0);
        atomic_fetch_sub(&probes, 1);
        vane__breaker_judge(&b, now, now % 2 == 0);
    }
    return NULL;
}

START_TEST(of_many_threads_one_probes)
{
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, fail_and_probe, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    ck_assert_uint_ge(atomic_load(&opened), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("breaker");
    TCase *tcase = tcase_create("breaker");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, failures_in_a_row_open_it);
    tcase_add_test(tcase, success_and_time_forgive);
    tcase_add_test(tcase, a_grave_failure_opens_it_at_once);
    tcase_add_test(tcase, pauses_double_up_to_a_limit);
    tcase_add_test(tcase, a_relapse_rests_longer_and_a_long_calm_is_forgiven);
    tcase_add_test(tcase, one_at_a_time_probes);
    tcase_add_test(tcase, of_many_threads_one_probes);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
