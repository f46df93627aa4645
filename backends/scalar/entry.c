/* SPDX-License-Identifier: MIT */
/* entry.c - the scalar backend, the oracle: naive, total, and without a line in common
 * with what it judges. Other backends are right when they agree with this one.
 *
 * Where to look: load.h (elements), arith.h and convert.h (the corners), walk.h (strides),
 * elementwise.h (the loops), one file per family of ops, table.c (all of them).
 */
#include "backend.h"

static vane_status open_backend(const vane_host *host, vane_backend **out)
{
    vane_backend *b = host->alloc(host->ctx, sizeof *b, 64);
    if (!b)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "scalar: %zu bytes for the backend",
                          sizeof *b);
    *b = (vane_backend){.host = host, .cpu = {.host = host}};
    *out = b;
    return VANE_OK;
}

static void close_backend(vane_backend *b)
{
    b->host->free(b->host->ctx, b);
}

static const vane_backend_vt table = {
    .struct_size = sizeof(vane_backend_vt),
    .open = open_backend,
    .close = close_backend,
    .device_count = scalar_device_count,
    .device_info = scalar_device_info,
    .device_open = scalar_device_open,
    .device_close = scalar_device_close,
    .kernel = scalar_kernel,
};

VANE_BACKEND("scalar", VANE_VERSION, "the oracle: naive C on one thread", 0, 1, &table);
