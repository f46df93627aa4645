/* SPDX-License-Identifier: MIT */
/* test_plan.c - prepared calls: equal to plain ones, and following every change by themselves. */
#include "kit.h"

static vane_context *ctx;
static kit alpha, beta;
static float a4[] = {1, 2, 3, 4}, b4[] = {10, 20, 30, 40}, out4[4];
static vane_tensor a, b, out;
static vane_plan *plan;

static void setup(void)
{
    ctx = kit_context();
    a = TENSOR(a4, VANE_F32, 4);
    b = TENSOR(b4, VANE_F32, 4);
    out = TENSOR(out4, VANE_F32, 4);
    alpha = kit_of("alpha", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    beta = kit_of("beta", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
}

static void teardown(void)
{
    vane_plan_close(plan);
    plan = NULL;
    vane_close(ctx);
}

static uint32_t runs(kit *k)
{
    return atomic_load(&k->runs);
}

static void plan_add(void)
{
    const vane_tensor *const in[] = {&a, &b};
    vane_tensor *const outs[] = {&out};
    GOOD(vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &plan));
}

/* Runs it on new data; the answer is right whoever gives it. */
static void expect_run(float first)
{
    a4[0] = first;
    memset(out4, 0, sizeof out4);
    GOOD(vane_plan_run(plan));
    EXPECT(out4, first + 10, 22, 33, 44);
}

START_TEST(a_plan_equals_a_run_for_every_op)
{
    static float cells[4][12], ran[12], planned[12];
    vane_op_info op;
    GOOD(vane_op_at(ctx, (uint32_t)_i, &op));
    vane_tensor in[3], want = {.dtype = VANE_F32, .rank = 2, .shape = {3, 3}}, o;
    const vane_tensor *const ins[] = {&in[0], &in[1], &in[2]};
    vane_tensor *const outs[] = {&o};
    uint32_t n_in = op.max_in < 3 ? op.max_in : _i == VANE_OP_GEMM ? 3 : op.min_in;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 9; j++)
            cells[i][j] = 0.25f * (float)(1 + (j * 5 + i * 3) % 7);
        in[i] =
            _i == VANE_OP_DOT ? TENSOR(cells[i], VANE_F32, 9) : TENSOR(cells[i], VANE_F32, 3, 3);
    }
    if (_i == VANE_OP_WHERE)
        in[0].dtype = VANE_BOOL;
    GOOD(vane_infer(ctx, op.op, ins, n_in, NULL, &want));
    size_t bytes = (size_t)vane_tensor_count(&want) * vane_dtype_bytes(want.dtype);
    ck_assert_uint_le(bytes, sizeof ran);
    memset(ran, 0x55, sizeof ran);
    memset(planned, 0x55, sizeof planned);
    o = want;
    o.data = ran;
    GOOD(vane_run(ctx, op.op, ins, n_in, outs, 1, NULL, NULL));
    o.data = planned;
    GOOD(vane_plan_open(ctx, op.op, ins, n_in, outs, 1, NULL, &plan));
    GOOD(vane_plan_run(plan));
    GOOD(vane_plan_run(plan));
    ck_assert(memcmp(ran, planned, sizeof ran) == 0);
    unsigned char untouched[sizeof ran];
    memset(untouched, 0x55, sizeof untouched);
    ck_assert(memcmp(ran, untouched, bytes) != 0);
}
END_TEST

START_TEST(it_follows_the_priority)
{
    kit_add(ctx, &alpha);
    kit_add(ctx, &beta);
    GOOD(vane_set_priority(ctx, "alpha"));
    plan_add();
    expect_run(1);
    expect_run(2);
    ck_assert_uint_eq(runs(&alpha), 2);
    GOOD(vane_set_priority(ctx, "beta"));
    expect_run(3);
    expect_run(4);
    ck_assert_uint_eq(runs(&alpha), 2);
    ck_assert_uint_eq(runs(&beta), 2);
    GOOD(vane_set_priority(ctx, "scalar"));
    expect_run(5);
    ck_assert_uint_eq(runs(&beta), 2);
}
END_TEST

START_TEST(it_follows_policy_and_threads)
{
    beta.kernel.bytes_per_ns = beta.kernel.flops_per_ns = 2e6; /* faster */
    beta.kernel.flags |= VANE_KERNEL_PARALLEL;
    kit_add(ctx, &alpha); /* first in the order */
    kit_add(ctx, &beta);
    plan_add();
    expect_run(1);
    ck_assert_uint_eq(runs(&beta), 1);
    GOOD(vane_set_policy(ctx, "fixed"));
    expect_run(2);
    ck_assert_uint_eq(runs(&alpha), 1);
    GOOD(vane_set_policy(ctx, "heuristic"));
    GOOD(vane_set_threads(ctx, 1));
    expect_run(3);
    ck_assert_uint_eq(beta.seen.width, 1);
}
END_TEST

START_TEST(it_follows_a_backend_that_comes)
{
    plan_add();
    expect_run(1);
    kit_add(ctx, &alpha); /* says it is the fastest */
    expect_run(2);
    ck_assert_uint_eq(runs(&alpha), 1);
}
END_TEST

START_TEST(it_follows_a_plugin_that_is_loaded)
{
    const char *folder = getenv("VANE_TEST_PLUGINS");
    char path[4096];
    ck_assert_ptr_nonnull(folder);
    snprintf(path, sizeof path, "%s/minimal.so", folder);
    vane_config config = kit_nowhere();
    vane_close(ctx);
    GOOD(vane_open(&config, &ctx));
    kit_add(ctx, &alpha);
    plan_add();
    expect_run(1);
    GOOD(vane_load(ctx, path));
    GOOD(vane_set_priority(ctx, "minimal"));
    uint32_t before = runs(&alpha);
    expect_run(2);
    ck_assert_uint_eq(runs(&alpha), before);
}
END_TEST

START_TEST(it_outlives_its_descriptors)
{
    float sum[2], x[] = {1, 2, 3, 4};
    {
        vane_tensor *t = malloc(2 * sizeof *t);
        vane_params *p = calloc(1, sizeof *p);
        const vane_tensor **in = malloc(sizeof *in);
        vane_tensor **outs = malloc(sizeof *outs);
        ck_assert(t && p && in && outs);
        t[0] = TENSOR(x, VANE_F32, 2, 2);
        t[1] = TENSOR(sum, VANE_F32, 2);
        p->reduce.axes[0] = 1;
        p->reduce.n_axes = 1;
        in[0] = &t[0];
        outs[0] = &t[1];
        GOOD(vane_plan_open(ctx, VANE_OP_REDUCE_SUM, in, 1, outs, 1, p, &plan));
        memset(t, 0xee, 2 * sizeof *t);
        memset(p, 0xee, sizeof *p);
        free(t);
        free(p);
        free(in);
        free(outs);
    }
    GOOD(vane_plan_run(plan));
    EXPECT(sum, 3, 7);
    x[0] = 11;
    GOOD(vane_set_priority(ctx, "scalar")); /* looked up again, from the copies */
    GOOD(vane_plan_run(plan));
    EXPECT(sum, 13, 7);
}
END_TEST

START_TEST(a_plan_of_a_concat)
{
    float nine[9];
    vane_tensor parts[3] = {a, TENSOR(b4, VANE_F32, 1), b}, o = TENSOR(nine, VANE_F32, 9);
    const vane_tensor *in[] = {&parts[0], &parts[1], &parts[2]};
    vane_tensor *const outs[] = {&o};
    a4[0] = 1;
    GOOD(vane_plan_open(ctx, VANE_OP_CONCAT, in, 3, outs, 1, NULL, &plan));
    memset(parts, 0xee, sizeof parts);
    memset(in, 0, sizeof in);
    GOOD(vane_plan_run(plan));
    EXPECT(nine, 1, 2, 3, 4, 10, 10, 20, 30, 40);
    a4[0] = 8;
    GOOD(vane_plan_run(plan));
    EXPECT(nine, 8, 2, 3, 4, 10, 10, 20, 30, 40);
    vane_plan_close(plan);
    in[0] = &a;
    o.shape[0] = 4;
    GOOD(vane_plan_open(ctx, VANE_OP_CONCAT, in, 1, outs, 1, NULL, &plan));
    GOOD(vane_plan_run(plan));
}
END_TEST

START_TEST(a_plan_of_gemm_without_c)
{
    float x[] = {1, 2, 3, 4}, y[4];
    vane_tensor m = TENSOR(x, VANE_F32, 2, 2), o = TENSOR(y, VANE_F32, 2, 2);
    const vane_tensor *const in[] = {&m, &m, NULL};
    vane_tensor *const outs[] = {&o};
    GOOD(vane_plan_open(ctx, VANE_OP_GEMM, in, 3, outs, 1, NULL, &plan));
    GOOD(vane_plan_run(plan));
    EXPECT(y, 7, 10, 15, 22);
}
END_TEST

START_TEST(an_empty_plan)
{
    vane_tensor none = TENSOR(NULL, VANE_F32, 0, 4);
    const vane_tensor *const in[] = {&none, &none};
    vane_tensor *const outs[] = {&none};
    GOOD(vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &plan));
    GOOD(vane_plan_run(plan));
    GOOD(vane_set_priority(ctx, "scalar"));
    GOOD(vane_plan_run(plan));
}
END_TEST

/* With no one to compute it, there is still nothing to compute: as a plain call has it. */
START_TEST(an_empty_plan_without_a_backend)
{
    vane_config config = kit_nowhere();
    vane_tensor none = TENSOR(NULL, VANE_F32, 0, 4);
    const vane_tensor *const in[] = {&none, &none};
    vane_tensor *const outs[] = {&none};
    vane_close(ctx);
    GOOD(vane_open(&config, &ctx));
    GOOD(vane_add(ctx, &none, &none, &none));
    GOOD(vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &plan));
    GOOD(vane_plan_run(plan));
}
END_TEST

START_TEST(bad_plans_are_refused)
{
    const vane_tensor *const in[] = {&a, &b};
    vane_tensor *const outs[] = {&out};
    vane_tensor three = TENSOR(out4, VANE_F32, 3);
    vane_tensor *const wrong[] = {&three};
    plan = (vane_plan *)(void *)&three; /* must be cleared */
    ck_assert_int_eq(vane_plan_open(ctx, VANE_OP_ADD, in, 2, wrong, 1, NULL, &plan), VANE_E_SHAPE);
    ck_assert_ptr_null(plan);
    ck_assert_int_eq(vane_plan_open(ctx, VANE_OP_ADD, in, 1, outs, 1, NULL, &plan),
                     VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_plan_open(ctx, 9999, in, 2, outs, 1, NULL, &plan), VANE_E_NOT_FOUND);
    ck_assert_int_eq(vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_plan_open(NULL, VANE_OP_ADD, in, 2, outs, 1, NULL, &plan),
                     VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_plan_run(NULL), VANE_E_ARGUMENT);
}
END_TEST

/* More threads than one make the hot and the sleeping pool two routes; both are right. */
START_TEST(a_wide_plan_is_right_hot_and_cold)
{
    enum { N = 1 << 20 };
    float *x = calloc(N, sizeof *x), *y = calloc(N, sizeof *y);
    vane_tensor tx = TENSOR(x, VANE_F32, N), ty = TENSOR(y, VANE_F32, N);
    const vane_tensor *const in[] = {&tx, &tx};
    vane_tensor *const outs[] = {&ty};
    ck_assert(x && y);
    GOOD(vane_set_threads(ctx, 4));
    GOOD(vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &plan));
    for (int round = 1; round < 6; round++) {
        for (int i = 0; i < N; i++)
            x[i] = (float)(i % 1000 + round);
        GOOD(vane_plan_run(plan));
        int wrong = 0;
        for (int i = 0; i < N; i++)
            wrong += y[i] != 2 * x[i];
        ck_assert_int_eq(wrong, 0);
    }
    free(x);
    free(y);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("plan");
    TCase *t = tcase_create("plan");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_plan_equals_a_run_for_every_op, 0, VANE_OP_COUNT);
    tcase_add_test(t, it_follows_the_priority);
    tcase_add_test(t, it_follows_policy_and_threads);
    tcase_add_test(t, it_follows_a_backend_that_comes);
    tcase_add_test(t, it_follows_a_plugin_that_is_loaded);
    tcase_add_test(t, it_outlives_its_descriptors);
    tcase_add_test(t, a_plan_of_a_concat);
    tcase_add_test(t, a_plan_of_gemm_without_c);
    tcase_add_test(t, an_empty_plan);
    tcase_add_test(t, an_empty_plan_without_a_backend);
    tcase_add_test(t, bad_plans_are_refused);
    tcase_add_test(t, a_wide_plan_is_right_hot_and_cold);
    suite_add_tcase(s, t);
    return kit_main(s);
}
