/* SPDX-License-Identifier: MIT */
/* test_loader.c - judging plugin files, loading and unloading them, through the public API. */
#include <dlfcn.h>
#include <link.h>

#include "plugin_box.h"

/* ---- one folder, everything in it ----------------------------------------------- */

static const struct expectation {
    const char *file;
    vane_status status;
    const char *words;
} bag[] = {
    {"bad_agreement.so", VANE_E_ABI, "disagree about the CPU bits"},
    {"bad_cpu.so", VANE_E_UNSUPPORTED, "needs bit-60 bit-63"},
    {"bad_dependency.so", VANE_E_IO, "libvane_not_there.so.9"},
    {"bad_device_table.so", VANE_E_ABI, "no mem_alloc"},
    {"bad_entry_size.so", VANE_E_ABI, "entry has 16 bytes"},
    {"bad_magic.so", VANE_E_ABI, "magic in the entry: 0xdeadbeef"},
    {"bad_major.so", VANE_E_ABI, "plugin ABI 2"},
    {"bad_name.so", VANE_E_ABI, "disagree about the name"},
    {"bad_note_magic.so", VANE_E_ABI, "magic in the note: 0xdeadbeef"},
    {"bad_open.so", VANE_E_BUSY, "the driver is asleep"},
    {"bad_sanitizer.so", VANE_E_ABI, "Sanitizer"},
    {"bad_table_hole.so", VANE_E_ABI, "no device_count"},
    {"bad_table_size.so", VANE_E_ABI, "table has"},
    {"brings_op.so", VANE_OK, "loaded, 1 device"},
    {"duplicate.so", VANE_OK, "loaded, 1 device"},
    {"libabsent.so", VANE_E_FORMAT, "no Vane note"},
    {"minimal.so", VANE_E_ARGUMENT, "duplicate name: \"minimal\""},
    {"no_devices.so", VANE_OK, "loaded, no devices"},
    {"no_note.so", VANE_E_FORMAT, "no Vane note"},
    {"no_symbol.so", VANE_E_ABI, "does not export vane_backend_entry_v1"},
    {"old_table.so", VANE_OK, "loaded, 1 device"},
    /* made by the test */
    {"cut.so", VANE_E_FORMAT, "truncated"},
    {"empty.so", VANE_E_FORMAT, "empty"},
    {"folder.so", VANE_E_FORMAT, "not a regular file"},
    {"gone.so", VANE_E_NOT_FOUND, "No such file"},
    {"sparc.so", VANE_E_ABI, "another machine"},
    {"text.so", VANE_E_FORMAT, "not an ELF file"},
    {"unsafe.so", VANE_E_PERMISSION, "written by anybody"},
};
enum { BAG = sizeof bag / sizeof bag[0] };

static void fill_bag(void)
{
    size_t bytes;
    make_folder("bag");
    for (int i = 0; i < BAG && strcmp(bag[i].file, "cut.so") != 0; i++) {
        char to[64];
        snprintf(to, sizeof to, "bag/%s", bag[i].file);
        copy_plugin(bag[i].file, AT(to));
    }
    copy_plugin("half_devices.so", AT("bag/half_devices.so"));
    char *data = read_plugin("minimal.so", &bytes);
    write_file(AT("bag/cut.so"), data, bytes - 1);
    ((ElfW(Ehdr) *)(void *)data)->e_machine = EM_SPARC;
    write_file(AT("bag/sparc.so"), data, bytes);
    free(data);
    write_file(AT("bag/empty.so"), "", 0);
    write_file(AT("bag/text.so"), "hello", 5);
    write_file(AT("bag/readme.txt"), "hello", 5);
    copy_plugin("minimal.so", AT("bag/.hidden.so"));
    copy_plugin("minimal.so", AT("bag/unsafe.so"));
    ck_assert_int_eq(chmod(AT("bag/unsafe.so"), 0666), 0);
    make_folder("bag/folder.so");
    ck_assert_int_eq(symlink("nowhere", AT("bag/gone.so")), 0);
}

START_TEST(one_bad_plugin_hides_no_other)
{
    fill_bag();
    vane_context *ctx = open_at(AT("bag"));
    for (int i = 0; i < BAG; i++)
        expect_line(ctx, bag[i].file, bag[i].status, bag[i].words);
    /* the folder's line, one a file, two for the one that lost a device; no .txt, no .hidden */
    ck_assert_uint_eq(vane_report_count(ctx), 1 + BAG + 2);
    ck_assert_int_eq(vane_last_error()->status, VANE_OK);
    ck_assert_uint_eq(ctx->registry.count, 5);
    ck_assert_uint_eq(vane_device_count(ctx), 4);
    vane_op_info op;
    ck_assert_int_eq(vane_op_find(ctx, "test.twice", &op), VANE_OK);
    vane_close(ctx);
}
END_TEST

START_TEST(nothing_refused_by_its_note_was_mapped)
{
    static const char *const traces[] = {"TEST_BAD_CPU_MAPPED",       "TEST_BAD_NOTE_MAPPED",
                                         "TEST_BAD_MAJOR_MAPPED",     "TEST_NO_NOTE_MAPPED",
                                         "TEST_BAD_SANITIZER_MAPPED", "TEST_MINIMAL_MAPPED",
                                         "TEST_OLD_TABLE_OVERREAD"};
    fill_bag();
    vane_close(open_at(AT("bag")));
    for (size_t i = 0; i < sizeof traces / sizeof traces[0]; i++)
        ck_assert_msg(getenv(traces[i]) == NULL, "%s", traces[i]);
    vane_close(open_at(AT("bag/.hidden.so"))); /* and the traces do work */
    ck_assert_ptr_nonnull(getenv("TEST_MINIMAL_MAPPED"));
}
END_TEST

START_TEST(a_device_that_fails_is_left_out)
{
    copy_plugin("half_devices.so", AT("half_devices.so"));
    vane_context *ctx = open_at(AT("half_devices.so"));
    vane_report_line line;
    ck_assert_uint_eq(vane_report_count(ctx), 2);
    ck_assert_int_eq(vane_report_at(ctx, 0, &line), VANE_OK);
    ck_assert_int_eq(line.status, VANE_E_DEVICE_LOST);
    ck_assert_str_eq(line.reason, "device 0 left out: device_open failed: device 0 is on fire");
    ck_assert_int_eq(vane_report_at(ctx, 1, &line), VANE_OK);
    ck_assert_str_eq(line.reason, "loaded, 1 device (1 left out)");
    ck_assert_str_eq(line.backend, "half_devices");
    ck_assert_str_eq(line.version, "1.0");
    ck_assert_uint_eq(vane_device_count(ctx), 1);
    ck_assert_uint_eq(vane__registry_find(&ctx->registry, "half_devices")->devices[0].index, 1);
    vane_close(ctx);
}
END_TEST

/* ---- wishes -------------------------------------------------------------------- */

START_TEST(excluded_is_never_opened)
{
    make_folder("d");
    copy_plugin("minimal.so", AT("d/minimal.so"));
    copy_plugin("old_table.so", AT("d/old_table.so"));
    setenv("VANE_EXCLUDE", "other,mini*", 1);
    vane_context *ctx = open_at(AT("d"));
    expect_line(ctx, "minimal.so", VANE_E_PERMISSION, "excluded");
    ck_assert_str_eq(line_of(ctx, "minimal.so").backend, "minimal");
    expect_line(ctx, "old_table.so", VANE_OK, "loaded");
    ck_assert_ptr_null(getenv("TEST_MINIMAL_MAPPED"));
    vane_close(ctx);
}
END_TEST

START_TEST(only_the_required_one_is_opened)
{
    make_folder("d");
    copy_plugin("minimal.so", AT("d/minimal.so"));
    copy_plugin("old_table.so", AT("d/old_table.so"));
    setenv("VANE_BACKEND", "old_table", 1);
    vane_context *ctx = open_at(AT("d"));
    expect_line(ctx, "minimal.so", VANE_E_PERMISSION, "not required (VANE_BACKEND=old_table)");
    expect_line(ctx, "old_table.so", VANE_OK, "loaded");
    ck_assert_ptr_null(getenv("TEST_MINIMAL_MAPPED"));
    vane_close(ctx);
}
END_TEST

START_TEST(a_mask_keeps_it_unmapped)
{
    copy_plugin("needs_cpu.so", AT("needs_cpu.so"));
    setenv("VANE_CPU_MASK", "none", 1);
    vane_context *ctx = open_at(AT("needs_cpu.so"));
    expect_line(ctx, "needs_cpu.so", VANE_E_UNSUPPORTED, "needs");
    ck_assert_ptr_null(getenv("TEST_NEEDS_CPU_MAPPED"));
    uint64_t masked = ctx->cpu_features_masked;
    vane_close(ctx);
    unsetenv("VANE_CPU_MASK");
    if (!(masked & (VANE_CPU(SSE42) | VANE_CPU(FP16))))
        return; /* this CPU has no more than the least */
    ctx = open_at(AT("needs_cpu.so"));
    expect_line(ctx, "needs_cpu.so", VANE_OK, "loaded");
    ck_assert_ptr_nonnull(getenv("TEST_NEEDS_CPU_MAPPED"));
    vane_close(ctx);
}
END_TEST

/* ---- vane_load ----------------------------------------------------------------- */

START_TEST(load_on_demand)
{
    vane_context *ctx = open_at(NULL);
    copy_plugin("minimal.so", AT("minimal.so"));
    copy_plugin("bad_open.so", AT("bad_open.so"));
    ck_assert_int_eq(vane_load(ctx, NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_load(ctx, ""), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_load(NULL, "x"), VANE_E_ARGUMENT);
    ck_assert_uint_eq(vane_report_count(ctx), 0);
    ck_assert_int_eq(vane_load(ctx, AT("none.so")), VANE_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "none.so"));
    ck_assert_int_eq(vane_load(ctx, AT("bad_open.so")), VANE_E_BUSY);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "the driver is asleep"));
    ck_assert_int_eq(vane_load(ctx, "minimal.so"), VANE_OK); /* here a program says so */
    ck_assert_int_eq(vane_load(ctx, AT("minimal.so")), VANE_E_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "duplicate"));
    expect_source(ctx, 0, "vane_load");
    ck_assert_uint_eq(vane_report_count(ctx), 4);
    ck_assert_uint_eq(vane_device_count(ctx), 1);
    vane_close(ctx);
}
END_TEST

START_TEST(a_loaded_plugin_computes)
{
    float a[] = {1, 2, 3}, b[] = {10, 20, 30}, c[] = {0, 0, 0};
    int64_t shape[] = {3};
    vane_tensor ta = vane_tensor_of(a, VANE_F32, 1, shape), tb = ta, tc = ta;
    tb.data = b;
    tc.data = c;
    vane_context *ctx = open_at(NULL);
    copy_plugin("minimal.so", AT("minimal.so"));
    ck_assert_int_ne(vane_add(ctx, &ta, &tb, &tc), VANE_OK);
    ck_assert_int_eq(vane_load(ctx, AT("minimal.so")), VANE_OK);
    ck_assert_msg(vane_add(ctx, &ta, &tb, &tc) == VANE_OK, "%s", vane_last_error()->message);
    ck_assert(c[0] == 11 && c[1] == 22 && c[2] == 33);
    vane_close(ctx);
}
END_TEST

START_TEST(a_registered_entry_computes)
{
    float a[] = {1, 2}, b[] = {10, 20}, c[] = {0, 0};
    int64_t shape[] = {2};
    vane_tensor ta = vane_tensor_of(a, VANE_F32, 1, shape), tb = ta, tc = ta;
    tb.data = b;
    tc.data = c;
    copy_plugin("minimal.so", AT("minimal.so"));
    void *dl = dlopen(AT("minimal.so"), RTLD_NOW | RTLD_LOCAL);
    ck_assert_ptr_nonnull(dl);
    vane_context *ctx = open_at(NULL);
    ck_assert_int_ne(vane_add(ctx, &ta, &tb, &tc), VANE_OK); /* routes are made, without it */
    ck_assert_int_eq(vane_register(ctx, dlsym(dl, "vane_backend_entry_v1")), VANE_OK);
    ck_assert_msg(vane_add(ctx, &ta, &tb, &tc) == VANE_OK, "%s", vane_last_error()->message);
    ck_assert(c[0] == 11 && c[1] == 22);
    vane_close(ctx);
    dlclose(dl);
}
END_TEST

static void *load_minimal(void *arg)
{
    vane_status status = vane_load(arg, "minimal.so");
    return status == VANE_OK ? arg : NULL;
}

START_TEST(many_threads_load_one_name_once)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    int wins = 0;
    copy_plugin("minimal.so", AT("minimal.so"));
    vane_context *ctx = open_at(NULL);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, load_minimal, ctx), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        wins += result != NULL;
    }
    ck_assert_int_eq(wins, 1);
    ck_assert_uint_eq(ctx->registry.count, 1);
    ck_assert_uint_eq(vane_report_count(ctx), THREADS);
    vane_close(ctx);
}
END_TEST

static int is_mapped(const char *path)
{
    void *dl = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (dl)
        dlclose(dl);
    return dl != NULL;
}

START_TEST(unloaded_only_on_request)
{
    copy_plugin("minimal.so", AT("minimal.so"));
    setenv("VANE_UNLOAD", "1", 1);
    for (int i = 0; i < 20; i++) {
        vane_context *ctx = open_at(AT("minimal.so"));
        ck_assert_int_eq(is_mapped(AT("minimal.so")), 1);
        vane_close(ctx);
        ck_assert_int_eq(is_mapped(AT("minimal.so")), 0);
    }
    unsetenv("VANE_UNLOAD");
    vane_close(open_at(AT("minimal.so")));
    ck_assert_int_eq(is_mapped(AT("minimal.so")), 1);
}
END_TEST

/* Nothing of it was called: it goes. Its open() was: it stays, unless asked otherwise. */
START_TEST(what_stays_of_a_refused_plugin)
{
    copy_plugin("bad_magic.so", AT("bad_magic.so"));
    copy_plugin("bad_open.so", AT("bad_open.so"));
    vane_context *ctx = open_at(NULL);
    ck_assert_int_eq(vane_load(ctx, AT("bad_magic.so")), VANE_E_ABI);
    ck_assert_int_eq(is_mapped(AT("bad_magic.so")), 0);
    ctx->settings.unload = 1;
    ck_assert_int_eq(vane_load(ctx, AT("bad_open.so")), VANE_E_BUSY);
    ck_assert_int_eq(is_mapped(AT("bad_open.so")), 0);
    ctx->settings.unload = 0;
    ck_assert_int_eq(vane_load(ctx, AT("bad_open.so")), VANE_E_BUSY);
    ck_assert_int_eq(is_mapped(AT("bad_open.so")), 1);
    vane_close(ctx);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *t;
    Suite *s = box_suite("loader", &t);
    tcase_add_test(t, one_bad_plugin_hides_no_other);
    tcase_add_test(t, nothing_refused_by_its_note_was_mapped);
    tcase_add_test(t, a_device_that_fails_is_left_out);
    tcase_add_test(t, excluded_is_never_opened);
    tcase_add_test(t, only_the_required_one_is_opened);
    tcase_add_test(t, a_mask_keeps_it_unmapped);
    tcase_add_test(t, load_on_demand);
    tcase_add_test(t, a_loaded_plugin_computes);
    tcase_add_test(t, a_registered_entry_computes);
    tcase_add_test(t, many_threads_load_one_name_once);
    tcase_add_test(t, unloaded_only_on_request);
    tcase_add_test(t, what_stays_of_a_refused_plugin);
    return box_main(s, argc, argv);
}
