/* SPDX-License-Identifier: MIT */
/* bad_note_magic.c - the note's magic is wrong; must never be mapped. */
#include "minimal.h"

WITNESS("TEST_BAD_NOTE_MAPPED")
static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
NOTE(0xdeadbeefu, VANE_ABI_MAJOR, VANE_SANITIZER, 0, "bad_note_magic");
ENTRY(VANE_BACKEND_MAGIC, ENTRY_SIZE, 0, "bad_note_magic");
