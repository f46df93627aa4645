/* SPDX-License-Identifier: MIT */
/* dlpack_abi.h - the two structs in which programs hand tensors to each other, laid out as
 * DLPack (github.com/dmlc/dlpack) has them since 0.2 and since 1.0.
 *
 * Only the two tags are DLPack's names: a program may include its own dlpack.h beside vane.h.
 * Of a versioned struct of another major version only version, manager_ctx and deleter are
 * where they are here.
 */
#ifndef VANE__MEMORY_DLPACK_ABI_H
#define VANE__MEMORY_DLPACK_ABI_H

#include <stdint.h>

/* Where the memory is. All others are memory that the host can't simply read. */
enum {
    VANE__DL_HOST = 1,
    VANE__DL_CUDA_PINNED = 3, /* host memory that a driver locked */
    VANE__DL_ROCM_PINNED = 11
};

/* What an element is: code, bits, and lanes where it is a short vector. */
enum {
    VANE__DL_INT = 0,
    VANE__DL_UINT = 1,
    VANE__DL_FLOAT = 2,
    VANE__DL_BFLOAT = 4,
    VANE__DL_BOOL = 6
};

enum { VANE__DL_MAJOR = 1, VANE__DL_MINOR = 0 };
#define VANE__DL_READ_ONLY (UINT64_C(1) << 0) /* flags */

typedef struct vane__dl_type {
    uint8_t code, bits;
    uint16_t lanes;
} vane__dl_type;

/* Element 0 lies byte_offset behind data; strides count elements, NULL: row-major. */
typedef struct vane__dl_tensor {
    void *data;
    int32_t device_type, device_id;
    int32_t ndim;
    vane__dl_type dtype;
    int64_t *shape, *strides;
    uint64_t byte_offset;
} vane__dl_tensor;

struct DLManagedTensor {
    vane__dl_tensor tensor;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensor *self); /* may be NULL */
};

struct DLManagedTensorVersioned {
    uint32_t major, minor;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensorVersioned *self); /* may be NULL */
    uint64_t flags;
    vane__dl_tensor tensor;
};

extern const vane__dl_type vane__dl_types[]; /* by vane_dtype */

#endif
