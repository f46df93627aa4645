/* SPDX-License-Identifier: MIT */
/* launch.c - a flight on a device: operands placed, the kernel launched, the result landed.
 *
 * The buffers are locked from the first transfer to the launch. What the output was is
 * remembered: when the device fails, and the host still has the old content, the op can be done
 * again elsewhere, in place too.
 */
#include <string.h>

#include "dispatch/dispatch.h"
#include "dispatch/flight.h"
#include "error.h"
#include "memory/link.h"
#include "plugin/health.h"

/* ---- before ------------------------------------------------------------------------------ */

/* Not before t is over; how it ended is told elsewhere. */
static void let_go(vane__ticket *t, vane__queue *q)
{
    uint32_t phase = vane__ticket_phase(t);
    if (phase == VANE__DONE || (phase == VANE__FLYING && t->queue == q))
        return;
    vane_error kept = *vane_last_error();
    if (phase == VANE__WAITING)
        vane__ticket_wait(t, UINT64_MAX);
    else
        vane__queue_after(q, t);
    vane__error_restore(&kept);
}

/* Those whose results it reads must have succeeded; the others only be gone. */
static vane_status wait_turn(vane__flight *f, vane__queue *q)
{
    vane_status st = VANE_OK;
    uint32_t reads = 0;
    for (uint32_t i = 0; st == VANE_OK && i < f->from.count; i++) {
        vane__ticket *t = f->from.at[i];
        if (vane__ticket_phase(t) == VANE__FLYING && reads < 3 &&
            t->queue->device->backend == q->device->backend) {
            st = vane__queue_after(q, t);
            vane__ticket_drop(f->ticket->from[reads]);
            f->ticket->from[reads] = vane__ticket_hold(t);
            reads++;
        } else {
            st = vane__ticket_wait(t, UINT64_MAX);
        }
        f->hopeless |= vane__ticket_phase(t) == VANE__DONE && t->status != VANE_OK;
    }
    for (uint32_t i = 0; st == VANE_OK && i < f->after.count; i++)
        let_go(f->after.at[i], q);
    return st;
}

int vane__tensor_fills(const vane_tensor *t, uint64_t extent)
{
    return (uint64_t)vane_tensor_count(t) * vane_dtype_bytes(t->dtype) == extent;
}

static vane_status place(vane__flight *f, vane__operand *o, vane__queue *q, int is_output)
{
    vane__buffer *b = o->buffer;
    vane__copy *c = NULL;
    char name[16];
    vane_status st = VANE_OK;
    if (b == NULL)
        return vane__stage(f, o, q, is_output);
    if (atomic_load(&b->host->shared) > 0 ||
        (atomic_load(&b->host->changed) && atomic_exchange(&b->host->changed, 0)))
        vane__buffer_distrust(b);
    if (!is_output && !vane__buffer_sound(b, o->lo, o->hi))
        st = vane__buffer_known(
            b, f->p.rq.op->info.name,
            vane__input_name(f->p.rq.op, (uint32_t)(o - f->operands), name, sizeof name), o->lo,
            o->hi);
    f->hopeless |= st != VANE_OK;
    /* an output with gaps: what lies in the gaps stays as it is */
    if (st == VANE_OK)
        st = vane__buffer_place(b, q, f->ticket,
                                !is_output || !vane__tensor_fills(&o->t, o->hi - o->lo), o->lo,
                                o->hi, &c);
    f->hopeless |= st != VANE_OK && vane__buffer_is_lost(b, o->lo, o->hi);
    if (st != VANE_OK)
        return st;
    o->copy = c;
    c->pins++;
    o->base = vane__buffer_data(b);
    o->mem = o->copy->block.mem;
    o->host_had =
        is_output && !o->copy->imported && vane__ranges_cover(&b->host_valid, o->lo, o->hi);
    return VANE_OK;
}

/* ---- the kernel --------------------------------------------------------------------------- */

/* Addresses become places in device memory. Of a CONCAT each part has its own input. */
static void to_device(vane__flight *f, uint32_t part, vane_call *call)
{
    int parts = f->p.parts > 1 || f->p.rq.op->rule == VANE__RULE_CONCAT;
    for (uint32_t i = 0; i < call->n_arg; i++) {
        uint32_t index = i + 1 == call->n_arg ? f->n - 1 : parts ? part : i;
        const vane__operand *o = &f->operands[index];
        vane_view *v = &call->arg[i];
        v->offset_bytes = o->mem == NULL ? 0 : (uint64_t)((uintptr_t)v->data - (uintptr_t)o->base);
        v->mem = o->mem;
        v->data = NULL;
    }
}

/* The last part with something to do has the mark. */
static uint32_t last_part(const vane__flight *f)
{
    vane_call call;
    uint32_t last = f->p.parts - 1;
    for (; f->p.parts > 1 && last > 0; last--) {
        vane__call_part(&f->p, last, &call);
        if (!vane__call_is_empty(&call))
            break;
    }
    return last;
}

int vane__flight_part(vane__flight *f, const vane__runner *r, uint32_t part, vane_call *call)
{
    int in_place = (f->p.call.flags & VANE_CALL_INPLACE) && f->writes;
    if (f->p.parts == 1 && f->arena == NULL) /* nothing is packed */
        memcpy(call, &f->p.call, offsetof(vane_call, arg) + f->p.call.n_arg * sizeof *call->arg);
    else
        vane__call_part(&f->p, part, call);
    if (f->p.parts > 1 && vane__call_is_empty(call))
        return 0;
    call->flags &= ~(uint32_t)VANE_CALL_INPLACE;
    call->flags |= in_place ? (uint32_t)VANE_CALL_INPLACE : 0;
    call->host = r->host;
    call->device = r->handle;
    call->width = r->width;
    to_device(f, part, call);
    return 1;
}

vane_call *vane__flight_aim(vane__flight *f, const vane__runner *r)
{
    vane_call *call = &f->p.call;
    call->host = r->host;
    call->device = r->handle;
    call->width = r->width;
    to_device(f, 0, call);
    return call;
}

void vane__flight_unaim(vane__flight *f)
{
    vane_call *call = &f->p.call;
    for (uint32_t i = 0; i < call->n_arg; i++) {
        const vane__operand *o = &f->operands[i + 1 == call->n_arg ? f->n - 1 : i];
        call->arg[i].data = o->base + call->arg[i].offset_bytes;
        call->arg[i].mem = NULL;
    }
}

static vane_status launch_one(vane__flight *f, const vane__runner *r, vane__queue *q,
                              const vane_call *call, vane__mark **out)
{
    uint64_t serial = vane__error_serial();
    vane_status st = vane__mark_launch(q, r->kernel, call, f->brief && f->writes, out);
    return vane__kernel_status(r, st, serial);
}

static vane_status launch_parts(vane__flight *f, const vane__runner *r, vane__queue *q,
                                vane__mark **out)
{
    vane_call call;
    vane_status st = VANE_OK;
    uint32_t last = last_part(f);
    for (uint32_t part = 0; st == VANE_OK && part <= last; part++) {
        if (!vane__flight_part(f, r, part, &call))
            continue;
        st = launch_one(f, r, q, &call, part == last ? out : NULL);
        f->touched |= st == VANE_OK;
    }
    return st;
}

/* ---- undone ------------------------------------------------------------------------------- */

/* Under the locks. */
static void spoil(vane__flight *f)
{
    vane__trail t;
    vane__trail_of(&t, f);
    vane__trail_spoil(&t, f->place, f->device);
}

/* The core's own gauges: what is under way on d. */
static void count(vane__flight *f, vane__device *d, int up)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; up && i < f->n; i++)
        bytes += f->operands[i].hi - f->operands[i].lo;
    if (f->flying != up)
        vane__gauge_count(&d->gauge, up, 1, up ? bytes : f->flying_bytes);
    f->flying = up;
    f->flying_bytes = bytes;
}

static void give_back(vane__flight *f, vane__device *d)
{
    count(f, d, 0);
    for (uint32_t i = 0; i < f->n; i++) {
        vane__operand *o = &f->operands[i];
        if (o->buffer == NULL)
            vane__unstage(o, d);
        o->mem = NULL;
        o->copy = NULL;
    }
    vane__mark_drop(f->kernel_mark);
    f->kernel_mark = NULL;
    if (f->queue != NULL)
        vane__queue_return(f->queue);
    f->queue = NULL;
    if (f->arena != NULL)
        vane__arena_return(f->arena);
    f->arena = NULL;
    f->device = NULL;
}

/* For those who are told of it. */
static void note_runner(vane__flight *f, const vane__runner *r)
{
    if (f->given_ns > 0)
        f->ran.runner = *r;
}

/* ---- from launch to landing ------------------------------------------------------------------ */

/* The output's way to host memory; *last is the mark of the kernel, and then of the transfer. */
static vane_status send_back(vane__flight *f, vane__queue *q, vane__mark **last)
{
    vane_event *event = NULL;
    vane_status st = vane__stage_back(f, &f->operands[f->n - 1], q, &event);
    if (st != VANE_OK || event == NULL) /* nothing travels, or it has */
        return st;
    f->kernel_mark = *last;
    *last = NULL;
    return vane__mark_take(q, event, last);
}

/* Under the locks: everything is enqueued, or st says why not. */
static vane_status enqueue(vane__flight *f, const vane__runner *r, vane__queue *q,
                           vane__mark **last)
{
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i < f->n; i++)
        st = place(f, &f->operands[i], q, i + 1 == f->n);
    if (st == VANE_OK)
        st = launch_parts(f, r, q, last);
    if (st == VANE_OK && !f->writes)
        st = send_back(f, q, last);
    return st;
}

/* Everything is enqueued: that the device may be lost is the ticket's affair from now on. */
static void unpin(vane__flight *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->operands[i].copy != NULL)
            f->operands[i].copy->pins--;
}

/* Under the locks. */
static vane_status take_off(vane__flight *f, const vane__runner *r, vane__queue *q)
{
    vane__mark *last = NULL;
    vane_status st = enqueue(f, r, q, &last);
    unpin(f);
    if (st == VANE_OK) {
        vane__operand *out = &f->operands[f->n - 1];
        if (f->writes) {
            vane__buffer_written(out->buffer, out->copy, out->lo, out->hi);
            vane__ticket_drop(out->copy->ready);
            out->copy->ready = vane__ticket_hold(f->ticket);
        }
        count(f, r->device, 1);
        vane__ticket_fly(f->ticket, q, last);
        for (uint32_t i = 0; i < f->n_locks; i++)
            vane__buffer_tidy(f->locks[i], f->ticket);
    } else {
        vane__mark_drop(last);
        vane__queue_settle(q);
        spoil(f);
        give_back(f, r->device);
    }
    return st;
}

vane_status vane__flight_launch(vane__flight *f, const vane__runner *r, vane__queue *q)
{
    note_runner(f, r);
    f->device = r->device;
    f->losses = atomic_load(&r->device->losses);
    f->touched = f->flying = 0;
    f->kernel = r->kernel;
    f->width = r->width;
    vane_status st = wait_turn(f, q);
    if (st != VANE_OK)
        return st;
    vane__flight_lock(f);
    st = take_off(f, r, q);
    vane__flight_unlock(f);
    return st;
}

vane_status vane__flight_launch_entered(vane__flight *f, const vane__runner *r, vane__queue *q)
{
    note_runner(f, r);
    f->device = r->device;
    f->losses = atomic_load(&r->device->losses);
    f->touched = f->flying = 0;
    f->kernel = r->kernel;
    f->width = r->width;
    vane_status st = wait_turn(f, q);
    return st == VANE_OK ? take_off(f, r, q) : st;
}

static vane_status wait_kernel(vane__flight *f)
{
    if (f->kernel_mark == NULL)
        return VANE_OK;
    vane_status st = vane__mark_wait(f->kernel_mark, UINT64_MAX);
    vane_error e = *vane_last_error();
    return st == VANE_OK ? st : vane__fail(st, "%s: %s", f->p.rq.op->info.name, e.message);
}

/* Memory that others see at any time gets the result at once, and is the host's to look at. */
static vane_status share(vane__flight *f)
{
    vane_status st = VANE_OK;
    if (!f->shared)
        return st; /* and a buffer may be closed by now, for its work is done */
    vane__flight_lock(f);
    for (uint32_t i = 0; st == VANE_OK && i < f->n_locks; i++)
        if (atomic_load(&f->locks[i]->host->shared) > 0 ||
            atomic_load(&f->locks[i]->host->changed)) /* whose loan ended meanwhile */
            st = vane__buffer_home(f->locks[i], 0, f->locks[i]->bytes);
    vane__flight_unlock(f);
    return st;
}

static void fall(vane__flight *f, vane__device *d, vane__queue *q, vane_status st)
{
    vane__trail t;
    if (q != NULL)
        vane__queue_settle(q);
    vane__flight_lock(f);
    spoil(f);
    vane__flight_unlock(f);
    vane__trail_of(&t, f);
    if (!f->hopeless)
        f->hopeless = vane__trail_blame(&t, d, st);
}

vane_status vane__flight_land(vane__flight *f)
{
    vane__device *d = f->device;
    vane__operand *out = &f->operands[f->n - 1];
    vane__queue *q = f->ticket->queue;
    vane_status st = wait_kernel(f), transfer = vane__ticket_wait(f->ticket, UINT64_MAX);
    st = st == VANE_OK ? transfer : st;
    if (st == VANE_OK)
        st = share(f);
    if (st == VANE_OK && !f->writes && q != NULL)
        st = vane__stage_deliver(out, q);
    if (st != VANE_OK)
        fall(f, d, q, st);
    else if (f->ticket == f->place)
        vane__flight_teach(f, d);
    give_back(f, d);
    return st;
}

/* A call that waits: its ticket must not be done before the caller knows how it went, because
 * another runner may come. So the work flies under a ticket of its own. */
static vane_status run_on_device(vane__flight *f, const vane__runner *r)
{
    vane__ticket *outer = f->ticket;
    vane__ticket *inner = vane__ticket_new(f->ctx->tickets, f->p.rq.op->info.name);
    if (inner == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory for its ticket", f->p.rq.op->info.name);
    vane__queue *q = vane__queue_borrow(r->device, 0);
    f->ticket = inner;
    vane_status st = vane__flight_launch(f, r, q);
    if (st == VANE_OK)
        st = vane__flight_land(f);
    vane__queue_return(q);
    vane__ticket_drop(inner);
    f->ticket = outer;
    return st;
}

/* ---- on the host ------------------------------------------------------------------------------
 */

static vane_status bring_home(vane__flight *f)
{
    vane_status st = VANE_OK;
    char name[16];
    for (uint32_t i = 0; st == VANE_OK && i < f->n; i++) {
        const vane__operand *o = &f->operands[i];
        int is_output = i + 1 == f->n;
        if (o->buffer == NULL)
            continue;
        if (!is_output)
            st = vane__buffer_known(o->buffer, f->p.rq.op->info.name,
                                    vane__input_name(f->p.rq.op, i, name, sizeof name), o->lo,
                                    o->hi);
        f->hopeless |= st != VANE_OK;
        if (st == VANE_OK)
            st = is_output && vane__tensor_fills(&o->t, o->hi - o->lo)
                     ? vane__buffer_host_access(o->buffer)
                     : vane__buffer_home(o->buffer, o->lo, o->hi);
        f->hopeless |= st != VANE_OK && vane__buffer_is_lost(o->buffer, o->lo, o->hi);
    }
    return st;
}

vane_status vane__flight_home(vane__flight *f)
{
    vane_status st = vane__tickets_wait(&f->from);
    if (st != VANE_OK) {
        f->hopeless = 1;
        return st;
    }
    vane_error kept = *vane_last_error();
    vane__tickets_wait(&f->after);
    vane__error_restore(&kept);
    vane__flight_lock(f);
    st = bring_home(f);
    vane__flight_unlock(f);
    return st;
}

static vane_status run_on_host(vane__flight *f, const vane__runner *r)
{
    vane__operand *out = &f->operands[f->n - 1];
    vane_status st = vane__flight_home(f);
    if (st != VANE_OK)
        return st;
    st = vane__execute_on_host(&f->p, r);
    vane__flight_lock(f);
    if (st == VANE_OK && f->writes)
        vane__buffer_written(out->buffer, NULL, out->lo, out->hi);
    else if (f->writes && !(f->p.call.flags & VANE_CALL_INPLACE))
        vane__buffer_spoilt(out->buffer, NULL, out->lo, out->hi);
    vane__flight_unlock(f);
    return st;
}

vane_status vane__flight_run(vane__flight *f, const vane__runner *r)
{
    note_runner(f, r);
    if (r->kernel->direct != NULL)
        return run_on_host(f, r);
    if (r->device == NULL || r->device->queues == NULL)
        return vane__fail(VANE_E_UNSUPPORTED, "%s has neither a direct function nor a queue",
                          r->kernel->name);
    if (vane__link_measure(r->device))
        vane__routes_renew(f->ctx);
    return run_on_device(f, r);
}
