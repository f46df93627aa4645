/* SPDX-License-Identifier: MIT */
/* dims.h - the dimensions of a REDUCE, ARGMAX or SOFTMAX call in the form in which devices walk
 * them: those of extent 1 are gone, large strides come first, neighbours are merged.
 */
#ifndef COMMON_DIMS_H
#define COMMON_DIMS_H

#include "vane/backend.h"

#define COMMON_DIMS 8

typedef struct common_dims {
    int64_t x_at, out_at;   /* where to begin, in elements from those with index 0 */
    int64_t outputs, terms; /* terms of each output */
    int64_t n_kept, n_red;  /* at least 1 */
    int64_t kept[COMMON_DIMS], kept_x[COMMON_DIMS], kept_out[COMMON_DIMS];
    int64_t red[COMMON_DIMS], red_x[COMMON_DIMS];
} common_dims;

/* Dimensions from n_outer on are reduced; ordered: they stay as they are. */
void common_dims_reduce(common_dims *p, const vane_view *x, const vane_view *out, uint32_t n_outer,
                        int ordered);

#endif
