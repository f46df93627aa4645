/* SPDX-License-Identifier: MIT */
/* groups.h - what the suite consists of. */
#ifndef CONFORM_GROUPS_H
#define CONFORM_GROUPS_H

#include "trial.h"

/* Groups. Each opens and closes its own units. */
void conform_abi(conform *c);
void conform_kernels(conform *c);
void conform_memory(conform *c);
void conform_width(conform *c);
void conform_threads(conform *c);
void conform_stream(conform *c);
void conform_sequence(conform *c);
void conform_refusal(conform *c);
void conform_reload(conform *c);

/* Cases of the kernels group, by shape rule: one op and dtype. */
void conform_cases_elementwise(conform *c, const vane_op_info *info, uint32_t dtype);
void conform_cases_reduce(conform *c, const vane_op_info *info, uint32_t dtype);
void conform_cases_dot(conform *c, const vane_op_info *info, uint32_t dtype);
void conform_cases_matmul(conform *c, const vane_op_info *info, uint32_t dtype);
void conform_cases_gemm(conform *c, const vane_op_info *info, uint32_t dtype);
void conform_cases_softmax(conform *c, const vane_op_info *info, uint32_t dtype);
void conform_cases_transpose(conform *c, const vane_op_info *info, uint32_t dtype);
void conform_cases_concat(conform *c, const vane_op_info *info, uint32_t dtype);

/* Parameters for an elementwise op, another kind each turn; none: ONNX's defaults. */
void conform_vary_params(conform *c, conform_trial *t);

/* Does the user want this op and dtype? */
int conform_wanted(const conform *c, const char *op, uint32_t dtype);
/* Calls fn for each wanted op and dtype, as one unit of the group. */
typedef void (*conform_cases_fn)(conform *c, const vane_op_info *info, uint32_t dtype);
void conform_each(conform *c, const char *group, conform_cases_fn fn);

#endif
