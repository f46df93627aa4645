/* SPDX-License-Identifier: MIT */
/* slow_bad.c - says that it is slow to open, and then does not. */
#define PLUGIN_OPEN fail_open
#include "minimal.h"

static vane_status fail_open(const vane_host *host, vane_backend **out)
{
    *out = NULL;
    return host->fail(host->ctx, VANE_E_IO, 7, "there is no driver");
}

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND_FLAGS("slow_bad", "1.0", "does not open", 0, 0, VANE_BACKEND_SLOW, &table);
