/* SPDX-License-Identifier: MIT */
/* wrong.c - a plugin with one known defect in each op, so that the suite has to prove that
 * it finds them. Not an example: plugins/template is.
 *
 *   add         100 ulp off in one element of each 1000
 *   relu        makes 0 of NaN
 *   mul         writes one element beyond the end
 *   sub         clears its output first: wrong in place
 *   max         changes its first input
 *   abs         leaves the last element out when it has several threads
 *   reduce_sum  drops the last term when there are more than 64
 *   neg         is right
 * The file also runs a constructor and exports a second symbol.
 */
#include <math.h>
#include <stdlib.h>

#include "vane/backend.h"

struct vane_backend {
    const vane_host *host;
};
struct vane_device {
    vane_backend *backend;
};

extern int wrong_second_export;
VANE_EXPORT int wrong_second_export = 1;

__attribute__((constructor)) static void runs_too_early(void)
{
    wrong_second_export = 2;
}

/* ---- kernels --------------------------------------------------------------------- */

static float value(uint32_t op, float a, float b, int64_t i)
{
    switch (op) {
    case VANE_OP_ADD:
        return i % 1000 == 999 ? (a + b) * (1 + 100 * 0x1p-23f) : a + b;
    case VANE_OP_SUB:
        return a - b;
    case VANE_OP_MUL:
        return a * b;
    case VANE_OP_MAX:
        return isnan(a) || a >= b ? a : b;
    case VANE_OP_RELU:
        return a > 0 ? a : 0;
    case VANE_OP_ABS:
        return fabsf(a);
    default:
        return -a;
    }
}

static int64_t count_of(const vane_view *v, uint32_t first)
{
    int64_t n = 1;
    for (uint32_t d = first; d < v->rank; d++)
        n *= v->shape[d];
    return n;
}

/* Element number i of the dimensions from first on. */
static float *element(const vane_view *v, uint32_t first, uint32_t end, int64_t i)
{
    int64_t at = 0;
    for (uint32_t d = end; d-- > first; i /= v->shape[d])
        at += i % v->shape[d] * v->stride[d];
    return (float *)v->data + at;
}

static vane_status elementwise(const vane_kernel *self, const vane_call *call)
{
    const vane_view *x = &call->arg[0], *y = &call->arg[call->n_in - 1];
    const vane_view *out = &call->arg[call->n_arg - 1];
    const uint32_t op = call->op, rank = out->rank;
    const int64_t n = count_of(out, 0), skipped = op == VANE_OP_ABS && call->width > 1 ? 1 : 0;
    (void)self;
    for (int64_t i = 0; i < n && op == VANE_OP_SUB; i++)
        *element(out, 0, rank, i) = 0;
    for (int64_t i = 0; i < n - skipped; i++)
        *element(out, 0, rank, i) = value(op, *element(x, 0, rank, i), *element(y, 0, rank, i), i);
    if (op == VANE_OP_MUL)
        *(element(out, 0, rank, n - 1) + 1) = 1;
    if (op == VANE_OP_MAX)
        *element(x, 0, rank, n / 2) = 77;
    return VANE_OK;
}

static vane_status reduce_sum(const vane_kernel *self, const vane_call *call)
{
    const vane_view *x = &call->arg[0], *out = &call->arg[1];
    const int64_t terms = count_of(x, call->n_outer);
    int64_t outer = 1;
    (void)self;
    for (uint32_t d = 0; d < call->n_outer; d++)
        outer *= x->shape[d];
    for (int64_t o = 0; o < outer; o++) {
        const float *row = element(x, 0, call->n_outer, o);
        double sum = 0;
        for (int64_t i = 0; i < terms - (terms > 64); i++)
            sum += (double)row[element(x, call->n_outer, x->rank, i) - (float *)x->data];
        *element(out, 0, call->n_outer, o) = (float)sum;
    }
    return VANE_OK;
}

#define KERNEL(fn)                                                                              \
    {                                                                                           \
        .struct_size = sizeof(vane_kernel),                                                     \
        .flags = VANE_KERNEL_CLEAN_FAIL | VANE_KERNEL_PARALLEL, .numerics = VANE_NUMERICS_FAST, \
        .name = #fn "_f32", .direct = fn                                                        \
    }
static const vane_kernel elementwise_kernel = KERNEL(elementwise);
static const vane_kernel reduce_sum_kernel = KERNEL(reduce_sum);

static const vane_kernel *kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)d;
    (void)name;
    if (dtype != VANE_F32)
        return NULL;
    switch (op) {
    case VANE_OP_ADD:
    case VANE_OP_SUB:
    case VANE_OP_MUL:
    case VANE_OP_MAX:
    case VANE_OP_RELU:
    case VANE_OP_ABS:
    case VANE_OP_NEG:
        return &elementwise_kernel;
    case VANE_OP_REDUCE_SUM:
        return &reduce_sum_kernel;
    default:
        return NULL;
    }
}

/* ---- life ------------------------------------------------------------------------ */

static vane_status plugin_open(const vane_host *host, vane_backend **out)
{
    *out = malloc(sizeof **out);
    if (!*out)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "open: no memory");
    (*out)->host = host;
    return VANE_OK;
}

static void plugin_close(vane_backend *b)
{
    free(b);
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
    (void)i; /* and no name or id, which is a defect as well */
    out->caps = VANE_CAP_HOST_MEM;
    return VANE_OK;
}

static vane_status device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    (void)i;
    *out = malloc(sizeof **out);
    if (!*out)
        return b->host->fail(b->host->ctx, VANE_E_NOMEM, 0, "device_open: no memory");
    (*out)->backend = b;
    return VANE_OK;
}

static void device_close(vane_device *d)
{
    free(d);
}

static const vane_backend_vt table = {
    .struct_size = sizeof table,
    .open = plugin_open,
    .close = plugin_close,
    .device_count = device_count,
    .device_info = device_info,
    .device_open = device_open,
    .device_close = device_close,
    .kernel = kernel,
};
VANE_BACKEND("wrong", "1.0", "defects for the conformance suite to find", 0, 0, &table);
