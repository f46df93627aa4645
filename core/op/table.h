/* SPDX-License-Identifier: MIT */
/* table.h - the rows of ops.def and the ops registered by name, in one form. */
#ifndef VANE__OP_TABLE_H
#define VANE__OP_TABLE_H

#include "context.h"

typedef enum vane__rule {
    VANE__RULE_ELEMENTWISE,
    VANE__RULE_REDUCE,
    VANE__RULE_ARGMAX,
    VANE__RULE_DOT,
    VANE__RULE_MATMUL,
    VANE__RULE_GEMM,
    VANE__RULE_SOFTMAX,
    VANE__RULE_TRANSPOSE,
    VANE__RULE_CONCAT,
    VANE__RULE_CUSTOM
} vane__rule;

typedef enum vane__out { VANE__OUT_SAME, VANE__OUT_BOOL, VANE__OUT_I64, VANE__OUT_ANY } vane__out;

typedef struct vane__op {
    vane_op_info info;
    vane__rule rule;
    vane__out out;
    const vane_params *defaults;
    /* ops registered by name */
    vane_op_desc custom;
    vane_kernel reference; /* of custom.reference, when there is one */
    uint64_t code;         /* whose code that is (policy/identity.h); 0 not known */
} vane__op;

#define VANE__DTYPE_BIT(dtype) (1u << VANE_##dtype)
/* the DTYPES column */
enum {
    VANE__SET_FLOAT =
        VANE__DTYPE_BIT(F32) | VANE__DTYPE_BIT(F64) | VANE__DTYPE_BIT(F16) | VANE__DTYPE_BIT(BF16),
    VANE__SET_WIDE = VANE__SET_FLOAT | VANE__DTYPE_BIT(I32) | VANE__DTYPE_BIT(I64),
    VANE__SET_SIGNED = VANE__SET_WIDE | VANE__DTYPE_BIT(I8),
    VANE__SET_NUMERIC = VANE__SET_SIGNED | VANE__DTYPE_BIT(U8),
    VANE__SET_ALL = VANE__SET_NUMERIC | VANE__DTYPE_BIT(BOOL)
};

struct vane__op_table;
vane_status vane__op_table_open(struct vane__op_table **out);
void vane__op_table_close(struct vane__op_table *t);
pthread_mutex_t *vane__op_table_lock(struct vane__op_table *t); /* for fork() */
/* The op's row, or NULL: no such op. Rows live as long as the context. */
const vane__op *vane__op_get(const vane_context *ctx, uint32_t op);
/* The same, and the sentence when there is none. */
const vane__op *vane__op_require(const vane_context *ctx, uint32_t op);
const vane__op *vane__op_by_name(const vane_context *ctx, const char *name);

#define VANE__MAX_CUSTOM_OPS 64

#endif
