/* SPDX-License-Identifier: MIT */
/* bench_device_open.c - one device in three contexts: beside all others, under the user's policy,
 * and under one that takes the kernel it is told.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_device.h"
#include "cli.h"

#define PICK "vane-pick.so"

/* ---- which device ------------------------------------------------------------------------ */

static int is_wanted(const vane_device_info *info, const char *name, const char *backend,
                     const char *id)
{
    if (info->caps & VANE_CAP_HOST_MEM)
        return 0;
    return (!backend || !strcmp(backend, name)) && (!id || !strcmp(id, info->id));
}

static int find(bench_device *d, const char *backend, const char *id)
{
    const char *name;
    for (uint32_t i = 0; i < vane_device_count(d->all); i++) {
        vane_device_info info = {.struct_size = sizeof info};
        if (vane_device_at(d->all, i, &info, &name) != VANE_OK ||
            !is_wanted(&info, name, backend, id))
            continue;
        d->info = info;
        snprintf(d->backend, sizeof d->backend, "%s", name);
        return CLI_OK;
    }
    return cli_fail("no device with memory of its own here%s%s%s%s; vane info lists all",
                    backend ? ", of the backend " : "", backend ? backend : "",
                    id ? ", with the id " : "", id ? id : "");
}

static void find_plugin(bench_device *d)
{
    vane_report_line line;
    for (uint32_t i = 0; i < vane_report_count(d->all); i++)
        if (vane_report_at(d->all, i, &line) == VANE_OK && line.status == VANE_OK &&
            !line.is_folder && !strcmp(line.backend, d->backend))
            snprintf(d->plugin, sizeof d->plugin, "%s", line.path);
}

/* ---- the other contexts -------------------------------------------------------------------- */

static int open_alone(bench_device *d, const char *policy, vane_context **ctx, uint32_t *at)
{
    vane_config config = {
        .struct_size = sizeof config, .backend = d->backend, .policy = policy, .cache = "0"};
    if (vane_open(&config, ctx) != VANE_OK)
        return cli_error();
    for (*at = 0; *at < vane_device_count(*ctx); ++*at) {
        vane_device_info info = {.struct_size = sizeof info};
        if (vane_device_at(*ctx, *at, &info, NULL) == VANE_OK && !strcmp(info.id, d->info.id))
            return CLI_OK;
    }
    return cli_fail("%s is gone", d->info.name);
}

/* The file that the core maps for the policy's name is this one: one copy of the wish. */
static int open_pick(bench_device *d)
{
    int rc = cli_beside(PICK, d->pick_path, sizeof d->pick_path);
    if (!rc && access(d->pick_path, R_OK) != 0)
        rc = cli_beside("../" VANE_TOOL_LIBDIR "/vane/" PICK, d->pick_path, sizeof d->pick_path);
    if (rc)
        return rc;
    void *lib = dlopen(d->pick_path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (lib) {
        d->wish = dlsym(lib, "vane_pick");
        dlclose(lib);
    }
    if (!d->wish)
        return cli_fail("cannot open the policy that takes what it is told: %s",
                        lib ? "it has no vane_pick" : dlerror());
    snprintf(d->wish->device, sizeof d->wish->device, "%s", d->info.id);
    return open_alone(d, d->pick_path, &d->picked, &d->picked_at);
}

int bench_device_open(bench_device *d, const char *backend, const char *id)
{
    int rc = cli_open(&d->all, 0);
    if (!rc)
        rc = find(d, backend, id);
    if (rc)
        return rc;
    find_plugin(d);
    setenv("VANE_BACKEND", d->backend, 1); /* what is open is not asked again */
    rc = open_alone(d, NULL, &d->usual, &d->usual_at);
    unsetenv("VANE_POLICY"); /* or it would be the last word in the next one too */
    return rc ? rc : open_pick(d);
}

void bench_device_close(bench_device *d)
{
    vane_close(d->picked);
    vane_close(d->usual);
    vane_close(d->all);
}

/* To name the same policy again changes nothing: another one comes between. */
int bench_device_pick(bench_device *d, const char *kernel)
{
    if (!strcmp(d->wish->kernel, kernel))
        return CLI_OK;
    snprintf(d->wish->kernel, sizeof d->wish->kernel, "%s", kernel);
    if (vane_set_policy(d->picked, "fixed") != VANE_OK ||
        vane_set_policy(d->picked, d->pick_path) != VANE_OK)
        return cli_error();
    return CLI_OK;
}
