/* SPDX-License-Identifier: MIT */
/* top_rates.c - what happened between two readings of a page, and in which order it is shown. */
#include "top_rates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const top_order_names[TOP_ORDERS] = {"time", "calls", "bytes", "name"};

static uint64_t grown(uint64_t from, uint64_t to)
{
    return to > from ? to - from : 0;
}

static double per_second(uint64_t from, uint64_t to, double seconds)
{
    return seconds > 0 ? (double)grown(from, to) / seconds : NAN;
}

static int alike(const vane__page_calls *a, const vane__page_calls *b)
{
    return a->number == b->number && a->dtype == b->dtype && a->who == b->who &&
           a->width == b->width && strcmp(a->op, b->op) == 0;
}

/* The same row of an older reading; nothing, where there was none. */
static vane__page_calls row_before(const vane__page_body *b, const vane__page_calls *now)
{
    for (uint32_t i = 0; b != NULL && i < b->n_calls; i++)
        if (alike(&b->calls[i], now))
            return b->calls[i];
    return (vane__page_calls){.calls = 0};
}

static top_row row_of(const vane__page_body *before, const vane__page_calls *now, double seconds)
{
    vane__page_calls was = row_before(before, now);
    uint64_t calls = grown(was.calls, now->calls), ns = grown(was.ns, now->ns);
    top_row r = {.calls = now, .mean_ns = calls > 0 ? (double)ns / (double)calls : NAN};
    r.calls_rate = per_second(was.calls, now->calls, seconds);
    r.share = seconds > 0 ? (double)ns / 1e9 / seconds : NAN;
    r.bytes_rate = seconds > 0 ? fmax(now->bytes - was.bytes, 0) / seconds : NAN;
    r.flops_rate = seconds > 0 ? fmax(now->flops - was.flops, 0) / seconds : NAN;
    return r;
}

/* ---- order: the larger first; of equals, the one that took longer in all -------------------- */

static int larger(double a, double b)
{
    return isnan(a) || isnan(b) ? 0 : (a < b) - (a > b);
}

static int by_all(const top_row *x, const top_row *y)
{
    int n = larger((double)x->calls->ns, (double)y->calls->ns);
    return n != 0 ? n : strcmp(x->calls->op, y->calls->op);
}

static int by_time(const void *a, const void *b)
{
    const top_row *x = a, *y = b;
    int n = larger(x->share, y->share);
    return n != 0 ? n : by_all(x, y);
}

static int by_calls(const void *a, const void *b)
{
    const top_row *x = a, *y = b;
    int n = larger(x->calls_rate, y->calls_rate);
    return n != 0 ? n : by_all(x, y);
}

static int by_bytes(const void *a, const void *b)
{
    const top_row *x = a, *y = b;
    int n = larger(x->bytes_rate, y->bytes_rate);
    return n != 0 ? n : by_all(x, y);
}

static int by_name(const void *a, const void *b)
{
    const top_row *x = a, *y = b;
    int n = strcmp(x->calls->op, y->calls->op);
    return n != 0 ? n : by_all(x, y);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* What passed between the readings, as far as every call was counted in it. */
static double seconds_of(const top_page *before, const top_page *now, double seconds)
{
    if (before == NULL || now->body.counted_ns == 0)
        return 0;
    if (before->sequence == now->sequence)
        return seconds;
    uint64_t from = before->body.when_ns;
    from = from > now->body.counted_ns ? from : now->body.counted_ns;
    return (double)grown(from, now->body.when_ns) / 1e9;
}

static void fill_devices(const vane__page_body *was, const vane__page_body *now, top_rates *out)
{
    for (uint32_t i = 0; i < now->n_devices; i++) {
        const vane__page_device *d = &now->devices[i];
        vane__page_device none = {.kind = 0};
        const vane__page_device *b = was != NULL && i < was->n_devices ? &was->devices[i] : &none;
        out->devices[i] = (top_moved){per_second(b->up_bytes, d->up_bytes, out->seconds),
                                      per_second(b->down_bytes, d->down_bytes, out->seconds),
                                      per_second(b->peer_bytes, d->peer_bytes, out->seconds), 0, 0};
    }
    for (uint32_t i = 0; i < out->n_rows; i++)
        if (out->rows[i].calls->who < now->n_devices) {
            out->devices[out->rows[i].calls->who].calls_rate += out->rows[i].calls_rate;
            out->devices[out->rows[i].calls->who].share += out->rows[i].share;
        }
}

static uint64_t fallbacks_of(const vane__page_body *b)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; b != NULL && i < b->n_shifts; i++)
        sum += b->shifts[i].count;
    return sum;
}

static void sum_up(const vane__page_body *was, const vane__page_body *now, top_rates *out)
{
    uint64_t calls = 0, failures = 0;
    for (uint32_t i = 0; was != NULL && i < was->n_calls; i++) {
        calls += was->calls[i].calls;
        failures += was->calls[i].failures;
    }
    for (uint32_t i = 0; i < now->n_calls; i++) {
        out->calls += now->calls[i].calls;
        out->failures += now->calls[i].failures;
    }
    out->fallbacks = fallbacks_of(now);
    out->calls_rate = per_second(calls, out->calls, out->seconds);
    out->failures_rate = per_second(failures, out->failures, out->seconds);
    out->fallbacks_rate = per_second(fallbacks_of(was), out->fallbacks, out->seconds);
    out->trial_share =
        per_second(was != NULL ? was->trial_ns : 0, now->trial_ns, out->seconds) / 1e9;
}

void top_rates_make(const top_page *before, const top_page *now, double seconds, top_order order,
                    top_rates *out)
{
    static int (*const orders[TOP_ORDERS])(const void *, const void *) = {by_time, by_calls,
                                                                          by_bytes, by_name};
    const vane__page_body *was = before != NULL ? &before->body : NULL;
    *out = (top_rates){.page = now, .seconds = seconds_of(before, now, seconds)};
    out->n_rows = now->body.n_calls;
    for (uint32_t i = 0; i < out->n_rows; i++)
        out->rows[i] = row_of(was, &now->body.calls[i], out->seconds);
    fill_devices(was, &now->body, out);
    sum_up(was, &now->body, out);
    if (out->n_rows > 0)
        qsort(out->rows, out->n_rows, sizeof out->rows[0], orders[order]);
}
