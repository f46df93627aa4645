/* SPDX-License-Identifier: MIT */
/* needs_cpu.c - needs a little more than the least CPU: a mask must keep it unmapped. */
#include "minimal.h"

#if defined(__aarch64__)
#define NEEDED VANE_CPU(FP16)
#else
#define NEEDED VANE_CPU(SSE42)
#endif
WITNESS("TEST_NEEDS_CPU_MAPPED")
static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND("needs_cpu", "1.0", "more than the baseline", NEEDED, 0, &table);
