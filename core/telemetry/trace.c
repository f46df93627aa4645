/* SPDX-License-Identifier: MIT */
/* trace.c - VANE_TRACE: each event becomes a line, written by way of the sink. */
#include "telemetry/trace.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugin/device.h"
#include "telemetry/clock.h"
#include "telemetry/sink.h"

#define MOST_TRACKS 32
#define DEVICE_PID 100000000u /* above every process's number */

/* What a device's own process in the trace is at. */
typedef struct track {
    const vane__device *device;
    uint64_t life;    /* of the file that knows its name */
    uint64_t last_ns; /* the end of what it landed last */
    uint64_t moved;
} track;

typedef struct trace {
    vane_context *ctx;
    vane__sink sink;
    /* under the sink's lock */
    uint32_t pid;
    uint64_t arrows;
    track tracks[MOST_TRACKS];
    uint32_t n_tracks;
} trace;

/* ---- lines, under the sink's lock ----------------------------------------------------- */

static void put(trace *t, uint32_t pid, uint32_t tid, const vane__text *body)
{
    char head[64];
    vane__text line = vane__text_over(head, sizeof head);
    vane__text_put(&line, ",\n{\"pid\":");
    vane__text_number(&line, pid);
    vane__text_put(&line, ",\"tid\":");
    vane__text_number(&line, tid);
    vane__text_add(&line, ",", 1);
    if (body->failed)
        return; /* too long for a line: no plugin's name may be */
    vane__sink_put_two(&t->sink, line.at, line.used, body->at, body->used);
}

static void put_name(trace *t, uint32_t pid, uint32_t tid, const char *what, const char *name)
{
    char at[512];
    vane__text body = vane__text_over(at, sizeof at);
    vane__trace_name(&body, what, name);
    put(t, pid, tid, &body);
}

/* The first event has no comma before it. */
static void begin_file(void *arg, vane__sink *s)
{
    trace *t = arg;
    char at[512];
    vane__text line = vane__text_over(at, sizeof at);
    t->pid = (uint32_t)getpid();
    vane__text_put(&line, "[\n{\"pid\":");
    vane__text_number(&line, t->pid);
    vane__text_put(&line, ",\"tid\":0,");
    vane__trace_name(&line, "process_name", program_invocation_short_name);
    if (line.failed) {
        line.used = 0;
        line.failed = 0;
        vane__text_put(&line, "[\n{\"pid\":0,\"tid\":0,");
        vane__trace_name(&line, "process_name", "?");
    }
    vane__sink_put(s, line.at, line.used);
}

/* The calling thread's number; the file learns its name first. */
static uint32_t this_thread(trace *t)
{
    static _Thread_local uint32_t tid, life; /* life: of the file that it was told to */
    char name[32] = "";
    uint32_t now = atomic_load(&t->sink.life);
    if (life == now)
        return tid;
    life = now;
    tid = (uint32_t)syscall(SYS_gettid); /* a child of fork() has another */
    pthread_getname_np(pthread_self(), name, sizeof name);
    put_name(t, t->pid, tid, "thread_name", name);
    return tid;
}

/* NULL: there are too many. */
static track *track_of(trace *t, const vane__device *d)
{
    uint32_t i = 0;
    while (i < t->n_tracks && t->tracks[i].device != d)
        i++;
    if (i == MOST_TRACKS)
        return NULL;
    if (i == t->n_tracks)
        t->tracks[t->n_tracks++] = (track){.device = d};
    track *found = &t->tracks[i];
    if (found->life == atomic_load(&t->sink.life))
        return found;
    char name[160];
    snprintf(name, sizeof name, "%s %s", d->backend->entry->name, d->info.name);
    found->life = atomic_load(&t->sink.life);
    put_name(t, DEVICE_PID + i, 0, "process_name", name);
    return found;
}

static uint32_t pid_of(const trace *t, const track *one)
{
    return DEVICE_PID + (uint32_t)(one - t->tracks);
}

/* ---- events --------------------------------------------------------------------------- */

static void moved_by(trace *t, const vane__device *d, uint64_t now_ns)
{
    uint64_t sum =
        atomic_load(&d->up_bytes) + atomic_load(&d->down_bytes) + atomic_load(&d->peer_bytes);
    track *one = d->mempool != NULL && sum > 0 ? track_of(t, d) : NULL;
    if (one == NULL || one->moved == sum)
        return;
    char at[256];
    vane__text body = vane__text_over(at, sizeof at);
    one->moved = sum;
    vane__trace_moved(&body, d, now_ns);
    put(t, pid_of(t, one), 0, &body);
}

/* A call over buffers may have moved from and to any device. */
static void moved(trace *t, const vane__call_event *e)
{
    vane__device *d;
    if (e->p->where.buffers)
        for (uint32_t i = 0; (d = vane__device_nth(t->ctx, i)) != NULL; i++)
            moved_by(t, d, e->end_ns);
    else if (e->runner->device != NULL)
        moved_by(t, e->runner->device, e->end_ns);
}

/* A device's work is drawn from where the one before it landed: queues are in order, and what was
 * given earlier could not begin before that. So the slices of its track do not overlap. */
static void asynchronous(trace *t, const vane__call_event *e)
{
    track *one = e->runner->device != NULL ? track_of(t, e->runner->device) : NULL;
    char at[VANE__TRACE_LINE];
    vane__text body = vane__text_over(at, sizeof at);
    if (one == NULL)
        return;
    vane__sink_reserve(&t->sink, (size_t)2 * VANE__TRACE_LINE); /* no half of an arrow */
    uint64_t from = e->begin_ns > one->last_ns ? e->begin_ns : one->last_ns;
    from = from < e->end_ns ? from : e->end_ns;
    one->last_ns = e->end_ns > one->last_ns ? e->end_ns : one->last_ns;
    vane__trace_call(&body, e, from);
    put(t, pid_of(t, one), 1, &body);
    if (e->giver == 0)
        return;
    body.used = 0;
    vane__trace_given(&body, e);
    put(t, t->pid, e->giver, &body);
    body.used = 0;
    vane__trace_arrow(&body, e, 's', ++t->arrows, e->begin_ns);
    put(t, t->pid, e->giver, &body);
    body.used = 0;
    vane__trace_arrow(&body, e, 'f', t->arrows, from);
    put(t, pid_of(t, one), 1, &body);
}

static void on_call(void *self, const vane__call_event *e)
{
    trace *t = self;
    char at[VANE__TRACE_LINE];
    vane__text body = vane__text_over(at, sizeof at);
    if (vane__sink_stopped(&t->sink))
        return;
    if (!e->asynchronous)
        vane__trace_call(&body, e, e->begin_ns);
    if (!vane__sink_enter(&t->sink))
        return;
    if (e->asynchronous)
        asynchronous(t, e);
    else
        put(t, t->pid, this_thread(t), &body);
    moved(t, e);
    vane__sink_leave(&t->sink, e->end_ns);
}

static void on_route(void *self, const vane__route_event *e)
{
    trace *t = self;
    char at[VANE__TRACE_LINE];
    vane__text body = vane__text_over(at, sizeof at);
    vane__trace_route(&body, e);
    if (!vane__sink_enter(&t->sink))
        return;
    put(t, t->pid, this_thread(t), &body);
    vane__sink_leave(&t->sink, e->when_ns);
}

/* ---- the watcher ---------------------------------------------------------------------- */

static void on_close(void *self)
{
    trace *t = self;
    vane__sink_close(&t->sink, "\n]\n");
    free(t);
}

static void on_lock(void *self)
{
    pthread_mutex_lock(&((trace *)self)->sink.lock);
}

static void on_unlock(void *self)
{
    pthread_mutex_unlock(&((trace *)self)->sink.lock);
}

static void on_child(void *self)
{
    vane__sink_in_child(&((trace *)self)->sink);
}

void vane__trace_open(vane_context *ctx)
{
    if (ctx->settings.trace[0] == '\0' || strcmp(ctx->settings.trace, "0") == 0)
        return;
    const vane__log *log = &ctx->settings.log;
    trace *t = calloc(1, sizeof *t);
    if (t == NULL) {
        vane__log_line(log, VANE_LOG_WARN, "VANE_TRACE: no memory");
        return;
    }
    t->ctx = ctx;
    t->sink.begin = begin_file;
    t->sink.arg = t;
    const vane__watcher w = {on_call, on_route, on_close, on_lock, on_unlock, on_child, t};
    if (!vane__sink_open(&t->sink, log, "VANE_TRACE", ctx->settings.trace)) {
        free(t);
    } else if (!vane__watch(ctx, &w)) {
        vane__log_line(log, VANE_LOG_WARN, "VANE_TRACE: too many watch already");
        on_close(t);
    }
}
