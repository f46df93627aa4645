/* SPDX-License-Identifier: MIT */
/* trial.c - a candidate run beside a call: on its inputs, into memory of our own. */
#include <string.h>

#include "error.h"
#include "op/tensor.h"
#include "os.h"
#include "policy/learn.h"
#include "policy/verify.h"

#define ROUND_NS 2000.0 /* repeats of a short kernel fill it: a clock read costs 22 ns */
#define MOST_REPEATS 64u
#define CHECK_NS 10e6 /* what finding out the right answer may cost; beyond: a part of it */
#define MOST_BYTES (UINT64_C(256) << 20)

int vane__trial_open(vane_context *ctx, const vane__prepared *p, vane__trial *t)
{
    vane_error kept = *vane_last_error();
    const vane_tensor *out = p->rq.out[0];
    uint64_t bytes = (uint64_t)vane_tensor_count(out) * vane_dtype_bytes(out->dtype);
    memset(t, 0, offsetof(vane__trial, p));
    t->ctx = ctx;
    t->check = NULL;
    t->no_oracle = 0;
    t->spent_ns = 0;
    t->memory = bytes <= MOST_BYTES ? vane__alloc(bytes, 64) : NULL;
    if (t->memory == NULL)
        return 0;
    t->out = *out;
    t->out.data = t->memory;
    vane__strides_fill(t->out.rank, t->out.shape, t->out.stride);
    t->outs[0] = &t->out;
    vane__request rq = p->rq;
    rq.out = t->outs;
    vane_status st = vane__call_prepare(&rq, &t->p);
    if (st == VANE_OK && t->p.parts > 0)
        return 1;
    vane__free(t->memory);
    vane__error_restore(&kept);
    return 0;
}

void vane__trial_close(vane__trial *t)
{
    vane__check_close(t->check);
    vane__free(t->memory);
}

static vane_status run(vane__trial *t, const vane__runner *r)
{
    return vane__execute(t->ctx, &t->p, NULL, r);
}

static void tell(const vane__trial *t, const vane__runner *r, const vane__finding *f)
{
    const char *backend = r->device != NULL ? r->device->backend->entry->name : VANE__PROGRAM;
    vane__log_line(&t->ctx->settings.log, VANE_LOG_WARN,
                   "%s@%s gave a wrong result and is left out for %s of %s, size class %u: %s",
                   r->kernel->name, backend, t->p.rq.op->info.name, vane_dtype_name(t->p.dtype),
                   t->p.size_class, f->why);
}

static uint32_t check(vane__trial *t, const vane__runner *r)
{
    vane__finding f;
    if (t->check == NULL && !t->no_oracle) {
        vane_status st = vane__check_open(t->ctx, &t->p, CHECK_NS, &t->check);
        t->no_oracle = st == VANE_E_UNSUPPORTED;
        if (st != VANE_OK && !t->no_oracle)
            return VANE_TRUST_NONE;
    }
    if (t->no_oracle)
        return VANE_TRUST_ORACLE;
    /* what the one before left there is no result of this one */
    memset(t->memory, 0xa5, (size_t)vane_tensor_count(&t->out) * vane_dtype_bytes(t->out.dtype));
    if (run(t, r) != VANE_OK)
        return VANE_TRUST_NONE;
    if (vane__check_result(t->check, t->memory, &f))
        return VANE_TRUST_CHECKED;
    tell(t, r, &f);
    return VANE_TRUST_WRONG;
}

uint32_t vane__trial_check(vane__trial *t, const vane__runner *r)
{
    uint64_t start = vane__now_ns();
    vane_error kept = *vane_last_error();
    uint32_t trust = check(t, r);
    vane__error_restore(&kept);
    t->spent_ns += (double)(vane__now_ns() - start);
    return trust;
}

static double time_of(vane__trial *t, const vane__runner *r, uint32_t repeats)
{
    uint64_t start = vane__clock_now(t->ctx);
    for (uint32_t i = 0; i < repeats; i++)
        if (run(t, r) != VANE_OK)
            return 0;
    return (double)(vane__clock_now(t->ctx) - start) / repeats;
}

/* The first run warms up: the caches, and the pool. */
double vane__trial_time(vane__trial *t, const vane__runner *r)
{
    uint64_t start = vane__now_ns();
    vane_error kept = *vane_last_error();
    double ns = time_of(t, r, 1);
    if (ns > 0 && ns < VANE__LONG_NS) {
        double repeats = ROUND_NS / ns;
        ns = time_of(t, r,
                     repeats < 2              ? 2
                     : repeats > MOST_REPEATS ? MOST_REPEATS
                                              : (uint32_t)repeats);
    }
    vane__error_restore(&kept);
    t->spent_ns += (double)(vane__now_ns() - start);
    return ns;
}
