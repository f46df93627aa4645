/* SPDX-License-Identifier: MIT */
/* measure.h - makes a call on made-up data until the policy knows enough about it. */
#ifndef VANE_TOOL_MEASURE_H
#define VANE_TOOL_MEASURE_H

#include "vane/vane.h"

/* Allocates the tensors' data for the while; limit_ns: the most it may take. Prints its error. */
int measure_call(vane_context *ctx, const vane_op_info *op, vane_tensor *in, uint32_t n_in,
                 vane_tensor *out, const vane_params *params, double limit_ns);

#endif
