/* SPDX-License-Identifier: MIT */
/* stream_calls.c - the driver's functions on streams and events. */
#include <stdlib.h>
#include <string.h>

#include "fake.h"

/* ---- streams ------------------------------------------------------------------------------ */

CUresult CUDAAPI cuStreamCreate(CUstream *out, unsigned flags)
{
    FAKE_CALL(0);
    if (!out || (flags & ~(unsigned)CU_STREAM_NON_BLOCKING))
        return fake_done(
            fake_misuse(CUDA_ERROR_INVALID_VALUE, "no place for it, or flags %u", flags));
    fake_stream *s = fake_stream_make(ctx, flags);
    if (!s)
        return fake_done(CUDA_ERROR_OUT_OF_MEMORY);
    s->handle = fake_handle_new(FAKE_STREAM, s);
    *out = s->handle;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuStreamCreateWithPriority(CUstream *out, unsigned flags, int priority)
{
    (void)priority;
    return cuStreamCreate(out, flags);
}

CUresult CUDAAPI cuStreamDestroy(CUstream stream)
{
    FAKE_CALL(0);
    fake_stream *s = fake_get(FAKE_STREAM, stream);
    if (!s)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    fake_stream_end(s);
    fake_threads_join(ctx, 0);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuStreamSynchronize(CUstream stream)
{
    FAKE_CALL(0);
    fake_stream *s = fake_stream_get(ctx, stream);
    return fake_done(s ? fake_stream_wait(s) : CUDA_ERROR_INVALID_HANDLE);
}

CUresult CUDAAPI cuStreamQuery(CUstream stream)
{
    FAKE_CALL(0);
    fake_stream *s = fake_stream_get(ctx, stream);
    if (!s)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (s->given > s->done)
        return fake_done(CUDA_ERROR_NOT_READY);
    fake_clock_join(&fake_host_clock, &s->clock);
    return fake_done(CUDA_SUCCESS);
}

/* ---- events -------------------------------------------------------------------------------- */

typedef struct fake_event {
    fake_context *ctx;
    void *handle;
    struct fake_event *next; /* of the context */
    unsigned flags;
    fake_mark *mark; /* of the last recording; NULL: none, which counts as done */
} fake_event;

CUresult CUDAAPI cuEventCreate(CUevent *out, unsigned flags)
{
    FAKE_CALL(0);
    const unsigned known = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING;
    if (!out || (flags & ~known))
        return fake_done(
            fake_misuse(CUDA_ERROR_INVALID_VALUE, "no place for it, or flags %u", flags));
    fake_event *e = calloc(1, sizeof *e);
    if (!e)
        return fake_done(CUDA_ERROR_OUT_OF_MEMORY);
    e->ctx = ctx;
    e->flags = flags;
    e->next = ctx->events;
    ctx->events = e;
    *out = e->handle = fake_handle_new(FAKE_EVENT, e);
    return fake_done(CUDA_SUCCESS);
}

static void end_event(fake_event *e)
{
    fake_event **at = &e->ctx->events;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    fake_handle_free(FAKE_EVENT, e->handle);
    fake_mark_drop(e->mark); /* work that waits for it keeps its mark */
    free(e);
}

unsigned fake_events_end(fake_context *ctx)
{
    unsigned n = 0;
    for (; ctx->events; n++)
        end_event(ctx->events);
    return n;
}

CUresult CUDAAPI cuEventDestroy(CUevent event)
{
    FAKE_CALL(0);
    fake_event *e = fake_get(FAKE_EVENT, event);
    if (!e)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    end_event(e);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuEventRecord(CUevent event, CUstream stream)
{
    FAKE_CALL(0);
    fake_event *e = fake_get(FAKE_EVENT, event);
    fake_stream *s = fake_stream_get(ctx, stream);
    if (!e || !s)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (e->ctx != ctx)
        return fake_done(fake_misuse(CUDA_ERROR_INVALID_HANDLE, "an event of another context"));
    fake_mark *m = fake_mark_new();
    if (!m)
        return fake_done(CUDA_ERROR_OUT_OF_MEMORY);
    const CUresult r = fake_mark_give(s, m);
    fake_mark_drop(r == CUDA_SUCCESS ? e->mark : m);
    if (r == CUDA_SUCCESS)
        e->mark = m;
    return fake_done(r);
}

CUresult CUDAAPI cuEventQuery(CUevent event)
{
    FAKE_CALL(0);
    fake_event *e = fake_get(FAKE_EVENT, event);
    if (!e)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (e->mark && !e->mark->done)
        return fake_done(CUDA_ERROR_NOT_READY);
    if (e->mark)
        fake_clock_join(&fake_host_clock, &e->mark->clock);
    return fake_done(CUDA_SUCCESS);
}

static int is_done(void *arg)
{
    return ((fake_mark *)arg)->done;
}

CUresult CUDAAPI cuEventSynchronize(CUevent event)
{
    FAKE_CALL(0);
    fake_event *e = fake_get(FAKE_EVENT, event);
    if (!e)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    fake_mark *m = e->mark;
    if (!m)
        return fake_done(CUDA_SUCCESS);
    m->refs++;
    const CUresult r = fake_wait(e->ctx, is_done, m);
    if (r == CUDA_SUCCESS)
        fake_clock_join(&fake_host_clock, &m->clock);
    fake_mark_drop(m);
    return fake_done(r);
}

CUresult CUDAAPI cuEventElapsedTime(float *ms, CUevent begin, CUevent end)
{
    FAKE_CALL(0);
    const fake_event *b = fake_get(FAKE_EVENT, begin), *e = fake_get(FAKE_EVENT, end);
    if (!b || !e)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (!ms || !b->mark || !e->mark || ((b->flags | e->flags) & CU_EVENT_DISABLE_TIMING))
        return fake_done(fake_misuse(CUDA_ERROR_INVALID_HANDLE, "an event without a time"));
    if (!b->mark->done || !e->mark->done)
        return fake_done(CUDA_ERROR_NOT_READY);
    *ms = (float)((double)(int64_t)(e->mark->time_ns - b->mark->time_ns) * 1e-6);
    return fake_done(CUDA_SUCCESS);
}

/* An event of another context, even of another device, may be waited for. */
CUresult CUDAAPI cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags)
{
    FAKE_CALL(0);
    fake_event *e = fake_get(FAKE_EVENT, event);
    fake_stream *s = fake_stream_get(ctx, stream);
    if (!e || !s)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (flags != 0)
        return fake_done(fake_misuse(CUDA_ERROR_INVALID_VALUE, "flags %u", flags));
    return fake_done(e->mark ? fake_mark_wait_give(s, e->mark) : CUDA_SUCCESS);
}

/* ---- host functions ---------------------------------------------------------------------- */

typedef struct host_op {
    fake_op op;
    CUhostFn fn;
    void *arg;
    fake_clock clock;
} host_op;

static CUresult host_run(fake_op *op, char *why)
{
    const host_op *o = (host_op *)op;
    (void)why;
    pthread_mutex_lock(&fake_lock);
    fake_clock_join(&fake_host_clock, &o->clock); /* it may tell the host that all before is done */
    pthread_mutex_unlock(&fake_lock);
    fake_in_callback = 1;
    o->fn(o->arg);
    fake_in_callback = 0;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuLaunchHostFunc(CUstream stream, CUhostFn fn, void *arg)
{
    FAKE_CALL(0);
    static fake_site running = {.name = "run.host"};
    fake_stream *s = fake_stream_get(ctx, stream);
    if (!s || !fn)
        return fake_done(s ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE);
    host_op *o = fake_op_new(sizeof *o, &running, host_run);
    if (!o)
        return fake_done(CUDA_ERROR_OUT_OF_MEMORY);
    o->fn = fn;
    o->arg = arg;
    o->clock = s->clock;
    return fake_done(fake_give(s, &o->op));
}
