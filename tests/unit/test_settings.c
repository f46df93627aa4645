/* SPDX-License-Identifier: MIT */
/* test_settings.c - the environment over the config, and every malformed wish in words. */
#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

static const char *const variables[] = {
    "VANE_BACKEND",     "VANE_PREFER",    "VANE_EXCLUDE", "VANE_OPS",   "VANE_POLICY",
    "VANE_PLUGIN_PATH", "VANE_CPU_MASK",  "VANE_THREADS", "VANE_REPRO", "VANE_UNLOAD",
    "VANE_LOG",         "VANE_MEM_LIMIT", "VANE_CACHE",   "VANE_LOAD",  "VANE_VERIFY",
    "VANE_TOP",         "VANE_OPTIMIZE",
};

static vane__settings s;

static void clear_environment(void)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
}

static void free_settings(void)
{
    vane__settings_free(&s);
}

static void expect_error(const vane_config *config, const char *words)
{
    memset(&s, 0xa5, sizeof s); /* out need not be prepared */
    ck_assert_int_eq(vane__settings_read(config, &s), VANE_E_ARGUMENT);
    ck_assert_msg(strstr(vane_last_error()->message, words) != NULL, "'%s' lacks '%s'",
                  vane_last_error()->message, words);
    ck_assert_ptr_null(s.backend); /* nothing left to free */
}

static void expect_ok(const vane_config *config)
{
    vane_status status = vane__settings_read(config, &s);
    ck_assert_msg(status == VANE_OK, "%s", vane_last_error()->message);
}

static void write_nothing(void *arg, int level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

START_TEST(defaults)
{
    expect_ok(NULL);
    ck_assert_str_eq(s.backend, "");
    ck_assert_str_eq(s.prefer, "");
    ck_assert_str_eq(s.exclude, "");
    ck_assert_str_eq(s.ops, "");
    ck_assert_str_eq(s.policy, "");
    ck_assert_str_eq(s.plugin_path, "");
    ck_assert_str_eq(s.cpu_mask, "");
    ck_assert_uint_eq(s.threads, 0);
    ck_assert_int_eq(s.repro, 0);
    ck_assert_int_eq(s.unload, 0);
    ck_assert_int_eq(s.top, VANE__TOP_LOOKED_AT);
    ck_assert_int_eq(s.no_default_path, 0);
    ck_assert_int_eq(s.allow_empty, 0);
    ck_assert_int_eq(s.plugin_path_from_env, 0);
    ck_assert_int_eq(s.log.level, VANE_LOG_WARN);
    ck_assert(s.log.write == vane__log_stderr);
}
END_TEST

START_TEST(config_is_copied)
{
    char backend[] = "scalar";
    int arg = 0;
    vane_config config = {.struct_size = sizeof config,
                          .threads = 3,
                          .backend = backend,
                          .prefer = "a,b",
                          .exclude = "c",
                          .ops = "add=a",
                          .policy = "fixed",
                          .plugin_path = "/x:/y",
                          .cpu_mask = "avx2",
                          .repro = 1,
                          .no_default_path = 1,
                          .allow_empty = 1,
                          .log = write_nothing,
                          .log_arg = &arg};
    expect_ok(&config);
    backend[0] = 'X';
    ck_assert_str_eq(s.backend, "scalar");
    ck_assert_str_eq(s.prefer, "a,b");
    ck_assert_str_eq(s.exclude, "c");
    ck_assert_str_eq(s.ops, "add=a");
    ck_assert_str_eq(s.policy, "fixed");
    ck_assert_str_eq(s.plugin_path, "/x:/y");
    ck_assert_str_eq(s.cpu_mask, "avx2");
    ck_assert_uint_eq(s.threads, 3);
    ck_assert(s.repro && s.no_default_path && s.allow_empty && !s.plugin_path_from_env);
    ck_assert(s.log.write == write_nothing && s.log.arg == &arg);
}
END_TEST

START_TEST(environment_wins)
{
    vane_config config = {.struct_size = sizeof config,
                          .threads = 3,
                          .backend = "scalar",
                          .plugin_path = "/x",
                          .repro = 1,
                          .mem_limit_mib = 9};
    setenv("VANE_BACKEND", "avx2", 1);
    setenv("VANE_PREFER", "p", 1);
    setenv("VANE_EXCLUDE", "e", 1);
    setenv("VANE_OPS", "matmul=avx2 , softmax = scalar,", 1);
    setenv("VANE_POLICY", "fixed", 1);
    setenv("VANE_PLUGIN_PATH", "/z", 1);
    setenv("VANE_CPU_MASK", "sse2", 1);
    setenv("VANE_THREADS", "7", 1);
    setenv("VANE_REPRO", "0", 1);
    setenv("VANE_UNLOAD", "1", 1);
    setenv("VANE_LOG", "debug", 1);
    setenv("VANE_MEM_LIMIT", "70000", 1);
    expect_ok(&config);
    ck_assert_str_eq(s.backend, "avx2");
    ck_assert_str_eq(s.prefer, "p");
    ck_assert_str_eq(s.exclude, "e");
    ck_assert_str_eq(s.policy, "fixed");
    ck_assert_str_eq(s.plugin_path, "/z");
    ck_assert_str_eq(s.cpu_mask, "sse2");
    ck_assert_uint_eq(s.threads, 7);
    ck_assert(!s.repro && s.unload && s.plugin_path_from_env);
    ck_assert_int_eq(s.log.level, VANE_LOG_DEBUG);
    ck_assert_uint_eq(s.mem_limit, UINT64_C(70000) << 20);
}
END_TEST

START_TEST(empty_variable_is_unset)
{
    vane_config config = {.struct_size = sizeof config, .threads = 2, .backend = "scalar"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        setenv(variables[i], "", 1);
    expect_ok(&config);
    ck_assert_str_eq(s.backend, "scalar");
    ck_assert_uint_eq(s.threads, 2);
    ck_assert_int_eq(s.plugin_path_from_env, 0);
}
END_TEST

START_TEST(struct_size_zero_is_an_error)
{
    vane_config config = {.backend = "scalar"};
    expect_error(&config, "struct_size is 0");
    config.struct_size = 3;
    expect_error(&config, "struct_size is 3");
}
END_TEST

/* Fields beyond the caller's struct, or cut by its end, are not read. */
START_TEST(short_config_is_read_as_far_as_it_goes)
{
    vane_config config;
    memset(&config, 0xa5, sizeof config);
    config.struct_size = offsetof(vane_config, backend) + 4; /* half a pointer */
    config.threads = 5;
    expect_ok(&config);
    ck_assert_uint_eq(s.threads, 5);
    ck_assert_str_eq(s.backend, "");
    ck_assert(s.log.write == vane__log_stderr);
    vane__settings_free(&s);
    config.struct_size = sizeof config.struct_size;
    expect_ok(&config);
    ck_assert_uint_eq(s.threads, 0);
    vane__settings_free(&s);
    config.struct_size = offsetof(vane_config, prefer);
    config.backend = "scalar";
    expect_ok(&config);
    ck_assert_str_eq(s.backend, "scalar");
    ck_assert_str_eq(s.prefer, "");
}
END_TEST

START_TEST(longer_config_is_fine)
{
    struct {
        vane_config config;
        char future[64];
    } next = {.config = {.struct_size = sizeof next, .threads = 9}};
    expect_ok(&next.config);
    ck_assert_uint_eq(s.threads, 9);
}
END_TEST

static const char *const bad_numbers[] = {
    "abc", "-1",  "0x", "0x4", "99999999999",         "4097", "4294967297", " 4",
    "4 ",  "4.0", "+4", "1e2", "18446744073709551617"};
START_TEST(malformed_threads)
{
    setenv("VANE_THREADS", bad_numbers[_i], 1);
    expect_error(NULL, "VANE_THREADS is \"");
    expect_error(NULL, bad_numbers[_i]);
}
END_TEST

START_TEST(good_threads)
{
    static const struct {
        const char *text;
        uint32_t value;
    } good[] = {{"0", 0}, {"1", 1}, {"007", 7}, {"1024", 1024}};
    setenv("VANE_THREADS", good[_i].text, 1);
    expect_ok(NULL);
    ck_assert_uint_eq(s.threads, good[_i].value);
}
END_TEST

START_TEST(config_numbers_are_checked)
{
    vane_config config = {.struct_size = sizeof config, .threads = 4097};
    expect_error(&config, "config.threads is 4097");
    config = (vane_config){.struct_size = sizeof config, .repro = 2};
    expect_error(&config, "config.repro is 2");
    config = (vane_config){.struct_size = sizeof config, .no_default_path = 9};
    expect_error(&config, "config.no_default_path is 9");
    config = (vane_config){.struct_size = sizeof config, .allow_empty = 9};
    expect_error(&config, "config.allow_empty is 9");
}
END_TEST

START_TEST(malformed_flags_and_level)
{
    setenv("VANE_REPRO", "yes", 1);
    expect_error(NULL, "VANE_REPRO is \"yes\"");
    setenv("VANE_REPRO", "1", 1);
    setenv("VANE_UNLOAD", "2", 1);
    expect_error(NULL, "VANE_UNLOAD is \"2\"");
    unsetenv("VANE_UNLOAD");
    setenv("VANE_LOG", "loud", 1);
    expect_error(NULL, "VANE_LOG is \"loud\"");
    unsetenv("VANE_LOG");
    setenv("VANE_TOP", "3", 1);
    expect_error(NULL, "VANE_TOP is \"3\"");
    unsetenv("VANE_TOP");
    setenv("VANE_MEM_LIMIT", "2G", 1);
    expect_error(NULL, "VANE_MEM_LIMIT is \"2G\"");
}
END_TEST

static const char *const bad_shares[] = {"2",  "1/0",  "1/",  "/3",    "0/5",  "2/3",        "1 /2",
                                         "-1", "1/-2", "0.1", "1/1e3", "1/2/", "1/100000001"};
START_TEST(malformed_share)
{
    setenv("VANE_VERIFY", bad_shares[_i], 1);
    expect_error(NULL, bad_shares[_i]);
    expect_error(NULL, "expected 0, 1 or the share of calls to check, such as 1/1000");
}
END_TEST

START_TEST(good_share)
{
    static const struct {
        const char *text;
        uint32_t every;
    } good[] = {{"0", 0}, {"1", 1}, {"1/1", 1}, {"1/1000", 1000}, {"1/100000000", 100000000}};
    vane_config config = {.struct_size = sizeof config, .verify = 7};
    expect_ok(&config);
    ck_assert_uint_eq(s.verify, 7);
    vane__settings_free(&s);
    setenv("VANE_VERIFY", good[_i].text, 1);
    expect_ok(&config);
    ck_assert_uint_eq(s.verify, good[_i].every);
    config.verify = 100000001;
    unsetenv("VANE_VERIFY");
    vane__settings_free(&s);
    expect_error(&config, "config.verify is 100000001");
}
END_TEST

static const char *const bad_ops[] = {"matmul", "=avx2",   "matmul=", "a=b=c",
                                      "a=b,c",  "a=b, =c", "a= ,b=c", "a==b"};
START_TEST(malformed_ops)
{
    setenv("VANE_OPS", bad_ops[_i], 1);
    expect_error(NULL, "VANE_OPS has \"");
    unsetenv("VANE_OPS");
    vane_config config = {.struct_size = sizeof config, .ops = bad_ops[_i]};
    expect_error(&config, "config.ops has \"");
}
END_TEST

START_TEST(a_cache_is_a_whole_path)
{
    vane_config config = {.struct_size = sizeof config, .cache = "mine"};
    expect_error(&config, "config.cache is \"mine\", expected a folder's whole path");
    setenv("VANE_CACHE", "./x", 1);
    expect_error(NULL, "VANE_CACHE is \"./x\"");
    setenv("VANE_CACHE", "0", 1);
    expect_ok(&config);
    ck_assert_str_eq(s.cache, "0");
    setenv("VANE_CACHE", "/x", 1);
    vane__settings_free(&s);
    expect_ok(&config);
    ck_assert_str_eq(s.cache, "/x");
}
END_TEST

START_TEST(what_is_optimised)
{
    expect_ok(NULL);
    ck_assert_uint_eq(s.objective, VANE_OBJECTIVE_TIME);
    vane__settings_free(&s);
    vane_config config = {.struct_size = sizeof config, .optimize = "energy"};
    expect_ok(&config);
    ck_assert_uint_eq(s.objective, VANE_OBJECTIVE_ENERGY);
    vane__settings_free(&s);
    setenv("VANE_OPTIMIZE", "time", 1);
    expect_ok(&config);
    ck_assert_uint_eq(s.objective, VANE_OBJECTIVE_TIME);
    vane__settings_free(&s);
    setenv("VANE_OPTIMIZE", "Energy", 1);
    expect_error(&config, "VANE_OPTIMIZE is \"Energy\", expected time or energy");
    unsetenv("VANE_OPTIMIZE");
    config.optimize = "time,energy";
    expect_error(&config, "config.optimize is \"time,energy\"");
}
END_TEST

START_TEST(too_long_texts)
{
    char *text = malloc(65538);
    memset(text, 'a', 65537);
    text[65537] = '\0';
    vane_config config = {.struct_size = sizeof config, .prefer = text};
    expect_error(&config, "config.prefer is longer than 65536 bytes");
    setenv("VANE_EXCLUDE", text, 1);
    expect_error(NULL, "VANE_EXCLUDE is longer");
    unsetenv("VANE_EXCLUDE");
    text[65536] = '\0';
    expect_ok(&config);
    ck_assert_uint_eq(strlen(s.prefer), 65536);
    free(text);
}
END_TEST

/* ---- lists --------------------------------------------------------------------- */

START_TEST(list_has)
{
    ck_assert(vane__list_has("a,b", "a"));
    ck_assert(vane__list_has(" a , b\t", "b"));
    ck_assert(vane__list_has("cpu*", "cpu-avx2"));
    ck_assert(vane__list_has("x,*", "anything"));
    ck_assert(!vane__list_has("", "a"));
    ck_assert(!vane__list_has(" , ,", ""));
    ck_assert(!vane__list_has("ab,ba", "a"));
    ck_assert(!vane__list_has("a", "ab"));
    ck_assert(!vane__list_has("cpu*", "cp"));
}
END_TEST

START_TEST(list_at)
{
    char name[4];
    ck_assert(vane__list_at(",a, bb ,,abcdef", 0, name, sizeof name));
    ck_assert_str_eq(name, "a");
    ck_assert(vane__list_at(",a, bb ,,abcdef", 1, name, sizeof name));
    ck_assert_str_eq(name, "bb");
    ck_assert(vane__list_at(",a, bb ,,abcdef", 2, name, sizeof name));
    ck_assert_str_eq(name, "abc");
    ck_assert(!vane__list_at(",a, bb ,,abcdef", 3, name, sizeof name));
    ck_assert(!vane__list_at("", 0, name, sizeof name));
}
END_TEST

START_TEST(ops_backend)
{
    char name[16] = "untouched";
    static const char ops[] = "matmul=avx2, softmax = scalar ,matmul=late";
    ck_assert(vane__ops_backend(ops, "matmul", name, sizeof name));
    ck_assert_str_eq(name, "avx2");
    ck_assert(vane__ops_backend(ops, "softmax", name, sizeof name));
    ck_assert_str_eq(name, "scalar");
    ck_assert(!vane__ops_backend(ops, "mat", name, sizeof name));
    ck_assert(!vane__ops_backend("", "add", name, sizeof name));
    ck_assert(vane__ops_backend(ops, "softmax", name, 3));
    ck_assert_str_eq(name, "sc");
}
END_TEST

START_TEST(options_of_backends)
{
    setenv("VANE_FAULT_SCRIPT_2", "boom", 1);
    setenv("VANE_A_B_KEY", "dash", 1);
    setenv("VANE_CPU_MASK", "avx2", 1);
    setenv("VANE_SIM_EMPTY", "", 1);
    ck_assert_str_eq(vane__settings_option("fault", "script.2"), "boom");
    ck_assert_str_eq(vane__settings_option("a-b", "key"), "dash");
    ck_assert_ptr_null(vane__settings_option("cpu", "mask"));
    ck_assert_ptr_null(vane__settings_option("sim", "empty"));
    ck_assert_ptr_null(vane__settings_option("sim", "unset"));
    char key[300];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    ck_assert_ptr_null(vane__settings_option("sim", key));
}
END_TEST

#define COUNT(array) ((int)(sizeof array / sizeof array[0]))

static Suite *make_suite(void)
{
    Suite *suite = suite_create("settings");
    TCase *read = tcase_create("read");
    tcase_add_checked_fixture(read, clear_environment, free_settings);
    tcase_add_test(read, defaults);
    tcase_add_test(read, config_is_copied);
    tcase_add_test(read, environment_wins);
    tcase_add_test(read, empty_variable_is_unset);
    tcase_add_test(read, struct_size_zero_is_an_error);
    tcase_add_test(read, short_config_is_read_as_far_as_it_goes);
    tcase_add_test(read, longer_config_is_fine);
    tcase_add_loop_test(read, malformed_threads, 0, COUNT(bad_numbers));
    tcase_add_loop_test(read, good_threads, 0, 4);
    tcase_add_test(read, config_numbers_are_checked);
    tcase_add_test(read, malformed_flags_and_level);
    tcase_add_loop_test(read, malformed_share, 0, COUNT(bad_shares));
    tcase_add_loop_test(read, good_share, 0, 5);
    tcase_add_test(read, what_is_optimised);
    tcase_add_test(read, a_cache_is_a_whole_path);
    tcase_add_loop_test(read, malformed_ops, 0, COUNT(bad_ops));
    tcase_add_test(read, too_long_texts);
    suite_add_tcase(suite, read);
    TCase *lists = tcase_create("lists");
    tcase_add_test(lists, list_has);
    tcase_add_test(lists, list_at);
    tcase_add_test(lists, ops_backend);
    tcase_add_test(lists, options_of_backends);
    suite_add_tcase(suite, lists);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
