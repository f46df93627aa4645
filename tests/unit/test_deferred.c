/* SPDX-License-Identifier: MIT */
/* test_deferred.c - backends that are slow to open: not mapped until something needs them, in
 * each of the ways in which something can; opened once, by whoever comes first; gone about in
 * words when they fail. */
#include "slow_box.h"

/* ---- waiting --------------------------------------------------------------------- */

START_TEST(nothing_is_mapped_for_nothing)
{
    vane_context *ctx = open_full();
    char ran[16];
    vane_op_info op;
    expect_line(ctx, "/slow.so", VANE_OK, DEFERRED);
    expect_line(ctx, "/slow_bad.so", VANE_OK, DEFERRED);
    ck_assert_str_eq(line_of(ctx, "/slow.so").backend, "slow");
    ck_assert_str_eq(line_of(ctx, "/slow.so").version, "1.0");
    ck_assert_int_eq(add(ctx, NULL, ran), VANE_OK);
    ck_assert_str_eq(ran, "minimal");
    ck_assert_int_eq(add(ctx, "minimal", NULL), VANE_OK);
    ck_assert_int_eq(vane_op_find(ctx, "add", &op), VANE_OK);
    ck_assert_int_eq(vane_set_priority(ctx, "minimal"), VANE_OK);
    ck_assert_int_eq(vane_set_priority(ctx, "mini*"), VANE_OK);
    vane__deferred_want(ctx, VANE__DEFER_NS - 1);
    vane__deferred_want(ctx, (double)NAN);
    expect_waiting();
    ck_assert_uint_eq(vane_report_count(ctx), 4);
    ck_assert_uint_eq(ctx->registry.count, 1);
    vane_close(ctx);
    expect_waiting();
}
END_TEST

START_TEST(what_is_kept_out_stays_out)
{
    fill();
    setenv("VANE_EXCLUDE", "slow*", 1);
    vane_context *ctx = open_at(AT("d"));
    expect_line(ctx, "/slow.so", VANE_E_PERMISSION, "excluded");
    ck_assert_uint_eq(vane_device_count(ctx), 1);
    ck_assert_int_eq(vane_backends_open(ctx), VANE_OK);
    vane__deferred_want(ctx, 1e12);
    ck_assert_int_eq(add(ctx, "slow", NULL), VANE_E_NOT_FOUND);
    ck_assert_int_eq(vane_load(ctx, AT("d/slow.so")), VANE_E_PERMISSION);
    vane_close(ctx);
    unsetenv("VANE_EXCLUDE");
    setenv("VANE_BACKEND", "minimal", 1);
    ctx = open_at(AT("d"));
    expect_line(ctx, "/slow.so", VANE_E_PERMISSION, "not required (VANE_BACKEND=minimal)");
    ck_assert_uint_eq(vane_device_count(ctx), 1);
    ck_assert_int_eq(vane_set_priority(ctx, "slow"), VANE_E_NOT_FOUND);
    vane_close(ctx);
    expect_waiting();
}
END_TEST

/* ---- wishes at the opening --------------------------------------------------------- */

static const char *const wishes[][2] = {
    {"VANE_BACKEND", "slow"}, {"VANE_PREFER", "minimal, slow"},     {"VANE_PREFER", "slo*w,slow"},
    {"VANE_PREFER", "slow*"}, {"VANE_OPS", "mul=minimal,add=slow"}, {"VANE_OPS", "add = slow"},
};
enum { WISHES = sizeof wishes / sizeof wishes[0] };

START_TEST(a_wish_opens_it_with_the_context)
{
    fill();
    setenv(wishes[_i][0], wishes[_i][1], 1);
    vane_context *ctx = open_at(AT("d"));
    expect_line(ctx, "/slow.so", VANE_OK, "loaded, 1 device");
    ck_assert_int_eq(is_loaded(ctx, "slow"), 1);
    ck_assert_int_eq(is_mapped("/d/slow_bad.so"), strcmp(wishes[_i][1], "slow*") == 0);
    ck_assert_int_eq(add(ctx, "slow", NULL), VANE_OK);
    vane_close(ctx);
}
END_TEST

START_TEST(the_program_wishes_too)
{
    vane_context *ctx = NULL;
    fill();
    vane_config config = {.struct_size = sizeof config,
                          .plugin_path = AT("d"),
                          .no_default_path = 1,
                          .log = quiet,
                          .backend = "slow"};
    ck_assert_int_eq(vane_open(&config, &ctx), VANE_OK);
    expect_line(ctx, "/slow.so", VANE_OK, "loaded");
    vane_close(ctx);
    config.backend = "slow_bad";
    ck_assert_int_eq(vane_open(&config, &ctx), VANE_E_NOT_FOUND);
    expect_said("'slow_bad' is required, but refused: open failed: there is no driver");
    config.backend = "slowest";
    ck_assert_int_eq(vane_open(&config, &ctx), VANE_E_NOT_FOUND);
    expect_said("there are: minimal, slow, slow_bad");
}
END_TEST

/* ---- wishes later ------------------------------------------------------------------ */

START_TEST(a_call_that_names_it)
{
    vane_context *ctx = open_full();
    char ran[16];
    ck_assert_int_eq(slow_adds(ctx), 0); /* a route, without it */
    ck_assert_int_eq(add(ctx, "slow", ran), VANE_OK);
    ck_assert_str_eq(ran, "slow");
    ck_assert_int_eq(is_mapped("/d/slow_bad.so"), 0);
    ck_assert_uint_eq(lines_of(ctx, "/slow.so", "loaded, 1 device"), 1);
    expect_source(ctx, vane_report_count(ctx) - 1, "asked for by name");
    ck_assert_int_eq(slow_adds(ctx), 1); /* of the higher rank */
    ck_assert_int_eq(add(ctx, "fast", NULL), VANE_E_NOT_FOUND);
    expect_said("options.backend is 'fast', which is not loaded; loaded: minimal, slow, "
                "slow_bad (deferred)");
    vane_close(ctx);
}
END_TEST

START_TEST(a_priority_that_names_it)
{
    vane_context *ctx = open_full();
    ck_assert_int_eq(vane_set_priority(ctx, "fast"), VANE_E_NOT_FOUND);
    expect_said("loaded: minimal, slow (deferred), slow_bad (deferred)");
    expect_waiting();
    ck_assert_int_eq(vane_set_priority(ctx, "slow,minimal"), VANE_OK);
    ck_assert_int_eq(is_loaded(ctx, "slow"), 1);
    ck_assert_int_eq(is_mapped("/d/slow_bad.so"), 0);
    ck_assert_int_eq(vane_set_priority(ctx, "slow_b*"), VANE_OK); /* a pattern may fit none */
    ck_assert_uint_eq(lines_of(ctx, "/slow_bad.so", "there is no driver"), 1);
    ck_assert_int_eq(vane_set_priority(ctx, "slow_bad"), VANE_E_NOT_FOUND);
    expect_said("names has 'slow_bad', which did not open: open failed: there is no driver");
    ck_assert_uint_eq(lines_of(ctx, "/slow_bad.so", "there is no driver"), 1);
    vane_close(ctx);
}
END_TEST

START_TEST(its_file_is_loaded)
{
    vane_context *ctx = open_full();
    ck_assert_int_eq(symlink("slow.so", AT("d/link")), 0);
    copy_plugin("slow_twin.so", AT("twin.so"));
    ck_assert_int_eq(vane_load(ctx, AT("twin.so")), VANE_E_ARGUMENT);
    expect_said("duplicate name: \"slow\" is already deferred from ");
    expect_waiting();
    ck_assert_int_eq(vane_load(ctx, "d/link"), VANE_OK);
    ck_assert_int_eq(is_loaded(ctx, "slow"), 1);
    ck_assert_uint_eq(lines_of(ctx, "/d/slow.so", "loaded, 1 device"), 1);
    expect_source(ctx, vane_report_count(ctx) - 1, "vane_load");
    ck_assert_int_eq(vane_load(ctx, AT("d/slow.so")), VANE_OK); /* whoever was first */
    ck_assert_uint_eq(count_of("slow_opens"), 1);
    ck_assert_int_eq(vane_load(ctx, AT("twin.so")), VANE_E_ARGUMENT);
    expect_said("is already loaded from ");
    ck_assert_int_eq(is_mapped("twin.so"), 0);
    vane_close(ctx);
}
END_TEST

/* ---- lists ------------------------------------------------------------------------- */

START_TEST(devices_are_listed)
{
    vane_context *ctx = open_full();
    vane_device_info info = {.struct_size = sizeof info};
    const char *name = NULL;
    if (_i == 0)
        ck_assert_uint_eq(vane_device_count(ctx), 2);
    ck_assert_int_eq(vane_device_at(ctx, 1, &info, &name), VANE_OK);
    ck_assert_str_eq(name, "slow");
    ck_assert_uint_eq(lines_of(ctx, "/slow_bad.so", "there is no driver"), 1);
    ck_assert_uint_eq(vane_device_count(ctx), 2);
    ck_assert_uint_eq(vane_report_count(ctx), 6);
    vane_close(ctx);
}
END_TEST

START_TEST(all_are_opened)
{
    vane_context *ctx = open_full();
    ck_assert_int_eq(vane_backends_open(NULL), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_report_at(ctx, 0, NULL), VANE_E_ARGUMENT);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(vane_backends_open(ctx), VANE_OK);
        expect_said("out is NULL"); /* what failed is no failure of the caller's */
        ck_assert_int_eq(is_loaded(ctx, "slow"), 1);
        ck_assert_uint_eq(vane_report_count(ctx), 6);
    }
    expect_source(ctx, 5, "vane_backends_open");
    vane_close(ctx);
}
END_TEST

/* ---- work -------------------------------------------------------------------------- */

START_TEST(long_work_opens_all_beside_it)
{
    vane_context *ctx = open_full();
    ck_assert_int_eq(slow_adds(ctx), 0);
    vane__deferred_want(ctx, VANE__DEFER_NS);
    while (!lines_of(ctx, "/slow_bad.so", "there is no driver"))
        nap(); /* the case's time limit ends it */
    ck_assert_uint_eq(lines_of(ctx, "/slow.so", "loaded, 1 device"), 1);
    expect_source(ctx, 5, "long work");
    ck_assert_int_eq(slow_adds(ctx), 1); /* by new routes */
    for (int i = 0; i < 10; i++)
        vane__deferred_want(ctx, 1e12);
    ck_assert_uint_eq(vane_report_count(ctx), 6);
    vane_close(ctx);
}
END_TEST

START_TEST(a_close_amid_the_opening)
{
    fill();
    setenv("VANE_SLOW_MS", "50", 1);
    for (int i = 0; i < 10; i++) {
        vane_context *ctx = open_at(AT("d"));
        vane__deferred_want(ctx, 1e9);
        if (i % 2)
            nap();
        vane_close(ctx);
    }
    vane_context *ctx = open_at(AT("d"));
    vane__deferred_stop(ctx);
    vane__deferred_want(ctx, 1e9); /* too late */
    ck_assert_int_eq(ctx->registry.deferred.joinable, 0);
    vane_close(ctx);
}
END_TEST

/* ---- failure ----------------------------------------------------------------------- */

START_TEST(a_failure_is_tried_and_told_once)
{
    vane_context *ctx = open_full();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(add(ctx, "slow_bad", NULL), VANE_E_NOT_FOUND);
        expect_said("options.backend is 'slow_bad', which did not open: open failed: there is "
                    "no driver");
        ck_assert_int_eq(vane_load(ctx, "d/slow_bad.so"), VANE_E_IO);
        expect_said("d/slow_bad.so: open failed: there is no driver");
        ck_assert_int_eq(vane_backends_open(ctx), VANE_OK);
        ck_assert_uint_eq(lines_of(ctx, "/slow_bad.so", "there is no driver"), 1);
    }
    ck_assert_int_eq(add(ctx, "x", NULL), VANE_E_NOT_FOUND);
    expect_said("loaded: minimal, slow");
    ck_assert_ptr_null(strstr(vane_last_error()->message, "slow_bad"));
    vane_close(ctx);
}
END_TEST

START_TEST(a_file_is_judged_again)
{
    vane_context *ctx = open_full();
    ck_assert_int_eq(chmod(AT("d/slow.so"), 0666), 0);
    ck_assert_int_eq(unlink(AT("d/slow_bad.so")), 0);
    ck_assert_int_eq(add(ctx, "slow", NULL), VANE_E_NOT_FOUND);
    expect_said("may be written by anybody");
    ck_assert_int_eq(add(ctx, "slow_bad", NULL), VANE_E_NOT_FOUND);
    expect_said("No such file");
    ck_assert_int_eq(is_mapped("/d/slow.so"), 0);
    vane_close(ctx);
}
END_TEST

START_TEST(the_second_of_a_name)
{
    fill();
    copy_plugin("slow_twin.so", AT("d/twin.so"));
    vane_context *ctx = open_at(AT("d"));
    expect_line(ctx, "twin.so", VANE_E_ARGUMENT, "duplicate name: \"slow\" is already deferred");
    void *dl = dlopen(AT("d/twin.so"), RTLD_NOW | RTLD_LOCAL);
    ck_assert_ptr_nonnull(dl);
    const vane_backend_entry *twin = dlsym(dl, "vane_backend_entry_v1");
    ck_assert_int_eq(vane_register(ctx, twin), VANE_E_ARGUMENT);
    expect_said("is already deferred from ");
    expect_waiting();
    vane_close(ctx);
    ctx = open_at(NULL); /* in memory already: nothing to wait for */
    ck_assert_int_eq(vane_register(ctx, twin), VANE_OK);
    ck_assert_int_eq(is_loaded(ctx, "slow"), 1);
    vane_close(ctx);
    dlclose(dl);
}
END_TEST

/* ---- nothing else ------------------------------------------------------------------- */

START_TEST(there_is_nothing_else)
{
    vane_context *ctx = NULL;
    fill();
    ck_assert_int_eq(unlink(AT("d/minimal.so")), 0);
    vane_config config = {.struct_size = sizeof config,
                          .plugin_path = AT("d"),
                          .no_default_path = 1,
                          .log = quiet,
                          .allow_empty = 1};
    ck_assert_int_eq(vane_open(&config, &ctx), VANE_OK); /* no backend is no error here */
    expect_waiting();
    vane_close(ctx);
    config.allow_empty = 0;
    ck_assert_int_eq(vane_open(&config, &ctx), VANE_OK);
    ck_assert_int_eq(is_loaded(ctx, "slow"), 1);
    expect_source(ctx, vane_report_count(ctx) - 1, "no other backend");
    ck_assert_int_eq(add(ctx, NULL, NULL), VANE_OK);
    vane_close(ctx);
    ck_assert_int_eq(unlink(AT("d/slow.so")), 0);
    ck_assert_int_eq(vane_open(&config, &ctx), VANE_E_NO_BACKEND);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *t;
    Suite *s = box_suite("deferred", &t);
    tcase_add_test(t, nothing_is_mapped_for_nothing);
    tcase_add_test(t, what_is_kept_out_stays_out);
    tcase_add_loop_test(t, a_wish_opens_it_with_the_context, 0, WISHES);
    tcase_add_test(t, the_program_wishes_too);
    tcase_add_test(t, a_call_that_names_it);
    tcase_add_test(t, a_priority_that_names_it);
    tcase_add_test(t, its_file_is_loaded);
    tcase_add_loop_test(t, devices_are_listed, 0, 2);
    tcase_add_test(t, all_are_opened);
    tcase_add_test(t, long_work_opens_all_beside_it);
    tcase_add_test(t, a_close_amid_the_opening);
    tcase_add_test(t, a_failure_is_tried_and_told_once);
    tcase_add_test(t, a_file_is_judged_again);
    tcase_add_test(t, the_second_of_a_name);
    tcase_add_test(t, there_is_nothing_else);
    return box_main(s, argc, argv);
}
