/* SPDX-License-Identifier: MIT */
/* bad_table_size.c - a table that ends before the entries that every backend needs. */
#include "minimal.h"

static const vane_backend_vt table = {.struct_size = offsetof(vane_backend_vt, device_open),
                                      TABLE_ENTRIES};
VANE_BACKEND("bad_table_size", "1.0", "too short", 0, 0, &table);
