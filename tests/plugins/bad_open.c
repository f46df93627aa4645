/* SPDX-License-Identifier: MIT */
/* bad_open.c - open fails, in words. */
#define PLUGIN_OPEN fail_open
#include "minimal.h"

static vane_status fail_open(const vane_host *host, vane_backend **out)
{
    *out = NULL;
    return host->fail(host->ctx, VANE_E_BUSY, 7, "the %s is asleep", "driver");
}

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND("bad_open", "1.0", "does not open", 0, 0, &table);
