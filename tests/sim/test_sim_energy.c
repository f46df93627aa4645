/* SPDX-License-Identifier: MIT */
/* test_sim_energy.c - time or energy: of two devices that are not there, one is faster and the
 * other draws a tenth; what they draw is found out, and decides only where it is asked for. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vane/vane.h"

/* A sum takes 20 s: time for lessons, of which all take 1 %. */
#define FAST "fast: host=1 bytes=10GB/s flops=1T/s flops.reduce=1k/s launch=2us power=40W..300W"
#define FRUGAL "frugal: like=fast bytes=4GB/s power=4W..30W"
enum { N = 20000, CALLS = 100, ROUNDS = 4 };

static vane_context *ctx;
static vane_decision d;
static float a[N], out[N];
static const int64_t shape[] = {N};

static vane_status open_with(const char *devices, const char *optimize)
{
    const vane_config config = {.struct_size = sizeof config,
                                .exclude = "avx*,generic,neon,opencl,template",
                                .threads = 1,
                                .policy = "adaptive",
                                .optimize = optimize};
    setenv("VANE_SIM_DEVICES", devices, 1);
    setenv("VANE_SIM_CLOCK", "virtual", 1);
    return vane_open(&config, &ctx);
}

static void let_time_pass(void)
{
    static float many[N];
    vane_tensor x = vane_tensor_of(many, VANE_F32, 1, (int64_t[]){N}),
                y = vane_tensor_of(out, VANE_F32, 1, (int64_t[]){1});
    const vane_tensor *in[] = {&x};
    vane_tensor *outs[] = {&y};
    const vane_options options = {.struct_size = sizeof options, .backend = "sim"};
    ck_assert_int_eq(vane_run(ctx, VANE_OP_REDUCE_SUM, in, 1, outs, 1, NULL, &options), VANE_OK);
}

static void work(void)
{
    vane_tensor x = vane_tensor_of(a, VANE_F32, 1, shape),
                y = vane_tensor_of(out, VANE_F32, 1, shape);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CALLS; i++)
            ck_assert_int_eq(vane_add(ctx, &x, &x, &y), VANE_OK);
        let_time_pass();
    }
}

/* The device that adds would go to. */
static const char *chosen(void)
{
    vane_tensor x = vane_tensor_of(a, VANE_F32, 1, shape),
                y = vane_tensor_of(out, VANE_F32, 1, shape);
    const vane_tensor *in[] = {&x, &x};
    vane_tensor *outs[] = {&y};
    d = (vane_decision){.struct_size = sizeof d};
    ck_assert_int_eq(vane_explain(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &d), VANE_OK);
    return d.candidates[d.chosen].device;
}

static const vane_candidate *of(const char *device)
{
    for (uint32_t i = 0; i < d.count; i++)
        if (strcmp(d.candidates[i].device, device) == 0)
            return &d.candidates[i];
    ck_abort_msg("no %s", device);
    return NULL;
}

static void teardown(void)
{
    vane_close(ctx);
    ctx = NULL;
}

START_TEST(of_time_the_faster_is_best)
{
    ck_assert_int_eq(open_with(FAST ";" FRUGAL, _i ? "time" : NULL), VANE_OK);
    work();
    ck_assert_str_eq(chosen(), "fast");
    ck_assert_uint_eq(of("frugal")->reason, VANE_REASON_SLOWER);
    ck_assert_uint_eq(d.objective, VANE_OBJECTIVE_TIME);
}
END_TEST

START_TEST(of_energy_the_one_that_draws_a_tenth)
{
    ck_assert_int_eq(open_with(FAST ";" FRUGAL, "energy"), VANE_OK);
    work();
    ck_assert_str_eq(chosen(), "frugal");
    ck_assert_uint_eq(d.objective, VANE_OBJECTIVE_ENERGY);
    ck_assert_uint_eq(of("fast")->reason, VANE_REASON_COSTLIER);
    ck_assert_double_lt(of("fast")->measured_ns, of("frugal")->measured_ns);
    ck_assert_double_eq_tol(of("fast")->power_mw, 300e3, 15e3);
    ck_assert_double_eq_tol(of("frugal")->power_mw, 30e3, 1500);
}
END_TEST

START_TEST(a_change_of_mind_makes_new_routes)
{
    ck_assert_int_eq(open_with(FAST ";" FRUGAL, "energy"), VANE_OK);
    work();
    ck_assert_int_eq(vane_set_objective(ctx, "time"), VANE_OK);
    work();
    ck_assert_str_eq(chosen(), "fast");
    ck_assert_int_eq(vane_set_objective(ctx, "energy"), VANE_OK);
    work();
    ck_assert_str_eq(chosen(), "frugal");
}
END_TEST

/* Whose power nobody knows is compared by time: with the best of the others. */
START_TEST(an_unknown_power_is_compared_by_time)
{
    static const char *const rates[] = {"6GB/s", "2GB/s"};
    char devices[256];
    snprintf(devices, sizeof devices, "%s;%s;mute: like=frugal power=0W..0W bytes=%s", FAST, FRUGAL,
             rates[_i]);
    ck_assert_int_eq(open_with(devices, "energy"), VANE_OK);
    work();
    ck_assert_str_eq(chosen(), _i ? "frugal" : "mute");
    ck_assert_uint_eq(of("mute")->power_mw, 0);
    ck_assert_uint_eq(of(_i ? "mute" : "frugal")->reason, VANE_REASON_SLOWER);
}
END_TEST

START_TEST(other_words_are_refused)
{
    ck_assert_int_eq(open_with(FAST, "watts"), VANE_E_ARGUMENT);
    ck_assert(strstr(vane_last_error()->message, "expected time or energy") != NULL);
    ck_assert_int_eq(open_with(FAST, NULL), VANE_OK);
    ck_assert_int_eq(vane_set_objective(ctx, "watts"), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_set_objective(ctx, NULL), VANE_E_ARGUMENT);
    setenv("VANE_OPTIMIZE", "time", 1);
    ck_assert_int_eq(vane_set_objective(ctx, "energy"), VANE_OK); /* the operator's stays */
    chosen();
    ck_assert_uint_eq(d.objective, VANE_OBJECTIVE_TIME);
    unsetenv("VANE_OPTIMIZE");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sim_energy");
    TCase *t = tcase_create("energy");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_loop_test(t, of_time_the_faster_is_best, 0, 2);
    tcase_add_test(t, of_energy_the_one_that_draws_a_tenth);
    tcase_add_test(t, a_change_of_mind_makes_new_routes);
    tcase_add_loop_test(t, an_unknown_power_is_compared_by_time, 0, 2);
    tcase_add_test(t, other_words_are_refused);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
