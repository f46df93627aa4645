/* SPDX-License-Identifier: MIT */
/* crew.c - starting, pinning, moving and joining the workers; and what a worker does.
 *
 * A pinned worker polls for VANE__CREW_SPIN_US after a job and then sleeps in the kernel.
 * A worker without a CPU of its own does not poll: it would do so in somebody's way.
 */
#include "exec/crew.h"

#include <errno.h>
#include <stdio.h>

#include "exec/fpmode.h"
#include "exec/job.h"
#include "exec/signals.h"
#include "exec/spin.h"
#include "os.h"

#define VANE__CREW_SPIN_US 100
#define VANE__CREW_STACK_BYTES (512 * 1024)
#define VANE__CREW_RETRY_JOBS 1000

/* ---- the worker's side ---- */

static uint32_t state_of(const vane__slot *s)
{
    return atomic_load_explicit(&s->state, memory_order_relaxed);
}

/* The first state that is not IDLE, or IDLE when the time is over. Wall time, so that a
 * worker that was not running comes back to find it over. */
static uint32_t poll_state(const vane__slot *s)
{
    uint64_t start = 0;
    while (s->spin_us > 0) {
        for (int i = 0; i < 64; i++) {
            if (state_of(s) != VANE__SLOT_IDLE)
                return state_of(s);
            vane__spin_pause();
        }
        uint64_t now = vane__now_ns();
        if (start == 0)
            start = now;
        else if (now - start > s->spin_us * UINT64_C(1000))
            break;
    }
    return state_of(s);
}

static void serve(vane__slot *s)
{
    if (vane__fpmode_get() != s->job.fpmode)
        vane__fpmode_set(s->job.fpmode);
    vane__job_run(&s->job, s->all, s->index);
    vane__slot_leave(s);
}

static void *worker(void *arg)
{
    vane__slot *s = arg;
    char name[16];
    snprintf(name, sizeof name, "vane-%u", s->index);
    pthread_setname_np(pthread_self(), name);
    for (;;) {
        uint32_t state = poll_state(s);
        if (state == VANE__SLOT_GONE)
            return NULL;
        if (state == VANE__SLOT_IDLE)
            vane__slot_sleep(s);
        else if (vane__slot_enter(s))
            serve(s);
    }
}

/* ---- the caller's side ---- */

static int create(vane__slot *s, const cpu_set_t *mask)
{
    pthread_attr_t attr;
    int err = pthread_attr_init(&attr);
    if (err != 0)
        return err;
    pthread_attr_setstacksize(&attr, VANE__CREW_STACK_BYTES);
    if (mask != NULL)
        pthread_attr_setaffinity_np(&attr, sizeof *mask, mask);
    err = pthread_create(&s->thread, &attr, worker, s);
    pthread_attr_destroy(&attr);
    return err;
}

/* Starts on its CPU, so that it never has to move. A CPU may have been taken from the
 * process since the pool was opened: then the worker starts unpinned. */
static int start(vane__crew *crew, uint32_t index)
{
    vane__slot *s = &crew->slots[index];
    cpu_set_t mask;
    vane__pin_mask(&crew->pin, index, &mask);
    s->all = crew->slots;
    s->index = index;
    s->spin_us = vane__pin_has(&crew->pin, index) ? VANE__CREW_SPIN_US : 0;
    atomic_store_explicit(&s->state, VANE__SLOT_IDLE, memory_order_relaxed);
    int err = create(s, &mask);
    if (err == EINVAL) {
        s->spin_us = 0;
        err = create(s, NULL);
    }
    if (err != 0)
        atomic_store_explicit(&s->state, VANE__SLOT_ASLEEP, memory_order_relaxed);
    return err == 0;
}

static void start_until(vane__crew *crew, uint32_t want)
{
    sigset_t before;
    vane__signals_block(&before);
    while (crew->size < want && start(crew, crew->size + 1))
        crew->size++;
    vane__signals_restore(&before);
    crew->refused = crew->size < want ? VANE__CREW_RETRY_JOBS : 0;
}

uint32_t vane__crew_grow(vane__crew *crew, uint32_t want)
{
    if (want > crew->capacity - 1)
        want = crew->capacity - 1;
    if (want <= crew->size)
        return want;
    if (crew->refused > 0)
        crew->refused--;
    else
        start_until(crew, want);
    return crew->size < want ? crew->size : want;
}

void vane__crew_avoid_caller(vane__crew *crew)
{
    int cpu = sched_getcpu();
    if (crew->pin.seats == 0 || cpu == crew->pin.cpu[0])
        return;
    uint32_t moved = vane__pin_follow(&crew->pin, cpu);
    if (moved == 0 || moved > crew->size || crew->slots[moved].spin_us == 0)
        return;
    cpu_set_t mask;
    vane__pin_mask(&crew->pin, moved, &mask);
    pthread_setaffinity_np(crew->slots[moved].thread, sizeof mask, &mask);
}

void vane__crew_forget(vane__crew *crew)
{
    crew->size = 0;
    crew->refused = 0;
    /* slots are made ready when their thread starts; this one is looked at before */
    atomic_store_explicit(&crew->slots[1].state, VANE__SLOT_ASLEEP, memory_order_relaxed);
}

vane_status vane__crew_open(vane__crew *crew, uint32_t capacity)
{
    crew->slots = vane__alloc(capacity * sizeof(vane__slot), 64);
    if (crew->slots == NULL)
        return VANE_E_NOMEM;
    crew->capacity = capacity;
    vane__pin_open(&crew->pin);
    vane__crew_forget(crew);
    return VANE_OK;
}

void vane__crew_close(vane__crew *crew)
{
    for (uint32_t i = 1; i <= crew->size; i++) {
        vane__slot *s = &crew->slots[i];
        if (atomic_exchange_explicit(&s->state, VANE__SLOT_GONE, memory_order_release) ==
            VANE__SLOT_ASLEEP)
            vane__futex_wake(&s->state);
    }
    for (uint32_t i = 1; i <= crew->size; i++)
        pthread_join(crew->slots[i].thread, NULL);
    vane__free(crew->slots);
}
