/* SPDX-License-Identifier: MIT */
/* test_learn_load.c - the load of the host comes and goes: routes of each state, and how often they
 * change. */
#include "learn_kit.h"

START_TEST(a_busy_machine_has_routes_of_its_own)
{
    beta.takes_ns = 30000;
    alpha.takes_ns = 40000;
    open_both();
    add_often(5000, 100, 0);
    ck_assert_str_eq(explained(5000), "beta");
    uint32_t changes = d.route_changes;
    beta.takes_ns = 90000; /* it suffers more */
    vane__learn_busy(ctx, 1);
    add_often(5000, 60, 0);
    ck_assert_str_eq(explained(5000), "alpha");
    beta.takes_ns = 30000;
    vane__learn_busy(ctx, 0); /* what was known holds at once */
    ck_assert_str_eq(explained(5000), "beta");
    add_often(5000, 60, 0);
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_uint_eq(d.route_changes - changes, 2);
    beta.takes_ns = 90000;
    vane__learn_busy(ctx, 1);
    ck_assert_str_eq(explained(5000), "alpha");
}
END_TEST

/* There is no time for trials: what the other took in the calm is not what it takes now. */
START_TEST(a_load_that_slows_all_alike_moves_no_route)
{
    beta.takes_ns = 30000;
    alpha.takes_ns = 40000;
    open_both();
    add_often(5000, 100, 0);
    ck_assert_str_eq(explained(5000), "beta");
    uint32_t changes = d.route_changes;
    ctx->allowance.more_ns = -1e12;
    beta.takes_ns = 60000;
    alpha.takes_ns = 80000;
    vane__learn_busy(ctx, 1);
    add_often(5000, 100, 0);
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_uint_eq(of("beta")->samples, VANE__WINDOW);
    ck_assert_uint_eq(d.route_changes, changes);
    ck_assert_double_eq_tol(of("alpha")->predicted_ns, 80000, 8000);
}
END_TEST

/* Mostly base_ns, of three calls one takes twice as long. */
static uint64_t noisy(uint64_t base_ns)
{
    return base_ns * (100 + (uint64_t)(rand() % 10)) / 100 * (rand() % 10 < 3 ? 2 : 1);
}

static void add_in_noise(int times, uint64_t alpha_ns, uint64_t beta_ns)
{
    for (int i = 0; i < times; i++) {
        alpha.takes_ns = noisy(alpha_ns);
        beta.takes_ns = noisy(beta_ns);
        add_often(100, 1, 0);
    }
}

/* Two that are as good as equal, over hours, with lessons that begin again. */
START_TEST(a_route_changes_at_most_once_while_the_load_does_not)
{
    uint32_t rounds = 0;
    srand(5 + (unsigned)_i);
    open_both();
    add_in_noise(100, 30000, 30000);
    for (uint32_t busy = 1; rounds < 60; rounds++, busy = !busy) {
        explained(100);
        uint32_t before = d.route_changes;
        vane__learn_busy(ctx, busy);
        for (int k = 0; k < 20; k++) {
            add_in_noise(10, 30000u << busy, 30000u << busy);
            atomic_fetch_add(&kit_time, (uint64_t)(rand() % 2000) * 1000000u);
        }
        explained(100);
        ck_assert_uint_le(d.route_changes - before, 1);
    }
}
END_TEST

/* However often it changed: what is really slower loses the route. */
START_TEST(a_slower_one_is_left_amid_the_same_load)
{
    open_both();
    add_in_noise(100, 40000, 30000);
    vane__learn_busy(ctx, 1);
    add_in_noise(100, 40000, 80000);
    ck_assert_str_eq(explained(100), "alpha");
    for (int k = 0; k < 20; k++) {
        atomic_fetch_add(&kit_time, 2000000000u);
        add_in_noise(50, 160000, 60000);
    }
    ck_assert_str_eq(explained(100), "beta");
}
END_TEST

START_TEST(new_routes_forget_no_state_of_the_host)
{
    open_both();
    for (uint32_t busy = 0; busy < 2; busy++) {
        vane__learn_busy(ctx, busy);
        add_often(100, 50, 0);
    }
    vane__routes_refresh(ctx);
    for (uint32_t busy = 2; busy-- > 0;) {
        vane__learn_busy(ctx, busy);
        ck_assert_str_eq(explained(100), "beta");
        ck_assert_uint_eq(d.settled, 1);
    }
}
END_TEST

static void calls_and_pauses(int times)
{
    for (int i = 0; i < times; i++) {
        add_often(5000, 20, 0);
        atomic_fetch_add(&kit_time, 300000000u);
    }
}

static const int some[] = {1, 2, 4, 5, 7, 9, 14, 20, 33, 59}; /* calls */
enum { SOME = sizeof some / sizeof some[0] };

/* The sampler notices a load after a while: what was measured until then is of no calm machine. */
START_TEST(calls_before_a_load_is_noticed_are_not_remembered_of_the_calm)
{
    beta.takes_ns = 30000;
    alpha.takes_ns = 40000;
    open_both();
    calls_and_pauses(8);
    ck_assert_str_eq(explained(5000), "beta");
    uint32_t changes = d.route_changes;
    beta.takes_ns = alpha.takes_ns = 90000;
    add_often(5000, some[_i], 0);
    vane__learn_busy(ctx, 1);
    add_often(5000, 60, 0);
    beta.takes_ns = 30000;
    alpha.takes_ns = 40000;
    vane__learn_busy(ctx, 0);
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_double_eq_tol(of("beta")->predicted_ns, 30000, 3000);
    calls_and_pauses(8);
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_uint_le(d.route_changes - changes, 2);
}
END_TEST

/* Some milliseconds in which somebody else had a CPU. */
START_TEST(a_moments_disturbance_moves_no_route)
{
    beta.takes_ns = 30000;
    alpha.takes_ns = 40000;
    open_both();
    calls_and_pauses(8);
    ck_assert_str_eq(explained(5000), "beta");
    uint32_t changes = d.route_changes;
    beta.takes_ns = 90000;
    add_often(5000, some[_i], 0);
    ck_assert_str_eq(explained(5000), "beta");
    beta.takes_ns = 30000;
    calls_and_pauses(8);
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_uint_eq(d.route_changes, changes);
    beta.takes_ns = 90000; /* for good */
    calls_and_pauses(12);
    ck_assert_str_eq(explained(5000), "alpha");
}
END_TEST

/* It was fast once: lessons do not go back to it for that. */
START_TEST(who_became_slow_stays_left)
{
    beta.takes_ns = 10000;
    alpha.takes_ns = 40000;
    open_both();
    calls_and_pauses(8);
    ck_assert_str_eq(explained(5000), "beta");
    beta.takes_ns = 90000;
    calls_and_pauses(12);
    ck_assert_str_eq(explained(5000), "alpha");
    uint32_t changes = d.route_changes;
    for (int i = 0; i < 40; i++) {
        calls_and_pauses(1);
        atomic_fetch_add(&kit_time, (uint64_t)i * 1000000000u);
    }
    ck_assert_str_eq(explained(5000), "alpha");
    ck_assert_uint_eq(d.route_changes, changes);
}
END_TEST

/* Who has no rivals and becomes slow is known to be, after a lesson. */
START_TEST(one_alone_that_became_slow_is_known_to_be)
{
    beta.takes_ns = 30000;
    open_kits(0);
    calls_and_pauses(8);
    beta.takes_ns = 90000;
    for (int i = 0; i < 100; i++) {
        add_often(5000, 1, 0);
        atomic_fetch_add(&kit_time, 33000000u);
    }
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_double_eq_tol(of("beta")->predicted_ns, 90000, 9000);
}
END_TEST

/* Nobody called since long before: what is known is of the state that is left. */
START_TEST(a_load_without_calls_changes_nothing)
{
    srand(5 + (unsigned)_i);
    open_both();
    add_in_noise(200, 40000, _i % 2 ? 30000 : 50000);
    atomic_fetch_add(&kit_time, UINT64_C(10000000000));
    const char *chosen = explained(100);
    double was[] = {of("alpha")->predicted_ns, of("beta")->predicted_ns};
    uint32_t changes = d.route_changes;
    vane__learn_busy(ctx, 1);
    vane__learn_busy(ctx, 0);
    ck_assert_str_eq(explained(100), chosen);
    ck_assert_double_eq(of("alpha")->predicted_ns, was[0]);
    ck_assert_double_eq(of("beta")->predicted_ns, was[1]);
    ck_assert_uint_eq(d.route_changes, changes);
}
END_TEST

/* Without time for trials a lesson is one call in 100 ms; between them are thousands that nobody
 * looks at. */
START_TEST(who_calls_densely_does_so_while_a_lesson_rests)
{
    alpha.takes_ns = beta.takes_ns = 30000;
    open_both();
    add_often(5000, 3, 0);
    ctx->allowance.more_ns = -1e12;
    calls_and_pauses(12);
    ck_assert(vane__site_keeps_awake(atomic_load(&ctx->routes->sites)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("learn_load");
    TCase *tcase = tcase_create("learn_load");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_busy_machine_has_routes_of_its_own);
    tcase_add_test(tcase, a_load_that_slows_all_alike_moves_no_route);
    tcase_add_loop_test(tcase, a_route_changes_at_most_once_while_the_load_does_not, 0, 10);
    tcase_add_test(tcase, a_slower_one_is_left_amid_the_same_load);
    tcase_add_loop_test(tcase, calls_before_a_load_is_noticed_are_not_remembered_of_the_calm, 0,
                        SOME);
    tcase_add_loop_test(tcase, a_moments_disturbance_moves_no_route, 0, SOME);
    tcase_add_test(tcase, who_became_slow_stays_left);
    tcase_add_test(tcase, one_alone_that_became_slow_is_known_to_be);
    tcase_add_loop_test(tcase, a_load_without_calls_changes_nothing, 0, 8);
    tcase_add_test(tcase, who_calls_densely_does_so_while_a_lesson_rests);
    tcase_add_test(tcase, new_routes_forget_no_state_of_the_host);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
