/* SPDX-License-Identifier: MIT */
/* half_devices.c - two devices, of which the first does not open. */
#define PLUGIN_DEVICES 2u
#define PLUGIN_DEVICE_OPEN open_second
#include "minimal.h"

static vane_status open_second(vane_backend *b, uint32_t i, vane_device **out)
{
    if (i == 0)
        return b->host->fail(b->host->ctx, VANE_E_DEVICE_LOST, 42, "device 0 is on fire");
    *out = calloc(1, sizeof **out);
    return *out ? VANE_OK : b->host->fail(b->host->ctx, VANE_E_NOMEM, 0, "no memory");
}

static const vane_backend_vt table = {.struct_size = sizeof table, TABLE_ENTRIES};
VANE_BACKEND("half_devices", "1.0", "opens one of two", 0, 0, &table);
