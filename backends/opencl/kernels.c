/* SPDX-License-Identifier: MIT */
/* kernels.c - the device's kernel table: asks each family once, when the device opens. */
#include <stdio.h>

#include "host.h"

typedef int (*family)(const vane_device *d, uint32_t op, uint32_t dtype, ocl_kernel *out);

static const family families[] = {ocl_elementwise_kernel, ocl_move_kernel,    ocl_reduce_kernel,
                                  ocl_argmax_kernel,      ocl_softmax_kernel, ocl_matmul_kernel};

static void fill_one(vane_device *d, uint32_t op, uint32_t dtype)
{
    ocl_kernel *k = &d->kernels[op][dtype];
    if (dtype == VANE_F64 && !d->has_f64)
        return;
    k->op = (uint16_t)op;
    k->dtype = (uint16_t)dtype;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (families[i](d, op, dtype, k))
            break;
    if (op == VANE_OP_CAST && !d->has_f64)
        k->base.flags |= VANE_KERNEL_SELECTIVE;
}

static void fill_blast(vane_device *d, uint32_t which, uint32_t op, uint32_t dtype)
{
    ocl_kernel *k = &d->blast[which][dtype];
    if (!d->backend->blast || !d->kernels[op][dtype].run)
        return;
    k->op = (uint16_t)op;
    k->dtype = (uint16_t)dtype;
    if (ocl_blast_kernel(d, dtype, k))
        d->kernels[op][dtype].base.alternative = &k->base;
}

void ocl_kernels_fill(vane_device *d)
{
    for (uint32_t op = 0; op < VANE_OP_COUNT; op++) {
        for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT; dtype++)
            fill_one(d, op, dtype);
    }
    for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT; dtype++) {
        fill_blast(d, 0, VANE_OP_MATMUL, dtype);
        fill_blast(d, 1, VANE_OP_GEMM, dtype);
    }
}

const vane_kernel *ocl_device_kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)name;
    if (op >= VANE_OP_COUNT || dtype >= VANE_DTYPE_COUNT || !d->kernels[op][dtype].run)
        return NULL;
    return &d->kernels[op][dtype].base;
}

/* Casts to f64 are the one use of a type that the kernel's own does not tell. */
vane_status ocl_device_accepts(vane_device *d, const vane_kernel *k, const vane_call *call)
{
    const ocl_kernel *kernel = (const ocl_kernel *)k;
    if (kernel->op == VANE_OP_CAST)
        return d->has_f64 || call->arg[1].dtype != VANE_F64 ? VANE_OK : VANE_E_UNSUPPORTED;
    return ocl_blast_accepts(d, k, call);
}

/* ---- what a kernel declares, until somebody measures --------------------------------- */

/* A CPU's OpenCL runs the code of the same cores as native kernels do, through a compiler that
 * knows less and a queue: it must win by measurement, never by declaration. */
#define CPU_FLOPS_PER_NS 4.0
#define CPU_BYTES_PER_NS 4.0
#define CPU_LAUNCH_NS 20000.0
/* For each compute unit and cycle, of GPUs since about 2015; half of the older and smaller ones */
#define GPU_FLOPS_PER_CYCLE 128.0
#define GPU_BYTES_PER_CYCLE 8.0
#define GPU_LAUNCH_NS 8000.0
#define UNIFIED_BYTES_PER_NS 40.0 /* a GPU without memory of its own has the host's */

typedef struct rates {
    double flops_per_ns, bytes_per_ns, launch_ns;
} rates;

static rates rates_of(const vane_device *d, uint32_t dtype)
{
    double cycles_per_ns = d->compute_units * (d->clock_mhz ? d->clock_mhz * 1e-3 : 1.0);
    if (d->is_cpu)
        return (rates){CPU_FLOPS_PER_NS, CPU_BYTES_PER_NS, CPU_LAUNCH_NS};
    rates r = {cycles_per_ns * GPU_FLOPS_PER_CYCLE, cycles_per_ns * GPU_BYTES_PER_CYCLE,
               GPU_LAUNCH_NS};
    if (dtype == VANE_F64 || dtype == VANE_I64)
        r.flops_per_ns /= 8;
    if (d->unified && r.bytes_per_ns > UNIFIED_BYTES_PER_NS)
        r.bytes_per_ns = UNIFIED_BYTES_PER_NS;
    return r;
}

/* Arithmetic that waits for memory reaches a quarter of the peak. */
void ocl_kernel_describe(const vane_device *d, ocl_kernel *out, const char *stem, double flop_share)
{
    rates r = rates_of(d, out->dtype);
    snprintf(out->name, sizeof out->name, "%s_%s", stem, common_dtype_name(out->dtype));
    out->base = (vane_kernel){
        .struct_size = sizeof out->base,
        .numerics = VANE_NUMERICS_FAST,
        .name = out->name,
        .flops_per_ns = r.flops_per_ns * (flop_share > 0 ? flop_share : 0.25),
        .bytes_per_ns = r.bytes_per_ns,
        .launch_ns = r.launch_ns,
    };
}
