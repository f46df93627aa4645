/* SPDX-License-Identifier: MIT */
/* fake.c - life, devices, telemetry and the table of the fake device plugin. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

vane_status fake_fail(vane_backend *b, vane_status st, const char *what)
{
    return b->host->fail(b->host->ctx, st, 42, "%s", what);
}

void fake_count(vane_backend *b, int *counter, int change)
{
    pthread_mutex_lock(&b->lock);
    *counter += change;
    pthread_mutex_unlock(&b->lock);
}

static vane_status open_backend(const vane_host *host, vane_backend **out)
{
    vane_backend *b = calloc(1, sizeof *b);
    if (b == NULL)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory");
    b->host = host;
    pthread_mutex_init(&b->lock, NULL);
    *out = b;
    return VANE_OK;
}

static void close_backend(vane_backend *b)
{
    if (b->live_mem || b->live_queues || b->live_events)
        b->host->log(b->host->ctx, VANE_LOG_ERROR, "left behind: %d mem, %d queues, %d events",
                     b->live_mem, b->live_queues, b->live_events);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static vane_status device_count(vane_backend *b, uint32_t *out)
{
    (void)b;
    *out = FAKE_DEVICES;
    return VANE_OK;
}

static vane_status device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    if (i >= FAKE_DEVICES)
        return fake_fail(b, VANE_E_ARGUMENT, "no such device");
    out->kind = VANE_KIND_OTHER;
    out->caps = VANE_CAP_ASYNC | VANE_CAP_EVENT_TIME;
    out->mem_total_bytes = UINT64_C(64) << 20;
    out->mem_align_bytes = 64;
    out->compute_units = 1;
    out->max_queues = 16;
    out->dtypes = 1u << VANE_F32;
    out->link_bytes_per_ns = 10;
    out->link_latency_ns = 20000;
    snprintf(out->name, sizeof out->name, "fake device %u", i);
    snprintf(out->vendor, sizeof out->vendor, "Vane tests");
    snprintf(out->driver, sizeof out->driver, "1.0");
    snprintf(out->id, sizeof out->id, "fake%u", i);
    return VANE_OK;
}

static vane_status device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    vane_device *d = calloc(1, sizeof *d);
    if (d == NULL)
        return fake_fail(b, VANE_E_NOMEM, "no memory");
    d->backend = b;
    d->index = i;
    pthread_mutex_init(&d->lock, NULL);
    *out = d;
    return VANE_OK;
}

static void device_close(vane_device *d)
{
    pthread_mutex_destroy(&d->lock);
    free(d);
}

static vane_status telemetry(vane_device *d, vane_telemetry *out)
{
    pthread_mutex_lock(&d->lock);
    out->queued = d->queued;
    pthread_mutex_unlock(&d->lock);
    out->valid = VANE_TELEMETRY_QUEUED | VANE_TELEMETRY_MEM;
    out->when_ns = d->backend->host->now_ns(d->backend->host->ctx);
    out->mem_free_bytes = (UINT64_C(64) << 20) - d->used;
    return VANE_OK;
}

typedef void (*fake_read_counters)(vane_backend *b, fake_counters *out);

static void read_counters(vane_backend *b, fake_counters *out)
{
    pthread_mutex_lock(&b->lock);
    *out = (fake_counters){sizeof *out, b->live_mem, b->live_queues, b->live_events, 0};
    pthread_mutex_unlock(&b->lock);
}

static const void *extension(vane_backend *b, const char *id)
{
    static const fake_read_counters reader = read_counters;
    (void)b;
    if (strcmp(id, VANE_GRAPHS) == 0)
        return &fake_graphs;
    return strcmp(id, "fake.counters.v1") == 0 ? (const void *)&reader : NULL;
}

static const vane_backend_vt table = {
    .struct_size = sizeof(vane_backend_vt),
    .open = open_backend,
    .close = close_backend,
    .device_count = device_count,
    .device_info = device_info,
    .device_open = device_open,
    .device_close = device_close,
    .kernel = fake_kernel,
    .ops = fake_ops,
    .accepts = fake_accepts,
    .mem_alloc = fake_mem_alloc,
    .mem_import = fake_mem_import,
    .mem_free = fake_mem_free,
    .mem_host_ptr = fake_mem_host_ptr,
    .mem_map = fake_mem_map,
    .mem_unmap = fake_mem_unmap,
    .queue_open = fake_queue_open,
    .queue_close = fake_queue_close,
    .queue_sync = fake_queue_sync,
    .queue_wait = fake_queue_wait,
    .queue_mark = fake_queue_mark,
    .queue_callback = fake_queue_callback,
    .upload = fake_upload,
    .download = fake_download,
    .copy = fake_copy,
    .launch = fake_launch,
    .event_wait = fake_event_wait,
    .event_time = fake_event_time,
    .event_free = fake_event_free,
    .telemetry = telemetry,
    .extension = extension,
};

VANE_BACKEND("fake", "1.0", "an asynchronous device made of host memory", 0, 3, &table);
