/* SPDX-License-Identifier: MIT */
/* model.h - what a kernel takes at sizes where nobody measured it: a latency and a rate, from what
 * it took at others.
 *
 * The line is that of Theil and Sen: the median of the slopes between any two points, here weighted
 * by how well each is known, so that one outlier of five, or two of seven, moves nothing. A rate
 * changes where data outgrows a cache: only the nearest sizes are asked.
 */
#ifndef VANE__POLICY_MODEL_H
#define VANE__POLICY_MODEL_H

#include <stdint.h>

#define VANE__MODEL_POINTS 5u /* the nearest */
#define VANE__MODEL_LEAST 3u
#define VANE__MODEL_REACH 8 /* size classes */

typedef struct vane__model_point {
    double work; /* of a call, in any unit that grows with it: what the kernel declares to take */
    double ns;   /* measured; above 0 */
} vane__model_point;

typedef struct vane__model {
    double latency_ns, ns_per_work; /* neither below 0 */
    double spread;                  /* how far the points lie off it: the median, as a share */
} vane__model;

/* 0: too few points, or all of one size. n: at most VANE__MODEL_POINTS count. */
int vane__model_fit(const vane__model_point *points, uint32_t n, vane__model *out);
static inline double vane__model_at(const vane__model *m, double work)
{
    return m->latency_ns + m->ns_per_work * work;
}

#endif
