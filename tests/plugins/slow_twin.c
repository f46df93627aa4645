/* SPDX-License-Identifier: MIT */
/* slow_twin.c - slow to open too, and of the same name as slow. */
#include "minimal.h"

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND_FLAGS("slow", "2.0", "the second of its name", 0, 0, VANE_BACKEND_SLOW, &table);
