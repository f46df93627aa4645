/* SPDX-License-Identifier: MIT */
/* slow.c - says that it is slow to open, and is, for VANE_SLOW_MS milliseconds. */
#include <stdatomic.h>
#include <time.h>

#include "vane/backend.h"

extern atomic_uint slow_opens, slow_adds; /* for the test to see */
VANE_EXPORT atomic_uint slow_opens, slow_adds;

#define PLUGIN_OPEN open_slowly
#define PLUGIN_ADDED atomic_fetch_add(&slow_adds, 1)
#include "minimal.h"

static vane_status open_slowly(const vane_host *host, vane_backend **out)
{
    const char *text = host->option(host->ctx, "ms");
    long ms = text ? strtol(text, NULL, 10) : 0;
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    atomic_fetch_add(&slow_opens, 1);
    nanosleep(&time, NULL);
    *out = host->alloc(host->ctx, sizeof **out, 64);
    if (!*out)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "open: no memory");
    (*out)->host = host;
    return VANE_OK;
}

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND_FLAGS("slow", "1.0", "takes its time", 0, 9, VANE_BACKEND_SLOW, &table);
