/* SPDX-License-Identifier: MIT */
/* top_frame.c - one look at a process, in words: the whole, devices, operations, fallbacks, routes.
 */
#include "top_frame.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

#include "table.h"
#include "text.h"
#include "vane/vane.h"

#define OLD_S 2.5 /* a page of a process that computes is younger */

static text_words percent(double share)
{
    text_words t = {"-"};
    if (!isnan(share))
        snprintf(t.s, sizeof t.s, "%.1f %%", 100 * share);
    return t;
}

static text_words rate(text_words (*unit)(double), double value)
{
    text_words t = {"-"};
    if (!isnan(value))
        snprintf(t.s, sizeof t.s, "%.24s/s", unit(value).s);
    return t;
}

static text_words count_rate(double value)
{
    text_words t = text_figure(value);
    if (!isnan(value))
        snprintf(t.s, sizeof t.s, "%.*f/s", value < 99.95 && value > 0 ? 1 : 0, value);
    return t;
}

/* ---- the whole -------------------------------------------------------------------------- */

static void print_process(const top_frame *f, FILE *out)
{
    const vane__page_head *h = &f->rates->page->head;
    time_t now = time(NULL), opened = (time_t)h->opened_s;
    fprintf(out, "%s  pid %u  vane %s  policy %s  threads %u  context %u of %u  for %s\n",
            h->program[0] ? h->program : "?", h->pid, h->libvane, f->rates->page->body.policy,
            f->rates->page->body.threads, f->context, f->contexts,
            text_ns(now > opened ? (double)(now - opened) * 1e9 : 0).s);
}

static void print_host(const vane__page_host *h, FILE *out)
{
    if (!(h->valid & VANE_HOST_CPUS))
        return;
    fprintf(out, "host   %u CPUs", h->cpus);
    if (h->valid & VANE_HOST_USE)
        fprintf(out, ": this process %.1f, others %.1f (%s)", h->own_cpus, h->others_cpus,
                h->busy ? "busy" : "calm");
    if (h->valid & VANE_HOST_CPU_PRESSURE)
        fprintf(out, "; waits for CPUs %.1f %%", h->cpu_pressure_percent);
    if (h->valid & VANE_HOST_MEM)
        fprintf(out, "; %s available", text_bytes((double)h->mem_available_bytes).s);
    fputc('\n', out);
}

static void print_state(const top_frame *f, FILE *out)
{
    const vane__page_body *b = &f->rates->page->body;
    if (b->counted_ns == 0)
        fputs("       waiting for the process to see that somebody looks: it does at its next"
              " calls\n",
              out);
    else if (f->old_s > OLD_S)
        fprintf(out, "       no call since %s\n", text_ns(f->old_s * 1e9).s);
}

static void print_sums(const top_frame *f, FILE *out)
{
    const top_rates *r = f->rates;
    const vane__page_body *b = &r->page->body;
    fprintf(out, "calls  %s  failed %s  fallbacks %s  trials %s  routes changed %" PRIu64 "\n",
            count_rate(r->calls_rate).s, count_rate(r->failures_rate).s,
            count_rate(r->fallbacks_rate).s, percent(r->trial_share).s, b->route_changes);
    fprintf(out, "       in all %" PRIu64 ", failed %" PRIu64 ", fallbacks %" PRIu64 ", %s\n",
            r->calls, r->failures, r->fallbacks,
            b->always ? "since the context opened" : "while somebody looked");
    if (b->uncounted > 0)
        fprintf(out, "       not counted, for want of memory: %" PRIu64 "\n", b->uncounted);
    print_state(f, out);
}

/* ---- devices ------------------------------------------------------------------------------ */

static text_words told(const vane__page_device *d, uint32_t field, const char *fmt, double value)
{
    text_words t = {"-"};
    if (d->valid & field)
        snprintf(t.s, sizeof t.s, fmt, value);
    return t;
}

static text_words memory_of(const vane__page_device *d)
{
    text_words t = {"-"};
    if (d->state & VANE__PAGE_OWN_MEMORY)
        snprintf(t.s, sizeof t.s, "%s", text_bytes((double)d->used_bytes).s);
    return t;
}

static text_words free_of(const vane__page_device *d)
{
    text_words t = {"-"};
    if (d->valid & VANE_TELEMETRY_MEM)
        t = text_bytes((double)d->mem_free_bytes);
    return t;
}

static text_words moved(const vane__page_device *d, double bytes)
{
    return d->state & VANE__PAGE_OWN_MEMORY ? rate(text_bytes, bytes) : (text_words){"-"};
}

static void print_device(const top_frame *f, uint32_t i, table *t)
{
    const vane__page_device *d = &f->rates->page->body.devices[i];
    const top_moved *m = &f->rates->devices[i];
    table_cell(t, "%s", top_who_of(&f->rates->page->body, i).s);
    table_cell(t, "%s", count_rate(m->calls_rate).s);
    table_cell(t, "%s", percent(m->share).s);
    table_cell(t, "%s", told(d, VANE_TELEMETRY_BUSY, "%.0f %%", d->busy_permille / 10.0).s);
    table_cell(t, "%s", told(d, VANE_TELEMETRY_CLOCK, "%.0f MHz", d->clock_mhz).s);
    table_cell(t, "%s", told(d, VANE_TELEMETRY_POWER, "%.1f W", d->power_mw / 1000.0).s);
    table_cell(t, "%s", told(d, VANE_TELEMETRY_TEMP, "%.0f C", d->temp_mc / 1000.0).s);
    table_cell(t, "%s", memory_of(d).s);
    table_cell(t, "%s", free_of(d).s);
    table_cell(t, "%s", moved(d, m->up_rate).s);
    table_cell(t, "%s", moved(d, m->down_rate).s);
    table_cell(t, "%s%s", d->name,
               d->state & VANE__PAGE_LOST                              ? " (lost)"
               : (d->valid & VANE_TELEMETRY_THROTTLED) && d->throttled ? " (throttled)"
                                                                       : "");
}

static void print_devices(const top_frame *f, FILE *out)
{
    const vane__page_body *b = &f->rates->page->body;
    table t;
    fputc('\n', out);
    table_begin(&t, "lrrrrrrrrrrl",
                "device|calls|time|busy|clock|power|temp|used|free|up|down|name");
    for (uint32_t i = 0; i < b->n_devices; i++)
        print_device(f, i, &t);
    table_end(&t, out, 0);
    if (b->more_devices > 0)
        fprintf(out, "and %u more\n", b->more_devices);
}

/* ---- operations ---------------------------------------------------------------------------- */

static void print_calls(const top_frame *f, FILE *out)
{
    const top_rates *r = f->rates;
    const vane__page_body *b = &r->page->body;
    table t;
    fputc('\n', out);
    table_begin(&t, "lllrrrrrrrr",
                "op|type|who|threads|calls|time|each|bytes|flops|failed|calls in all");
    for (uint32_t i = 0; i < r->n_rows; i++) {
        const top_row *row = &r->rows[i];
        const vane__page_calls *c = row->calls;
        table_cell(&t, "%s", c->op);
        table_cell(&t, "%s", c->number == VANE__PAGE_OTHER ? "-" : vane_dtype_name(c->dtype));
        table_cell(&t, "%s", top_who_of(b, c->who).s);
        table_cell(&t, "%u", c->width);
        table_cell(&t, "%s", count_rate(row->calls_rate).s);
        table_cell(&t, "%s", percent(row->share).s);
        table_cell(&t, "%s", isnan(row->mean_ns) ? "-" : text_ns(row->mean_ns).s);
        table_cell(&t, "%s", rate(text_bytes, row->bytes_rate).s);
        table_cell(&t, "%s", rate(text_flops, row->flops_rate).s);
        table_cell(&t, "%" PRIu64, c->failures);
        table_cell(&t, "%" PRIu64, c->calls);
    }
    table_end(&t, out, 0);
    if (b->more_calls > 0)
        fprintf(out, "\"(others)\" are %u rows for which there was no room\n", b->more_calls);
}

/* ---- who took over from whom ----------------------------------------------------------------- */

static void print_shifts(const top_frame *f, FILE *out)
{
    const vane__page_body *b = &f->rates->page->body;
    if (b->n_shifts > 0)
        fputs("\nfallbacks\n", out);
    for (uint32_t i = 0; i < b->n_shifts; i++) {
        const vane__page_shift *s = &b->shifts[i];
        fprintf(out, "  %s %s: %s failed, %s did it: %" PRIu64 "\n", s->op,
                vane_dtype_name(s->dtype), top_who_of(b, s->from).s, top_who_of(b, s->to).s,
                s->count);
    }
}

static void print_routes(const top_frame *f, FILE *out)
{
    const vane__page_body *b = &f->rates->page->body;
    if (b->n_routes > 0)
        fputs("\nroutes, the last first\n", out);
    for (uint32_t i = 0; i < b->n_routes; i++) {
        const vane__page_route *r = &b->routes[i];
        double ago = b->when_ns > r->when_ns ? (double)(b->when_ns - r->when_ns) : 0;
        fprintf(out, "  %s ago  %s %s class %u%s: ", text_ns(ago).s, r->op,
                vane_dtype_name(r->dtype), r->size_class, r->hot ? " hot" : "");
        if (r->from != VANE__PAGE_NOBODY)
            fprintf(out, "%s x%u -> ", top_who_of(b, r->from).s, r->from_width);
        fprintf(out, "%s x%u: %s\n", top_who_of(b, r->to).s, r->to_width, r->why);
    }
}

void top_frame_print(const top_frame *f, FILE *out)
{
    print_process(f, out);
    print_host(&f->rates->page->body.host, out);
    print_sums(f, out);
    print_devices(f, out);
    print_calls(f, out);
    print_shifts(f, out);
    print_routes(f, out);
}
