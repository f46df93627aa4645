/* SPDX-License-Identifier: MIT */
/* bench_probe.c - a backend inside this program whose one kernel adds f32 arrays. */
#include "bench_probe.h"

#include <stdio.h>

struct vane_backend {
    const vane_host *host;
};
struct vane_device {
    struct vane_backend *backend;
};

static vane_status add(const vane_kernel *self, const vane_call *call)
{
    const float *a = call->arg[0].data, *b = call->arg[1].data;
    float *out = call->arg[2].data;
    int64_t n = call->arg[2].shape[0];
    if (!(call->flags & VANE_CALL_FLAT))
        return call->host->fail(call->host->ctx, VANE_E_UNSUPPORTED, 0,
                                "%s: dense arrays only, got strides", self->name);
    for (int64_t i = 0; i < n; i++)
        out[i] = a[i] + b[i];
    return VANE_OK;
}

/* The rates are higher than any machine's: it is to be chosen. */
const vane_kernel bench_probe_kernel = {.struct_size = sizeof(vane_kernel),
                                        .flags = VANE_KERNEL_CLEAN_FAIL,
                                        .name = "add_f32",
                                        .direct = add,
                                        .flops_per_ns = 1e3,
                                        .bytes_per_ns = 1e4,
                                        .launch_ns = 0.01};

static vane_status open(const vane_host *host, vane_backend **out)
{
    vane_backend *b = host->alloc(host->ctx, sizeof *b, 64);
    if (!b)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for the backend");
    b->host = host;
    *out = b;
    return VANE_OK;
}

static void close(vane_backend *b)
{
    b->host->free(b->host->ctx, b);
}

static vane_status device_count(vane_backend *b, uint32_t *out)
{
    (void)b;
    *out = 1;
    return VANE_OK;
}

static vane_status device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    (void)b;
    (void)i;
    out->kind = VANE_KIND_CPU;
    out->caps = VANE_CAP_HOST_MEM;
    out->dtypes = 1u << VANE_F32;
    snprintf(out->name, sizeof out->name, "inside vane bench");
    snprintf(out->id, sizeof out->id, "program");
    return VANE_OK;
}

static vane_status device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    (void)i;
    vane_device *d = b->host->alloc(b->host->ctx, sizeof *d, 64);
    if (!d)
        return b->host->fail(b->host->ctx, VANE_E_NOMEM, 0, "no memory for the device");
    d->backend = b;
    *out = d;
    return VANE_OK;
}

static void device_close(vane_device *d)
{
    const vane_host *host = d->backend->host;
    host->free(host->ctx, d);
}

static const vane_kernel *kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)d;
    (void)name;
    return op == VANE_OP_ADD && dtype == VANE_F32 ? &bench_probe_kernel : NULL;
}

static const vane_backend_vt table = {.struct_size = sizeof table,
                                      .open = open,
                                      .close = close,
                                      .device_count = device_count,
                                      .device_info = device_info,
                                      .device_open = device_open,
                                      .device_close = device_close,
                                      .kernel = kernel};

const vane_backend_entry bench_probe_entry = {.magic = VANE_BACKEND_MAGIC,
                                              .struct_size = sizeof(vane_backend_entry),
                                              .abi_minor = VANE_ABI_MINOR,
                                              .sanitizer = VANE_SANITIZER,
                                              .rank = 1000,
                                              .name = BENCH_PROBE,
                                              .version = VANE_VERSION,
                                              .about = "adds, for vane bench dispatch",
                                              .vt = &table};

vane_backend_entry bench_probe_dummy(char name[16], uint32_t number)
{
    vane_backend_entry e = bench_probe_entry;
    snprintf(name, 16, "bench-%u", number % 1000000u);
    e.name = name;
    e.rank = 0;
    return e;
}
