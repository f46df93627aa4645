/* SPDX-License-Identifier: MIT */
/* kit.h - the simulated backend by its table alone: a host that answers options, one device, one
 * queue, and calls over its memory. Nothing of the core.
 */
#ifndef SIM_KIT_H
#define SIM_KIT_H

#include <check.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vane/backend.h"
#include "vane/clock.h"

#define SECOND UINT64_C(1000000000)
#define DEVICES 3

typedef struct kit {
    void *file;
    const vane_backend_vt *vt;
    vane_host host;
    const char *devices, *clock_name; /* options */
    vane_status failed;
    char said[512];
    uint32_t warnings, live; /* live: allocations */
    vane_backend *b;
    const vane_clock *clock;
    vane_device *d[DEVICES];
    vane_queue *q[DEVICES];
} kit;

static kit k;

static vane_status kit_fail(void *ctx, vane_status status, int64_t native, const char *fmt, ...)
{
    va_list args;
    (void)ctx;
    (void)native;
    va_start(args, fmt);
    vsnprintf(k.said, sizeof k.said, fmt, args);
    va_end(args);
    return k.failed = status;
}

static void kit_log(void *ctx, int level, const char *fmt, ...)
{
    (void)ctx;
    (void)fmt;
    k.warnings += level == VANE_LOG_WARN;
}

static void *kit_alloc(void *ctx, uint64_t bytes, uint64_t align)
{
    void *p = NULL;
    (void)ctx;
    if (posix_memalign(&p, align < 64 ? 64 : align, bytes ? bytes : 1) != 0)
        return NULL;
    k.live++;
    return p;
}

static void kit_free(void *ctx, void *p)
{
    (void)ctx;
    k.live -= p != NULL;
    free(p);
}

static uint64_t kit_now(void *ctx)
{
    struct timespec t;
    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static const char *kit_option(void *ctx, const char *key)
{
    (void)ctx;
    return strcmp(key, "devices") == 0 ? k.devices
           : strcmp(key, "clock") == 0 ? k.clock_name
                                       : NULL;
}

/* What open said; the devices of a text that is right are opened, each with a queue. */
static inline vane_status kit_open(const char *clock, const char *devices)
{
    k = (kit){.devices = devices, .clock_name = clock};
    k.host = (vane_host){.struct_size = sizeof k.host,
                         .mem_limit_bytes = UINT64_C(1) << 30,
                         .fail = kit_fail,
                         .log = kit_log,
                         .alloc = kit_alloc,
                         .free = kit_free,
                         .now_ns = kit_now,
                         .option = kit_option};
    k.file = dlopen(SIM_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(k.file != NULL, "%s", dlerror());
    const vane_backend_entry *entry = dlsym(k.file, "vane_backend_entry_v1");
    ck_assert_ptr_nonnull(entry);
    k.vt = entry->vt;
    uint32_t count;
    vane_status st = k.vt->open(&k.host, &k.b);
    if (st != VANE_OK)
        return st;
    k.clock = k.vt->extension(k.b, VANE_CLOCK);
    ck_assert_int_eq(k.vt->device_count(k.b, &count), VANE_OK);
    for (uint32_t i = 0; i < count && i < DEVICES; i++) {
        vane_device_info info = {.struct_size = sizeof info};
        ck_assert_int_eq(k.vt->device_info(k.b, i, &info), VANE_OK);
        ck_assert_int_eq(k.vt->device_open(k.b, i, &k.d[i]), VANE_OK);
        if (!(info.caps & VANE_CAP_HOST_MEM))
            ck_assert_int_eq(k.vt->queue_open(k.d[i], &k.q[i]), VANE_OK);
    }
    return st;
}

static inline void kit_close(void)
{
    for (uint32_t i = 0; i < DEVICES; i++) {
        if (k.q[i])
            k.vt->queue_close(k.q[i]);
        if (k.d[i])
            k.vt->device_close(k.d[i]);
    }
    if (k.b)
        k.vt->close(k.b);
    ck_assert_uint_eq(k.live, 0);
    dlclose(k.file);
}

/* ---- one device, one line each ---------------------------------------------------- */

#define GOOD(call) ck_assert_msg((call) == VANE_OK, "%s: %s", #call, k.said)

static inline vane_mem *mem_of(uint32_t device, uint64_t bytes)
{
    vane_mem *m = NULL;
    GOOD(k.vt->mem_alloc(k.d[device], VANE_SPACE_DEVICE, bytes, &m));
    return m;
}

static inline vane_mem *mem_with(uint32_t device, const void *data, uint64_t bytes)
{
    vane_mem *m = mem_of(device, bytes);
    GOOD(k.vt->upload(k.q[device], m, 0, data, bytes, NULL));
    GOOD(k.vt->queue_sync(k.q[device]));
    return m;
}

static inline void mem_read(uint32_t device, vane_mem *m, void *out, uint64_t bytes)
{
    GOOD(k.vt->download(k.q[device], out, m, 0, bytes, NULL));
    GOOD(k.vt->queue_sync(k.q[device]));
}

/* A call over dense operands of one shape: rank 1 of n, or 1 x rows x columns. */
static inline vane_call call_of(uint32_t op, uint32_t n_in)
{
    static const vane_params none;
    return (vane_call){.struct_size = sizeof(vane_call),
                       .op = op,
                       .dtype = VANE_F32,
                       .n_in = n_in,
                       .n_arg = n_in + 1,
                       .width = 1,
                       .params = &none,
                       .host = &k.host};
}

static inline vane_view vector(vane_mem *m, int64_t n)
{
    return (vane_view){.mem = m, .dtype = VANE_F32, .rank = 1, .shape = {n}, .stride = {1}};
}

static inline vane_view matrix(vane_mem *m, int64_t rows, int64_t columns)
{
    return (vane_view){.mem = m,
                       .dtype = VANE_F32,
                       .rank = 3,
                       .shape = {1, rows, columns},
                       .stride = {rows * columns, columns, 1}};
}

static inline vane_call add_of(vane_mem *a, vane_mem *b, vane_mem *out, int64_t n)
{
    vane_call c = call_of(VANE_OP_ADD, 2);
    c.arg[0] = vector(a, n);
    c.arg[1] = vector(b, n);
    c.arg[2] = vector(out, n);
    return c;
}

static inline vane_status launch(uint32_t device, vane_queue *q, const vane_call *call,
                                 vane_event **out)
{
    const vane_kernel *kernel = k.vt->kernel(k.d[device], call->op, "", call->dtype);
    ck_assert_ptr_nonnull(kernel);
    return k.vt->launch(q, kernel, call, out);
}

/* Waits, and frees; begin and end may be NULL. */
static inline vane_status finish(vane_event *e, uint64_t *begin, uint64_t *end)
{
    uint64_t from, to;
    vane_status st = k.vt->event_wait(e, UINT64_MAX);
    GOOD(k.vt->event_time(e, &from, &to));
    if (begin)
        *begin = from;
    if (end)
        *end = to;
    k.vt->event_free(e);
    return st;
}

/* One launch, waited for: how long it took. */
static inline uint64_t took(uint32_t device, const vane_call *call)
{
    vane_event *e = NULL;
    uint64_t begin, end;
    GOOD(launch(device, k.q[device], call, &e));
    GOOD(finish(e, &begin, &end));
    return end - begin;
}

static inline uint64_t now(void)
{
    return k.clock->now_ns(k.clock->self);
}

/* To t after the plugin was opened. */
static inline void go_to(uint64_t t)
{
    ck_assert_uint_le(now(), SECOND + t);
    k.clock->advance(k.clock->self, SECOND + t - now());
}

static inline int run_suite(Suite *s)
{
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}

#endif
