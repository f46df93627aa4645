/* SPDX-License-Identifier: MIT */
/* learn.h - calls that are looked at: timed, and in young sites used to try candidates. */
#ifndef VANE__POLICY_LEARN_H
#define VANE__POLICY_LEARN_H

#include "dispatch/dispatch.h"
#include "dispatch/site.h"
#include "telemetry/clock.h"
#include "telemetry/want.h"

#define VANE__LONG_NS 20000.0 /* two clock reads are 0.2 % of it: each such call is timed */
#define VANE__BRIEF_NS 5000.0 /* below, only repeats tell what a call takes */

/* Follows the load of the host from now on. */
void vane__learn_open(vane_context *ctx);
/* Others came for this machine's CPUs, or went: every route is what is known for that state. */
void vane__learn_busy(vane_context *ctx, uint32_t busy);

/* A lesson beside p, by the one learner of route's site: the route that the call takes, NULL where
 * that has to be made first. *base_ns: where it is a trial, what the choice would take. */
const vane__route *vane__lesson_take(vane_context *ctx, const vane__prepared *p,
                                     const vane__route *route, uint32_t hot, double *base_ns);
/* Amid a lesson: does the route stay for now? Then *chosen is who has it. Under the lock. */
void vane__lesson_hold(const vane__slate *s, uint32_t *chosen);
/* To the allowance. Takes the lock of the routes. */
void vane__lesson_charge(vane_context *ctx, double ns);

/* observe.c: a call on the host's memory whose route is watched, or whose turn it is. */
vane_status vane__observe(vane_context *ctx, vane__prepared *p, const vane__route *route,
                          uint32_t hot);
/* Is there nothing to be done before some later moment? Touches nothing that calls write. */
int vane__lesson_rests(const vane_context *ctx, const vane__site *site, uint64_t now_ns);
/* Of a site that remembers an earlier process: if that is enough, nothing is tried. Under the
 * lock of the routes. */
void vane__lesson_resume(vane_context *ctx, vane__site *site);
/* What is known of e in the state that q is of, into c. Under the lock of the routes. */
void vane__learned_recall(const vane__site *site, const vane__entry *e, const vane_query *q,
                          vane_candidate *c);
/* A call of this much work on route's runner took so long: kept, and when the site was settled,
 * compared with what it took then. repeated: the mean of several in a row. */
void vane__learned_note(vane_context *ctx, const vane__route *route, const vane__prepared *p,
                        uint32_t hot, double took_ns, int repeated);
/* Its window in the state that q is of. */
const vane__window *vane__learned_window(const vane__learned *l, uint32_t width,
                                         const vane_query *q);

/* sizes.c: what e is expected to take in q, by what it took at sizes near by (model.h); 0: nobody
 * can say. *spread_ns: how unsure that is; 0 unknown. Under the lock of the routes. */
double vane__sizes_expect(const vane__site *site, const vane__entry *e, const vane_query *q,
                          const vane_candidate *c, double *spread_ns);
/* What a call of p's size takes, brought to the middle of its class. */
double vane__learned_scale(const vane_candidate *c, const vane_query *middle,
                           const vane__prepared *p);

/* rehearse.c: the lessons of p's site, and of its twin for operands in host memory, on made-up
 * data, if there is anything to learn and time left for it: 1, something was. Under no lock. */
int vane__rehearse(vane_context *ctx, vane__site *twin, const vane__prepared *p);

/* Of a runner that nobody checked at the twin: the trust that it earns there; VANE_TRUST_NONE: not
 * now. Under no lock. */
uint32_t vane__rehearse_check(vane_context *ctx, vane__site *twin, const vane__prepared *p,
                              const vane__runner *r);

/* A probe of somebody at the twin (guard.h) beside such data. */
void vane__rehearse_probe(vane_context *ctx, vane__site *twin, const vane__prepared *p);
/* Is r right on such data? What cannot be made up, because it is too large, is taken on trust. */
int vane__rehearse_works(vane_context *ctx, const vane__prepared *p, const vane__runner *r);

/* trial.c: candidates run beside a call, on its inputs, into memory of their own. */
typedef struct vane__trial {
    vane_context *ctx;
    vane__prepared p; /* the call, with an output of our own */
    vane_tensor out, *outs[1];
    void *memory;
    struct vane__check *check; /* made when the first has to be checked */
    int no_oracle, no_memory;  /* for that */
    double spent_ns;
    double ran_ns; /* what the one that was checked last took for it */
} vane__trial;

/* Failures make no error of the caller's. 0: no memory for it. */
int vane__trial_open(vane_context *ctx, const vane__prepared *p, vane__trial *t);
void vane__trial_close(vane__trial *t);
/* Checks r's result: the vane_trust that it earned; VANE_TRUST_NONE: could not be found out, with
 * no_memory for want of memory for the check, which says nothing of r. */
uint32_t vane__trial_check(vane__trial *t, const vane__runner *r);
/* Keeps r's device at work until its gauge tells what it draws then, or does not. */
void vane__trial_power(vane__trial *t, const vane__runner *r);
/* What a call takes, by repeats of it; 0: it failed. */
double vane__trial_time(vane__trial *t, const vane__runner *r, int is_first);

#endif
