/* SPDX-License-Identifier: MIT */
/* bad_entry_size.c - an entry shorter than v1.0's. */
#include "minimal.h"

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
NOTE(VANE_BACKEND_MAGIC, VANE_ABI_MAJOR, VANE_SANITIZER, 0, "bad_entry_size");
ENTRY(VANE_BACKEND_MAGIC, 16u, 0, "bad_entry_size");
