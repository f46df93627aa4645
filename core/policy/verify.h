/* SPDX-License-Identifier: MIT */
/* verify.h - is a result right? The oracle says, within the op's tolerance (op/tolerance.h).
 *
 * A check is opened before a candidate runs, and can judge any number of results of the same
 * call. How much it looks at depends on the budget:
 *
 *   all      the oracle computes the whole answer, and every element is compared
 *   pieces   it computes whole rows or slices, spread at random (the last one is always among
 *            them: ends are where kernels fail), and these are compared
 *   sums     products of matrices: Freivalds' check, see freivalds.h
 *
 * Inputs of reductions and products stay as they are until the check is closed; those of other
 * ops are not read again. Any thread; several may ask one check at once.
 */
#ifndef VANE__POLICY_VERIFY_H
#define VANE__POLICY_VERIFY_H

#include "dispatch/call.h"

typedef struct vane__check vane__check;

typedef struct vane__finding {
    int right;
    uint64_t checked, of;      /* elements of the output; of sums, those that they cover */
    uint64_t at;               /* wrong: the element in row-major order */
    double got, want, allowed; /* of that element; integers as the nearest double */
    char why[200];             /* a sentence, also for what is right */
} vane__finding;

/* p's inputs are in host memory; its output is not looked at. VANE_E_UNSUPPORTED: nobody loaded
 * says what is right; VANE_E_NOMEM; or what the oracle returned. Takes the control lock. */
vane_status vane__check_open(vane_context *ctx, const vane__prepared *p, double budget_ns,
                             vane__check **out);
/* out: the candidate's output, dense in row-major order. Returns finding->right. */
int vane__check_result(const vane__check *c, const void *out, vane__finding *finding);
void vane__check_close(vane__check *c);

/* What opening a check and one result are thought to take, in ns: above the budget where one row
 * alone costs more. Below 0: there is no oracle. */
double vane__check_cost_ns(vane_context *ctx, const vane__prepared *p, double budget_ns);

#endif
