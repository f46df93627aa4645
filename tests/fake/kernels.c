/* SPDX-License-Identifier: MIT */
/* kernels.c - a few kernels over device memory, any strides; see fake.h for what fails. */
#include <string.h>

#include "fake.h"

/* The defect keeps to the memory that there is: it leaves what goes backwards alone. */
static int64_t offset_of(const vane_view *v)
{
    int backwards = FAKE_DEFECT != FAKE_NO_OFFSET;
    for (uint32_t d = 0; d < v->rank; d++)
        backwards |= v->stride[d] < 0;
    return backwards ? (int64_t)v->offset_bytes : 0;
}

static unsigned char *place(const vane_view *v, const int64_t *index, int64_t size)
{
    int64_t at = offset_of(v);
    for (uint32_t d = 0; d < v->rank; d++)
        at += index[d] * v->stride[d] * size;
    return v->mem->bytes + at;
}

static void add(unsigned char *const *at)
{
    float a, b;
    memcpy(&a, at[0], 4);
    memcpy(&b, at[1], 4);
    a += b;
    memcpy(at[2], &a, 4);
}

static void mul(unsigned char *const *at)
{
    float a, b;
    memcpy(&a, at[0], 4);
    memcpy(&b, at[1], 4);
    a *= b;
    memcpy(at[2], &a, 4);
}

static void copy(unsigned char *const *at)
{
    memcpy(at[1], at[0], 4);
}

static vane_status each(fake_command *c)
{
    void (*body)(unsigned char *const *at) = c->call.op == VANE_OP_ADD ? add
                                             : c->call.n_in == 2       ? mul
                                                                       : copy;
    const vane_view *out = &c->call.arg[c->call.n_arg - 1];
    int64_t index[VANE_VIEW_RANK] = {0};
    for (;;) {
        unsigned char *at[VANE_MAX_ARG];
        for (uint32_t i = 0; i < c->call.n_arg; i++)
            at[i] = place(&c->call.arg[i], index, 4);
        body(at);
        uint32_t d = out->rank;
        while (d-- > 0 && ++index[d] == out->shape[d])
            index[d] = 0;
        if (d == UINT32_MAX)
            return VANE_OK;
    }
}

static vane_status crash(fake_command *c)
{
    (void)c;
    return VANE_E_DEVICE_LOST;
}

#define KERNEL(text)                                                                               \
    {                                                                                              \
        .struct_size = sizeof(vane_kernel), .name = text, .flops_per_ns = 100, .bytes_per_ns = 100 \
    }
static const vane_kernel kernel_selective = {.struct_size = sizeof(vane_kernel),
                                             .flags = VANE_KERNEL_SELECTIVE,
                                             .name = "binary_f32",
                                             .flops_per_ns = 100,
                                             .bytes_per_ns = 100};
static const vane_kernel kernel_binary = KERNEL("binary_f32"), kernel_copy = KERNEL("copy_f32"),
                         kernel_crash = KERNEL("crash_f32"), kernel_refuse = KERNEL("refuse_f32"),
                         kernel_unbuilt = KERNEL("unbuilt_f32");

const vane_kernel *fake_kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)d;
    if (dtype != VANE_F32)
        return NULL;
    switch (op) {
    case VANE_OP_ADD:
        return &kernel_binary;
    case VANE_OP_MUL:
        return &kernel_selective;
    case VANE_OP_COPY:
    case VANE_OP_TRANSPOSE:
    case VANE_OP_CONCAT:
        return &kernel_copy;
    case VANE_OP_EXP:
        return &kernel_crash;
    case VANE_OP_SQRT:
        return &kernel_refuse;
    case VANE_OP_LOG:
        return &kernel_unbuilt;
    default:
        return strcmp(name, "fake.double_mul") == 0 ? &kernel_binary : NULL;
    }
}

vane_status fake_accepts(vane_device *d, const vane_kernel *k, const vane_call *call)
{
    (void)d;
    (void)k;
    return call->arg[call->n_arg - 1].shape[0] <= 1000 ? VANE_OK : VANE_E_UNSUPPORTED;
}

vane_status fake_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                        vane_event **out)
{
    fake_command c = {.run = k == &kernel_crash ? crash : each, .kernel = k, .call = *call};
    if (k == &kernel_refuse)
        return fake_fail(q->device->backend, VANE_E_BUSY, "launch refused");
    if (k == &kernel_unbuilt && q->device->index == 0) {
        const vane_host *host = q->device->backend->host;
        host->report(host->ctx, VANE_E_UNSUPPORTED, "log: line 7: a semicolon is missing");
        return fake_fail(q->device->backend, VANE_E_UNSUPPORTED, "its program does not build");
    }
    if (call->params != NULL)
        c.params = *call->params;
    return fake_submit(q, &c, out);
}

static const vane_op_desc op_double_mul = {
    .struct_size = sizeof(vane_op_desc),
    .n_in = 2,
    .n_out = 1,
    .dtypes = 1u << VANE_F32,
    .name = "fake.double_mul",
    .about = "an op that comes with a plugin: a * b",
};

const vane_op_desc *fake_ops(vane_backend *b, uint32_t *count)
{
    (void)b;
    *count = 1;
    return &op_double_mul;
}
