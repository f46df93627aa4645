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
 * ops are not read again, but by vane__check_keep. Any thread; several may ask one check at once.
 */
#ifndef VANE__POLICY_VERIFY_H
#define VANE__POLICY_VERIFY_H

#include "dispatch/routes.h"

typedef struct vane__check vane__check;

#define VANE__CHECK_NS 10e6 /* what finding out the right answer may cost; beyond: a part of it */

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

/* Keeps what shows the failure in a new folder of dir (made if it is not there, for the owner
 * alone): inputs, what came out, what is right if all of it is at hand, and how to run it again.
 * who: the candidate's backend; width: its threads. At most VANE__KEPT folders and
 * VANE__KEPT_BYTES in all. 1 and the new folder's name in why, or 0 and the reason there; it is
 * never an error of the call. */
#define VANE__KEPT 16
#define VANE__KEPT_BYTES (UINT64_C(64) << 20)
int vane__check_keep(const vane__check *c, const void *out, const vane__finding *finding,
                     const char *who, uint32_t width, const char *dir, char why[200]);
/* wrong.c: says that r's result out was wrong and r is left out; keeps what shows it in the user's
 * cache folder, unless there is to be none. */
void vane__check_tell(vane_context *ctx, const vane__check *c, const void *out,
                      const vane__finding *finding, const vane__prepared *p, const vane__runner *r);

#endif
