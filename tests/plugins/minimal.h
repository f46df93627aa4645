/* SPDX-License-Identifier: MIT */
/* minimal.h - the least backend that works: a device in host memory that adds f32 arrays.
 *
 * The plugins of this folder are this one with one thing changed; what is changed is all
 * that their files say. Not an example: plugins/template is.
 */
#ifndef MINIMAL_H
#define MINIMAL_H

#include <stdlib.h>

#include "vane/backend.h"

struct vane_backend {
    const vane_host *host;
};
struct vane_device {
    uint32_t index;
};

#ifndef PLUGIN_DEVICES
#define PLUGIN_DEVICES 1u
#endif
#ifndef PLUGIN_CAPS
#define PLUGIN_CAPS VANE_CAP_HOST_MEM
#endif

static vane_status add_f32(const vane_kernel *self, const vane_call *call)
{
    const float *a = call->arg[0].data, *b = call->arg[1].data;
    float *out = call->arg[2].data;
    if (!(call->flags & VANE_CALL_FLAT))
        return call->host->fail(call->host->ctx, VANE_E_UNSUPPORTED, 0, "%s: not flat", self->name);
    for (int64_t i = 0; i < call->arg[2].shape[0]; i++)
        out[i] = a[i] + b[i];
#ifdef PLUGIN_ADDED
    PLUGIN_ADDED;
#endif
    return VANE_OK;
}

static const vane_kernel add_kernel = {
    .struct_size = sizeof add_kernel,
    .flags = VANE_KERNEL_CLEAN_FAIL,
    .name = "add_f32",
    .direct = add_f32,
};

#ifndef PLUGIN_OPEN
static vane_status plugin_open(const vane_host *host, vane_backend **out)
{
    *out = host->alloc(host->ctx, sizeof **out, 64);
    if (!*out)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "open: no memory");
    (*out)->host = host;
    host->log(host->ctx, VANE_LOG_DEBUG, "open");
    return VANE_OK;
}
#define PLUGIN_OPEN plugin_open
#endif

static void plugin_close(vane_backend *b)
{
    b->host->free(b->host->ctx, b);
}

#ifndef PLUGIN_DEVICE_COUNT
static vane_status device_count(vane_backend *b, uint32_t *out)
{
    (void)b;
    *out = PLUGIN_DEVICES;
    return VANE_OK;
}
#define PLUGIN_DEVICE_COUNT device_count
#endif

static vane_status device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    (void)b;
    (void)i;
    out->caps = PLUGIN_CAPS;
    return VANE_OK;
}

#ifndef PLUGIN_DEVICE_OPEN
static vane_status device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return b->host->fail(b->host->ctx, VANE_E_NOMEM, 0, "device_open: no memory");
    (*out)->index = i;
    return VANE_OK;
}
#define PLUGIN_DEVICE_OPEN device_open
#endif

static void device_close(vane_device *d)
{
    free(d);
}

static const vane_kernel *kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype)
{
    (void)d;
    (void)name;
    return op == VANE_OP_ADD && dtype == VANE_F32 ? &add_kernel : NULL;
}

#define TABLE_ENTRIES                                                                            \
    .open = PLUGIN_OPEN, .close = plugin_close, .device_count = PLUGIN_DEVICE_COUNT,             \
    .device_info = device_info, .device_open = PLUGIN_DEVICE_OPEN, .device_close = device_close, \
    .kernel = kernel

/* The two halves of VANE_BACKEND apart, so that each can lie on its own. */
#define NOTE(magic_, major_, sanitizer_, cpu_, name_)                 \
    VANE_NOTE_SECTION static const vane_backend_note note = {         \
        .owner_bytes = 5u,                                            \
        .desc_bytes = (uint32_t)(sizeof(vane_backend_note) - 20u),    \
        .type = VANE_NOTE_TYPE,                                       \
        .owner = "Vane",                                              \
        .magic = (magic_),                                            \
        .desc_size = (uint32_t)(sizeof(vane_backend_note) - 20u),     \
        .abi_major = (major_),                                        \
        .abi_minor = VANE_ABI_MINOR,                                  \
        .sanitizer = (sanitizer_),                                    \
        .cpu_required_low = (uint32_t)((uint64_t)(cpu_)&0xffffffffu), \
        .cpu_required_high = (uint32_t)((uint64_t)(cpu_) >> 32),      \
        .name = name_,                                                \
        .version = "1.0"}
#define ENTRY(magic_, size_, cpu_, name_)                                                       \
    extern const vane_backend_entry vane_backend_entry_v1;                                      \
    VANE_EXPORT const vane_backend_entry vane_backend_entry_v1 = {.magic = (magic_),            \
                                                                  .struct_size = (size_),       \
                                                                  .abi_minor = VANE_ABI_MINOR,  \
                                                                  .sanitizer = VANE_SANITIZER,  \
                                                                  .cpu_required = (cpu_),       \
                                                                  .name = name_,                \
                                                                  .version = "1.0",             \
                                                                  .about =                      \
                                                                      "for the loader's tests", \
                                                                  .vt = &table}
#define ENTRY_SIZE ((uint32_t)sizeof(vane_backend_entry))

/* Leaves a trace when the file is mapped, which no real plugin does: no constructors. */
#define WITNESS(variable)                                  \
    __attribute__((constructor)) static void witness(void) \
    {                                                      \
        setenv(variable, "1", 1);                          \
    }

#endif
