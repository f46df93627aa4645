/* SPDX-License-Identifier: MIT */
/* call.h - from what the caller asked to a checked call in its normal form. */
#ifndef VANE__DISPATCH_CALL_H
#define VANE__DISPATCH_CALL_H

#include "op/rules.h"

/* Where the operands are, as far as a route depends on it. */
typedef struct vane__where {
    uint32_t buffers;   /* some operand is in a buffer; 0: nothing else counts */
    uint32_t host;      /* every input is current on the host */
    uint32_t out_stays; /* the output is in a buffer: it need not travel */
    uint32_t device;    /* vane__device.number of the device that has most of the inputs that the
                         * host lacks, or all of them as well as the host; 0 none */
} vane__where;

/* As an index of route tables: 0 for calls on host memory alone. Devices beyond the seventh
 * count as none. */
#define VANE__WHERES 33
static inline uint32_t vane__where_code(const vane__where *w)
{
    if (!w->buffers)
        return 0;
    return 1 + (w->host ? 1u : 0u) + (w->out_stays ? 2u : 0u) + 4 * (w->device < 8 ? w->device : 0);
}

/* What to run: one vane_call (for a CONCAT one for each part), and how much it is. */
typedef struct vane__prepared {
    vane__request rq;
    uint32_t dtype; /* of the kernel */
    uint32_t parts; /* vane_calls to make; 0: nothing to compute (an empty output) */
    uint32_t size_class;
    vane__work work; /* of all parts */
    vane__where where;
    vane_call call; /* part 0 */
} vane__prepared;

/* Fills rq from the public arguments: op row, default parameters, counts, NULLs. */
vane_status vane__request_make(const vane_context *ctx, uint32_t op, const vane_tensor *const *in,
                               uint32_t n_in, vane_tensor *const *out, uint32_t n_out,
                               const vane_params *params, vane__request *rq);
/* Checks everything and fills *p. Nothing was written when it fails. */
vane_status vane__call_prepare(const vane__request *rq, vane__prepared *p);
/* The call of one part, into *call. */
void vane__call_part(const vane__prepared *p, uint32_t part, vane_call *call);

/* Has it nothing to write? */
static inline int vane__call_is_empty(const vane_call *call)
{
    const vane_view *v = &call->arg[call->n_arg - 1];
    for (uint32_t d = 0; d < v->rank; d++)
        if (v->shape[d] == 0)
            return 1;
    return 0;
}

/* The dtype that every input but a leading bool has; the sentence when they differ. */
vane_status vane__request_dtype(const vane__request *rq, uint32_t *out);
vane_status vane__request_infer(const vane__request *rq, vane_tensor *out);

/* Size classes: floor(log2(units)); matmuls with an edge of 1 to 4 have classes of their
 * own, because memory bounds them. Below VANE__CLASSES; of both kinds there are as many as a
 * call can have units. */
#define VANE__CLASSES 128
#define VANE__THIN 64
uint32_t vane__size_class(const vane_call *call, vane__rule rule, double units);

#endif
