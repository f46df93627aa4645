/* SPDX-License-Identifier: MIT */
/* test_routes.c - routes that are made anew: by whoever changed something, at once, while calls
 * go on; and by calls, where something failed. */
#include "context.h"
#include "dispatch/dispatch.h"
#include "dispatch/site.h"
#include "kit.h"
#include "policy/learn.h"

static vane_context *ctx;
static kit alpha, beta;
static int64_t n = 8;
static float a[8], out[8];
static int calls_from_inside; /* made while candidates are listed */

static void add(void)
{
    vane_tensor ta = vane_tensor_of(a, VANE_F32, 1, &n), to = vane_tensor_of(out, VANE_F32, 1, &n);
    GOOD(vane_add(ctx, &ta, &ta, &to));
    ck_assert_float_eq(out[7], 2 * a[7]);
}

static const vane__route *route_now(void)
{
    vane_tensor ta = vane_tensor_of(a, VANE_F32, 1, &n), to = vane_tensor_of(out, VANE_F32, 1, &n);
    const vane_tensor *in[] = {&ta, &ta};
    vane_tensor *outs[] = {&to};
    vane__request rq;
    vane__prepared p;
    GOOD(vane__request_make(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &rq));
    GOOD(vane__call_prepare(&rq, &p));
    return vane__route_ready(ctx, &p);
}

/* Listing asks for kernels under the control lock: a call that wanted it would not return. */
static const vane_kernel *kernel_and_calls(vane_device *d, uint32_t op, const char *name,
                                           uint32_t dtype)
{
    if (calls_from_inside > 0) {
        float kept = out[7];
        for (; calls_from_inside > 0; calls_from_inside--)
            add();
        out[7] = kept;
    }
    return kit_kernel(d, op, name, dtype);
}

static void setup(void)
{
    static vane_backend_vt curious;
    vane_config config = kit_config();
    config.policy = "fixed";
    config.cache = "0";
    config.threads = 2;
    for (int i = 0; i < 8; i++)
        a[i] = (float)i;
    curious = kit_table;
    curious.kernel = kernel_and_calls;
    alpha = kit_of("alpha", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    beta = kit_of("beta", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    alpha.entry.vt = &curious;
    GOOD(vane_open(&config, &ctx));
    kit_add(ctx, &alpha);
    GOOD(vane_set_priority(ctx, "alpha"));
    add();
    ck_assert_uint_eq(atomic_load(&alpha.runs), 1);
}

static void teardown(void)
{
    vane_close(ctx);
}

/* ---- who changes something makes them --------------------------------------------------- */

static void change(int which)
{
    switch (which) {
    case 0:
        GOOD(vane_set_threads(ctx, 1));
        break;
    case 1:
        GOOD(vane_set_priority(ctx, "scalar"));
        break;
    case 2:
        GOOD(vane_set_policy(ctx, "heuristic"));
        break;
    default:
        kit_add(ctx, &beta);
    }
}

START_TEST(a_change_makes_them_before_it_returns)
{
    uint32_t version = vane__routes_version(ctx);
    change(_i);
    const vane__route *route = route_now();
    ck_assert_uint_ne(vane__routes_version(ctx), version);
    ck_assert_ptr_nonnull(route);
    ck_assert_uint_eq(route->site->version, vane__routes_version(ctx));
    ck_assert_str_eq(route->runner.device->backend->entry->name, _i == 1 ? "scalar" : "alpha");
    pthread_mutex_lock(&ctx->routes->lock); /* the next calls make nothing */
    pthread_mutex_lock(&ctx->control);
    for (int i = 0; i < 1000; i++)
        add();
    pthread_mutex_unlock(&ctx->control);
    pthread_mutex_unlock(&ctx->routes->lock);
}
END_TEST

START_TEST(calls_go_on_meanwhile)
{
    uint32_t before = atomic_load(&alpha.runs);
    calls_from_inside = 1000;
    change(_i);
    ck_assert_int_eq(calls_from_inside, 0);
    ck_assert_uint_eq(atomic_load(&alpha.runs) - before, 1000);
}
END_TEST

START_TEST(what_nobody_can_any_more_says_so)
{
    vane_tensor ta = vane_tensor_of(a, VANE_F32, 1, &n), to = vane_tensor_of(out, VANE_F32, 1, &n);
    char nobody[] = "nobody", *everybody = ctx->settings.backend;
    ctx->settings.backend = nobody;
    vane__routes_refresh(ctx);
    ck_assert_ptr_null(route_now());
    ck_assert_int_eq(vane_add(ctx, &ta, &ta, &to), VANE_E_UNSUPPORTED);
    ctx->settings.backend = everybody;
}
END_TEST

/* ---- calls make them ------------------------------------------------------------ */

START_TEST(what_still_serves_is_listed_anew_soon)
{
    vane__routes_renew(ctx);
    ck_assert_ptr_null(route_now());
    for (int i = 0; i < 2 * (int)VANE__SHARES; i++)
        add();
    ck_assert_uint_eq(atomic_load(&alpha.runs), 1 + 2 * VANE__SHARES);
    ck_assert_ptr_nonnull(route_now());
}
END_TEST

START_TEST(what_does_not_serve_is_left_at_once)
{
    alpha.mode = KIT_DIES;
    add(); /* elsewhere, after alpha failed */
    uint32_t tried = atomic_load(&alpha.runs);
    for (int i = 0; i < 1000; i++)
        add();
    ck_assert_uint_eq(atomic_load(&alpha.runs), tried);
    ck_assert_str_ne(route_now()->runner.device->backend->entry->name, "alpha");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("routes");
    TCase *tcase = tcase_create("routes");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_change_makes_them_before_it_returns, 0, 4);
    tcase_add_loop_test(tcase, calls_go_on_meanwhile, 0, 4);
    tcase_add_test(tcase, what_nobody_can_any_more_says_so);
    tcase_add_test(tcase, what_still_serves_is_listed_anew_soon);
    tcase_add_test(tcase, what_does_not_serve_is_left_at_once);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
