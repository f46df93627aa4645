/* SPDX-License-Identifier: MIT */
/* tell.c - a stream's work, for those who watch: when it was given, and when it landed.
 *
 * It landed when somebody saw it land, which is when somebody waits. What lies between the end of
 * the work before it and its own is its time; before that it waited.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "exec/stream.h"
#include "telemetry/clock.h"
#include "telemetry/event.h"
#include "telemetry/pager.h"
#include "telemetry/probe.h"

static unsigned watched(const vane_context *ctx)
{
    return atomic_load_explicit(&ctx->watch, memory_order_relaxed) & VANE__WATCH_TOLD;
}

void vane__stream_look(vane_stream *s)
{
    vane__probes_look(s->ctx);
    vane__pager_look_seldom(s->ctx);
}

void vane__stream_given(vane_stream *s, vane__flight *f)
{
    f->given_ns = 0;
    unsigned by = watched(s->ctx);
    if (!by)
        return;
    if (by & VANE__WATCH_PROBES)
        vane__probe_begin(&f->p);
    f->giver = (uint32_t)syscall(SYS_gettid);
    f->went_ns = 0;
    f->ran = (vane__ran){.retries = 0};
    f->given_ns = vane__clock_now(s->ctx);
}

void vane__stream_went(vane__flight *f)
{
    if (f->given_ns > 0)
        f->went_ns = vane__clock_now(f->ctx);
}

/* How long it waited for what was told before it; now_ns is the last word of the stream then. */
static uint64_t waited(vane_stream *s, uint64_t given_ns, uint64_t now_ns)
{
    pthread_mutex_lock(&s->lock);
    uint64_t last = s->told_ns;
    s->told_ns = now_ns > last ? now_ns : last;
    pthread_mutex_unlock(&s->lock);
    last = last < now_ns ? last : now_ns;
    return last > given_ns ? last - given_ns : 0;
}

void vane__stream_tell(vane_stream *s, vane__flight *f, vane_status st)
{
    if (f->given_ns == 0 || s->ctx->watchers == NULL)
        return;
    uint64_t now = vane__clock_now(s->ctx);
    vane__call_event e = {.begin_ns = f->given_ns,
                          .end_ns = now,
                          .p = &f->p,
                          .runner = &f->ran.runner,
                          .status = st,
                          .retries = f->ran.retries,
                          .trial_ns = f->ran.trial_ns,
                          .failed = f->ran.failed,
                          .asynchronous = 1,
                          .giver = f->giver,
                          .given_ns = f->went_ns,
                          .waited_ns = waited(s, f->given_ns, now)};
    f->given_ns = 0;
    vane__tell_call(s->ctx, &e);
    if (watched(s->ctx) & VANE__WATCH_PROBES)
        vane__probe_end(&e);
    vane__probes_look(s->ctx);
}
