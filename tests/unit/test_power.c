/* SPDX-License-Identifier: MIT */
/* test_power.c - what a device draws at work, from readings at any load; and the host, by recorded
 * energy counters. */
#include "folder.h"
#include "telemetry/power.h"

#define SECOND UINT64_C(1000000000)

static vane__power p;
static vane__rapl r;

static void setup(void)
{
    memset(&p, 0, sizeof p);
    memset(&r, 0, sizeof r);
    make_root();
}

static uint32_t active(void)
{
    return atomic_load(&p.active_mw);
}

/* ---- a device ------------------------------------------------------------------------ */

START_TEST(full_load_is_what_it_draws_at_work)
{
    vane__power_heard(&p, 300000, 1000);
    ck_assert_uint_eq(active(), 300000);
    for (int i = 0; i < 40; i++)
        vane__power_heard(&p, 200000, 1000);
    ck_assert_uint_ge(active(), 199000);
    ck_assert_uint_le(active(), 201000);
}
END_TEST

START_TEST(of_some_load_the_rest_is_added)
{
    vane__power_heard(&p, 50000, 0);
    ck_assert_uint_eq(active(), 0);
    vane__power_heard(&p, 175000, 500);
    ck_assert_uint_eq(active(), 300000);
}
END_TEST

START_TEST(little_load_says_nothing)
{
    vane__power_heard(&p, 100000, 500); /* nobody knows what it draws idle */
    vane__power_heard(&p, 50000, 0);
    vane__power_heard(&p, 60000, 40);
    vane__power_heard(&p, 0, 1000);
    vane__power_heard(&p, 40000, 500); /* less than idle */
    ck_assert_uint_eq(active(), 0);
}
END_TEST

/* ---- the host ------------------------------------------------------------------------ */

static void counter(uint32_t package, const char *name, const char *text)
{
    char path[96];
    snprintf(path, sizeof path, "sys/class/powercap/intel-rapl:%u/%s", package, name);
    put(path, text);
}

START_TEST(packages_are_added_up)
{
    counter(0, "energy_uj", "1000000\n");
    counter(1, "energy_uj", "5000000\n");
    ck_assert_uint_eq(vane__rapl_step(&r, root, SECOND), 0); /* a beginning */
    counter(0, "energy_uj", "31000000\n");
    counter(1, "energy_uj", "25000000\n");
    ck_assert_uint_eq(vane__rapl_step(&r, root, 3 * SECOND), 25000); /* 50 J in 2 s */
}
END_TEST

START_TEST(a_counter_begins_anew)
{
    counter(0, "energy_uj", "9000000\n");
    counter(0, "max_energy_range_uj", "10000000\n");
    vane__rapl_step(&r, root, SECOND);
    counter(0, "energy_uj", "4000000\n");
    ck_assert_uint_eq(vane__rapl_step(&r, root, 2 * SECOND), 5000);
    counter(0, "max_energy_range_uj", "1\n");
    counter(0, "energy_uj", "1000000\n");
    ck_assert_uint_eq(vane__rapl_step(&r, root, 3 * SECOND), 0); /* that cannot be */
    counter(0, "energy_uj", "3000000\n");
    ck_assert_uint_eq(vane__rapl_step(&r, root, 4 * SECOND), 2000);
}
END_TEST

START_TEST(what_is_no_number_is_unknown)
{
    static const char *const texts[] = {"", "-5\n", "many\n", "1e9\n", "99999999999999999999999\n"};
    counter(0, "energy_uj", "1000\n");
    vane__rapl_step(&r, root, SECOND);
    counter(0, "energy_uj", texts[_i]);
    ck_assert_uint_eq(vane__rapl_step(&r, root, 2 * SECOND), 0);
}
END_TEST

START_TEST(without_counters_it_is_unknown)
{
    for (uint64_t i = 1; i < 4; i++)
        ck_assert_uint_eq(vane__rapl_step(&r, root, i * SECOND), 0);
    counter(0, "energy_uj", "5\n"); /* one comes: a beginning */
    ck_assert_uint_eq(vane__rapl_step(&r, root, 5 * SECOND), 0);
    counter(0, "energy_uj", "18446744073709551615\n");
    ck_assert_uint_eq(vane__rapl_step(&r, root, 6 * SECOND), 0); /* more than anything draws */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("power");
    TCase *tcase = tcase_create("power");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, full_load_is_what_it_draws_at_work);
    tcase_add_test(tcase, of_some_load_the_rest_is_added);
    tcase_add_test(tcase, little_load_says_nothing);
    tcase_add_test(tcase, packages_are_added_up);
    tcase_add_test(tcase, a_counter_begins_anew);
    tcase_add_loop_test(tcase, what_is_no_number_is_unknown, 0, 5);
    tcase_add_test(tcase, without_counters_it_is_unknown);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
