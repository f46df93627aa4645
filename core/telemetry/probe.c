/* SPDX-License-Identifier: MIT */
/* probe.c - the probes themselves; each stands here once. */
#include "telemetry/probe.h"

#ifdef VANE_HAVE_SDT

#pragma GCC diagnostic ignored "-Wpedantic" /* its macros leave "..." empty */
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

/* Where the probes' notes say that the kernel counts. */
#define SEMAPHORE(name)         \
    extern unsigned short name; \
    unsigned short name __attribute__((section(".probes"), used, visibility("hidden"))) = 0;
SEMAPHORE(vane_call__begin_semaphore)
SEMAPHORE(vane_call__end_semaphore)
SEMAPHORE(vane_route__change_semaphore)

static int looked_at(const unsigned short *semaphore)
{
    return *(const volatile unsigned short *)semaphore != 0;
}

static const char *backend_of(const vane__runner *r)
{
    return r == NULL || r->kernel == NULL ? "none"
           : r->device == NULL            ? VANE__PROGRAM
                                          : r->device->backend->entry->name;
}

void vane__probe_begin(const vane__prepared *p)
{
    const char *op = p->rq.op->info.name, *dtype = vane_dtype_name(p->dtype);
    uint64_t flops = (uint64_t)p->work.flops, bytes = (uint64_t)p->work.bytes;
    DTRACE_PROBE4(vane, call__begin, op, dtype, flops, bytes);
}

void vane__probe_end(const vane__call_event *e)
{
    const char *op = e->p->rq.op->info.name, *backend = backend_of(e->runner);
    const char *device = e->runner->device != NULL ? e->runner->device->info.id : "";
    uint32_t width = e->runner->width;
    uint64_t ns = e->end_ns - e->begin_ns;
    int32_t status = e->status;
    DTRACE_PROBE6(vane, call__end, op, backend, device, width, ns, status);
}

void vane__probe_route(const vane__route_event *e)
{
    if (!looked_at(&vane_route__change_semaphore))
        return;
    const char *op = e->op->info.name, *dtype = vane_dtype_name(e->dtype);
    const char *from = backend_of(e->from), *to = backend_of(e->to);
    DTRACE_PROBE4(vane, route__change, op, dtype, from, to);
}

void vane__probes_look(vane_context *ctx)
{
    unsigned now = atomic_load_explicit(&ctx->watch, memory_order_relaxed);
    int wanted = looked_at(&vane_call__begin_semaphore) || looked_at(&vane_call__end_semaphore);
    if (wanted && !(now & VANE__WATCH_PROBES))
        atomic_fetch_or(&ctx->watch, VANE__WATCH_PROBES);
    else if (!wanted && (now & VANE__WATCH_PROBES))
        atomic_fetch_and(&ctx->watch, ~(unsigned)VANE__WATCH_PROBES);
}

#else
typedef int vane__no_probes; /* a file may not be empty */
#endif
