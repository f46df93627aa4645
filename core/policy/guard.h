/* SPDX-License-Identifier: MIT */
/* guard.h - do no harm: a candidate that keeps failing, or a device that loses to the CPU, is left
 * alone at its site for a while (plugin/breaker.h), and comes back by probes.
 *
 * The ledger of a site sums what its calls on a device took beyond the best measured time of
 * the CPU: a cumulative sum that gains bring back to nothing but not below, so that an hour of
 * gains hides no loss. One slow call alone moves nothing.
 */
#ifndef VANE__POLICY_GUARD_H
#define VANE__POLICY_GUARD_H

#include "dispatch/site.h"

/* A timed call of the caller's on candidate i: took_ns, and how that is brought to the middle of
 * its class. Under the lock of the routes. */
void vane__guard_note(vane_context *ctx, vane__site *site, uint32_t i, const vane__route *route,
                      uint32_t hot, double took_ns, double scale);
/* p failed on r. Takes the lock of the routes. */
void vane__guard_failed(vane_context *ctx, const vane__prepared *p, const vane__runner *r,
                        vane_status st);
/* The choice went from one candidate to another by itself: nothing else would bring a device back.
 * Under the lock of the routes. */
void vane__guard_left(vane_context *ctx, vane__site *site, uint32_t from, uint32_t to);
/* A call that failed on its route first took took_ns in all. Takes the lock of the routes. */
void vane__guard_wasted(vane_context *ctx, const vane__route *route, const vane__prepared *p,
                        double took_ns);
/* What the entry's breaker says to its candidate. Under the lock of the routes. */
void vane__guard_verdict(const vane__entry *e, vane_candidate *c);
/* The site chooses again, for both states of the pool. Under the lock of the routes. */
void vane__guard_choose(vane_context *ctx, vane__site *site, const char *why);
/* The entry is used again. Under the lock of the routes. */
void vane__guard_close(vane_context *ctx, vane__entry *e);
/* On threads of ours, in our memory. */
int vane__guard_on_cpu(const vane__runner *r);
/* The best measured time of the CPU for calls like those of candidate i; 0: not known. */
double vane__guard_baseline(const vane__site *site, uint32_t i);

/* ---- probe.c; under no lock ---- */

/* Of those at the site whose pause is over, one is probed beside p, a call on host memory. */
void vane__probe_beside(vane_context *ctx, vane__site *site, const vane__prepared *p);
/* The same for a call with operands in buffers, which nothing can run beside: on made-up data
 * (rehearse.c) at its twin, and who lost here is tried by the next calls. 1: look at the route. */
int vane__probe_in_buffers(vane_context *ctx, vane__site *site, const vane__prepared *p);
/* For a call that has no route to be looked at, or is for one device alone: of the devices of s
 * that rest and whose pause is over, one is made anew and probed on made-up data. 1: it is back, or
 * rests for longer: s is out of date. */
int vane__probe_slate(vane_context *ctx, const vane__prepared *p, const vane__slate *s);

#endif
