/* SPDX-License-Identifier: MIT */
/* test_probe_memory.c - every allocation of a probe fails in turn: that says nothing of who was to
 * be probed, and the next probe brings him back. */
#include <errno.h>

#include "learn_kit.h"
#include "plugin/breaker.h"

static _Thread_local long left;  /* the how-manyth from now fails, 0 none */
static _Thread_local int counts; /* only the library's: the check library allocates too */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
int __real_posix_memalign(void **out, size_t align, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
int __wrap_posix_memalign(void **out, size_t align, size_t n);

static int fails(void)
{
    return counts && left > 0 && --left == 0;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}
void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}
int __wrap_posix_memalign(void **out, size_t align, size_t n)
{
    return fails() ? ENOMEM : __real_posix_memalign(out, align, n);
}

enum { N = 5000 };

static float a[N], sum[N];

static void add(void)
{
    vane_tensor ta = TENSOR(a, VANE_F32, N), ts = TENSOR(sum, VANE_F32, N);
    counts = 1;
    vane_status st = vane_add(ctx, &ta, &ta, &ts);
    counts = 0;
    ck_assert_msg(st == VANE_OK, "%s", vane_last_error()->message);
}

static uint32_t index_of_beta(void)
{
    const vane__slate *s = &atomic_load(&ctx->routes->sites)->slate;
    uint32_t i = 0;
    while (i < s->count && strcmp(s->candidates[i].backend, "beta") != 0)
        i++;
    ck_assert_uint_lt(i, s->count);
    return i;
}

/* It fails until it is left alone, and then works again, after the longest pause that there is. */
static void fall_and_rest(vane__breaker *b)
{
    beta.mode = KIT_IS_SILENT;
    for (int i = 0; i < 2000 && vane__breaker_closed(b); i++)
        add();
    ck_assert(!vane__breaker_closed(b));
    beta.mode = KIT_WORKS;
    atomic_fetch_add(&kit_time, UINT64_C(100000000000));
}

static void probe_again(const vane__breaker *b)
{
    for (int i = 0; i < 100 && !vane__breaker_closed(b); i++) {
        atomic_fetch_add(&kit_time, 100000000u);
        for (int k = 0; k < 20; k++)
            add();
    }
    ck_assert(vane__breaker_closed(b));
}

START_TEST(no_memory_for_a_probe_is_nobodys_failure)
{
    int met = 1, k = 0;
    alpha.takes_ns = 40000;
    beta.takes_ns = 30000;
    open_both();
    add_often(N, 60, 0);
    ck_assert_str_eq(explained(N), "beta");
    vane__breaker *b = &atomic_load(&ctx->routes->sites)->entries[index_of_beta()]->breaker;
    while (met) {
        fall_and_rest(b);
        uint32_t opened = atomic_load(&b->opened), ran = runs(&beta);
        left = ++k;
        for (int i = 0; i < 300 && left > 0 && runs(&beta) == ran; i++)
            add();
        met = left == 0;
        left = 0;
        ck_assert_uint_eq(atomic_load(&b->opened), opened);
        probe_again(b);
    }
    ck_assert_int_gt(k, 3);
}
END_TEST

/* Nor does it say that a device does not work; a call will. */
START_TEST(no_memory_for_a_rehearsal_is_nobodys_failure)
{
    vane_tensor ta = TENSOR(a, VANE_F32, N), ts = TENSOR(sum, VANE_F32, N);
    const vane_tensor *const in[] = {&ta, &ta};
    vane_tensor *const out[] = {&ts};
    vane__request rq;
    vane__prepared call;
    int met = 1, k = 0;
    open_both();
    add_often(N, 20, 0);
    GOOD(vane__request_make(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &rq));
    GOOD(vane__call_prepare(&rq, &call));
    const vane__site *site = atomic_load(&ctx->routes->sites);
    const vane__runner *r = &site->slate.runners[index_of_beta()];
    for (; met; k++) {
        left = k + 1;
        counts = 1;
        int works = vane__rehearse_works(ctx, &call, r);
        counts = 0;
        met = left == 0;
        left = 0;
        ck_assert_int_eq(works, 1);
    }
    ck_assert_int_gt(k, 3);
    beta.mode = KIT_IS_SILENT;
    ck_assert_int_eq(vane__rehearse_works(ctx, &call, r), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_memory");
    TCase *tcase = tcase_create("probe_memory");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, no_memory_for_a_probe_is_nobodys_failure);
    tcase_add_test(tcase, no_memory_for_a_rehearsal_is_nobodys_failure);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
