/* SPDX-License-Identifier: MIT */
/* device.c - the one device: this machine's CPU, one thread of it, plain host memory. */
#include <stdio.h>

#include "backend.h"

vane_status scalar_device_count(vane_backend *b, uint32_t *out)
{
    (void)b;
    *out = 1;
    return VANE_OK;
}

static vane_status check(const vane_backend *b, uint32_t i)
{
    if (i == 0)
        return VANE_OK;
    return b->host->fail(b->host->ctx, VANE_E_ARGUMENT, 0, "scalar: device %u, expected 0", i);
}

vane_status scalar_device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    const vane_status status = check(b, i);
    if (status != VANE_OK)
        return status;
    out->kind = VANE_KIND_CPU;
    out->caps = VANE_CAP_HOST_MEM;
    out->mem_total_bytes = b->host->mem_limit_bytes;
    out->mem_align_bytes = 64;
    out->compute_units = 1;
    out->dtypes = (1u << VANE_DTYPE_COUNT) - 1;
    snprintf(out->name, sizeof out->name, "CPU, one thread, plain C");
    snprintf(out->id, sizeof out->id, "cpu0");
    return VANE_OK;
}

vane_status scalar_device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    const vane_status status = check(b, i);
    if (status == VANE_OK)
        *out = &b->cpu;
    return status;
}

void scalar_device_close(vane_device *d)
{
    (void)d; /* part of the backend */
}
