/* SPDX-License-Identifier: MIT */
/* plan.c - the dimensions of a reduction for the kernels, and how its work is cut. */
#include "plan.h"

#include <string.h>

enum {
    STRIP = 64,      /* outputs of a tile of reduce_across */
    SHORT = 32,      /* terms below which 16 outputs at a time are better than 16 terms */
    PIECE = 1 << 14, /* terms that are worth a work-item of a CPU */
    SIDE = 4,        /* pieces for each core: more even when one is late, and still few */
    TERMS = 16,      /* terms that are worth a lane of a GPU */
    FILL = 8         /* groups that a compute unit of a GPU holds, about */
};

void ocl_plan_reduce(ocl_plan *p, const vane_call *call, uint32_t n_outer, int ordered)
{
    const vane_view *x = &call->arg[0], *out = &call->arg[1];
    common_dims d;
    common_dims_reduce(&d, x, out, n_outer, ordered);
    *p = (ocl_plan){.outputs = d.outputs, .terms = d.terms, .y_step = 1, .lanes = 1};
    p->x_at = ocl_view_at(x) + d.x_at;
    p->out_at = ocl_view_at(out) + d.out_at;
    p->n_kept = d.n_kept;
    p->n_red = d.n_red;
    memcpy(p->kept, d.kept, sizeof p->kept);
    memcpy(p->kept_x, d.kept_x, sizeof p->kept_x);
    memcpy(p->kept_out, d.kept_out, sizeof p->kept_out);
    memcpy(p->red, d.red, sizeof p->red);
    memcpy(p->red_x, d.red_x, sizeof p->red_x);
}

void ocl_plan_dot(ocl_plan *p, const vane_call *call)
{
    const vane_view *x = &call->arg[0], *y = &call->arg[1];
    *p = (ocl_plan){.outputs = 1, .terms = x->shape[0], .lanes = 1, .n_kept = 1, .n_red = 1};
    p->x_at = ocl_view_at(x);
    p->y_at = ocl_view_at(y);
    p->out_at = ocl_view_at(&call->arg[2]);
    p->kept[0] = p->kept_x[0] = p->kept_out[0] = 1;
    p->red[0] = p->terms;
    p->red_x[0] = x->stride[0];
    p->y_step = y->stride[0];
}

/* 16 outputs at a time rather than 16 terms? */
static int goes_across(const ocl_plan *p)
{
    const int64_t wide = p->kept[p->n_kept - 1], step = p->kept_x[p->n_kept - 1];
    const int64_t run = p->red[p->n_red - 1];
    if (wide < 16)
        return 0;
    return (step == 1 && p->red_x[p->n_red - 1] != 1) || run < 16 || p->terms < SHORT;
}

/* Whole chunks for each work-item, a few for each core. */
static ocl_cut cut_cpu(ocl_plan *p, const vane_device *d, uint32_t op)
{
    ocl_cut cut = {.way = op != VANE_OP_DOT && goes_across(p) ? OCL_ACROSS : OCL_ALONG, .local = 1};
    const int64_t wide = p->kept[p->n_kept - 1];
    const double work = (double)p->outputs * (double)ocl_most(p->terms, 1);
    const int64_t useful = work > (double)PIECE * 1e6 ? 1000000 : 1 + (int64_t)(work / PIECE);
    const int64_t wanted = ocl_least(useful, SIDE * (int64_t)d->compute_units);
    const int64_t unit = cut.way == OCL_ACROSS ? 16 : 1024;
    p->tiles = cut.way == OCL_ACROSS ? ocl_most(wide / STRIP, 1) : 0;
    const int64_t lines = cut.way == OCL_ACROSS ? p->outputs / wide * p->tiles : p->outputs;
    p->chunks = lines >= wanted ? 1 : ocl_parts(wanted, lines);
    p->chunks = ocl_most(p->chunks, p->terms >> 30);
    p->chunk = ocl_most(ocl_parts(ocl_parts(p->terms, p->chunks), unit) * unit, unit);
    p->chunks = ocl_most(ocl_parts(p->terms, p->chunk), 1);
    cut.global = (size_t)ocl_least(lines * p->chunks, ocl_least(useful, 4 * wanted));
    return cut;
}

int64_t ocl_power_of_two(int64_t n)
{
    int64_t p = 1;
    while (p <= n / 2)
        p *= 2;
    return p;
}

/* How far apart the first and the last element that is touched lie. */
static double span_of(const ocl_plan *p)
{
    double span = 0, out = 0;
    for (int64_t i = 0; i < p->n_kept; i++) {
        span += (double)(p->kept[i] - 1) * (double)p->kept_x[i];
        out += (double)(p->kept[i] - 1) *
               (double)(p->kept_out[i] < 0 ? -p->kept_out[i] : p->kept_out[i]);
    }
    for (int64_t i = 0; i < p->n_red; i++) {
        double step = (double)(p->red_x[i] < 0 ? -p->red_x[i] : p->red_x[i]);
        double y = (double)(p->y_step < 0 ? -p->y_step : p->y_step);
        span += (double)p->red[i] * (step > y ? step : y);
    }
    return span > out ? span : out;
}

uint32_t ocl_plan_variant(const ocl_plan *p)
{
    /* dimensions with stride 0 reach nowhere and count all the same */
    const int few = (double)p->terms < 0x1p30 && (double)p->outputs * (double)p->chunks < 0x1p30;
    return few && span_of(p) < 0x1p30 ? 1 : 3;
}

/* Teams of lanes; one lane where neighbouring work-items take neighbouring columns. */
static ocl_cut cut_gpu(ocl_plan *p, const vane_device *d)
{
    const int64_t group = ocl_power_of_two(d->group);
    const int64_t wide = p->kept[p->n_kept - 1];
    const int columns = wide >= 32 && p->kept_x[p->n_kept - 1] == 1 && p->red_x[p->n_red - 1] != 1;
    ocl_cut cut = {.way = OCL_TEAMS, .local = (size_t)group};
    p->lanes = columns ? 1 : ocl_least(group, ocl_power_of_two(p->terms / 4));
    const int64_t wanted = FILL * (int64_t)d->compute_units * group;
    const int64_t have = p->outputs > wanted ? wanted : p->outputs * p->lanes;
    const int64_t useful = ocl_most(p->terms / (p->lanes * TERMS), 1);
    p->chunks = have >= wanted ? 1 : ocl_least(ocl_parts(wanted, have), useful);
    p->chunk = ocl_most(ocl_parts(p->terms, p->chunks), 1);
    p->chunks = ocl_most(ocl_parts(p->terms, p->chunk), 1);
    cut.variant = ocl_plan_variant(p);
    cut.global = (size_t)(ocl_parts(p->outputs * p->chunks, group / p->lanes) * group);
    return cut;
}

ocl_cut ocl_plan_cut(ocl_plan *p, const vane_device *d, uint32_t op)
{
    return d->is_cpu ? cut_cpu(p, d, op) : cut_gpu(p, d);
}

size_t ocl_plan_fold(ocl_plan *p, const vane_device *d, const ocl_cut *cut)
{
    if (cut->way != OCL_TEAMS)
        return (size_t)ocl_least(1 + p->outputs / 1024, 4 * (int64_t)d->compute_units);
    p->lanes = p->outputs >= (int64_t)cut->local
                   ? 1
                   : ocl_least((int64_t)cut->local, ocl_power_of_two(p->chunks));
    return (size_t)ocl_parts(p->outputs, (int64_t)cut->local / p->lanes) * cut->local;
}
