/* SPDX-License-Identifier: MIT */
/* reduce_plan.h - the dimensions of a REDUCE, ARGMAX or SOFTMAX call, in the best order to walk.
 *
 * Dimensions of extent 1 are gone, strides are turned positive, large strides come first, and
 * neighbours are merged. This depends on shapes and strides only.
 */
#ifndef CPU_REDUCE_PLAN_H
#define CPU_REDUCE_PLAN_H

#include "vane/backend.h"

typedef struct cpu__plan {
    const char *x;
    char *out;
    int64_t outputs, terms; /* terms of each output */
    uint32_t n_kept, n_red; /* either may be 0: one output, one term */
    int64_t kept[VANE_MAX_RANK], kept_x[VANE_MAX_RANK], kept_out[VANE_MAX_RANK];
    int64_t red[VANE_MAX_RANK], red_x[VANE_MAX_RANK];
} cpu__plan;

/* Dimensions from n_outer on are reduced; ordered: they stay as they are. size_x, size_out:
 * bytes of an element. */
void cpu__plan_reduce(cpu__plan *p, const vane_call *call, uint32_t n_outer, int ordered,
                      int64_t size_x, int64_t size_out);

/* Where output number i of the first n kept dimensions lies, in elements. */
typedef struct cpu__at {
    int64_t x, out;
} cpu__at;
cpu__at cpu__plan_at(const cpu__plan *p, uint32_t n, int64_t i);
/* The offsets of n terms from term i on. */
void cpu__plan_terms(const cpu__plan *p, int64_t i, int64_t n, int64_t *off);
/* n terms from term i on, brought together in dst; x: the output's first term. */
void cpu__plan_gather(const cpu__plan *p, const char *x, int64_t i, int64_t n, int64_t size,
                      void *dst);

#endif
