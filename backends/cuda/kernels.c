/* SPDX-License-Identifier: MIT */
/* kernels.c - the device's kernel table: asks each family once, when the device opens. */
#include <stdio.h>

#include "host.h"

typedef int (*family)(const vane_device *d, uint32_t op, uint32_t dtype, cuda_kernel *out);

static const family families[] = {cuda_elementwise_kernel, cuda_move_kernel, cuda_reduce_kernel,
                                  cuda_softmax_kernel, cuda_matmul_kernel};

static void fill_blas(vane_device *d, uint32_t which, uint32_t op, uint32_t dtype)
{
    cuda_kernel *k = &d->blas[which][dtype];
    k->op = (uint16_t)op;
    k->dtype = (uint16_t)dtype;
    if (cuda_blas_kernel(d, dtype, k))
        d->kernels[op][dtype].base.alternative = &k->base;
}

void cuda_kernels_fill(vane_device *d)
{
    for (uint32_t op = 0; op < VANE_OP_COUNT; op++) {
        for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT; dtype++) {
            cuda_kernel *k = &d->kernels[op][dtype];
            k->op = (uint16_t)op;
            k->dtype = (uint16_t)dtype;
            for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
                if (families[i](d, op, dtype, k))
                    break;
        }
    }
    for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT; dtype++) {
        fill_blas(d, 0, VANE_OP_MATMUL, dtype);
        fill_blas(d, 1, VANE_OP_GEMM, dtype);
    }
}

const vane_kernel *cuda_device_kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)name;
    if (op >= VANE_OP_COUNT || dtype >= VANE_DTYPE_COUNT || !d->kernels[op][dtype].run)
        return NULL;
    return &d->kernels[op][dtype].base;
}

/* ---- what a kernel declares, until somebody measures ------------------------------------ */

#define FLOPS_PER_CYCLE 256.0 /* of a multiprocessor: 128 multiply-adds */
#define LAUNCH_NS 5000.0
#define MEMORY_SHARE 0.85 /* of the bus's peak, what kernels reach */

static double bytes_per_ns(const vane_device *d)
{
    /* two transfers each cycle */
    const double peak = 2.0 * (double)d->memory_mhz * 1e-3 * (double)d->bus_bits / 8;
    return MEMORY_SHARE * (peak > 0 ? peak : 300.0);
}

static double flops_per_ns(const vane_device *d, uint32_t dtype)
{
    const double cycles = d->processors * (d->clock_mhz ? (double)d->clock_mhz * 1e-3 : 1.0);
    const int has_f64 =
        d->minor == 0 && d->major >= 8 && d->major <= 10; /* a half; the others 1/32 or 1/64 */
    double flops = cycles * FLOPS_PER_CYCLE;
    if (dtype == VANE_F64)
        flops /= has_f64 ? 2 : 64;
    return dtype == VANE_I64 ? flops / 8 : flops;
}

/* Arithmetic that waits for memory reaches a quarter of the peak. */
void cuda_kernel_describe(const vane_device *d, cuda_kernel *out, const char *stem,
                          double flop_share)
{
    snprintf(out->name, sizeof out->name, "%s_%s", stem, common_dtype_name(out->dtype));
    out->base = (vane_kernel){
        .struct_size = sizeof out->base,
        .numerics = VANE_NUMERICS_FAST,
        .name = out->name,
        .flops_per_ns = flops_per_ns(d, out->dtype) * (flop_share > 0 ? flop_share : 0.25),
        .bytes_per_ns = bytes_per_ns(d),
        .launch_ns = LAUNCH_NS,
    };
}
