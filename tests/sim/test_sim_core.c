/* SPDX-License-Identifier: MIT */
/* test_sim_core.c - described failures as a program meets them: another backend computes, and the
 * caller sees a right result; only a device that lies gets through. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vane/vane.h"

static vane_status add(const char *devices, float *out, uint32_t verify)
{
    static float x[4] = {1, 2, 3, 4};
    const vane_config config = {
        .struct_size = sizeof config, .prefer = "sim,scalar", .verify = verify};
    vane_tensor a = vane_tensor_of(x, VANE_F32, 1, (int64_t[]){4});
    vane_tensor c = vane_tensor_of(out, VANE_F32, 1, (int64_t[]){4});
    vane_context *ctx;
    setenv("VANE_SIM_DEVICES", devices, 1);
    setenv("VANE_SIM_CLOCK", "virtual", 1);
    ck_assert_int_eq(vane_open(&config, &ctx), VANE_OK);
    vane_status st = vane_add(ctx, &a, &a, &c);
    vane_close(ctx);
    return st;
}

/* What happens to the device, and whether the result is right. */
static const struct {
    const char *devices;
    int right;
} cases[] = {{"a:", 1},
             {"a: host=1", 1},
             {"a: fail=add:wrong@0s", 0}, /* it was the device that was asked */
             {"a: host=1 fail=add:wrong@0s", 0},
             {"a: fail=add:device@0s", 1},
             {"a: host=1 fail=add:device@0s", 1},
             {"a: fail=add:busy@0s", 1},
             {"a: fail=add:unsupported@0s", 1},
             {"a: fail=nomem@0s", 1},
             {"a: fail=lost@0s", 1},
             {"a: launch=1ms fail=lost@500us", 1},
             {"a: held=2GiB@0s", 1}};

START_TEST(a_failure_is_met_by_another_backend)
{
    float out[4] = {0};
    ck_assert_msg(add(cases[_i].devices, out, 0) == VANE_OK, "%s: %s", cases[_i].devices,
                  vane_last_error()->message);
    for (int i = 1; i < 4; i++)
        ck_assert_float_eq(out[i], 2.0f * (float)(i + 1));
    ck_assert_msg((out[0] == 2) == cases[_i].right, "%s: %g", cases[_i].devices, (double)out[0]);
}
END_TEST

START_TEST(where_each_call_is_checked_even_a_lie_does_not_get_through)
{
    float out[4] = {0};
    ck_assert_msg(add(cases[_i].devices, out, 1) == VANE_OK, "%s: %s", cases[_i].devices,
                  vane_last_error()->message);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq(out[i], 2.0f * (float)(i + 1));
}
END_TEST

START_TEST(a_wrong_text_is_in_the_report_and_the_rest_works)
{
    float out[4] = {0};
    vane_context *ctx;
    uint32_t told = 0;
    ck_assert_int_eq(add("a: latency=8", out, 0), VANE_OK);
    ck_assert_float_eq(out[3], 8);
    ck_assert_int_eq(vane_open(NULL, &ctx), VANE_OK);
    for (uint32_t i = 0; i < vane_report_count(ctx); i++) {
        vane_report_line line;
        ck_assert_int_eq(vane_report_at(ctx, i, &line), VANE_OK);
        told += line.status == VANE_E_ARGUMENT && strstr(line.reason, "device 1 (a), latency: '8'");
    }
    vane_close(ctx);
    ck_assert_uint_eq(told, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sim_core");
    TCase *t = tcase_create("core");
    tcase_add_loop_test(t, a_failure_is_met_by_another_backend, 0,
                        (int)(sizeof cases / sizeof cases[0]));
    tcase_add_loop_test(t, where_each_call_is_checked_even_a_lie_does_not_get_through, 0,
                        (int)(sizeof cases / sizeof cases[0]));
    tcase_add_test(t, a_wrong_text_is_in_the_report_and_the_rest_works);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
