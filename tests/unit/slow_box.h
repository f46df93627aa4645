/* SPDX-License-Identifier: MIT */
/* slow_box.h - a box of plugins with slow ones among them, for the tests of deferred opening. */
#ifndef SLOW_BOX_H
#define SLOW_BOX_H

#include <dlfcn.h>
#include <math.h>
#include <sys/wait.h>
#include <time.h>

#include "plugin/deferred.h"
#include "plugin_box.h"

#define DEFERRED "deferred: opened when something needs it"

#pragma GCC diagnostic ignored "-Wunused-function" /* each test uses its own */

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

static void nap(void)
{
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

#endif
