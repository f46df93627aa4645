/* SPDX-License-Identifier: MIT */
/* minimal.c - a good plugin; its constructor lets a test see that it was mapped. */
#include "minimal.h"

WITNESS("TEST_MINIMAL_MAPPED")
static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND("minimal", "1.0", "adds f32 arrays", 0, 1, &table);
