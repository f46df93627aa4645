/* SPDX-License-Identifier: MIT */
/* summary.c - what ran where, for people: one table, and what went wrong in sentences. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plugin/device.h"
#include "telemetry/clock.h"
#include "telemetry/stats.h"

#define COLUMNS 9
#define MOST_ROWS 40 /* the rest is one row */
#define CELL 40

typedef char cells[COLUMNS][CELL];

/* Three digits and a unit. */
static void scaled(char *out, double v, double base, const char *const *units, int n)
{
    int u = 0;
    for (; u + 1 < n && v >= 0.9995 * base; u++)
        v /= base;
    snprintf(out, CELL, "%.*f %s",
             v >= 99.95 || (u == 0 && v == (double)(int)v) ? 0
             : v < 9.995                                   ? 2
                                                           : 1,
             v, units[u]);
}

static void time_text(char *out, double ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    scaled(out, ns, 1000, units, 4);
}

static void bytes_text(char *out, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    scaled(out, bytes, 1024, units, 5);
}

/* By nanosecond; "-" where there is nothing to divide. */
static void rate_text(char *out, double amount, uint64_t ns)
{
    if (ns == 0 || amount <= 0)
        snprintf(out, CELL, "-");
    else
        snprintf(out, CELL, "%.*f", amount / (double)ns >= 99.95 ? 0 : 2, amount / (double)ns);
}

/* ---- the table ------------------------------------------------------------------------ */

/* Nothing that a plugin calls itself may look like a second line, or shift a column. */
static void plain(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
            *text = '?';
}

static void where_text(char *out, const void *who)
{
    const char *backend = vane__stats_backend(who), *device = vane__stats_device(who);
    if (device[0] == '\0' || strcmp(device, backend) == 0)
        snprintf(out, CELL, "%s", backend);
    else
        snprintf(out, CELL, "%s %.22s", backend, device);
    plain(out);
}

static void numbers(cells row, const vane__tally *one, uint64_t all_ns)
{
    snprintf(row[3], CELL, "%llu", (unsigned long long)one->calls);
    time_text(row[4], (double)one->ns);
    snprintf(row[5], CELL, "%.1f %%", all_ns ? 100.0 * (double)one->ns / (double)all_ns : 0);
    time_text(row[6], one->calls ? (double)one->ns / (double)one->calls : 0);
    rate_text(row[7], one->flops, one->ns);
    rate_text(row[8], one->bytes, one->ns);
}

static void describe(cells row, const vane__tally *one, uint64_t all_ns)
{
    snprintf(row[0], CELL, "%.30s %s", one->op->info.name, vane_dtype_name(one->dtype));
    where_text(row[1], one->who);
    snprintf(row[2], CELL, one->who != NULL ? "x%u" : "-", one->width);
    numbers(row, one, all_ns);
}

static void widen(size_t width[COLUMNS], cells row)
{
    for (int c = 0; c < COLUMNS; c++)
        width[c] = strlen(row[c]) > width[c] ? strlen(row[c]) : width[c];
}

static void put_row(vane__text *t, const size_t width[COLUMNS], cells row)
{
    vane__text_print(t, "  %-*s  %-*s", (int)width[0], row[0], (int)width[1], row[1]);
    for (int c = 2; c < COLUMNS; c++)
        vane__text_print(t, "  %*s", (int)width[c], row[c]);
    vane__text_add(t, "\n", 1);
}

static vane__tally sum_of(const vane__totals *totals, uint32_t from)
{
    vane__tally all = {.calls = 0};
    for (uint32_t i = from; i < totals->n_tallies; i++) {
        all.calls += totals->tallies[i].calls;
        all.failures += totals->tallies[i].failures;
        all.ns += totals->tallies[i].ns;
        all.flops += totals->tallies[i].flops;
        all.bytes += totals->tallies[i].bytes;
    }
    return all;
}

static void table(vane__text *t, const vane__totals *totals)
{
    cells head = {"op", "ran on", "threads", "calls", "time", "share", "each", "GFLOP/s", "GB/s"};
    cells rows[MOST_ROWS], rest = {"others"}, last = {"all"};
    size_t width[COLUMNS] = {0};
    uint32_t n = totals->n_tallies < MOST_ROWS ? totals->n_tallies : MOST_ROWS;
    vane__tally all = sum_of(totals, 0), others = sum_of(totals, n);
    memset(rows, 0, sizeof rows);
    for (uint32_t i = 0; i < n; i++) {
        describe(rows[i], &totals->tallies[i], all.ns);
        widen(width, rows[i]);
    }
    numbers(rest, &others, all.ns);
    numbers(last, &all, all.ns);
    widen(width, head);
    widen(width, last);
    put_row(t, width, head);
    for (uint32_t i = 0; i < n; i++)
        put_row(t, width, rows[i]);
    if (others.calls > 0)
        put_row(t, width, rest);
    put_row(t, width, last);
}

/* ---- sentences ------------------------------------------------------------------------ */

static void shifts(vane__text *t, const vane__totals *totals)
{
    char from[CELL], to[CELL];
    uint64_t changes = 0;
    for (uint32_t i = 0; i < totals->n_shifts; i++) {
        const vane__shift *s = &totals->shifts[i];
        changes += s->is_route ? s->count : 0;
        if (s->is_route)
            continue;
        where_text(from, s->from);
        where_text(to, s->to);
        vane__text_print(t, "  fallback: %s failed %.30s %s %llu time%s; %s computed it\n", from,
                         s->op->info.name, vane_dtype_name(s->dtype), (unsigned long long)s->count,
                         s->count == 1 ? "" : "s", to);
    }
    if (changes > 0)
        vane__text_print(t, "  routes changed %llu time%s\n", (unsigned long long)changes,
                         changes == 1 ? "" : "s");
}

static void moved(vane__text *t, vane_context *ctx)
{
    vane__device *d;
    char up[CELL], down[CELL], peer[CELL], where[CELL];
    for (uint32_t i = 0; (d = vane__device_nth(ctx, i)) != NULL; i++) {
        uint64_t bytes[] = {atomic_load(&d->up_bytes), atomic_load(&d->down_bytes),
                            atomic_load(&d->peer_bytes)};
        if (bytes[0] + bytes[1] + bytes[2] == 0)
            continue;
        where_text(where, d);
        bytes_text(up, (double)bytes[0]);
        bytes_text(down, (double)bytes[1]);
        bytes_text(peer, (double)bytes[2]);
        vane__text_print(t, "  moved: %s: %s there, %s home, %s between devices\n", where, up, down,
                         peer);
    }
}

void vane__stats_summary(vane_context *ctx, const vane__totals *totals, vane__text *out)
{
    char age[CELL], trials[CELL];
    uint64_t failures = sum_of(totals, 0).failures;
    time_text(age, (double)(vane__clock_now(ctx) - totals->since_ns));
    time_text(trials, totals->trial_ns);
    vane__text_print(out, "vane: what ran where, process %d, in %s\n", (int)getpid(), age);
    table(out, totals);
    if (failures > 0)
        vane__text_print(out, "  failed: %llu of the calls, with nobody left to compute them\n",
                         (unsigned long long)failures);
    shifts(out, totals);
    if (totals->trial_ns > 0)
        vane__text_print(out, "  trials of candidates took %s\n", trials);
    moved(out, ctx);
    if (totals->uncounted > 0)
        vane__text_print(out, "  not counted, for want of memory: %llu calls\n",
                         (unsigned long long)totals->uncounted);
}
