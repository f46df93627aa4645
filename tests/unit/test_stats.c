/* SPDX-License-Identifier: MIT */
/* test_stats.c - counting calls: the API that hands the metrics to a program, the table behind it,
 * texts for any bytes. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "context.h"
#include "kit.h"
#include "telemetry/stats.h"

static vane_context *ctx;
static kit quick;
static char got[65536];

static vane_status keep(void *arg, const char *text, size_t bytes)
{
    ck_assert_ptr_eq(arg, got);
    ck_assert_uint_lt(bytes, sizeof got);
    ck_assert_int_eq(text[bytes], '\0');
    memcpy(got, text, bytes + 1);
    return VANE_OK;
}

static vane_status refuse(void *arg, const char *text, size_t bytes)
{
    (void)arg;
    (void)text;
    (void)bytes;
    return VANE_E_IO;
}

static void open_counting(const char *stats)
{
    vane_config config = kit_config();
    config.stats = stats;
    GOOD(vane_open(&config, &ctx));
    quick = kit_of("quick", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    kit_add(ctx, &quick);
}

static void teardown(void)
{
    vane_close(ctx);
    ctx = NULL;
}

/* The value of the first sample that begins so; -1 none. */
static double sample(const char *begin)
{
    const char *at = strstr(got, begin);
    const char *end = at != NULL ? strchr(at, '\n') : NULL;
    while (end != NULL && end > at && end[-1] != ' ')
        end--;
    return end != NULL ? strtod(end, NULL) : -1;
}

static void *add_100(void *arg)
{
    float x[4] = {1, 2, 3, 4}, y[4];
    vane_tensor a = TENSOR(x, VANE_F32, 4), out = TENSOR(y, VANE_F32, 4);
    for (int i = 0; i < 100; i++)
        GOOD(vane_add(ctx, &a, &a, &out));
    return arg;
}

START_TEST(a_program_serves_them)
{
    float x[4] = {1, 2, 3, 4}, y[4];
    vane_tensor a = TENSOR(x, VANE_F32, 4), out = TENSOR(y, VANE_F32, 4);
    open_counting("-");
    GOOD(vane_stats_write(ctx, keep, got));
    ck_assert_ptr_null(strstr(got, "vane_calls_total{"));
    add_100(NULL);
    GOOD(vane_stats_write(ctx, keep, got));
    ck_assert(sample("vane_calls_total{op=\"add\",dtype=\"f32\",backend=\"quick\",device=\"kit\","
                     "width=\"1\"}") == 100);
    quick.mode = KIT_FAILS; /* and another takes over */
    GOOD(vane_neg(ctx, &a, &out));
    GOOD(vane_stats_write(ctx, keep, got));
    ck_assert(sample("vane_fallbacks_total{op=\"neg\",dtype=\"f32\",backend=\"quick\"") == 1);
    ck_assert(sample("vane_call_failures_total{op=\"neg\"") == 0);
    GOOD(vane_set_priority(ctx, "quick"));
    vane_options only = {.struct_size = sizeof only, .backend = "quick"};
    const vane_tensor *const in[] = {&a, &a};
    vane_tensor *const outs[] = {&out};
    ck_assert_int_eq(vane_run(ctx, VANE_OP_NEG, in, 1, outs, 1, NULL, &only), VANE_E_BUSY);
    GOOD(vane_stats_write(ctx, keep, got));
    ck_assert(sample("vane_fallbacks_total{op=\"neg\"") == 1); /* nobody computed this one */
    ck_assert(sample("vane_call_failures_total{op=\"neg\",dtype=\"f32\",backend=\"none\"") == 1);
}
END_TEST

START_TEST(refusals)
{
    open_counting(NULL);
    ck_assert_int_eq(vane_stats_write(ctx, keep, got), VANE_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(vane_last_error()->message, "VANE_STATS"));
    vane_close(ctx);
    open_counting("-");
    ck_assert_int_eq(vane_stats_write(ctx, NULL, got), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_stats_write(NULL, keep, got), VANE_E_ARGUMENT);
    ck_assert_int_eq(vane_stats_write(ctx, refuse, got), VANE_E_IO);
}
END_TEST

START_TEST(many_threads_lose_nothing)
{
    pthread_t threads[24]; /* more than there are shards */
    vane_config config = kit_config();
    config.stats = "-";
    GOOD(vane_open(&config, &ctx)); /* the kit's kernel is for one thread */
    for (int i = 0; i < 24; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_100, NULL), 0);
    for (int i = 0; i < 5; i++)
        GOOD(vane_stats_write(ctx, keep, got));
    for (int i = 0; i < 24; i++)
        pthread_join(threads[i], NULL);
    GOOD(vane_stats_write(ctx, keep, got));
    ck_assert(sample("vane_calls_total{op=\"add\"") == 2400);
    ck_assert(sample("vane_flops_total{op=\"add\"") == 9600);
    ck_assert(sample("vane_bytes_total{op=\"add\"") == 2400 * 48);
}
END_TEST

START_TEST(a_child_begins_at_zero)
{
    open_counting("-");
    add_100(NULL);
    pid_t child = fork();
    if (child == 0) {
        int right =
            vane_stats_write(ctx, keep, got) == VANE_OK && strstr(got, "vane_calls_total{") == NULL;
        add_100(NULL);
        right = right && vane_stats_write(ctx, keep, got) == VANE_OK &&
                sample("vane_calls_total{op=\"add\"") == 100;
        _exit(right ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    ck_assert_int_eq(status, 0);
    GOOD(vane_stats_write(ctx, keep, got));
    ck_assert(sample("vane_calls_total{op=\"add\"") == 100);
}
END_TEST

/* What a reference body calls is counted beside the call that it serves. */
static vane_status calls_add(const vane_kernel *self, const vane_call *call)
{
    (void)self;
    kit_compute(&(vane_call){
        .op = VANE_OP_COPY, .n_in = 1, .n_arg = 2, .arg = {call->arg[0], call->arg[1]}});
    add_100(NULL);
    return VANE_OK;
}

START_TEST(calls_within_calls)
{
    float x[4] = {1, 2, 3, 4}, y[4];
    vane_tensor a = TENSOR(x, VANE_F32, 4), out = TENSOR(y, VANE_F32, 4);
    const vane_tensor *const in[] = {&a};
    vane_tensor *const outs[] = {&out};
    vane_op_desc desc = {.struct_size = sizeof desc,
                         .n_in = 1,
                         .n_out = 1,
                         .dtypes = 1,
                         .name = "test.outer",
                         .about = "calls add",
                         .reference = calls_add};
    uint32_t op;
    vane_config config = kit_config();
    config.stats = "-";
    GOOD(vane_open(&config, &ctx));
    GOOD(vane_op_register(ctx, &desc, &op));
    GOOD(vane_run(ctx, op, in, 1, outs, 1, NULL, NULL));
    GOOD(vane_stats_write(ctx, keep, got));
    ck_assert(sample("vane_calls_total{op=\"test.outer\",dtype=\"f32\",backend=\"program\"") == 1);
    ck_assert(sample("vane_calls_total{op=\"add\"") == 100);
}
END_TEST

/* ---- the parts --------------------------------------------------------------------- */

START_TEST(a_table_grows)
{
    static vane__op ops[1000];
    vane__tallies t = {0};
    uint64_t calls = 0;
    for (uint32_t round = 0; round < 3; round++)
        for (uint32_t i = 0; i < 1000; i++)
            vane__tallies_count(
                &t, &(vane__tally){.op = &ops[i], .dtype = i % 9, .width = i % 3, .calls = i + 1});
    ck_assert_uint_eq(t.used, 1000);
    for (uint32_t at = 0; at < t.room; at++) {
        if (t.slots[at].op == NULL)
            continue;
        ck_assert_uint_eq(t.slots[at].calls, 3 * (uint64_t)(t.slots[at].op - ops + 1));
        calls += t.slots[at].calls;
    }
    ck_assert_uint_eq(calls, 3 * 1000 * 1001 / 2);
    vane__tallies_clear(&t);
    ck_assert_uint_eq(t.used, 0);
    vane__tallies_free(&t);
}
END_TEST

static void expect_text(vane__text *t, const char *want)
{
    ck_assert(!t->failed);
    vane__text_add(t, "", 1);
    ck_assert_str_eq(t->at, want);
    vane__text_free(t);
}

START_TEST(texts)
{
    vane__text t = {0};
    vane__text_json(&t, "a\"\\\n\x7f\xc3\xa4\xff\xed\xa0\x80z");
    expect_text(&t, "\"a\\\"\\\\\\u000a\\u007f\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                    "\xef\xbf\xbdz\"");
    vane__text_label(&t, "a\"\\\nb\tc\xc3");
    expect_text(&t, "\"a\\\"\\\\\\nb\tc\xef\xbf\xbd\"");
    vane__text_number(&t, INT64_MIN);
    vane__text_put(&t, " ");
    vane__text_milli(&t, 12005);
    vane__text_put(&t, " ");
    vane__text_real(&t, 3e18);
    vane__text_put(&t, " ");
    vane__text_real(&t, 0.1);
    vane__text_put(&t, " ");
    vane__text_real(&t, 0.0 / (double)(t.used - t.used));
    expect_text(&t, "-9223372036854775808 12.005 3e+18 0.10000000000000001 0");
    char few[8];
    t = vane__text_over(few, sizeof few);
    vane__text_put(&t, "12345678");
    ck_assert(!t.failed);
    vane__text_put(&t, "9");
    ck_assert(t.failed);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stats");
    TCase *t = tcase_create("stats");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, a_program_serves_them);
    tcase_add_test(t, refusals);
    tcase_add_test(t, many_threads_lose_nothing);
    tcase_add_test(t, a_child_begins_at_zero);
    tcase_add_test(t, calls_within_calls);
    tcase_add_test(t, a_table_grows);
    tcase_add_test(t, texts);
    suite_add_tcase(s, t);
    return kit_main(s);
}
