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

typedef struct vane__window {
    float ns[VANE__WINDOW]; /* the last ones, in a ring */
    uint32_t pushed;        /* since it was emptied */
    uint32_t aged;          /* so often in a row, and nothing came since */
    uint32_t old;           /* of its first ones: kept when it was aged, not reviewed yet */
    uint32_t fresh;         /* measured since it was kept (store.h) */
} vane__window;

/* What a window said before the last while, and before the one before that; 0: nothing yet. The
 * load of the host is noticed late, and until then calls tell their times to the wrong window. */
typedef struct vane__past {
    float ns[2];
    uint32_t ms[2]; /* when that was noted */
} vane__past;

typedef struct vane__learned {
    vane__window window[2][2]; /* by the pool hot before the call, by the host busy */
    vane__past past[2][2];
    uint32_t trust;      /* vane_trust */
    float remembered_ns; /* what is expected for other reasons than a time; 0 nothing */
    uint32_t kept_trust; /* as they were kept (store.h) */
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
    float settled_ns[2];     /* over: what the choice took then, by hot */
} vane__lesson;

static inline uint32_t vane__window_count(const vane__window *w)
{
    return w->pushed < VANE__WINDOW ? w->pushed : VANE__WINDOW;
}
void vane__window_push(vane__window *w, double ns);
/* 0: it is empty */
double vane__window_typical(const vane__window *w);
/* Only the last few are kept: what was known may be old. */
void vane__window_age(vane__window *w);
/* 0: it is empty */
double vane__window_least(const vane__window *w);
double vane__window_most(const vane__window *w);
/* Before a push: what w says by now, unless that was noted a moment ago. */
void vane__past_note(vane__past *p, const vane__window *w, uint64_t now_ns);
/* The load that w is of is over for some time already: its samples say what they said before. */
void vane__past_restore(const vane__past *p, vane__window *w, uint64_t now_ns);
/* The distance from its first to its third quartile; 0 below four. */
double vane__window_spread(const vane__window *w);

#endif
