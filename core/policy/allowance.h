/* SPDX-License-Identifier: MIT */
/* allowance.h - how much time trials may cost: 1 % of any ten seconds, not all at once. */
#ifndef VANE__POLICY_ALLOWANCE_H
#define VANE__POLICY_ALLOWANCE_H

#include <stdint.h>

#define VANE__ALLOWANCE_SLOTS 11 /* ten seconds touch eleven */
#define VANE__ALLOWANCE_SLOT_NS UINT64_C(1000000000)
#define VANE__ALLOWANCE_NS 100e6 /* in the time of all slots */
/* In the time of two, so that no second has more; what was lost otherwise counts in it too. Where
 * nothing was spent or lost, one trial may take longer, or long calls had only the first choice. */
#define VANE__ALLOWANCE_BURST_NS 20e6
#define VANE__ALLOWANCE_ONE_NS 45e6

typedef struct vane__allowance {
    uint64_t slot[VANE__ALLOWANCE_SLOTS]; /* which second each counts */
    double spent_ns[VANE__ALLOWANCE_SLOTS];
    double harm_ns[VANE__ALLOWANCE_SLOTS];
    double total_ns;  /* ever */
    double needed_ns; /* of it: checks that choices needed, whatever was left */
    double more_ns;   /* in the time of all slots, beside the usual */
} vane__allowance;

/* What may still be spent at this moment; may be negative. */
double vane__allowance_left(const vane__allowance *a, uint64_t now_ns);
/* Calls took so much longer than need be (less, where below 0), which trials have to wait for. */
void vane__allowance_harm(vane__allowance *a, uint64_t now_ns, double ns);
/* In this second and the one before. */
double vane__allowance_harmed(const vane__allowance *a, uint64_t now_ns);
void vane__allowance_spend(vane__allowance *a, uint64_t now_ns, double ns);

#endif
