/* SPDX-License-Identifier: MIT */
/* test_sim_state.c - a simulated device over time: throttling, a busy link, memory that others
 * hold, failures, and what telemetry says of all that. */
#include "kit.h"

#define PLAIN                                                                          \
    "flops=1e9/s bytes=1e9/s mem=1MiB link=1e9/s latency=0ns launch=0ns freq=1000MHz " \
    "power=100W..300W temp=20C..60C "
enum { FLOATS = 1000, ADD_NS = 3 * 4 * FLOATS };

static vane_mem *m;
static vane_call add;

static void open_one(const char *text)
{
    GOOD(kit_open("virtual", text));
    m = mem_of(0, 4 * FLOATS);
    add = add_of(m, m, m, FLOATS);
}

static void close_one(void)
{
    k.vt->mem_free(k.d[0], m);
    kit_close();
}

static vane_telemetry ask(void)
{
    vane_telemetry t = {.struct_size = sizeof t};
    GOOD(k.vt->telemetry(k.d[0], &t));
    ck_assert_uint_eq(t.when_ns, now());
    return t;
}

START_TEST(throttling_slows_what_runs_and_what_comes)
{
    open_one("a: " PLAIN "throttle=1s:50%,2s:25%,3s:100%");
    ck_assert_uint_eq(took(0, &add), ADD_NS);
    ck_assert_uint_eq(ask().throttled, 0);
    ck_assert_uint_eq(ask().clock_mhz, 1000);
    go_to(SECOND - 4000); /* a third at full rate, the rest at half */
    ck_assert_uint_eq(took(0, &add), 4000 + 16000);
    go_to(2 * SECOND);
    ck_assert_uint_eq(took(0, &add), 4 * ADD_NS);
    ck_assert_uint_eq(ask().throttled, 1);
    ck_assert_uint_eq(ask().clock_mhz, 250);
    go_to(3 * SECOND - 8000); /* 2,000 of work before, 10,000 after */
    ck_assert_uint_eq(took(0, &add), 8000 + 10000);
    close_one();
}
END_TEST

START_TEST(a_stall_ends)
{
    open_one("a: " PLAIN "throttle=1us:0%,1s:100%");
    ck_assert_uint_eq(took(0, &add), SECOND + ADD_NS - 1000);
    close_one();
}
END_TEST

START_TEST(a_busy_link_is_slower_and_kernels_are_not)
{
    char host[1000] = "";
    uint64_t begin, end;
    vane_event *e = NULL;
    open_one("a: " PLAIN "congest=1s:10%");
    go_to(SECOND);
    GOOD(k.vt->upload(k.q[0], m, 0, host, sizeof host, &e));
    GOOD(finish(e, &begin, &end));
    ck_assert_uint_eq(end - begin, 10000);
    ck_assert_uint_eq(took(0, &add), ADD_NS);
    close_one();
}
END_TEST

START_TEST(memory_is_counted_and_others_hold_some)
{
    vane_mem *big = NULL, *shared = NULL;
    open_one("a: " PLAIN "held=1000KiB@1s..2s,16KiB@1s..2s");
    ck_assert_int_eq(k.vt->mem_alloc(k.d[0], VANE_SPACE_DEVICE, 1 << 20, &big), VANE_E_NOMEM);
    GOOD(k.vt->mem_alloc(k.d[0], VANE_SPACE_SHARED, 1 << 20, &shared)); /* the host's */
    ck_assert_ptr_nonnull(k.vt->mem_host_ptr(shared));
    ck_assert_ptr_null(k.vt->mem_host_ptr(m));
    ck_assert_uint_eq(ask().mem_free_bytes, (1 << 20) - 4 * FLOATS);
    go_to(SECOND);
    ck_assert_uint_eq(ask().mem_free_bytes, (8 << 10) - 4 * FLOATS);
    ck_assert_int_eq(k.vt->mem_alloc(k.d[0], VANE_SPACE_DEVICE, 8192, &big), VANE_E_NOMEM);
    go_to(2 * SECOND);
    GOOD(k.vt->mem_alloc(k.d[0], VANE_SPACE_DEVICE, (1 << 20) - 4 * FLOATS, &big));
    ck_assert_uint_eq(ask().mem_free_bytes, 0);
    k.vt->mem_free(k.d[0], big);
    k.vt->mem_free(k.d[0], shared);
    close_one();
}
END_TEST

START_TEST(an_op_fails_on_the_device_and_others_do_not)
{
    vane_event *e = NULL;
    vane_call neg = call_of(VANE_OP_NEG, 1);
    open_one("a: " PLAIN "fail=neg:device@1s..2s");
    neg.arg[0] = neg.arg[1] = vector(m, FLOATS);
    took(0, &neg);
    go_to(SECOND);
    GOOD(launch(0, k.q[0], &neg, &e)); /* the event says it */
    ck_assert_int_eq(finish(e, NULL, NULL), VANE_E_INTERNAL);
    took(0, &add);
    go_to(2 * SECOND);
    took(0, &neg);
    close_one();
}
END_TEST

START_TEST(refusals_come_at_once)
{
    static const struct {
        const char *fail;
        vane_status expected;
    } cases[] = {{"busy@0s", VANE_E_BUSY},
                 {"add:busy@0s", VANE_E_BUSY},
                 {"add:unsupported@0s", VANE_E_UNSUPPORTED},
                 {"launch:nomem@0s", VANE_E_NOMEM}};
    char text[512];
    vane_event *e = NULL;
    snprintf(text, sizeof text, "a: " PLAIN "fail=%s", cases[_i].fail);
    open_one(text);
    ck_assert_int_eq(launch(0, k.q[0], &add, &e), cases[_i].expected);
    ck_assert_ptr_null(e);
    GOOD(k.vt->upload(k.q[0], m, 0, text, 1, NULL));
    close_one();
}
END_TEST

START_TEST(a_lost_device_takes_its_work_and_its_memory)
{
    float one[FLOATS] = {1, 2, 3}, back[FLOATS];
    vane_event *e = NULL;
    vane_mem *n = NULL;
    vane_telemetry t;
    open_one("a: " PLAIN "fail=lost@1s..2s");
    GOOD(k.vt->upload(k.q[0], m, 0, one, sizeof one, NULL));
    go_to(SECOND - 100);
    GOOD(launch(0, k.q[0], &add, &e));
    uint64_t end;
    ck_assert_int_eq(finish(e, NULL, &end), VANE_E_DEVICE_LOST); /* in flight */
    ck_assert_uint_eq(end, 2 * SECOND);
    ck_assert_int_eq(launch(0, k.q[0], &add, &e), VANE_E_DEVICE_LOST);
    ck_assert_int_eq(k.vt->upload(k.q[0], m, 0, one, 4, NULL), VANE_E_DEVICE_LOST);
    ck_assert_int_eq(k.vt->mem_alloc(k.d[0], VANE_SPACE_DEVICE, 64, &n), VANE_E_DEVICE_LOST);
    ck_assert_int_eq(k.vt->telemetry(k.d[0], &t), VANE_E_DEVICE_LOST);
    go_to(2 * SECOND);
    took(0, &add); /* it is back */
    GOOD(k.vt->upload(k.q[0], m, 4, &one[1], 4, NULL));
    mem_read(0, m, back, sizeof back);
    ck_assert_float_ne(back[0], 1); /* and what it held is not */
    ck_assert_float_eq(back[1], 2);
    close_one();
}
END_TEST

START_TEST(wrong_is_a_success_with_another_result)
{
    float one[FLOATS] = {1, 2, 3}, back[3];
    open_one("a: " PLAIN "fail=add:wrong@1s..2s,link:wrong@3s");
    vane_mem *out = mem_of(0, 4 * FLOATS);
    GOOD(k.vt->upload(k.q[0], m, 0, one, sizeof one, NULL));
    add.arg[2].mem = out;
    took(0, &add);
    mem_read(0, out, back, sizeof back);
    ck_assert_float_eq(back[0], 2);
    go_to(SECOND);
    took(0, &add);
    mem_read(0, out, back, sizeof back);
    ck_assert_float_ne(back[0], 2);
    ck_assert_float_eq(back[1], 4);
    go_to(3 * SECOND);
    took(0, &add);
    mem_read(0, out, back, sizeof back);
    ck_assert_float_eq(back[0], 2);
    ck_assert_float_ne(back[2], 6);
    k.vt->mem_free(k.d[0], out);
    close_one();
}
END_TEST

START_TEST(telemetry_counts_work_and_its_share_of_time)
{
    vane_event *e[3];
    open_one("a: " PLAIN "flops=1e3/s"); /* an add takes a second */
    vane_telemetry t = ask();
    ck_assert_uint_eq(t.valid, (VANE_TELEMETRY_THROTTLED << 1) - 1);
    ck_assert_uint_eq(t.queued, 0);
    ck_assert_uint_eq(t.busy_permille, 0);
    ck_assert_uint_eq(t.power_mw, 100000);
    ck_assert_int_eq(t.temp_mc, 20000);
    for (int i = 0; i < 3; i++)
        GOOD(launch(0, k.q[0], &add, &e[i]));
    ck_assert_uint_eq(ask().queued, 3);
    GOOD(finish(e[0], NULL, NULL));
    t = ask();
    ck_assert_uint_eq(t.queued, 2);
    ck_assert_uint_eq(t.busy_permille, 1000);
    ck_assert_uint_eq(t.power_mw, 300000);
    ck_assert_int_eq(t.temp_mc, 60000);
    GOOD(finish(e[1], NULL, NULL));
    GOOD(finish(e[2], NULL, NULL));
    go_to(3 * SECOND + SECOND / 20); /* half of the last tenth of a second */
    t = ask();
    ck_assert_uint_eq(t.queued, 0);
    ck_assert_uint_eq(t.busy_permille, 500);
    ck_assert_uint_eq(t.power_mw, 200000);
    close_one();
}
END_TEST

START_TEST(telemetry_fails_and_lies_when_told)
{
    vane_telemetry t = {.struct_size = sizeof t};
    open_one("a: " PLAIN "fail=telemetry:busy@1s..2s,telemetry:wrong@2s");
    ask();
    go_to(SECOND);
    ck_assert_int_eq(k.vt->telemetry(k.d[0], &t), VANE_E_BUSY);
    took(0, &add);
    go_to(2 * SECOND);
    GOOD(k.vt->telemetry(k.d[0], &t));
    ck_assert_uint_gt(t.busy_permille, 1000);
    ck_assert_uint_lt(t.when_ns, now());
    close_one();
}
END_TEST

START_TEST(a_host_device_fails_before_it_writes)
{
    float a[4] = {1, 2, 3, 4};
    GOOD(kit_open("virtual", "a: " PLAIN "host=1 fail=add:device@1s"));
    vane_call c = add_of(NULL, NULL, NULL, 4);
    c.arg[0].data = c.arg[1].data = c.arg[2].data = a;
    const vane_kernel *kernel = k.vt->kernel(k.d[0], VANE_OP_ADD, "", VANE_F32);
    GOOD(kernel->direct(kernel, &c));
    go_to(SECOND);
    ck_assert_int_eq(kernel->direct(kernel, &c), VANE_E_INTERNAL);
    ck_assert_float_eq(a[0], 2);
    kit_close();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sim_state");
    TCase *t = tcase_create("state");
    tcase_add_test(t, throttling_slows_what_runs_and_what_comes);
    tcase_add_test(t, a_stall_ends);
    tcase_add_test(t, a_busy_link_is_slower_and_kernels_are_not);
    tcase_add_test(t, memory_is_counted_and_others_hold_some);
    tcase_add_test(t, an_op_fails_on_the_device_and_others_do_not);
    tcase_add_loop_test(t, refusals_come_at_once, 0, 4);
    tcase_add_test(t, a_lost_device_takes_its_work_and_its_memory);
    tcase_add_test(t, wrong_is_a_success_with_another_result);
    tcase_add_test(t, telemetry_counts_work_and_its_share_of_time);
    tcase_add_test(t, telemetry_fails_and_lies_when_told);
    tcase_add_test(t, a_host_device_fails_before_it_writes);
    suite_add_tcase(s, t);
    return run_suite(s);
}
