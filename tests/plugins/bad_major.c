/* SPDX-License-Identifier: MIT */
/* bad_major.c - built for a plugin ABI of the future; must never be mapped. */
#include "minimal.h"

WITNESS("TEST_BAD_MAJOR_MAPPED")
static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
NOTE(VANE_BACKEND_MAGIC, VANE_ABI_MAJOR + 1u, VANE_SANITIZER, 0, "bad_major");
ENTRY(VANE_BACKEND_MAGIC, ENTRY_SIZE, 0, "bad_major");
