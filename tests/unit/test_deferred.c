/* SPDX-License-Identifier: MIT */
/* test_deferred.c - backends that are slow to open: not mapped until something needs them, in
 * each of the ways in which something can; opened once, by whoever comes first; gone about in
 * words when they fail. */
#include <dlfcn.h>
#include <math.h>
#include <sys/wait.h>
#include <time.h>

#include "plugin/deferred.h"
#include "plugin_box.h"

#define DEFERRED "deferred: opened when something needs it"

/* ---- what there is -------------------------------------------------------------- */

static int is_mapped(const char *file)
{
    char line[PATH_MAX + 128];
    int found = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f))
        found |= strstr(line, file) != NULL;
    fclose(f);
    return found;
}

static void expect_waiting(void)
{
    ck_assert_int_eq(is_mapped("/d/slow.so"), 0);
    ck_assert_int_eq(is_mapped("/d/slow_bad.so"), 0);
}

static void fill(void)
{
    make_folder("d");
    copy_plugin("minimal.so", AT("d/minimal.so"));
    copy_plugin("slow.so", AT("d/slow.so"));
    copy_plugin("slow_bad.so", AT("d/slow_bad.so"));
}

static vane_context *open_full(void)
{
    fill();
    return open_at(AT("d"));
}

/* The lines whose path ends so and whose reason has these words. */
static uint32_t lines_of(const vane_context *ctx, const char *end, const char *words)
{
    vane_report_line line;
    uint32_t hits = 0;
    for (uint32_t i = 0; i < vane_report_count(ctx); i++) {
        ck_assert_int_eq(vane_report_at(ctx, i, &line), VANE_OK);
        hits += ends_with(line.path, end) && strstr(line.reason, words) != NULL;
    }
    return hits;
}

/* What slow.so counted. */
static uint32_t count_of(const char *symbol)
{
    void *dl = dlopen(AT("d/slow.so"), RTLD_NOW | RTLD_NOLOAD);
    if (!dl)
        return 0;
    uint32_t count = atomic_load((atomic_uint *)dlsym(dl, symbol));
    dlclose(dl);
    return count;
}

/* 1 + 2 of three floats, by this backend (NULL: whoever the route says); who it was. */
static vane_status add(vane_context *ctx, const char *backend, char ran[16])
{
    float x[] = {1, 1, 1}, y[] = {2, 2, 2}, z[] = {0, 0, 0};
    int64_t shape[] = {3};
    vane_tensor a = vane_tensor_of(x, VANE_F32, 1, shape), b = a, c = a;
    b.data = y;
    c.data = z;
    const vane_tensor *in[] = {&a, &b};
    vane_tensor *out[] = {&c};
    vane_decision d = {.struct_size = sizeof d};
    vane_options o = {.struct_size = sizeof o, .backend = backend, .decision = &d};
    vane_status st = vane_run(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &o);
    if (st == VANE_OK)
        ck_assert(z[0] == 3 && z[2] == 3);
    if (st == VANE_OK && ran)
        snprintf(ran, 16, "%s", d.candidates[d.ran].backend);
    return st;
}

/* The common path: did slow add? */
static int slow_adds(vane_context *ctx)
{
    float x[] = {1, 2}, y[] = {0, 0};
    vane_tensor a = vane_tensor_of(x, VANE_F32, 1, (const int64_t[]){2}), b = a;
    uint32_t before = count_of("slow_adds");
    b.data = y;
    ck_assert_int_eq(vane_add(ctx, &a, &a, &b), VANE_OK);
    ck_assert(y[0] == 2 && y[1] == 4);
    return count_of("slow_adds") != before;
}

static void expect_said(const char *words)
{
    ck_assert_msg(strstr(vane_last_error()->message, words) != NULL, "\"%s\" lacks \"%s\"",
                  vane_last_error()->message, words);
}

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

static void nap(void)
{
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

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

/* ---- many at once -------------------------------------------------------------------- */

typedef struct asker {
    pthread_t thread;
    vane_context *ctx;
    int how;
    vane_status status;
} asker;

static void *ask(void *arg)
{
    asker *a = arg;
    switch (a->how % 6) {
    case 0:
        a->status = add(a->ctx, "slow", NULL);
        break;
    case 1:
        a->status = vane_backends_open(a->ctx);
        break;
    case 2:
        a->status = vane_device_count(a->ctx) == 2 ? VANE_OK : VANE_E_INTERNAL;
        break;
    case 3:
        a->status = vane_load(a->ctx, AT("d/slow.so"));
        break;
    case 4:
        a->status = vane_set_priority(a->ctx, "slow");
        break;
    default:
        vane__deferred_want(a->ctx, 1e9);
        a->status = add(a->ctx, NULL, NULL);
    }
    return NULL;
}

START_TEST(many_ask_in_two_contexts)
{
    enum { ASKERS = 24 };
    asker askers[ASKERS];
    fill();
    setenv("VANE_SLOW_MS", "20", 1);
    vane_context *ctx[2] = {open_at(AT("d")), open_at(AT("d"))};
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (asker){.ctx = ctx[i & 1], .how = i / 2 + _i};
        ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        ck_assert_int_eq(pthread_join(askers[i].thread, NULL), 0);
        ck_assert_msg(askers[i].status == VANE_OK, "way %d: %d", askers[i].how % 6,
                      askers[i].status);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(vane_backends_open(ctx[i]), VANE_OK);
        ck_assert_uint_eq(lines_of(ctx[i], "/slow.so", "loaded, 1 device"), 1);
        ck_assert_uint_eq(lines_of(ctx[i], "/slow_bad.so", "there is no driver"), 1);
        ck_assert_uint_eq(vane_report_count(ctx[i]), 6);
    }
    ck_assert_uint_eq(count_of("slow_opens"), 2);
    vane_close(ctx[0]);
    vane_close(ctx[1]);
}
END_TEST

/* ---- fork ---------------------------------------------------------------------------- */

/* A child may open what its parent has not, is opening, or has. */
static void child_opens(vane_context *ctx, int how)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(60); /* a lock left behind would hang */
        int good = 1;
        if (how == 0)
            good = add(ctx, "slow", NULL) == VANE_OK;
        else if (how == 1)
            good = vane_backends_open(ctx) == VANE_OK;
        else
            vane__deferred_want(ctx, 1e9);
        while (how == 2 && !is_loaded(ctx, "slow"))
            nap();
        good = good && vane_device_count(ctx) == 2 && is_loaded(ctx, "slow") &&
               vane_set_priority(ctx, "slow") == VANE_OK && add(ctx, NULL, NULL) == VANE_OK;
        vane_close(ctx);
        _exit(good ? 0 : 3);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x", status);
}

START_TEST(a_child_opens_for_itself)
{
    vane_context *ctx = open_full();
    if (_i == 2) /* as if its thread had been started, and came no further */
        atomic_store(&ctx->registry.deferred.armed, 0);
    child_opens(ctx, _i);
    expect_waiting();
    ck_assert_uint_eq(vane_device_count(ctx), 2);
    child_opens(ctx, _i);
    vane_close(ctx);
}
END_TEST

START_TEST(a_fork_amid_the_opening)
{
    fill();
    setenv("VANE_SLOW_MS", "20", 1);
    for (int i = 0; i < 12; i++) {
        vane_context *ctx = open_at(AT("d"));
        vane__deferred_want(ctx, 1e9);
        for (int n = i; n > 0; n--)
            nap();
        child_opens(ctx, i % 3);
        ck_assert_uint_eq(vane_device_count(ctx), 2);
        ck_assert_uint_eq(lines_of(ctx, "/slow.so", "loaded, 1 device"), 1);
        vane_close(ctx);
    }
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
    tcase_add_loop_test(t, many_ask_in_two_contexts, 0, 6);
    tcase_add_loop_test(t, a_child_opens_for_itself, 0, 3);
    tcase_add_test(t, a_fork_amid_the_opening);
    return box_main(s, argc, argv);
}
