/* SPDX-License-Identifier: MIT */
/* no_devices.c - finds no device, which is no error. */
#define PLUGIN_DEVICES 0u
#include "minimal.h"

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND("no_devices", "1.0", "finds nothing", 0, 0, &table);
