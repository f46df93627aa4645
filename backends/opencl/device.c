/* SPDX-License-Identifier: MIT */
/* device.c - one device: what its kernels must know is asked at open, its context is made when
 * something first needs it.
 */
#include <string.h>

#include "host.h"

/* 256 work-items, or what the device can do: enough to fill a GPU's core, few enough for many
 * groups. */
static uint32_t choose_group(uint64_t most)
{
    uint32_t group = 256;
    while (group > most && group > 1)
        group /= 2;
    return group;
}

static void ask(vane_device *d)
{
    const ocl_api *cl = &d->backend->cl;
    uint64_t fp32 = ocl_info_number(cl, d->id, CL_DEVICE_SINGLE_FP_CONFIG);
    uint64_t type = ocl_info_number(cl, d->id, CL_DEVICE_TYPE);
    d->has_f64 = ocl_info_number(cl, d->id, CL_DEVICE_DOUBLE_FP_CONFIG) != 0;
    d->is_cpu = (type & CL_DEVICE_TYPE_CPU) != 0;
    d->unified = ocl_info_number(cl, d->id, CL_DEVICE_HOST_UNIFIED_MEMORY) != 0;
    d->exact_division = (fp32 & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0;
    d->compute_units = (uint32_t)ocl_info_number(cl, d->id, CL_DEVICE_MAX_COMPUTE_UNITS);
    d->clock_mhz = (uint32_t)ocl_info_number(cl, d->id, CL_DEVICE_MAX_CLOCK_FREQUENCY);
    d->max_group = (uint32_t)ocl_info_number(cl, d->id, CL_DEVICE_MAX_WORK_GROUP_SIZE);
    d->local_bytes = ocl_info_number(cl, d->id, CL_DEVICE_LOCAL_MEM_SIZE);
    d->group = choose_group(d->max_group);
}

vane_status ocl_device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    const vane_host *host = b->host;
    if (i >= b->found_count)
        return host->fail(host->ctx, VANE_E_ARGUMENT, 0, "device is %u, expected less than %u", i,
                          b->found_count);
    vane_device *d = host->alloc(host->ctx, sizeof *d, 64);
    if (!d)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a device");
    memset(d, 0, sizeof *d);
    d->backend = b;
    d->id = b->found[i].id;
    ask(d);
    pthread_mutex_init(&d->lock, NULL);
    ocl_kernels_fill(d);
    *out = d;
    return VANE_OK;
}

void ocl_device_close(vane_device *d)
{
    const vane_host *host = d->backend->host;
    ocl_programs_close(d);
    if (d->context)
        d->backend->cl.clReleaseContext(d->context);
    pthread_mutex_destroy(&d->lock);
    host->free(host->ctx, d);
}

static void CL_CALLBACK on_trouble(const char *text, const void *info, size_t bytes, void *arg)
{
    const vane_host *host = arg;
    (void)info;
    (void)bytes;
    if (host == NULL) /* Oclgrind hands its argument over in another place */
        return;
    host->log(host->ctx, VANE_LOG_DEBUG, "the driver says: %s", text);
}

vane_status ocl_device_ready(vane_device *d)
{
    const vane_host *host = d->backend->host;
    cl_int code = CL_SUCCESS;
    if (d->context)
        return VANE_OK;
    d->context =
        d->backend->cl.clCreateContext(NULL, 1, &d->id, on_trouble, (void *)(uintptr_t)host, &code);
    return d->context ? VANE_OK : ocl_fail(host, code, "clCreateContext");
}

vane_status ocl_device_telemetry(vane_device *d, vane_telemetry *out)
{
    out->when_ns = d->backend->host->now_ns(d->backend->host->ctx);
    out->mem_free_bytes = ocl_info_free_bytes(&d->backend->cl, d->id);
    out->valid = out->mem_free_bytes ? VANE_TELEMETRY_MEM : 0;
    return VANE_OK;
}
