/* SPDX-License-Identifier: MIT */
/* walk.h - an index vector over some dimensions of a call, with each operand's offset.
 *
 *   for (walk w = walk_over(call, lo, hi); !w.done; walk_next(&w))
 * visits dimensions lo to hi - 1 in row-major order; with an empty one it visits nothing,
 * with none of them it visits one place. The shape is the output's, which in every normal
 * form of backend.h is the whole one. Offsets count elements.
 */
#ifndef SCALAR_WALK_H
#define SCALAR_WALK_H

#include "vane/backend.h"

typedef struct walk {
    const vane_call *call;
    const int64_t *shape;
    uint32_t lo, hi;
    int done;
    int64_t index[VANE_MAX_RANK];
    int64_t at[VANE_MAX_ARG];
} walk;

/* One operand along one dimension: element i lies at data[at + i * step]. */
typedef struct line {
    void *data;
    int64_t at, step;
} line;

static inline walk walk_over(const vane_call *call, uint32_t lo, uint32_t hi)
{
    walk w = {.call = call, .shape = call->arg[call->n_arg - 1].shape, .lo = lo, .hi = hi};
    for (uint32_t d = lo; d < hi; d++)
        w.done |= w.shape[d] == 0;
    return w;
}

static inline void walk_next(walk *w)
{
    for (uint32_t d = w->hi; d-- > w->lo;) {
        const int more = ++w->index[d] < w->shape[d];
        const int64_t steps = more ? 1 : 1 - w->shape[d]; /* on, or back to the first */
        for (uint32_t k = 0; k < w->call->n_arg; k++)
            w->at[k] += steps * w->call->arg[k].stride[d];
        if (more)
            return;
        w->index[d] = 0;
    }
    w->done = 1;
}

/* Operand k along dimension d, from where w stands. */
static inline line walk_line(const walk *w, uint32_t k, uint32_t d)
{
    const vane_view *v = &w->call->arg[k];
    return (line){v->data, w->at[k], v->stride[d]};
}

/* The dimension that inner loops run along, and its length. */
static inline uint32_t last_dim(const vane_call *call)
{
    return call->arg[0].rank - 1;
}

static inline int64_t last_count(const vane_call *call)
{
    return call->arg[call->n_arg - 1].shape[last_dim(call)];
}

#endif
