/* SPDX-License-Identifier: MIT */
/* argmax.c - launches the kernels of argmax.cl: the chunks of each output, then their fold. */
#include "plan.h"

enum { ALONG, ACROSS, LAST, GROUP, GROUP_LAST };
static const char *const functions[] = {"argmax_along", "argmax_across", "argmax_last",
                                        "argmax_group", "argmax_group_last"};

static vane_status run_one(vane_queue *q, const ocl_kernel *k, const vane_call *call,
                           const ocl_plan *p, const ocl_cut *cut, uint32_t number, size_t global,
                           cl_mem part, cl_event *out)
{
    const ocl_function f = {OCL_SOURCE_ARGMAX, k->op,  k->dtype,         OCL_NO_DTYPE,
                            cut->variant,      number, functions[number]};
    const ocl_api *cl = &q->device->backend->cl;
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
    for (cl_uint i = 4; i < 6 && cut->way == OCL_TEAMS && code == CL_SUCCESS; i++)
        code = cl->clSetKernelArg(kernel, i, cut->local * 8, NULL); /* values, their places */
    return ocl_launch(q, kernel, code, 1, &global, &cut->local, k->name, out);
}

static vane_status run(vane_queue *q, const ocl_kernel *k, const vane_call *call, cl_event *out)
{
    static const uint32_t numbers[] = {ALONG, ACROSS, GROUP};
    ocl_plan p;
    cl_mem part = NULL;
    ocl_plan_reduce(&p, call, call->n_outer, 1);
    p.last_index = call->params->argmax.last_index != 0;
    if (p.outputs == 0)
        return VANE_OK;
    const ocl_cut cut = ocl_plan_cut(&p, q->device, k->op);
    if (p.chunks == 1)
        return run_one(q, k, call, &p, &cut, numbers[cut.way], cut.global, NULL, out);
    vane_status st = ocl_scratch(q, 0, (uint64_t)p.outputs * (uint64_t)p.chunks * 8, &part);
    if (st == VANE_OK)
        st = run_one(q, k, call, &p, &cut, numbers[cut.way], cut.global, part, NULL);
    if (st != VANE_OK)
        return st;
    const size_t global = ocl_plan_fold(&p, q->device, &cut);
    return run_one(q, k, call, &p, &cut, cut.way == OCL_TEAMS ? GROUP_LAST : LAST, global, part,
                   out);
}

int ocl_argmax_kernel(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out)
{
    if (op != VANE_OP_ARGMAX || dtype == VANE_BOOL)
        return 0;
    out->run = run;
    ocl_kernel_describe(d, out, "argmax", 0);
    return 1;
}
