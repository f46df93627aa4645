/* SPDX-License-Identifier: MIT */
/* test_arena.c - scratch memory: what is promised of its bytes, what is kept, threads, several
 * NUMA nodes (pretended), and no memory.
 *
 * The linker sends the arena's questions to the system through here.
 */
#include <check.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "detect/topology.h"
#include "memory/arena.h"
#include "os.h"

#define KB UINT64_C(1024)
#define MB (UINT64_C(1024) * 1024)

/* ---- the system ---------------------------------------------------------------- */

void *__real_vane__alloc(uint64_t bytes, uint64_t align);
void *__wrap_vane__alloc(uint64_t bytes, uint64_t align);
void *__real_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t bytes, int prot, int flags, int fd, off_t offset);
uint32_t __wrap_vane__topology_nodes(void);
uint32_t __real_vane__topology_nodes(void);
uint32_t __wrap_vane__topology_node_here(void);
uint32_t __real_vane__topology_node_here(void);
int __wrap_vane__topology_bind_here(void *p, uint64_t bytes);
int __real_vane__topology_bind_here(void *p, uint64_t bytes);

static atomic_uint chunks;               /* asked of the system */
static uint64_t most_bytes = UINT64_MAX; /* larger ones are refused */
static uint32_t refuse_next;             /* and so many of any size */
static uint32_t nodes = 1, node_here;
static uint32_t binds;
static uint64_t bound_bytes;

static int is_refused(uint64_t bytes)
{
    atomic_fetch_add(&chunks, 1);
    if (refuse_next == 0)
        return bytes > most_bytes;
    refuse_next--;
    return 1;
}

void *__wrap_vane__alloc(uint64_t bytes, uint64_t align)
{
    return is_refused(bytes) ? NULL : __real_vane__alloc(bytes, align);
}

void *__wrap_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    if (is_refused(bytes))
        return MAP_FAILED;
    return __real_mmap(at, bytes, prot, flags, fd, offset);
}

/* The same by its other name, which depends on what the C library was told of file offsets. */
void *__wrap_mmap64(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    return __wrap_mmap(at, bytes, prot, flags, fd, offset);
}

uint32_t __wrap_vane__topology_nodes(void)
{
    return nodes;
}

uint32_t __wrap_vane__topology_node_here(void)
{
    return node_here;
}

int __wrap_vane__topology_bind_here(void *p, uint64_t bytes)
{
    ck_assert_uint_eq((uintptr_t)p % 4096, 0);
    binds++;
    bound_bytes += bytes;
    return 0; /* refused: the memory must do without */
}

/* ---- helpers ------------------------------------------------------------------- */

static vane__arenas *all_open(uint64_t limit)
{
    vane__arenas *all = NULL;
    ck_assert(vane__arenas_open(limit, &all));
    return all;
}

static char *take(vane__arena *a, uint64_t bytes, uint64_t align)
{
    char *p = vane__arena_alloc(a, bytes, align);
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq((uintptr_t)p % 64, 0);
    if (align)
        ck_assert_uint_eq((uintptr_t)p % align, 0);
    return p;
}

static void expect_count(vane__arenas *all, uint64_t used, uint64_t cached)
{
    uint64_t is_used, is_cached, peak;
    vane__arenas_count(all, &is_used, &is_cached, &peak);
    ck_assert_uint_eq(is_used, used);
    ck_assert_uint_eq(is_cached, cached);
    ck_assert_uint_ge(peak, used);
}

static uint64_t cached_now(vane__arenas *all)
{
    uint64_t used, cached, peak;
    vane__arenas_count(all, &used, &cached, &peak);
    return cached;
}

static void call_of(vane__arenas *all, uint64_t bytes)
{
    vane__arena *a = vane__arena_borrow(all);
    ck_assert_ptr_nonnull(a);
    take(a, bytes, 64)[bytes - 1] = 1;
    vane__arena_return(a);
}

/* ---- bytes --------------------------------------------------------------------- */

/* Pieces of all sizes and alignments hold what was written to them until the return. */
START_TEST(pieces_do_not_overlap)
{
    vane__arenas *all = all_open(0);
    for (int round = 0; round < 20; round++) {
        char *piece[200];
        uint64_t bytes[200];
        vane__arena *a = vane__arena_borrow(all);
        for (uint32_t i = 0; i < 200; i++) {
            bytes[i] = (i * 7919u + (uint32_t)round * 131u) % (i % 50 == 0 ? 3 * MB : 5000);
            piece[i] = take(a, bytes[i], i % 7 ? UINT64_C(1) << i % 14 : 0);
            memset(piece[i], (int)i, bytes[i]);
        }
        for (uint32_t i = 0; i < 200; i++)
            for (uint64_t k = 0; k < bytes[i]; k += 61)
                ck_assert_int_eq((unsigned char)piece[i][k], (unsigned char)i);
        vane__arena_return(a);
    }
    vane__arenas_close(all);
}
END_TEST

START_TEST(odd_asks)
{
    vane__arenas *all = all_open(0);
    vane__arena *a = vane__arena_borrow(all);
    char *p = take(a, 0, 0), *q = take(a, 0, 64);
    ck_assert_ptr_ne(p, q);
    take(a, 100, 2 * MB);
    ck_assert_ptr_null(vane__arena_alloc(a, 100, 96)); /* no power of two */
    ck_assert_ptr_null(vane__arena_alloc(a, UINT64_MAX, 64));
    ck_assert_ptr_null(vane__arena_alloc(a, UINT64_MAX - 100, 64));
    ck_assert_ptr_null(vane__arena_alloc(a, 1, UINT64_C(1) << 63));
    ck_assert_ptr_null(vane__arena_alloc(a, UINT64_C(1) << 60, 64));
    take(a, 100, 64);
    vane__arena_return(a);
    vane__arena_return(NULL);
    vane__arenas_close(all);
    vane__arenas_close(NULL);
}
END_TEST

/* ---- what is kept -------------------------------------------------------------- */

START_TEST(the_second_call_finds_its_memory)
{
    static const uint64_t sizes[] = {100, 70 * KB, 300 * KB, 5 * MB};
    vane__arenas *all = all_open(0);
    for (int round = 0; round < 100; round++) {
        vane__arena *a = vane__arena_borrow(all);
        for (uint32_t i = 0; i < 4; i++)
            take(a, sizes[i], UINT64_C(64) << 2 * i);
        vane__arena_return(a);
        if (round == 0) { /* it took several: they went, and their sum is remembered */
            ck_assert_uint_gt(atomic_load(&chunks), 1);
            expect_count(all, 0, 0);
            atomic_store(&chunks, 0);
        }
    }
    ck_assert_uint_eq(atomic_load(&chunks), 1);
    ck_assert_uint_gt(cached_now(all), 5 * MB);
    ck_assert_uint_lt(cached_now(all), 6 * MB);
    uint64_t cached = cached_now(all);
    ck_assert_uint_eq(vane__arenas_trim(all), cached);
    ck_assert_uint_eq(vane__arenas_trim(all), 0);
    expect_count(all, 0, 0);
    vane__arenas_close(all);
}
END_TEST

START_TEST(the_mark_sinks)
{
    vane__arenas *all = all_open(0);
    call_of(all, 20 * MB);
    for (int i = 0; i < 10; i++)
        call_of(all, 1000);
    ck_assert_uint_ge(cached_now(all), 20 * MB); /* it may come again */
    for (int i = 0; i < 300; i++)
        call_of(all, 1000);
    ck_assert_uint_lt(cached_now(all), 5 * MB);
    vane__arenas_close(all);
}
END_TEST

START_TEST(idle_ones_keep_the_limit)
{
    vane__arenas *all = all_open(8 * MB);
    vane__arena *a[4];
    uint64_t used, cached, peak;
    for (int i = 0; i < 4; i++) {
        a[i] = vane__arena_borrow(all);
        take(a[i], 3 * MB, 64);
    }
    vane__arenas_count(all, &used, &cached, &peak);
    ck_assert_uint_ge(used, 12 * MB);
    ck_assert_uint_eq(cached, 0);
    for (int i = 0; i < 4; i++) {
        vane__arena_return(a[i]);
        ck_assert_uint_le(cached_now(all), 8 * MB);
    }
    ck_assert_uint_ge(cached_now(all), 6 * MB);
    atomic_store(&chunks, 0);
    call_of(all, 3 * MB); /* the last that was returned is the first to go out */
    ck_assert_uint_eq(atomic_load(&chunks), 0);
    call_of(all, 9 * MB); /* too much to keep */
    ck_assert_uint_le(cached_now(all), 8 * MB);
    vane__arenas_count(all, &used, &cached, &peak);
    ck_assert_uint_ge(peak, 12 * MB);
    vane__arenas_close(all);
}
END_TEST

/* ---- no memory ----------------------------------------------------------------- */

START_TEST(idle_memory_goes_before_an_ask_fails)
{
    vane__arenas *all = all_open(0);
    vane__arena *a = vane__arena_borrow(all), *b = vane__arena_borrow(all);
    take(b, 10 * MB, 64);
    vane__arena_return(b);
    ck_assert_uint_ge(cached_now(all), 10 * MB);
    refuse_next = 1;
    char *p = take(a, 2 * MB, 64);
    ck_assert_uint_eq(cached_now(all), 0);
    memset(p, 1, 2 * MB);
    most_bytes = 0;
    ck_assert_ptr_null(vane__arena_alloc(a, 2 * MB, 64));
    most_bytes = UINT64_MAX;
    take(a, 2 * MB, 64);
    ck_assert_int_eq(p[2 * MB - 1], 1);
    vane__arena_return(a);
    vane__arenas_close(all);
}
END_TEST

/* A chunk as large as the last call wished is worth less than the call that is there. */
START_TEST(what_is_needed_does)
{
    vane__arenas *all = all_open(0);
    call_of(all, 10 * MB);
    vane__arenas_trim(all);
    most_bytes = 100 * KB;
    call_of(all, 50 * KB);
    call_of(all, 90 * KB);
    vane__arena *a = vane__arena_borrow(all);
    for (int i = 0; i < 40; i++)
        take(a, 50 * KB, 64);
    vane__arena_return(a);
    vane__arenas_close(all);
}
END_TEST

/* ---- several nodes ------------------------------------------------------------- */

START_TEST(chunks_are_bound_where_there_are_nodes)
{
    vane__arenas *all = all_open(0);
    call_of(all, 1000);
    ck_assert_uint_eq(binds, 0);
    vane__arenas_trim(all);
    nodes = 2;
    call_of(all, 1000);
    call_of(all, 1000);
    ck_assert_uint_eq(binds, 1);
    ck_assert_uint_eq(bound_bytes, cached_now(all));
    ck_assert_uint_eq(bound_bytes % 4096, 0);
    call_of(all, 5 * MB);
    ck_assert_uint_eq(binds, 2);
    vane__arenas_close(all);
}
END_TEST

START_TEST(memory_stays_with_its_node)
{
    vane__arenas *all = all_open(0);
    nodes = 2;
    for (int i = 0; i < 10; i++) { /* a thread that wanders */
        node_here = (uint32_t)i % 2;
        call_of(all, 1000);
    }
    ck_assert_uint_eq(binds, 2);
    node_here = 2; /* nothing is idle there, until what is elsewhere has gone */
    call_of(all, 1000);
    ck_assert_uint_eq(binds, 3);
    vane__arenas_trim(all);
    call_of(all, 1000);
    call_of(all, 1000);
    ck_assert_uint_eq(binds, 4);
    vane__arenas_close(all);
}
END_TEST

START_TEST(lists_of_nodes)
{
    static const struct {
        const char *text;
        uint32_t nodes;
    } lists[] = {{"0", 1},      {"0\n", 1}, {"0-1\n", 2}, {"0-3,8-9", 6}, {"0,2\n", 2}, {"", 1},
                 {"what\n", 1}, {"1", 1},   {"3-1", 1},   {"0-", 1},      {"0,", 1}};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        ck_assert_msg(vane__topology_nodes_in(lists[i].text) == lists[i].nodes, "%s",
                      lists[i].text);
}
END_TEST

/* The node that a touched page is on, or -1. */
static int node_of(void *page)
{
    int node = -1;
    long rc = syscall(SYS_move_pages, 0, 1UL, &page, NULL, &node, 0);
    return rc == 0 ? node : -1;
}

/* Whether it can be bound is the machine's affair; that it is memory, of the right node, is not. */
START_TEST(binding_for_real)
{
    unsigned node = UINT_MAX, cpu;
    ck_assert_int_eq(getcpu(&cpu, &node), 0);
    if (__real_vane__topology_nodes() == 1) /* else the thread may have moved */
        ck_assert_uint_eq(__real_vane__topology_node_here(), node);
    ck_assert_uint_ge(__real_vane__topology_nodes(), 1);
    for (int i = 0; i < 2; i++) {
        char *p = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(p, MAP_FAILED);
        const int is_bound = __real_vane__topology_bind_here(p, MB);
        for (size_t k = 0; k < MB; k += 4096)
            p[k] = (char)(k / 4096 + (size_t)i);
        for (size_t k = 0; k < MB; k += 4096)
            ck_assert_int_eq(p[k], (char)(k / 4096 + (size_t)i));
        if (is_bound && __real_vane__topology_nodes() == 1 && node_of(p) >= 0)
            ck_assert_int_eq(node_of(p + MB / 2), (int)node);
        printf("binding: %s\n", is_bound ? "done" : "not here");
        munmap(p, MB);
    }
}
END_TEST

/* ---- threads ------------------------------------------------------------------- */

static void *borrower(void *arg)
{
    vane__arenas *all = arg;
    for (uint32_t i = 0; i < 500; i++) {
        vane__arena *a = vane__arena_borrow(all);
        ck_assert_ptr_nonnull(a);
        for (uint32_t k = 1; k < 6; k++) {
            uint64_t bytes = (i * k * 977u) % (200 * KB) + 1;
            char *p = take(a, bytes, 64);
            p[0] = p[bytes - 1] = (char)k;
        }
        vane__arena_return(a);
        if (i % 100 == 0)
            vane__arenas_trim(all);
    }
    return NULL;
}

START_TEST(threads_borrow)
{
    vane__arenas *all = all_open(1 * MB);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, borrower, all), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    uint64_t used, cached, peak;
    vane__arenas_count(all, &used, &cached, &peak);
    ck_assert_uint_eq(used, 0);
    ck_assert_uint_gt(cached,
                      0); /* the last of each thread's is kept, as far as the limit allows */
    ck_assert_uint_le(cached, 1 * MB);
    ck_assert_uint_ge(peak, 200 * KB); /* one call's largest piece alone is nearly so much */
    ck_assert_uint_eq(vane__arenas_trim(all), cached);
    expect_count(all, 0, 0);
    vane__arenas_close(all);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("arena");
    TCase *t = tcase_create("core");
    tcase_add_test(t, pieces_do_not_overlap);
    tcase_add_test(t, odd_asks);
    tcase_add_test(t, the_second_call_finds_its_memory);
    tcase_add_test(t, the_mark_sinks);
    tcase_add_test(t, idle_ones_keep_the_limit);
    tcase_add_test(t, idle_memory_goes_before_an_ask_fails);
    tcase_add_test(t, what_is_needed_does);
    tcase_add_test(t, chunks_are_bound_where_there_are_nodes);
    tcase_add_test(t, memory_stays_with_its_node);
    tcase_add_test(t, lists_of_nodes);
    tcase_add_test(t, binding_for_real);
    tcase_add_test(t, threads_borrow);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
