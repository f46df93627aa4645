/* SPDX-License-Identifier: MIT */
/* rules.h - shape rules: what an op's output must be, and the normal form of its call.
 *
 * infer() works from shapes alone. normalise() runs after every operand was checked and
 * the output found to be what infer() says; it fills the views of the call as backend.h
 * promises for the rule. Rules are pure: no memory is touched or allocated.
 */
#ifndef VANE__OP_RULES_H
#define VANE__OP_RULES_H

#include "op/table.h"

/* What the caller asked, before any check. */
typedef struct vane__request {
    const vane_context *ctx;
    const vane__op *op;
    const vane_tensor *const *in;
    vane_tensor *const *out;
    uint32_t n_in, n_out;
    const vane_params *params; /* never NULL */
    int need_data;
} vane__request;

/* How much one call is: units of the rule choose the size class. */
typedef struct vane__work {
    double units, flops, bytes;
} vane__work;

typedef struct vane__rule_table {
    /* rank and shape of *out (dtype is done by the caller) */
    vane_status (*infer)(const vane__request *rq, vane_tensor *out);
    /* part: 0, or the input of a CONCAT */
    void (*normalise)(const vane__request *rq, uint32_t part, vane_call *call);
    double (*units)(const vane_call *call);
} vane__rule_table;

const vane__rule_table *vane__rule_of(vane__rule rule);
extern const vane__rule_table vane__rule_elementwise, vane__rule_reduce, vane__rule_argmax,
    vane__rule_dot, vane__rule_matmul, vane__rule_gemm, vane__rule_softmax, vane__rule_transpose,
    vane__rule_concat, vane__rule_custom;

/* Parameters that no value of any operand makes right (NaN limits, ...). */
vane_status vane__params_check(const vane__op *op, const vane_params *params, uint32_t out_dtype);
/* axis (may be negative) of rank dimensions; -1 and the sentence when it is outside. */
int32_t vane__axis(const char *op, const char *arg, int32_t axis, uint32_t rank);
/* The name of input i in sentences: "x", "a", "inputs[3]". */
const char *vane__input_name(const vane__op *op, uint32_t i, char *buffer, size_t bytes);

/* ---- building views (op/view.c) ---- */
void vane__view_of(const vane_tensor *t, vane_view *v);
/* The n views have one rank and one shape: drop dimensions of 1 and merge neighbours where
 * all allow it, in dimensions [first, first + *count) ; keeps at least one. */
void vane__views_merge(vane_view *views, uint32_t n, uint32_t first, uint32_t *count);
/* Order dimensions by the last view's |stride|, largest first, strides of it positive. */
void vane__views_sort(vane_view *views, uint32_t n);

/* Copies elements between views of one shape and element size, any strides. */
void vane__view_copy(const vane_view *from, const vane_view *to);
/* The same of tensors of one shape. */
void vane__tensor_copy(const vane_tensor *from, const vane_tensor *to);
/* A dense copy's strides: 0 stays 0, the others row-major. Returns elements held. */
uint64_t vane__view_dense(const vane_view *v, vane_view *dense);

#endif
