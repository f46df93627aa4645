/* SPDX-License-Identifier: MIT */
/* tensor.h - checks of one tensor, and of two that may share memory. */
#ifndef VANE__OP_TENSOR_H
#define VANE__OP_TENSOR_H

#include "vane/vane.h"

/* vane_dtype_bytes for a dtype known to be valid, without the call. */
static inline uint32_t vane__dtype_size(uint32_t dtype)
{
#define VANE__DTYPE_SIZE(NAME, name, bytes) bytes,
    static const uint8_t sizes[] = {VANE_DTYPE_MAP(VANE__DTYPE_SIZE)};
    return sizes[dtype];
}

/* Is its memory a buffer's? A tensor with both has its own. */
static inline int vane__in_buffer(const vane_tensor *t)
{
    return t != NULL && t->data == NULL && t->buffer.id != 0;
}

/* Product of the dimensions, or -1: negative dimension or beyond 63 bits. */
int64_t vane__count(uint32_t rank, const int64_t *shape);
/* Row-major strides for the shape. */
void vane__strides_fill(uint32_t rank, const int64_t *shape, int64_t *stride);
/* op and arg name the place in the sentence. is_output: no two indices may share a place.
 * need_data 0: data is not looked at (vane_explain). */
vane_status vane__tensor_check(const char *op, const char *arg, const vane_tensor *t, int is_output,
                               int need_data);
/* The bytes from the first to behind the last element, relative to data. Checked tensors
 * only; an empty tensor is [0, 0). */
void vane__tensor_extent(const vane_tensor *t, int64_t *lo, int64_t *hi);

typedef enum vane__alias { VANE__ALIAS_NONE, VANE__ALIAS_EXACT, VANE__ALIAS_PARTIAL } vane__alias;
/* Do two checked tensors share memory? EXACT: the same elements in the same places.
 * Layouts that interleave (the columns of one matrix) are told apart by a gcd test. */
vane__alias vane__tensor_alias(const vane_tensor *a, const vane_tensor *b);

/* "[2,3,4]" */
void vane__shape_text(uint32_t rank, const int64_t *shape, char *out, size_t bytes);
#define VANE__SHAPE_TEXT 96

#endif
