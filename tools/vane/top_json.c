/* SPDX-License-Identifier: MIT */
/* top_json.c - one look at a process, as an object of JSON. */
#include "json.h"
#include "top_frame.h"
#include "vane/vane.h"

static void who(json *j, const char *key, const vane__page_body *b, uint32_t row)
{
    json_text(j, key, row == VANE__PAGE_NOBODY ? NULL : top_who_of(b, row).s);
}

static void told(json *j, const char *key, const vane__page_device *d, uint32_t field, double value)
{
    if (d->valid & field)
        json_real(j, key, value);
    else
        json_null(j, key);
}

static void put_device(json *j, const vane__page_device *d, const top_moved *m)
{
    json_object(j, NULL);
    json_text(j, "backend", d->backend);
    json_text(j, "id", d->id);
    json_text(j, "name", d->name);
    json_boolean(j, "lost", (d->state & VANE__PAGE_LOST) != 0);
    json_real(j, "calls_per_s", m->calls_rate);
    json_real(j, "time_share", m->share);
    told(j, "busy_percent", d, VANE_TELEMETRY_BUSY, d->busy_permille / 10.0);
    told(j, "clock_mhz", d, VANE_TELEMETRY_CLOCK, d->clock_mhz);
    told(j, "power_w", d, VANE_TELEMETRY_POWER, d->power_mw / 1000.0);
    told(j, "temp_c", d, VANE_TELEMETRY_TEMP, d->temp_mc / 1000.0);
    told(j, "throttled", d, VANE_TELEMETRY_THROTTLED, d->throttled);
    told(j, "queued", d, VANE_TELEMETRY_QUEUED, d->queued);
    told(j, "mem_free_bytes", d, VANE_TELEMETRY_MEM, (double)d->mem_free_bytes);
    json_unsigned(j, "mem_total_bytes", d->mem_total_bytes);
    json_unsigned(j, "used_bytes", d->used_bytes);
    json_unsigned(j, "cached_bytes", d->cached_bytes);
    json_unsigned(j, "peak_bytes", d->peak_bytes);
    json_unsigned(j, "up_bytes", d->up_bytes);
    json_unsigned(j, "down_bytes", d->down_bytes);
    json_unsigned(j, "peer_bytes", d->peer_bytes);
    json_unsigned(j, "evictions", d->evictions);
    json_real(j, "up_bytes_per_s", m->up_rate);
    json_real(j, "down_bytes_per_s", m->down_rate);
    json_real(j, "peer_bytes_per_s", m->peer_rate);
    json_close(j);
}

static void put_calls(json *j, const top_rates *r)
{
    json_array(j, "calls");
    for (uint32_t i = 0; i < r->n_rows; i++) {
        const top_row *row = &r->rows[i];
        const vane__page_calls *c = row->calls;
        json_object(j, NULL);
        json_text(j, "op", c->op);
        json_text(j, "dtype", vane_dtype_name(c->dtype));
        who(j, "who", &r->page->body, c->who);
        json_unsigned(j, "width", c->width);
        json_unsigned(j, "calls", c->calls);
        json_unsigned(j, "failures", c->failures);
        json_unsigned(j, "ns", c->ns);
        json_real(j, "flops", c->flops);
        json_real(j, "bytes", c->bytes);
        json_real(j, "calls_per_s", row->calls_rate);
        json_real(j, "time_share", row->share);
        json_real(j, "mean_ns", row->mean_ns);
        json_real(j, "bytes_per_s", row->bytes_rate);
        json_real(j, "flops_per_s", row->flops_rate);
        json_close(j);
    }
    json_close(j);
}

static void put_shifts(json *j, const vane__page_body *b)
{
    json_array(j, "fallbacks");
    for (uint32_t i = 0; i < b->n_shifts; i++) {
        json_object(j, NULL);
        json_text(j, "op", b->shifts[i].op);
        json_text(j, "dtype", vane_dtype_name(b->shifts[i].dtype));
        who(j, "from", b, b->shifts[i].from);
        who(j, "to", b, b->shifts[i].to);
        json_unsigned(j, "count", b->shifts[i].count);
        json_close(j);
    }
    json_close(j);
}

static void put_routes(json *j, const vane__page_body *b)
{
    json_array(j, "routes");
    for (uint32_t i = 0; i < b->n_routes; i++) {
        const vane__page_route *r = &b->routes[i];
        json_object(j, NULL);
        json_text(j, "op", r->op);
        json_text(j, "dtype", vane_dtype_name(r->dtype));
        json_unsigned(j, "size_class", r->size_class);
        json_boolean(j, "hot", (int)(r->hot != 0));
        who(j, "from", b, r->from);
        who(j, "to", b, r->to);
        json_unsigned(j, "width", r->to_width);
        json_text(j, "why", r->why);
        json_real(j, "predicted_ns", r->predicted_ns);
        json_unsigned(j, "ago_ns", b->when_ns > r->when_ns ? b->when_ns - r->when_ns : 0);
        json_close(j);
    }
    json_close(j);
}

void top_frame_json(const top_frame *f, FILE *out)
{
    const top_rates *r = f->rates;
    const vane__page_body *b = &r->page->body;
    json j;
    json_begin(&j, out);
    json_object(&j, NULL);
    json_unsigned(&j, "pid", r->page->head.pid);
    json_unsigned(&j, "context", r->page->head.number);
    json_text(&j, "program", r->page->head.program);
    json_text(&j, "version", r->page->head.libvane);
    json_text(&j, "policy", b->policy);
    json_unsigned(&j, "threads", b->threads);
    json_boolean(&j, "counted", b->counted_ns != 0);
    json_boolean(&j, "always", (int)(b->always != 0));
    json_real(&j, "seconds", r->seconds);
    json_real(&j, "old_seconds", f->old_s);
    json_real(&j, "calls_per_s", r->calls_rate);
    json_real(&j, "failures_per_s", r->failures_rate);
    json_real(&j, "fallbacks_per_s", r->fallbacks_rate);
    json_real(&j, "trial_share", r->trial_share);
    json_unsigned(&j, "route_changes", b->route_changes);
    json_array(&j, "devices");
    for (uint32_t i = 0; i < b->n_devices; i++)
        put_device(&j, &b->devices[i], &r->devices[i]);
    json_close(&j);
    put_calls(&j, r);
    put_shifts(&j, b);
    put_routes(&j, b);
    json_end(&j);
}
