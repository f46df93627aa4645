/* SPDX-License-Identifier: MIT */
/* entry.c - accelerators that a text describes: right results, in the time that the described
 * machine would take. Without a text there are none.
 *
 * Where to look: spec.h (what can be described), parse.c and keys.c (the text), cost.c and
 * timeline.c (time), launch.c (results).
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

vane_status sim_fail(vane_backend *b, vane_status status, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return b->host->fail(b->host->ctx, status, 0, "%s", text);
}

static vane_status configure(vane_backend *b)
{
    const vane_host *host = b->host;
    const char *text = host->option(host->ctx, "devices");
    const char *clock = host->option(host->ctx, "clock");
    int is_virtual = clock && strcmp(clock, "virtual") == 0;
    char why[320];
    if (clock && !is_virtual && strcmp(clock, "real") != 0)
        return sim_fail(b, VANE_E_ARGUMENT, "sim.clock is '%.32s', expected real or virtual",
                        clock);
    if (text && !sim_parse(text, b->spec, &b->count, why, sizeof why))
        return sim_fail(b, VANE_E_ARGUMENT, "%s", why);
    sim_clock_open(b, is_virtual);
    return VANE_OK;
}

static vane_status open_backend(const vane_host *host, vane_backend **out)
{
    vane_backend *b = host->alloc(host->ctx, sizeof *b, 64);
    if (!b)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for the backend");
    memset(b, 0, sizeof *b);
    b->host = host;
    vane_status st = configure(b);
    if (st == VANE_OK && pthread_mutex_init(&b->lock, NULL) != 0)
        st = sim_fail(b, VANE_E_NOMEM, "no memory for a lock");
    if (st == VANE_OK)
        *out = b;
    else
        host->free(host->ctx, b);
    return st;
}

static void close_backend(vane_backend *b)
{
    pthread_mutex_destroy(&b->lock);
    b->host->free(b->host->ctx, b);
}

static vane_status device_count(vane_backend *b, uint32_t *out)
{
    *out = b->count;
    return VANE_OK;
}

static const void *extension(vane_backend *b, const char *id)
{
    return b->is_virtual && strcmp(id, VANE_CLOCK) == 0 ? &b->clock : NULL;
}

static const vane_backend_vt table = {
    .struct_size = sizeof(vane_backend_vt),
    .open = open_backend,
    .close = close_backend,
    .device_count = device_count,
    .device_info = sim_device_info,
    .device_open = sim_device_open,
    .device_close = sim_device_close,
    .kernel = sim_kernel_of,
    .mem_alloc = sim_mem_alloc,
    .mem_free = sim_mem_free,
    .mem_host_ptr = sim_mem_host_ptr,
    .queue_open = sim_queue_open,
    .queue_close = sim_queue_close,
    .queue_sync = sim_queue_sync,
    .queue_wait = sim_queue_wait,
    .upload = sim_upload,
    .download = sim_download,
    .copy = sim_copy,
    .launch = sim_launch,
    .event_wait = sim_event_wait,
    .event_time = sim_event_time,
    .event_free = sim_event_free,
    .telemetry = sim_telemetry,
    .extension = extension,
};

VANE_BACKEND("sim", VANE_VERSION, "accelerators that a text describes; none without one", 0, 0,
             &table);
