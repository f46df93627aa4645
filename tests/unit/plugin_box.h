/* SPDX-License-Identifier: MIT */
/* plugin_box.h - for tests of plugin loading: a private folder, copies of the test plugins,
 * a context that searches only there, and questions to its report.
 *
 * The built plugins of tests/plugins are in VANE_TEST_PLUGINS or in the first argument.
 */
#ifndef PLUGIN_BOX_H
#define PLUGIN_BOX_H

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"
#include "scratch.h"
#include "vane/vane.h"

static const char *plugin_dir;
static char root[SCRATCH_ROOM]; /* the private folder */

#define AT(name) at_root((char[PATH_MAX]){0}, name)

static inline const char *at_root(char *out, const char *name)
{
    snprintf(out, PATH_MAX, "%s/%s", root, name);
    return out;
}

/* ---- files --------------------------------------------------------------------- */

static inline void quiet(void *arg, int level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static inline void write_file(const char *path, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    ck_assert_msg(f != NULL, "%s", path);
    ck_assert_uint_eq(fwrite(data, 1, bytes, f), bytes);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(chmod(path, 0644), 0);
}

static inline char *read_plugin(const char *name, size_t *bytes)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", plugin_dir, name);
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "%s", path);
    fseek(f, 0, SEEK_END);
    long length = ftell(f);
    ck_assert_int_gt(length, 0);
    rewind(f);
    char *data = malloc((size_t)length);
    ck_assert_ptr_nonnull(data);
    *bytes = fread(data, 1, (size_t)length, f);
    fclose(f);
    return data;
}

static inline void copy_plugin(const char *name, const char *to)
{
    size_t bytes;
    char *data = read_plugin(name, &bytes);
    write_file(to, data, bytes);
    free(data);
}

static inline void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(AT(name), 0755), 0);
    ck_assert_int_eq(chmod(AT(name), 0755), 0);
}

/* An empty environment, and a folder of one's own that is also the current one. */
static inline void setup(void)
{
    clearenv();
    scratch_folder(root);
    ck_assert_int_eq(chdir(root), 0);
    setenv("HOME", root, 1);
}

/* ---- contexts and reports ------------------------------------------------------ */

static inline vane_context *open_defaults(const char *plugin_path, uint32_t no_default_path)
{
    vane_context *ctx = NULL;
    vane_config config = {.struct_size = sizeof config,
                          .plugin_path = plugin_path,
                          .no_default_path = no_default_path,
                          .log = quiet,
                          .allow_empty = 1};
    vane_status status = vane_open(&config, &ctx);
    ck_assert_msg(status == VANE_OK, "%s", vane_last_error()->message);
    return ctx;
}

static inline vane_context *open_at(const char *plugin_path)
{
    return open_defaults(plugin_path, 1);
}

static inline int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), n = strlen(end);
    return length >= n && strcmp(text + length - n, end) == 0;
}

/* The only line whose path ends so. */
static inline vane_report_line line_of(const vane_context *ctx, const char *end)
{
    vane_report_line line, found = {0};
    uint32_t hits = 0;
    for (uint32_t i = 0; i < vane_report_count(ctx); i++) {
        ck_assert_int_eq(vane_report_at(ctx, i, &line), VANE_OK);
        if (ends_with(line.path, end)) {
            found = line;
            hits++;
        }
    }
    ck_assert_msg(hits == 1, "%u lines end in %s", hits, end);
    return found;
}

static inline void expect_line(const vane_context *ctx, const char *end, vane_status status,
                               const char *words)
{
    vane_report_line line = line_of(ctx, end);
    ck_assert_msg(line.status == status && strstr(line.reason, words),
                  "%s: status %d, expected %d: \"%s\" should say \"%s\"", line.path, line.status,
                  status, line.reason, words);
}

static inline int is_loaded(vane_context *ctx, const char *name)
{
    return vane__registry_find(&ctx->registry, name) != NULL;
}

static inline void expect_source(const vane_context *ctx, uint32_t i, const char *source)
{
    vane_report_line line;
    ck_assert_int_eq(vane_report_at(ctx, i, &line), VANE_OK);
    ck_assert_str_eq(line.source, source);
}

/* ---- the program --------------------------------------------------------------- */

static inline Suite *box_suite(const char *name, TCase **tests)
{
    Suite *s = suite_create(name);
    *tests = tcase_create(name);
    tcase_add_checked_fixture(*tests, setup, NULL);
    tcase_set_timeout(*tests, 60);
    suite_add_tcase(s, *tests);
    return s;
}

static inline int box_main(Suite *suite, int argc, char **argv)
{
    plugin_dir = argc > 1 ? argv[1] : getenv("VANE_TEST_PLUGINS");
    if (!plugin_dir) {
        fprintf(stderr, "usage: %s FOLDER-OF-TEST-PLUGINS (or VANE_TEST_PLUGINS)\n", argv[0]);
        return 2;
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
