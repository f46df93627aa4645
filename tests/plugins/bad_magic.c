/* SPDX-License-Identifier: MIT */
/* bad_magic.c - the note is right, the entry's magic is not. */
#include "minimal.h"

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
NOTE(VANE_BACKEND_MAGIC, VANE_ABI_MAJOR, VANE_SANITIZER, 0, "bad_magic");
ENTRY(0xdeadbeefu, ENTRY_SIZE, 0, "bad_magic");
