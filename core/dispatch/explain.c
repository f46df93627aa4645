/* SPDX-License-Identifier: MIT */
/* explain.c - the decision record: what stood for election and what came of it. */
#include <stdio.h>
#include <string.h>

#include "dispatch/dispatch.h"
#include "dispatch/flight.h"
#include "dispatch/site.h"
#include "error.h"

static const char *const reasons[] = {
#define VANE_REASON_TEXT(NAME, text) text,
    VANE_REASON_MAP(VANE_REASON_TEXT)};

const char *vane_reason_string(uint32_t reason)
{
    return reason < sizeof reasons / sizeof reasons[0] ? reasons[reason] : "?";
}

/* With more candidates than the record holds, the chosen and the one that ran stay in. */
static void list(const vane__slate *s, vane_decision *out)
{
    uint32_t must[2] = {s->chosen, out->ran};
    uint32_t kept =
        (must[0] < s->count ? 1u : 0u) + (must[1] < s->count && must[1] != must[0] ? 1u : 0u);
    uint32_t room = VANE_MAX_CANDIDATES - kept;
    out->chosen = VANE_NO_CANDIDATE;
    uint32_t ran = VANE_NO_CANDIDATE;
    for (uint32_t i = 0; i < s->count; i++) {
        int needed = i == must[0] || i == must[1];
        if (!needed && room == 0) {
            out->dropped++;
            continue;
        }
        room -= !needed;
        if (i == must[0])
            out->chosen = out->count;
        if (i == must[1])
            ran = out->count;
        out->candidates[out->count++] = s->candidates[i];
    }
    out->ran = ran;
}

void vane__decision_fill(vane_context *ctx, const vane__prepared *p, const vane__slate *s,
                         vane_decision *out)
{
    out->struct_size = sizeof(*out);
    out->op = p->rq.op->info.op;
    out->dtype = p->dtype;
    out->size_class = p->size_class;
    out->count = out->dropped = 0;
    out->pool_hot = s->query.pool_hot;
    out->flops = p->work.flops;
    out->bytes = p->work.bytes;
    out->fork_ns = s->query.fork_ns;
    out->policy = atomic_load(&ctx->policy)->name;
    out->objective = s->query.objective;
    list(s, out);
}

void vane__decision_log(const vane_context *ctx, const vane__op *op, const vane_decision *d)
{
    char line[512];
    size_t used = 0;
    for (uint32_t i = 0; i < d->count && used < sizeof line; i++) {
        const vane_candidate *c = &d->candidates[i];
        int n = snprintf(line + used, sizeof line - used, "%s%s x%u %.0f ns%s%s", i ? "; " : "",
                         c->backend, c->width, c->predicted_ns, i == d->ran ? " RAN" : ", ",
                         i == d->ran ? "" : vane_reason_string(c->reason));
        used += n > 0 ? (size_t)n : 0;
    }
    vane__log_line(&ctx->settings.log, VANE_LOG_DEBUG, "%s %s class %u by %s, %.0f ns: %s",
                   op->info.name, vane_dtype_name(d->dtype), d->size_class, d->policy, d->took_ns,
                   line);
}

static vane_status explain(vane_context *ctx, const vane__prepared *p, vane_decision *out)
{
    vane__slate slate;
    vane__wish wish = {.p = p, .where = p->where};
    uint32_t hot = vane__pool_hot(ctx->pool) ? 1 : 0;
    vane_status st = vane__slate_make(ctx, p->rq.op, p->dtype, p->size_class, hot, &wish, &slate);
    if (st != VANE_OK)
        return st;
    memset(out, 0, sizeof(*out));
    out->ran = VANE_NO_CANDIDATE;
    vane__route_foresee(ctx, p, hot);
    vane__site_inform(ctx, p, hot, &slate, out);
    slate.chosen = vane__slate_choose(ctx, &slate);
    if (slate.chosen == VANE_NO_CANDIDATE)
        st = vane__slate_none(ctx, p->rq.op, p->dtype, &slate);
    vane__decision_fill(ctx, p, &slate, out);
    vane__slate_free(&slate);
    return st;
}

static vane_status explain_buffers(vane_context *ctx, const vane__request *rq,
                                   vane_decision *decision)
{
    vane__flight f;
    vane_status st = vane__flight_open(ctx, rq, &f);
    if (st != VANE_OK)
        return st;
    vane__flight_lock(&f);
    vane__flight_look(&f);
    vane__flight_unlock(&f);
    st = explain(ctx, &f.p, decision);
    vane__flight_close(&f);
    return st;
}

vane_status vane_explain(vane_context *ctx, uint32_t op, const vane_tensor *const *inputs,
                         uint32_t n_in, vane_tensor *const *outputs, uint32_t n_out,
                         const vane_params *params, vane_decision *out)
{
    vane__request rq;
    vane__prepared p;
    vane_status st = vane__request_make(ctx, op, inputs, n_in, outputs, n_out, params, &rq);
    if (st == VANE_OK && out == NULL)
        st = vane__fail(VANE_E_ARGUMENT, "%s: out is NULL, expected a vane_decision",
                        rq.op->info.name);
    if (st == VANE_OK && vane__has_buffers(inputs, rq.n_in, outputs, n_out))
        return explain_buffers(ctx, &rq, out);
    if (st != VANE_OK)
        return st;
    rq.need_data = 0;
    st = vane__call_prepare(&rq, &p);
    return st == VANE_OK ? explain(ctx, &p, out) : st;
}
