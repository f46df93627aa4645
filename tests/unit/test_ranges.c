/* SPDX-License-Identifier: MIT */
/* test_ranges.c - sets of intervals against a plain map of bytes, with memory and without.
 *
 * The linker sends every malloc and realloc through here (a compiler may make one of the other).
 * A starved set gets nothing; the check library goes on getting what it asks for.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "memory/ranges.h"

#define SIZE 96u

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_realloc(void *p, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);

static int is_starved; /* the set, while the test says so */
static int is_refused; /* any allocation, while the set is at work */
static int refusals;

void *__wrap_malloc(size_t bytes)
{
    refusals += is_refused;
    return is_refused ? NULL : __real_malloc(bytes);
}

void *__wrap_realloc(void *p, size_t bytes)
{
    refusals += is_refused;
    return is_refused ? NULL : __real_realloc(p, bytes);
}

static int add(vane__ranges *r, uint64_t lo, uint64_t hi)
{
    is_refused = is_starved;
    int is_done = vane__ranges_add(r, lo, hi);
    is_refused = 0;
    return is_done;
}

static int take_away(vane__ranges *r, uint64_t lo, uint64_t hi)
{
    is_refused = is_starved;
    int is_done = vane__ranges_remove(r, lo, hi);
    is_refused = 0;
    return is_done;
}

static void drop(vane__ranges *r, uint64_t lo, uint64_t hi)
{
    is_refused = is_starved;
    vane__ranges_drop(r, lo, hi);
    is_refused = 0;
}

static int reserve(vane__ranges *r, uint32_t n)
{
    is_refused = is_starved;
    int is_done = vane__ranges_reserve(r, n);
    is_refused = 0;
    return is_done;
}

static uint32_t seed = 12345;

static uint32_t dice(uint32_t sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % sides;
}

/* ---- the model ----------------------------------------------------------------- */

static void paint(char *map, uint64_t lo, uint64_t hi, char value)
{
    for (uint64_t i = lo; i < hi; i++)
        map[i] = value;
}

static uint64_t ones(const char *map, uint64_t lo, uint64_t hi)
{
    uint64_t n = 0;
    for (uint64_t i = lo; i < hi; i++)
        n += map[i] != 0;
    return n;
}

/* Sorted, disjoint, not touching, not empty; and the same bytes as the map. */
static void expect_same(const vane__ranges *r, const char *map)
{
    char drawn[SIZE] = {0};
    ck_assert_uint_le(r->count, r->capacity);
    for (uint32_t i = 0; i < r->count; i++) {
        ck_assert_uint_lt(r->at[i].lo, r->at[i].hi);
        ck_assert_uint_le(r->at[i].hi, SIZE);
        if (i > 0)
            ck_assert_uint_gt(r->at[i].lo, r->at[i - 1].hi);
        paint(drawn, r->at[i].lo, r->at[i].hi, 1);
    }
    ck_assert_mem_eq(drawn, map, SIZE);
    ck_assert_uint_eq(vane__ranges_bytes(r), ones(map, 0, SIZE));
}

static void expect_answers(const vane__ranges *r, const char *map, uint64_t lo, uint64_t hi)
{
    uint64_t n = ones(map, lo, hi);
    ck_assert_uint_eq(vane__ranges_within(r, lo, hi), n);
    ck_assert_int_eq(vane__ranges_touch(r, lo, hi), n > 0);
    ck_assert_int_eq(vane__ranges_cover(r, lo, hi), n == hi - lo);
}

/* The walk gives every byte that have has and r has not, once, in order. */
static void expect_walk(const vane__ranges *r, const char *map, const vane__ranges *have,
                        const char *have_map, uint64_t lo, uint64_t hi)
{
    char want[SIZE] = {0}, got[SIZE] = {0};
    vane__range piece = {lo, lo};
    uint64_t before = lo;
    for (uint64_t i = lo; i < hi; i++)
        want[i] = have_map[i] && !map[i];
    while (vane__ranges_missing(r, have, piece.hi, hi, &piece)) {
        ck_assert_uint_le(before, piece.lo);
        ck_assert_uint_lt(piece.lo, piece.hi);
        ck_assert_uint_le(piece.hi, hi);
        paint(got, piece.lo, piece.hi, 1);
        before = piece.hi;
    }
    ck_assert_mem_eq(got, want, SIZE);
}

/* ---- tests --------------------------------------------------------------------- */

static void change(vane__ranges *r, char *map)
{
    uint64_t lo = dice(SIZE + 1), hi = lo + dice(dice(4) ? 8 : SIZE);
    hi = hi > SIZE ? SIZE : hi;
    uint32_t what = dice(64);
    if (what == 0) {
        vane__ranges_clear(r);
        paint(map, 0, SIZE, 0);
    } else if (what < 32) {
        ck_assert(add(r, lo, hi));
        paint(map, lo, hi, 1);
    } else if (what < 48) {
        ck_assert(take_away(r, lo, hi));
        paint(map, lo, hi, 0);
    } else {
        drop(r, lo, hi);
        paint(map, lo, hi, 0);
    }
}

START_TEST(random_changes_and_questions)
{
    vane__ranges a, b;
    char map_a[SIZE] = {0}, map_b[SIZE] = {0};
    vane__ranges_init(&a);
    vane__ranges_init(&b);
    for (int i = 0; i < 10000; i++) {
        change(&a, map_a);
        change(&b, map_b);
        uint64_t lo = dice(SIZE), hi = lo + dice(SIZE - (uint32_t)lo + 1);
        expect_same(&a, map_a);
        expect_answers(&a, map_a, lo, hi);
        expect_walk(&a, map_a, &b, map_b, lo, hi);
        expect_walk(&b, map_b, &a, map_a, 0, SIZE);
    }
    vane__ranges_free(&a);
    vane__ranges_free(&b);
}
END_TEST

START_TEST(one_interval_allocates_nothing)
{
    vane__ranges r;
    vane__ranges_init(&r);
    is_starved = 1;
    ck_assert(add(&r, 10, 20));
    ck_assert(add(&r, 20, 30)); /* they touch: one */
    ck_assert(add(&r, 0, 10));
    ck_assert(add(&r, 5, 5)); /* nothing */
    ck_assert(take_away(&r, 0, 3));
    ck_assert(take_away(&r, 29, 99));
    ck_assert_uint_eq(r.count, 1);
    ck_assert_uint_eq(r.at[0].lo, 3);
    ck_assert_uint_eq(r.at[0].hi, 29);
    ck_assert_int_eq(refusals, 0);
    vane__ranges_free(&r);
}
END_TEST

START_TEST(the_far_ends)
{
    vane__ranges r;
    vane__ranges_init(&r);
    ck_assert(add(&r, 0, UINT64_MAX));
    ck_assert(vane__ranges_cover(&r, 0, UINT64_MAX));
    ck_assert(vane__ranges_cover(&r, 7, 7));
    ck_assert(!vane__ranges_touch(&r, 7, 7));
    ck_assert_uint_eq(vane__ranges_bytes(&r), UINT64_MAX);
    ck_assert(take_away(&r, 1, UINT64_MAX - 1));
    ck_assert_uint_eq(r.count, 2);
    ck_assert_uint_eq(vane__ranges_bytes(&r), 2);
    ck_assert(vane__ranges_touch(&r, UINT64_MAX - 1, UINT64_MAX));
    ck_assert(!vane__ranges_touch(&r, 1, UINT64_MAX - 1));
    ck_assert(!vane__ranges_cover(&r, UINT64_MAX - 2, UINT64_MAX));
    vane__ranges_free(&r);
    ck_assert_uint_eq(r.count, 0);
    ck_assert(add(&r, 1, 2)); /* a freed set is an empty one */
    vane__ranges_free(&r);
}
END_TEST

START_TEST(without_memory_it_is_as_it_was)
{
    vane__ranges r;
    char map[SIZE] = {0};
    vane__ranges_init(&r);
    ck_assert(add(&r, 10, 50));
    paint(map, 10, 50, 1);
    is_starved = 1;
    ck_assert(!add(&r, 60, 70));
    expect_same(&r, map);
    ck_assert(!take_away(&r, 20, 30));
    expect_same(&r, map);
    ck_assert(!reserve(&r, 1));
    expect_same(&r, map);
    drop(&r, 20, 30); /* the shorter side goes along */
    paint(map, 10, 30, 0);
    expect_same(&r, map);
    drop(&r, 42, 48);
    paint(map, 42, 50, 0);
    expect_same(&r, map);
    ck_assert_int_eq(refusals, 5);
    is_starved = 0;
    ck_assert(add(&r, 60, 70));
    paint(map, 60, 70, 1);
    expect_same(&r, map);
    vane__ranges_free(&r);
}
END_TEST

/* n changes after a reservation of n ask for nothing, whatever they are. */
START_TEST(what_is_reserved_cannot_fail)
{
    for (int round = 0; round < 500; round++) {
        vane__ranges r;
        char map[SIZE] = {0};
        uint32_t n = 1 + dice(40);
        vane__ranges_init(&r);
        is_starved = 0;
        for (int i = 0; i < 5; i++)
            change(&r, map);
        ck_assert(reserve(&r, n));
        expect_same(&r, map);
        is_starved = 1;
        for (uint32_t i = 0; i < n; i++)
            change(&r, map);
        expect_same(&r, map);
        ck_assert_int_eq(refusals, 0);
        vane__ranges_free(&r);
    }
}
END_TEST

START_TEST(more_than_fits)
{
    vane__ranges r;
    vane__ranges_init(&r);
    ck_assert(add(&r, 1, 2));
    ck_assert(!reserve(&r, UINT32_MAX));
    ck_assert_int_eq(refusals, 0);
    ck_assert_uint_eq(vane__ranges_bytes(&r), 1);
    vane__ranges_free(&r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ranges");
    TCase *t = tcase_create("core");
    tcase_add_test(t, random_changes_and_questions);
    tcase_add_test(t, one_interval_allocates_nothing);
    tcase_add_test(t, the_far_ends);
    tcase_add_test(t, without_memory_it_is_as_it_was);
    tcase_add_test(t, what_is_reserved_cannot_fail);
    tcase_add_test(t, more_than_fits);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
