/* SPDX-License-Identifier: MIT */
/* attr.h - --attr key=value, in ONNX's names, into an operation's parameters. */
#ifndef VANE_TOOL_ATTR_H
#define VANE_TOOL_ATTR_H

#include "args.h"
#include "vane/vane.h"

/* *out becomes params, or NULL (the op's defaults) when list is empty. CLI_OK, or CLI_USAGE
 * with the error, and the keys that the op has, printed. */
int attr_parse(const vane_op_info *op, const args_list *list, vane_params *params,
               const vane_params **out);
/* "axes=0,1 keepdims=0|1"; "" for an op without parameters */
void attr_describe(const vane_op_info *op, char *out, size_t bytes);

#endif
