/* SPDX-License-Identifier: MIT */
/* event.h - what happened, for those who watch: the summary, the trace, the record.
 *
 * While anybody watches (vane_context.watch), every call takes the watched way: it is timed,
 * and told once when it is over. Otherwise nothing is told, and nothing is paid.
 */
#ifndef VANE__TELEMETRY_EVENT_H
#define VANE__TELEMETRY_EVENT_H

#include "dispatch/call.h"
#include "dispatch/routes.h"

/* vane_context.watch */
enum {
    VANE__WATCH_LOG = 1 << 0,    /* decisions are logged: each call is elected for itself */
    VANE__WATCH_CALLS = 1 << 1,  /* there are watchers of calls */
    VANE__WATCH_PROBES = 1 << 2, /* somebody looks at the probes of calls (probe.h) */
    VANE__WATCH_PAGE = 1 << 3,   /* somebody looks at the page (pager.h) */
    VANE__WATCH_TOLD = VANE__WATCH_CALLS | VANE__WATCH_PROBES | VANE__WATCH_PAGE
};

/* One call that is over. Pointers are good while it is told. */
typedef struct vane__call_event {
    uint64_t begin_ns, end_ns;  /* vane__clock_now; of asynchronous work: given, and landed */
    const vane__prepared *p;    /* the op, its operands' shapes and places, its work */
    const vane__runner *runner; /* who computed; kernel NULL: nobody had to, or could */
    vane_status status;
    uint32_t retries;                  /* candidates that failed before */
    uint64_t trial_ns;                 /* of the time: others that were tried beside the call */
    const vane__device *const *failed; /* who failed, the first VANE__MAX_FAILED; NULL: program */
    uint32_t asynchronous;
    uint32_t giver; /* asynchronous: the thread that gave it, by the system's number; 0 unknown */
    uint64_t given_ns;  /* asynchronous: when that went on; 0 unknown */
    uint64_t waited_ns; /* asynchronous: of the time: behind earlier work of its stream */
} vane__call_event;

/* A route that leads to somebody else. Told under the lock of the routes. */
typedef struct vane__route_event {
    uint64_t when_ns;
    const vane__op *op;
    uint32_t dtype, size_class, hot;
    const vane__runner *from, *to; /* from NULL: the first */
    double predicted_ns;
    const char *why;
} vane__route_event;

/* Functions may be NULL. Each is called from any thread, several at once. */
typedef struct vane__watcher {
    void (*call)(void *self, const vane__call_event *e);
    void (*route)(void *self, const vane__route_event *e);
    /* At vane_close, when no call runs any more; backends are still there. */
    void (*close)(void *self);
    /* Around fork(): its locks, and in the child, after unlock, what is only the parent's. */
    void (*lock)(void *self);
    void (*unlock)(void *self);
    void (*in_child)(void *self);
    void *self;
} vane__watcher;

#define VANE__MAX_WATCHERS 6
struct vane__watchers {
    vane__watcher list[VANE__MAX_WATCHERS];
    uint32_t count;
};
typedef struct vane__watchers vane__watchers;

/* Those that settings ask for, when the context opens. What cannot be had is one log line. */
vane_status vane__watchers_open(vane_context *ctx);
void vane__watchers_close(vane_context *ctx);
/* Takes the watcher on; 0: there is no room. Only while the context opens. */
int vane__watch(vane_context *ctx, const vane__watcher *w);
/* The same, but its wish for calls makes none be told: it hears of those that are told anyway. */
int vane__watch_along(vane_context *ctx, const vane__watcher *w);
void vane__tell_call(vane_context *ctx, const vane__call_event *e);
void vane__tell_route(vane_context *ctx, const vane__route_event *e);

/* For fork(). */
void vane__watchers_lock(vane_context *ctx);
void vane__watchers_unlock(vane_context *ctx);
void vane__watchers_in_child(vane_context *ctx);

/* Who ran this thread's last elected or dispatched call, for the one who tells of it. */
#define VANE__MAX_FAILED 8
typedef struct vane__ran {
    vane__runner runner; /* kernel NULL: nobody */
    uint32_t retries;
    uint64_t trial_ns;
    const vane__device *failed[VANE__MAX_FAILED];
} vane__ran;
extern _Thread_local vane__ran vane__last_run;

/* One more candidate of this thread's call failed. */
static inline void vane__ran_failed(const vane__runner *r)
{
    if (vane__last_run.retries < VANE__MAX_FAILED)
        vane__last_run.failed[vane__last_run.retries] = r->device;
    vane__last_run.retries++;
}

#endif
