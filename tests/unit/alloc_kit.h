/* SPDX-License-Identifier: MIT */
/* alloc_kit.h - every allocation fails in turn: the first, the second, and so on until a scenario
 * meets none that fails. Each time: a status with a sentence, or right results; nothing is lost;
 * and the same scenario on the same context works right after.
 *
 * The linker sends malloc and its like (and pthread_create) here; the toy's memory fails by
 * itself.
 */
#ifndef ALLOC_KIT_H
#define ALLOC_KIT_H

#include <errno.h>
#include <sys/mman.h>

#include "toy_kit.h"

enum { N = 64, MANY = 75000, MOST = 5000 };

/* ---- the allocator that fails ------------------------------------------------------ */

static atomic_long left; /* the how-manyth from now fails; below 1: none */
static atomic_int for_good, fired;

static inline int fails(void)
{
    if (atomic_load(&left) <= 0)
        return atomic_load(&for_good) && atomic_load(&fired);
    if (atomic_fetch_sub(&left, 1) != 1)
        return 0;
    atomic_store(&fired, 1);
    return 1;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
int __real_posix_memalign(void **out, size_t align, size_t n);
char *__real_strdup(const char *s);
void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset);
void *__real_mmap64(void *at, size_t n, int prot, int flags, int fd, off_t offset);
int __real_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
int __wrap_posix_memalign(void **out, size_t align, size_t n);
char *__wrap_strdup(const char *s);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t n, int prot, int flags, int fd, off_t offset);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg);

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    return fails() ? NULL : __real_aligned_alloc(align, n);
}

int __wrap_posix_memalign(void **out, size_t align, size_t n)
{
    return fails() ? ENOMEM : __real_posix_memalign(out, align, n);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(at, n, prot, flags, fd, offset);
}

void *__wrap_mmap64(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap64(at, n, prot, flags, fd, offset);
}

int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*fn)(void *),
                          void *arg)
{
    return fails() ? EAGAIN : __real_pthread_create(out, attr, fn, arg);
}

/* ---- one scenario, again and again ------------------------------------------------- */

static vane_context *ctx;
static int refused; /* calls that failed in this run */
static int told;    /* runs in which a call failed */

static char complaint[500];

/* The check library allocates too: what is wrong is told after the run. */
static inline void right(int is_right, const char *what)
{
    if (!is_right && complaint[0] == '\0')
        snprintf(complaint, sizeof complaint, "%s is wrong (last: %s)", what,
                 vane_last_error()->message);
}

/* VANE_OK; or it is counted, and there is a sentence for it. */
static inline int good(vane_status st)
{
    if (st == VANE_OK)
        return 1;
    right(vane_last_error()->status == st && vane_last_error()->message[0] != '\0',
          vane_status_name(st));
    refused++;
    return 0;
}

static inline void run_whole(void (*scenario)(void), const char *when, long k)
{
    refused = 0;
    complaint[0] = '\0';
    scenario();
    ck_assert_msg(complaint[0] == '\0', "%s %ld: %s", when, k, complaint);
    ck_assert_msg(refused == 0, "%s %ld: %d calls failed: %s", when, k, refused,
                  vane_last_error()->message);
}

/* Where nothing failed, nothing was tried. */
static inline void end_of(const char *what, long met, int must_tell)
{
    ck_assert_msg(met > 0, "the scenario makes no %s", what);
    ck_assert_msg(told > 0 || !must_tell, "%ld %s failed, and no call did", met, what);
}

static inline void each_host_allocation(void (*scenario)(void), int all_later_too)
{
    run_whole(scenario, "before", 0);
    told = 0;
    for (long k = 1; k < MOST; k++) {
        refused = 0;
        atomic_store(&for_good, all_later_too);
        atomic_store(&fired, 0);
        atomic_store(&left, k);
        scenario();
        int met = atomic_load(&fired);
        atomic_store(&left, 0);
        atomic_store(&fired, 0);
        ck_assert_msg(complaint[0] == '\0', "allocation %ld: %s", k, complaint);
        ck_assert_msg(ctx == NULL || toy.events == 0, "allocation %ld: %d events left", k,
                      toy.events);
        told += refused > 0;
        run_whole(scenario, "after allocation", k);
        if (!met) {
            end_of("allocations", k - 1, 1);
            return;
        }
    }
    ck_abort_msg("there is no end to its allocations");
}

/* One that fails alone is asked for again, after a trim; when all later ones fail too, only a call
 * that may go elsewhere (may_move) has a result. */
static inline void each_device_allocation(void (*scenario)(void), int all_later_too, int may_move)
{
    run_whole(scenario, "before", 0);
    told = 0;
    for (int k = 1; k < MOST; k++) {
        refused = 0;
        GOOD(ctx != NULL ? vane_memory_trim(ctx) : VANE_OK); /* or the pool asks for nothing */
        toy.fail_later = all_later_too;
        toy.fail_alloc = k;
        scenario();
        int met = toy.fail_alloc <= 0;
        toy.fail_alloc = 0;
        ck_assert_msg(complaint[0] == '\0', "device allocation %d: %s", k, complaint);
        ck_assert_msg(toy.events == 0, "device allocation %d: %d events left", k, toy.events);
        told += refused > 0;
        run_whole(scenario, "after device allocation", k);
        if (!met) {
            end_of("device allocations", k - 1, all_later_too && !may_move);
            return;
        }
    }
    ck_abort_msg("there is no end to its device allocations");
}

/* ---- what scenarios are made of
 * --------------------------------------------------------------------- */

static inline int fill(vane_buffer *out, uint32_t n, float x)
{
    static float numbers[MANY * 4];
    out->id = 0;
    for (uint32_t i = 0; i < n; i++)
        numbers[i] = x;
    return good(vane_buffer_open(ctx, n * sizeof x, "scenario", out)) &&
           good(vane_buffer_write(ctx, *out, 0, numbers, n * sizeof x));
}

static inline void drop(vane_buffer b)
{
    if (b.id != 0)
        good(vane_buffer_close(ctx, b));
}

static inline int expect(vane_buffer b, uint32_t i, float x)
{
    float got = -777;
    if (!good(vane_buffer_read(ctx, b, i * sizeof got, &got, sizeof got)))
        return 0;
    right(got == x, "what was read");
    return 1;
}

#endif
