/* SPDX-License-Identifier: MIT */
/* bench_device_rows.c - what was measured on a device: a table, or one line of JSON each. */
#include <math.h>
#include <stdio.h>

#include "bench_device.h"
#include "text.h"

void bench_device_rows_begin(bench_device_rows *r, int wants_json)
{
    *r = (bench_device_rows){.wants_json = wants_json};
}

static void json_row(const bench_device *d, const bench_device_row *row, const bench_thing *t)
{
    double ns = t->count ? t->median_ns : (double)NAN;
    json j;
    json_begin_line(&j, stdout);
    json_object(&j, NULL);
    json_text(&j, "kind", row->kind);
    json_text(&j, "what", row->what);
    json_text(&j, "name", t->name);
    json_text(&j, "dtype", row->dtype);
    json_text(&j, "shape", row->shape);
    json_text(&j, "backend", d->backend);
    json_text(&j, "device", d->info.name);
    json_text(&j, "id", d->info.id);
    json_text(&j, "driver", d->info.driver);
    json_real(&j, "median_ns", ns);
    json_real(&j, "best_ns", t->count ? t->best_ns : (double)NAN);
    json_integer(&j, "samples", t->count);
    json_unsigned(&j, "times_per_sample", t->batch);
    json_real(&j, "bytes", row->bytes);
    json_real(&j, "flops", row->flops);
    json_real(&j, "gb_per_s", row->bytes / ns);
    json_real(&j, "gflop_per_s", row->flops / ns);
    json_real(&j, "learned_ns", row->learned_ns > 0 ? row->learned_ns : (double)NAN);
    if (row->chosen < 0)
        json_null(&j, "chosen");
    else
        json_boolean(&j, "chosen", row->chosen);
    json_boolean(&j, "settled", row->settled);
    json_text(&j, "result", bench_result_text(t->result));
    json_text(&j, "why", t->why[0] ? t->why : NULL);
    json_end(&j);
    fflush(stdout); /* a long run should be watchable */
}

static void table_row(table *t, const bench_device_row *row, const bench_thing *thing)
{
    double ns = thing->count ? thing->median_ns : (double)NAN;
    table_cell(t, "%s", row->what);
    table_cell(t, "%s", row->dtype ? row->dtype : "");
    table_cell(t, "%s", row->shape ? row->shape : text_bytes(row->bytes).s);
    table_cell(t, "%s%s", thing->name, row->chosen > 0 ? row->settled ? " *" : " ~" : "");
    table_cell(t, "%s", thing->count ? text_ns(ns).s : "-");
    table_cell(t, "%s", row->bytes > 0 ? text_figure(row->bytes / ns).s : "");
    table_cell(t, "%s", row->flops > 0 ? text_figure(row->flops / ns).s : "");
    table_cell(t, "%s%s%s", bench_result_text(thing->result), thing->why[0] ? ": " : "",
               thing->why);
}

void bench_device_row_add(bench_device_rows *r, const bench_device *d, const bench_device_row *row,
                          const bench_thing *t)
{
    if (!r->wants_json && !r->count) {
        printf("%s (%s, driver %s), operands in its memory\n\n", d->info.name, d->backend,
               d->info.driver[0] ? d->info.driver : "unknown");
        table_begin(&r->table, "lllrrrrl", "what|dtype|shape|kernel|time|GB/s|GFLOP/s|result");
    }
    if (r->wants_json)
        json_row(d, row, t);
    else
        table_row(&r->table, row, t);
    r->count++;
    r->several |= row->chosen >= 0;
    r->wrong += t->result == BENCH_WRONG;
    r->failed += t->result == BENCH_FAILED;
}

void bench_device_rows_end(bench_device_rows *r)
{
    if (r->wants_json || !r->count)
        return;
    table_end(&r->table, stdout, 0);
    if (r->several)
        puts("\n* whom the policy takes where there are several; ~ so far, it is not sure yet");
}
