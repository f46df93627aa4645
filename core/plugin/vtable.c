/* SPDX-License-Identifier: MIT */
/* vtable.c - brings a plugin's table to full size, so that no call site tests for NULL.
 *
 * A table of any age is copied as far as both sides know it; what is missing or NULL gets
 * a stub that says VANE_E_UNSUPPORTED in words, or does nothing. Entries without which
 * there is no backend are refused; those that only a device with memory of its own needs
 * are asked for when such a device turns up (vane__vtable_missing).
 */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "plugin/loader.h"
#include "plugin/registry.h"

#pragma GCC diagnostic ignored "-Wunused-parameter" /* a stub uses none */

static vane_status hole(const char *entry)
{
    return vane__fail(VANE_E_UNSUPPORTED, "this backend has no %s", entry);
}

static const vane_op_desc *no_ops(vane_backend *b, uint32_t *count)
{
    if (count)
        *count = 0;
    return NULL;
}
static vane_status no_accepts(vane_device *d, const vane_kernel *k, const vane_call *call)
{
    return VANE_OK;
}
static vane_status no_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out)
{
    return hole("mem_alloc");
}
static vane_status no_mem_import(vane_device *d, void *host, uint64_t bytes, vane_mem **out)
{
    return hole("mem_import");
}
static void no_mem_free(vane_device *d, vane_mem *m)
{
}
static void *no_mem_host_ptr(vane_mem *m)
{
    return NULL;
}
static vane_status no_mem_map(vane_queue *q, vane_mem *m, uint64_t offset, uint64_t bytes,
                              uint32_t intent, void **out)
{
    return hole("mem_map");
}
static vane_status no_mem_unmap(vane_queue *q, vane_mem *m, void *p, vane_event **out)
{
    return hole("mem_unmap");
}
static vane_status no_queue_open(vane_device *d, vane_queue **out)
{
    return hole("queue_open");
}
static vane_status no_queue_open_untimed(vane_device *d, vane_queue **out)
{
    return hole("queue_open_untimed");
}
static void no_queue_close(vane_queue *q)
{
}
static vane_status no_queue_sync(vane_queue *q)
{
    return hole("queue_sync");
}
static vane_status no_queue_wait(vane_queue *q, vane_event *e)
{
    return hole("queue_wait");
}
static vane_status no_queue_mark(vane_queue *q, vane_event **out)
{
    return hole("queue_mark");
}
static vane_status no_queue_callback(vane_queue *q, void (*fn)(void *arg), void *arg)
{
    return hole("queue_callback");
}
static vane_status no_upload(vane_queue *q, vane_mem *dst, uint64_t offset, const void *src,
                             uint64_t bytes, vane_event **out)
{
    return hole("upload");
}
static vane_status no_download(vane_queue *q, void *dst, vane_mem *src, uint64_t offset,
                               uint64_t bytes, vane_event **out)
{
    return hole("download");
}
static vane_status no_copy(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                           uint64_t src_offset, uint64_t bytes, vane_event **out)
{
    return hole("copy");
}
static vane_status no_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                             vane_event **out)
{
    return hole("launch");
}
static vane_status no_event_wait(vane_event *e, uint64_t timeout_ns)
{
    return hole("event_wait");
}
static vane_status no_event_time(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns)
{
    return hole("event_time");
}
static void no_event_free(vane_event *e)
{
}
static vane_status no_telemetry(vane_device *d, vane_telemetry *out)
{
    return hole("telemetry");
}
static const void *no_extension(vane_backend *b, const char *id)
{
    return NULL;
}

/* Every entry of the table: without a REQUIRED one there is no backend, without a DEVICE
 * one no device with memory of its own; an OPTIONAL one may be missing. */
/* clang-format off */
#define REQUIRED_MAP(X)                                                                            \
    X(open) X(close) X(device_count) X(device_info) X(device_open) X(device_close) X(kernel)
#define DEVICE_MAP(X)                                                                              \
    X(mem_alloc) X(mem_free) X(queue_open) X(queue_close) X(queue_sync) X(upload) X(download)      \
    X(launch) X(event_wait) X(event_free)
#define OPTIONAL_MAP(X)                                                                            \
    X(ops) X(accepts) X(mem_import) X(mem_host_ptr) X(mem_map) X(mem_unmap) X(queue_wait)          \
    X(queue_mark) X(queue_callback) X(copy) X(event_time) X(telemetry) X(extension)                \
    X(queue_open_untimed)
/* clang-format on */

#define COUNT(entry) +1
#define FIRST offsetof(vane_backend_vt, open)
#define ENTRY_BYTES sizeof(void (*)(void))
_Static_assert(sizeof(vane_backend_vt) ==
                   FIRST +
                       ENTRY_BYTES * (0 REQUIRED_MAP(COUNT) DEVICE_MAP(COUNT) OPTIONAL_MAP(COUNT)),
               "a new entry of the table needs its row here");

static const char *required_missing(const vane_backend_vt *vt)
{
#define CHECK(entry) \
    if (!vt->entry)  \
        return #entry;
    REQUIRED_MAP(CHECK)
#undef CHECK
    return NULL;
}

static void fill_holes(vane_backend_vt *vt)
{
#define FILL(entry) \
    if (!vt->entry) \
        vt->entry = no_##entry;
    DEVICE_MAP(FILL)
    OPTIONAL_MAP(FILL)
#undef FILL
}

const char *vane__vtable_missing(const vane_backend_vt *vt)
{
#define CHECK(entry)             \
    if (vt->entry == no_##entry) \
        return #entry;
    DEVICE_MAP(CHECK)
#undef CHECK
    return NULL;
}

int vane__vtable_marks(const vane_backend_vt *vt)
{
    return vt->queue_mark != no_queue_mark;
}

int vane__vtable_untimed(const vane_backend_vt *vt)
{
    return vt->queue_open_untimed != no_queue_open_untimed;
}

/* struct_size is read alone first: only it says how much of the table there is. Half an
 * entry at its end is none. */
vane_status vane__vtable_fill(const vane_backend_vt *from, vane_backend_vt *out, char *why,
                              size_t why_bytes)
{
    uint32_t size = from->struct_size;
    size_t known = size < sizeof *out ? size : sizeof *out;
    *out = (vane_backend_vt){0};
    if (known < offsetof(vane_backend_vt, kernel) + ENTRY_BYTES) {
        snprintf(why, why_bytes, "its table has %u bytes, expected %zu or more", size,
                 offsetof(vane_backend_vt, kernel) + ENTRY_BYTES);
        return VANE_E_ABI;
    }
    memcpy(out, from, known - (known - FIRST) % ENTRY_BYTES);
    out->struct_size = sizeof *out;
    const char *missing = required_missing(out);
    if (missing) {
        snprintf(why, why_bytes, "its table has no %s, which every backend needs", missing);
        return VANE_E_ABI;
    }
    fill_holes(out);
    return VANE_OK;
}
