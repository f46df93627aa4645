/* SPDX-License-Identifier: MIT */
/* backend.h - what the files of the scalar backend share besides the kernels. */
#ifndef SCALAR_BACKEND_H
#define SCALAR_BACKEND_H

#include "vane/backend.h"

struct vane_device {
    const vane_host *host;
};

struct vane_backend {
    const vane_host *host;
    vane_device cpu;
};

#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif
vane_status scalar_device_count(vane_backend *b, uint32_t *out);
vane_status scalar_device_info(vane_backend *b, uint32_t i, vane_device_info *out);
vane_status scalar_device_open(vane_backend *b, uint32_t i, vane_device **out);
void scalar_device_close(vane_device *d);
const vane_kernel *scalar_kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype);
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
