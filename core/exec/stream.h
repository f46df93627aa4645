/* SPDX-License-Identifier: MIT */
/* stream.h - a stream from the inside.
 *
 * Work is numbered as it is given. Most of it is launched at once by the thread that gives it:
 * a device's queue keeps it in order. What must wait first, or computes on the host, goes into
 * the lane, a thread of the stream that takes one after the other; while the lane has work, all
 * later work goes there too. Launched work is in the air until somebody lands it: whoever
 * waits, and the lane before work that needs the host's memory.
 *
 *     given --> (lane) --> launched --> in the air, in order --> landed
 *
 * Locks, in this order: give, land, the buffers', lock; a device's queues come after them.
 */
#ifndef VANE__EXEC_STREAM_H
#define VANE__EXEC_STREAM_H

#include "dispatch/dispatch.h"
#include "dispatch/flight.h"

typedef struct vane__task { /* of the lane: a flight, a callback, or a fence to wait for */
    struct vane__task *next;
    uint64_t sequence;
    vane__flight *flight;
    void (*fn)(void *arg, vane_status status);
    void *arg;
    vane_fence *fence;
} vane__task;

#define VANE__STREAM_BINS 64u
#define VANE__STREAM_CHOICES 64 /* a power of two */
typedef struct vane__choice {   /* of a stream of one device: the kernel for op, dtype, class */
    uint32_t version;           /* of the routes then; 0: none */
    uint32_t op, dtype, size_class;
    uint32_t heard, pause; /* calls that taught since it was made, and after so many it is again */
    vane__runner runner;
} vane__choice;

struct vane_stream {
    struct vane_stream *next; /* of the context's */
    _Atomic uint64_t magic;
    vane_context *ctx;
    atomic_uint refs;     /* the user's, and one for each fence */
    uint32_t forks;       /* the context's, when it was opened */
    vane__device *device; /* NULL: any */

    pthread_mutex_t give;                    /* who gives work: from its number to its launch */
    vane__trail *at_hand;                    /* under it: spare ones */
    vane__flight *closed[VANE__STREAM_BINS]; /* under it: given back when they were launched */

    pthread_mutex_t land; /* one lander at a time */

    pthread_mutex_t lock; /* all below */
    pthread_cond_t changed;
    vane__choice choices[VANE__STREAM_CHOICES];
    uint64_t told_ns;         /* the end of the work that was told last */
    uint64_t given, launched; /* the last number so; 0 none yet */
    vane__task *first, *last; /* the lane's work */
    atomic_uint waiting;      /* how much of it; written under the lock */
    int lane_up, lane_busy, closing;
    pthread_t lane;
    vane__trail *air, *air_last; /* launched, oldest first */
    uint32_t in_air, host_outs;  /* and how many of them with outputs in host memory */
    uint32_t late_outs;          /* ... that get there only when they land, by way of the arena */
    vane__ticket *tail;          /* of the last work launched; NULL: none */
    vane__queue **queues;        /* by vane__device.number - 1, borrowed at first use */
    uint32_t n_queues;
    vane_error error; /* the first failure not reported yet, and whose it is */
    uint64_t error_sequence;
    struct vane_fence *fences; /* recorded in it: a failure is theirs too when it is reported */
    vane__flight *spare[VANE__STREAM_BINS]; /* closed, for the next */
    uint32_t n_spare;
    vane__trail *spare_trails; /* no more, with those at hand, than were in the air at once */
};

struct vane_fence {
    struct vane_fence *next; /* of the stream's */
    vane_stream *stream;
    uint64_t sequence;
    vane_error error; /* the failure before it that was reported since */
};

#define VANE__STREAM_MAGIC UINT64_C(0x6d61657274736e76)

vane_status vane__stream_check(vane_stream *s, const char *what);
/* Every stream that was not closed; warns. */
void vane__streams_close(vane_context *ctx);

/* Under give: a closed flight, of that key or its bin if there is one; NULL: out of memory. */
vane__flight *vane__stream_flight(vane_stream *s, uint32_t key);
/* And back, a list of them. */
void vane__stream_recycle(vane_stream *s, vane__flight *list);
/* The same with one, under give. */
void vane__stream_keep(vane_stream *s, vane__flight *f);
/* Under give: a trail that nobody has; NULL: out of memory. */
vane__trail *vane__stream_trail(vane_stream *s);

/* ---- launching (give.c) -------------------------------------------------------------------- */

/* Under give, an open flight: takes it over, unless the status is a failure. */
vane_status vane__stream_give(vane_stream *s, vane__flight *f);
/* The lane's: f on whatever the route or the election says. Takes it over. */
void vane__stream_run(vane_stream *s, vane__flight *f);
/* A kernel on a device, or a route's; 0: an election has to say. Under give, and no other lock. */
int vane__stream_choose(vane_stream *s, vane__flight *f, vane__runner *out);
/* The stream's queue on d; under its lock. */
vane_status vane__stream_queue(vane_stream *s, vane__device *d, vane__queue **out);
/* Under its lock: t, the newest of all, is in the air. */
void vane__stream_flies(vane_stream *s, vane__trail *t);
/* Now and then what is done comes down, and always when there is too much in the air. */
void vane__stream_reap(vane_stream *s, uint32_t in_air, uint64_t oldest);
/* Some microseconds, so that to wait for a few of them is to wait for one. */
int vane__work_is_brief(const vane__work *w);
/* async.c: one call, under give. */
vane_status vane__stream_call(vane_stream *s, uint32_t op, const vane_tensor *const *in,
                              uint32_t n_in, vane_tensor *const *out, uint32_t n_out,
                              const vane_params *params, const vane_options *options);
/* Under no lock, before give: waits while VANE__LANE_MOST wait for the lane, and until half of them
 * are done; what waits takes memory. A lane itself does not wait: who waits may wait for it. */
#define VANE__LANE_MOST 4096u
void vane__lane_room(vane_stream *s);
/* Under give: work that cannot be launched now. 0: no thread to be had. */
int vane__lane_push(vane_stream *s, vane__task *t, uint64_t *sequence);

/* ---- of one device (pick.c) ---------------------------------------------------------------- */

/* Under the stream's lock: who was picked before. 0: somebody has to be. */
int vane__stream_picked(vane_stream *s, const vane__flight *f, vane__runner *out);
/* Under give: of calls that may teach, does f? If not, and it is its turn, it asks who is to be
 * picked. */
int vane__stream_teaches(vane_stream *s, vane__flight *f);
/* The same after it was looked at: 1: the choice for f was of other routes, and is made anew. */
int vane__stream_renew(vane_stream *s, vane__flight *f);
/* In the lane. Its calls go nowhere else: one is the occasion to look after a device that rests. */
void vane__stream_probe(vane_stream *s, const vane__prepared *p);
/* Under no lock. 0: nobody can, and the sentence. */
int vane__stream_pick(vane_stream *s, vane__flight *f, vane__runner *out);

/* ---- telling (tell.c) ---------------------------------------------------------------------- */

/* Who watches now? Under no lock: it may write the page of `vane top`. */
void vane__stream_look(vane_stream *s);
/* Under give: an open flight is about to be given. */
void vane__stream_given(vane_stream *s, vane__flight *f);
/* Just before it is somebody else's. */
void vane__stream_went(vane__flight *f);
/* It is over, and not closed yet. */
void vane__stream_tell(vane_stream *s, vane__flight *f, vane_status st);

/* ---- landing (land.c) ---------------------------------------------------------------------- */

/* Everything up to sequence; gives up at deadline_ns (0: now; UINT64_MAX: never) with
 * VANE_E_TIMEOUT. Failures are the stream's to report. */
vane_status vane__stream_land(vane_stream *s, uint64_t sequence, uint64_t deadline_ns);
/* The same, and before that until the lane has launched it. */
vane_status vane__stream_reach(vane_stream *s, uint64_t sequence, uint64_t deadline_ns);
/* This thread's error is the stream's, unless it has one. */
void vane__stream_fail(vane_stream *s, uint64_t sequence, const char *op);
/* VANE_OK, or the failure not reported yet. */
vane_status vane__stream_state(vane_stream *s);

#endif
