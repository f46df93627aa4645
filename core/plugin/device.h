/* SPDX-License-Identifier: MIT */
/* device.h - a context's devices by their index in vane_device_at. */
#ifndef VANE__PLUGIN_DEVICE_H
#define VANE__PLUGIN_DEVICE_H

#include "plugin/registry.h"

/* The one whose vane__device.number it is; NULL: none. */
const vane__device *vane__device_numbered(vane_context *ctx, uint32_t number);
/* NULL beyond the last. */
vane__device *vane__device_nth(vane_context *ctx, uint32_t i);
/* The same, or the sentence; one that is lost is VANE_E_DEVICE_LOST. */
vane_status vane__device_require(vane_context *ctx, const char *op, uint32_t i, vane__device **out);

#endif
