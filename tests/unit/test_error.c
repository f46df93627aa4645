/* SPDX-License-Identifier: MIT */
/* test_error.c - statuses, the thread's last error, log lines and the small OS helpers. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "log.h"
#include "os.h"
#include "scratch.h"

static vane_status fail_as(const char *backend, vane_status status, int64_t code, const char *fmt,
                           ...) VANE_PRINTF(4, 5);
static vane_status fail_as(const char *backend, vane_status status, int64_t code, const char *fmt,
                           ...)
{
    va_list args;
    va_start(args, fmt);
    vane_status result = vane__fail_backend(backend, status, code, fmt, args);
    va_end(args);
    return result;
}

START_TEST(status_names_come_from_the_list)
{
    ck_assert_str_eq(vane_status_name(VANE_OK), "VANE_OK");
    ck_assert_str_eq(vane_status_name(VANE_E_SHAPE), "VANE_E_SHAPE");
    ck_assert_str_eq(vane_status_string(VANE_E_NOMEM), "out of memory");
    ck_assert_int_eq(vane_status_class_of(VANE_OK), VANE_CLASS_NONE);
    ck_assert_int_eq(vane_status_class_of(VANE_E_BUSY), VANE_CLASS_TRANSIENT);
    ck_assert_int_eq(vane_status_class_of(VANE_E_IO), VANE_CLASS_RESOURCE);
    ck_assert_int_eq(vane_status_class_of(VANE_E_SHAPE), VANE_CLASS_PROGRAMMER);
    ck_assert_int_eq(vane_status_class_of(VANE_E_DEVICE_LOST), VANE_CLASS_FATAL);
}
END_TEST

START_TEST(every_status_is_distinct)
{
    static const int all[] = {
#define VALUE(name, value, cls, text) value,
        VANE_STATUS_MAP(VALUE)
#undef VALUE
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        ck_assert_str_ne(vane_status_name((vane_status)all[i]), "VANE_E_UNKNOWN");
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(vane_status_string((vane_status)all[i]),
                             vane_status_string((vane_status)all[j]));
    }
}
END_TEST

START_TEST(unknown_status_is_fatal_and_has_words)
{
    ck_assert_str_eq(vane_status_name((vane_status)-999), "VANE_E_UNKNOWN");
    ck_assert_ptr_nonnull(vane_status_string((vane_status)7));
    ck_assert_int_eq(vane_status_class_of((vane_status)-999), VANE_CLASS_FATAL);
}
END_TEST

START_TEST(version_is_the_headers)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", VANE_VERSION_MAJOR, VANE_VERSION_MINOR,
             VANE_VERSION_PATCH);
    ck_assert_str_eq(vane_version(), text);
}
END_TEST

START_TEST(fail_records_and_returns)
{
    ck_assert_int_eq(vane_last_error()->status, VANE_OK);
    ck_assert_str_eq(vane_last_error()->message, "");
    ck_assert_int_eq(vane__fail(VANE_E_SHAPE, "b has %d rows", 3), VANE_E_SHAPE);
    ck_assert_int_eq(vane_last_error()->status, VANE_E_SHAPE);
    ck_assert_str_eq(vane_last_error()->message, "b has 3 rows");
    ck_assert_str_eq(vane_last_error()->backend, "");
    vane__error_clear();
    ck_assert_int_eq(vane_last_error()->status, VANE_OK);
    ck_assert_str_eq(vane_last_error()->message, "");
}
END_TEST

START_TEST(backend_failure_keeps_name_and_code)
{
    ck_assert_int_eq(fail_as("sim", VANE_E_NOMEM, -61, "alloc(%d)", 5), VANE_E_NOMEM);
    ck_assert_str_eq(vane_last_error()->backend, "sim");
    ck_assert_int_eq(vane_last_error()->native_code, -61);
    ck_assert_str_eq(vane_last_error()->message, "alloc(5)");
    vane__fail(VANE_E_IO, "core's own");
    ck_assert_str_eq(vane_last_error()->backend, "");
    ck_assert_int_eq(vane_last_error()->native_code, 0);
    fail_as("a-name-that-is-far-too-long", VANE_E_IO, 0, "x");
    ck_assert_str_eq(vane_last_error()->backend, "a-name-that-is-");
}
END_TEST

/* A failure must not look like success, nor be a code that callers cannot judge. */
START_TEST(odd_status_becomes_internal)
{
    ck_assert_int_eq(fail_as("sim", VANE_OK, 0, "x"), VANE_E_INTERNAL);
    ck_assert_int_eq(fail_as("sim", (vane_status)-4711, 0, "x"), VANE_E_INTERNAL);
    ck_assert_int_eq(vane_last_error()->status, VANE_E_INTERNAL);
}
END_TEST

START_TEST(message_may_quote_the_old_one)
{
    vane__fail(VANE_E_IO, "inner");
    vane__fail(VANE_E_FORMAT, "outer (%s) and %s", vane_last_error()->message, "more");
    ck_assert_str_eq(vane_last_error()->message, "outer (inner) and more");
}
END_TEST

START_TEST(empty_message_gets_the_status_sentence)
{
    fail_as("sim", VANE_E_BUSY, 0, "%s", "");
    ck_assert_str_eq(vane_last_error()->message, vane_status_string(VANE_E_BUSY));
}
END_TEST

START_TEST(long_message_is_cut_between_characters)
{
    char text[1001];
    for (int shift = 0; shift < 2; shift++) { /* two-byte characters at both alignments */
        memset(text, 'x', sizeof text);
        for (size_t i = (size_t)shift; i + 1 < sizeof text; i += 2)
            memcpy(text + i, "\xc3\xa9", 2);
        text[sizeof text - 1] = '\0';
        vane__fail(VANE_E_IO, "%s", text);
        const char *message = vane_last_error()->message;
        size_t length = strlen(message);
        ck_assert_uint_lt(length, sizeof vane_last_error()->message);
        ck_assert_uint_gt(length, sizeof vane_last_error()->message - 8);
        ck_assert_str_eq(message + length - 3, "...");
        ck_assert_int_eq((unsigned char)message[length - 4], 0xa9);
    }
}
END_TEST

START_TEST(message_that_just_fits_is_whole)
{
    char text[sizeof vane_last_error()->message];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    vane__fail(VANE_E_IO, "%s", text);
    ck_assert_str_eq(vane_last_error()->message, text);
}
END_TEST

START_TEST(fail_keeps_errno)
{
    errno = ENOENT;
    vane__fail(VANE_E_IO, "%ls", L"\x10fffe"); /* no such character in the C locale: EILSEQ */
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_str_eq(vane_last_error()->message, vane_status_string(VANE_E_IO));
}
END_TEST

static void *fail_elsewhere(void *arg)
{
    (void)arg;
    int was_clean = vane_last_error()->status == VANE_OK;
    vane__fail(VANE_E_BUSY, "other thread");
    return was_clean ? (void *)vane_last_error() : NULL;
}

START_TEST(each_thread_has_its_own)
{
    pthread_t thread;
    void *seen = NULL;
    vane__fail(VANE_E_IO, "mine");
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &seen), 0);
    ck_assert_ptr_nonnull(seen);
    ck_assert_str_eq(vane_last_error()->message, "mine");
}
END_TEST

/* ---- log ----------------------------------------------------------------------- */

typedef struct heard {
    int calls, level;
    char line[2048];
} heard;

static void hear(void *arg, int level, const char *line)
{
    heard *h = arg;
    h->calls++;
    h->level = level;
    snprintf(h->line, sizeof h->line, "%s", line);
}

START_TEST(log_filters_by_level)
{
    heard h = {0};
    vane__log log = {VANE_LOG_WARN, hear, &h};
    vane__log_line(&log, VANE_LOG_INFO, "no");
    ck_assert_int_eq(h.calls, 0);
    vane__log_line(&log, VANE_LOG_WARN, "yes %d", 2);
    vane__log_line(&log, VANE_LOG_ERROR, "no more than %s", "this");
    ck_assert_int_eq(h.calls, 2);
    ck_assert_int_eq(h.level, VANE_LOG_ERROR);
    ck_assert_str_eq(h.line, "no more than this");
}
END_TEST

START_TEST(log_line_stays_one_line)
{
    heard h = {0};
    vane__log log = {VANE_LOG_DEBUG, hear, &h};
    vane__log_line(&log, VANE_LOG_INFO, "a\nvane: error: forged\x1b[0m");
    ck_assert_str_eq(h.line, "a?vane: error: forged?[0m");
    char text[5000];
    memset(text, 'z', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    vane__log_line(&log, VANE_LOG_INFO, "%s", text);
    ck_assert_uint_eq(strlen(h.line), 1023);
}
END_TEST

START_TEST(log_level_parse)
{
    int level = -1;
    ck_assert(vane__log_parse("debug", &level) && level == VANE_LOG_DEBUG);
    ck_assert(vane__log_parse("error", &level) && level == VANE_LOG_ERROR);
    ck_assert(vane__log_parse("2", &level) && level == VANE_LOG_INFO);
    static const char *const bad[] = {"", "4", "-1", "22", "WARN", "info ", "loud"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!vane__log_parse(bad[i], &level), "'%s' was taken", bad[i]);
}
END_TEST

START_TEST(log_stderr_writes_prefix_and_newline)
{
    int ends[2], saved = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    vane__log_stderr(NULL, VANE_LOG_WARN, "something");
    dup2(saved, STDERR_FILENO);
    close(ends[1]);
    char text[128] = "";
    ssize_t got = read(ends[0], text, sizeof text - 1);
    ck_assert_int_gt(got, 0);
    ck_assert_str_eq(text, "vane: warning: something\n");
    close(ends[0]);
    close(saved);
}
END_TEST

/* ---- os ------------------------------------------------------------------------ */

START_TEST(alloc_is_aligned)
{
    static const uint64_t aligns[] = {1, 8, 64, 4096, 1 << 21};
    for (size_t i = 0; i < sizeof aligns / sizeof aligns[0]; i++) {
        void *p = vane__alloc(100, aligns[i]);
        ck_assert_ptr_nonnull(p);
        uint64_t align = aligns[i] < 64 ? 64 : aligns[i];
        ck_assert_uint_eq((uintptr_t)p % align, 0);
        memset(p, 0xff, 100);
        vane__free(p);
    }
    void *p = vane__alloc(0, 64);
    ck_assert_ptr_nonnull(p);
    vane__free(p);
    vane__free(NULL);
}
END_TEST

START_TEST(alloc_refuses_nonsense)
{
    ck_assert_ptr_null(vane__alloc(UINT64_MAX, 64));
    ck_assert_ptr_null(vane__alloc(UINT64_MAX - 63, 64));
    ck_assert_ptr_null(vane__alloc(16, 96));
    ck_assert_ptr_null(vane__alloc(16, UINT64_C(1) << 63));
}
END_TEST

START_TEST(clock_moves_forward)
{
    uint64_t first = vane__now_ns();
    usleep(2000);
    uint64_t second = vane__now_ns();
    ck_assert_uint_ge(second - first, 2000000);
    ck_assert_uint_lt(second - first, UINT64_C(60000000000));
}
END_TEST

START_TEST(read_text_is_whole_or_nothing)
{
    char path[SCRATCH_ROOM], out[8];
    int fd = scratch_file(path);
    ck_assert_int_eq(write(fd, "1234567", 7), 7);
    ck_assert_int_eq(vane__read_text(path, out, sizeof out), 0);
    ck_assert_str_eq(out, "1234567");
    ck_assert_int_eq(write(fd, "8", 1), 1);
    ck_assert_int_eq(vane__read_text(path, out, sizeof out), -1);
    ck_assert_str_eq(out, "");
    close(fd);
    unlink(path);
    ck_assert_int_eq(vane__read_text(path, out, sizeof out), -1);
    ck_assert_int_eq(vane__read_text("/", out, sizeof out), -1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("error");
    TCase *status = tcase_create("status");
    tcase_add_test(status, status_names_come_from_the_list);
    tcase_add_test(status, every_status_is_distinct);
    tcase_add_test(status, unknown_status_is_fatal_and_has_words);
    tcase_add_test(status, version_is_the_headers);
    suite_add_tcase(suite, status);
    TCase *error = tcase_create("error");
    tcase_add_checked_fixture(error, vane__error_clear, NULL);
    tcase_add_test(error, fail_records_and_returns);
    tcase_add_test(error, backend_failure_keeps_name_and_code);
    tcase_add_test(error, odd_status_becomes_internal);
    tcase_add_test(error, message_may_quote_the_old_one);
    tcase_add_test(error, empty_message_gets_the_status_sentence);
    tcase_add_test(error, long_message_is_cut_between_characters);
    tcase_add_test(error, message_that_just_fits_is_whole);
    tcase_add_test(error, fail_keeps_errno);
    tcase_add_test(error, each_thread_has_its_own);
    suite_add_tcase(suite, error);
    TCase *log = tcase_create("log");
    tcase_add_test(log, log_filters_by_level);
    tcase_add_test(log, log_line_stays_one_line);
    tcase_add_test(log, log_level_parse);
    tcase_add_test(log, log_stderr_writes_prefix_and_newline);
    suite_add_tcase(suite, log);
    TCase *os = tcase_create("os");
    tcase_add_test(os, alloc_is_aligned);
    tcase_add_test(os, alloc_refuses_nonsense);
    tcase_add_test(os, clock_moves_forward);
    tcase_add_test(os, read_text_is_whole_or_nothing);
    suite_add_tcase(suite, os);
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
