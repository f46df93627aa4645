/* SPDX-License-Identifier: MIT */
/* reduce.c - launches the kernels of reduce.cl: the chunks of each output, then their fold. */
#include "plan.h"

enum { ALONG, ACROSS, LAST, GROUP, GROUP_LAST };
static const char *const functions[] = {"reduce_along", "reduce_across", "reduce_last",
                                        "reduce_group", "reduce_group_last"};

static vane_status function_get(vane_queue *q, const ocl_kernel *k, uint32_t variant,
                                uint32_t number, cl_kernel *out)
{
    const ocl_function f = {OCL_SOURCE_REDUCE, k->op,  k->dtype,         OCL_NO_DTYPE,
                            variant,           number, functions[number]};
    return ocl_function_get(q, &f, out);
}

/* Local memory for one partial result of each work-item; GPUs only. */
static void set_buffer(vane_queue *q, cl_kernel kernel, cl_uint i, const ocl_cut *cut, cl_int *code)
{
    if (cut->way == OCL_TEAMS && *code == CL_SUCCESS)
        *code = q->device->backend->cl.clSetKernelArg(kernel, i, cut->local * 8, NULL);
}

static vane_status run_chunks(vane_queue *q, const ocl_kernel *k, const vane_call *call,
                              const ocl_plan *p, const ocl_cut *cut, cl_mem part, cl_event *out)
{
    static const uint32_t numbers[] = {ALONG, ACROSS, GROUP};
    cl_int code = CL_SUCCESS;
    cl_kernel kernel = NULL;
    cl_uint i = 0;
    vane_status st = function_get(q, k, cut->variant, numbers[cut->way], &kernel);
    if (st != VANE_OK)
        return st;
    for (; i < call->n_arg; i++) {
        cl_mem mem = ocl_view_mem(&call->arg[i]);
        OCL_ARG(q, kernel, i, mem, code);
    }
    OCL_ARG(q, kernel, i, part, code);
    OCL_ARG(q, kernel, i + 1, *p, code);
    set_buffer(q, kernel, i + 2, cut, &code);
    return ocl_launch(q, kernel, code, 1, &cut->global, &cut->local, k->name, out);
}

static vane_status run_fold(vane_queue *q, const ocl_kernel *k, const vane_call *call, ocl_plan *p,
                            const ocl_cut *cut, cl_mem part, cl_event *out)
{
    cl_int code = CL_SUCCESS;
    cl_kernel kernel = NULL;
    const size_t global = ocl_plan_fold(p, q->device, cut);
    cl_mem mem = ocl_view_mem(&call->arg[call->n_arg - 1]);
    vane_status st =
        function_get(q, k, cut->variant, cut->way == OCL_TEAMS ? GROUP_LAST : LAST, &kernel);
    if (st != VANE_OK)
        return st;
    OCL_ARG(q, kernel, 0, mem, code);
    OCL_ARG(q, kernel, 1, part, code);
    OCL_ARG(q, kernel, 2, *p, code);
    set_buffer(q, kernel, 3, cut, &code);
    return ocl_launch(q, kernel, code, 1, &global, &cut->local, k->name, out);
}

static vane_status run(vane_queue *q, const ocl_kernel *k, const vane_call *call, cl_event *out)
{
    ocl_plan p;
    cl_mem part = NULL;
    if (k->op == VANE_OP_DOT)
        ocl_plan_dot(&p, call);
    else
        ocl_plan_reduce(&p, call, call->n_outer, 0);
    if (p.outputs == 0)
        return VANE_OK;
    const ocl_cut cut = ocl_plan_cut(&p, q->device, k->op);
    if (p.chunks == 1)
        return run_chunks(q, k, call, &p, &cut, NULL, out);
    vane_status st = ocl_scratch(q, 0, (uint64_t)p.outputs * (uint64_t)p.chunks * 8, &part);
    if (st == VANE_OK)
        st = run_chunks(q, k, call, &p, &cut, part, NULL);
    return st == VANE_OK ? run_fold(q, k, call, &p, &cut, part, out) : st;
}

static const char *stem_of(uint32_t op)
{
    switch (op) {
    case VANE_OP_REDUCE_SUM:
        return "reduce_sum";
    case VANE_OP_REDUCE_MEAN:
        return "reduce_mean";
    case VANE_OP_REDUCE_MAX:
        return "reduce_max";
    case VANE_OP_REDUCE_MIN:
        return "reduce_min";
    case VANE_OP_REDUCE_PROD:
        return "reduce_prod";
    case VANE_OP_DOT:
        return "dot";
    default:
        return NULL;
    }
}

static int supported(uint32_t op, uint32_t dtype)
{
    const int extreme = op == VANE_OP_REDUCE_MAX || op == VANE_OP_REDUCE_MIN;
    return dtype <= VANE_I64 || (extreme && dtype != VANE_BOOL);
}

int ocl_reduce_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out)
{
    const char *stem = stem_of(op);
    if (!stem || !supported(op, dtype))
        return 0;
    out->run = run;
    ocl_kernel_describe(d, out, stem, 0);
    return 1;
}
