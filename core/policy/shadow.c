/* SPDX-License-Identifier: MIT */
/* shadow.c - a call is made, and then checked: inputs that it overwrites are copied before.
 *
 * The result is judged where it lies, so that what only this address, or computing in place,
 * makes wrong is found too. The user asked for it: it is no part of the allowance of trials.
 */
#include "policy/shadow.h"

#include <stdlib.h>
#include <string.h>

#include "dispatch/flight.h"
#include "dispatch/site.h"
#include "error.h"
#include "op/tensor.h"
#include "os.h"
#include "policy/verify.h"
#include "telemetry/clock.h"

/* ---- whose turn it is --------------------------------------------------------------------- */

static _Thread_local struct turn {
    uint32_t left; /* calls, with the one that is checked; 0: this thread made none yet */
    uint32_t set;  /* what vane__unsampled was when it was last looked at */
    uint32_t seed;
    uint32_t resting; /* made-up calls are nobody's turn */
} turn;

/* 1 to 2 * every - 1: programs have rhythms. */
static uint32_t draw(uint32_t every)
{
    if (turn.seed == 0)
        turn.seed = (uint32_t)((uintptr_t)&turn >> 4) | 1;
    turn.seed = turn.seed * 1664525u + 1013904223u;
    return 1 + (uint32_t)((uint64_t)turn.seed * (2 * (uint64_t)every - 1) >> 32);
}

void vane__shadow_rest(int resting)
{
    turn.resting = (uint32_t)resting;
}

uint32_t vane__shadow_pause(uint32_t pause)
{
    if (turn.resting)
        return pause;
    if (turn.left > 0 && turn.left - 1 < pause)
        pause = turn.left - 1;
    return turn.set = pause;
}

/* A context without the wish takes nobody's turn: the next call of one with it is checked. */
static int count(uint32_t every)
{
    uint32_t passed = 1 + (turn.set > vane__unsampled ? turn.set - vane__unsampled : 0);
    if (turn.left == 0 && every > 0) {
        turn.left = draw(every);
        passed = 1;
    }
    int due = passed >= turn.left;
    turn.left = due ? 1 : turn.left - passed;
    if (!due || every == 0)
        return 0;
    turn.left = draw(every);
    return 1;
}

int vane__shadow_due(vane_context *ctx)
{
    uint32_t every = ctx->settings.verify;
    if (turn.resting || (every == 0 && turn.left == 0))
        return 0;
    int due = count(every);
    vane__unsampled = vane__shadow_pause(vane__unsampled);
    return due;
}

/* ---- before -------------------------------------------------------------------------------- */

typedef struct shadow {
    vane__election *e;
    vane__prepared p; /* the call, over the inputs as they were */
    vane_tensor *in;
    const vane_tensor **ins;
    void **memory; /* of the copies, by input; NULL: it is not overwritten */
    vane__check *check;
    vane__runner ran;
    double took_ns;
} shadow;

static uint64_t bytes_of(const vane_tensor *t)
{
    return (uint64_t)vane_tensor_count(t) * vane_dtype_bytes(t->dtype);
}

/* A dense copy of t into memory of its own; NULL: there is none. */
static void *copy_of(const vane_tensor *t, vane_tensor *out)
{
    *out = *t;
    vane__strides_fill(out->rank, out->shape, out->stride);
    out->data = vane__alloc(bytes_of(t), 64);
    if (out->data != NULL && bytes_of(t) > 0)
        vane__tensor_copy(t, out);
    return out->data;
}

static int copy_inputs(shadow *s)
{
    const vane__request *rq = &s->e->p->rq;
    s->in = calloc(rq->n_in + 1, sizeof *s->in);
    s->ins = calloc(rq->n_in + 1, sizeof *s->ins);
    s->memory = calloc(rq->n_in + 1, sizeof *s->memory);
    if (s->in == NULL || s->ins == NULL || s->memory == NULL)
        return 0;
    for (uint32_t i = 0; i < rq->n_in; i++) {
        s->ins[i] = &s->in[i];
        s->in[i] = *rq->in[i];
        if (vane__tensor_alias(rq->in[i], rq->out[0]) != VANE__ALIAS_NONE &&
            (s->memory[i] = copy_of(rq->in[i], &s->in[i])) == NULL)
            return 0;
    }
    vane__request mine = *rq;
    mine.in = s->ins;
    return vane__call_prepare(&mine, &s->p) == VANE_OK;
}

static void tear_down(shadow *s)
{
    vane__check_close(s->check);
    for (uint32_t i = 0; s->memory != NULL && i < s->e->p->rq.n_in; i++)
        vane__free(s->memory[i]);
    free(s->memory);
    free(s->ins);
    free(s->in);
}

/* 0: for want of memory the call goes unchecked. */
static int set_up(shadow *s, vane__election *e)
{
    vane_error kept = *vane_last_error();
    *s = (shadow){.e = e};
    if (copy_inputs(s))
        return 1;
    tear_down(s);
    vane__error_restore(&kept);
    return 0;
}

/* ---- the call ------------------------------------------------------------------------------ */

/* On r first, if there is one. */
static vane_status run(shadow *s, const vane__runner *r)
{
    vane__election *e = s->e;
    uint64_t start = vane__clock_now(e->ctx);
    e->failed = NULL;
    s->took_ns = 0;
    if (r != NULL && (r->plain || vane__runner_fit(r, e->p) == VANE_REASON_CHOSEN)) {
        vane_status st = vane__execute(e->ctx, e->p, e->f, r);
        s->took_ns = st == VANE_OK ? (double)(vane__clock_now(e->ctx) - start) : 0;
        s->ran = *r;
        if (st == VANE_OK || (e->f != NULL && e->f->hopeless))
            return st;
        e->failed = r;
        e->failed_with = st;
    }
    vane_status st = vane__elect(e);
    s->ran = vane__last_run.runner;
    return st;
}

/* Between runs: the output's content comes to the host. */
static vane_status bring_home(vane__flight *f)
{
    const vane__operand *out = &f->operands[f->n - 1];
    if (!f->writes)
        return VANE_OK;
    vane__flight_lock(f);
    vane_status st = vane__buffer_home(out->buffer, out->lo, out->hi);
    vane__flight_unlock(f);
    return st;
}

/* What the host has there is the content. */
static void claim(vane__flight *f)
{
    const vane__operand *out = &f->operands[f->n - 1];
    if (!f->writes)
        return;
    vane__flight_lock(f);
    vane__buffer_written(out->buffer, NULL, out->lo, out->hi);
    vane__flight_unlock(f);
}

/* The output on the host, dense; *memory is to be freed. NULL: no memory, or it cannot be had. */
static const void *result_of(const shadow *s, void **memory)
{
    const vane_tensor *out = s->e->p->rq.out[0];
    vane_tensor dense = *out;
    *memory = NULL;
    if (s->e->f != NULL && bring_home(s->e->f) != VANE_OK)
        return NULL;
    vane__strides_fill(dense.rank, dense.shape, dense.stride);
    for (uint32_t d = 0; d < out->rank; d++)
        if (out->stride[d] != dense.stride[d] && out->shape[d] != 1)
            return *memory = copy_of(out, &dense);
    return out->data;
}

/* 1: nobody else has found it out before. */
static int leave_out(vane_context *ctx, const vane__prepared *p, const vane__runner *r)
{
    vane__prepared on_host = *p;
    on_host.where = (vane__where){0};
    const vane__route *route = vane__route_for(ctx, &on_host);
    if (route == NULL)
        return 1;
    pthread_mutex_lock(&ctx->routes->lock);
    vane__entry *e = vane__site_entry(route->site, r);
    int first = e == NULL || e->learned.trust != VANE_TRUST_WRONG;
    if (e != NULL)
        e->learned.trust = VANE_TRUST_WRONG;
    route->site->why = "its result was wrong";
    pthread_mutex_unlock(&ctx->routes->lock);
    if (p->where.buffers)
        (void)vane__route_for(ctx, p); /* the site by which elections hear of it */
    vane__routes_refresh(ctx); /* no other call goes there, with operands wherever they are */
    return first;
}

/* 0: it was wrong. What cannot be judged is taken as right. */
static int judge(shadow *s)
{
    vane_context *ctx = s->e->ctx;
    vane__finding f = {.right = 1};
    void *memory = NULL;
    if (s->ran.kernel == NULL || s->ran.kernel->numerics == VANE_NUMERICS_ORACLE)
        return 1;
    if (s->check == NULL && vane__check_open(ctx, &s->p, VANE__CHECK_NS, &s->check) != VANE_OK)
        return 1;
    const void *out = result_of(s, &memory);
    if (out != NULL) {
        vane__check_result(s->check, out, &f);
        atomic_fetch_add_explicit(&ctx->verified, 1, memory_order_relaxed);
    }
    if (!f.right) {
        atomic_fetch_add_explicit(&ctx->found_wrong, 1, memory_order_relaxed);
        if (leave_out(ctx, s->e->p, &s->ran))
            vane__check_tell(ctx, s->check, out, &f, s->e->p, &s->ran);
    }
    vane__free(memory);
    return f.right;
}

static int is_right(shadow *s)
{
    uint64_t start = vane__now_ns();
    vane_error kept = *vane_last_error();
    int right = judge(s);
    vane__error_restore(&kept);
    vane__last_run.trial_ns += vane__now_ns() - start;
    return right;
}

/* What it overwrote is as it was. */
static void restore(shadow *s)
{
    const vane__request *rq = &s->e->p->rq;
    for (uint32_t i = 0; i < rq->n_in; i++)
        if (s->memory[i] != NULL && bytes_of(&s->in[i]) > 0)
            vane__tensor_copy(&s->in[i], rq->in[i]);
    if (s->e->f != NULL)
        claim(s->e->f);
}

static int is_same(const vane__runner *a, const vane__runner *b)
{
    return a->kernel == b->kernel && a->device == b->device && a->width == b->width;
}

vane_status vane__shadow_call(vane__election *e, const vane__runner *r, double *took_ns)
{
    shadow s;
    vane_status st = e->f != NULL ? vane__flight_home(e->f) : VANE_OK;
    *took_ns = 0;
    if (st != VANE_OK)
        return st;
    if (!set_up(&s, e)) {
        s = (shadow){.e = e};
        return run(&s, r);
    }
    st = run(&s, r);
    *took_ns = s.took_ns;
    while (st == VANE_OK && !is_right(&s)) {
        vane__runner wrong = s.ran;
        *took_ns = 0;
        restore(&s);
        st = run(&s, NULL);
        if (st == VANE_OK && is_same(&s.ran, &wrong))
            st = vane__fail(VANE_E_INTERNAL,
                            "%s: its result was wrong, and nobody else can compute it",
                            e->p->rq.op->info.name);
    }
    vane__last_run.runner = s.ran;
    tear_down(&s);
    return st;
}
