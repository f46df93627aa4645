/* SPDX-License-Identifier: MIT */
/* duplicate.c - a good plugin with the name of another. */
#include "minimal.h"

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND("minimal", "2.0", "the second of its name", 0, 2, &table);
