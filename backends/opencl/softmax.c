/* SPDX-License-Identifier: MIT */
/* softmax.c - launches the kernels of softmax.cl: one for rows that fit into what a work-item or
 * a team can hold, two for longer ones.
 */
#include "plan.h"

enum { ROWS, ACROSS, STATS, WRITE, TEAM, TEAM_STATS, TEAM_WRITE };
static const char *const functions[] = {"softmax_rows",      "softmax_across", "softmax_stats",
                                        "softmax_write",     "softmax_team",   "softmax_team_stats",
                                        "softmax_team_write"};

enum {
    OCL_PARK = 16384,    /* elements that a work-item of a CPU parks */
    OCL_HOLD = 16,       /* elements that a lane of a GPU holds */
    ACROSS_MOST = 65536, /* beyond this the strips are too few to share out */
    SHORT = 32,          /* elements of a row below which 16 rows at a time are better */
    PIECE = 4096,        /* elements that are worth a work-item of a CPU */
    SIDE = 4,            /* pieces for each core */
    FILL = 8             /* groups that a compute unit of a GPU holds, about */
};

/* Which kernels, over how many work-items. second: WRITE, or none (the first does all). */
typedef struct way {
    uint32_t variant, first, second;
    size_t global, local;
} way;

static way way_across(ocl_plan *p, int64_t pieces)
{
    const int64_t wide = p->kept[p->n_kept - 1];
    p->tiles = ocl_parts(wide, 16);
    return (way){.first = ACROSS,
                 .second = ACROSS,
                 .local = 1,
                 .global = (size_t)ocl_least(p->outputs / wide * p->tiles, pieces)};
}

static way way_cpu(ocl_plan *p, const vane_device *d)
{
    const int64_t last = p->n_kept - 1, cores = (int64_t)d->compute_units;
    const double work = (double)p->outputs * (double)p->terms / PIECE;
    const int64_t pieces = work > 1e6 ? 16 * cores : ocl_least(1 + (int64_t)work, 16 * cores);
    const int columns = p->kept_x[last] == 1 && p->red_x[0] != 1;
    if (p->kept[last] >= 16 && p->terms <= ACROSS_MOST && (columns || p->terms < SHORT))
        return way_across(p, pieces);
    if (p->terms <= OCL_PARK)
        return (way){.first = ROWS,
                     .second = ROWS,
                     .local = 1,
                     .global = (size_t)ocl_least(p->outputs, pieces)};
    p->chunks = ocl_least(ocl_parts(SIDE * cores, p->outputs), p->terms / PIECE);
    p->chunk = ocl_parts(ocl_parts(p->terms, p->chunks), 1024) * 1024;
    p->chunks = ocl_parts(p->terms, p->chunk);
    return (way){.first = STATS,
                 .second = WRITE,
                 .local = 1,
                 .global = (size_t)ocl_least(p->outputs * p->chunks, pieces)};
}

static way way_gpu(ocl_plan *p, const vane_device *d)
{
    const int64_t group = ocl_power_of_two(d->group), last = p->n_kept - 1;
    const int columns = p->kept[last] >= 32 && p->kept_x[last] == 1 && p->red_x[0] != 1;
    way w = {.first = TEAM, .second = TEAM, .local = (size_t)group};
    p->lanes = columns ? 1 : ocl_least(group, 2 * ocl_power_of_two(p->terms / 4));
    if (p->terms > OCL_HOLD * p->lanes) {
        const int64_t wanted = FILL * (int64_t)d->compute_units * group;
        const int64_t have = p->outputs > wanted ? wanted : p->outputs * p->lanes;
        w.first = TEAM_STATS;
        w.second = TEAM_WRITE;
        p->chunks = ocl_least(ocl_parts(wanted, have), p->terms / (OCL_HOLD * p->lanes));
        p->chunk = ocl_parts(p->terms, p->chunks);
        p->chunks = ocl_parts(p->terms, p->chunk);
    }
    w.variant = ocl_plan_variant(p);
    w.global = (size_t)(ocl_parts(p->outputs * p->chunks, group / p->lanes) * group);
    return w;
}

static vane_status run_one(vane_queue *q, const ocl_kernel *k, const vane_call *call,
                           const ocl_plan *p, const way *w, uint32_t number, cl_mem part,
                           cl_event *out)
{
    const ocl_function f = {OCL_SOURCE_SOFTMAX, k->op,  k->dtype,         OCL_NO_DTYPE,
                            w->variant,         number, functions[number]};
    cl_mem x = ocl_view_mem(&call->arg[0]), to = ocl_view_mem(&call->arg[1]);
    cl_int code = CL_SUCCESS;
    cl_kernel kernel = NULL;
    vane_status st = ocl_function_get(q, &f, &kernel);
    if (st != VANE_OK)
        return st;
    OCL_ARG(q, kernel, 0, x, code);
    OCL_ARG(q, kernel, 1, to, code);
    OCL_ARG(q, kernel, 2, part, code);
    OCL_ARG(q, kernel, 3, *p, code);
    if (number >= TEAM && code == CL_SUCCESS)
        code = q->device->backend->cl.clSetKernelArg(kernel, 4, w->local * 8, NULL);
    return ocl_launch(q, kernel, code, 1, &w->global, &w->local, k->name, out);
}

static vane_status run(vane_queue *q, const ocl_kernel *k, const vane_call *call, cl_event *out)
{
    const uint32_t axis = call->arg[0].rank - 1;
    ocl_plan p;
    cl_mem part = NULL;
    ocl_plan_reduce(&p, call, axis, 1);
    p.y_step = call->arg[1].stride[axis];
    p.chunks = 1;
    p.chunk = p.terms;
    if (p.outputs == 0 || p.terms == 0)
        return VANE_OK;
    const way w = q->device->is_cpu ? way_cpu(&p, q->device) : way_gpu(&p, q->device);
    if (w.first == w.second)
        return run_one(q, k, call, &p, &w, w.first, NULL, out);
    /* the largest and the sum of each chunk, 8 bytes each at most */
    vane_status st = ocl_scratch(q, 0, (uint64_t)p.outputs * (uint64_t)p.chunks * 16, &part);
    if (st == VANE_OK)
        st = run_one(q, k, call, &p, &w, w.first, part, NULL);
    return st == VANE_OK ? run_one(q, k, call, &p, &w, w.second, part, out) : st;
}

int ocl_softmax_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out)
{
    if (op != VANE_OP_SOFTMAX || dtype > VANE_BF16)
        return 0;
    out->run = run;
    ocl_kernel_describe(d, out, "softmax", 0.1);
    return 1;
}
