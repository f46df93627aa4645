/* SPDX-License-Identifier: MIT */
/* fake_device.h - a backend with one device of its own memory that computes nothing and keeps
 * a diary of what the core asked of it.
 */
#ifndef FAKE_DEVICE_H
#define FAKE_DEVICE_H

#include <check.h>
#include <string.h>

#include "vane/backend.h"

struct vane_backend {
    const vane_host *host;
};
struct vane_device {
    int opened;
};
struct vane_queue {
    int opened;
};

static char diary[512];
static uint32_t fake_devices = 1;
static vane_status queue_status = VANE_OK; /* of queue_open */
static int queue_forgotten;                /* queue_open says VANE_OK and sets nothing */
static struct vane_backend the_backend;
static struct vane_device the_device;
static struct vane_queue the_queue;

static void note_down(const char *what)
{
    strncat(diary, what, sizeof diary - strlen(diary) - 1);
    strncat(diary, " ", sizeof diary - strlen(diary) - 1);
}
static vane_status fake_open(const vane_host *host, vane_backend **out)
{
    note_down("open");
    the_backend.host = host;
    *out = &the_backend;
    return VANE_OK;
}
static void fake_close(vane_backend *b)
{
    ck_assert_ptr_eq(b, &the_backend);
    note_down("close");
}
static vane_status fake_device_count(vane_backend *b, uint32_t *out)
{
    (void)b;
    *out = fake_devices;
    return VANE_OK;
}
static vane_status fake_device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    (void)b;
    (void)i;
    ck_assert_int_eq(out->numa_node, -1);
    ck_assert_uint_eq(out->struct_size, sizeof *out);
    memset(out->name, 'x', sizeof out->name); /* no terminator: the core's to mend */
    out->struct_size = 1;
    return VANE_OK;
}
static vane_status fake_device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    (void)b;
    (void)i;
    note_down("device_open");
    *out = &the_device;
    return VANE_OK;
}
static void fake_device_close(vane_device *d)
{
    ck_assert_ptr_eq(d, &the_device);
    note_down("device_close");
}
static const vane_kernel *fake_kernel(vane_device *d, uint32_t op, const char *name, uint32_t t)
{
    (void)d;
    (void)op;
    (void)name;
    (void)t;
    return NULL;
}
static vane_status fake_queue_open(vane_device *d, vane_queue **out)
{
    (void)d;
    note_down("queue_open");
    if (queue_status == VANE_OK && !queue_forgotten)
        *out = &the_queue;
    return queue_status; /* and not a word to host->fail */
}
static void fake_queue_close(vane_queue *q)
{
    ck_assert_ptr_eq(q, &the_queue);
    note_down("queue_close");
}
static vane_status fake_queue_sync(vane_queue *q)
{
    ck_assert_ptr_eq(q, &the_queue);
    note_down("queue_sync");
    return VANE_OK;
}
static vane_status fake_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out)
{
    (void)d;
    (void)space;
    (void)bytes;
    (void)out;
    return VANE_E_NOMEM;
}
static void fake_mem_free(vane_device *d, vane_mem *m)
{
    (void)d;
    (void)m;
}
static vane_status fake_upload(vane_queue *q, vane_mem *m, uint64_t offset, const void *src,
                               uint64_t bytes, vane_event **out)
{
    (void)q;
    (void)m;
    (void)offset;
    (void)src;
    (void)bytes;
    (void)out;
    return VANE_E_INTERNAL;
}
static vane_status fake_download(vane_queue *q, void *dst, vane_mem *m, uint64_t offset,
                                 uint64_t bytes, vane_event **out)
{
    (void)dst;
    return fake_upload(q, m, offset, NULL, bytes, out);
}
static vane_status fake_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                               vane_event **out)
{
    (void)q;
    (void)k;
    (void)call;
    (void)out;
    return VANE_E_INTERNAL;
}
static vane_status fake_event_wait(vane_event *e, uint64_t timeout_ns)
{
    (void)e;
    (void)timeout_ns;
    return VANE_OK;
}
static void fake_event_free(vane_event *e)
{
    (void)e;
}

static const vane_backend_vt fake_table = {.struct_size = sizeof fake_table,
                                           .open = fake_open,
                                           .close = fake_close,
                                           .device_count = fake_device_count,
                                           .device_info = fake_device_info,
                                           .device_open = fake_device_open,
                                           .device_close = fake_device_close,
                                           .kernel = fake_kernel,
                                           .mem_alloc = fake_mem_alloc,
                                           .mem_free = fake_mem_free,
                                           .queue_open = fake_queue_open,
                                           .queue_close = fake_queue_close,
                                           .queue_sync = fake_queue_sync,
                                           .upload = fake_upload,
                                           .download = fake_download,
                                           .launch = fake_launch,
                                           .event_wait = fake_event_wait,
                                           .event_free = fake_event_free};
static const vane_backend_entry fake_entry = {.magic = VANE_BACKEND_MAGIC,
                                              .struct_size = sizeof fake_entry,
                                              .sanitizer = VANE_SANITIZER,
                                              .name = "fake",
                                              .version = "3",
                                              .about = "a diary",
                                              .vt = &fake_table};

#endif
