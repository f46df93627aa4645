/* SPDX-License-Identifier: MIT */
/* test_dispatch.c - who computes: wishes of the program, of the operator and of one call, and
 * what is said when nobody can. */
#include "kit.h"

static vane_context *ctx;
static kit alpha, beta;
static float a4[] = {1, 2, 3, 4}, out4[4];
static vane_tensor a, out;
static vane_decision d;

static void setup(void)
{
    a = TENSOR(a4, VANE_F32, 4);
    out = TENSOR(out4, VANE_F32, 4);
    alpha = kit_of("alpha", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    beta = kit_of("beta", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    beta.entry.rank = 1;
    beta.kernel.bytes_per_ns = beta.kernel.flops_per_ns = 2e6; /* faster, and later in the order */
}

static void teardown(void)
{
    vane_close(ctx);
    ctx = NULL;
}

static void open_with(const vane_config *config)
{
    GOOD(vane_open(config, &ctx));
    kit_add(ctx, &alpha);
    kit_add(ctx, &beta);
}

static void open_plain(void)
{
    vane_config config = kit_config();
    open_with(&config);
}

/* Adds without a wish, and says who did; the result is right whoever did. */
static const char *who(void)
{
    memset(out4, 0, sizeof out4);
    GOOD(add_with(ctx, &a, &a, &out, NULL, &d));
    EXPECT(out4, 2, 4, 6, 8);
    return ran_on(&d);
}

/* The same through the shortcut of vane_add, by its count of runs. */
static const char *who_plainly(void)
{
    uint32_t first = atomic_load(&alpha.runs), second = atomic_load(&beta.runs);
    memset(out4, 0, sizeof out4);
    GOOD(vane_add(ctx, &a, &a, &out));
    EXPECT(out4, 2, 4, 6, 8);
    return atomic_load(&alpha.runs) > first   ? "alpha"
           : atomic_load(&beta.runs) > second ? "beta"
                                              : "other";
}

/* ---- the program's wishes ------------------------------------------------------ */

START_TEST(priority_wins_over_prediction)
{
    open_plain();
    ck_assert_str_eq(who(), "beta");
    ck_assert_str_eq(who_plainly(), "beta");
    GOOD(vane_set_priority(ctx, "scalar, alpha"));
    ck_assert_str_eq(who(), "scalar");
    ck_assert_str_eq(who_plainly(), "other");
    GOOD(vane_set_priority(ctx, "al*"));
    ck_assert_str_eq(who(), "alpha");
    ck_assert_str_eq(who_plainly(), "alpha");
    GOOD(vane_set_priority(ctx, ""));
    ck_assert_str_eq(who_plainly(), "beta");
    ck_assert_int_eq(vane_set_priority(ctx, "alpha,nobody"), VANE_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "nobody"));
    ck_assert_str_eq(who_plainly(), "beta"); /* a refused wish changes nothing */
}
END_TEST

START_TEST(config_prefer)
{
    vane_config config = kit_config();
    config.prefer = "alpha";
    open_with(&config);
    ck_assert_str_eq(who(), "alpha");
    ck_assert_str_eq(who_plainly(), "alpha");
}
END_TEST

START_TEST(config_ops)
{
    vane_config config = kit_config();
    config.ops = "neg=alpha, add=scalar";
    open_with(&config);
    ck_assert_str_eq(who(), "scalar");
    ck_assert_str_eq(who_plainly(), "other");
    GOOD(vane_neg(ctx, &a, &out));
    ck_assert_uint_eq(atomic_load(&alpha.runs), 1);
}
END_TEST

START_TEST(config_ops_naming_nobody)
{
    vane_config config = kit_config();
    config.ops = "add=nobody";
    open_with(&config);
    ck_assert_int_eq(vane_add(ctx, &a, &a, &out), VANE_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "alpha")); /* lists the names */
    GOOD(vane_neg(ctx, &a, &out));
}
END_TEST

START_TEST(config_exclude)
{
    vane_config config = kit_config();
    config.exclude = "be*";
    GOOD(vane_open(&config, &ctx));
    kit_add(ctx, &alpha);
    kit_opening = &beta;
    ck_assert_int_ne(vane_register(ctx, &beta.entry), VANE_OK);
    ck_assert_str_eq(who(), "alpha");
    for (uint32_t i = 0; i < d.count; i++)
        ck_assert_str_ne(d.candidates[i].backend, "beta");
}
END_TEST

START_TEST(config_backend)
{
    vane_config config = kit_config();
    config.backend = "scalar";
    GOOD(vane_open(&config, &ctx));
    ck_assert_str_eq(who(), "scalar");
    for (uint32_t i = 0; i < d.count; i++)
        ck_assert_str_eq(d.candidates[i].backend, "scalar");
}
END_TEST

START_TEST(the_fixed_policy_follows_the_order)
{
    open_plain();
    ck_assert_str_eq(who(), "beta");
    ck_assert_str_eq(d.policy, "heuristic");
    GOOD(vane_set_policy(ctx, "fixed"));
    ck_assert_str_eq(who(), "alpha"); /* the higher rank */
    ck_assert_str_eq(who_plainly(), "alpha");
    ck_assert_str_eq(d.policy, "fixed");
    GOOD(vane_set_priority(ctx, "beta"));
    ck_assert_str_eq(who(), "beta");
    ck_assert_int_eq(vane_set_policy(ctx, "lucky"), VANE_E_NOT_FOUND);
    ck_assert_str_eq(who(), "beta");
}
END_TEST

START_TEST(config_policy)
{
    vane_config config = kit_config();
    config.policy = "fixed";
    open_with(&config);
    ck_assert_str_eq(who(), "alpha");
}
END_TEST

/* ---- the operator's ------------------------------------------------------------ */

START_TEST(the_environment_wins)
{
    vane_config config = kit_config();
    config.prefer = "alpha";
    config.policy = "fixed";
    config.ops = "neg=beta";
    config.threads = 3;
    setenv("VANE_PREFER", "scalar", 1);
    setenv("VANE_POLICY", "heuristic", 1);
    setenv("VANE_OPS", "neg=alpha", 1);
    setenv("VANE_THREADS", "1", 1);
    open_with(&config);
    ck_assert_str_eq(who(), "scalar");
    ck_assert_str_eq(d.policy, "heuristic");
    GOOD(vane_neg(ctx, &a, &out));
    ck_assert_uint_eq(atomic_load(&alpha.runs), 1);
    ck_assert_uint_eq(atomic_load(&beta.runs), 0);
}
END_TEST

START_TEST(the_environment_requires_and_excludes)
{
    vane_config config = kit_config();
    vane_context *none = NULL;
    config.backend = "nonsense";
    setenv("VANE_BACKEND", "scalar", 1);
    GOOD(vane_open(&config, &ctx));
    ck_assert_str_eq(who(), "scalar");
    config.backend = "scalar";
    setenv("VANE_BACKEND", "avx9", 1);
    ck_assert_int_eq(vane_open(&config, &none), VANE_E_NOT_FOUND);
    ck_assert_ptr_null(none);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "avx9"));
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "scalar"));
    unsetenv("VANE_BACKEND");
    config.backend = NULL;
    config.exclude = "nonsense";
    setenv("VANE_EXCLUDE", "*", 1);
    ck_assert_int_eq(vane_open(&config, &none), VANE_E_NO_BACKEND);
}
END_TEST

START_TEST(a_malformed_variable_is_no_guess)
{
    static const char *const bad[][2] = {{"VANE_THREADS", "two"}, {"VANE_POLICY", "lucky"},
                                         {"VANE_OPS", "add"},     {"VANE_LOG", "loud"},
                                         {"VANE_CACHE", "here"},  {"VANE_REPRO", "2"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        vane_config config = kit_config();
        setenv(bad[i][0], bad[i][1], 1);
        ck_assert_msg(vane_open(&config, &ctx) != VANE_OK, "%s", bad[i][0]);
        ck_assert_ptr_null(ctx);
        ck_assert_ptr_nonnull(strstr(vane_last_error()->message, bad[i][1]));
    }
}
END_TEST

/* ---- one call's ---------------------------------------------------------------- */

START_TEST(a_call_names_its_backend)
{
    open_plain();
    GOOD(add_with(ctx, &a, &a, &out, "scalar", &d));
    ck_assert_str_eq(ran_on(&d), "scalar");
    GOOD(add_with(ctx, &a, &a, &out, "alpha", &d));
    ck_assert_str_eq(ran_on(&d), "alpha");
    ck_assert_str_eq(who_plainly(), "beta"); /* and nobody else's */
    ck_assert_int_eq(add_with(ctx, &a, &a, &out, "avx9", &d), VANE_E_NOT_FOUND);
    out4[0] = 99;
    int32_t ints[4] = {0};
    vane_tensor i = TENSOR(ints, VANE_I32, 4);
    ck_assert_int_eq(add_with(ctx, &i, &i, &i, "alpha", &d), VANE_E_UNSUPPORTED); /* f32 only */
    alpha.mode = KIT_FAILS;
    ck_assert_int_eq(add_with(ctx, &a, &a, &out, "alpha", &d), VANE_E_BUSY); /* no one else may */
    ck_assert(out4[0] == 99);
}
END_TEST

START_TEST(a_call_names_its_width)
{
    const vane_tensor *const in[] = {&a, &a};
    vane_tensor *const outs[] = {&out};
    vane_config config = kit_config();
    config.threads = 4;
    alpha.kernel.flags |= VANE_KERNEL_PARALLEL;
    open_with(&config);
    vane_options o = {.struct_size = sizeof o, .backend = "alpha"};
    static const uint32_t asked[] = {1, 2, 3, 4, 5, 4000}, got[] = {1, 2, 3, 4, 4, 4};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        o.width = asked[i];
        GOOD(vane_run(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &o));
        ck_assert_uint_eq(alpha.seen.width, got[i]);
    }
    o.width = 4;
    o.backend = "beta"; /* knows no threads */
    GOOD(vane_run(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &o));
    ck_assert_uint_eq(beta.seen.width, 1);
    GOOD(vane_set_threads(ctx, 2));
    o.backend = "alpha";
    GOOD(vane_run(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &o));
    ck_assert_uint_eq(alpha.seen.width, 2);
    ck_assert_int_eq(vane_set_threads(ctx, 1u << 20), VANE_E_ARGUMENT);
}
END_TEST

START_TEST(reproducible_only)
{
    vane_config config = kit_config();
    config.repro = 1;
    alpha.kernel.numerics = VANE_NUMERICS_REPRO;
    open_with(&config);
    GOOD(vane_set_priority(ctx, "beta,alpha")); /* beta is FAST */
    ck_assert_str_eq(who(), "alpha");
    beta.kernel.numerics = VANE_NUMERICS_ORACLE; /* right, but other bits */
    GOOD(vane_set_priority(ctx, "beta"));
    ck_assert_str_eq(who(), "alpha");
}
END_TEST

/* ---- what a kernel is promised ------------------------------------------------- */

START_TEST(a_flat_call)
{
    vane_tensor square = TENSOR(a4, VANE_F32, 2, 2), o = TENSOR(out4, VANE_F32, 2, 2);
    open_plain();
    GOOD(vane_set_priority(ctx, "alpha"));
    GOOD(vane_add(ctx, &square, &square, &o)); /* fills the route */
    for (int way = 0; way < 2; way++) {        /* the shortcut, the general way */
        GOOD(way ? add_with(ctx, &square, &square, &o, NULL, &d)
                 : vane_add(ctx, &square, &square, &o));
        ck_assert_uint_eq(alpha.seen.flags, VANE_CALL_FLAT);
        ck_assert_uint_eq(alpha.seen.n_in, 2);
        ck_assert_uint_eq(alpha.seen.n_arg, 3);
        ck_assert_uint_eq(alpha.seen.op, VANE_OP_ADD);
        ck_assert_uint_eq(alpha.seen.dtype, VANE_F32);
        ck_assert_uint_eq(alpha.seen.arg[2].rank, 1);
        ck_assert_int_eq(alpha.seen.arg[2].shape[0], 4);
        ck_assert_ptr_eq(alpha.seen.arg[2].data, out4);
        ck_assert_ptr_null(alpha.seen.arg[0].mem);
    }
    GOOD(vane_neg(ctx, &square, &square));
    ck_assert_uint_eq(alpha.seen.flags, VANE_CALL_FLAT | VANE_CALL_INPLACE);
}
END_TEST

START_TEST(outputs_grow_from_the_last_dimension)
{
    vane_tensor x = TENSOR(a4, VANE_F32, 2, 2), o = TENSOR(out4 + 3, VANE_F32, 2, 2);
    open_plain();
    GOOD(vane_set_priority(ctx, "alpha"));
    o.stride[0] = -1; /* backwards, and turned */
    o.stride[1] = -2;
    GOOD(vane_neg(ctx, &x, &o));
    EXPECT(out4, -4, -2, -3, -1);
    const vane_view *y = &alpha.seen.arg[1];
    ck_assert_ptr_eq(y->data, out4);
    ck_assert_uint_eq(y->rank, 2);
    ck_assert_int_eq(y->stride[0], 2);
    ck_assert_int_eq(y->stride[1], 1);
    ck_assert_int_eq(alpha.seen.arg[0].stride[0], -1);
    ck_assert_uint_eq(alpha.seen.arg[0].rank, y->rank);
}
END_TEST

/* ---- nobody -------------------------------------------------------------------- */

START_TEST(no_backend_is_an_error_at_the_door)
{
    vane_config config = kit_nowhere();
    config.allow_empty = 0;
    ck_assert_int_eq(vane_open(&config, &ctx), VANE_E_NO_BACKEND);
    ck_assert_ptr_null(ctx);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "no backend"));
    config.backend = "scalar";
    ck_assert_int_eq(vane_open(&config, &ctx), VANE_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "scalar"));
}
END_TEST

START_TEST(calls_without_a_backend)
{
    vane_config config = kit_nowhere();
    const vane_tensor *const in[] = {&a, &a};
    vane_tensor *const outs[] = {&out};
    vane_plan *plan = NULL;
    vane_tensor infered = {0};
    GOOD(vane_open(&config, &ctx));
    out4[0] = 99;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(vane_add(ctx, &a, &a, &out), VANE_E_NO_BACKEND);
        ck_assert_int_eq(add_with(ctx, &a, &a, &out, NULL, &d), VANE_E_NO_BACKEND);
        ck_assert_int_eq(vane_explain(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &d),
                         VANE_E_NO_BACKEND);
        ck_assert_uint_eq(d.count, 0);
        ck_assert_uint_eq(d.chosen, VANE_NO_CANDIDATE);
        ck_assert_int_eq(vane_plan_open(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &plan),
                         VANE_E_NO_BACKEND);
        ck_assert_ptr_null(plan);
    }
    ck_assert(out4[0] == 99);
    GOOD(vane_infer(ctx, VANE_OP_ADD, in, 2, NULL, &infered)); /* shapes need nobody */
    ck_assert_uint_eq(vane_device_count(ctx), 0);
    kit_add(ctx, &alpha);
    ck_assert_str_eq(who_plainly(), "alpha");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dispatch");
    TCase *t = tcase_create("dispatch");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, priority_wins_over_prediction);
    tcase_add_test(t, config_prefer);
    tcase_add_test(t, config_ops);
    tcase_add_test(t, config_ops_naming_nobody);
    tcase_add_test(t, config_exclude);
    tcase_add_test(t, config_backend);
    tcase_add_test(t, the_fixed_policy_follows_the_order);
    tcase_add_test(t, config_policy);
    tcase_add_test(t, the_environment_wins);
    tcase_add_test(t, the_environment_requires_and_excludes);
    tcase_add_test(t, a_malformed_variable_is_no_guess);
    tcase_add_test(t, a_call_names_its_backend);
    tcase_add_test(t, a_call_names_its_width);
    tcase_add_test(t, reproducible_only);
    tcase_add_test(t, a_flat_call);
    tcase_add_test(t, outputs_grow_from_the_last_dimension);
    tcase_add_test(t, no_backend_is_an_error_at_the_door);
    tcase_add_test(t, calls_without_a_backend);
    suite_add_tcase(s, t);
    return kit_main(s);
}
