/* SPDX-License-Identifier: MIT */
/* test_mempool.c - the cache of device memory over a driver in this program that counts, has
 * little memory and fails when told.
 *
 * Its counters are plain variables: two calls at once would break the [device] contract, and a
 * thread checker would see it.
 */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

#include "memory/pool.h"
#include "plugin/registry.h"

#define KB UINT64_C(1024)
#define MB (UINT64_C(1024) * 1024)

struct vane_mem {
    uint64_t bytes;
};

/* ---- the driver ---------------------------------------------------------------- */

static struct driver {
    uint64_t room, in_use, peak; /* bytes */
    uint32_t allocs, frees;
    uint32_t fail_from, fail_to; /* calls [from, to) of alloc, counted from 0, fail with status */
    vane_status status;
    int is_silent; /* says nothing to fail() */
    int is_empty;  /* VANE_OK, but sets nothing */
} driver;

static vane_status driver_no(vane_status status)
{
    return driver.is_silent ? status : vane__fail(status, "the driver says no");
}

static vane_status driver_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out)
{
    (void)d;
    uint32_t call = driver.allocs++;
    ck_assert_uint_eq(space, VANE_SPACE_PINNED);
    ck_assert_uint_gt(bytes, 0);
    if (call >= driver.fail_from && call < driver.fail_to)
        return driver_no(driver.status);
    if (bytes > driver.room - driver.in_use)
        return driver_no(VANE_E_NOMEM);
    if (driver.is_empty)
        return VANE_OK;
    *out = malloc(sizeof **out);
    if (*out == NULL)
        return VANE_E_NOMEM;
    (*out)->bytes = bytes;
    driver.in_use += bytes;
    driver.peak = driver.in_use > driver.peak ? driver.in_use : driver.peak;
    return VANE_OK;
}

static void driver_free(vane_device *d, vane_mem *m)
{
    (void)d;
    driver.frees++;
    driver.in_use -= m->bytes;
    free(m);
}

static vane_backend_entry entry = {.name = "fake"};
static vane__backend backend = {.entry = &entry,
                                .vt = {.mem_alloc = driver_alloc, .mem_free = driver_free}};
static vane__device device = {.backend = &backend, .index = 3, .lock = PTHREAD_MUTEX_INITIALIZER};

static vane__mempool *pool_open(uint64_t limit)
{
    vane__mempool *p = NULL;
    driver = (struct driver){.room = UINT64_MAX / 2, .status = VANE_E_NOMEM};
    vane__error_clear();
    ck_assert(vane__mempool_open(&device, VANE_SPACE_PINNED, limit, &p));
    return p;
}

/* Everything went back to the driver. */
static void pool_close(vane__mempool *p)
{
    vane__mempool_close(p);
    ck_assert_uint_eq(driver.in_use, 0);
    device.info.mem_max_alloc_bytes = 0;
}

static vane__block take(vane__mempool *p, uint64_t bytes)
{
    vane__block b;
    vane_status status = vane__mempool_alloc(p, bytes, &b);
    ck_assert_msg(status == VANE_OK, "%s", vane_last_error()->message);
    ck_assert_ptr_nonnull(b.mem);
    ck_assert_uint_ge(b.bytes, bytes);
    ck_assert_uint_eq(b.mem->bytes, b.bytes);
    return b;
}

static void put(vane__mempool *p, vane__block b)
{
    vane__mempool_free(p, &b, 1);
    ck_assert_ptr_null(b.mem);
}

static void expect_held(vane__mempool *p, uint64_t used, uint64_t cached)
{
    vane__pool_stats s;
    vane__mempool_stats(p, &s);
    ck_assert_uint_eq(s.used, used);
    ck_assert_uint_eq(s.cached, cached);
    ck_assert_uint_eq(driver.in_use, used + cached);
}

static void expect_full(vane__mempool *p, uint64_t bytes, const char *words)
{
    vane__block b = {.bytes = 1};
    ck_assert_int_eq(vane__mempool_alloc(p, bytes, &b), VANE_E_NOMEM);
    ck_assert_ptr_null(b.mem);
    ck_assert_uint_eq(b.bytes, 0);
    ck_assert_int_eq(vane_last_error()->status, VANE_E_NOMEM);
    const char *said = vane_last_error()->message;
    ck_assert_msg(strstr(said, words) && strstr(said, "fake device 3"), "%s", said);
}

/* ---- sizes --------------------------------------------------------------------- */

START_TEST(classes_waste_a_quarter_at_most)
{
    vane__mempool *p = pool_open(0);
    uint64_t before = 0;
    for (uint64_t bytes = 1; bytes <= 300 * MB; bytes += 1 + bytes / 7) {
        vane__block b = take(p, bytes);
        ck_assert_uint_ge(b.bytes, before); /* larger asks, larger blocks */
        ck_assert_uint_le(b.bytes, bytes <= 256 ? 256 : bytes + bytes / 4);
        if (bytes > 256 * MB)
            ck_assert_uint_lt(b.bytes, bytes + 2 * MB);
        before = b.bytes;
        vane__mempool_free(p, &b, 0);
    }
    pool_close(p);
}
END_TEST

START_TEST(the_edges_of_classes)
{
    static const uint64_t asked[] = {0, 256, 257, 320, 321, 513, MB + 1, 256 * MB, 256 * MB + 1};
    static const uint64_t given[] = {256, 256, 320, 320, 384, 640, MB + MB / 4, 256 * MB, 258 * MB};
    vane__mempool *p = pool_open(0);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        vane__block b = take(p, asked[i]);
        ck_assert_uint_eq(b.bytes, given[i]);
        vane__mempool_free(p, &b, 0);
    }
    pool_close(p);
}
END_TEST

/* What fits is not refused because its class does not. */
START_TEST(limits_cut_classes)
{
    vane__mempool *p = pool_open(1000);
    vane__block a = take(p, 890), b;
    expect_full(p, 101, "beyond the limit");
    b = take(p, 1);
    ck_assert_uint_eq(b.bytes, 64);
    vane__mempool_free(p, &a, 0);
    vane__mempool_free(p, &b, 0);
    a = take(p, 1000);
    ck_assert_uint_eq(a.bytes, 1000);
    vane__mempool_free(p, &a, 0);
    expect_full(p, 1001, "1001 bytes");
    expect_full(p, UINT64_MAX, "18446744073709551615 bytes");
    ck_assert_uint_eq(driver.peak, 1000);
    pool_close(p);
    p = pool_open(10); /* less than any unit */
    a = take(p, 3);
    ck_assert_uint_eq(a.bytes, 10);
    expect_full(p, 1, "beyond the limit");
    vane__mempool_free(p, &a, 1);
    pool_close(p);
    p = pool_open(0);
    driver.room = 100 * MB;
    expect_full(p, UINT64_MAX, "the driver says no");
    pool_close(p);
    device.info.mem_max_alloc_bytes = 1100;
    p = pool_open(0);
    a = take(p, 1050); /* the class is 1280 */
    ck_assert_uint_eq(a.bytes, 1100);
    put(p, a);
    a = take(p, 1030);
    ck_assert_uint_eq(driver.allocs, 1); /* and it is found again */
    put(p, a);
    pool_close(p);
}
END_TEST

/* ---- the cache ----------------------------------------------------------------- */

START_TEST(blocks_come_again)
{
    vane__mempool *p = pool_open(0);
    for (int i = 0; i < 2000; i++) {
        vane__block a = take(p, 1000), b = take(p, 5000), c = take(p, 300 * MB);
        put(p, b);
        put(p, a);
        put(p, c);
    }
    ck_assert_uint_eq(driver.allocs, 3);
    ck_assert_uint_eq(driver.frees, 0);
    vane__block a = take(p, 290 * MB); /* an eighth of waste is less than a new block */
    ck_assert_uint_eq(a.bytes, 300 * MB);
    put(p, a);
    expect_held(p, 0, 1024 + 5 * KB + 300 * MB);
    vane__block none = {0};
    vane__mempool_free(p, &none, 1); /* nothing is nothing */
    expect_held(p, 0, 1024 + 5 * KB + 300 * MB);
    ck_assert_uint_eq(vane__mempool_trim(p), 1024 + 5 * KB + 300 * MB);
    ck_assert_uint_eq(vane__mempool_trim(p), 0);
    expect_held(p, 0, 0);
    a = take(p, 1000);
    vane__mempool_free(p, &a, 0); /* not to be kept */
    ck_assert_ptr_null(a.mem);
    expect_held(p, 0, 0);
    pool_close(p);
}
END_TEST

START_TEST(the_mark_sinks)
{
    vane__mempool *p = pool_open(0);
    vane__block many[32];
    vane__pool_stats s;
    for (int i = 0; i < 32; i++)
        many[i] = take(p, MB);
    for (int i = 0; i < 32; i++)
        put(p, many[i]);
    expect_held(p, 0, 32 * MB); /* it was just needed */
    for (int i = 0; i < 200; i++)
        put(p, take(p, MB));
    expect_held(p, 0, 32 * MB);
    for (int i = 0; i < 600; i++)
        put(p, take(p, MB));
    expect_held(p, 0, MB);
    ck_assert_uint_eq(driver.frees, 31);
    vane__mempool_stats(p, &s);
    ck_assert_uint_eq(s.peak, 32 * MB);
    ck_assert_uint_ge(s.trims, 1);
    pool_close(p);
}
END_TEST

/* Three sizes, never two at a time: the peak of use has room for one of them only. */
START_TEST(sizes_that_take_turns_stay)
{
    vane__mempool *p = pool_open(0);
    for (int i = 0; i < 1000; i++) {
        put(p, take(p, MB));
        put(p, take(p, 2 * MB));
        put(p, take(p, 3 * MB));
    }
    ck_assert_uint_eq(driver.allocs, 3);
    pool_close(p);
}
END_TEST

START_TEST(sizes_that_never_come_again_go)
{
    vane__mempool *p = pool_open(0);
    for (uint64_t i = 1; i <= 100; i++)
        put(p, take(p, i * 2 * MB + 300 * MB));
    ck_assert_uint_le(driver.peak, 5 * 500 * MB);
    pool_close(p);
}
END_TEST

/* With little memory, exact sizes begin early, and any that is close will do. */
START_TEST(exact_sizes_help_each_other)
{
    vane__mempool *p = pool_open(64 * MB);
    vane__block a = take(p, 8 * MB + 400 * KB), b = take(p, 12 * MB + 100);
    ck_assert_uint_eq(a.bytes, 8 * MB + 512 * KB);
    ck_assert_uint_eq(b.bytes, 12 * MB + 512 * KB);
    put(p, a);
    put(p, b);
    a = take(p, 8 * MB - 400 * KB);
    ck_assert_uint_eq(a.bytes, 8 * MB + 512 * KB);
    ck_assert_uint_eq(driver.allocs, 2);
    put(p, a);
    pool_close(p);
}
END_TEST

/* ---- pressure ------------------------------------------------------------------ */

START_TEST(the_limit_trims_first)
{
    vane__mempool *p = pool_open(64 * MB);
    vane__pool_stats s;
    vane__block a = take(p, 4 * MB), b = take(p, 4 * MB), c = take(p, 40 * MB);
    put(p, a);
    put(p, c);
    expect_held(p, 4 * MB, 44 * MB);
    c = take(p, 18 * MB); /* 16 are free: the oldest, and no more, goes back */
    expect_held(p, 22 * MB, 40 * MB);
    a = take(p, 30 * MB);
    expect_held(p, 52 * MB, 0);
    expect_full(p, 13 * MB, "beyond the limit");
    expect_held(p, 52 * MB, 0);
    vane__mempool_stats(p, &s);
    ck_assert_uint_eq(s.limit, 64 * MB);
    ck_assert_uint_eq(s.trims, 2);
    put(p, a);
    a = take(p, 12 * MB); /* and it works again */
    put(p, a);
    put(p, b);
    put(p, c);
    ck_assert_uint_le(driver.peak, 64 * MB);
    pool_close(p);
}
END_TEST

START_TEST(a_full_driver_gets_the_cache_back)
{
    vane__mempool *p = pool_open(0);
    driver.room = 10 * MB;
    vane__block a = take(p, 4 * MB), b = take(p, 4 * MB);
    put(p, a);
    a = take(p, 6 * MB);
    expect_held(p, 10 * MB, 0);
    ck_assert_int_eq(vane_last_error()->status, VANE_OK); /* nobody heard of the first no */
    expect_full(p, 1000, "the driver says no");
    put(p, a);
    put(p, b);
    vane__mempool_trim(p);
    driver.room = 9 * MB + 100;
    a = take(p, 9 * MB); /* its class, 10, does not fit; it does */
    ck_assert_uint_eq(a.bytes, 9 * MB);
    put(p, a);
    pool_close(p);
}
END_TEST

/* Every allocation fails in turn, once and for good: a status, no leak, right results after. */
START_TEST(each_call_fails_in_turn)
{
    for (uint32_t k = 0; k < 40; k++) {
        vane__mempool *p = pool_open(0);
        vane__block b[20] = {{0}};
        driver.fail_from = k / 2;
        driver.fail_to = k % 2 ? UINT32_MAX : k / 2 + 1;
        uint32_t failed = 0;
        for (uint32_t i = 0; i < 20; i++)
            failed += vane__mempool_alloc(p, (i + 1) * 1000, &b[i]) != VANE_OK;
        ck_assert_uint_eq(failed, k % 2 ? 20 - k / 2 : 0); /* once is repaired by the second try */
        driver.fail_to = 0;
        for (uint32_t i = 0; i < 20; i++) {
            if (b[i].mem == NULL)
                b[i] = take(p, (i + 1) * 1000);
            ck_assert_uint_ge(b[i].mem->bytes, (i + 1) * 1000);
        }
        for (uint32_t i = 0; i < 20; i++)
            put(p, b[i]);
        expect_held(p, 0, driver.in_use);
        pool_close(p);
    }
}
END_TEST

START_TEST(other_failures_keep_their_words)
{
    vane__mempool *p = pool_open(0);
    vane__block b;
    put(p, take(p, MB));
    driver.fail_from = 1;
    driver.fail_to = UINT32_MAX;
    driver.status = VANE_E_DEVICE_LOST;
    ck_assert_int_eq(vane__mempool_alloc(p, 5 * MB, &b), VANE_E_DEVICE_LOST);
    ck_assert_str_eq(vane_last_error()->message, "the driver says no");
    ck_assert_uint_eq(driver.allocs, 2); /* no second try */
    expect_held(p, 0, MB);
    driver.is_silent = 1;
    ck_assert_int_eq(vane__mempool_alloc(p, 5 * MB, &b), VANE_E_DEVICE_LOST);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "mem_alloc failed"));
    driver.status = VANE_E_NOMEM;
    expect_full(p, 5 * MB, "mem_alloc failed: out of memory");
    driver.fail_to = 0;
    driver.is_empty = 1;
    ck_assert_int_eq(vane__mempool_alloc(p, 5 * MB, &b), VANE_E_INTERNAL);
    ck_assert_ptr_null(b.mem);
    expect_held(p, 0, 0);
    pool_close(p);
}
END_TEST

static vane_status say_number(vane_status status, int64_t number, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    status = vane__fail_backend("fake", status, number, fmt, args);
    va_end(args);
    return status;
}

static vane_status fail_with_number(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out)
{
    (void)d, (void)space, (void)bytes, (void)out;
    return say_number(VANE_E_NOMEM, -4, "out of %s", "it");
}

START_TEST(the_drivers_number_stays)
{
    vane__mempool *p = pool_open(0);
    vane__block b;
    backend.vt.mem_alloc = fail_with_number;
    ck_assert_int_eq(vane__mempool_alloc(p, 7, &b), VANE_E_NOMEM);
    backend.vt.mem_alloc = driver_alloc;
    ck_assert_int_eq(vane_last_error()->native_code, -4);
    ck_assert_str_eq(vane_last_error()->backend, "fake");
    pool_close(p);
}
END_TEST

/* ---- threads ------------------------------------------------------------------- */

static void *churn(void *arg)
{
    vane__mempool *p = arg;
    static _Atomic uint32_t seeds;
    uint32_t seed = 77 + atomic_fetch_add(&seeds, 1);
    vane__block held[8] = {{0}};
    for (int i = 0; i < 3000; i++) {
        seed = seed * 1664525u + 1013904223u;
        vane__block *b = &held[seed >> 28 & 7];
        vane__mempool_free(p, b, (seed & 0xf00) != 0);
        vane_status status = vane__mempool_alloc(p, (seed >> 8) % (200 * KB), b);
        ck_assert(status == VANE_OK || status == VANE_E_NOMEM);
        if (i % 500 == 0)
            vane__mempool_trim(p);
    }
    for (int i = 0; i < 8; i++)
        vane__mempool_free(p, &held[i], 1);
    return NULL;
}

/* They ask for more than there is; nothing is held beyond it, and nothing is lost. */
START_TEST(threads_share_it)
{
    vane__mempool *p = pool_open(3 * MB);
    vane__pool_stats s;
    pthread_t threads[4];
    driver.room = 3 * MB;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, p), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    vane__mempool_stats(p, &s);
    expect_held(p, 0, s.cached);
    ck_assert_uint_le(driver.peak, 3 * MB);
    vane__mempool_lock(p);
    vane__mempool_unlock(p);
    pool_close(p);
    ck_assert_uint_gt(driver.frees, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mempool");
    TCase *t = tcase_create("core");
    tcase_add_test(t, classes_waste_a_quarter_at_most);
    tcase_add_test(t, the_edges_of_classes);
    tcase_add_test(t, limits_cut_classes);
    tcase_add_test(t, blocks_come_again);
    tcase_add_test(t, the_mark_sinks);
    tcase_add_test(t, sizes_that_take_turns_stay);
    tcase_add_test(t, sizes_that_never_come_again_go);
    tcase_add_test(t, exact_sizes_help_each_other);
    tcase_add_test(t, the_limit_trims_first);
    tcase_add_test(t, a_full_driver_gets_the_cache_back);
    tcase_add_test(t, each_call_fails_in_turn);
    tcase_add_test(t, other_failures_keep_their_words);
    tcase_add_test(t, the_drivers_number_stays);
    tcase_add_test(t, threads_share_it);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
