/* SPDX-License-Identifier: MIT */
/* device.h - this backend's table of functions. */
#ifndef CPU_DEVICE_H
#define CPU_DEVICE_H

#include "vane/backend.h"

extern const vane_backend_vt cpu__backend;

#endif
