/* SPDX-License-Identifier: MIT */
/* test_sim_guard.c - a gpu that throttles, whose link slows down, that fails, dies and comes back:
 * calls leave it, go on on the cpu, and return, once each way; and why is said. */
#include "plugin/device.h"
#include "stack.h"

/* At first it takes 40 % of the cpu's time. */
#define FAST "bytes=1TB/s flops=20k/s launch=1us latency=1us jitter=2% "
#define BASE_NS 2e6
#define N 16

typedef struct story {
    const char *gpu;
    uint32_t reason;     /* what its candidate says while it is away; CHOSEN: any other */
    int in_buffers;      /* so it is where operands stay on the device */
    uint64_t away, back; /* by then it is */
} story;

static const story stories[] = {
    {FAST "throttle=3s:25%,6s:100%", VANE_REASON_CHOSEN, 1, 3 * SECOND + SECOND / 10, 10 * SECOND},
    {FAST "throttle=3s:32%,6s:100%", VANE_REASON_CHOSEN, 1, 3 * SECOND + SECOND / 2, 10 * SECOND},
    {"bytes=1TB/s flops=40k/s launch=1us latency=1us link=2MB/s congest=3s:4%,6s:100%",
     VANE_REASON_CHOSEN, 0, 3 * SECOND + SECOND / 10, 10 * SECOND},
    {FAST "fail=lost@3s..6s", VANE_REASON_UNHEALTHY, 1, 3 * SECOND + SECOND / 10, 10 * SECOND},
    {FAST "fail=launch:nomem@3s..6s", VANE_REASON_RESTING, 1, 3 * SECOND + SECOND / 10,
     10 * SECOND},
    {FAST "fail=launch:device@3s..6s", VANE_REASON_RESTING, 1, 3 * SECOND + SECOND / 10,
     10 * SECOND},
};

static uint32_t reason_of(const char *device)
{
    const vane_decision *d = stack_look();
    for (uint32_t i = 0; i < d->count; i++)
        if (strcmp(d->candidates[i].device, device) == 0)
            return d->candidates[i].reason;
    return UINT32_MAX;
}

static void expect(const char *who, uint32_t changes, const story *s)
{
    const vane_decision *d = stack_look();
    ck_assert_msg(strcmp(stack_who(), who) == 0 && d->route_changes == changes,
                  "%s: %s after %u changes at %.3f s (%s), expected %s after %u", s->gpu,
                  stack_who(), d->route_changes, (double)stack_now() / 1e9,
                  d->route_why != NULL ? d->route_why : "-", who, changes);
}

START_TEST(calls_leave_and_return_once)
{
    const story *s = &stories[_i];
    uint32_t at = 0;
    stack_open(BASE_NS, N, s->gpu);
    stack_calls_until(2 * SECOND);
    uint32_t changes = stack_look()->route_changes;
    expect("gpu", changes, s);
    stack_calls_until(s->away);
    expect("cpu", changes + 1, s);
    ck_assert_msg(s->reason == VANE_REASON_CHOSEN ? reason_of("gpu") != VANE_REASON_CHOSEN
                                                  : reason_of("gpu") == s->reason,
                  "%s: %s", s->gpu, vane_reason_string(reason_of("gpu")));
    stack_calls_until(6 * SECOND);
    expect("cpu", changes + 1, s);
    stack_calls_until(s->back);
    expect("gpu", changes + 2, s);
    ck_assert_double_le(stack_worst(&at), 1.05);
    stack_close();
}
END_TEST

static vane_device_load load_of_gpu(void)
{
    vane_device_load l = {.struct_size = sizeof l};
    GOOD(vane_device_load_get(world.ctx, 1, &l));
    return l;
}

START_TEST(health_is_shown)
{
    stack_open(BASE_NS, N, FAST "fail=lost@1s..4s");
    stack_calls_until(SECOND / 2);
    vane_device_load l = load_of_gpu();
    ck_assert(l.health == VANE_HEALTH_GOOD && !l.lost && l.rests == 0);
    stack_calls_until(SECOND + SECOND / 2);
    l = load_of_gpu();
    ck_assert(l.health == VANE_HEALTH_RESTING && l.lost && l.rests == 1);
    ck_assert(l.retry_ns > 0 && l.retry_ns <= SECOND);
    stack_calls_until(3 * SECOND);
    l = load_of_gpu();
    ck_assert(l.health == VANE_HEALTH_RESTING && l.rests == 2);
    stack_calls_until(6 * SECOND);
    l = load_of_gpu();
    ck_assert(l.health == VANE_HEALTH_GOOD && !l.lost);
    stack_close();
}
END_TEST

/* It never comes back: probes are ever rarer, and cost next to nothing. */
START_TEST(who_stays_away_is_asked_ever_more_rarely)
{
    uint32_t at = 0;
    stack_open(BASE_NS, N, FAST "throttle=2s:10%");
    stack_calls_until(60 * SECOND);
    ck_assert_str_eq(stack_who(), "cpu");
    ck_assert_uint_le(stack_look()->route_changes, 1);
    double long_ones = 0;
    for (uint32_t i = 0; i < world.n; i++)
        long_ones += (double)(world.call[i].end_ns - world.call[i].begin_ns) > 1.05 * BASE_NS;
    ck_assert_double_le(long_ones, 20);
    ck_assert_double_le(stack_worst(&at), 1.05);
    stack_close();
}
END_TEST

/* What comes back and computes wrong is found out by its probe, not by a call. */
START_TEST(who_comes_back_wrong_is_left)
{
    vane_config config = {.struct_size = sizeof config,
                          .plugin_path = SIM_PLUGIN ":" SCALAR_PLUGIN,
                          .no_default_path = 1,
                          .policy = "adaptive",
                          .cache = "0",
                          .threads = 1};
    /* the oracle takes no time here, so the gpu has to be wanted */
    config.prefer = "sim";
    stack_open_with(&config, BASE_NS, N, FAST "fail=lost@3s..4s,add:wrong@4s");
    stack_calls_until(2 * SECOND);
    ck_assert_str_eq(stack_who(), "gpu");
    stack_calls_until(9 * SECOND); /* each result is looked at */
    ck_assert_str_eq(stack_who(), "cpu");
    ck_assert_uint_ne(reason_of("gpu"), VANE_REASON_CHOSEN);
    stack_close();
}
END_TEST

/* A buffer whose only copy died with the device stays lost when the device is back. */
START_TEST(what_died_with_it_stays_dead)
{
    float x[N], y[N];
    int64_t n = N;
    vane_buffer in, out;
    stack_open(BASE_NS, N, FAST "fail=lost@3s..4s");
    for (int i = 0; i < N; i++)
        x[i] = (float)i;
    stack_calls_until(SECOND); /* so that the gpu is trusted */
    GOOD(vane_buffer_open(world.ctx, sizeof x, "in", &in));
    GOOD(vane_buffer_open(world.ctx, sizeof x, "out", &out));
    GOOD(vane_buffer_write(world.ctx, in, 0, x, sizeof x));
    vane_tensor a = vane_tensor_in(in, 0, VANE_F32, 1, &n),
                b = vane_tensor_in(out, 0, VANE_F32, 1, &n);
    vane_options on_gpu = {.struct_size = sizeof on_gpu};
    const vane_tensor *const ins[] = {&a, &a};
    vane_tensor *const outs[] = {&b};
    GOOD(vane_run(world.ctx, VANE_OP_ADD, ins, 2, outs, 1, NULL, &on_gpu));
    stack_calls_until(8 * SECOND);
    ck_assert_str_eq(stack_who(), "gpu");
    ck_assert_int_eq(vane_buffer_read(world.ctx, out, 0, y, sizeof y), VANE_E_DEVICE_LOST);
    GOOD(vane_add(world.ctx, &a, &a, &b)); /* made anew */
    GOOD(vane_buffer_read(world.ctx, out, 0, y, sizeof y));
    for (int i = 0; i < N; i++)
        ck_assert_float_eq(y[i], 2 * x[i]);
    GOOD(vane_buffer_close(world.ctx, in));
    GOOD(vane_buffer_close(world.ctx, out));
    stack_close();
}
END_TEST

/* Operands in buffers: nothing can run beside such calls, and they leave and return as well. */
START_TEST(calls_in_buffers_too)
{
    const story *s = &stories[_i];
    float x[N] = {1, 2, 3}, y[N];
    int64_t n = N;
    vane_buffer in, out;
    uint64_t times[] = {2 * SECOND, 4 * SECOND, 5 * SECOND, 14 * SECOND};
    const char *who[4];
    if (!s->in_buffers)
        return;
    stack_open(BASE_NS, N, s->gpu);
    GOOD(vane_buffer_open(world.ctx, sizeof x, "in", &in));
    GOOD(vane_buffer_open(world.ctx, sizeof x, "out", &out));
    GOOD(vane_buffer_write(world.ctx, in, 0, x, sizeof x));
    vane_tensor a = vane_tensor_in(in, 0, VANE_F32, 1, &n),
                b = vane_tensor_in(out, 0, VANE_F32, 1, &n);
    const vane_tensor *ins[] = {&a, &a};
    vane_tensor *outs[] = {&b};
    for (int i = 0; i < 4; i++) {
        while (stack_now() < times[i]) {
            GOOD(vane_add(world.ctx, &a, &a, &b));
            GOOD(vane_buffer_read(world.ctx, out, 0, y, sizeof y));
            ck_assert_float_eq(y[1], 4);
        }
        static vane_decision d;
        d = (vane_decision){.struct_size = sizeof d};
        GOOD(vane_explain(world.ctx, VANE_OP_ADD, ins, 2, outs, 1, NULL, &d));
        who[i] = d.candidates[d.chosen].device;
    }
    ck_assert_msg(strcmp(who[0], "gpu") == 0 && strcmp(who[1], "cpu") == 0 &&
                      strcmp(who[2], "cpu") == 0 && strcmp(who[3], "gpu") == 0,
                  "%s: %s, %s, %s, %s", s->gpu, who[0], who[1], who[2], who[3]);
    GOOD(vane_buffer_close(world.ctx, in));
    GOOD(vane_buffer_close(world.ctx, out));
    stack_close();
}
END_TEST

int main(void)
{
    const int n = (int)(sizeof stories / sizeof stories[0]);
    Suite *s = suite_create("sim_guard");
    TCase *t = tcase_create("guard");
    tcase_add_loop_test(t, calls_leave_and_return_once, 0, n);
    tcase_add_test(t, health_is_shown);
    tcase_add_test(t, who_stays_away_is_asked_ever_more_rarely);
    tcase_add_test(t, who_comes_back_wrong_is_left);
    tcase_add_test(t, what_died_with_it_stays_dead);
    tcase_add_loop_test(t, calls_in_buffers_too, 0, n);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
