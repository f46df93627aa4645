/* SPDX-License-Identifier: MIT */
/* trial.c - a candidate run beside a call: on its inputs, into memory of our own. */
#include <string.h>

#include "error.h"
#include "op/tensor.h"
#include "os.h"
#include "policy/learn.h"
#include "policy/verify.h"

#define ROUND_NS 3000.0 /* repeats of a short kernel fill it: a clock read costs 22 ns */
enum { ROUNDS = 4 };
#define MOST_NS 100e3 /* longer than that: two rounds */
/* A core that has not seen wide vectors for a while runs them several times slower for some tens
 * of microseconds (it powers the lanes up): what a candidate takes so long does not count. */
#define WARM_NS 60000.0
/* That the others are awake and warm like this one: a core that slept takes far longer. */
#define WAKE_WIDE_NS 400e3
#define WARM_WIDE_NS 150e3
#define LONG_NS 1e6
#define MOST_REPEATS 4096u
#define MOST_BYTES (UINT64_C(256) << 20)

int vane__trial_open(vane_context *ctx, const vane__prepared *p, vane__trial *t)
{
    vane_error kept = *vane_last_error();
    const vane_tensor *out = p->rq.out[0];
    uint64_t bytes = (uint64_t)vane_tensor_count(out) * vane_dtype_bytes(out->dtype);
    memset(t, 0, offsetof(vane__trial, p));
    t->ctx = ctx;
    t->check = NULL;
    t->no_oracle = t->no_memory = 0;
    t->spent_ns = t->ran_ns = 0;
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

static uint32_t check(vane__trial *t, const vane__runner *r)
{
    vane__finding f;
    if (t->check == NULL && !t->no_oracle) {
        vane_status st = vane__check_open(t->ctx, &t->p, VANE__CHECK_NS, &t->check);
        t->no_oracle = st == VANE_E_UNSUPPORTED;
        t->no_memory = st == VANE_E_NOMEM;
        if (st != VANE_OK && !t->no_oracle)
            return VANE_TRUST_NONE;
    }
    if (t->no_oracle)
        return VANE_TRUST_ORACLE;
    /* what the one before left there is no result of this one */
    memset(t->memory, 0xa5, (size_t)vane_tensor_count(&t->out) * vane_dtype_bytes(t->out.dtype));
    uint64_t start = vane__clock_now(t->ctx);
    vane_status st = run(t, r);
    t->ran_ns = (double)(vane__clock_now(t->ctx) - start);
    if (st != VANE_OK)
        return VANE_TRUST_NONE;
    if (vane__check_result(t->check, t->memory, &f))
        return VANE_TRUST_CHECKED;
    vane__check_tell(t->ctx, t->check, t->memory, &f, &t->p, r);
    return VANE_TRUST_WRONG;
}

uint32_t vane__trial_check(vane__trial *t, const vane__runner *r)
{
    uint64_t start = vane__clock_now(t->ctx);
    vane_error kept = *vane_last_error();
    uint32_t trust = check(t, r);
    vane__error_restore(&kept);
    t->spent_ns += (double)(vane__clock_now(t->ctx) - start);
    return trust;
}

/* Nothing but the kernel, where that is all it takes. */
static vane_status run_again(vane__trial *t, const vane__runner *r)
{
    vane_call *call = &t->p.call;
    if (t->p.parts != 1 || !vane__runner_fits(r, call))
        return run(t, r);
    call->host = r->host;
    call->device = r->handle;
    call->width = r->width;
    return r->kernel->direct(r->kernel, call);
}

static double time_of(vane__trial *t, const vane__runner *r, uint32_t repeats)
{
    uint64_t start = vane__clock_now(t->ctx);
    for (uint32_t i = 0; i < repeats; i++)
        if (run_again(t, r) != VANE_OK)
            return 0;
    return (double)(vane__clock_now(t->ctx) - start) / repeats;
}

#define POWER_NS UINT64_C(150000000) /* gauges look some 100 ms back */
#define POWER_RUNS 100000u

void vane__trial_power(vane__trial *t, const vane__runner *r)
{
    uint64_t start = vane__now_ns(), begin = vane__clock_now(t->ctx);
    vane_error kept = *vane_last_error();
    vane__snapshot now;
    vane__sampler_refresh(t->ctx, r->device, &now); /* idle, if it was */
    for (uint32_t i = 0; i < POWER_RUNS && run_again(t, r) == VANE_OK; i++)
        if (vane__clock_now(t->ctx) - begin >= POWER_NS || vane__now_ns() - start >= POWER_NS)
            break;
    do
        vane__sampler_refresh(t->ctx, r->device, &now);
    while (vane__power_of(t->ctx, r->device) == 0 && run_again(t, r) == VANE_OK &&
           vane__now_ns() - start < 2 * POWER_NS);
    vane__error_restore(&kept);
    t->spent_ns += (double)(vane__now_ns() - start);
}

static uint32_t repeats_for(double round_ns, double ns)
{
    double n = round_ns / (ns > 1 ? ns : 1);
    return n < 1 ? 1 : n > MOST_REPEATS ? MOST_REPEATS : (uint32_t)n;
}

/* Until it ran for so long: what the last round took, of one. */
static double warm_up(vane__trial *t, const vane__runner *r, double round_ns)
{
    double spent = 0, ns = 0;
    for (uint32_t repeats = 1; spent < round_ns && repeats <= MOST_REPEATS; repeats *= 2) {
        if ((ns = time_of(t, r, repeats)) <= 0)
            return 0;
        spent += ns * repeats;
    }
    return ns;
}

/* The second shortest: disturbances only add, but one round may be too good to last. */
static double rounds(vane__trial *t, const vane__runner *r, double ns)
{
    double best = 0, second = 0;
    uint32_t repeats = repeats_for(ROUND_NS, ns), n = ns * repeats * ROUNDS < MOST_NS ? ROUNDS : 2;
    for (uint32_t i = 0; i < n; i++) {
        double one = time_of(t, r, repeats);
        if (one <= 0)
            return 0;
        if (best <= 0 || one < best) {
            second = best > 0 ? best : one;
            best = one;
        } else if (i == 1 || one < second) {
            second = one;
        }
    }
    return second;
}

static double warm_ns(int is_wide, int is_first)
{
    if (is_wide)
        return is_first ? WAKE_WIDE_NS : WARM_WIDE_NS;
    return is_first ? WARM_NS : ROUND_NS;
}

double vane__trial_time(vane__trial *t, const vane__runner *r, int is_first)
{
    uint64_t start = vane__clock_now(t->ctx);
    vane_error kept = *vane_last_error();
    double ns = warm_up(t, r, warm_ns(r->width > 1, is_first));
    if (ns > 0 && ns < LONG_NS) /* one run of a long one tells enough, whatever it declared */
        ns = rounds(t, r, ns);
    vane__error_restore(&kept);
    t->spent_ns += (double)(vane__clock_now(t->ctx) - start);
    return ns;
}
