/* SPDX-License-Identifier: MIT */
/* stream.c - streams: operations in order on a thread of the stream's own, and marks, the moments
 * that events and waits are made of. */
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "block.h"
#include "fake.h"

/* ---- marks ------------------------------------------------------------------------------- */

fake_mark *fake_mark_new(void)
{
    fake_mark *m = calloc(1, sizeof *m);
    if (m)
        m->refs = 1;
    return m;
}

void fake_mark_drop(fake_mark *m)
{
    if (m && --m->refs == 0)
        free(m);
}

typedef struct mark_op {
    fake_op op;
    fake_mark *mark;
} mark_op;

static void mark_reached(fake_op *op)
{
    mark_op *o = (mark_op *)op;
    o->mark->done = 1;
    o->mark->time_ns = fake_now_ns();
    if (!op->stream->ctx->aged)
        o->mark->time_ns -= fake_settings.age_s * UINT64_C(1000000000);
    op->stream->ctx->aged = 1;
    fake_mark_drop(o->mark);
}

static void mark_copied(fake_op *op)
{
    ((mark_op *)op)->mark->refs++;
}

static void mark_left(fake_op *op)
{
    fake_mark_drop(((mark_op *)op)->mark);
}

static CUresult mark_await(fake_op *op, char *why)
{
    const mark_op *o = (mark_op *)op;
    (void)why;
    pthread_mutex_lock(&fake_lock);
    while (!o->mark->done && !op->stream->ctx->lost)
        pthread_cond_wait(&fake_changed, &fake_lock);
    pthread_mutex_unlock(&fake_lock);
    return CUDA_SUCCESS;
}

static CUresult give_mark(fake_stream *s, fake_mark *m, CUresult (*run)(fake_op *, char *),
                          void (*drop)(fake_op *))
{
    mark_op *o = fake_op_new(sizeof *o, NULL, run);
    if (!o)
        return CUDA_ERROR_OUT_OF_MEMORY;
    o->mark = m;
    o->op.drop = drop;
    o->op.copied = mark_copied;
    m->refs++;
    return fake_give(s, &o->op);
}

CUresult fake_mark_give(fake_stream *s, fake_mark *m)
{
    m->clock = s->clock;
    return give_mark(s, m, NULL, mark_reached);
}

CUresult fake_mark_wait_give(fake_stream *s, fake_mark *m)
{
    fake_clock_join(&s->clock, &m->clock);
    return give_mark(s, m, mark_await, mark_left);
}

/* ---- waking -------------------------------------------------------------------------------- */

/* Who is woken while the lock is held runs into it: two more changes of thread each time, which
 * were most of what the tests cost. So streams are woken when the lock is free; then theirs may
 * have ended, and another have its slot, which looks in vain. */
enum { WAKES = 64 }; /* as many as bits */
static pthread_cond_t wakes[WAKES];
static _Thread_local uint64_t to_wake; /* bits of wakes[] */

/* With the lock. */
static void wakes_begin(void)
{
    static int begun;
    for (; begun < WAKES; begun++)
        pthread_cond_init(&wakes[begun], NULL);
}

static int wake_of(const fake_stream *s)
{
    return s->slot % WAKES;
}

static void wake(const fake_stream *s)
{
    to_wake |= UINT64_C(1) << wake_of(s);
}

void fake_unlock(void)
{
    uint64_t left = to_wake;
    to_wake = 0;
    pthread_mutex_unlock(&fake_lock);
    for (; left; left &= left - 1)
        pthread_cond_broadcast(&wakes[__builtin_ctzll(left)]);
}

void fake_changed_wait(void)
{
    if (to_wake) {
        fake_unlock();
        pthread_mutex_lock(&fake_lock);
    } else {
        pthread_cond_wait(&fake_changed, &fake_lock);
    }
}

/* ---- a stream's thread ------------------------------------------------------------------- */

void *fake_op_new(size_t bytes, fake_site *site, CUresult (*run)(fake_op *, char *))
{
    fake_op *op = calloc(1, bytes);
    if (op) {
        op->bytes = bytes;
        op->site = site;
        op->run = run;
    }
    return op;
}

void fake_op_drop(fake_op *op)
{
    if (op->drop)
        op->drop(op);
    free(op);
}

static CUresult run(fake_op *op, char *why, int *asked)
{
    CUresult r = CUDA_SUCCESS;
    *asked = 0;
    if (op->site) {
        if (fake_settings.slow_us > 0) {
            const long us = (long)fake_settings.slow_us;
            struct timespec t = {us / 1000000, us % 1000000 * 1000};
            nanosleep(&t, NULL);
        }
        r = fake_injected(op->site);
        *asked = r != CUDA_SUCCESS;
    }
    return r == CUDA_SUCCESS && op->run ? op->run(op, why) : r;
}

/* What a stream's operation failed with stays in the context, as the real driver has it. */
static void failed(fake_context *ctx, CUresult r, int asked, const char *why)
{
    if (r != CUDA_SUCCESS)
        fake_lose(ctx, fake_sticky(r) ? r : CUDA_ERROR_LAUNCH_FAILED, asked, why);
}

static void finish(fake_stream *s)
{
    fake_slot_give(s->slot);
    free(s);
}

static void *work(void *arg)
{
    fake_stream *s = arg;
    fake_context *ctx = s->ctx;
    char why[256];
    pthread_mutex_lock(&fake_lock);
    s->thread->tid = (pid_t)syscall(SYS_gettid);
    while (s->first || !s->closing) {
        fake_op *op = s->first;
        if (!op) {
            pthread_cond_wait(&wakes[wake_of(s)], &fake_lock);
            continue;
        }
        s->first = op->next;
        if (!s->first)
            s->last = NULL;
        if (!ctx->lost) {
            int asked;
            why[0] = 0;
            ctx->running++;
            pthread_mutex_unlock(&fake_lock);
            const CUresult r = run(op, why, &asked);
            pthread_mutex_lock(&fake_lock);
            ctx->running--;
            failed(ctx, r, asked, why);
        }
        const int told = op->drop == mark_reached || !s->first || ctx->lost;
        fake_op_drop(op);
        s->done++;
        if (told) { /* nobody waits for another end */
            pthread_mutex_unlock(&fake_lock);
            pthread_cond_broadcast(&fake_changed);
            pthread_mutex_lock(&fake_lock);
        }
    }
    fake_thread *thread = s->thread;
    finish(s);
    thread->ends = 1;
    pthread_mutex_unlock(&fake_lock);
    emu_release();
    return NULL;
}

/* Joins the threads of streams that were ended: all, or those that have nothing to do any more. */
void fake_threads_join(fake_context *ctx, int all)
{
    for (fake_thread **at = &ctx->threads; *at;) {
        fake_thread *t = *at;
        if (!t->ends && !t->idle && !(all && t->closing)) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        fake_unlock();
        pthread_join(t->id, NULL);
        while (t->tid > 0 && syscall(SYS_tgkill, getpid(), t->tid, 0) == 0)
            sched_yield(); /* who counts this process's threads sees it until then */
        pthread_mutex_lock(&fake_lock);
        free(t);
        at = &ctx->threads; /* others may have changed the list */
    }
}

static CUresult start(fake_stream *s)
{
    fake_thread *t = calloc(1, sizeof *t);
    s->thread = t;
    if (!t || pthread_create(&t->id, NULL, work, s) != 0) {
        free(t);
        s->thread = NULL;
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    t->next = s->ctx->threads;
    s->ctx->threads = t;
    return CUDA_SUCCESS;
}

/* ---- giving ------------------------------------------------------------------------------ */

static CUresult append(fake_stream *s, fake_op *op)
{
    if (s->ctx->lost || (!s->thread && start(s) != CUDA_SUCCESS)) {
        fake_op_drop(op);
        return s->ctx->lost ? s->ctx->lost : CUDA_ERROR_OUT_OF_MEMORY;
    }
    op->stream = s;
    op->serial = fake_slot_next(s->slot, 1);
    if (s->slot < FAKE_SLOTS)
        s->clock.at[s->slot] = op->serial;
    op->next = NULL;
    if (s->last)
        s->last->next = op;
    else
        s->first = op;
    s->last = op;
    s->given++;
    wake(s);
    return CUDA_SUCCESS;
}

/* s waits for all that other was given. */
static void follow(fake_stream *s, fake_stream *other)
{
    fake_mark *m = other->given > other->done ? fake_mark_new() : NULL;
    if (!m)
        return;
    mark_op *reach = fake_op_new(sizeof *reach, NULL, NULL);
    mark_op *await = fake_op_new(sizeof *await, NULL, mark_await);
    if (reach && await) {
        reach->mark = await->mark = m;
        reach->op.drop = mark_reached;
        await->op.drop = mark_left;
        m->refs += 2;
        append(other, &reach->op);
        append(s, &await->op);
        fake_clock_join(&s->clock, &other->clock);
    } else {
        free(reach);
        free(await);
    }
    fake_mark_drop(m);
}

/* The default stream and those that are not CU_STREAM_NON_BLOCKING wait for each other. */
static void follow_default(fake_stream *s)
{
    fake_stream *usual = s->ctx->usual;
    if (s == usual) {
        for (fake_stream *o = s->ctx->streams; o; o = o->next)
            if (o != s && !(o->flags & CU_STREAM_NON_BLOCKING))
                follow(s, o);
    } else if (usual && !(s->flags & CU_STREAM_NON_BLOCKING)) {
        follow(s, usual);
    }
}

CUresult fake_give(fake_stream *s, fake_op *op)
{
    if (s->capture)
        return fake_capture(s, op);
    follow_default(s);
    return append(s, op);
}

/* ---- waiting ----------------------------------------------------------------------------- */

CUresult fake_wait(fake_context *ctx, int (*done)(void *arg), void *arg)
{
    while (!done(arg)) {
        if (ctx->lost)
            return ctx->lost;
        fake_changed_wait();
    }
    return ctx->lost;
}

static int mark_done(void *arg)
{
    return ((fake_mark *)arg)->done;
}

CUresult fake_stream_wait(fake_stream *s)
{
    if (s->capture)
        return fake_misuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "a wait for what is recorded");
    fake_mark *m = fake_mark_new();
    fake_context *ctx = s->ctx;
    if (!m)
        return CUDA_ERROR_OUT_OF_MEMORY;
    CUresult r = ctx->lost;
    const int busy = s->given > s->done;
    m->clock = s->clock;
    if (r == CUDA_SUCCESS && busy)
        r = fake_mark_give(s, m);
    if (r == CUDA_SUCCESS && busy)
        r = fake_wait(ctx, mark_done, m);
    if (r == CUDA_SUCCESS)
        fake_clock_join(&fake_host_clock, &m->clock);
    fake_mark_drop(m);
    return r;
}

static int all_done(void *arg)
{
    const fake_context *ctx = arg;
    for (const fake_stream *s = ctx->streams; s; s = s->next)
        if (s->given > s->done)
            return 0;
    return 1;
}

CUresult fake_context_wait(fake_context *ctx)
{
    fake_clock clock = fake_host_clock;
    for (const fake_stream *s = ctx->streams; s; s = s->next)
        fake_clock_join(&clock, &s->clock);
    const CUresult r = fake_wait(ctx, all_done, ctx);
    if (r == CUDA_SUCCESS)
        fake_clock_join(&fake_host_clock, &clock);
    return r;
}

/* ---- streams ------------------------------------------------------------------------------ */

fake_stream *fake_stream_make(fake_context *ctx, unsigned flags)
{
    fake_stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    fake_threads_join(ctx, 0);
    wakes_begin();
    s->ctx = ctx;
    s->flags = flags;
    s->slot = fake_slot_take();
    s->clock = fake_host_clock;
    s->next = ctx->streams;
    ctx->streams = s;
    return s;
}

void fake_stream_end(fake_stream *s)
{
    for (fake_stream **at = &s->ctx->streams; *at; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            break;
        }
    if (s->handle)
        fake_handle_free(FAKE_STREAM, s->handle);
    if (s == s->ctx->usual)
        s->ctx->usual = NULL;
    s->closing = 1;
    if (s->thread) {
        s->thread->closing = 1;
        s->thread->idle = s->given == s->done;
        wake(s);
    } else {
        finish(s);
    }
}

fake_stream *fake_stream_get(fake_context *ctx, CUstream handle)
{
    fake_stream *s;
    if (handle == NULL || handle == CU_STREAM_LEGACY || handle == CU_STREAM_PER_THREAD) {
        s = ctx->usual ? ctx->usual : (ctx->usual = fake_stream_make(ctx, 0));
    } else {
        s = fake_get(FAKE_STREAM, handle);
        if (s && s->ctx != ctx) {
            fake_misuse(CUDA_ERROR_INVALID_HANDLE, "a stream of another context");
            return NULL;
        }
    }
    if (s)
        fake_clock_join(&s->clock, &fake_host_clock);
    return s;
}
