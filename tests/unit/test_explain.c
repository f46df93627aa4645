/* SPDX-License-Identifier: MIT */
/* test_explain.c - every decision can be asked for: candidates, reasons, and the log's line; and
 * what of a kernel's entry makes candidates. */
#include "kit.h"

static vane_context *ctx;
static kit alpha, beta, many;
static float a4[] = {1, 2, 3, 4}, out4[4];
static vane_tensor a, out;
static vane_decision d;

static void setup(void)
{
    ctx = NULL;
    a = TENSOR(a4, VANE_F32, 4);
    out = TENSOR(out4, VANE_F32, 4);
    alpha = kit_of("alpha", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL | VANE_KERNEL_PARALLEL);
    beta = kit_of("beta", KIT_WORKS, 0);
    many = kit_of("many", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
}

static void teardown(void)
{
    vane_close(ctx);
}

static void explain_add(void)
{
    const vane_tensor *const in[] = {&a, &a};
    vane_tensor *const outs[] = {&out};
    memset(&d, 0xee, sizeof d);
    GOOD(vane_explain(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &d));
}

static uint32_t count_of(const char *backend)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d.count; i++)
        n += strcmp(d.candidates[i].backend, backend) == 0;
    return n;
}

static const vane_candidate *candidate(const char *kernel)
{
    for (uint32_t i = 0; i < d.count; i++)
        if (strcmp(d.candidates[i].kernel, kernel) == 0)
            return &d.candidates[i];
    return NULL;
}

static void open_two(uint32_t threads)
{
    vane_config config = kit_config();
    config.threads = threads;
    GOOD(vane_open(&config, &ctx));
    kit_add(ctx, &alpha);
    kit_add(ctx, &beta);
}

START_TEST(everybody_is_listed_with_a_reason)
{
    open_two(4);
    explain_add();
    ck_assert_uint_eq(d.struct_size, sizeof d);
    ck_assert_uint_eq(d.op, VANE_OP_ADD);
    ck_assert_uint_eq(d.dtype, VANE_F32);
    ck_assert_uint_eq(d.size_class, 2); /* four elements */
    ck_assert_str_eq(d.policy, "heuristic");
    ck_assert_uint_eq(d.ran, VANE_NO_CANDIDATE);
    ck_assert(d.took_ns == 0 && d.flops == 4 && d.bytes == 48);
    ck_assert_uint_eq(d.dropped, 0);
    ck_assert_uint_eq(count_of("alpha"), 3); /* 1, 2 and 4 threads */
    ck_assert_uint_eq(count_of("beta"), 1);
    ck_assert_uint_ge(count_of("scalar"), 1);
    uint32_t chosen = 0;
    for (uint32_t i = 0; i < d.count; i++) {
        const vane_candidate *c = &d.candidates[i];
        chosen += c->reason == VANE_REASON_CHOSEN;
        ck_assert_str_ne(vane_reason_string(c->reason), "?");
        ck_assert_ptr_nonnull(c->kernel);
        ck_assert_ptr_nonnull(c->device);
        ck_assert(c->predicted_ns > 0);
        ck_assert(c->predicted_ns >= d.candidates[d.chosen].predicted_ns);
    }
    ck_assert_uint_eq(chosen, 1);
    ck_assert_uint_eq(d.candidates[d.chosen].reason, VANE_REASON_CHOSEN);
    ck_assert_str_eq(vane_reason_string(9999), "?");
    EXPECT(out4, 0, 0, 0, 0); /* explained, not done */
    ck_assert_uint_eq(atomic_load(&alpha.runs) + atomic_load(&beta.runs), 0);
}
END_TEST

START_TEST(what_is_chosen_is_what_runs)
{
    static const char *const wishes[] = {"", "beta", "scalar", "alpha"};
    vane_decision ran;
    open_two(2);
    for (int fixed = 0; fixed < 2; fixed++) {
        GOOD(vane_set_policy(ctx, fixed ? "fixed" : "heuristic"));
        for (size_t i = 0; i < 4; i++) {
            GOOD(vane_set_priority(ctx, wishes[i]));
            explain_add();
            GOOD(add_with(ctx, &a, &a, &out, NULL, &ran));
            EXPECT(out4, 2, 4, 6, 8);
            ck_assert_str_eq(ran_on(&ran), d.candidates[d.chosen].backend);
            ck_assert_uint_eq(ran.candidates[ran.ran].width, d.candidates[d.chosen].width);
            ck_assert_uint_eq(ran.ran, ran.chosen);
            ck_assert_uint_eq(ran.retries, 0);
            if (wishes[i][0])
                ck_assert_str_eq(ran_on(&ran), wishes[i]);
        }
    }
}
END_TEST

START_TEST(data_may_be_missing)
{
    open_two(1);
    alpha.kernel.align_bytes = 64;
    a.data = out.data = NULL;
    explain_add();
    ck_assert_uint_eq(count_of("alpha"), 1);
    ck_assert_uint_lt(d.chosen, d.count);
}
END_TEST

START_TEST(a_bad_call_is_not_explained)
{
    vane_tensor three = TENSOR(out4, VANE_F32, 3);
    const vane_tensor *const in[] = {&a, &a};
    vane_tensor *const outs[] = {&three};
    open_two(1);
    ck_assert_int_eq(vane_explain(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &d), VANE_E_SHAPE);
    ck_assert_int_eq(vane_explain(ctx, 9999, in, 2, outs, 1, NULL, &d), VANE_E_NOT_FOUND);
    ck_assert_int_eq(vane_explain(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, NULL), VANE_E_ARGUMENT);
}
END_TEST

/* `devices` candidates and alpha's one: how many does the record hold? */
static void open_many(uint32_t devices)
{
    vane_config config = kit_nowhere();
    config.threads = 1;
    GOOD(vane_open(&config, &ctx));
    many.n_devices = devices;
    kit_add(ctx, &many);
    kit_add(ctx, &alpha);
    GOOD(vane_set_priority(ctx, "alpha")); /* the last in the list is chosen */
}

START_TEST(more_candidates_than_the_record_holds)
{
    open_many(40);
    explain_add();
    ck_assert_uint_gt(d.dropped, 0);
    ck_assert_uint_eq(d.count + d.dropped, 41);
    ck_assert_uint_le(d.count, VANE_MAX_CANDIDATES);
    ck_assert_str_eq(d.candidates[d.chosen].backend, "alpha"); /* is never dropped */
    GOOD(add_with(ctx, &a, &a, &out, NULL, &d));
    ck_assert_str_eq(ran_on(&d), "alpha");
    alpha.mode = KIT_FAILS;
    GOOD(add_with(ctx, &a, &a, &out, NULL, &d));
    ck_assert_str_eq(d.candidates[d.chosen].backend, "alpha"); /* both stay in */
    ck_assert_str_eq(ran_on(&d), "many");
}
END_TEST

START_TEST(a_full_record_drops_nobody)
{
    open_many(VANE_MAX_CANDIDATES - 1);
    explain_add();
    ck_assert_uint_eq(d.count, VANE_MAX_CANDIDATES);
    ck_assert_uint_eq(d.dropped, 0);
}
END_TEST

/* ---- the log ------------------------------------------------------------------- */

static char said[8192];

static void listen(void *arg, int level, const char *line)
{
    ck_assert_ptr_eq(arg, said);
    if (level == VANE_LOG_DEBUG && strncmp(line, "add ", 4) == 0)
        snprintf(said, sizeof said, "%s", line);
}

static void open_loud(const char *level)
{
    vane_config config = kit_config();
    config.log = listen;
    config.log_arg = said;
    if (level)
        setenv("VANE_LOG", level, 1);
    GOOD(vane_open(&config, &ctx));
    kit_add(ctx, &alpha);
}

START_TEST(debug_logs_each_decision)
{
    open_loud("debug");
    GOOD(vane_add(ctx, &a, &a, &out));
    EXPECT(out4, 2, 4, 6, 8);
    ck_assert_ptr_nonnull(strstr(said, "f32"));
    ck_assert_ptr_nonnull(strstr(said, "heuristic"));
    ck_assert_ptr_nonnull(strstr(said, "alpha"));
    ck_assert_ptr_nonnull(strstr(said, "RAN"));
    ck_assert_ptr_nonnull(strstr(said, "scalar"));
    ck_assert_ptr_nonnull(strstr(said, "predicted slower"));
    said[0] = '\0';
    const vane_tensor *const in[] = {&a, &a};
    vane_tensor *const outs[] = {&out};
    vane_plan *plan;
    GOOD(vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &plan));
    GOOD(vane_plan_run(plan)); /* plans too */
    vane_plan_close(plan);
    ck_assert_ptr_nonnull(strstr(said, "RAN"));
}
END_TEST

START_TEST(info_does_not)
{
    open_loud("info");
    GOOD(vane_add(ctx, &a, &a, &out));
    ck_assert_str_eq(said, "");
}
END_TEST

/* ---- what a kernel's entry may say ------------------------------------------------- */

static vane_status second_direct(const vane_kernel *self, const vane_call *call)
{
    (void)self;
    *(float *)call->arg[call->n_arg - 1].data = 22;
    return VANE_OK;
}

/* Of the same op, dtype and device; faster, so that it is chosen where it is known. */
static vane_kernel second = {.struct_size = sizeof second,
                             .flags = VANE_KERNEL_CLEAN_FAIL,
                             .name = "second",
                             .direct = second_direct,
                             .flops_per_ns = 1e9,
                             .bytes_per_ns = 1e9};

static vane_status declines_second(vane_device *dev, const vane_kernel *k, const vane_call *call)
{
    (void)dev, (void)call;
    return k == &second ? VANE_E_UNSUPPORTED : VANE_OK;
}

START_TEST(an_alternative_is_one_more_candidate)
{
    beta.kernel.alternative = &second;
    open_two(1);
    explain_add();
    ck_assert_uint_eq(count_of("beta"), 2);
    ck_assert_str_eq(candidate("second")->backend, "beta");
    ck_assert_uint_eq(candidate("second")->reason, VANE_REASON_CHOSEN);
    GOOD(vane_add(ctx, &a, &a, &out));
    EXPECT(out4, 22);
    GOOD(add_with(ctx, &a, &a, &out, "alpha", &d)); /* not where it was not asked for */
    EXPECT(out4, 2, 4, 6, 8);
}
END_TEST

START_TEST(an_alternative_that_declines_leaves_the_first)
{
    vane_backend_vt table = kit_table;
    vane_kernel selective = second;
    second.flags |= VANE_KERNEL_SELECTIVE;
    table.accepts = declines_second;
    beta.kernel.alternative = &second;
    beta.entry.vt = &table;
    open_two(1);
    GOOD(add_with(ctx, &a, &a, &out, "beta", &d));
    EXPECT(out4, 2, 4, 6, 8);
    ck_assert_uint_eq(candidate("second")->reason, VANE_REASON_DECLINED);
    ck_assert_str_eq(d.candidates[d.ran].kernel, "kit_f32");
    second = selective;
}
END_TEST

START_TEST(a_kernel_that_is_too_old_has_no_alternative)
{
    beta.kernel.alternative = &second;
    beta.kernel.struct_size = offsetof(vane_kernel, alternative);
    open_two(1);
    explain_add();
    ck_assert_uint_eq(count_of("beta"), 1);
    ck_assert_ptr_null(candidate("second"));
}
END_TEST

START_TEST(flags_that_nobody_knows_mean_nothing)
{
    const uint32_t known = VANE_KERNEL_PARALLEL | VANE_KERNEL_CLEAN_FAIL | VANE_KERNEL_SELECTIVE;
    beta.kernel.flags = ~known;
    beta.kernel.flops_per_ns = beta.kernel.bytes_per_ns = 1e9;
    open_two(4);
    explain_add();
    ck_assert_uint_eq(count_of("beta"), 1); /* no widths */
    ck_assert_str_eq(d.candidates[d.chosen].backend, "beta");
    GOOD(vane_add(ctx, &a, &a, &out));
    EXPECT(out4, 2, 4, 6, 8);
    GOOD(vane_add(ctx, &a, &a, &a)); /* in place: beside, as of one that does not fail cleanly */
    EXPECT(a4, 2, 4, 6, 8);
    ck_assert_uint_eq(atomic_load(&beta.runs), 2);
    ck_assert_ptr_ne(beta.seen.arg[2].data, a4);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("explain");
    TCase *t = tcase_create("explain");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, everybody_is_listed_with_a_reason);
    tcase_add_test(t, what_is_chosen_is_what_runs);
    tcase_add_test(t, data_may_be_missing);
    tcase_add_test(t, a_bad_call_is_not_explained);
    tcase_add_test(t, more_candidates_than_the_record_holds);
    tcase_add_test(t, a_full_record_drops_nobody);
    tcase_add_test(t, debug_logs_each_decision);
    tcase_add_test(t, info_does_not);
    tcase_add_test(t, an_alternative_is_one_more_candidate);
    tcase_add_test(t, an_alternative_that_declines_leaves_the_first);
    tcase_add_test(t, a_kernel_that_is_too_old_has_no_alternative);
    tcase_add_test(t, flags_that_nobody_knows_mean_nothing);
    suite_add_tcase(s, t);
    return kit_main(s);
}
