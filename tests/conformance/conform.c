/* SPDX-License-Identifier: MIT */
/* conform.c - the run: a context with the plugin and the oracle in it, then group by group. */
#include "conform.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"

static const struct {
    const char *name;
    void (*run)(conform *c);
} groups[] = {
    {"abi", conform_abi},           {"kernels", conform_kernels}, {"memory", conform_memory},
    {"width", conform_width},       {"threads", conform_threads}, {"stream", conform_stream},
    {"sequence", conform_sequence}, {"refusal", conform_refusal}, {"reload", conform_reload}};
enum { N_GROUPS = sizeof groups / sizeof groups[0] };

/* The backend that the load report has for this file. */
static int name_of_file(conform *c, const char *path)
{
    for (uint32_t i = 0; i < vane_report_count(c->ctx); i++) {
        vane_report_line line;
        char real[PATH_MAX];
        if (vane_report_at(c->ctx, i, &line) != VANE_OK || line.is_folder ||
            line.status != VANE_OK || !realpath(line.path, real) || strcmp(real, path) != 0)
            continue;
        snprintf(c->plugin, sizeof c->plugin, "%s", line.backend);
        return 1;
    }
    return 0;
}

static vane_status find_plugin(conform *c, char error[512])
{
    char real[PATH_MAX];
    if (!realpath(c->options->path, real))
        return snprintf(error, 512, "%s: no such file", c->options->path), VANE_E_NOT_FOUND;
    if (name_of_file(c, real))
        return VANE_OK;
    vane_status st = vane_load(c->ctx, real);
    if (st == VANE_OK && name_of_file(c, real))
        return VANE_OK;
    snprintf(error, 512, "%s", vane_last_error()->message);
    return VANE_E_NO_BACKEND;
}

static vane_status find_oracle(conform *c, char error[512])
{
    const char *name;
    vane_device_info d = {.struct_size = sizeof d};
    for (uint32_t i = 0; i < vane_device_count(c->ctx); i++)
        if (vane_device_at(c->ctx, i, &d, &name) == VANE_OK && !strcmp(name, c->oracle))
            return VANE_OK;
    snprintf(error, 512, "the oracle \"%s\" is not loaded; put its plugin on VANE_PLUGIN_PATH",
             c->oracle);
    return VANE_E_NOT_FOUND;
}

static vane_status check_via(conform *c, char error[512])
{
    const conform_options *o = c->options;
    if (!conform_via_parse(o->via, &c->via))
        return snprintf(error, 512, "no way is called \"%s\"; they are host, buffer, stream",
                        o->via),
               VANE_E_ARGUMENT;
    if (o->group && (!strcmp(o->group, "stream") || !strcmp(o->group, "sequence")) && o->via &&
        c->via != CONFORM_VIA_STREAM)
        return snprintf(error, 512, "the group %s has no calls by way of the %s", o->group, o->via),
               VANE_E_ARGUMENT;
    return VANE_OK;
}

static vane_status check_wishes(const conform *c, char error[512])
{
    const conform_options *o = c->options;
    vane_op_info info;
    uint32_t dtype;
    if (o->op && vane_op_find(c->ctx, o->op, &info) != VANE_OK)
        return snprintf(error, 512, "no op is called \"%s\"", o->op), VANE_E_ARGUMENT;
    if (o->dtype && vane_dtype_parse(o->dtype, &dtype) != VANE_OK)
        return snprintf(error, 512, "no data type is called \"%s\"", o->dtype), VANE_E_ARGUMENT;
    if (o->op && o->dtype && !(info.dtypes >> dtype & 1))
        return snprintf(error, 512, "%s has no %s", o->op, o->dtype), VANE_E_ARGUMENT;
    for (int i = 0; o->group && i < N_GROUPS; i++)
        if (!strcmp(o->group, groups[i].name))
            return VANE_OK;
    if (o->group)
        return snprintf(error, 512,
                        "no group is called \"%s\"; they are abi, kernels, memory, "
                        "width, threads, stream, refusal, reload",
                        o->group),
               VANE_E_ARGUMENT;
    return VANE_OK;
}

static vane_status open_context(conform *c, char error[512])
{
    vane_config config = {.struct_size = sizeof config, .allow_empty = 1};
    vane_machine machine = {.struct_size = sizeof machine};
    vane_status st = vane_open(&config, &c->ctx);
    if (st != VANE_OK)
        return snprintf(error, 512, "%s", vane_last_error()->message), st;
    st = check_via(c, error);
    if (st == VANE_OK)
        st = check_wishes(c, error);
    if (st == VANE_OK)
        st = find_plugin(c, error);
    if (st == VANE_OK)
        st = find_oracle(c, error);
    if (st == VANE_OK && (st = vane_set_priority(c->ctx, c->plugin)) != VANE_OK)
        snprintf(error, 512, "%s", vane_last_error()->message);
    if (st == VANE_OK)
        conform_lanes_open(&c->lanes, c->ctx, c->plugin);
    c->same = !strcmp(c->plugin, c->oracle);
    c->threads = vane_machine_get(c->ctx, &machine) == VANE_OK ? machine.threads : 1;
    return st;
}

vane_status conform_run(const conform_options *options, conform_count *out, char error[512])
{
    conform c = {.options = options, .oracle = options->oracle ? options->oracle : "scalar"};
    *out = (conform_count){0};
    vane_status st = conform_report_open(&c.report, options, error);
    if (st == VANE_OK)
        st = open_context(&c, error);
    if (st == VANE_OK)
        conform_note(&c.report, "plugin %s, oracle %s, seed %llu%s%s%s", c.plugin, c.oracle,
                     (unsigned long long)options->seed, options->quick ? ", quick" : "",
                     options->via ? ", via " : "", options->via ? options->via : "");
    for (int i = 0; st == VANE_OK && i < N_GROUPS; i++)
        if (!options->group || !strcmp(options->group, groups[i].name))
            groups[i].run(&c);
    conform_lanes_close(&c.lanes);
    *out = c.report.total;
    vane_close(c.ctx);
    conform_report_close(&c.report);
    return st;
}
