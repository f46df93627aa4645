/* SPDX-License-Identifier: MIT */
/* test_fake.c - the contract is enough for a device: every entry, asynchronously, and the
 * core's own way through it. */
#include <check.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "context.h"
#include "plugin/registry.h"
#include "vane/vane.h"

static vane_context *ctx;
static vane__backend *fake;
static const vane_backend_vt *vt;

static void setup(void)
{
    ck_assert_msg(vane_open(NULL, &ctx) == VANE_OK, "%s", vane_last_error()->message);
    ck_assert_msg(vane_load(ctx, FAKE_PLUGIN) == VANE_OK, "%s", vane_last_error()->message);
    fake = vane__registry_find(&ctx->registry, "fake");
    ck_assert_ptr_nonnull(fake);
    ck_assert_uint_eq(fake->device_count, 2);
    vt = &fake->vt;
}

static void teardown(void)
{
    vane_close(ctx);
}

#define GOOD(call) ck_assert_msg((call) == VANE_OK, "%s: %s", #call, vane_last_error()->message)

static void wait_free(vane_event *e)
{
    GOOD(vt->event_wait(e, UINT64_MAX));
    vt->event_free(e);
}

static void on_callback(void *arg)
{
    atomic_store((atomic_int *)arg, 1);
}

/* Until it may go on. */
static void hold_up(void *arg)
{
    while (!atomic_load((atomic_int *)arg))
        sched_yield();
}

static vane_view view_of(vane_mem *m, int64_t n)
{
    return (vane_view){.mem = m, .dtype = VANE_F32, .rank = 1, .shape = {n}, .stride = {1}};
}

/* y = a + b on device 0 in queue 1, copied to device 1 in queue 2, without one host wait. */
START_TEST(a_pipeline_over_two_devices)
{
    vane_device *d0 = fake->devices[0].handle, *d1 = fake->devices[1].handle;
    vane_mem *a, *b, *y, *z;
    vane_queue *q0, *q1;
    vane_event *up, *sum, *moved, *down;
    float host[256], other[256], back[256] = {0};
    atomic_int called = 0, goes_on = 0;
    for (int i = 0; i < 256; i++) {
        host[i] = (float)i;
        other[i] = 0.5f;
    }
    GOOD(vt->queue_open(d0, &q0));
    GOOD(vt->queue_open(d1, &q1));
    GOOD(vt->mem_alloc(d0, VANE_SPACE_DEVICE, sizeof host, &a));
    GOOD(vt->mem_import(d0, other, sizeof other, &b));
    GOOD(vt->mem_alloc(d0, VANE_SPACE_PINNED, sizeof host, &y));
    GOOD(vt->mem_alloc(d1, VANE_SPACE_DEVICE, sizeof host, &z));
    ck_assert_ptr_null(vt->mem_host_ptr(a));
    ck_assert_ptr_nonnull(vt->mem_host_ptr(y));
    GOOD(vt->queue_callback(q0, hold_up, &goes_on));
    GOOD(vt->upload(q0, a, 0, host, sizeof host, &up));
    ck_assert_int_eq(vt->event_wait(up, 0), VANE_E_TIMEOUT); /* polls */
    atomic_store(&goes_on, 1);
    vane_call call = {.struct_size = sizeof call,
                      .op = VANE_OP_ADD,
                      .dtype = VANE_F32,
                      .n_in = 2,
                      .n_arg = 3,
                      .width = 1};
    call.arg[0] = view_of(a, 256);
    call.arg[1] = view_of(b, 256);
    call.arg[2] = view_of(y, 256);
    const vane_kernel *k = vt->kernel(d0, VANE_OP_ADD, "add", VANE_F32);
    GOOD(vt->accepts(d0, k, &call));
    GOOD(vt->launch(q0, k, &call, &sum));
    memset(&call, 0xff, sizeof call); /* the plugin kept what it needs */
    GOOD(vt->queue_wait(q1, sum));
    GOOD(vt->copy(q1, z, 0, y, 0, sizeof host, &moved));
    GOOD(vt->queue_callback(q1, on_callback, &called));
    GOOD(vt->download(q1, back, z, 0, sizeof back, &down));
    wait_free(down);
    ck_assert_int_eq(atomic_load(&called), 1);
    for (int i = 0; i < 256; i++)
        ck_assert(back[i] == (float)i + 0.5f);
    uint64_t begin, end, earlier, later;
    GOOD(vt->event_time(sum, &begin, &end));
    GOOD(vt->event_time(moved, &earlier, &later));
    ck_assert(begin <= end && end <= earlier && earlier <= later);
    GOOD(vt->queue_sync(q0));
    wait_free(up);
    wait_free(sum);
    wait_free(moved);
    vt->mem_free(d0, a);
    vt->mem_free(d0, b);
    vt->mem_free(d0, y);
    vt->mem_free(d1, z);
    vt->queue_close(q0);
    vt->queue_close(q1);
}
END_TEST

START_TEST(map_and_telemetry_and_extension)
{
    vane_device *d = fake->devices[0].handle;
    vane_queue *q;
    vane_mem *m;
    void *p;
    vane_event *e;
    vane_telemetry t = {.struct_size = sizeof t};
    GOOD(vt->queue_open(d, &q));
    GOOD(vt->mem_alloc(d, VANE_SPACE_SHARED, 64, &m));
    GOOD(vt->mem_map(q, m, 16, 32, VANE_MAP_READ | VANE_MAP_WRITE, &p));
    memset(p, 7, 32);
    GOOD(vt->mem_unmap(q, m, p, &e));
    wait_free(e);
    ck_assert_int_eq(((unsigned char *)vt->mem_host_ptr(m))[16], 7);
    ck_assert_int_eq(vt->mem_map(q, m, 60, 32, VANE_MAP_READ, &p), VANE_E_ARGUMENT);
    GOOD(vt->telemetry(d, &t));
    ck_assert_uint_eq(t.valid, VANE_TELEMETRY_QUEUED | VANE_TELEMETRY_MEM);
    ck_assert_uint_eq(t.mem_free_bytes, (UINT64_C(64) << 20) - 64);
    ck_assert_ptr_nonnull(vt->extension(fake->handle, "fake.counters.v1"));
    ck_assert_ptr_null(vt->extension(fake->handle, "nobody.knows.v1"));
    vt->mem_free(d, m);
    vt->queue_close(q);
}
END_TEST

/* ---- through the core ---------------------------------------------------------------- */

static vane_decision record;

static vane_status run_on(const char *backend, uint32_t op, const vane_tensor *a,
                          const vane_tensor *b, vane_tensor *out)
{
    const vane_tensor *in[] = {a, b};
    vane_options o = {.struct_size = sizeof o, .backend = backend, .decision = &record};
    return vane_run(ctx, op, in, b ? 2 : 1, &out, 1, NULL, &o);
}

static const char *who_ran(void)
{
    return record.ran < record.count ? record.candidates[record.ran].backend : "nobody";
}

START_TEST(operands_travel_and_come_back)
{
    float x[6] = {1, 2, 3, 4, 5, 6}, row[3] = {10, 20, 30}, gaps[12];
    for (int i = 0; i < 12; i++)
        gaps[i] = -1;
    vane_tensor a = vane_tensor_of(x, VANE_F32, 2, (int64_t[]){2, 3});
    vane_tensor b = vane_tensor_of(row, VANE_F32, 1, (int64_t[]){3});
    vane_tensor out = vane_tensor_of(gaps, VANE_F32, 2, (int64_t[]){2, 3});
    out.stride[0] = 6;
    out.stride[1] = 2; /* a strided output: what lies between stays as it was */
    GOOD(run_on("fake", VANE_OP_ADD, &a, &b, &out));
    ck_assert_str_eq(who_ran(), "fake");
    float want[12] = {11, -1, 22, -1, 33, -1, 14, -1, 25, -1, 36, -1};
    ck_assert_int_eq(memcmp(gaps, want, sizeof want), 0);
    vane_tensor turned = vane_tensor_of(gaps, VANE_F32, 2, (int64_t[]){3, 2});
    GOOD(run_on("fake", VANE_OP_TRANSPOSE, &a, NULL, &turned));
    ck_assert(gaps[0] == 1 && gaps[1] == 4 && gaps[2] == 2 && gaps[5] == 6);
    GOOD(run_on("fake", VANE_OP_MUL, &a, &a, &a)); /* in place */
    ck_assert(x[5] == 36);
}
END_TEST

START_TEST(a_kernel_that_crashes_is_retried_elsewhere)
{
    float x[4] = {0, 0, 0, 0}, y[4] = {5, 5, 5, 5};
    vane_tensor a = vane_tensor_of(x, VANE_F32, 1, (int64_t[]){4}),
                out = vane_tensor_of(y, VANE_F32, 1, (int64_t[]){4});
    GOOD(vane_set_priority(ctx, "fake"));
    GOOD(vane_sqrt(ctx, &a, &out)); /* refused at launch, transient: the device stays */
    ck_assert(y[0] == 0);
    GOOD(run_on(NULL, VANE_OP_ADD, &a, &a, &out));
    ck_assert_str_eq(who_ran(), "fake");
    GOOD(run_on(NULL, VANE_OP_EXP, &a, NULL, &out)); /* crashes: fatal, the device goes */
    ck_assert(y[0] == 1 && y[3] == 1);
    ck_assert_str_ne(who_ran(), "fake");
    ck_assert_uint_ge(record.retries, 1);
}
END_TEST

static int is_reported(const char *text)
{
    vane_report_line line;
    for (uint32_t i = 0; i < vane_report_count(ctx); i++)
        if (vane_report_at(ctx, i, &line) == VANE_OK && strcmp(line.reason, text) == 0)
            return 1;
    return 0;
}

START_TEST(a_kernel_that_does_not_build_leaves_its_device_alone)
{
    float x[4] = {1, 1, 1, 1}, y[4] = {5, 5, 5, 5};
    vane_tensor a = vane_tensor_of(x, VANE_F32, 1, (int64_t[]){4}),
                out = vane_tensor_of(y, VANE_F32, 1, (int64_t[]){4});
    GOOD(vane_set_priority(ctx, "fake"));
    GOOD(run_on("fake", VANE_OP_LOG, &a, NULL, &out)); /* device 0 gives it up, device 1 does it */
    ck_assert_uint_eq(record.retries, 1);
    ck_assert_str_eq(record.candidates[record.ran].device, "fake1");
    ck_assert(is_reported("log: line 7: a semicolon is missing"));
    GOOD(run_on("fake", VANE_OP_LOG, &a, NULL, &out)); /* and is not asked again */
    ck_assert_uint_eq(record.retries, 0);
    for (uint32_t i = 0; i < record.count; i++)
        if (strcmp(record.candidates[i].device, "fake0") == 0)
            ck_assert_uint_eq(record.candidates[i].reason, VANE_REASON_BROKEN);
    GOOD(run_on("fake", VANE_OP_ADD, &a, &a, &out)); /* for other ops it is as good as before */
    for (uint32_t i = 0; i < record.count; i++)
        ck_assert_uint_ne(record.candidates[i].reason, VANE_REASON_BROKEN);
}
END_TEST

START_TEST(a_call_that_the_plugin_declines_goes_elsewhere)
{
    static float x[2000];
    vane_tensor a = vane_tensor_of(x, VANE_F32, 1, (int64_t[]){2000});
    vane_decision d;
    const vane_tensor *in[] = {&a, &a};
    vane_tensor *out[] = {&a};
    GOOD(vane_set_priority(ctx, "fake"));
    GOOD(vane_explain(ctx, VANE_OP_MUL, in, 2, out, 1, NULL, &d));
    ck_assert_str_ne(d.candidates[d.chosen].backend, "fake");
    GOOD(vane_mul(ctx, &a, &a, &a));
    a.shape[0] = 1000;
    GOOD(run_on(NULL, VANE_OP_MUL, &a, &a, &a));
    ck_assert_str_eq(who_ran(), "fake");
    a.shape[0] = 2000;
    ck_assert_int_eq(run_on("fake", VANE_OP_MUL, &a, &a, &a), VANE_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "cannot do this call"));
}
END_TEST

START_TEST(when_nobody_else_may_the_error_says_why)
{
    float x[4] = {0, 0, 0, 0}, y[4] = {5, 5, 5, 5};
    vane_tensor a = vane_tensor_of(x, VANE_F32, 1, (int64_t[]){4}),
                out = vane_tensor_of(y, VANE_F32, 1, (int64_t[]){4});
    ck_assert_int_eq(run_on("fake", VANE_OP_SQRT, &a, NULL, &out), VANE_E_BUSY);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "launch refused"));
    ck_assert(y[0] == 5);
    ck_assert_int_eq(run_on("fake", VANE_OP_TANH, &a, NULL, &out), VANE_E_UNSUPPORTED);
}
END_TEST

START_TEST(an_op_comes_with_the_plugin)
{
    vane_op_info info;
    float x[4] = {1, 2, 3, 4}, y[4] = {0};
    vane_tensor a = vane_tensor_of(x, VANE_F32, 1, (int64_t[]){4}),
                out = vane_tensor_of(y, VANE_F32, 1, (int64_t[]){4});
    const vane_tensor *in[] = {&a, &a};
    vane_tensor *outs[] = {&out};
    GOOD(vane_op_find(ctx, "fake.double_mul", &info));
    GOOD(vane_run(ctx, info.op, in, 2, outs, 1, NULL, NULL));
    ck_assert(y[3] == 16);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fake device");
    TCase *t = tcase_create("contract and core");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_pipeline_over_two_devices);
    tcase_add_test(t, map_and_telemetry_and_extension);
    tcase_add_test(t, operands_travel_and_come_back);
    tcase_add_test(t, a_kernel_that_crashes_is_retried_elsewhere);
    tcase_add_test(t, a_kernel_that_does_not_build_leaves_its_device_alone);
    tcase_add_test(t, a_call_that_the_plugin_declines_goes_elsewhere);
    tcase_add_test(t, when_nobody_else_may_the_error_says_why);
    tcase_add_test(t, an_op_comes_with_the_plugin);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
