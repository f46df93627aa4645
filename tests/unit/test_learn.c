/* SPDX-License-Identifier: MIT */
/* test_learn.c - the adaptive policy at work, on a clock that only the kernels move: the faster
 * is found, the wrong is never used, the slower is left, and none of it costs much. */
#include "context.h"
#include "kit.h"
#include "policy/learn.h"
#include "telemetry/clock.h"

static vane_context *ctx;
static kit alpha, beta;
static vane_decision d;

static uint64_t now(vane_backend *self)
{
    (void)self;
    return 1000000000u + atomic_load(&kit_time);
}

static const vane_clock kernels_make_time = {sizeof(vane_clock), 0, NULL, now, NULL};

static void setup(void)
{
    alpha = kit_of("alpha", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    beta = kit_of("beta", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    beta.entry.rank = 1;
    alpha.takes_ns = 700;
    beta.takes_ns = 300; /* less than the oracle says of itself: it is never measured */
    atomic_store(&kit_time, 0);
}

static void teardown(void)
{
    vane_close(ctx);
    ctx = NULL;
}

/* Only the two and the oracle, which takes no time and is not fast by its own words. */
static void open_both(void)
{
    vane_config config = kit_config();
    config.policy = "adaptive";
    config.exclude = "avx*,generic,neon,opencl,template,sim";
    config.cache = "0";
    config.threads = 1;
    GOOD(vane_open(&config, &ctx));
    vane__clock_set(ctx, &kernels_make_time);
    kit_add(ctx, &alpha);
    kit_add(ctx, &beta);
}

static uint32_t runs(const kit *k)
{
    return atomic_load(&k->runs);
}

static const char *explained(int64_t n)
{
    vane_tensor t = vane_tensor_of(NULL, VANE_F32, 1, &n);
    const vane_tensor *in[] = {&t, &t};
    vane_tensor *out[] = {&t};
    d = (vane_decision){.struct_size = sizeof d};
    GOOD(vane_explain(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &d));
    return d.candidates[d.chosen].backend;
}

static const vane_candidate *of(const char *backend)
{
    for (uint32_t i = 0; i < d.count; i++)
        if (strcmp(d.candidates[i].backend, backend) == 0)
            return &d.candidates[i];
    return NULL;
}

/* Adds so often, each result looked at. */
static void add_often(int64_t n, int times, int in_place)
{
    float *a = malloc((size_t)n * sizeof *a), *out = malloc((size_t)n * sizeof *out);
    for (int k = 0; k < times; k++) {
        float *into = in_place ? a : out;
        for (int64_t i = 0; i < n; i++)
            a[i] = (float)(i % 1000 + k);
        vane_tensor ta = vane_tensor_of(a, VANE_F32, 1, &n),
                    to = vane_tensor_of(into, VANE_F32, 1, &n);
        GOOD(vane_add(ctx, &ta, &ta, &to));
        int64_t wrong = 0;
        for (int64_t i = 0; i < n; i++)
            wrong += into[i] != 2 * (float)(i % 1000 + k);
        ck_assert_int_eq(wrong, 0);
    }
    free(a);
    free(out);
}

/* ---- what is learned --------------------------------------------------------------- */

START_TEST(the_faster_is_found)
{
    open_both();
    add_often(100, 50, 0);
    ck_assert_str_eq(explained(100), "beta");
    ck_assert_uint_eq(of("beta")->trust, VANE_TRUST_CHECKED);
    ck_assert_double_eq_tol(of("beta")->measured_ns, 300, 30);
    ck_assert_uint_eq(d.settled, 1);
    uint32_t before = runs(&alpha);
    add_often(100, 100, 0);
    ck_assert_uint_eq(runs(&alpha), before);
}
END_TEST

START_TEST(each_size_has_its_own)
{
    open_both();
    add_often(100, 50, 0);
    alpha.takes_ns = 100; /* as if it were better at larger ones */
    add_often(5000, 50, 0);
    ck_assert_str_eq(explained(100), "beta");
    ck_assert_str_eq(explained(5000), "alpha");
}
END_TEST

/* What a kernel with a latency takes lies between "as much" and "in proportion". */
START_TEST(sizes_never_seen_follow_from_those_that_were)
{
    open_both();
    for (int k = 6; k <= 12; k += 2) {
        alpha.takes_ns = 2000 + (3u << (k - 1)); /* 2 us, and one element a nanosecond */
        beta.takes_ns = 300 + 4 * (3u << (k - 1));
        add_often(3 << (k - 1), 60, 0);
    }
    explained(3 << 13); /* class 14, two from any that was seen */
    ck_assert_uint_eq(of("alpha")->samples, 0);
    ck_assert_double_eq_tol(of("alpha")->expected_ns, 2000 + (3 << 13), 0.1 * (2000 + (3 << 13)));
    ck_assert_double_eq_tol(of("beta")->expected_ns, 300 + 4 * (3 << 13), 0.1 * 4 * (3 << 13));
    explained(3 << 15);
    ck_assert_double_eq_tol(of("alpha")->expected_ns, 2000 + (3 << 15), 0.1 * (3 << 15));
}
END_TEST

START_TEST(there_is_no_largest_size)
{
    open_both();
    explained((int64_t)3 << 29);
    double smaller = of("scalar")->predicted_ns;
    explained((int64_t)3 << 39);
    ck_assert_double_eq_tol(of("scalar")->predicted_ns / smaller, 1024, 10);
}
END_TEST

START_TEST(in_place_too)
{
    open_both();
    add_often(100, 50, 1);
    ck_assert_str_eq(explained(100), "beta");
}
END_TEST

START_TEST(under_another_policy_nothing_is_tried)
{
    open_both();
    GOOD(vane_set_policy(ctx, "heuristic"));
    add_often(100, 50, 0);
    ck_assert_uint_eq(runs(&alpha), 50);
    ck_assert_uint_eq(runs(&beta), 0);
}
END_TEST

/* ---- trust ------------------------------------------------------------------------- */

START_TEST(a_fast_but_wrong_one_never_computes)
{
    beta.wrong_at = 7;
    open_both();
    add_often(100, 200, 0);
    ck_assert_str_eq(explained(100), "alpha");
    ck_assert_uint_eq(of("beta")->reason, VANE_REASON_WRONG);
    ck_assert_uint_eq(of("beta")->samples, 0);
    ck_assert_uint_eq(runs(&beta), 1); /* the check */
}
END_TEST

START_TEST(one_wrong_element_in_a_million_is_seen)
{
    beta.wrong_at = 1000000;
    open_both();
    add_often(1000, 30, 0); /* where it is right, it may be used */
    ck_assert_str_eq(explained(1000), "beta");
    alpha.takes_ns = 400000;
    beta.takes_ns = 100000;
    for (int i = 0; i < 12; i++) {
        atomic_fetch_add(&kit_time, 11000000000u); /* checks of large results have their price */
        add_often(1048576, 1, 0);
    }
    ck_assert_str_eq(explained(1048576), "alpha");
    ck_assert_uint_eq(of("beta")->reason, VANE_REASON_WRONG);
    ck_assert_uint_eq(of("beta")->samples, 0);
}
END_TEST

START_TEST(all_wrong_leaves_the_oracle)
{
    alpha.wrong_at = beta.wrong_at = 3;
    open_both();
    add_often(100, 100, 0);
    ck_assert_str_eq(explained(100), "scalar");
}
END_TEST

START_TEST(one_that_fails_is_not_chosen)
{
    beta.mode = KIT_FAILS;
    open_both();
    add_often(100, 100, 0);
    ck_assert_str_eq(explained(100), "alpha");
    ck_assert_uint_lt(runs(&beta), 10);
}
END_TEST

/* ---- duels --------------------------------------------------------------------------- */

static float given[5000], sums[5000];

static void add_there(int times)
{
    int64_t n = 5000;
    vane_tensor a = vane_tensor_of(given, VANE_F32, 1, &n),
                to = vane_tensor_of(sums, VANE_F32, 1, &n);
    for (int k = 0; k < times; k++) {
        given[4999] = (float)k;
        GOOD(vane_add(ctx, &a, &a, &to));
        ck_assert_float_eq(sums[4999], 2 * (float)k);
    }
}

/* Beside a call, alpha is the faster; for the program, which has its output elsewhere, beta is. */
START_TEST(the_program_s_own_calls_decide_among_the_close)
{
    alpha.takes_ns = 30000;
    beta.takes_ns = beta.there_ns = 35000;
    alpha.there_ns = 45000;
    alpha.there = beta.there = sums;
    open_both();
    add_there(1);
    ck_assert_str_eq(explained(5000), "alpha");
    ck_assert_uint_eq(d.settled, 0);
    uint32_t changes = d.route_changes;
    add_there(199);
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_uint_eq(d.settled, 1);
    ck_assert_uint_eq(d.route_changes, changes + 1);
    uint32_t before = runs(&alpha);
    add_there(100);
    ck_assert_uint_eq(runs(&alpha), before);
    double spent = ctx->allowance.total_ns, slower = 10000.0 * before;
    ck_assert_double_lt(spent, ctx->allowance.needed_ns + slower + 30 * 35000);
}
END_TEST

START_TEST(one_that_fails_ends_the_duel)
{
    alpha.takes_ns = 30000;
    beta.takes_ns = 35000;
    open_both();
    add_there(20);
    ck_assert_str_eq(explained(5000), "alpha");
    ck_assert_uint_eq(d.settled, 0);
    beta.mode = KIT_FAILS;
    add_there(200);
    ck_assert_str_eq(explained(5000), "alpha");
    ck_assert_uint_eq(d.settled, 1);
}
END_TEST

/* ---- time passes ------------------------------------------------------------------- */

START_TEST(who_becomes_slow_is_left_and_who_recovers_comes_back)
{
    beta.takes_ns = 30000; /* long enough that each call is timed */
    alpha.takes_ns = 40000;
    open_both();
    add_often(5000, 100, 0);
    ck_assert_str_eq(explained(5000), "beta");
    uint32_t changes = d.route_changes;
    beta.takes_ns = 90000;
    atomic_fetch_add(&kit_time, 5000000000u);
    add_often(5000, 100, 0);
    ck_assert_str_eq(explained(5000), "alpha");
    beta.takes_ns = 30000;
    for (int i = 0; i < 20; i++) { /* it is looked at again, more rarely each time */
        atomic_fetch_add(&kit_time, 10000000000u);
        add_often(5000, 20, 0);
    }
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_uint_le(d.route_changes - changes, 2);
}
END_TEST

START_TEST(a_busy_machine_has_routes_of_its_own)
{
    beta.takes_ns = 30000;
    alpha.takes_ns = 40000;
    open_both();
    add_often(5000, 100, 0);
    ck_assert_str_eq(explained(5000), "beta");
    uint32_t changes = d.route_changes;
    beta.takes_ns = 90000; /* it suffers more */
    vane__learn_busy(ctx, 1);
    add_often(5000, 60, 0);
    ck_assert_str_eq(explained(5000), "alpha");
    beta.takes_ns = 30000;
    vane__learn_busy(ctx, 0); /* what was known holds at once */
    ck_assert_str_eq(explained(5000), "beta");
    add_often(5000, 60, 0);
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_uint_eq(d.route_changes - changes, 2);
    beta.takes_ns = 90000;
    vane__learn_busy(ctx, 1);
    ck_assert_str_eq(explained(5000), "alpha");
}
END_TEST

/* There is no time for trials: what the other took in the calm is not what it takes now. */
START_TEST(a_load_that_slows_all_alike_moves_no_route)
{
    beta.takes_ns = 30000;
    alpha.takes_ns = 40000;
    open_both();
    add_often(5000, 100, 0);
    ck_assert_str_eq(explained(5000), "beta");
    uint32_t changes = d.route_changes;
    ctx->allowance.more_ns = -1e12;
    beta.takes_ns = 60000;
    alpha.takes_ns = 80000;
    vane__learn_busy(ctx, 1);
    add_often(5000, 100, 0);
    ck_assert_str_eq(explained(5000), "beta");
    ck_assert_uint_eq(of("beta")->samples, VANE__WINDOW);
    ck_assert_uint_eq(d.route_changes, changes);
    ck_assert_double_eq_tol(of("alpha")->predicted_ns, 80000, 8000);
}
END_TEST

/* Mostly base_ns, of three calls one takes twice as long. */
static uint64_t noisy(uint64_t base_ns)
{
    return base_ns * (100 + (uint64_t)(rand() % 10)) / 100 * (rand() % 10 < 3 ? 2 : 1);
}

static void add_in_noise(int times, uint64_t alpha_ns, uint64_t beta_ns)
{
    for (int i = 0; i < times; i++) {
        alpha.takes_ns = noisy(alpha_ns);
        beta.takes_ns = noisy(beta_ns);
        add_often(100, 1, 0);
    }
}

/* Two that are as good as equal, over hours, with lessons that begin again. */
START_TEST(a_route_changes_at_most_once_while_the_load_does_not)
{
    uint32_t rounds = 0;
    srand(5 + (unsigned)_i);
    open_both();
    add_in_noise(100, 30000, 30000);
    for (uint32_t busy = 1; rounds < 60; rounds++, busy = !busy) {
        explained(100);
        uint32_t before = d.route_changes;
        vane__learn_busy(ctx, busy);
        for (int k = 0; k < 20; k++) {
            add_in_noise(10, 30000u << busy, 30000u << busy);
            atomic_fetch_add(&kit_time, (uint64_t)(rand() % 2000) * 1000000u);
        }
        explained(100);
        ck_assert_uint_le(d.route_changes - before, 1);
    }
}
END_TEST

/* However often it changed: what is really slower loses the route. */
START_TEST(a_slower_one_is_left_amid_the_same_load)
{
    open_both();
    add_in_noise(100, 40000, 30000);
    vane__learn_busy(ctx, 1);
    add_in_noise(100, 40000, 80000);
    ck_assert_str_eq(explained(100), "alpha");
    for (int k = 0; k < 20; k++) {
        atomic_fetch_add(&kit_time, 2000000000u);
        add_in_noise(50, 160000, 60000);
    }
    ck_assert_str_eq(explained(100), "beta");
}
END_TEST

START_TEST(new_routes_forget_no_state_of_the_host)
{
    open_both();
    for (uint32_t busy = 0; busy < 2; busy++) {
        vane__learn_busy(ctx, busy);
        add_often(100, 50, 0);
    }
    vane__routes_refresh(ctx);
    for (uint32_t busy = 2; busy-- > 0;) {
        vane__learn_busy(ctx, busy);
        ck_assert_str_eq(explained(100), "beta");
        ck_assert_uint_eq(d.settled, 1);
    }
}
END_TEST

/* What ten sizes spend on trials within ten seconds, but for the checks that choices need. */
static double spent_on_trials(double more_ns)
{
    alpha.takes_ns = 19000000; /* 19 ms against 15: nine trials of each size cost 4 ms more */
    beta.takes_ns = 15000000;
    open_both();
    ctx->allowance.more_ns = more_ns;
    for (int64_t n = 16; n <= 16 << 9; n *= 2)
        add_often(n, 50, 0);
    ck_assert_uint_lt(atomic_load(&kit_time), 10000000000u);
    ck_assert_double_gt(ctx->allowance.needed_ns, 0);
    return ctx->allowance.total_ns - ctx->allowance.needed_ns;
}

START_TEST(trials_cost_no_more_than_their_allowance)
{
    double spent = spent_on_trials(0);
    ck_assert_double_gt(spent, 0);
    ck_assert_double_le(spent, 1.1 * VANE__ALLOWANCE_NS);
}
END_TEST

START_TEST(without_it_they_would)
{
    ck_assert_double_gt(spent_on_trials(1e12), 2 * VANE__ALLOWANCE_NS);
}
END_TEST

/* ---- calls that are settled --------------------------------------------------------- */

/* This thread holds the lock that learning takes: a call that wanted it would never return. */
START_TEST(settled_calls_take_no_lock)
{
    static const uint64_t takes_ns[] = {300, 9000, 30000}; /* brief; sampled; each timed */
    beta.takes_ns = takes_ns[_i];
    alpha.takes_ns = 2 * beta.takes_ns;
    open_both();
    add_often(100, 100, 0);
    ck_assert_str_eq(explained(100), "beta");
    ck_assert_uint_eq(d.settled, 1);
    pthread_mutex_lock(&ctx->routes->lock);
    add_often(100, 2000, 0);
    pthread_mutex_unlock(&ctx->routes->lock);
    ck_assert_str_eq(explained(100), "beta");
}
END_TEST

START_TEST(one_too_short_to_be_timed_is_measured_again)
{
    open_both();
    add_often(100, 50, 0);
    ck_assert_str_eq(explained(100), "beta");
    beta.takes_ns = 900; /* no single call shows it */
    add_often(100, 1000, 0);
    ck_assert_str_eq(explained(100), "beta");
    atomic_fetch_add(&kit_time, 2000000000u);
    add_often(100, 1000, 0);
    ck_assert_str_eq(explained(100), "alpha");
}
END_TEST

/* ---- operands in buffers ------------------------------------------------------------ */

START_TEST(calls_in_buffers_learn_from_rehearsals)
{
    int64_t n = 100;
    float two[100], got[100];
    vane_buffer b, o;
    beta.wrong_at = 9;
    open_both();
    for (int i = 0; i < 100; i++)
        two[i] = 2;
    GOOD(vane_buffer_open(ctx, sizeof two, "in", &b));
    GOOD(vane_buffer_open(ctx, sizeof two, "out", &o));
    GOOD(vane_buffer_write(ctx, b, 0, two, sizeof two));
    vane_tensor tb = vane_tensor_in(b, 0, VANE_F32, 1, &n),
                to = vane_tensor_in(o, 0, VANE_F32, 1, &n);
    for (int i = 0; i < 20; i++) {
        GOOD(vane_add(ctx, &tb, &tb, &to));
        GOOD(vane_buffer_read(ctx, o, 0, got, sizeof got));
        for (int k = 0; k < 100; k++)
            ck_assert_float_eq(got[k], 4);
    }
    ck_assert_uint_eq(runs(&beta), 1);
    GOOD(vane_buffer_close(ctx, b));
    GOOD(vane_buffer_close(ctx, o));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("learn");
    TCase *tcase = tcase_create("learn");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_faster_is_found);
    tcase_add_test(tcase, each_size_has_its_own);
    tcase_add_test(tcase, sizes_never_seen_follow_from_those_that_were);
    tcase_add_test(tcase, there_is_no_largest_size);
    tcase_add_test(tcase, in_place_too);
    tcase_add_test(tcase, under_another_policy_nothing_is_tried);
    tcase_add_test(tcase, a_fast_but_wrong_one_never_computes);
    tcase_add_test(tcase, one_wrong_element_in_a_million_is_seen);
    tcase_add_test(tcase, all_wrong_leaves_the_oracle);
    tcase_add_test(tcase, one_that_fails_is_not_chosen);
    tcase_add_test(tcase, the_program_s_own_calls_decide_among_the_close);
    tcase_add_test(tcase, one_that_fails_ends_the_duel);
    tcase_add_test(tcase, who_becomes_slow_is_left_and_who_recovers_comes_back);
    tcase_add_test(tcase, a_busy_machine_has_routes_of_its_own);
    tcase_add_test(tcase, a_load_that_slows_all_alike_moves_no_route);
    tcase_add_loop_test(tcase, a_route_changes_at_most_once_while_the_load_does_not, 0, 10);
    tcase_add_test(tcase, a_slower_one_is_left_amid_the_same_load);
    tcase_add_test(tcase, trials_cost_no_more_than_their_allowance);
    tcase_add_test(tcase, without_it_they_would);
    tcase_add_test(tcase, new_routes_forget_no_state_of_the_host);
    tcase_add_loop_test(tcase, settled_calls_take_no_lock, 0, 3);
    tcase_add_test(tcase, one_too_short_to_be_timed_is_measured_again);
    tcase_add_test(tcase, calls_in_buffers_learn_from_rehearsals);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
