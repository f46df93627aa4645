/* SPDX-License-Identifier: MIT */
/* allowance.h - how much time trials may cost: 1 % of any ten seconds, counted. */
#ifndef VANE__POLICY_ALLOWANCE_H
#define VANE__POLICY_ALLOWANCE_H

#include <stdint.h>

#define VANE__ALLOWANCE_SLOTS 11 /* ten seconds touch eleven */
#define VANE__ALLOWANCE_SLOT_NS UINT64_C(1000000000)
#define VANE__ALLOWANCE_NS 100e6 /* in the time of all slots */

typedef struct vane__allowance {
    uint64_t slot[VANE__ALLOWANCE_SLOTS]; /* which second each counts */
    double spent_ns[VANE__ALLOWANCE_SLOTS];
    double total_ns;  /* ever */
    double needed_ns; /* of it: checks that choices needed, whatever was left */
    double more_ns;   /* in the time of all slots, beside the usual */
} vane__allowance;

/* What may still be spent at this moment; may be negative. */
double vane__allowance_left(const vane__allowance *a, uint64_t now_ns);
void vane__allowance_spend(vane__allowance *a, uint64_t now_ns, double ns);

#endif
