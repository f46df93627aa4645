/* SPDX-License-Identifier: MIT */
/* bench_rows.c - prints what the contestants of a case needed, as text or JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "text.h"

static double oracle_ns(const bench_case *c, const bench_contestant *who, int count)
{
    for (int i = 0; i < count; i++)
        if (c->oracle && !strcmp(who[i].backend, c->oracle) && who[i].count)
            return who[i].median_ns;
    return 0;
}

const char *bench_result_text(bench_result r)
{
    static const char *const texts[] = {"ok", "unchecked", "WRONG", "FAILED"};
    return texts[r];
}

static void print_row(const bench_case *c, const bench_contestant *w, double oracle)
{
    double ns = w->count ? w->median_ns : (double)NAN;
    double speed_up = oracle > 0 ? oracle / ns : (double)NAN;
    printf("%-11s  %-5s  %-18s  %-10s  %7u  %9s  %8s  %8s  %9s  %s%s%s\n", c->op.name,
           vane_dtype_name(c->decision.dtype), c->shape, w->backend, w->width,
           w->count ? text_ns(ns).s : "-", text_figure(c->bytes / ns).s,
           text_figure(c->flops / ns).s, text_figure(speed_up).s, bench_result_text(w->result),
           w->why[0] ? ": " : "", w->why);
}

static void json_row(json *j, const bench_case *c, const bench_contestant *w, double oracle)
{
    double ns = w->count ? w->median_ns : (double)NAN;
    json_object(j, NULL);
    json_text(j, "op", c->op.name);
    json_text(j, "dtype", vane_dtype_name(c->decision.dtype));
    json_text(j, "shape", c->shape);
    json_text(j, "backend", w->backend);
    json_unsigned(j, "threads", w->width);
    json_real(j, "median_ns", ns);
    json_real(j, "best_ns", w->count ? w->best_ns : (double)NAN);
    json_integer(j, "samples", w->count);
    json_unsigned(j, "calls_per_sample", w->batch);
    json_real(j, "bytes", c->bytes);
    json_real(j, "flops", c->flops);
    json_real(j, "gb_per_s", c->bytes / ns);
    json_real(j, "gflop_per_s", c->flops / ns);
    json_text(j, "oracle", c->oracle);
    json_real(j, "speed_up", oracle > 0 ? oracle / ns : (double)NAN);
    json_text(j, "result", bench_result_text(w->result));
    json_text(j, "why", w->why[0] ? w->why : NULL);
    json_close(j);
}

/* Before the first row, not earlier: a command line that turns out wrong prints nothing. */
static void begin_output(bench_rows *b)
{
    if (b->wants_json) {
        json_begin(&b->json, stdout);
        json_array(&b->json, NULL);
    } else {
        printf("%-11s  %-5s  %-18s  %-10s  %7s  %9s  %8s  %8s  %9s  %s\n", "op", "dtype", "shape",
               "backend", "threads", "time", "GB/s", "GFLOP/s", "x oracle", "result");
    }
}

void bench_report(bench_rows *b, const bench_case *c, const bench_contestant *who, int count)
{
    double oracle = oracle_ns(c, who, count);
    if (!b->count && count)
        begin_output(b);
    else if (!b->wants_json && count)
        putchar('\n');
    for (int i = 0; i < count; i++) {
        if (b->wants_json)
            json_row(&b->json, c, &who[i], oracle);
        else
            print_row(c, &who[i], oracle);
        b->wrong += who[i].result == BENCH_WRONG;
        b->failed += who[i].result == BENCH_FAILED;
        b->count++;
    }
    fflush(stdout); /* a row at a time: a long run should be watchable */
}
