/* SPDX-License-Identifier: MIT */
/* no_note.c - an entry, but nothing to read before mapping it; must never be mapped. */
#include "minimal.h"

WITNESS("TEST_NO_NOTE_MAPPED")
static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
ENTRY(VANE_BACKEND_MAGIC, ENTRY_SIZE, 0, "no_note");
