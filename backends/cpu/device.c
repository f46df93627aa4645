/* SPDX-License-Identifier: MIT */
/* device.c - one device, the host CPU, whose kernels read plain pointers. */
#include "device.h"

#include <stdio.h>

#include "kernels.h"
#include "vec.h"

struct vane_device {
    vane_backend *owner;
};

struct vane_backend {
    const vane_host *host;
    struct vane_device cpu0;
};

static vane_status backend_open(const vane_host *host, vane_backend **out)
{
    vane_backend *b = host->alloc(host->ctx, sizeof *b, 64);
    if (!b)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for the backend's %zu bytes",
                          sizeof *b);
    b->host = host;
    b->cpu0.owner = b;
    *out = b;
    return VANE_OK;
}

static void backend_close(vane_backend *b)
{
    const vane_host *host = b->host;
    host->free(host->ctx, b);
}

static vane_status device_count(vane_backend *b, uint32_t *out)
{
    (void)b;
    *out = 1;
    return VANE_OK;
}

static vane_status device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    const vane_host *host = b->host;
    if (i != 0)
        return host->fail(host->ctx, VANE_E_ARGUMENT, 0, "device is %u, expected 0", i);
    out->kind = VANE_KIND_CPU;
    out->caps = VANE_CAP_HOST_MEM | VANE_CAP_UNIFIED;
    out->cpu_features = CPU_ISA_BITS;
    out->mem_total_bytes = host->mem_limit_bytes;
    out->mem_align_bytes = 64;
    out->compute_units = host->threads;
    out->simd_bits = VEC_BYTES * 8;
    out->dtypes = (1u << VANE_DTYPE_COUNT) - 1u;
    snprintf(out->name, sizeof out->name, "host CPU, %s kernels", CPU_ISA_NAME);
    snprintf(out->id, sizeof out->id, "cpu0");
    return VANE_OK;
}

static vane_status device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    if (i != 0)
        return b->host->fail(b->host->ctx, VANE_E_ARGUMENT, 0, "device is %u, expected 0", i);
    *out = &b->cpu0;
    return VANE_OK;
}

static void device_close(vane_device *d)
{
    (void)d; /* part of the backend */
}

static const vane_kernel *device_kernel(vane_device *d, uint32_t op, const char *name,
                                        uint32_t dtype)
{
    (void)d;
    (void)name;
    return cpu__kernel(op, dtype);
}

const vane_backend_vt cpu__backend = {
    .struct_size = sizeof(vane_backend_vt),
    .open = backend_open,
    .close = backend_close,
    .device_count = device_count,
    .device_info = device_info,
    .device_open = device_open,
    .device_close = device_close,
    .kernel = device_kernel,
};
