/* FROZEN: the plugin contract v1 as it was released. Never edited. */
/* SPDX-License-Identifier: MIT */
/* types.h - data types, tensors and limits. Plain data; no function, no state. */
#ifndef VANE_TYPES_H
#define VANE_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "vane/status.h"

#define VANE_MAX_RANK 8 /* dimensions of a tensor */
#define VANE_MAX_ARG 8  /* operands of one kernel call, outputs included */

/* X(NAME, name, bytes). Floats are IEEE 754 (bf16: the upper half of f32);
 * integers two's complement; bool one byte, 0 or 1 (any other byte reads as 1). */
#define VANE_DTYPE_MAP(X) \
    X(F32, f32, 4)        \
    X(F64, f64, 8)        \
    X(F16, f16, 2)        \
    X(BF16, bf16, 2)      \
    X(I32, i32, 4)        \
    X(I64, i64, 8)        \
    X(U8, u8, 1)          \
    X(I8, i8, 1)          \
    X(BOOL, bool, 1)

typedef enum vane_dtype {
#define VANE_DTYPE_ENUM(NAME, name, bytes) VANE_##NAME,
    VANE_DTYPE_MAP(VANE_DTYPE_ENUM)
#undef VANE_DTYPE_ENUM
        VANE_DTYPE_COUNT
} vane_dtype;

/* The handle of a buffer (vane_buffer_open): a value, freely copied; 0 is none. It holds the
 * owner's number and a generation, so that a stale or foreign one is an error in words. */
typedef struct vane_buffer {
    uint64_t id;
} vane_buffer;

/* A view of memory that the caller owns and keeps alive during each call, or of a buffer.
 * Element (i0, i1, ...) lives at data + (i0*stride[0] + i1*stride[1] + ...) * size.
 * Strides count elements and may be zero or negative for inputs; an output must
 * not map two indices to one place. Data must be aligned to its element size.
 * rank 0 is a scalar; a dimension of 0 is an empty tensor (data may be NULL).
 * In a buffer the element with index 0 lies offset_bytes behind its beginning. */
typedef struct vane_tensor {
    void *data;     /* host memory; NULL: the memory is buffer's */
    uint32_t dtype; /* vane_dtype; fixed width because an enum's is the compiler's */
    uint32_t rank;  /* 0 to VANE_MAX_RANK; shape and stride beyond it are not read */
    int64_t shape[VANE_MAX_RANK];
    int64_t stride[VANE_MAX_RANK];
    vane_buffer buffer;    /* looked at only where data is NULL */
    uint64_t offset_bytes; /* into buffer */
} vane_tensor;

/* Kinds of device; for people and for policies, never for correctness. */
typedef enum vane_kind { VANE_KIND_CPU, VANE_KIND_GPU, VANE_KIND_OTHER } vane_kind;

#endif
