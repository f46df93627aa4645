/* SPDX-License-Identifier: MIT */
/* test_retry.c - kernels that fail: the next candidate computes, from inputs that are intact. */
#include "kit.h"
#include "telemetry/clock.h"

static vane_context *ctx;
static kit bad, spare; /* bad is asked first, spare second, the build's own backends last */
static float a4[4], b4[4], out4[4];
static vane_tensor a, b, out;
static vane_decision d;

static void open_pair(kit_mode mode, uint32_t flags)
{
    ctx = kit_context();
    bad = kit_of("bad", mode, flags);
    spare = kit_of("spare", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    kit_add(ctx, &bad);
    kit_add(ctx, &spare);
    GOOD(vane_set_priority(ctx, "bad,spare"));
}

static void setup(void)
{
    for (int i = 0; i < 4; i++) {
        a4[i] = (float)(i + 1);
        b4[i] = 10 * a4[i];
        out4[i] = 99;
    }
    a = TENSOR(a4, VANE_F32, 4);
    b = TENSOR(b4, VANE_F32, 4);
    out = TENSOR(out4, VANE_F32, 4);
}

static void teardown(void)
{
    vane_close(ctx);
    ctx = NULL;
}

static uint32_t runs(kit *k)
{
    return atomic_load(&k->runs);
}

/* ---- every way to fail, through every way in ----------------------------------- */

typedef struct fate {
    kit_mode mode;
    uint32_t flags;
} fate;

static const fate fates[] = {
    {KIT_FAILS, VANE_KERNEL_CLEAN_FAIL},
    {KIT_FAILS, 0},
    {KIT_IS_SILENT, VANE_KERNEL_CLEAN_FAIL},
    {KIT_IS_SILENT, 0},
    {KIT_POSITIVE, 0},
    {KIT_POSITIVE, VANE_KERNEL_CLEAN_FAIL},
    {KIT_DIES, VANE_KERNEL_CLEAN_FAIL},
    {KIT_DIES, 0},
};
enum { FATES = sizeof fates / sizeof fates[0] };

START_TEST(the_next_one_computes)
{
    open_pair(fates[_i].mode, fates[_i].flags);
    for (int i = 0; i < 3; i++) { /* cold, then by the route */
        memset(out4, 0, sizeof out4);
        GOOD(vane_add(ctx, &a, &b, &out));
        EXPECT(out4, 11, 22, 33, 44);
    }
    GOOD(add_with(ctx, &a, &b, &out, NULL, &d));
    ck_assert_str_eq(ran_on(&d), "spare");
    ck_assert_uint_gt(runs(&bad), 0);
    EXPECT(a4, 1, 2, 3, 4);
    EXPECT(b4, 10, 20, 30, 40);
}
END_TEST

START_TEST(the_next_one_computes_in_place)
{
    open_pair(fates[_i].mode, fates[_i].flags);
    GOOD(vane_add(ctx, &a, &b, &a));
    EXPECT(a4, 11, 22, 33, 44);
    GOOD(vane_add(ctx, &b, &a, &a));
    EXPECT(a4, 21, 42, 63, 84);
    GOOD(add_with(ctx, &a, &b, &a, NULL, &d));
    EXPECT(a4, 31, 62, 93, 124);
    EXPECT(b4, 10, 20, 30, 40);
    ck_assert_uint_gt(runs(&bad), 0);
}
END_TEST

START_TEST(the_next_one_computes_in_place_backwards)
{
    open_pair(fates[_i].mode, fates[_i].flags);
    vane_tensor x = TENSOR(a4 + 2, VANE_F32, 2);
    x.stride[0] = -2; /* elements 2 and 0 */
    GOOD(vane_neg(ctx, &x, &x));
    EXPECT(a4, -1, 2, -3, 4);
    ck_assert_uint_gt(runs(&bad), 0);
}
END_TEST

START_TEST(the_next_one_computes_the_plan)
{
    const vane_tensor *const in[] = {&a, &b};
    vane_tensor *const outs[] = {_i < FATES ? &out : &a};
    vane_plan *plan;
    open_pair(fates[_i % FATES].mode, fates[_i % FATES].flags);
    GOOD(vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &plan));
    for (int i = 0; i < 3; i++)
        GOOD(vane_plan_run(plan));
    vane_plan_close(plan);
    if (_i < FATES)
        EXPECT(out4, 11, 22, 33, 44);
    else /* three times in place */
        EXPECT(a4, 31, 62, 93, 124);
    ck_assert_uint_gt(runs(&bad), 0);
}
END_TEST

/* The second part fails: the first is made again by whoever makes the second. */
START_TEST(the_next_one_computes_the_concat)
{
    float six[8] = {0};
    const vane_tensor *const in[] = {&a, &b};
    vane_tensor o = TENSOR(six, VANE_F32, 8);
    open_pair(fates[_i].mode, fates[_i].flags);
    bad.fail_from = 1;
    GOOD(vane_concat(ctx, in, 2, NULL, &o));
    EXPECT(six, 1, 2, 3, 4, 10, 20, 30, 40);
    ck_assert_uint_eq(runs(&bad), 2);
    ck_assert_uint_eq(runs(&spare), 2);
}
END_TEST

/* ---- the record and the sentence ----------------------------------------------- */

START_TEST(the_record_counts_retries)
{
    open_pair(KIT_FAILS, VANE_KERNEL_CLEAN_FAIL);
    GOOD(add_with(ctx, &a, &b, &out, NULL, &d));
    ck_assert_uint_eq(d.retries, 1);
    ck_assert_str_eq(d.candidates[d.chosen].backend, "bad");
    ck_assert_uint_eq(d.candidates[d.chosen].reason, VANE_REASON_FAILED);
    ck_assert_str_eq(ran_on(&d), "spare");
    ck_assert_uint_eq(d.candidates[d.ran].reason, VANE_REASON_CHOSEN);
    ck_assert(d.took_ns > 0);
    spare.mode = KIT_FAILS;
    GOOD(add_with(ctx, &a, &b, &out, NULL, &d));
    ck_assert_uint_eq(d.retries, 2);
    EXPECT(out4, 11, 22, 33, 44);
}
END_TEST

static void leave_only(kit *k1, kit *k2)
{
    vane_config config = kit_nowhere();
    GOOD(vane_open(&config, &ctx));
    kit_add(ctx, k1);
    kit_add(ctx, k2);
    GOOD(vane_set_priority(ctx, k1->entry.name));
}

START_TEST(the_first_sentence_is_kept)
{
    bad = kit_of("first", KIT_FAILS, VANE_KERNEL_CLEAN_FAIL);
    spare = kit_of("second", KIT_POSITIVE, VANE_KERNEL_CLEAN_FAIL);
    leave_only(&bad, &spare);
    for (int way = 0; way < 3; way++) {
        spare.mode = KIT_POSITIVE;
        vane_status st =
            way == 0 ? vane_add(ctx, &a, &b, &out) : add_with(ctx, &a, &b, &out, NULL, &d);
        ck_assert_int_eq(st, VANE_E_BUSY);
        ck_assert_int_eq(vane_last_error()->status, VANE_E_BUSY);
        ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "first has had enough"));
        EXPECT(out4, 99, 99, 99, 99);
    }
    ck_assert_uint_eq(d.ran, VANE_NO_CANDIDATE);
}
END_TEST

/* Who failed, and the driver's own number, belong to the sentence. */
START_TEST(the_first_error_is_kept_whole)
{
    bad = kit_of("first", KIT_FAILS, VANE_KERNEL_CLEAN_FAIL);
    spare = kit_of("second", KIT_FAILS, VANE_KERNEL_CLEAN_FAIL);
    leave_only(&bad, &spare);
    ck_assert_int_eq(vane_add(ctx, &a, &b, &out), VANE_E_BUSY);
    ck_assert_str_eq(vane_last_error()->backend, "first");
    ck_assert_int_eq(vane_last_error()->native_code, 7);
}
END_TEST

/* An old sentence with the same status is not the silent kernel's. */
START_TEST(a_silent_failure_gets_its_own_sentence)
{
    bad = kit_of("first", KIT_IS_SILENT, VANE_KERNEL_CLEAN_FAIL);
    spare = kit_of("second", KIT_IS_SILENT, VANE_KERNEL_CLEAN_FAIL);
    leave_only(&bad, &spare);
    ck_assert_int_eq(vane_add(ctx, &a, &b, &out), VANE_E_NOMEM);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "kit_f32"));
    char first[sizeof vane_last_error()->message];
    bad.kernel.name = spare.kernel.name = "other_f32";
    strcpy(first, vane_last_error()->message);
    ck_assert_int_eq(vane_neg(ctx, &a, &out), VANE_E_NOMEM);
    ck_assert_str_ne(vane_last_error()->message, first);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "other_f32"));
}
END_TEST

START_TEST(a_positive_number_is_no_status)
{
    bad = kit_of("first", KIT_POSITIVE, VANE_KERNEL_CLEAN_FAIL);
    spare = kit_of("second", KIT_POSITIVE, VANE_KERNEL_CLEAN_FAIL);
    leave_only(&bad, &spare);
    ck_assert_int_eq(vane_add(ctx, &a, &b, &out), VANE_E_INTERNAL);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "42"));
}
END_TEST

/* ---- nothing written when all fail --------------------------------------------- */

START_TEST(all_fail_in_place)
{
    bad = kit_of("first", KIT_FAILS, fates[_i].flags);
    spare = kit_of("second", KIT_FAILS, 0);
    leave_only(&bad, &spare);
    ck_assert_int_eq(vane_add(ctx, &a, &b, &a), VANE_E_BUSY);
    EXPECT(a4, 1, 2, 3, 4);
}
END_TEST

/* ---- the dead and the choosy --------------------------------------------------- */

static uint64_t stands_still(vane_backend *self)
{
    (void)self;
    return 1000000000u;
}

static const vane_clock no_time = {sizeof(vane_clock), 0, NULL, stands_still, NULL};

START_TEST(a_lost_device_leaves_the_routes)
{
    open_pair(KIT_DIES, VANE_KERNEL_CLEAN_FAIL);
    vane__clock_set(ctx, &no_time); /* or its pause might end */
    GOOD(vane_add(ctx, &a, &b, &out));
    ck_assert_uint_eq(runs(&bad), 1);
    bad.mode = KIT_WORKS; /* too late */
    for (int i = 0; i < 3; i++)
        GOOD(vane_add(ctx, &a, &b, &out));
    GOOD(vane_neg(ctx, &a, &out)); /* for every op */
    ck_assert_uint_eq(runs(&bad), 1);
    GOOD(add_with(ctx, &a, &b, &out, NULL, &d));
    for (uint32_t i = 0; i < d.count; i++)
        if (strcmp(d.candidates[i].backend, "bad") == 0)
            ck_assert_uint_eq(d.candidates[i].reason, VANE_REASON_UNHEALTHY);
    ck_assert_int_eq(add_with(ctx, &a, &b, &out, "bad", &d), VANE_E_UNSUPPORTED);
}
END_TEST

START_TEST(a_busy_device_stays)
{
    open_pair(KIT_FAILS, VANE_KERNEL_CLEAN_FAIL);
    GOOD(vane_add(ctx, &a, &b, &out));
    bad.mode = KIT_WORKS;
    uint32_t before = runs(&bad);
    GOOD(vane_add(ctx, &a, &b, &out));
    ck_assert_uint_eq(runs(&bad), before + 1);
}
END_TEST

static _Alignas(64) float wide[64];

static void open_choosy(void)
{
    ctx = kit_context();
    bad = kit_of("choosy", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    bad.kernel.align_bytes = 64;
    kit_add(ctx, &bad);
    for (int i = 0; i < 64; i++)
        wide[i] = (float)i;
    GOOD(vane_set_priority(ctx, "choosy"));
}

START_TEST(an_unaligned_operand_goes_elsewhere)
{
    open_choosy();
    vane_tensor x = TENSOR(wide, VANE_F32, 4), o = TENSOR(wide + 16, VANE_F32, 4);
    GOOD(vane_neg(ctx, &x, &o));
    EXPECT(wide + 16, 0, -1, -2, -3);
    ck_assert_uint_eq(runs(&bad), 1);
    o.data = wide + 17;
    GOOD(vane_neg(ctx, &x, &o));
    EXPECT(wide + 17, 0, -1, -2, -3);
    x.data = wide + 1;
    o.data = wide + 16;
    GOOD(vane_neg(ctx, &x, &o));
    EXPECT(wide + 16, -1, -2, -3, -4);
    ck_assert_uint_eq(runs(&bad), 1);
    const vane_tensor *const in[] = {&x};
    vane_tensor *const outs[] = {&o};
    GOOD(vane_explain(ctx, VANE_OP_NEG, in, 1, outs, 1, NULL, &d));
    int met = 0;
    for (uint32_t i = 0; i < d.count; i++)
        met += strcmp(d.candidates[i].backend, "choosy") == 0 &&
               d.candidates[i].reason == VANE_REASON_ALIGNMENT;
    ck_assert_int_eq(met, 1);
}
END_TEST

/* data is aligned, but the kernel sees the other end of it. */
START_TEST(a_flipped_operand_is_judged_where_it_begins)
{
    open_choosy();
    vane_tensor x = TENSOR(wide + 16, VANE_F32, 2, 4), o = TENSOR(wide + 48, VANE_F32, 2, 4);
    x.stride[0] = o.stride[0] = -4;
    GOOD(vane_neg(ctx, &x, &o));
    EXPECT(wide + 44, -12, -13, -14, -15, -16, -17, -18, -19);
    ck_assert_uint_eq(bad.misaligned, 0);
}
END_TEST

START_TEST(every_part_of_a_concat_is_judged)
{
    open_choosy();
    vane_tensor x = TENSOR(wide, VANE_F32, 3), o = TENSOR(wide + 32, VANE_F32, 6);
    const vane_tensor *const in[] = {&x, &x};
    GOOD(vane_concat(ctx, in, 2, NULL, &o)); /* the second half starts at 12 bytes */
    EXPECT(wide + 32, 0, 1, 2, 0, 1, 2);
    ck_assert_uint_eq(bad.misaligned, 0);
}
END_TEST

START_TEST(a_plan_for_a_choosy_kernel)
{
    open_choosy();
    vane_tensor x = TENSOR(wide, VANE_F32, 4), o = TENSOR(wide + 17, VANE_F32, 4);
    const vane_tensor *const in[] = {&x};
    vane_tensor *const outs[] = {&o};
    vane_plan *plan;
    for (int aligned = 0; aligned < 2; aligned++) {
        o.data = wide + (aligned ? 16 : 17);
        GOOD(vane_plan_open(ctx, VANE_OP_NEG, in, 1, outs, 1, NULL, &plan));
        GOOD(vane_plan_run(plan));
        vane_plan_close(plan);
        EXPECT((float *)o.data, 0, -1, -2, -3);
        ck_assert_uint_eq(runs(&bad), (unsigned)aligned);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("retry");
    TCase *t = tcase_create("retry");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, the_next_one_computes, 0, FATES);
    tcase_add_loop_test(t, the_next_one_computes_in_place, 0, FATES);
    tcase_add_loop_test(t, the_next_one_computes_in_place_backwards, 0, FATES);
    tcase_add_loop_test(t, the_next_one_computes_the_plan, 0, 2 * FATES);
    tcase_add_loop_test(t, the_next_one_computes_the_concat, 0, FATES);
    tcase_add_test(t, the_record_counts_retries);
    tcase_add_test(t, the_first_sentence_is_kept);
    tcase_add_test(t, the_first_error_is_kept_whole);
    tcase_add_test(t, a_silent_failure_gets_its_own_sentence);
    tcase_add_test(t, a_positive_number_is_no_status);
    tcase_add_loop_test(t, all_fail_in_place, 0, 2);
    tcase_add_test(t, a_lost_device_leaves_the_routes);
    tcase_add_test(t, a_busy_device_stays);
    tcase_add_test(t, an_unaligned_operand_goes_elsewhere);
    tcase_add_test(t, a_flipped_operand_is_judged_where_it_begins);
    tcase_add_test(t, every_part_of_a_concat_is_judged);
    tcase_add_test(t, a_plan_for_a_choosy_kernel);
    suite_add_tcase(s, t);
    return kit_main(s);
}
