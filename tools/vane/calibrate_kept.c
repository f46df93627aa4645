/* SPDX-License-Identifier: MIT */
/* calibrate_kept.c - what is kept of what was learned: shown, judged, thrown away. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calibrate.h"
#include "cli.h"
#include "json.h"
#include "table.h"
#include "text.h"

typedef struct kept {
    vane_learned_info info;
    vane_learned_entry *entry;
    uint32_t count;
} kept;

/* An exit code, after its error; freed by the caller. */
static int read_kept(vane_context *ctx, kept *k)
{
    memset(k, 0, sizeof *k);
    k->info.struct_size = sizeof k->info;
    if (vane_learned_get(ctx, &k->info) != VANE_OK)
        return cli_error();
    k->entry = calloc((size_t)k->info.entries + 1, sizeof *k->entry);
    if (!k->entry)
        return cli_no_memory();
    if (vane_learned_list(ctx, k->entry, k->info.entries, &k->count) != VANE_OK)
        return cli_error();
    if (k->count > k->info.entries) /* it grew meanwhile */
        k->count = k->info.entries;
    return CLI_OK;
}

static uint32_t age_days(const vane_learned_entry *e)
{
    uint64_t now = (uint64_t)time(NULL);
    return e->when_s < now ? (uint32_t)((now - e->when_s) / 86400) : 0;
}

static const char *trust_text(uint32_t trust)
{
    static const char *const texts[] = {"not checked", "right", "oracle", "wrong"};
    return trust < 4 ? texts[trust] : "?";
}

static const char *owner_text(uint32_t owner)
{
    static const char *const texts[] = {"not here", "current", "other build"};
    return owner < 3 ? texts[owner] : "?";
}

/* ---- list ---------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const vane_learned_entry *x = a, *y = b;
    int order = strcmp(x->op, y->op);
    if (!order)
        order = (x->dtype > y->dtype) - (x->dtype < y->dtype);
    if (!order)
        order = (x->size_class > y->size_class) - (x->size_class < y->size_class);
    if (!order)
        order = (x->typical_ns > y->typical_ns) - (x->typical_ns < y->typical_ns);
    return order;
}

static void print_entries(const kept *k)
{
    table t;
    table_begin(&t, "llrlllrrrlrl",
                "op|type|class|backend|device|kernel|threads|takes|samples|result|days|whose");
    for (uint32_t i = 0; i < k->count; i++) {
        const vane_learned_entry *e = &k->entry[i];
        table_cell(&t, "%s", e->op);
        table_cell(&t, "%s", vane_dtype_name(e->dtype));
        table_cell(&t, "%u%s%s", e->size_class, e->pool_hot ? " hot" : "", e->busy ? " busy" : "");
        table_cell(&t, "%s", e->backend);
        table_cell(&t, "%s", e->device);
        table_cell(&t, "%s", e->kernel);
        table_cell(&t, "%u", e->width);
        table_cell(&t, "%s", e->typical_ns > 0 ? text_ns(e->typical_ns).s : "-");
        table_cell(&t, "%u", e->samples);
        table_cell(&t, "%s", trust_text(e->trust));
        table_cell(&t, "%u", age_days(e));
        table_cell(&t, "%s", owner_text(e->owner));
    }
    table_end(&t, stdout, 2);
}

static void json_entry(json *j, const vane_learned_entry *e)
{
    json_object(j, NULL);
    json_text(j, "op", e->op);
    json_text(j, "dtype", vane_dtype_name(e->dtype));
    json_unsigned(j, "size_class", e->size_class);
    json_unsigned(j, "where", e->where);
    json_boolean(j, "pool_hot", (int)e->pool_hot);
    json_boolean(j, "busy", (int)e->busy);
    json_text(j, "backend", e->backend);
    json_text(j, "device", e->device);
    json_text(j, "kernel", e->kernel);
    json_unsigned(j, "threads", e->width);
    json_real(j, "typical_ns", e->typical_ns);
    json_real(j, "spread_ns", e->spread_ns);
    json_unsigned(j, "samples", e->samples);
    json_text(j, "result", trust_text(e->trust));
    json_text(j, "whose", owner_text(e->owner));
    json_unsigned(j, "when_s", e->when_s);
    json_close(j);
}

static void json_info(json *j, const vane_learned_info *info)
{
    json_text(j, "folder", info->folder);
    json_text(j, "file", info->file);
    json_text(j, "identity", info->identity);
    json_unsigned(j, "entries", info->entries);
    json_unsigned(j, "other_files", info->others);
}

int calibrate_list(vane_context *ctx, int wants_json)
{
    kept k;
    json j;
    int rc = read_kept(ctx, &k);
    if (!rc && wants_json) {
        json_begin(&j, stdout);
        json_object(&j, NULL);
        json_info(&j, &k.info);
        json_array(&j, "learned");
        for (uint32_t i = 0; i < k.count; i++)
            json_entry(&j, &k.entry[i]);
        json_end(&j);
    } else if (!rc) {
        printf("%s/%s\nfor %s\n%u entries; %u files of other machines or builds\n", k.info.folder,
               k.info.file, k.info.identity, k.count, k.info.others);
        qsort(k.entry, k.count, sizeof *k.entry, by_name);
        if (k.count)
            print_entries(&k);
    }
    free(k.entry);
    return rc;
}

int calibrate_forget(vane_context *ctx, int wants_json)
{
    kept k;
    json j;
    int rc = read_kept(ctx, &k);
    if (!rc && vane_learned_forget(ctx) != VANE_OK)
        rc = cli_error();
    if (!rc && wants_json) {
        json_begin(&j, stdout);
        json_object(&j, NULL);
        json_unsigned(&j, "forgotten", k.count);
        json_end(&j);
    } else if (!rc) {
        printf("%u entries forgotten\n", k.count);
    }
    free(k.entry);
    return rc;
}

/* ---- check --------------------------------------------------------------------------- */

typedef struct verdict {
    cli_names backends; /* of which there are entries, but none of this build */
    uint32_t old, missing, sites;
    char first[96]; /* what is missing */
} verdict;

static int has_current(const kept *k, const char *backend)
{
    for (uint32_t i = 0; i < k->count; i++)
        if (k->entry[i].owner == VANE_LEARNED_CURRENT && !strcmp(k->entry[i].backend, backend))
            return 1;
    return 0;
}

static void judge_entries(const kept *k, uint32_t days, verdict *v)
{
    for (uint32_t i = 0; i < k->count; i++) {
        const vane_learned_entry *e = &k->entry[i];
        v->old += e->owner == VANE_LEARNED_CURRENT && age_days(e) > days;
        if (e->owner == VANE_LEARNED_STALE && !cli_names_has(&v->backends, e->backend) &&
            !has_current(k, e->backend))
            cli_names_add(&v->backends, e->backend);
    }
}

static void judge_sites(vane_context *ctx, const calibrate_site *sites, uint32_t count, verdict *v)
{
    static vane_decision d;
    calibrate_case c;
    for (uint32_t i = 0; i < count; i++) {
        const calibrate_site *s = &sites[i];
        if (!calibrate_case_make(ctx, s, &c) || !calibrate_case_ask(ctx, s, &c, &d))
            continue;
        v->sites++;
        if (calibrate_is_known(&d))
            continue;
        if (v->missing++ == 0)
            snprintf(v->first, sizeof v->first, "%s of %s, size class %u", s->op.name,
                     vane_dtype_name(s->dtype), s->size_class);
    }
}

static int is_stale(const kept *k, const verdict *v)
{
    return k->count == 0 || v->backends.count || v->old || v->missing;
}

static void print_verdict(const kept *k, const verdict *v, uint32_t days)
{
    printf("%s/%s\nfor %s\n", k->info.folder, k->info.file, k->info.identity);
    if (k->count == 0)
        printf("nothing was learned for this machine and build yet%s\n",
               k->info.others ? ", but for others" : "");
    if (v->backends.count)
        printf("of another build, version or driver: %s\n", v->backends.text);
    if (v->old)
        printf("%u of %u entries are older than %u days\n", v->old, k->count, days);
    if (v->missing)
        printf("%u of %u sizes of operations are not known, first %s\n", v->missing, v->sites,
               v->first);
    if (!is_stale(k, v))
        printf("%u entries, all %u sizes of operations known: up to date\n", k->count, v->sites);
}

static void print_json(const kept *k, const verdict *v)
{
    json j;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_info(&j, &k->info);
    json_boolean(&j, "stale", is_stale(k, v));
    json_text(&j, "other_builds", v->backends.text);
    json_unsigned(&j, "old_entries", v->old);
    json_unsigned(&j, "sites", v->sites);
    json_unsigned(&j, "missing", v->missing);
    json_end(&j);
}

int calibrate_check(vane_context *ctx, const calibrate_site *sites, uint32_t count, uint32_t days,
                    int wants_json)
{
    kept k;
    verdict v = {.old = 0};
    int rc = read_kept(ctx, &k);
    if (!rc) {
        judge_entries(&k, days, &v);
        judge_sites(ctx, sites, count, &v);
        if (wants_json)
            print_json(&k, &v);
        else
            print_verdict(&k, &v, days);
        if (is_stale(&k, &v))
            rc = cli_fail("what was learned is not up to date; vane calibrate completes it");
    }
    free(k.entry);
    return rc;
}
