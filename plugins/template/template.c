/* SPDX-License-Identifier: MIT */
/* template.c - a complete plugin to copy: one host-memory device, two kernels.
 *
 * Search for STEP: five places to change. It needs nothing but Vane's public headers, links
 * nothing, and is proved by `vane check ./vane-template.so`.
 */
#include <string.h>

#include "vane/backend.h"

/* STEP 1. State: these types are yours to complete. */
struct vane_backend {
    const vane_host *host;
};
struct vane_device {
    vane_backend *backend;
};

/* STEP 2. Kernels. The core has checked the operands, broadcast them and merged their
 * dimensions: backend.h says under "struct vane_call" what each rule promises. */

/* Calls row() for each innermost row of an elementwise call, any strides. */
typedef void (*row_fn)(const vane_call *call, float *const *at, int64_t n);

static void for_each_row(const vane_call *call, row_fn row)
{
    int64_t index[VANE_VIEW_RANK] = {0};
    const vane_view *out = &call->arg[call->n_arg - 1];
    uint32_t last = out->rank - 1, d;
    do {
        float *at[VANE_MAX_ARG];
        for (uint32_t i = 0; i < call->n_arg; i++) {
            at[i] = call->arg[i].data;
            for (d = 0; d < last; d++)
                at[i] += index[d] * call->arg[i].stride[d];
        }
        row(call, at, out->shape[last]);
        for (d = last; d-- > 0;) {
            if (++index[d] < out->shape[d])
                break;
            index[d] = 0;
        }
    } while (d < last);
}

static void add_row(const vane_call *call, float *const *at, int64_t n)
{
    uint32_t last = call->arg[0].rank - 1;
    int64_t a = call->arg[0].stride[last], b = call->arg[1].stride[last],
            c = call->arg[2].stride[last];
    for (int64_t i = 0; i < n; i++)
        at[2][i * c] = at[0][i * a] + at[1][i * b];
}

static void relu_row(const vane_call *call, float *const *at, int64_t n)
{
    uint32_t last = call->arg[0].rank - 1;
    int64_t x = call->arg[0].stride[last], y = call->arg[1].stride[last];
    for (int64_t i = 0; i < n; i++)
        at[1][i * y] = at[0][i * x] < 0 ? 0 : at[0][i * x]; /* NaN is handed on */
}

static vane_status add_f32(const vane_kernel *self, const vane_call *call)
{
    (void)self;
    for_each_row(call, add_row);
    return VANE_OK;
}

static vane_status relu_f32(const vane_kernel *self, const vane_call *call)
{
    (void)self;
    for_each_row(call, relu_row);
    return VANE_OK;
}

/* STEP 3. What you offer. Declared rates place a kernel among its rivals until something
 * was measured: honest figures for one thread. */
#define KERNEL(text, function)                                                                 \
    {                                                                                          \
        .struct_size = sizeof(vane_kernel), .flags = VANE_KERNEL_CLEAN_FAIL,                   \
        .numerics = VANE_NUMERICS_FAST, .name = text, .direct = function, .flops_per_ns = 0.5, \
        .bytes_per_ns = 5, .launch_ns = 20                                                     \
    }
static const vane_kernel kernel_add = KERNEL("add_f32", add_f32);
static const vane_kernel kernel_relu = KERNEL("relu_f32", relu_f32);

static const vane_kernel *kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)d;
    (void)name;
    if (dtype != VANE_F32)
        return NULL;
    return op == VANE_OP_ADD ? &kernel_add : op == VANE_OP_RELU ? &kernel_relu : NULL;
}

/* STEP 4. Life and devices. A device with memory of its own also fills the entries for
 * memory, queues, transfers and events, and leaves kernel.direct NULL. */
static vane_status open_backend(const vane_host *host, vane_backend **out)
{
    *out = host->alloc(host->ctx, sizeof(**out), 64);
    if (*out == NULL)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for the backend");
    (*out)->host = host;
    return VANE_OK;
}

static void close_backend(vane_backend *b)
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
    (void)i;
    out->kind = VANE_KIND_CPU;
    out->caps = VANE_CAP_HOST_MEM;
    out->mem_total_bytes = b->host->mem_limit_bytes;
    out->compute_units = 1;
    out->dtypes = 1u << VANE_F32;
    strcpy(out->name, "the template's loops");
    strcpy(out->id, "cpu0");
    return VANE_OK;
}

static vane_status device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    (void)i;
    *out = b->host->alloc(b->host->ctx, sizeof(**out), 64);
    if (*out == NULL)
        return b->host->fail(b->host->ctx, VANE_E_NOMEM, 0, "no memory for the device");
    (*out)->backend = b;
    return VANE_OK;
}

static void device_close(vane_device *d)
{
    d->backend->host->free(d->backend->host->ctx, d);
}

static const vane_backend_vt table = {
    .struct_size = sizeof(vane_backend_vt),
    .open = open_backend,
    .close = close_backend,
    .device_count = device_count,
    .device_info = device_info,
    .device_open = device_open,
    .device_close = device_close,
    .kernel = kernel,
};

/* STEP 5. The name card. CPU bits: what your compiler flags let the compiler use (0: the
 * baseline). Rank: where nothing else decides, higher goes first. */
VANE_BACKEND("template", "0.1.0", "a plugin to copy", 0, 2, &table);
