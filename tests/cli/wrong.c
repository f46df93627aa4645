/* SPDX-License-Identifier: MIT */
/* wrong.c - a plugin whose sums are a little wrong and whose products fail: for vane bench,
 * which must say so. */
#include "vane/backend.h"

struct vane_backend {
    int unused;
};
struct vane_device {
    int unused;
};

static struct vane_backend the_backend;
static struct vane_device the_device;

/* Right but for the last element, which is off by 1e-4 of itself: far beyond 0 ulp. */
static vane_status add(const vane_kernel *self, const vane_call *call)
{
    const float *a = call->arg[0].data, *b = call->arg[1].data;
    float *out = call->arg[2].data;
    int64_t n = call->arg[2].shape[0];
    if (!(call->flags & VANE_CALL_FLAT))
        return call->host->fail(call->host->ctx, VANE_E_UNSUPPORTED, 0, "%s: dense arrays only",
                                self->name);
    for (int64_t i = 0; i < n; i++)
        out[i] = (a[i] + b[i]) * (i + 1 < n ? 1 : 1.0001f);
    return VANE_OK;
}

static vane_status mul(const vane_kernel *self, const vane_call *call)
{
    return call->host->fail(call->host->ctx, VANE_E_UNSUPPORTED, 7, "%s: cannot multiply today",
                            self->name);
}

static const vane_kernel add_kernel = {
    .struct_size = sizeof(vane_kernel), .name = "add_f32", .direct = add};
static const vane_kernel mul_kernel = {
    .struct_size = sizeof(vane_kernel), .name = "mul_f32", .direct = mul};

static vane_status open_backend(const vane_host *host, vane_backend **out)
{
    (void)host;
    *out = &the_backend;
    return VANE_OK;
}

static void close_backend(vane_backend *b)
{
    (void)b;
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
    out->caps = VANE_CAP_HOST_MEM;
    out->dtypes = 1u << VANE_F32;
    return VANE_OK;
}

static vane_status device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    (void)b;
    (void)i;
    *out = &the_device;
    return VANE_OK;
}

static void device_close(vane_device *d)
{
    (void)d;
}

static const vane_kernel *kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)d;
    (void)name;
    if (dtype != VANE_F32)
        return NULL;
    return op == VANE_OP_ADD ? &add_kernel : op == VANE_OP_MUL ? &mul_kernel : NULL;
}

static const vane_backend_vt table = {.struct_size = sizeof table,
                                      .open = open_backend,
                                      .close = close_backend,
                                      .device_count = device_count,
                                      .device_info = device_info,
                                      .device_open = device_open,
                                      .device_close = device_close,
                                      .kernel = kernel};

VANE_BACKEND("wrong", "1.0", "wrong sums, failing products", 0, 1, &table);
