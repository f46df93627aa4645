/* SPDX-License-Identifier: MIT */
/* sequence.c - sequences opened, run call by call, and closed. */
#include "exec/sequence.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "exec/stream.h"

/* ---- what a run does to each buffer ---------------------------------------------------------- */

static vane__used *find(vane_sequence *q, const vane__buffer *b)
{
    uint32_t lo = 0, hi = q->n_used;
    while (lo < hi) {
        uint32_t middle = lo + (hi - lo) / 2;
        if (q->used[middle].buffer->slot < b->slot)
            lo = middle + 1;
        else
            hi = middle;
    }
    return &q->used[lo];
}

static int is_at(const vane_sequence *q, const vane__used *u, const vane__buffer *b)
{
    return u < q->used + q->n_used && u->buffer == b;
}

static void list_buffers(vane_sequence *q)
{
    for (uint32_t i = 0; i < q->count; i++)
        for (uint32_t k = 0; k < q->flights[i].n; k++) {
            const vane__operand *o = &q->flights[i].operands[k];
            q->in_buffers &= o->buffer != NULL;
            if (o->buffer == NULL)
                continue;
            vane__used *u = find(q, o->buffer);
            if (is_at(q, u, o->buffer))
                continue;
            memmove(u + 1, u, (size_t)(q->used + q->n_used - u) * sizeof *u);
            *u = (vane__used){.buffer = o->buffer, .handle = o->handle};
            q->n_used++;
        }
    for (uint32_t i = 0; i < q->n_used; i++)
        vane__ranges_init(&q->used[i].made);
}

/* Unless calls before make it. */
static void needs(vane_sequence *q, const vane__operand *o)
{
    vane__used *u = find(q, o->buffer);
    if (vane__ranges_cover(&u->made, o->lo, o->hi))
        return;
    q->needs[q->n_needs++] = (vane__need){(uint32_t)(u - q->used), o->lo, o->hi};
    u->reads = 1;
}

/* What lies in an output's gaps stays as it is, so it must be there. */
static int follow(vane_sequence *q, const vane__flight *f)
{
    const vane__operand *out = &f->operands[f->n - 1];
    for (uint32_t i = 0; i + 1 < f->n; i++)
        needs(q, &f->operands[i]);
    if (!vane__tensor_fills(&out->t, out->hi - out->lo))
        needs(q, out);
    for (uint32_t i = 0; i < f->n; i++)
        q->bytes += f->operands[i].hi - f->operands[i].lo;
    q->launches += f->p.parts;
    return vane__ranges_add(&find(q, out->buffer)->made, out->lo, out->hi);
}

static vane_status understand(vane_sequence *q)
{
    vane__work all = {.bytes = 0};
    int room = 1;
    q->in_buffers = 1;
    list_buffers(q);
    for (uint32_t i = 0; room && q->in_buffers && i < q->count; i++) {
        vane__flight *f = &q->flights[i];
        f->p.where = (vane__where){.buffers = 1, .out_stays = 1};
        all.bytes += f->p.work.bytes;
        all.flops += f->p.work.flops;
        if (f->p.parts > 0)
            room = follow(q, f);
    }
    for (uint32_t i = 0; i < q->n_used; i++)
        q->n_made += q->used[i].made.count;
    q->brief = vane__work_is_brief(&all);
    return room ? VANE_OK : vane__fail(VANE_E_NOMEM, "sequence_open: no memory for its buffers");
}

/* ---- its calls ------------------------------------------------------------------------------- */

static vane_status copy_call(vane_sequence *q, const vane_plan *plan, uint32_t i)
{
    vane_context *ctx;
    const vane__request *rq = vane__plan_request(plan, &ctx);
    if (ctx != q->ctx)
        return vane__fail(VANE_E_ARGUMENT, "sequence_open: plans[%u] is of another context", i);
    vane_status st = vane_plan_open(ctx, rq->op->info.op, rq->in, rq->n_in, rq->out, rq->n_out,
                                    rq->params, &q->plans[i]);
    if (st == VANE_OK)
        st = vane__flight_open(ctx, vane__plan_request(q->plans[i], &ctx), &q->flights[i]);
    if (st != VANE_OK)
        return st;
    q->count = i + 1;
    return VANE_OK;
}

static uint32_t operands_of(vane_plan *const *plans, uint32_t count)
{
    vane_context *ctx;
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++)
        n += vane__plan_request(plans[i], &ctx)->n_in + 1;
    return n;
}

static vane_status rooms(vane_sequence *q, vane_plan *const *plans, uint32_t count)
{
    const uint32_t n = operands_of(plans, count);
    q->plans = calloc(count, sizeof(vane_plan *));
    q->flights = calloc(count, sizeof *q->flights);
    q->used = calloc(n, sizeof *q->used);
    q->needs = calloc(n, sizeof *q->needs);
    if (q->plans != NULL && q->flights != NULL && q->used != NULL && q->needs != NULL)
        return VANE_OK;
    return vane__fail(VANE_E_NOMEM, "sequence_open: no memory for %u calls", count);
}

static void sequence_free(vane_sequence *q)
{
    vane__recordings_free(q);
    for (uint32_t i = 0; i < q->count; i++)
        vane__flight_close(&q->flights[i]);
    for (uint32_t i = 0; q->plans != NULL && i < q->room; i++)
        vane_plan_close(q->plans[i]);
    for (uint32_t i = 0; i < q->n_used; i++)
        vane__ranges_free(&q->used[i].made);
    free(q->plans);
    free(q->flights);
    free(q->used);
    free(q->needs);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static vane_status check(vane_context *ctx, vane_plan *const *plans, uint32_t count)
{
    vane_status st = vane__context_check(ctx);
    if (st == VANE_OK && (plans == NULL || count == 0))
        st = vane__fail(VANE_E_ARGUMENT, "sequence_open: no plans, expected one or more");
    for (uint32_t i = 0; st == VANE_OK && i < count; i++)
        if (plans[i] == NULL)
            st =
                vane__fail(VANE_E_ARGUMENT,
                           "sequence_open: plans[%u] is NULL, expected one from vane_plan_open", i);
    return st;
}

vane_status vane_sequence_open(vane_context *ctx, vane_plan *const *plans, uint32_t count,
                               vane_sequence **out)
{
    if (out == NULL)
        return vane__fail(VANE_E_ARGUMENT, "sequence_open: out is NULL, expected a place for it");
    *out = NULL;
    vane_status st = check(ctx, plans, count);
    if (st != VANE_OK)
        return st;
    vane_sequence *q = calloc(1, sizeof *q);
    if (q == NULL || pthread_mutex_init(&q->lock, NULL) != 0) {
        free(q);
        return vane__fail(VANE_E_NOMEM, "sequence_open: no memory for a sequence");
    }
    q->magic = VANE__SEQUENCE_MAGIC;
    q->ctx = ctx;
    q->room = count;
    st = rooms(q, plans, count);
    for (uint32_t i = 0; st == VANE_OK && i < count; i++)
        st = copy_call(q, plans[i], i);
    if (st == VANE_OK)
        st = understand(q);
    if (st != VANE_OK) {
        sequence_free(q);
        return st;
    }
    pthread_mutex_lock(&ctx->control);
    q->next = ctx->sequences;
    ctx->sequences = q;
    pthread_mutex_unlock(&ctx->control);
    *out = q;
    return VANE_OK;
}

void vane_sequence_close(vane_sequence *q)
{
    if (q == NULL || q->magic != VANE__SEQUENCE_MAGIC)
        return;
    q->magic = 0;
    pthread_mutex_lock(&q->ctx->control);
    for (vane_sequence **at = &q->ctx->sequences; *at != NULL; at = &(*at)->next)
        if (*at == q) {
            *at = q->next;
            break;
        }
    pthread_mutex_unlock(&q->ctx->control);
    sequence_free(q);
}

void vane__sequences_close(vane_context *ctx)
{
    while (ctx->sequences != NULL) {
        vane__log_line(&ctx->settings.log, VANE_LOG_WARN,
                       "a sequence was still open when its context was closed");
        vane_sequence_close(ctx->sequences);
    }
}

/* ---- a run ------------------------------------------------------------------------------------
 */

/* The sentence for an operand whose buffer is not what it was. */
static vane_status check_operand(const vane_sequence *q, const vane__flight *f, uint32_t i)
{
    char name[16];
    vane__buffer *b;
    const vane__op *op = f->p.rq.op;
    vane_status st = vane__buffer_enter(
        q->ctx, op->info.name, i + 1 == f->n ? "out" : vane__input_name(op, i, name, sizeof name),
        f->operands[i].handle, &b);
    if (st == VANE_OK)
        pthread_mutex_unlock(&b->lock);
    return st;
}

static vane_status check_buffers(const vane_sequence *q)
{
    int good = 1;
    vane_status st = VANE_OK;
    for (uint32_t i = 0; good && i < q->n_used; i++)
        good = vane__buffer_is(q->used[i].buffer, q->used[i].handle);
    for (uint32_t i = 0; !good && st == VANE_OK && i < q->count; i++)
        for (uint32_t k = 0; st == VANE_OK && k < q->flights[i].n; k++)
            if (q->flights[i].operands[k].buffer != NULL)
                st = check_operand(q, &q->flights[i], k);
    return st;
}

/* Default parameters are none: the stream then knows the call again. */
static vane_status give_each(vane_stream *s, const vane_sequence *q)
{
    vane_context *ctx;
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i < q->count; i++) {
        const vane__request *rq = vane__plan_request(q->plans[i], &ctx);
        const int plain = memcmp(rq->params, rq->op->defaults, sizeof *rq->params) == 0;
        st = vane__stream_call(s, rq->op->info.op, rq->in, rq->n_in, rq->out, rq->n_out,
                               plain ? NULL : rq->params, NULL);
    }
    return st;
}

vane_status vane_sequence_run(vane_stream *s, vane_sequence *q)
{
    vane_status st = vane__stream_check(s, "sequence_run");
    if (st == VANE_OK && (q == NULL || q->magic != VANE__SEQUENCE_MAGIC))
        st = vane__fail(VANE_E_ARGUMENT, "sequence_run: sequence is no open one, expected one from "
                                         "vane_sequence_open");
    if (st == VANE_OK && q->ctx != s->ctx)
        st = vane__fail(VANE_E_ARGUMENT, "sequence_run: sequence is of another context");
    if (st != VANE_OK)
        return st;
    vane__lane_room(s);
    pthread_mutex_lock(&s->give);
    st = check_buffers(q);
    if (st == VANE_OK && !vane__replay_give(s, q))
        st = give_each(s, q);
    pthread_mutex_unlock(&s->give);
    return st;
}
