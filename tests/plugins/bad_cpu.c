/* SPDX-License-Identifier: MIT */
/* bad_cpu.c - needs CPU bits that nobody has; must never be mapped. */
#include "minimal.h"

WITNESS("TEST_BAD_CPU_MAPPED")
static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND("bad_cpu", "1.0", "of another world", UINT64_C(0x9) << 60, 0, &table);
