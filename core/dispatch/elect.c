/* SPDX-License-Identifier: MIT */
/* elect.c - the careful path: every candidate listed, the policy asked, failures retried.
 *
 * It serves calls with wishes (a backend, a width, a record), kernels with needs
 * (alignment, staging, memory of their own), concatenations, and calls whose route just
 * failed. Inputs stay intact: an in-place call of a kernel that may fail halfway computes
 * into a staged output.
 */
#include <string.h>

#include "dispatch/dispatch.h"
#include "error.h"
#include "os.h"

static int is_empty(const vane_call *call)
{
    const vane_view *v = &call->arg[call->n_arg - 1];
    for (uint32_t d = 0; d < v->rank; d++)
        if (v->shape[d] == 0)
            return 1;
    return 0;
}

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
vane_status vane__execute(vane_context *ctx, const vane__prepared *p, const vane__runner *r)
{
    vane_call call;
    (void)ctx;
    for (uint32_t part = 0; part < p->parts; part++) {
        vane__call_part(p, part, &call);
        if (p->parts > 1 && is_empty(&call))
            continue;
        call.flags |= p->call.flags & VANE_CALL_INPLACE;
        call.host = r->host;
        call.device = r->handle;
        call.width = r->width;
        vane_status st = VANE_OK;
        if (r->kernel->direct == NULL)
            st = vane__run_resident(r, &call);
        else if ((call.flags & VANE_CALL_INPLACE) && !(r->kernel->flags & VANE_KERNEL_CLEAN_FAIL))
            st = run_staged(r, &call);
        else
            st = run_direct(r, &call);
        if (st != VANE_OK)
            return st;
    }
    return VANE_OK;
}

static void mark_failed(vane__slate *s, const vane__runner *r)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->runners[i].kernel == r->kernel && s->runners[i].device == r->device)
            s->candidates[i].reason = VANE_REASON_FAILED;
}

/* A lost device leaves the routes; anything else is this call's affair. A device's first
 * failure is a warning, the later ones are for those who look. */
static void note_failure(vane_context *ctx, const vane__runner *r, vane_status st)
{
    int first = r->device == NULL || atomic_fetch_add(&r->device->complaints, 1) == 0;
    vane__log_line(&ctx->settings.log, first ? VANE_LOG_WARN : VANE_LOG_DEBUG, "%s@%s failed: %s",
                   r->kernel->name, name_of(r), vane_last_error()->message);
    if (r->device != NULL && st == VANE_E_DEVICE_LOST &&
        atomic_fetch_add(&r->device->failures, 1) == 0)
        vane__routes_renew(
            ctx); /* out of memory: the old routes fail once a call, and are retried */
}

/* Elects until one succeeds. *ran: who did. The first failure's sentence is the one kept. */
static vane_status try_all(vane_context *ctx, const vane__prepared *p, vane__slate *s,
                           vane_decision *record, vane_status first)
{
    vane_error kept = *vane_last_error();
    for (;;) {
        uint32_t winner = vane__slate_choose(ctx, s);
        if (s->chosen == VANE_NO_CANDIDATE)
            s->chosen = winner;
        if (winner == VANE_NO_CANDIDATE) {
            if (first == VANE_OK)
                return vane__slate_none(ctx, p->rq.op, p->dtype, s);
            return vane__error_restore(&kept);
        }
        uint64_t start = record != NULL ? vane__now_ns() : 0;
        vane_status st = vane__execute(ctx, p, &s->runners[winner]);
        if (record != NULL)
            record->took_ns = (double)(vane__now_ns() - start);
        if (st == VANE_OK) {
            if (record != NULL)
                record->ran = winner;
            return VANE_OK;
        }
        if (first == VANE_OK) {
            first = st;
            kept = *vane_last_error();
        }
        note_failure(ctx, &s->runners[winner], st);
        mark_failed(s, &s->runners[winner]);
        if (record != NULL)
            record->retries++;
    }
}

vane_status vane__elect_and_run(vane_context *ctx, const vane__prepared *p,
                                const vane_options *options, const vane__runner *failed,
                                vane_status failed_with)
{
    vane__slate slate;
    vane_decision local, *record = options != NULL ? options->decision : NULL;
    uint32_t hot = vane__pool_hot(ctx->pool) ? 1 : 0;
    vane_status first = failed != NULL ? vane__kernel_status(failed, failed_with, 0) : VANE_OK;
    if (record == NULL && ctx->slow)
        record = &local;
    if (failed != NULL)
        note_failure(ctx, failed, first);
    vane_status st =
        vane__slate_make(ctx, p->rq.op, p->dtype, p->size_class, hot, p,
                         options ? options->backend : NULL, options ? options->width : 0, &slate);
    if (st != VANE_OK)
        return st;
    if (failed != NULL)
        mark_failed(&slate, failed);
    if (record != NULL) {
        record->ran = VANE_NO_CANDIDATE;
        record->took_ns = 0;
        record->retries = failed != NULL;
    }
    if (p->parts > 0)
        st = try_all(ctx, p, &slate, record, first);
    else
        slate.chosen = vane__slate_choose(ctx, &slate);
    if (record != NULL) {
        vane__decision_fill(ctx, p, &slate, record);
        if (ctx->slow)
            vane__decision_log(ctx, p->rq.op, record);
    }
    vane__slate_free(&slate);
    return st;
}
