/* SPDX-License-Identifier: MIT */
/* place.c - a call's shapes and strides as the elementwise kernels read them, the choice between
 * those, and how the work is cut.
 */
#include "place.h"

#include <string.h>

/* Of a launch: the kernels count in 31 bits, and a row of four to a pack stays below 2^32. */
#define MOST_PACKS ((UINT32_C(1) << 30) - 1)

divisor cuda_divisor(uint32_t length)
{
    uint32_t shift = 0;
    length = length ? length : 1; /* of an empty dimension nothing is divided */
    while (shift < 32 && (UINT64_C(1) << shift) < length)
        shift++;
    const uint64_t factor = ((UINT64_C(1) << 32) * ((UINT64_C(1) << shift) - length)) / length + 1;
    return (divisor){length, (uint32_t)factor, shift};
}

/* Inputs are numbered from 0; the output is always ARG_OUT. */
static uint32_t slot_of(const vane_call *call, uint32_t i)
{
    return i == call->n_arg - 1 ? ARG_OUT : i;
}

static vane_status launch_flat(vane_queue *q, const vane_call *call, const cuda_job *job)
{
    const uint64_t lanes = job->lanes ? job->lanes : 16 / common_dtype_bytes(job->dtype);
    flat_args a = {.param = {job->param[0], job->param[1]}, .op = job->op};
    uint64_t all = 0;
    for (uint32_t i = 0; i < call->n_arg; i++) {
        const uint64_t at = cuda_view_at(&call->arg[i]);
        a.at[slot_of(call, i)] = at;
        all |= at;
    }
    a.aligned = all % 16 == 0;
    a.n = (uint64_t)call->arg[call->n_arg - 1].shape[0];
    return cuda_launch_over(q, job->flat, job->dtype, &a, (a.n + lanes - 1) / lanes);
}

/* ---- any strides ------------------------------------------------------------------------- */

/* A part of a call: what is left after it was cut. */
typedef struct part {
    const vane_call *call;
    int64_t shape[VANE_VIEW_RANK];
    uint64_t at[VANE_MAX_ARG];
    uint32_t rank;
} part;

static uint32_t lanes_of(const cuda_job *job)
{
    if (job->lanes)
        return job->lanes;
    return common_dtype_bytes(job->dtype) == 8 ? 2 : 4;
}

/* Can operand v be read lanes elements at once? Rows must begin at multiples of a pack. */
static int is_packed(const part *p, uint32_t i, uint32_t lanes)
{
    const vane_view *v = &p->call->arg[i];
    const uint64_t bytes = common_dtype_bytes(v->dtype) * lanes;
    if (v->stride[p->rank - 1] != 1 || p->at[i] % (bytes < 16 ? bytes : 16) != 0)
        return 0;
    for (uint32_t d = 0; d + 1 < p->rank; d++) {
        if (p->shape[d] > 1 && v->stride[d] % (int64_t)lanes != 0)
            return 0;
    }
    return 1;
}

static void take_operand(place_args *a, const part *p, uint32_t i, uint32_t lanes)
{
    const vane_view *v = &p->call->arg[i];
    const uint32_t to = slot_of(p->call, i), last = p->rank - 1;
    a->at[to] = p->at[i];
    a->step[to] = v->stride[last];
    a->mode[to] = v->stride[last] == 0     ? PLACE_ONE
                  : is_packed(p, i, lanes) ? PLACE_PACK
                                           : PLACE_APART;
    for (uint32_t d = 0; d < last; d++)
        a->stride[to][d] = v->stride[d];
}

static vane_status launch_part(vane_queue *q, const cuda_job *job, const part *p, uint64_t packs)
{
    const uint32_t lanes = lanes_of(job), last = p->rank - 1;
    place_args a;
    memset(&a, 0, sizeof a);
    a.param[0] = job->param[0];
    a.param[1] = job->param[1];
    a.op = job->op;
    a.rank = (int32_t)last;
    a.packs = (uint32_t)packs;
    a.row = (uint32_t)p->shape[last];
    a.per_row = cuda_divisor((a.row + lanes - 1) / lanes);
    for (uint32_t d = 0; d < last; d++)
        a.dim[d] = cuda_divisor((uint32_t)p->shape[d]);
    for (uint32_t i = 0; i < p->call->n_arg; i++)
        take_operand(&a, p, i, lanes);
    return cuda_launch_over(q, (cuda_stem)(job->flat + 1), job->dtype, &a, packs);
}

static uint64_t packs_of(const part *p, uint32_t lanes)
{
    uint64_t n = ((uint64_t)p->shape[p->rank - 1] + lanes - 1) / lanes;
    for (uint32_t d = 0; d + 1 < p->rank; d++)
        n *= (uint64_t)p->shape[d];
    return n;
}

/* In halves while it is too large. */
static vane_status launch_parts(vane_queue *q, const cuda_job *job, part *p)
{
    const uint64_t packs = packs_of(p, lanes_of(job));
    uint32_t d = 0;
    if (packs <= MOST_PACKS)
        return launch_part(q, job, p, packs);
    while (p->shape[d] == 1)
        d++;
    part rest = *p;
    const int64_t first = d + 1 == p->rank ? p->shape[d] / 32 * 16 : p->shape[d] / 2;
    p->shape[d] = first;
    rest.shape[d] -= first;
    for (uint32_t i = 0; i < p->call->n_arg; i++) {
        const vane_view *v = &p->call->arg[i];
        rest.at[i] += (uint64_t)(first * v->stride[d] * (int64_t)common_dtype_bytes(v->dtype));
    }
    const vane_status st = launch_parts(q, job, p);
    return st == VANE_OK ? launch_parts(q, job, &rest) : st;
}

vane_status cuda_place_launch(vane_queue *q, const vane_call *call, const cuda_job *job)
{
    const vane_view *o = &call->arg[call->n_arg - 1];
    part p = {.call = call, .rank = o->rank};
    if (call->flags & VANE_CALL_FLAT)
        return launch_flat(q, call, job);
    memcpy(p.shape, o->shape, o->rank * sizeof o->shape[0]);
    for (uint32_t i = 0; i < call->n_arg; i++)
        p.at[i] = cuda_view_at(&call->arg[i]);
    return launch_parts(q, job, &p);
}
