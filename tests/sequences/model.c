/* SPDX-License-Identifier: MIT */
/* model.c - what each op must give, in the plainest way there is. */
#include <math.h>

#include "world.h"

#define EXACT 4000000.0 /* numbers beyond are refused: sums of products stay below 2^24 */

static float element(const world *w, const view *v, const int64_t *index)
{
    return w->places[v->place].model[view_at(v, index)];
}

/* v's own index for an index of the output: dimensions from the right, those of 1 stay 0. */
static float broadcast(const world *w, const task *t, const view *v, const int64_t *index)
{
    int64_t own[RANK] = {0};
    for (uint32_t d = 0; d < v->rank; d++)
        own[d] = v->shape[d] == 1 ? 0 : index[t->out.rank - v->rank + d];
    return element(w, v, own);
}

static double elementwise(const world *w, const task *t, const int64_t *index)
{
    double x[3] = {0};
    for (uint32_t i = 0; i < t->n_in; i++)
        x[i] = broadcast(w, t, &t->in[i], index);
    switch (t->op) {
    case VANE_OP_ADD:
        return x[0] + x[1];
    case VANE_OP_SUB:
        return x[0] - x[1];
    case VANE_OP_MUL:
        return x[0] * x[1];
    case VANE_OP_MAX:
        return x[0] > x[1] ? x[0] : x[1];
    case VANE_OP_NEG:
        return -x[0];
    case VANE_OP_ABS:
        return fabs(x[0]);
    case VANE_OP_RELU:
        return x[0] > 0 ? x[0] : 0;
    case VANE_OP_WHERE:
        return x[0] != 0 ? x[1] : x[2];
    case VANE_OP_GREATER:
        return x[0] > x[1];
    case VANE_OP_FILL:
        return t->params.fill.value;
    default: /* COPY, CAST */
        return x[0];
    }
}

/* Sums or the maximum of the dimensions in which the output has 1 and the input more. */
static double reduced(const world *w, const task *t, const int64_t *index)
{
    const view *in = &t->in[0];
    int64_t at[RANK] = {0};
    double sum = 0, size = 0, most = -INFINITY;
    if (view_count(in) == 0)
        return t->op == VANE_OP_REDUCE_MAX ? most : 0;
    do {
        int mine = 1;
        for (uint32_t d = 0; d < in->rank; d++)
            mine &= t->out.shape[d] == 1 || at[d] == index[d];
        if (!mine)
            continue;
        double x = element(w, in, at);
        sum += x;
        size += fabs(x);
        most = x > most ? x : most;
    } while (view_next(in, at));
    return t->op == VANE_OP_REDUCE_MAX ? most : size > EXACT ? INFINITY : sum;
}

static double product(const world *w, const task *t, const int64_t *index)
{
    double sum = 0, size = 0;
    for (int64_t k = 0; k < t->in[0].shape[1]; k++) {
        double x = element(w, &t->in[0], (int64_t[RANK]){index[0], k}) *
                   element(w, &t->in[1], (int64_t[RANK]){k, index[1]});
        sum += x;
        size += fabs(x);
    }
    return size > EXACT ? INFINITY : sum;
}

static double turned(const world *w, const task *t, const int64_t *index)
{
    int64_t own[RANK] = {0};
    for (uint32_t d = 0; d < t->out.rank; d++)
        own[t->params.transpose.perm[d]] = index[d];
    return element(w, &t->in[0], own);
}

static double joined(const world *w, const task *t, const int64_t *index)
{
    int64_t own[RANK] = {index[0], index[1], index[2]};
    uint32_t i = 0;
    int32_t axis = t->params.concat.axis;
    for (; i + 1 < t->n_in && own[axis] >= t->in[i].shape[axis]; i++)
        own[axis] -= t->in[i].shape[axis];
    return element(w, &t->in[i], own);
}

static double one(const world *w, const task *t, const int64_t *index)
{
    switch (t->op) {
    case VANE_OP_REDUCE_SUM:
    case VANE_OP_REDUCE_MAX:
        return reduced(w, t, index);
    case VANE_OP_MATMUL:
        return product(w, t, index);
    case VANE_OP_TRANSPOSE:
        return turned(w, t, index);
    case VANE_OP_CONCAT:
        return joined(w, t, index);
    default:
        return elementwise(w, t, index);
    }
}

int model_run(const world *w, const task *t, float *result)
{
    int64_t index[RANK] = {0};
    uint32_t n = 0;
    if (view_count(&t->out) == 0)
        return 1;
    do {
        double x = one(w, t, index);
        if (!(fabs(x) <= EXACT))
            return 0;
        result[n++] = (float)x;
    } while (view_next(&t->out, index));
    return 1;
}

void model_store(world *w, const view *out, const float *result)
{
    int64_t index[RANK] = {0};
    uint32_t n = 0;
    if (view_count(out) == 0)
        return;
    do
        w->places[out->place].model[view_at(out, index)] = result[n++];
    while (view_next(out, index));
}
