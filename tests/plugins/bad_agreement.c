/* SPDX-License-Identifier: MIT */
/* bad_agreement.c - its entry needs other CPU bits than its note admits. */
#include "minimal.h"

#if defined(__aarch64__)
#define ADMITTED VANE_CPU(NEON)
#elif defined(__x86_64__)
#define ADMITTED VANE_CPU(SSE2)
#else
#define ADMITTED 0
#endif
static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
NOTE(VANE_BACKEND_MAGIC, VANE_ABI_MAJOR, VANE_SANITIZER, ADMITTED, "bad_agreement");
ENTRY(VANE_BACKEND_MAGIC, ENTRY_SIZE, ADMITTED ? 0 : 1, "bad_agreement");
