/* SPDX-License-Identifier: MIT */
/* recording.c - the graphs of a sequence: one for each queue that it was run on, made when its
 * calls' kernels and its buffers' copies are known, and made anew when they change. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "exec/sequence.h"
#include "exec/stream.h"
#include "plugin/health.h"

enum { MOST = 8, MOST_FAILURES = 3 };

static void recording_free(vane__recording *r)
{
    vane__tape_drop(r->tape);
    free(r->runners);
    free(r->copies);
    free(r);
}

void vane__recordings_free(vane_sequence *q)
{
    vane__recording *next;
    for (vane__recording *r = q->recordings; r != NULL; r = next) {
        next = r->next;
        recording_free(r);
    }
    q->recordings = NULL;
}

/* The one that was not used for longest goes. */
static void make_room(vane_sequence *q)
{
    uint32_t n = 0;
    for (vane__recording **at = &q->recordings; *at != NULL; at = &(*at)->next)
        if (++n == MOST) {
            vane__recording *rest = *at;
            *at = NULL;
            while (rest != NULL) {
                vane__recording *next = rest->next;
                recording_free(rest);
                rest = next;
            }
            return;
        }
}

static vane__recording *make(vane_sequence *q, vane__queue *queue)
{
    vane__recording *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->queue = queue;
    r->runners = calloc(q->count, sizeof *r->runners);
    r->copies = calloc(q->n_used, sizeof *r->copies);
    if (r->runners == NULL || r->copies == NULL) {
        recording_free(r);
        return NULL;
    }
    make_room(q);
    return r;
}

vane__recording *vane__recording_of(vane_sequence *q, vane__queue *queue)
{
    vane__recording **at = &q->recordings;
    while (*at != NULL && (*at)->queue != queue)
        at = &(*at)->next;
    vane__recording *r = *at;
    if (r != NULL)
        *at = r->next;
    else
        r = make(q, queue);
    if (r == NULL)
        return NULL;
    r->next = q->recordings;
    q->recordings = r;
    r->runs++;
    return r;
}

void vane__recording_drop(vane__recording *r)
{
    vane__tape_drop(r->tape);
    r->tape = NULL;
}

/* ---- who, and where ----------------------------------------------------------------------------
 */

static int is_same(const vane__runner *a, const vane__runner *b)
{
    return a->kernel == b->kernel && a->device == b->device && a->width == b->width;
}

/* Of a stream of a device they hold as long as the routes do; routes may change at any time. */
int vane__recording_choose(vane_sequence *q, vane__recording *r, vane_stream *s,
                           const vane__device *d)
{
    vane__runner runner;
    const uint32_t version = vane__routes_version(q->ctx);
    if (s->device != NULL && r->version == version && !vane__device_due(s->device))
        return 1;
    r->version = 0;
    for (uint32_t i = 0; i < q->count; i++) {
        vane__flight *f = &q->flights[i];
        f->p.where.device = d->number;
        if (f->p.parts == 0)
            continue;
        if (!vane__stream_choose(s, f, &runner) || runner.device != d ||
            runner.kernel->direct != NULL)
            return 0;
        if (!is_same(&runner, &r->runners[i]))
            vane__recording_drop(r);
        r->runners[i] = runner;
    }
    r->version = version;
    return 1;
}

int vane__recording_fits(vane_sequence *q, vane__recording *r)
{
    if (r->failures >= MOST_FAILURES)
        return 0;
    for (uint32_t i = 0; i < q->n_used; i++) {
        if (r->copies[i] == q->used[i].copy->made)
            continue;
        vane__recording_drop(r);
        r->copies[i] = q->used[i].copy->made;
    }
    return 1;
}

/* ---- recording ------------------------------------------------------------------------------- */

static void place(const vane_sequence *q, vane__flight *f)
{
    for (uint32_t k = 0; k < f->n; k++) {
        vane__operand *o = &f->operands[k];
        uint32_t i = 0;
        while (q->used[i].buffer != o->buffer)
            i++;
        o->base = vane__buffer_data(o->buffer);
        o->mem = q->used[i].copy->block.mem;
    }
}

static uint32_t collect(vane_sequence *q, const vane__recording *r, vane_call *calls,
                        vane_graph_call *list)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->count; i++) {
        vane__flight *f = &q->flights[i];
        place(q, f);
        for (uint32_t part = 0; part < f->p.parts; part++) {
            if (!vane__flight_part(f, &r->runners[i], part, &calls[n]))
                continue;
            list[n] = (vane_graph_call){r->runners[i].kernel, &calls[n]};
            n++;
        }
    }
    return n;
}

vane_status vane__recording_ready(vane_sequence *q, vane__recording *r)
{
    if (r->tape != NULL)
        return VANE_OK;
    vane_call *calls = malloc(q->launches * sizeof *calls);
    vane_graph_call *list = malloc(q->launches * sizeof *list);
    vane_status st;
    if (calls == NULL || list == NULL)
        st = vane__fail(VANE_E_NOMEM, "no memory for %u calls", q->launches);
    else
        st = vane__tape_record(r->queue, list, collect(q, r, calls, list), &r->tape);
    free(calls);
    free(list);
    return st;
}

void vane__recording_failed(const vane_sequence *q, vane__recording *r)
{
    const vane_error e = *vane_last_error();
    vane__recording_drop(r);
    r->failures += e.status != VANE_E_DEVICE_LOST; /* that is the device's, and may end */
    vane__log_line(
        &q->ctx->settings.log, e.status == VANE_E_UNSUPPORTED ? VANE_LOG_INFO : VANE_LOG_WARN,
        "%s: a sequence of %u calls is given call by call%s: %s", r->queue->device->info.id,
        q->count, r->failures >= MOST_FAILURES ? " from now on" : "", e.message);
}
