/* SPDX-License-Identifier: MIT */
/* bad_sanitizer.c - built with a sanitizer that libvane is not built with. */
#include "minimal.h"

WITNESS("TEST_BAD_SANITIZER_MAPPED")
static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
NOTE(VANE_BACKEND_MAGIC, VANE_ABI_MAJOR, VANE_SANITIZER ^ 3u, 0, "bad_sanitizer");
ENTRY(VANE_BACKEND_MAGIC, ENTRY_SIZE, 0, "bad_sanitizer");
