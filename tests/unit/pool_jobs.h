/* SPDX-License-Identifier: MIT */
/* pool_jobs.h - jobs for the tests of the thread pool that know what they should see. */
#ifndef TEST_POOL_JOBS_H
#define TEST_POOL_JOBS_H

#include <check.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "exec/pool.h"

/* long tests run a tenth as long under a sanitizer */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static inline uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

enum { CELLS = 5000 };

typedef struct marks { /* a job that counts what it was given */
    uint64_t n, grain;
    uint32_t width;
    atomic_uint wrong;
    _Atomic uint64_t total;
    unsigned char cell[CELLS]; /* not atomic: a sanitizer sees if two threads get one */
} marks;

static inline void mark(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    marks *m = arg;
    if (lo >= hi || hi > m->n || worker >= m->width || lo % m->grain != 0 ||
        (hi % m->grain != 0 && hi != m->n))
        atomic_fetch_add(&m->wrong, 1);
    for (uint64_t i = lo; i < hi && i < CELLS; i++)
        m->cell[i]++;
    atomic_fetch_add_explicit(&m->total, hi - lo, memory_order_relaxed);
}

/* 0: each of the n cells ran exactly once, in whole pieces, on valid workers */
static inline int run_marked(vane__pool *p, uint32_t width, uint64_t n, uint64_t grain)
{
    marks m = {.n = n, .grain = grain ? grain : 1, .width = width ? width : 1};
    vane__pool_run(p, width, mark, &m, n, grain);
    for (uint64_t i = 0; i < CELLS; i++)
        if (m.cell[i] != (i < n))
            return 1;
    return m.wrong != 0 || m.total != n;
}

static inline void nothing(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    (void)arg, (void)lo, (void)hi, (void)worker;
}

/* Ends when as many participants as arg says are inside at the same time. */
static inline void meet(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    (void)lo, (void)hi, (void)worker;
    atomic_int *missing = arg;
    atomic_fetch_sub(missing, 1);
    while (atomic_load(missing) > 0)
        sched_yield();
}

static inline void run_meeting(vane__pool *p, uint32_t width)
{
    atomic_int missing = (int)width;
    vane__pool_run(p, width, meet, &missing, width, 1);
}

static inline vane__pool *open_pool(uint32_t max)
{
    vane__pool *p = NULL;
    ck_assert_int_eq(vane__pool_open(max, &p), VANE_OK);
    ck_assert_ptr_nonnull(p);
    return p;
}

static inline void *call_often(void *pool)
{
    uint32_t seed = (uint32_t)(uintptr_t)&seed;
    uintptr_t failures = 0;
    for (int i = 0; i < (SANITIZED ? 500 : 5000); i++)
        failures +=
            (uintptr_t)run_marked(pool, 2 + next_random(&seed) % 3, next_random(&seed) % 1000, 7);
    return (void *)failures;
}

#endif
