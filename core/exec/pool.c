/* SPDX-License-Identifier: MIT */
/* pool.c - one job at a time: offer it to the workers, take part in it, recall it.
 *
 * The caller never waits for a worker that has not entered: it takes that offer back. It
 * waits for those inside, polling at first, then yielding its CPU, then asleep.
 */
#include "exec/pool.h"

#include <sched.h>

#include "error.h"
#include "exec/crew.h"
#include "exec/fork.h"
#include "exec/job.h"
#include "exec/spin.h"
#include "os.h"
#include "settings.h"

#define VANE__POOL_CAPACITY ((uint32_t)VANE__MAX_THREADS) /* of threads in one pool */
#define VANE__POOL_POLL_US 50                             /* then the waiting caller yields */
#define VANE__POOL_YIELD_US 1000                          /* then it sleeps */

_Static_assert(VANE__POOL_ASLEEP == VANE__SLOT_ASLEEP, "the same word");

struct vane__pool {
    vane__pool_head head; /* stays first */
    /* (fork generation << 1) | a caller is inside */
    _Alignas(64) _Atomic uint32_t gate;
    _Alignas(64) _Atomic uint32_t max;
    vane__crew crew;
};

vane_status vane__pool_open(uint32_t max_threads, vane__pool **out)
{
    vane__pool *p = vane__alloc(sizeof *p, 64);
    if (p == NULL || vane__crew_open(&p->crew, VANE__POOL_CAPACITY) != VANE_OK) {
        vane__free(p);
        return vane__fail(VANE_E_NOMEM, "thread pool: no memory for %u slots", VANE__POOL_CAPACITY);
    }
    p->head.first = &p->crew.slots[1].state;
    vane__fork_watch();
    atomic_init(&p->gate, vane__fork_generation() << 1);
    atomic_init(&p->max, 1);
    vane__pool_set_max(p, max_threads);
    *out = p;
    return VANE_OK;
}

void vane__pool_close(vane__pool *p)
{
    if (p == NULL)
        return;
    /* in a forked child there is nobody to join */
    if (atomic_load_explicit(&p->gate, memory_order_acquire) >> 1 != vane__fork_generation())
        vane__crew_forget(&p->crew);
    vane__crew_close(&p->crew);
    vane__free(p);
}

/* The gate is a lock that nobody waits for. Acquire pairs with leave's release, so that
 * callers see the crew as the one before left it. A word of an older generation, locked or
 * not, was left behind by a thread of the parent process: who takes it starts anew. */
static int enter(vane__pool *p)
{
    uint32_t open = vane__fork_generation() << 1;
    uint32_t seen = atomic_load_explicit(&p->gate, memory_order_relaxed);
    if (seen == (open | 1) ||
        !atomic_compare_exchange_strong_explicit(&p->gate, &seen, open | 1, memory_order_acquire,
                                                 memory_order_relaxed))
        return 0;
    if (seen != open)
        vane__crew_forget(&p->crew);
    return 1;
}

static void leave(vane__pool *p)
{
    atomic_store_explicit(&p->gate, vane__fork_generation() << 1, memory_order_release);
}

/* All offers go out before the first system call: workers that poll start at once. */
static void offer(vane__slot *slots, uint32_t width)
{
    int asleep = 0;
    for (uint32_t i = 1; i < width; i++)
        asleep |= slots[i].wake = vane__slot_offer(&slots[i]);
    for (uint32_t i = 1; asleep && i < width; i++)
        if (slots[i].wake)
            vane__futex_wake(&slots[i].state);
}

/* Waits until worker s is out of the job; helps when pieces turn up again (a thief holds
 * them for a moment where nobody sees them). */
static void recall(vane__pool *p, const vane__job *job, vane__slot *s)
{
    uint64_t start = 0;
    for (uint32_t i = 1; !vane__slot_recall(s); i++) {
        vane__job_run(job, p->crew.slots, 0);
        vane__spin_pause();
        if (i % 64 != 0)
            continue;
        vane__crew_avoid_caller(&p->crew); /* the worker may be queued behind this thread */
        uint64_t now = vane__now_ns();
        if (start == 0)
            start = now;
        if (now - start > VANE__POOL_YIELD_US * 1000)
            vane__slot_await(s);
        else if (now - start > VANE__POOL_POLL_US * 1000 || s->spin_us == 0)
            sched_yield();
    }
}

static void run_shared(vane__pool *p, vane__job *job)
{
    vane__slot *slots = p->crew.slots;
    job->width = 1 + vane__crew_grow(&p->crew, job->width - 1);
    vane__crew_avoid_caller(&p->crew);
    vane__job_deal(job, slots);
    offer(slots, job->width);
    vane__job_run(job, slots, 0);
    for (uint32_t i = 1; i < job->width; i++)
        recall(p, job, &slots[i]);
}

void vane__pool_run(vane__pool *p, uint32_t width, vane_range_fn fn, void *arg, uint64_t n,
                    uint64_t grain)
{
    if (n == 0)
        return;
    uint32_t max = vane__pool_max(p);
    if (width > max)
        width = max;
    if (grain == 0)
        grain = 1;
    if (width <= 1 || n <= grain || !enter(p)) {
        fn(arg, 0, n, 0);
        return;
    }
    vane__job job;
    vane__job_plan(&job, width, fn, arg, n, grain);
    run_shared(p, &job);
    leave(p);
}

void vane__pool_set_max(vane__pool *p, uint32_t max_threads)
{
    if (max_threads < 1)
        max_threads = 1;
    if (max_threads > VANE__POOL_CAPACITY)
        max_threads = VANE__POOL_CAPACITY;
    atomic_store_explicit(&p->max, max_threads, memory_order_relaxed);
}

uint32_t vane__pool_max(const vane__pool *p)
{
    return atomic_load_explicit(&p->max, memory_order_relaxed);
}
