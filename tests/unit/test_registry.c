/* SPDX-License-Identifier: MIT */
/* test_registry.c - backends of the program's own, their life, and what the core gives them. */
#include "fake_device.h"
#include "plugin_box.h"

/* ---- vane_register ------------------------------------------------------------- */

START_TEST(the_life_of_a_registered_device)
{
    vane_device_info info = {.struct_size = sizeof info};
    const char *name = NULL;
    vane_context *ctx = open_at(NULL);
    ck_assert_msg(vane_register(ctx, &fake_entry) == VANE_OK, "%s", vane_last_error()->message);
    ck_assert_str_eq(diary, "open device_open queue_open ");
    expect_line(ctx, "(program)", VANE_OK, "loaded, 1 device");
    ck_assert_int_eq(vane_device_at(ctx, 0, &info, &name), VANE_OK);
    ck_assert_str_eq(name, "fake");
    ck_assert_uint_eq(strlen(info.name), sizeof info.name - 1);
    ck_assert_uint_eq(info.struct_size, sizeof info);
    ck_assert_int_eq(vane_device_at(ctx, 1, &info, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_device_at(ctx, UINT32_MAX, &info, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_device_at(ctx, 0, NULL, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_register(ctx, &fake_entry), VANE_E_ARGUMENT); /* a duplicate */
    diary[0] = '\0';
    vane_close(ctx);
    ck_assert_str_eq(diary, "queue_sync queue_close device_close close ");
}
END_TEST

START_TEST(a_queue_that_fails_takes_its_device_along)
{
    vane_context *ctx = open_at(NULL);
    vane_report_line line;
    queue_status = VANE_E_NOMEM;
    ck_assert_int_eq(vane_register(ctx, &fake_entry), VANE_OK);
    ck_assert_str_eq(diary, "open device_open queue_open device_close ");
    ck_assert_int_eq(vane_report_at(ctx, 0, &line), VANE_OK);
    ck_assert_int_eq(line.status, VANE_E_NOMEM);
    ck_assert_str_eq(line.reason, "device 0 left out: queue_open failed: out of memory");
    ck_assert_uint_eq(vane_device_count(ctx), 0);
    vane_close(ctx);
    ck_assert_str_eq(diary, "open device_open queue_open device_close close ");
}
END_TEST

START_TEST(a_queue_that_is_none)
{
    vane_context *ctx = open_at(NULL);
    vane_report_line line;
    queue_forgotten = 1;
    ck_assert_int_eq(vane_register(ctx, &fake_entry), VANE_OK);
    ck_assert_int_eq(vane_report_at(ctx, 0, &line), VANE_OK);
    ck_assert_int_eq(line.status, VANE_E_INTERNAL);
    ck_assert_ptr_nonnull(strstr(line.reason, "queue_open returned VANE_OK but set nothing"));
    vane_close(ctx);
    ck_assert_str_eq(diary, "open device_open queue_open device_close close ");
}
END_TEST

START_TEST(four_billion_devices)
{
    vane_context *ctx = open_at(NULL);
    fake_devices = UINT32_MAX;
    ck_assert_int_eq(vane_register(ctx, &fake_entry), VANE_E_INTERNAL);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "4294967295 devices"));
    ck_assert_str_eq(diary, "open close ");
    vane_close(ctx);
}
END_TEST

START_TEST(bad_registrations)
{
    static const char *const names[] = {NULL, "", "Upper", "sixteen-letters-", "program"};
    vane_context *ctx = open_at(NULL);
    ck_assert_int_eq(vane_register(ctx, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_register(NULL, &fake_entry), VANE_E_ARGUMENT);
    vane_backend_entry e = fake_entry;
    e.magic = 0;
    ck_assert_int_eq(vane_register(ctx, &e), VANE_E_ABI);
    e = fake_entry;
    e.struct_size = 8;
    ck_assert_int_eq(vane_register(ctx, &e), VANE_E_ABI);
    e = fake_entry;
    e.vt = NULL;
    ck_assert_int_eq(vane_register(ctx, &e), VANE_E_ABI);
    e = fake_entry;
    e.version = NULL;
    ck_assert_int_eq(vane_register(ctx, &e), VANE_E_ABI);
    e = fake_entry;
    e.cpu_required = UINT64_C(1) << 63;
    ck_assert_int_eq(vane_register(ctx, &e), VANE_E_UNSUPPORTED);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        e = fake_entry;
        e.name = names[i];
        ck_assert_int_eq(vane_register(ctx, &e), VANE_E_ABI);
    }
    ck_assert_str_eq(diary, ""); /* nothing was called */
    ck_assert_uint_eq(vane_report_count(ctx), 10);
    vane_close(ctx);
}
END_TEST

START_TEST(each_missing_device_entry_is_named)
{
    vane_backend_vt table = fake_table;
    vane_backend_entry e = fake_entry;
    vane_context *ctx = open_at(NULL);
    e.vt = &table;
    table.event_free = NULL;
    ck_assert_int_eq(vane_register(ctx, &e), VANE_E_ABI);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "no event_free"));
    table = fake_table;
    table.launch = NULL;
    ck_assert_int_eq(vane_register(ctx, &e), VANE_E_ABI);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "no launch"));
    ck_assert_str_eq(diary, "open close open close ");
    vane_close(ctx);
}
END_TEST

START_TEST(there_is_room_for_256)
{
    static vane_backend_entry entries[VANE__MAX_BACKENDS + 1];
    static char names[VANE__MAX_BACKENDS + 1][16];
    vane_context *ctx = open_at(NULL);
    for (int i = 0; i <= VANE__MAX_BACKENDS; i++) {
        snprintf(names[i], sizeof names[i], "fake%d", i);
        entries[i] = fake_entry;
        entries[i].name = names[i];
        ck_assert_int_eq(vane_register(ctx, &entries[i]),
                         i < VANE__MAX_BACKENDS ? VANE_OK : VANE_E_NOMEM);
    }
    ck_assert_uint_eq(vane_device_count(ctx), VANE__MAX_BACKENDS);
    char shown[12];
    vane__registry_names(&ctx->registry, shown, sizeof shown);
    ck_assert_str_eq(shown, "fake0, fake");
    vane_close(ctx);
}
END_TEST

/* ---- what the core gives a plugin ------------------------------------------------ */

START_TEST(holes_answer_in_words)
{
    copy_plugin("old_table.so", AT("old_table.so"));
    vane_context *ctx = open_at(AT("old_table.so"));
    vane__backend *b = vane__registry_find(&ctx->registry, "old_table");
    const vane_backend_vt *vt = &b->vt;
    uint32_t count = 7;
    ck_assert_uint_eq(vt->struct_size, sizeof *vt);
    ck_assert_ptr_null(vt->ops(b->handle, &count));
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(vt->accepts(b->devices[0].handle, NULL, NULL), VANE_OK);
    ck_assert_int_eq(vt->upload(NULL, NULL, 0, NULL, 0, NULL), VANE_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "upload"));
    ck_assert_int_eq(vt->telemetry(b->devices[0].handle, NULL), VANE_E_UNSUPPORTED);
    ck_assert_ptr_null(vt->mem_host_ptr(NULL));
    ck_assert_ptr_null(vt->extension(b->handle, "x"));
    vt->mem_free(NULL, NULL);
    vt->event_free(NULL);
    vane_close(ctx);
}
END_TEST

static void add_range(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    ck_assert_uint_lt(worker, 2);
    ck_assert_uint_lt(lo, hi);
    for (uint64_t i = lo; i < hi; i++)
        atomic_fetch_add((_Atomic uint64_t *)arg, i + 1);
}

START_TEST(the_host)
{
    _Atomic uint64_t sum = 0;
    setenv("VANE_FAKE_SPEED", "9", 1);
    setenv("XDG_CACHE_HOME", AT("cache"), 1);
    unsetenv("VANE_CACHE");
    vane_context *ctx = open_at(NULL);
    ck_assert_int_eq(vane_register(ctx, &fake_entry), VANE_OK);
    const vane_host *h = the_backend.host;
    ck_assert_uint_eq(h->struct_size, sizeof *h);
    ck_assert_uint_eq(h->cpu_features, ctx->cpu_features);
    ck_assert_uint_ge(h->threads, 1);
    ck_assert_str_eq(h->option(h->ctx, "speed"), "9");
    ck_assert_ptr_null(h->option(h->ctx, "colour"));
    ck_assert_str_eq(h->option(h->ctx, "cache_dir"), AT("cache/vane"));
    ck_assert_int_eq((h->fail)(h->ctx, VANE_E_TIMEOUT, 42, "late by %d", 3), VANE_E_TIMEOUT);
    ck_assert_str_eq(vane_last_error()->message, "late by 3");
    ck_assert_str_eq(vane_last_error()->backend, "fake");
    ck_assert_int_eq(vane_last_error()->native_code, 42);
    void *p = h->alloc(h->ctx, 100, 256);
    ck_assert_uint_eq((uintptr_t)p % 256, 0);
    h->free(h->ctx, p);
    uint64_t then = h->now_ns(h->ctx);
    ck_assert_uint_le(then, h->now_ns(h->ctx));
    vane_call call = {.struct_size = sizeof call, .host = h};
    for (uint32_t width = 0; width <= 2; width++) {
        sum = 0;
        call.width = width;
        h->parallel(&call, add_range, &sum, 1000, 7);
        ck_assert_uint_eq(sum, 500500);
        h->parallel(&call, add_range, &sum, 10, 0); /* a grain of nothing is one */
        ck_assert_uint_eq(sum, 500555);
        h->parallel(&call, add_range, &sum, 0, 1);
        ck_assert_uint_eq(sum, 500555);
    }
    vane_close(ctx);
}
END_TEST

static char logged[512];

static void remember(void *arg, int level, const char *line)
{
    (void)arg;
    (void)level;
    snprintf(logged, sizeof logged, "%s", line);
}

START_TEST(log_lines_carry_the_name)
{
    vane_context *ctx = open_at(NULL);
    ctx->settings.log.write = remember;
    ctx->settings.log.level = VANE_LOG_INFO;
    ck_assert_int_eq(vane_register(ctx, &fake_entry), VANE_OK);
    const vane_host *h = the_backend.host;
    h->log(h->ctx, VANE_LOG_INFO, "%d things", 3);
    ck_assert_ptr_nonnull(strstr(logged, "fake: 3 things"));
    h->log(h->ctx, VANE_LOG_DEBUG, "below the level");
    ck_assert_ptr_nonnull(strstr(logged, "fake: 3 things"));
    vane_close(ctx);
}
END_TEST

START_TEST(report_lines_stay)
{
    vane_context *ctx = open_at("/nowhere");
    vane_report_line first, later;
    ck_assert_int_eq(vane_report_at(ctx, 0, &first), VANE_OK);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(vane_load(ctx, "/nowhere/x.so"), VANE_E_NOT_FOUND);
    ck_assert_uint_eq(vane_report_count(ctx), 101);
    ck_assert_int_eq(vane_report_at(ctx, 0, &later), VANE_OK);
    ck_assert_ptr_eq(first.path, later.path);
    ck_assert_str_eq(first.path, "/nowhere");
    ck_assert_int_eq(vane_report_at(ctx, 101, &later), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_report_at(ctx, 0, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_report_at(NULL, 0, &later), VANE_E_ARGUMENT);
    ck_assert_uint_eq(vane_report_count(NULL), 0);
    ck_assert_uint_eq(vane_device_count(NULL), 0);
    vane_close(ctx);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *t;
    Suite *s = box_suite("registry", &t);
    tcase_add_test(t, the_life_of_a_registered_device);
    tcase_add_test(t, a_queue_that_fails_takes_its_device_along);
    tcase_add_test(t, a_queue_that_is_none);
    tcase_add_test(t, four_billion_devices);
    tcase_add_test(t, bad_registrations);
    tcase_add_test(t, each_missing_device_entry_is_named);
    tcase_add_test(t, there_is_room_for_256);
    tcase_add_test(t, holes_answer_in_words);
    tcase_add_test(t, the_host);
    tcase_add_test(t, log_lines_carry_the_name);
    tcase_add_test(t, report_lines_stay);
    return box_main(s, argc, argv);
}
