/* SPDX-License-Identifier: MIT */
/* elect.c - the careful path: every candidate listed, the policy asked, failures retried.
 *
 * It serves calls with wishes (a backend, a width, a record), kernels with needs
 * (alignment, staging, memory of their own), concatenations, and calls whose route just
 * failed. Inputs stay intact: an in-place call of a kernel that may fail halfway computes
 * into a staged output.
 */
#include <stdlib.h>
#include <string.h>

#include "dispatch/dispatch.h"
#include "dispatch/flight.h"
#include "dispatch/site.h"
#include "error.h"
#include "os.h"
#include "plugin/health.h"
#include "policy/guard.h"
#include "telemetry/event.h"

static const char *name_of(const vane__runner *r)
{
    return r->device != NULL ? r->device->backend->entry->name : VANE__PROGRAM;
}

vane_status vane__kernel_status(const vane__runner *r, vane_status st, uint64_t serial)
{
    const vane_error *said = vane_last_error();
    if (st > VANE_OK)
        return vane__fail(VANE_E_INTERNAL, "%s returned %d, which is no status", r->kernel->name,
                          (int)st);
    if (st == VANE_OK || (said->status == st && vane__error_serial() != serial &&
                          strcmp(said->backend, name_of(r)) == 0))
        return st;
    return vane__fail(st, "%s failed and said no more: %s", r->kernel->name,
                      vane_status_string(st));
}

static vane_status run_direct(const vane__runner *r, const vane_call *call)
{
    uint64_t serial = vane__error_serial();
    return vane__kernel_status(r, r->kernel->direct(r->kernel, call), serial);
}

/* The output aliases an input and the kernel may fail after writing: compute beside. */
static vane_status run_staged(const vane__runner *r, vane_call *call)
{
    vane_view real = call->arg[call->n_arg - 1];
    vane_view *out = &call->arg[call->n_arg - 1];
    uint64_t count = vane__view_dense(&real, out);
    void *scratch = vane__alloc(count * vane_dtype_bytes(real.dtype), r->kernel->align_bytes);
    if (scratch == NULL)
        return vane__fail(VANE_E_NOMEM, "%s: no memory to stage its in-place output",
                          r->kernel->name);
    out->data = scratch;
    call->flags &= ~(uint32_t)(VANE_CALL_INPLACE | VANE_CALL_FLAT);
    vane_status st = run_direct(r, call);
    if (st == VANE_OK)
        vane__view_copy(out, &real);
    vane__free(scratch);
    return st;
}

/* A reduction broadcasts its output over the reduced dimensions (stride 0): the same
 * shape-preserving helpers serve it, because those strides stay 0. */
vane_status vane__execute_on_host(const vane__prepared *p, const vane__runner *r)
{
    vane_call call;
    vane_status st = VANE_OK;
    for (uint32_t part = 0; st == VANE_OK && part < p->parts; part++) {
        vane__call_part(p, part, &call);
        if (p->parts > 1 && vane__call_is_empty(&call))
            continue;
        call.flags |= p->call.flags & VANE_CALL_INPLACE;
        call.host = r->host;
        call.device = r->handle;
        call.width = r->width;
        if ((call.flags & VANE_CALL_INPLACE) && !(r->kernel->flags & VANE_KERNEL_CLEAN_FAIL))
            st = run_staged(r, &call);
        else
            st = run_direct(r, &call);
    }
    return st;
}

vane_status vane__execute(vane_context *ctx, const vane__prepared *p, vane__flight *f,
                          const vane__runner *r)
{
    vane__flight local;
    if (f != NULL)
        return vane__flight_run(f, r);
    if (r->kernel->direct != NULL)
        return vane__execute_on_host(p, r);
    vane_status st = vane__flight_over(ctx, p, &local);
    if (st != VANE_OK)
        return st;
    st = vane__flight_run(&local, r);
    vane__flight_close(&local);
    return st;
}

static void mark_failed(vane__slate *s, const vane__runner *r)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->runners[i].kernel == r->kernel && s->runners[i].device == r->device)
            s->candidates[i].reason = VANE_REASON_FAILED;
}

/* A kernel that its plugin gave up leaves the routes of its device. */
static void note_broken(vane__device *d, const vane_kernel *kernel)
{
    vane__broken *b = malloc(sizeof *b);
    if (b == NULL || !vane__device_knows(d, kernel)) {
        free(b); /* without memory it is tried again, and says so again */
        return;
    }
    b->kernel = kernel;
    b->next = atomic_load(&d->broken);
    while (!atomic_compare_exchange_weak(&d->broken, &b->next, b))
        ;
}

/* The device was lost with it, and may be back since. */
static int is_old_loss(const vane__election *e, const vane__runner *r, vane_status st)
{
    return st == VANE_E_DEVICE_LOST && e->f != NULL && r->kernel->direct == NULL &&
           e->f->losses != atomic_load(&r->device->losses);
}

/* A lost device leaves the routes, and whoever fails again and again; anything else is this
 * call's affair. A device's first failure is a warning, the later ones are for those who look. */
static void note_failure(const vane__election *e, const vane__runner *r, vane_status st)
{
    vane_context *ctx = e->ctx;
    int first = r->device == NULL || atomic_fetch_add(&r->device->complaints, 1) == 0;
    vane_error kept = *vane_last_error();
    vane__ran_failed(r);
    vane__log_line(&ctx->settings.log, first ? VANE_LOG_WARN : VANE_LOG_DEBUG, "%s@%s failed: %s",
                   r->kernel->name, name_of(r), vane_last_error()->message);
    int broken = r->device != NULL && st == VANE_E_UNSUPPORTED && r->kernel->direct == NULL;
    if (broken)
        note_broken(r->device, r->kernel);
    if (broken)
        vane__routes_renew(ctx);
    else if (r->device != NULL && !is_old_loss(e, r, st))
        vane__device_fail(r->device, st);
    vane__guard_failed(ctx, e->p, r, st);
    vane__error_restore(&kept);
}

static vane_status attempt(vane__election *e, const vane__runner *r)
{
    return e->launch != NULL ? e->launch(e->arg, e->f, r) : vane__execute(e->ctx, e->p, e->f, r);
}

/* Elects until one succeeds. The first failure's sentence is the one kept. */
static vane_status try_all(vane__election *e, vane__slate *s, vane_decision *record,
                           vane_status first)
{
    vane_error kept = *vane_last_error();
    for (;;) {
        uint32_t winner = vane__slate_choose(e->ctx, s);
        if (s->chosen == VANE_NO_CANDIDATE)
            s->chosen = winner;
        if (winner == VANE_NO_CANDIDATE) {
            if (first == VANE_OK)
                return vane__slate_none(e->ctx, e->p->rq.op, e->p->dtype, s);
            return vane__error_restore(&kept);
        }
        uint64_t start = record != NULL ? vane__now_ns() : 0;
        vane_status st = attempt(e, &s->runners[winner]);
        if (record != NULL)
            record->took_ns = (double)(vane__now_ns() - start);
        if (st == VANE_OK) {
            if (record != NULL)
                record->ran = winner;
            vane__last_run.runner = s->runners[winner];
            return VANE_OK;
        }
        if (first == VANE_OK) {
            first = st;
            kept = *vane_last_error();
        }
        if (e->f != NULL && e->f->hopeless)
            return vane__error_restore(
                &kept); /* an operand's content, not the candidate: nobody else can either */
        note_failure(e, &s->runners[winner], st);
        mark_failed(s, &s->runners[winner]);
        if (record != NULL)
            record->retries++;
    }
}

static vane_status make_slate(const vane__election *e, vane_decision *record, vane__slate *out)
{
    vane__wish wish = {e->backend, e->width, e->device, e->p, e->p->where};
    uint32_t hot = vane__pool_hot(e->ctx->pool) ? 1 : 0;
    vane_status st =
        vane__slate_make(e->ctx, e->p->rq.op, e->p->dtype, e->p->size_class, hot, &wish, out);
    if (st != VANE_OK)
        return st;
    vane__site_inform(e->ctx, e->p, hot, out, record);
    if (e->failed != NULL)
        mark_failed(out, e->failed);
    return VANE_OK;
}

static void record_init(vane_decision *record, uint32_t retries)
{
    record->ran = VANE_NO_CANDIDATE;
    record->took_ns = 0;
    record->retries = retries;
    record->settled = record->route_changes = 0;
    record->route_since_ns = 0;
    record->route_why = NULL;
}

vane_status vane__elect(vane__election *e)
{
    vane__slate slate;
    vane_context *ctx = e->ctx;
    int logs = atomic_load_explicit(&ctx->watch, memory_order_relaxed) & VANE__WATCH_LOG;
    vane_decision local, *record = e->decision != NULL ? e->decision : logs ? &local : NULL;
    vane_status first = e->failed == NULL ? VANE_OK
                        : e->f == NULL && e->failed->kernel->direct != NULL
                            ? vane__kernel_status(e->failed, e->failed_with, 0)
                            : e->failed_with;
    if (e->failed != NULL)
        note_failure(e, e->failed, first);
    if (record != NULL)
        record_init(record, e->failed != NULL);
    vane_status st = make_slate(e, record, &slate);
    if (st == VANE_OK && vane__slate_is_hopeless(&slate) && vane__probe_slate(ctx, e->p, &slate)) {
        vane__slate_free(&slate);
        st = make_slate(e, record, &slate);
    }
    if (st != VANE_OK)
        return st;
    if (e->p->parts > 0)
        st = try_all(e, &slate, record, first);
    else
        slate.chosen = vane__slate_choose(ctx, &slate);
    if (record != NULL) {
        vane__decision_fill(ctx, e->p, &slate, record);
        if (logs)
            vane__decision_log(ctx, e->p->rq.op, record);
    }
    vane__slate_free(&slate);
    return st;
}

vane_status vane__elect_and_run(vane_context *ctx, const vane__prepared *p,
                                const vane_options *options, const vane__runner *failed,
                                vane_status failed_with)
{
    vane__election e = {.ctx = ctx, .p = p, .failed = failed, .failed_with = failed_with};
    if (options != NULL) {
        e.backend = options->backend;
        e.width = options->width;
        e.decision = options->decision;
    }
    return vane__elect(&e);
}
