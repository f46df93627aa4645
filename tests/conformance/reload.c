/* SPDX-License-Identifier: MIT */
/* reload.c - the plugin opened and closed again and again, working each time and leaving
 * nothing behind: no thread, no file. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "groups.h"

enum { ROUNDS = 20 };

static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static int is_loaded(vane_context *ctx, const char *name)
{
    for (uint32_t i = 0; i < vane_report_count(ctx); i++) {
        vane_report_line line;
        if (vane_report_at(ctx, i, &line) == VANE_OK && !line.is_folder && line.status == VANE_OK &&
            !strcmp(line.backend, name))
            return 1;
    }
    return 0;
}

/* Any call that the plugin can do: adding, or whatever comes first. why: "" or what went
 * wrong. */
static void use(const conform *c, vane_context *ctx, char why[512])
{
    const int64_t shape[] = {8};
    for (uint32_t op = 0; op < VANE_OP_COUNT; op++)
        for (uint32_t dtype = 0; dtype < VANE_DTYPE_COUNT; dtype++) {
            uint64_t a[8] = {0}, out[8];
            vane_op_info info;
            if (vane_op_at(ctx, op, &info) != VANE_OK || strcmp(info.shape, "ELEMENTWISE") != 0 ||
                !(info.dtypes >> dtype & 1) || info.op == VANE_OP_WHERE || info.min_in == 0 ||
                !conform_wanted(c, info.name, dtype))
                continue;
            vane_tensor x = vane_tensor_of(a, (vane_dtype)dtype, 1, shape);
            vane_tensor y = vane_tensor_of(out, (vane_dtype)dtype, 1, shape);
            const vane_tensor *in[] = {&x, &x, &x};
            vane_tensor *const outs[] = {&y};
            vane_options o = {.struct_size = sizeof o, .backend = c->plugin};
            if (!strcmp(info.out, "BOOL"))
                y.dtype = VANE_BOOL;
            vane_status st = vane_run(ctx, info.op, in, info.min_in, outs, 1, NULL, &o);
            if (st == VANE_E_UNSUPPORTED)
                continue;
            if (st != VANE_OK)
                snprintf(why, 512, "%s: %s", info.name, vane_last_error()->message);
            return;
        }
}

static void once(conform *c, char why[512])
{
    vane_config config = {.struct_size = sizeof config, .allow_empty = 1};
    vane_context *ctx;
    why[0] = '\0';
    if (vane_open(&config, &ctx) != VANE_OK) {
        snprintf(why, 512, "vane_open: %s", vane_last_error()->message);
        return;
    }
    if (!is_loaded(ctx, c->plugin) && vane_load(ctx, c->options->path) != VANE_OK)
        snprintf(why, 512, "vane_load: %s", vane_last_error()->message);
    else
        use(c, ctx, why);
    vane_close(ctx);
}

void conform_reload(conform *c)
{
    int files = 0, tasks = 0;
    conform_unit_begin(&c->report, "reload", "", "");
    for (int i = 0; i < ROUNDS && !c->options->list; i++) {
        char why[512], label[40];
        once(c, why);
        snprintf(label, sizeof label, "round %d", i + 1);
        if (i == 0) {
            files = entries("/proc/self/fd");
            tasks = entries("/proc/self/task");
        } else if (!why[0] && entries("/proc/self/fd") > files) {
            snprintf(why, sizeof why, "it leaves a file open");
        } else if (!why[0] && entries("/proc/self/task") > tasks) {
            snprintf(why, sizeof why, "it leaves a thread running");
        }
        if (why[0])
            conform_fail(&c->report, label, "%s", why);
        else
            conform_pass(&c->report, label);
    }
    conform_unit_end(&c->report);
}
