/* SPDX-License-Identifier: MIT */
/* test_sim_load.c - the load of the host comes and goes: routes follow at once, and each changes
 * at most once each way, however much the times vary.
 */
#include "stack.h"

#define BASE_NS 200e3
#define TENTH (SECOND / 10)
enum { ELEMENTS = 512, PHASES = 14 };

static uint32_t changes;

/* Of the route, since it was last asked. */
static uint32_t changed(void)
{
    uint32_t now = stack_look()->route_changes, since = now - changes;
    changes = now;
    return since;
}

static void load(uint32_t busy)
{
    changed();
    world.n = 0; /* nobody asks what those calls took */
    vane__learn_busy(world.ctx, busy);
}

/* Each second the other way: with the load it takes 2.5 times as long, which the cpu does not. */
START_TEST(routes_follow_within_100_ms)
{
    char gpu[512];
    size_t used = (size_t)snprintf(gpu, sizeof gpu,
                                   "host=1 kind=cpu flops=%.0f/s bytes=1TB/s launch=0us "
                                   "jitter=20%% seed=%d throttle=",
                                   1.4 * ELEMENTS / BASE_NS * 1e9, _i + 1);
    for (uint32_t i = 1; i <= PHASES; i++)
        used += (size_t)snprintf(gpu + used, sizeof gpu - used, "%s%us:%s", i > 1 ? "," : "", i,
                                 i % 2 ? "40%" : "100%");
    stack_open(BASE_NS, ELEMENTS, gpu);
    stack_calls_until(SECOND);
    ck_assert_str_eq(stack_who(), "gpu");
    for (uint32_t i = 1; i < PHASES; i++) {
        load(i % 2);
        stack_calls_until(i * SECOND + TENTH); /* the first time, it is new to it */
        if (i > 1)
            ck_assert_str_eq(stack_who(), i % 2 ? "cpu" : "gpu");
        stack_calls_until((i + 1) * SECOND);
        ck_assert_str_eq(stack_who(), i % 2 ? "cpu" : "gpu");
        ck_assert_uint_eq(changed(), 1);
    }
    stack_close();
}
END_TEST

/* Two of the kind, which take from 0.4 to 1.6 times what they take on average. */
START_TEST(equals_do_not_take_turns)
{
    char gpu[256];
    snprintf(gpu, sizeof gpu,
             "host=1 kind=cpu flops=%.0f/s bytes=1TB/s launch=0us jitter=60%% seed=%d; "
             "other: like=gpu seed=%d",
             3.0 * ELEMENTS / BASE_NS * 1e9, 2 * _i + 1, 2 * _i + 2);
    stack_open(BASE_NS, ELEMENTS, gpu);
    stack_calls_until(SECOND);
    for (uint32_t i = 1; i < 2 * PHASES; i++) {
        load(i % 2);
        stack_calls_until((i + 1) * SECOND);
        ck_assert_uint_le(changed(), 1);
    }
    stack_close();
}
END_TEST

int main(void)
{
    const char *brief = getenv("VANE_TEST_BRIEF");
    const int seeds = brief && *brief == '1' ? 1 : 4;
    Suite *s = suite_create("sim_load");
    TCase *t = tcase_create("load");
    tcase_add_loop_test(t, routes_follow_within_100_ms, 0, seeds);
    tcase_add_loop_test(t, equals_do_not_take_turns, 0, seeds);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
