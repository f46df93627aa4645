/* SPDX-License-Identifier: MIT */
/* test_search.c - where plugins are looked for, in which order, and whom it trusts.
 *
 * Not tested: that a setuid program does not read the environment (it needs a setuid file).
 */
#include "plugin_box.h"

/* ---- the search path ----------------------------------------------------------- */

START_TEST(reached_twice_taken_once)
{
    char path[4 * PATH_MAX];
    make_folder("a");
    make_folder("b");
    copy_plugin("minimal.so", AT("a/minimal.so"));
    ck_assert_int_eq(symlink(AT("a/minimal.so"), AT("b/link.so")), 0);
    ck_assert_int_eq(symlink(AT("a"), AT("c")), 0);
    snprintf(path, sizeof path, "%s:%s:%s", AT("a"), AT("b"), AT("c"));
    vane_context *ctx = open_at(path);
    expect_line(ctx, "a/minimal.so", VANE_OK, "loaded");
    expect_line(ctx, "b/link.so", VANE_E_ARGUMENT, "the same file as");
    expect_line(ctx, "/c", VANE_OK, "the same folder as");
    ck_assert_uint_eq(ctx->registry.count, 1);
    vane_close(ctx);
}
END_TEST

START_TEST(the_current_folder_is_never_searched)
{
    copy_plugin("minimal.so", AT("minimal.so"));
    make_folder("sub");
    copy_plugin("minimal.so", AT("sub/minimal.so"));
    vane_context *ctx = open_at(":.::sub:./minimal.so:minimal.so:");
    ck_assert_uint_eq(vane_report_count(ctx), 4); /* empty entries are no places */
    for (uint32_t i = 0; i < 4; i++) {
        vane_report_line line;
        ck_assert_int_eq(vane_report_at(ctx, i, &line), VANE_OK);
        ck_assert_int_eq(line.status, VANE_E_PERMISSION);
        ck_assert_ptr_nonnull(strstr(line.reason, "relative"));
    }
    ck_assert_uint_eq(ctx->registry.count, 0);
    vane_close(ctx);
}
END_TEST

START_TEST(files_are_sorted_and_the_first_of_a_name_wins)
{
    make_folder("d");
    copy_plugin("minimal.so", AT("d/a.so"));
    copy_plugin("duplicate.so", AT("d/B.so")); /* by bytes: capitals first */
    vane_context *ctx = open_at(AT("d"));
    expect_line(ctx, "B.so", VANE_OK, "loaded");
    expect_line(ctx, "a.so", VANE_E_ARGUMENT, "d/B.so");
    vane_close(ctx);
}
END_TEST

START_TEST(default_places_in_their_order)
{
    vane_context *ctx = open_defaults(NULL, 0);
    expect_source(ctx, 0, "user folder");
    expect_line(ctx, "/.local/share/vane/plugins", VANE_E_NOT_FOUND, "not there");
    int system_at = -1, beside_at = -1;
    for (uint32_t i = 1; i < vane_report_count(ctx); i++) {
        vane_report_line line;
        ck_assert_int_eq(vane_report_at(ctx, i, &line), VANE_OK);
        ck_assert_int_eq(line.path[0], '/');
        if (strcmp(line.source, "system folder") == 0 && system_at < 0)
            system_at = (int)i;
        if (strcmp(line.source, "beside libvane") == 0 && beside_at < 0)
            beside_at = (int)i;
    }
    ck_assert_int_eq(system_at, 1);
    ck_assert_int_gt(beside_at, system_at);
    vane_close(ctx);
}
END_TEST

START_TEST(the_user_folder)
{
    make_folder("data");
    make_folder("data/vane");
    make_folder("data/vane/plugins");
    copy_plugin("minimal.so", AT("data/vane/plugins/minimal.so"));
    setenv("XDG_DATA_HOME", AT("data"), 1);
    vane_context *ctx = open_defaults(NULL, 0);
    expect_line(ctx, "data/vane/plugins/minimal.so", VANE_OK, "loaded");
    vane_close(ctx);
    ctx = open_defaults(NULL, 1); /* no_default_path */
    ck_assert_uint_eq(vane_report_count(ctx), 0);
    vane_close(ctx);
    setenv("XDG_DATA_HOME", "data", 1); /* relative: unset, says XDG */
    ctx = open_defaults(NULL, 0);
    ck_assert_int_eq(is_loaded(ctx, "minimal"), 0);
    expect_line(ctx, "/.local/share/vane/plugins", VANE_E_NOT_FOUND, "not there");
    vane_close(ctx);
}
END_TEST

START_TEST(the_environment_wins_and_is_named)
{
    copy_plugin("minimal.so", AT("minimal.so"));
    setenv("VANE_PLUGIN_PATH", AT("minimal.so"), 1);
    vane_context *ctx = open_at("/nowhere");
    ck_assert_uint_eq(vane_report_count(ctx), 1);
    expect_source(ctx, 0, "VANE_PLUGIN_PATH");
    vane_close(ctx);
    unsetenv("VANE_PLUGIN_PATH");
    ctx = open_at("/nowhere");
    expect_source(ctx, 0, "vane_config.plugin_path");
    expect_line(ctx, "/nowhere", VANE_E_NOT_FOUND, "not there");
    vane_close(ctx);
}
END_TEST

/* ---- permissions --------------------------------------------------------------- */

START_TEST(places_that_others_may_write)
{
    static const mode_t modes[] = {0775, 0757, 01777};
    make_folder("d");
    copy_plugin("minimal.so", AT("d/minimal.so"));
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        ck_assert_int_eq(chmod(AT("d"), modes[i]), 0);
        vane_context *ctx = open_at(AT("d"));
        expect_line(ctx, "/d", VANE_E_PERMISSION, modes[i] & 02 ? "anybody" : "its group");
        ck_assert_uint_eq(vane_report_count(ctx), 1);
        vane_close(ctx);
    }
    vane_context *ctx = open_at(AT("d/minimal.so")); /* sticky: this file is nobody else's */
    expect_line(ctx, "minimal.so", VANE_OK, "loaded");
    vane_close(ctx);
    ck_assert_int_eq(chmod(AT("d"), 0777), 0);
    ctx = open_at(AT("d/minimal.so"));
    expect_line(ctx, "minimal.so", VANE_E_PERMISSION, "its folder");
    vane_close(ctx);
    setenv("VANE_PLUGIN_ALLOW_INSECURE", "1", 1);
    ctx = open_at(AT("d"));
    expect_line(ctx, "minimal.so", VANE_OK, "loaded");
    vane_close(ctx);
}
END_TEST

START_TEST(files_that_belong_to_somebody_else)
{
    copy_plugin("minimal.so", AT("minimal.so"));
    if (chown(AT("minimal.so"), 12345, (gid_t)-1) != 0)
        return; /* only root can set this up */
    vane_context *ctx = open_at(AT("minimal.so"));
    expect_line(ctx, "minimal.so", VANE_E_PERMISSION, "belongs to user 12345");
    vane_close(ctx);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *t;
    Suite *s = box_suite("search", &t);
    tcase_add_test(t, reached_twice_taken_once);
    tcase_add_test(t, the_current_folder_is_never_searched);
    tcase_add_test(t, files_are_sorted_and_the_first_of_a_name_wins);
    tcase_add_test(t, default_places_in_their_order);
    tcase_add_test(t, the_user_folder);
    tcase_add_test(t, the_environment_wins_and_is_named);
    tcase_add_test(t, places_that_others_may_write);
    tcase_add_test(t, files_that_belong_to_somebody_else);
    return box_main(s, argc, argv);
}
