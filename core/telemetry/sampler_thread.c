/* SPDX-License-Identifier: MIT */
/* sampler_thread.c - the sampler's thread: when it starts, reads, rests and ends. */
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "context.h"
#include "os.h"
#include "telemetry/clock.h"

#define STACK_BYTES (512 * 1024)
#define AGAIN_NS UINT64_C(1000000000) /* after the system gave no thread */

/* ---- the thread's side ---------------------------------------------------------- */

/* Until it is wanted. What was read before is too old to take differences with. */
static void rest(vane__sampler *s, uint32_t alarm)
{
    pthread_mutex_lock(&s->lock);
    vane__host_forget(&s->host);
    vane__load_forget(&s->load);
    pthread_mutex_unlock(&s->lock);
    atomic_store(&s->absent, 1);
    while (!atomic_load(&s->seen) && !atomic_load(&s->stop) && atomic_load(&s->alarm) == alarm)
        vane__futex_wait(&s->alarm, alarm);
    atomic_store(&s->absent, 0);
}

static uint64_t period_ns(vane__sampler *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t period = vane__load_period_ns(&s->load);
    pthread_mutex_unlock(&s->lock);
    return period;
}

static void *serve(void *arg)
{
    vane_context *ctx = arg;
    vane__sampler *s = &ctx->sampler;
    uint64_t seen_ns = vane__now_ns();
    pthread_setname_np(pthread_self(), "vane-sample");
    for (;;) {
        uint32_t alarm = atomic_load(&s->alarm);
        if (atomic_load(&s->stop))
            return NULL;
        uint64_t now = vane__now_ns();
        if (atomic_exchange(&s->seen, 0)) {
            seen_ns = now;
        } else if (now - seen_ns >= VANE__SAMPLER_IDLE_NS) {
            rest(s, alarm);
            seen_ns = vane__now_ns();
            continue;
        }
        vane__sampler_step(ctx);
        vane__futex_wait_for(&s->alarm, alarm, period_ns(s));
    }
}

/* ---- the callers' side ---------------------------------------------------------- */

/* The program's signals are its own threads' affair; a fault is this one's. */
static void block_signals(sigset_t *old)
{
    static const int kept[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGPROF};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        sigdelset(&blocked, kept[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, old);
}

/* The caller may be pinned to one CPU: the thread sees those of the context's opener. */
static int create(vane_context *ctx, int with_mask)
{
    vane__sampler *s = &ctx->sampler;
    pthread_attr_t attr;
    int error = pthread_attr_init(&attr);
    if (error != 0)
        return error;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    if (with_mask)
        pthread_attr_setaffinity_np(&attr, sizeof s->mask, (const cpu_set_t *)(void *)&s->mask);
    error = pthread_create(&s->thread, &attr, serve, ctx);
    pthread_attr_destroy(&attr);
    return error;
}

/* Under the lock. */
static void start(vane_context *ctx, uint64_t now)
{
    vane__sampler *s = &ctx->sampler;
    sigset_t old;
    if (s->refused_ns != 0 && now - s->refused_ns < AGAIN_NS)
        return;
    block_signals(&old);
    atomic_store(&s->absent, 0);
    int error = create(ctx, s->mask_known);
    if (error != 0 && s->mask_known) /* those CPUs may be gone */
        error = create(ctx, 0);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    s->up = error == 0;
    if (s->up)
        return;
    atomic_store(&s->absent, 1);
    if (s->refused_ns == 0) /* once: nothing but adaptation is lost */
        vane__log_line(&ctx->settings.log, VANE_LOG_WARN, "no thread to watch the machine: %s",
                       strerror(error));
    s->refused_ns = now;
}

static void step_if_due(vane_context *ctx)
{
    vane__sampler *s = &ctx->sampler;
    if (pthread_mutex_trylock(&s->lock) != 0)
        return;
    uint64_t passed = vane__clock_now(ctx) - s->step_ns;
    int due = s->step_ns == 0 || passed >= vane__load_period_ns(&s->load);
    pthread_mutex_unlock(&s->lock);
    if (due)
        vane__sampler_step(ctx);
}

/* Nobody waits here: whoever has the lock does the same, or will be done soon. */
void vane__sampler_wake(vane_context *ctx)
{
    vane__sampler *s = &ctx->sampler;
    if (atomic_load(&s->stop))
        return;
    if (vane__clock_virtual(ctx)) {
        step_if_due(ctx);
        return;
    }
    uint64_t now = vane__now_ns();
    if (now - s->born_ns < VANE__SAMPLER_YOUNG_NS || pthread_mutex_trylock(&s->lock) != 0)
        return;
    if (!s->up && !atomic_load(&s->stop)) {
        start(ctx, now);
    } else if (s->up) {
        atomic_fetch_add(&s->alarm, 1);
        vane__futex_wake(&s->alarm);
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- life ----------------------------------------------------------------------- */

void vane__sampler_born(vane_context *ctx)
{
    ctx->sampler.born_ns = vane__now_ns();
}

void vane__sampler_init(vane_context *ctx)
{
    vane__sampler *s = &ctx->sampler;
    pthread_mutex_init(&s->lock, NULL);
    atomic_store(&s->absent, 1);
    vane__sampler_born(ctx);
    s->mask_known = sched_getaffinity(0, sizeof s->mask, (cpu_set_t *)(void *)&s->mask) == 0;
}

void vane__sampler_stop(vane_context *ctx)
{
    vane__sampler *s = &ctx->sampler;
    atomic_store(&s->stop, 1);
    pthread_mutex_lock(&s->lock); /* a stream's work may be at want() */
    int up = s->up;
    s->up = 0;
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_add(&s->alarm, 1);
    vane__futex_wake(&s->alarm);
    if (up)
        pthread_join(s->thread, NULL);
}

void vane__sampler_free(vane_context *ctx)
{
    vane__host_close(&ctx->sampler.host);
    pthread_mutex_destroy(&ctx->sampler.lock);
}

/* ---- fork() --------------------------------------------------------------------- */

void vane__sampler_before_fork(vane_context *ctx)
{
    pthread_mutex_lock(&ctx->sampler.lock);
}

void vane__sampler_after_fork(vane_context *ctx)
{
    pthread_mutex_unlock(&ctx->sampler.lock);
}

/* The parent's thread may have been at a gauge: what it had in hand is not whole. */
void vane__sampler_in_child(vane_context *ctx)
{
    vane__sampler *s = &ctx->sampler;
    s->up = 0;
    s->refused_ns = 0;
    atomic_store(&s->absent, 1);
    atomic_store(&s->stepping, 0);
    vane__host_forget(&s->host);
    vane__load_forget(&s->load);
    for (uint32_t b = 0; b < atomic_load(&ctx->registry.count); b++)
        for (uint32_t d = 0; d < ctx->registry.backends[b]->device_count; d++) {
            vane__gauge *g = &ctx->registry.backends[b]->devices[d].gauge;
            g->own = (vane__gauge_reading){0};
            atomic_store(&g->queued, 0); /* what flies is the parent's */
            atomic_store(&g->flying_bytes, 0);
        }
}
