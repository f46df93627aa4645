/* SPDX-License-Identifier: MIT */
/* test_sim_async.c - calls on streams, on a device that is not there: they teach what its kernels
 * take, and what is under way is counted. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "vane/vane.h"

/* 12 MB at 10 GB/s: 1.2 ms, and 10 us to launch; it says that it takes a tenth of that. */
#define DEVICE "far: bytes=10GB/s flops=1T/s launch=10us claim=1000% link=1GB/s"
enum { N = 1000000, BYTES = 4 * N, CALLS = 16 * 8 }; /* one in 16 is heard */
static const double TRUTH = 1.21e6;

static vane_context *ctx;
static vane_stream *stream;
static vane_buffer in, out;
static vane_tensor x, y;

static void setup(void)
{
    static float data[N];
    static const int64_t shape[] = {N};
    const vane_config config = {.struct_size = sizeof config,
                                .exclude = "avx*,generic,neon,opencl,template",
                                .prefer = "sim",
                                .threads = 1,
                                .stats = "-",
                                .policy = "adaptive"};
    setenv("VANE_SIM_DEVICES", DEVICE, 1);
    setenv("VANE_SIM_CLOCK", "virtual", 1);
    ck_assert_int_eq(vane_open(&config, &ctx), VANE_OK);
    ck_assert_int_eq(vane_buffer_open(ctx, BYTES, "in", &in), VANE_OK);
    ck_assert_int_eq(vane_buffer_open(ctx, BYTES, "out", &out), VANE_OK);
    ck_assert_int_eq(vane_buffer_write(ctx, in, 0, data, BYTES), VANE_OK);
    ck_assert_int_eq(vane_stream_open(ctx, VANE_ANY_DEVICE, &stream), VANE_OK);
    x = vane_tensor_in(in, 0, VANE_F32, 1, shape);
    y = vane_tensor_in(out, 0, VANE_F32, 1, shape);
}

static void teardown(void)
{
    ck_assert_int_eq(vane_stream_close(stream), VANE_OK);
    ck_assert_int_eq(vane_buffer_close(ctx, in), VANE_OK);
    ck_assert_int_eq(vane_buffer_close(ctx, out), VANE_OK);
    vane_close(ctx);
}

static vane_decision explained(void)
{
    const vane_tensor *ins[] = {&x, &x};
    vane_tensor *outs[] = {&y};
    vane_decision d = {.struct_size = sizeof d};
    ck_assert_int_eq(vane_explain(ctx, VANE_OP_ADD, ins, 2, outs, 1, NULL, &d), VANE_OK);
    return d;
}

START_TEST(what_a_device_says_it_took_is_learned)
{
    for (int i = 0; i < CALLS; i++) {
        ck_assert_int_eq(vane_add_async(stream, &x, &x, &y), VANE_OK);
        ck_assert_int_eq(vane_stream_wait(stream), VANE_OK);
    }
    vane_decision d = explained();
    const vane_candidate *c = &d.candidates[d.chosen];
    ck_assert_str_eq(c->device, "far");
    ck_assert_uint_gt(c->samples, 5);
    /* of a million elements, brought to the middle of its class, 1.5 * 2^19 */
    ck_assert_double_eq_tol(c->measured_ns, TRUTH * 1.5 * 524288 / N, 0.05 * TRUTH);
}
END_TEST

static uint32_t number(void)
{
    const char *backend;
    uint32_t i = 0;
    vane_device_info info = {.struct_size = sizeof info};
    while (vane_device_at(ctx, i, &info, &backend) == VANE_OK && strcmp(info.id, "far") != 0)
        i++;
    return i;
}

/* Of those bound to one device, one in 64 is heard. */
START_TEST(a_stream_of_one_device_teaches_too)
{
    vane_stream *bound;
    ck_assert_int_eq(vane_stream_open(ctx, number(), &bound), VANE_OK);
    for (int i = 0; i < 64 * 8; i++) {
        ck_assert_int_eq(vane_add_async(bound, &x, &x, &y), VANE_OK);
        ck_assert_int_eq(vane_stream_wait(bound), VANE_OK);
    }
    vane_decision d = explained();
    const vane_candidate *c = &d.candidates[d.chosen];
    ck_assert_str_eq(c->device, "far");
    ck_assert_uint_ge(c->samples, 5);
    ck_assert_double_eq_tol(c->measured_ns, TRUTH * 1.5 * 524288 / N, 0.05 * TRUTH);
    ck_assert_int_eq(vane_stream_close(bound), VANE_OK);
}
END_TEST

static vane_device_load load(void)
{
    vane_device_load l = {.struct_size = sizeof l};
    ck_assert_int_eq(vane_device_load_get(ctx, number(), &l), VANE_OK);
    return l;
}

static vane_status find(void *arg, const char *text, size_t bytes)
{
    (void)bytes;
    return strstr(text, arg) != NULL ? VANE_OK : VANE_E_NOT_FOUND;
}

START_TEST(what_is_under_way_is_counted)
{
    for (int i = 0; i < 3; i++) { /* until the operands are there, and it is routed */
        ck_assert_int_eq(vane_add_async(stream, &x, &x, &y), VANE_OK);
        ck_assert_int_eq(vane_stream_wait(stream), VANE_OK);
    }
    ck_assert_uint_eq(load().own_queued, 0);
    ck_assert_uint_eq(load().own_bytes, 0);
    for (uint64_t i = 1; i <= 3; i++) {
        ck_assert_int_eq(vane_add_async(stream, &x, &x, &y), VANE_OK);
        ck_assert_uint_eq(load().own_queued, i);
        ck_assert_uint_eq(load().own_bytes, i * 3 * BYTES);
    }
    vane_decision d = explained();
    ck_assert_uint_eq(d.candidates[d.chosen].queued, 3);
    char line[] = "vane_device_queued{backend=\"sim\",device=\"far\"} 3\n";
    ck_assert_int_eq(vane_stats_write(ctx, find, line), VANE_OK);
    ck_assert_int_eq(vane_stream_wait(stream), VANE_OK);
    ck_assert_uint_eq(load().own_queued, 0);
    ck_assert_uint_eq(load().own_bytes, 0);
}
END_TEST

START_TEST(a_call_that_waits_leaves_nothing_counted)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(vane_add(ctx, &x, &x, &y), VANE_OK);
    ck_assert_uint_eq(load().own_queued, 0);
    ck_assert_uint_eq(load().own_bytes, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sim_async");
    TCase *t = tcase_create("async");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, what_a_device_says_it_took_is_learned);
    tcase_add_test(t, a_stream_of_one_device_teaches_too);
    tcase_add_test(t, what_is_under_way_is_counted);
    tcase_add_test(t, a_call_that_waits_leaves_nothing_counted);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
