/* SPDX-License-Identifier: MIT */
/* trace_text.c - events in the Trace Event Format. */
#include "telemetry/trace.h"

#define MOST_SHAPES 8 /* of a CONCAT's inputs */

static void key(vane__text *t, const char *name)
{
    vane__text_add(t, ",\"", 2);
    vane__text_put(t, name);
    vane__text_add(t, "\":", 2);
}

static void number(vane__text *t, const char *name, uint64_t value)
{
    key(t, name);
    vane__text_number(t, (int64_t)value);
}

/* Nanoseconds, as the microseconds that the format counts in. */
static void micros(vane__text *t, const char *name, uint64_t ns)
{
    key(t, name);
    vane__text_milli(t, ns);
}

static void begin(vane__text *t, const char *phase, const char *category, uint64_t at_ns)
{
    vane__text_put(t, "\"ph\":\"");
    vane__text_put(t, phase);
    vane__text_put(t, "\",\"cat\":\"");
    vane__text_put(t, category);
    vane__text_add(t, "\"", 1);
    micros(t, "ts", at_ns);
}

/* ---- a call --------------------------------------------------------------------------- */

static void shape(vane__text *t, const vane_tensor *x)
{
    for (uint32_t d = 0; d < x->rank; d++) {
        if (d > 0)
            vane__text_add(t, "x", 1);
        vane__text_number(t, x->shape[d]);
    }
    if (x->rank == 0)
        vane__text_put(t, "scalar");
}

static void shapes(vane__text *t, const vane__request *rq)
{
    key(t, "shapes");
    vane__text_add(t, "\"", 1);
    for (uint32_t i = 0; i < rq->n_in && i < MOST_SHAPES; i++) {
        if (i > 0)
            vane__text_add(t, ",", 1);
        shape(t, rq->in[i]);
    }
    if (rq->n_in > MOST_SHAPES)
        vane__text_put(t, ",...");
    vane__text_put(t, "->");
    shape(t, rq->out[0]);
    vane__text_add(t, "\"", 1);
}

static void who(vane__text *t, const char *name, const vane__runner *r)
{
    key(t, name);
    vane__text_json(t, r == NULL || r->kernel == NULL ? "none"
                       : r->device == NULL            ? VANE__PROGRAM
                                                      : r->device->backend->entry->name);
}

static void runner(vane__text *t, const vane__runner *r)
{
    who(t, "backend", r);
    if (r->kernel == NULL)
        return;
    if (r->device != NULL) {
        key(t, "device");
        vane__text_json(t, r->device->info.id);
    }
    key(t, "kernel");
    vane__text_json(t, r->kernel->name);
    number(t, "width", r->width);
}

static void work(vane__text *t, const vane__call_event *e, uint64_t ns)
{
    key(t, "flops");
    vane__text_real(t, e->p->work.flops);
    key(t, "bytes");
    vane__text_real(t, e->p->work.bytes);
    if (ns > 0 && e->p->work.bytes < 1e15) {
        key(t, "GB/s");
        vane__text_milli(t, (uint64_t)(1000 * e->p->work.bytes / (double)ns));
    }
}

void vane__trace_call(vane__text *t, const vane__call_event *e, uint64_t begin_ns)
{
    uint64_t ns = e->end_ns > begin_ns ? e->end_ns - begin_ns : 0;
    begin(t, "X", "call", begin_ns);
    micros(t, "dur", ns);
    key(t, "name");
    vane__text_json(t, e->p->rq.op->info.name);
    vane__text_put(t, ",\"args\":{\"dtype\":");
    vane__text_json(t, vane_dtype_name(e->p->dtype));
    shapes(t, &e->p->rq);
    runner(t, e->runner);
    work(t, e, ns);
    number(t, "retries", e->retries);
    if (e->trial_ns > 0)
        micros(t, "trials_us", e->trial_ns);
    if (e->asynchronous)
        micros(t, "given", e->begin_ns);
    key(t, "status");
    vane__text_json(t, vane_status_name(e->status));
    vane__text_put(t, "}}");
}

/* ---- the rest ------------------------------------------------------------------------- */

static void named(vane__text *t, const char *before, const char *op)
{
    key(t, "name");
    vane__text_add(t, "\"", 1);
    vane__text_put(t, before);
    vane__text_put(t, op); /* [a-z0-9_.] */
    vane__text_add(t, "\"", 1);
}

void vane__trace_given(vane__text *t, const vane__call_event *e)
{
    begin(t, "X", "given", e->begin_ns);
    micros(t, "dur", e->given_ns > e->begin_ns ? e->given_ns - e->begin_ns : 0);
    named(t, "give ", e->p->rq.op->info.name);
    vane__text_add(t, "}", 1);
}

void vane__trace_arrow(vane__text *t, const vane__call_event *e, char phase, uint64_t id,
                       uint64_t at_ns)
{
    begin(t, (const char[]){phase, '\0'}, "flow", at_ns);
    named(t, "", e->p->rq.op->info.name);
    number(t, "id", id);
    vane__text_put(t, phase == 'f' ? ",\"bp\":\"e\"}" : "}");
}

void vane__trace_route(vane__text *t, const vane__route_event *e)
{
    begin(t, "i", "route", e->when_ns);
    named(t, "route ", e->op->info.name);
    vane__text_put(t, ",\"s\":\"p\",\"args\":{\"dtype\":");
    vane__text_json(t, vane_dtype_name(e->dtype));
    number(t, "size_class", e->size_class);
    number(t, "pool_hot", e->hot);
    who(t, "from", e->from);
    number(t, "from_width", e->from != NULL ? e->from->width : 0);
    who(t, "to", e->to);
    number(t, "to_width", e->to->width);
    key(t, "predicted_ns");
    vane__text_real(t, e->predicted_ns);
    key(t, "why");
    vane__text_json(t, e->why);
    vane__text_put(t, "}}");
}

void vane__trace_moved(vane__text *t, const vane__device *d, uint64_t at_ns)
{
    begin(t, "C", "memory", at_ns);
    vane__text_put(t, ",\"name\":\"moved bytes\",\"args\":{\"up\":");
    vane__text_number(t, (int64_t)atomic_load(&d->up_bytes));
    number(t, "down", atomic_load(&d->down_bytes));
    number(t, "peer", atomic_load(&d->peer_bytes));
    vane__text_put(t, "}}");
}

void vane__trace_name(vane__text *t, const char *what, const char *name)
{
    vane__text_put(t, "\"ph\":\"M\",\"name\":");
    vane__text_json(t, what);
    vane__text_put(t, ",\"args\":{\"name\":");
    vane__text_json(t, name);
    vane__text_put(t, "}}");
}
