/* SPDX-License-Identifier: MIT */
/* bad_name.c - its entry has another name than its note. */
#include "minimal.h"

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
NOTE(VANE_BACKEND_MAGIC, VANE_ABI_MAJOR, VANE_SANITIZER, 0, "bad_name");
ENTRY(VANE_BACKEND_MAGIC, ENTRY_SIZE, 0, "good_name");
