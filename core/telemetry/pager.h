/* SPDX-License-Identifier: MIT */
/* pager.h - keeps the page of a context (page.h): made, filled while somebody looks, removed.
 *
 * Calls come by here when they are looked at for other reasons (one in 64 or 256, or each that is
 * told), and so does the sampler; ten times a second one of them steps. Without readers a step is a
 * look at the file and at one word of it, and no call is told for the page's sake. A program that
 * is over VANE__PAGER_YOUNG_NS after vane_open has no page. What cannot be had is one log line; no
 * call fails, waits or allocates for it.
 */
#ifndef VANE__TELEMETRY_PAGER_H
#define VANE__TELEMETRY_PAGER_H

#include <sys/types.h>

#include "os.h"
#include "telemetry/clock.h"
#include "telemetry/event.h"
#include "telemetry/page.h"

#define VANE__PAGER_YOUNG_NS UINT64_C(20000000)
#define VANE__PAGER_PERIOD_NS UINT64_C(100000000)
#define VANE__PAGER_LEASE_NS UINT64_C(5000000000)  /* so long after a reader's last look */
#define VANE__PAGER_AGAIN_NS UINT64_C(60000000000) /* after the page could not be made */
#define VANE__PAGER_ASK_NS UINT64_C(500000000)     /* devices are asked, where no sampler does */

/* A route that changed; guarded by the lock of the routes. */
typedef struct vane__pager_route {
    const vane__op *op;
    uint32_t dtype, size_class, hot, from_width, to_width;
    const void *from, *to; /* as in a tally */
    const char *why;
    uint64_t when_ns;
    double predicted_ns;
} vane__pager_route;

typedef struct vane__pager {
    vane_context *ctx;
    _Atomic uint64_t next_ns; /* no step before, by the machine's clock */
    atomic_uint stepping;     /* somebody does, and what follows is theirs */
    int complained;
    vane__page *page;      /* mapped; NULL: there is none */
    vane__page_body *body; /* to be written */
    char path[256];
    dev_t dev;
    ino_t ino;
    uint32_t pid;
    int shown;                /* the body was written once */
    uint64_t looks, until_ns; /* the word of readers, and when their lease ends */
    uint64_t asked_ns;
    uint64_t counted_ns; /* by the context's clock: since when calls are told; 0: they are not */
    /* guarded by the lock of the routes */
    vane__pager_route ring[VANE__PAGE_ROUTES];
    uint64_t routes, changes; /* ever: told, and of these not the first of their cell */
} vane__pager;

/* As the settings wish. */
void vane__pager_open(vane_context *ctx);
/* Its age counts from here: vane_open is done. */
void vane__pager_born(vane_context *ctx);
/* The process ends without vane_close. */
void vane__pager_leave(vane_context *ctx);
void vane__pager_step(vane_context *ctx, uint64_t now_ns);

/* page_fill.c: the context at this moment; ask: devices too. Returns the bytes to be written. */
size_t vane__page_fill(vane__pager *p, int ask);

/* now_ns: by the context's clock, or 0: not read yet. The caller holds no lock of the core. */
static inline void vane__pager_look(vane_context *ctx, uint64_t now_ns)
{
    if (ctx->pager == NULL)
        return;
    if (now_ns == 0 || vane__clock_virtual(ctx))
        now_ns = vane__now_ns();
    if (now_ns >= atomic_load_explicit(&ctx->pager->next_ns, memory_order_relaxed))
        vane__pager_step(ctx, now_ns);
}

/* The same, of calls that would not read the clock for themselves. */
static inline void vane__pager_look_seldom(vane_context *ctx)
{
    static _Thread_local uint32_t calls;
    if ((calls++ & 7) == 0)
        vane__pager_look(ctx, 0);
}

#endif
