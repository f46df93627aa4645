/* SPDX-License-Identifier: MIT */
/* learned.h - what is known of one candidate of one site: measured times, and whether its
 * results were checked.
 *
 * Times are wall times of whole calls in ns, brought to the middle of the size class by the
 * shape of the candidate's roofline, because the calls of one class differ by up to two. The
 * estimate is the lower quartile of a window (of two, the lower): what disturbs a call only
 * ever adds to it, so that a spike moves nothing, and what a candidate takes when left alone
 * is compared with the like. A trimmed mean would choose better among candidates of which many
 * calls take twice as long, and far worse where a few take a hundred times as long.
 */
#ifndef VANE__POLICY_LEARNED_H
#define VANE__POLICY_LEARNED_H

#include <stdatomic.h>

#include "vane/policy.h"

#define VANE__WINDOW 9
/* That the load of the host may have changed, mostly: see load.h. */
#define VANE__UNNOTICED_NS UINT64_C(200000000)

/* What a window said, typically, when its last sample was of so many ms: now and some time before.
 * The load of the host is noticed late, and until then calls tell the wrong window. */
typedef struct vane__past {
    float ns[2];    /* 0: nothing */
    uint32_t ms[2]; /* these and told_ms: the context's clock, its lower bits */
    uint32_t told_ms;
    uint32_t since; /* samples since it was noted */
} vane__past;

typedef struct vane__window {
    float ns[VANE__WINDOW]; /* the last ones, in a ring */
    uint32_t pushed;        /* since it was emptied */
    uint32_t aged;          /* so often in a row, and nothing came since */
    uint32_t old;           /* of its first ones: kept when it was aged, not reviewed yet */
    uint32_t fresh;         /* measured since it was kept (store.h) */
    vane__past past;
} vane__window;

typedef struct vane__learned {
    vane__window window[2][2]; /* by the pool hot before the call, by the host busy */
    uint32_t trust;            /* vane_trust */
    float remembered_ns;       /* what is expected for other reasons than a time; 0 nothing */
    uint32_t kept_trust;       /* as they were kept (store.h) */
    float kept_ns;
} vane__learned;

/* How far the learning of a site went, in one state of the host. */
typedef struct vane__lesson {
    atomic_uint over;        /* enough is known */
    uint32_t paused;         /* not over, but there is no time for it */
    atomic_uint dueled;      /* the duel of this lesson (duel.h); 0: there was none yet */
    uint32_t lessons;        /* how often it began again: each time waits longer */
    uint64_t since_ns;       /* over: since when */
    _Atomic uint64_t due_ns; /* over, or paused: nothing is to be done before; read by calls */
    float settled_ns[2];     /* over: what the choice took then, by hot; 0: not known yet */
} vane__lesson;

static inline uint32_t vane__window_count(const vane__window *w)
{
    return w->pushed < VANE__WINDOW ? w->pushed : VANE__WINDOW;
}
void vane__window_push(vane__window *w, double ns);
/* The same of a call of this moment, and first what was said before it is noted. */
void vane__window_tell(vane__window *w, double ns, uint64_t now_ns);
/* 0: it is empty */
double vane__window_typical(const vane__window *w);
/* Only the last few are kept: what was known may be old. Unless the last ones are in doubt, what it
 * said is noted. */
void vane__window_age(vane__window *w, uint64_t now_ns, int in_doubt);
/* 0: it is empty */
double vane__window_least(const vane__window *w);
double vane__window_most(const vane__window *w);
/* Since the last one was told, to the millisecond. */
uint64_t vane__window_age_ns(const vane__window *w, uint64_t now_ns);
/* As typical; but of few samples, which may be of a moment's disturbance, no more than it said
 * before: if it takes longer, its calls soon tell; of who is left out none do. */
double vane__window_hoped(const vane__window *w);
/* What is pushed from here on replaces all that it has. */
void vane__window_renew(vane__window *w, uint64_t now_ns);
/* Its state of the host is over for some time already: samples that belong to the next one become
 * what it said before. 1: there were such. */
int vane__window_restore(vane__window *w, uint64_t now_ns);
/* As least, but also what it typically said in the last second. */
double vane__window_lately(const vane__window *w);
/* The distance from its first to its third quartile; 0 below four. */
double vane__window_spread(const vane__window *w);

#endif
