/* SPDX-License-Identifier: MIT */
/* bad_table_hole.c - a table without an entry that every backend needs. */
#define PLUGIN_DEVICE_COUNT NULL
#include "minimal.h"

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND("bad_table_hole", "1.0", "cannot count", 0, 0, &table);
