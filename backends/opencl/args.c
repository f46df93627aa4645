/* SPDX-License-Identifier: MIT */
/* args.c - the cl_kernels of one function of a queue, and the arguments that each has.
 *
 * A driver takes as long to set an argument as half of a launch, and a kernel keeps what it has. So
 * a function that is launched often gets a few kernels: programs use the same operands again, in
 * turn.
 */
#include <string.h>

#include "geometry.h"
#include "host.h"

enum { KERNELS = 16, OFTEN = 16 };

typedef struct bound {
    cl_kernel kernel;
    uint32_t frees; /* of the device, then */
    cl_mem mem[OCL_PLACE_OPERANDS];
    ocl_place place;
} bound;

struct ocl_args {
    uint32_t count, last; /* kernels; the one launched last */
    uint32_t set;         /* launches that had to set arguments, up to OFTEN */
    bound *of[KERNELS];   /* the first has the slot's own kernel */
};

static bound *add(vane_queue *q, ocl_args *args, cl_kernel kernel)
{
    const vane_host *host = q->device->backend->host;
    bound *b = kernel ? host->alloc(host->ctx, sizeof *b, 64) : NULL;
    if (!b)
        return NULL;
    memset(b, 0, sizeof *b); /* n is 0: no place is equal */
    b->kernel = kernel;
    args->of[args->count++] = b;
    return b;
}

static ocl_args *args_of(vane_queue *q, ocl_slot *slot)
{
    const vane_host *host = q->device->backend->host;
    if (slot->args)
        return slot->args;
    ocl_args *args = host->alloc(host->ctx, sizeof *args, 64);
    if (!args)
        return NULL;
    memset(args, 0, sizeof *args);
    if (!add(q, args, slot->kernel)) {
        host->free(host->ctx, args);
        return NULL;
    }
    return slot->args = args;
}

void ocl_args_free(const vane_backend *b, ocl_args *args)
{
    for (uint32_t i = 0; args && i < args->count; i++) {
        if (i > 0)
            b->cl.clReleaseKernel(args->of[i]->kernel);
        b->host->free(b->host->ctx, args->of[i]);
    }
    b->host->free(b->host->ctx, args);
}

/* ---- which one ---------------------------------------------------------------------- */

static int has_all(const bound *b, const vane_call *call, const ocl_place *p, size_t bytes,
                   uint32_t frees)
{
    for (uint32_t i = 0; i < call->n_arg; i++) {
        const cl_mem mem = ocl_view_mem(&call->arg[i]);
        if (!mem || b->mem[i] != mem)
            return 0;
    }
    return b->frees == frees && memcmp(&b->place, p, bytes) == 0;
}

/* Where there is none to be had, it is asked for again some time. */
static bound *add_twin(vane_queue *q, ocl_args *args, const ocl_function *f)
{
    const cl_kernel twin = ocl_function_twin(q, f);
    bound *b = add(q, args, twin);
    if (!b)
        args->set = 0;
    if (!b && twin)
        q->device->backend->cl.clReleaseKernel(twin);
    return b;
}

/* The one that has the arguments, or one that is to get them: a new one, or who waits longest. */
static bound *choose(vane_queue *q, ocl_args *args, const ocl_function *f, const vane_call *call,
                     const ocl_place *p, size_t bytes)
{
    const uint32_t frees = atomic_load(&q->device->frees);
    bound *more = NULL;
    for (uint32_t i = 0; i < args->count; i++) {
        const uint32_t at = (args->last + i) % args->count;
        if (has_all(args->of[at], call, p, bytes, frees)) {
            args->last = at;
            return args->of[at];
        }
    }
    args->set += args->set < OFTEN;
    if (args->set == OFTEN && args->count < KERNELS)
        more = add_twin(q, args, f);
    args->last = more ? args->count - 1 : (args->last + 1) % args->count;
    bound *b = args->of[args->last];
    if (b->frees != frees) { /* a cl_mem that it has may be gone */
        memset(b->mem, 0, sizeof b->mem);
        b->frees = frees;
    }
    return b;
}

static cl_int set(vane_queue *q, bound *b, const vane_call *call, const ocl_place *p, size_t bytes)
{
    const ocl_api *cl = &q->device->backend->cl;
    cl_int code = CL_SUCCESS;
    for (uint32_t i = 0; i < call->n_arg; i++) {
        const cl_mem mem = ocl_view_mem(&call->arg[i]);
        if (mem && b->mem[i] == mem)
            continue;
        OCL_ARG(q, b->kernel, i, mem, code);
        b->mem[i] = mem;
    }
    if (code == CL_SUCCESS && memcmp(&b->place, p, bytes) != 0) {
        code = cl->clSetKernelArg(b->kernel, call->n_arg, bytes, p);
        memcpy(&b->place, p, bytes);
    }
    if (code != CL_SUCCESS) {
        memset(b->mem, 0, sizeof b->mem);
        memset(&b->place, 0, sizeof b->place);
    }
    return code;
}

static cl_int set_blindly(const vane_queue *q, cl_kernel kernel, const vane_call *call,
                          const ocl_place *p, size_t bytes)
{
    cl_int code = CL_SUCCESS;
    for (uint32_t i = 0; i < call->n_arg; i++) {
        const cl_mem mem = ocl_view_mem(&call->arg[i]);
        OCL_ARG(q, kernel, i, mem, code);
    }
    return code != CL_SUCCESS
               ? code
               : q->device->backend->cl.clSetKernelArg(kernel, call->n_arg, bytes, p);
}

cl_kernel ocl_args_set(vane_queue *q, const ocl_function *f, ocl_slot *slot, const vane_call *call,
                       const ocl_place *p, size_t bytes, cl_int *code)
{
    ocl_args *args = args_of(q, slot);
    if (!args) {
        *code = set_blindly(q, slot->kernel, call, p, bytes);
        return slot->kernel;
    }
    bound *b = choose(q, args, f, call, p, bytes);
    *code = set(q, b, call, p, bytes);
    return b->kernel;
}
