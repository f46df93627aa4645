/* SPDX-License-Identifier: MIT */
/* bad_device_table.c - a device with its own memory, and no way to allocate it. */
#define PLUGIN_CAPS VANE_CAP_ASYNC
#include "minimal.h"

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND("bad_device_tab", "1.0", "no memory entries", 0, 0, &table);
