/* SPDX-License-Identifier: MIT */
/* bad_dependency.c - needs a library that is not there. */
#include "minimal.h"

extern int vane_test_absent(void);
int vane_test_needs_absent(void);
VANE_EXPORT int vane_test_needs_absent(void)
{
    return vane_test_absent();
}

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND("bad_dependency", "1.0", "misses a library", 0, 0, &table);
