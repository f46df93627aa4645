/* SPDX-License-Identifier: MIT */
/* oracle.h - the kernel that defines what is right for an op and dtype. */
#ifndef VANE__POLICY_ORACLE_H
#define VANE__POLICY_ORACLE_H

#include "dispatch/routes.h"

/* The reference body of a registered op; else the first loaded kernel on host memory whose
 * numerics are VANE_NUMERICS_ORACLE and that takes any call. 0: nobody has one. Takes the
 * context's control lock. */
int vane__oracle_find(vane_context *ctx, const vane__op *op, uint32_t dtype, vane__runner *out);
/* Its name for people: "scalar". */
const char *vane__oracle_name(const vane__runner *oracle);
/* Runs it, on this thread alone. call: one part, in its normal form. */
vane_status vane__oracle_run(const vane__runner *oracle, vane_call *call);
/* What it says it takes for the whole of p, in ns. */
double vane__oracle_ns(const vane__runner *oracle, const vane__prepared *p);

#endif
