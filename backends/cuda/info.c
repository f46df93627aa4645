/* SPDX-License-Identifier: MIT */
/* info.c - what a device says of itself. Nothing here needs a context. */
#include <stdio.h>
#include <string.h>

#include "host.h"

int cuda_info_number(const cuda_driver *cu, CUdevice id, CUdevice_attribute what)
{
    int value = 0;
    return cu->cuDeviceGetAttribute(&value, what, id) == CUDA_SUCCESS ? value : 0;
}

/* Where the card sits is the same in every run; the number in the list need not be. */
static void name_it(const vane_backend *b, CUdevice id, uint32_t i, vane_device_info *out)
{
    int version = 0;
    snprintf(out->vendor, sizeof out->vendor, "NVIDIA");
    if (b->cu.cuDeviceGetName(out->name, sizeof out->name, id) != CUDA_SUCCESS)
        snprintf(out->name, sizeof out->name, "CUDA device %u", i);
    if (b->cu.cuDriverGetVersion(&version) == CUDA_SUCCESS)
        snprintf(out->driver, sizeof out->driver, "CUDA %d.%d", version / 1000,
                 version % 1000 / 10);
    if (b->cu.cuDeviceGetPCIBusId(out->id, sizeof out->id, id) != CUDA_SUCCESS)
        snprintf(out->id, sizeof out->id, "cuda%u", i);
}

vane_status cuda_device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    const vane_host *host = b->host;
    size_t bytes = 0;
    if (i >= b->found_count)
        return host->fail(host->ctx, VANE_E_ARGUMENT, 0, "device is %u, expected less than %u", i,
                          b->found_count);
    const CUdevice id = b->found[i];
    name_it(b, id, i, out);
    out->kind = VANE_KIND_GPU;
    out->caps = VANE_CAP_ASYNC | VANE_CAP_EVENT_TIME | VANE_CAP_FORK_UNSAFE;
    if (b->cu.cuDeviceTotalMem_v2(&bytes, id) == CUDA_SUCCESS)
        out->mem_total_bytes = bytes;
    out->mem_align_bytes = 256;
    out->mem_max_alloc_bytes = bytes;
    out->compute_units =
        (uint32_t)cuda_info_number(&b->cu, id, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    out->clock_mhz = (uint32_t)cuda_info_number(&b->cu, id, CU_DEVICE_ATTRIBUTE_CLOCK_RATE) / 1000;
    out->simd_bits = 32 * 32; /* a warp */
    out->dtypes = (1u << VANE_DTYPE_COUNT) - 1u;
    return VANE_OK;
}
