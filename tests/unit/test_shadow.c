/* SPDX-License-Identifier: MIT */
/* test_shadow.c - VANE_VERIFY: a kernel that turns wrong after hundreds of right calls is found by
 * whatever way it is called, is left out, and what was checked comes out right all the same. */
#include <unistd.h>

#include "context.h"
#include "kit.h"
#include "policy/shadow.h"

enum { N = 100, LATE = 500, CALLS = 900 };

static vane_context *ctx;
static kit liar;
static char folder[64];
static uint32_t warnings;

static void listen(void *arg, int level, const char *line)
{
    (void)arg;
    warnings += level == VANE_LOG_WARN && strstr(line, "wrong result") != NULL;
}

static void setup(void)
{
    liar = kit_of("liar", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    liar.wrong_at = 3;
    liar.wrong_from = LATE;
    strcpy(folder, "/tmp/vane-shadow-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    warnings = 0;
}

static void teardown(void)
{
    char command[96];
    vane_close(ctx);
    ctx = NULL;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void open_with(uint32_t verify, const char *policy)
{
    vane_config config = kit_config();
    unsetenv("VANE_CACHE");
    config.policy = policy;
    config.cache = folder;
    config.verify = verify;
    config.log = listen;
    config.threads = 1;
    config.exclude = "avx*,generic,neon,opencl,template,sim";
    GOOD(vane_open(&config, &ctx));
    kit_add(ctx, &liar);
}

static float a[N], out[N];
static const int64_t shape[] = {N};

static vane_tensor over(float *data)
{
    return vane_tensor_of(data, VANE_F32, 1, shape);
}

static void fill(int k)
{
    for (int i = 0; i < N; i++)
        a[i] = (float)(i + k);
}

static int is_right(const float *got, int k)
{
    for (int i = 0; i < N; i++)
        if (got[i] != 2 * (float)(i + k))
            return 0;
    return 1;
}

/* How many of so many sums came out wrong. */
static int add_often(int calls, int in_place)
{
    int wrong = 0;
    for (int k = 0; k < calls; k++) {
        fill(k);
        vane_tensor x = over(a), y = over(in_place ? a : out);
        GOOD(vane_add(ctx, &x, &x, &y));
        wrong += !is_right(in_place ? a : out, k);
    }
    return wrong;
}

static int is_kept(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/wrong/wrong-00/readme.txt", folder);
    return access(path, R_OK) == 0;
}

static void expect_found(void)
{
    ck_assert_uint_eq(warnings, 1);
    ck_assert_uint_eq(atomic_load(&ctx->found_wrong), 1);
    ck_assert(is_kept());
    uint32_t runs = atomic_load(&liar.runs);
    add_often(100, 0);
    ck_assert_uint_eq(atomic_load(&liar.runs), runs); /* it is left out */
}

/* ---- what is found ----------------------------------------------------------------- */

static const char *const policies[] = {"heuristic", "fixed", "adaptive"};

START_TEST(where_each_call_is_checked_none_is_wrong)
{
    open_with(1, policies[_i]);
    ck_assert_int_eq(add_often(CALLS, 0), 0);
    ck_assert_uint_eq(atomic_load(&liar.runs), LATE + 1);
    expect_found();
}
END_TEST

START_TEST(in_place_it_is_put_right_too)
{
    open_with(1, policies[_i]);
    ck_assert_int_eq(add_often(CALLS, 1), 0);
    expect_found();
}
END_TEST

/* Two checks are never 40 calls apart. */
START_TEST(of_a_share_it_is_found_soon)
{
    open_with(20, policies[_i]);
    ck_assert_int_lt(add_often(CALLS, 0), 40);
    expect_found();
}
END_TEST

START_TEST(a_plan_is_checked)
{
    vane_plan *plan;
    vane_tensor x = over(a), y = over(out);
    const vane_tensor *in[] = {&x, &x};
    vane_tensor *outs[] = {&y};
    int wrong = 0;
    open_with(_i ? 20 : 1, "heuristic");
    GOOD(vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &plan));
    for (int k = 0; k < CALLS; k++) {
        fill(k);
        GOOD(vane_plan_run(plan));
        wrong += !is_right(out, k);
    }
    vane_plan_close(plan);
    ck_assert_int_le(wrong, _i ? 39 : 0);
    expect_found();
}
END_TEST

START_TEST(a_gap_between_elements_stays)
{
    float wide[2 * N];
    vane_tensor x = over(a), y = over(wide);
    y.stride[0] = 2;
    liar.wrong_from = 0;
    liar.wrong_at = 1;
    open_with(1, "heuristic");
    fill(7);
    for (int i = 0; i < 2 * N; i++)
        wide[i] = -5;
    GOOD(vane_add(ctx, &x, &x, &y));
    for (int i = 0; i < N; i++) {
        ck_assert_float_eq(wide[2 * i], 2 * (float)(i + 7));
        ck_assert_float_eq(wide[2 * i + 1], -5);
    }
    ck_assert_uint_eq(warnings, 1);
}
END_TEST

START_TEST(who_asks_for_the_wrong_one_gets_an_error)
{
    vane_decision d;
    vane_tensor x = over(a), y = over(out);
    open_with(1, "heuristic");
    for (int k = 0; k < LATE; k++)
        GOOD(add_with(ctx, &x, &x, &y, "liar", &d));
    ck_assert_int_ne(add_with(ctx, &x, &x, &y, "liar", &d), VANE_OK);
    ck_assert(strstr(vane_last_error()->message, "wrong") != NULL);
    expect_found();
}
END_TEST

/* ---- buffers and streams ----------------------------------------------------------- */

static vane_tensor buffered(vane_buffer *b)
{
    GOOD(vane_buffer_open(ctx, sizeof a, "t", b));
    return vane_tensor_in(*b, 0, VANE_F32, 1, shape);
}

START_TEST(calls_in_buffers_are_checked)
{
    vane_buffer bx, by;
    float got[N];
    open_with(1, "heuristic");
    vane_tensor x = buffered(&bx), y = buffered(&by);
    for (int k = 0; k < CALLS; k++) {
        fill(k);
        GOOD(vane_buffer_write(ctx, bx, 0, a, sizeof a));
        vane_tensor *into = k % 2 ? &x : &y;
        GOOD(vane_add(ctx, &x, &x, into));
        GOOD(vane_buffer_read(ctx, k % 2 ? bx : by, 0, got, sizeof got));
        ck_assert(is_right(got, k));
    }
    expect_found();
    GOOD(vane_buffer_close(ctx, bx));
    GOOD(vane_buffer_close(ctx, by));
}
END_TEST

START_TEST(calls_on_streams_are_checked)
{
    vane_buffer bx, by;
    vane_stream *s;
    float got[N];
    open_with(1, "heuristic");
    vane_tensor x = buffered(&bx), y = buffered(&by);
    GOOD(vane_stream_open(ctx, VANE_ANY_DEVICE, &s));
    for (int k = 0; k < CALLS; k++) {
        fill(k);
        GOOD(vane_buffer_write(ctx, bx, 0, a, sizeof a));
        GOOD(vane_add_async(s, &x, &x, &y));
        GOOD(vane_stream_wait(s));
        GOOD(vane_buffer_read(ctx, by, 0, got, sizeof got));
        ck_assert(is_right(got, k));
    }
    expect_found();
    GOOD(vane_stream_close(s));
    GOOD(vane_buffer_close(ctx, bx));
    GOOD(vane_buffer_close(ctx, by));
}
END_TEST

/* ---- how many ---------------------------------------------------------------------- */

START_TEST(the_share_is_that_which_was_asked_for)
{
    static const uint32_t every[] = {1, 3, 10, 100};
    enum { MANY = 40000 };
    liar.wrong_at = 0;
    open_with(every[_i], "heuristic");
    add_often(MANY, 0);
    double wish = MANY / (double)every[_i], off = every[_i] > 1 ? wish / 5 : 0.5;
    ck_assert_double_eq_tol((double)atomic_load(&ctx->verified), wish, off);
    ck_assert_uint_eq(atomic_load(&ctx->found_wrong), 0);
}
END_TEST

START_TEST(nothing_is_checked_without_the_wish)
{
    open_with(0, "heuristic");
    ck_assert_int_eq(add_often(CALLS, 0), CALLS - LATE);
    ck_assert_uint_eq(atomic_load(&ctx->verified), 0);
    ck_assert(!is_kept());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shadow");
    TCase *tcase = tcase_create("shadow");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, where_each_call_is_checked_none_is_wrong, 0, 2);
    tcase_add_loop_test(tcase, in_place_it_is_put_right_too, 0, 3);
    tcase_add_loop_test(tcase, of_a_share_it_is_found_soon, 0, 2);
    tcase_add_loop_test(tcase, a_plan_is_checked, 0, 2);
    tcase_add_test(tcase, a_gap_between_elements_stays);
    tcase_add_test(tcase, who_asks_for_the_wrong_one_gets_an_error);
    tcase_add_test(tcase, calls_in_buffers_are_checked);
    tcase_add_test(tcase, calls_on_streams_are_checked);
    tcase_add_loop_test(tcase, the_share_is_that_which_was_asked_for, 0, 4);
    tcase_add_test(tcase, nothing_is_checked_without_the_wish);
    suite_add_tcase(suite, tcase);
    return kit_main(suite);
}
