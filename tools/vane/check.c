/* SPDX-License-Identifier: MIT */
/* check.c - vane check: the conformance suite on one plugin file, as text, TAP or JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "conform.h"
#include "json.h"

typedef struct printer {
    int tap, verbose, list;
    json *json; /* NULL: not JSON */
    uint64_t points;
    const char *group;
    conform_count in_group;
} printer;

static const char *kind_name(conform_kind k)
{
    static const char *const names[] = {"note", "fail", "skip", "unit"};
    return names[k];
}

/* "kernels add f32" */
static void name_of(const conform_event *e, char out[96])
{
    snprintf(out, 96, "%s%s%s%s%s", e->group, e->op[0] ? " " : "", e->op, e->dtype[0] ? " " : "",
             e->dtype);
}

static void group_end(printer *p)
{
    if (p->group && !p->list)
        printf("%-8s %" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " skipped\n", p->group,
               p->in_group.passed, p->in_group.failed, p->in_group.skipped);
    fflush(stdout);
}

static void text_unit(printer *p, const conform_event *e, const char *name)
{
    if (!p->group || strcmp(p->group, e->group) != 0) {
        group_end(p);
        p->group = e->group;
        p->in_group = (conform_count){0};
    }
    p->in_group.passed += e->count.passed;
    p->in_group.failed += e->count.failed;
    p->in_group.skipped += e->count.skipped;
    if (p->list)
        puts(name);
    else if (e->count.failed > CONFORM_LINES || p->verbose)
        printf("  %s: %" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " skipped\n", name,
               e->count.passed, e->count.failed, e->count.skipped);
}

static void text_event(printer *p, const conform_event *e)
{
    char name[96];
    name_of(e, name);
    if (e->kind == CONFORM_UNIT)
        text_unit(p, e, name);
    else if (e->kind == CONFORM_NOTE)
        puts(e->text);
    else
        printf("%s %s %s\n", e->kind == CONFORM_FAIL ? "FAIL" : "skip", name, e->text);
}

static void tap_event(printer *p, const conform_event *e)
{
    char name[96];
    name_of(e, name);
    if (e->kind != CONFORM_UNIT) {
        printf("# %s %s %s\n", kind_name(e->kind), name, e->text);
        return;
    }
    printf("%s %" PRIu64 " - %s, %" PRIu64 " cases%s\n", e->count.failed ? "not ok" : "ok",
           ++p->points, name, e->count.passed + e->count.failed,
           e->count.passed || e->count.failed ? "" : " # SKIP");
}

static void json_event(json *j, const conform_event *e)
{
    json_object(j, NULL);
    json_text(j, "kind", kind_name(e->kind));
    json_text(j, "group", e->group);
    json_text(j, "op", e->op);
    json_text(j, "dtype", e->dtype);
    if (e->kind == CONFORM_UNIT) {
        json_unsigned(j, "passed", e->count.passed);
        json_unsigned(j, "failed", e->count.failed);
        json_unsigned(j, "skipped", e->count.skipped);
    } else {
        json_text(j, "text", e->text);
    }
    json_close(j);
}

static void event(void *arg, const conform_event *e)
{
    printer *p = arg;
    if (p->json)
        json_event(p->json, e);
    else if (p->tap)
        tap_event(p, e);
    else
        text_event(p, e);
}

static int finish(printer *p, const conform_count *n)
{
    if (p->json) {
        json_close(p->json);
        json_unsigned(p->json, "passed", n->passed);
        json_unsigned(p->json, "failed", n->failed);
        json_unsigned(p->json, "skipped", n->skipped);
        json_end(p->json);
    } else if (!p->list) {
        if (p->tap)
            printf("1..%" PRIu64 "\n# ", p->points);
        else
            group_end(p);
        printf("%" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " skipped\n", n->passed,
               n->failed, n->skipped);
    }
    return n->failed || (!n->passed && !p->list) ? CLI_FAILED : CLI_OK;
}

/* What was asked for is wrong, or it could not start. */
static int refused(vane_status st, const char *error)
{
    return st == VANE_E_ARGUMENT ? cli_usage("check: %s", error) : cli_fail("check: %s", error);
}

static int run(printer *p, conform_options *o, int as_json)
{
    char error[512];
    conform_count n;
    json j;
    o->event = event;
    o->arg = p;
    if (as_json) {
        json_begin(&j, stdout);
        json_object(&j, NULL);
        json_text(&j, "plugin", o->path);
        json_unsigned(&j, "seed", o->seed);
        json_array(&j, "events");
        p->json = &j;
    }
    vane_status st = conform_run(o, &n, error);
    if (st == VANE_OK)
        return finish(p, &n);
    if (as_json)
        json_end(&j);
    return refused(st, error);
}

int cmd_check(int argc, char **argv)
{
    conform_options o = {.seed = 1};
    printer p = {0};
    const char *seed = NULL;
    const args_option options[] = {
        {"op", 0, "NAME", "only this operation", NULL, &o.op, NULL},
        {"dtype", 0, "TYPE", "only this data type", NULL, &o.dtype, NULL},
        {"group", 0, "NAME", "abi, kernels, memory, width, threads, stream, refusal or reload",
         NULL, &o.group, NULL},
        {"oracle", 0, "BACKEND", "the backend that is right (default scalar)", NULL, &o.oracle,
         NULL},
        {"via", 0, "WAY",
         "every call by way of host memory, a buffer or a stream: host, buffer, stream", NULL,
         &o.via, NULL},
        {"seed", 0, "N", "of the operands' numbers (default 1)", NULL, &seed, NULL},
        {"skip-file", 0, "FILE", "cases that may fail: 'pattern: reason' lines", NULL, &o.skip_file,
         NULL},
        {"quick", 0, NULL, "fewer sizes and layouts", &o.quick, NULL, NULL},
        {"list", 0, NULL, "name what would be run", &o.list, NULL, NULL},
        {"tap", 0, NULL, "print TAP", &p.tap, NULL, NULL},
        {"verbose", 'v', NULL, "a line for each operation and data type", &p.verbose, NULL, NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {
        .usage = "vane check PLUGIN.so [OPTION...]",
        .about =
            "Judges a plugin by the conformance suite: its file and devices, every operation\n"
            "against the oracle, the memory around its outputs, thread widths, streams, reloading.",
        .options = options};
    /* a judge does not learn on the side, and does not keep what it saw of a suspect */
    setenv("VANE_POLICY", "heuristic", 0);
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    if (a.count != 1)
        return cli_usage("check takes one plugin file, got %d arguments", a.count);
    if (seed) {
        char *end;
        errno = 0;
        o.seed = strtoull(seed, &end, 0);
        if (errno || *end || !seed[0] || seed[0] == '-')
            return cli_usage("--seed: '%s' is not a number from 0 to 2^64 - 1", seed);
    }
    if (p.tap && a.json)
        return cli_usage("--tap and --json are two ways to print the same; give one");
    o.path = a.item[0];
    p.list = o.list;
    return run(&p, &o, a.json);
}
