/* SPDX-License-Identifier: MIT */
/* rehearse.c - a lesson on made-up data, for calls that cannot be one themselves: with operands
 * in buffers, or in a stream, nothing can be tried beside them.
 *
 * The operands get the shapes of the call's, in host memory; what is learned there of a kernel
 * holds for it wherever its operands are, but for what moving them costs.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "op/tensor.h"
#include "op/tolerance.h"
#include "os.h"
#include "policy/duel.h"
#include "policy/guard.h"
#include "policy/learn.h"
#include "policy/shadow.h"
#include "telemetry/event.h"

#define MOST_BYTES (UINT64_C(128) << 20) /* larger ones are taken on trust */
#define MOST_CALLS 64
#define PAUSE_NS UINT64_C(100000000)

typedef struct stage {
    vane__prepared p;
    vane_tensor *tensors; /* the inputs, then the output */
    const vane_tensor **in;
    vane_tensor *out[1];
    char *memory;
} stage;

static uint64_t bytes_of(const vane_tensor *t)
{
    uint64_t bytes = (uint64_t)vane_tensor_count(t) * vane_dtype_bytes(t->dtype);
    return (bytes + 63) / 64 * 64;
}

/* Numbers from 0.5 to 2 (floats), 0 to 15, and both truths: the bytes are random, and the
 * topmost of a float, the lowest of an integer, say how large it is. Little-endian, as all that
 * Vane runs on. */
static void fill_one(uint32_t dtype, uint32_t bits, unsigned char *at, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        at[i] = (unsigned char)(bits >> 8 * (i % 3));
    switch (dtype) {
    case VANE_F16:
        at[1] = 0x3c;
        break;
    case VANE_F64:
        at[6] |= 0xf0;
        at[7] = 0x3f;
        break;
    case VANE_F32:
    case VANE_BF16:
        at[size - 1] = 0x3f;
        break;
    default:
        memset(at + 1, 0, size - 1);
        at[0] &= dtype == VANE_BOOL ? 1 : 15;
    }
}

/* The lower bits of the generator below repeat soon, and with them what rounding does to a sum:
 * each bit is made to depend on all (constants: H. Prospector's search for 32-bit integer hashes).
 */
static uint32_t mixed(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

/* Terms of sums have both signs, whatever their size. Of one sign alone a plain sum of k floats
 * errs by some 0.2 ulp times the root of k / 3, which is beyond the tolerance for k of a few
 * thousand; of both signs by less than 2 ulp for any k, while products of shortened factors err as
 * much as ever. */
static void fill(const vane_tensor *t, uint32_t seed, int both_signs)
{
    uint32_t size = (uint32_t)vane_dtype_bytes(t->dtype);
    int64_t count = vane_tensor_count(t);
    for (int64_t i = 0; i < count; i++) {
        unsigned char *at = (unsigned char *)t->data + i * size;
        seed = seed * 1664525u + 1013904223u;
        const uint32_t bits = mixed(seed);
        fill_one(t->dtype, bits, at, size);
        at[size - 1] |= both_signs ? bits >> 24 & 0x80 : 0;
    }
}

/* Dense tensors like p's, one behind the other. */
static int set_up(stage *s, const vane__prepared *p)
{
    uint32_t n = p->rq.n_in;
    uint64_t total = bytes_of(p->rq.out[0]), at = 0;
    for (uint32_t i = 0; i < n; i++)
        total += bytes_of(p->rq.in[i]);
    s->memory = total <= MOST_BYTES ? vane__alloc(total, 64) : NULL;
    s->tensors = calloc(n + 1, sizeof *s->tensors);
    s->in = calloc(n + 1, sizeof *s->in);
    if (s->memory == NULL || s->tensors == NULL || s->in == NULL)
        return 0;
    for (uint32_t i = 0; i <= n; i++) {
        vane_tensor *t = &s->tensors[i];
        *t = i < n ? *p->rq.in[i] : *p->rq.out[0];
        t->buffer = (vane_buffer){0};
        t->offset_bytes = 0;
        vane__strides_fill(t->rank, t->shape, t->stride);
        t->data = s->memory + at;
        at += bytes_of(t);
        s->in[i] = t;
        if (i < n)
            fill(t, 12345 + 0x9e3779b9u * i,
                 vane__tolerance_sums(p->rq.op->info.op) &&
                     vane__format_of(t->dtype)->mantissa != 0);
    }
    s->out[0] = &s->tensors[n];
    vane__request rq = p->rq;
    rq.in = s->in;
    rq.out = s->out;
    rq.need_data = 1;
    return vane__call_prepare(&rq, &s->p) == VANE_OK && s->p.parts > 0;
}

static void tear_down(stage *s)
{
    vane__free(s->memory);
    free(s->tensors);
    free(s->in);
}

/* 0: there is no more to learn, or nothing to learn it with. */
static int lesson(vane_context *ctx, stage *s)
{
    uint32_t hot = vane__pool_hot(ctx->pool) ? 1 : 0;
    uint32_t busy = atomic_load_explicit(&ctx->busy, memory_order_relaxed);
    const vane__route *route = vane__route_for(ctx, &s->p);
    if (route == NULL || atomic_load(&route->site->lesson[busy].over) ||
        vane__lesson_rests(ctx, route->site, vane__clock_now(ctx)))
        return 0;
    uint64_t start = vane__clock_now(ctx), charged = vane__last_run.trial_ns;
    if (vane__observe(ctx, &s->p, route, hot) != VANE_OK)
        return 0;
    charged = vane__last_run.trial_ns - charged; /* trials pay for themselves */
    uint64_t took = vane__clock_now(ctx) - start;
    pthread_mutex_lock(&ctx->routes->lock);
    vane__allowance_spend(&ctx->allowance, vane__clock_now(ctx),
                          took > charged ? (double)(took - charged) : 0);
    double left = vane__allowance_left(&ctx->allowance, vane__clock_now(ctx));
    pthread_mutex_unlock(&ctx->routes->lock);
    return left > 0;
}

/* One that brought nothing is not tried again with every call. */
static int is_due(vane_context *ctx, vane__site *twin)
{
    uint64_t now = vane__clock_now(ctx), next = atomic_load(&twin->next_rehearsal_ns);
    return now >= next &&
           atomic_compare_exchange_strong(&twin->next_rehearsal_ns, &next, now + PAUSE_NS);
}

int vane__rehearse(vane_context *ctx, vane__site *twin, const vane__prepared *p)
{
    uint32_t busy = atomic_load_explicit(&ctx->busy, memory_order_relaxed);
    if (p->parts == 0 || atomic_load(&twin->lesson[busy].over) || !is_due(ctx, twin))
        return 0;
    stage s = {.memory = NULL};
    vane_error kept = *vane_last_error();
    vane__ran call = vane__last_run; /* who fails here failed no call */
    uint32_t unsampled = vane__unsampled;
    uint64_t start = vane__clock_now(ctx);
    vane__shadow_rest(1);
    vane__duel_rest(1);
    if (set_up(&s, p))
        for (int i = 0; i < MOST_CALLS && lesson(ctx, &s); i++)
            ;
    vane__duel_rest(0);
    vane__shadow_rest(0);
    vane__unsampled = unsampled;
    tear_down(&s);
    vane__error_restore(&kept);
    vane__last_run = call;
    vane__last_run.trial_ns += vane__clock_now(ctx) - start;
    return 1;
}

void vane__rehearse_probe(vane_context *ctx, vane__site *twin, const vane__prepared *p)
{
    if (!is_due(ctx, twin)) /* one that cannot be made is not set up with every call */
        return;
    stage s = {.memory = NULL};
    vane_error kept = *vane_last_error();
    vane__ran call = vane__last_run;
    uint64_t start = vane__now_ns();
    if (p->parts > 0 && set_up(&s, p) && vane__route_for(ctx, &s.p) != NULL)
        vane__probe_beside(ctx, twin, &s.p);
    tear_down(&s);
    vane__error_restore(&kept);
    vane__last_run = call;
    vane__last_run.trial_ns += vane__now_ns() - start;
}

static uint32_t check(vane_context *ctx, vane__site *twin, const vane__prepared *p,
                      const vane__runner *r)
{
    vane__trial t;
    if (!vane__trial_open(ctx, p, &t))
        return VANE_TRUST_NONE;
    uint32_t trust = vane__trial_check(&t, r);
    pthread_mutex_lock(&ctx->routes->lock);
    vane__entry *e = vane__site_entry(twin, r);
    if (e != NULL)
        e->learned.trust = trust;
    vane__allowance_spend(&ctx->allowance, vane__clock_now(ctx), t.spent_ns);
    pthread_mutex_unlock(&ctx->routes->lock);
    vane__trial_close(&t);
    return trust;
}

uint32_t vane__rehearse_check(vane_context *ctx, vane__site *twin, const vane__prepared *p,
                              const vane__runner *r)
{
    if (p->parts == 0 || !is_due(ctx, twin))
        return VANE_TRUST_NONE;
    stage s = {.memory = NULL};
    uint32_t trust = VANE_TRUST_NONE;
    vane_error kept = *vane_last_error();
    vane__ran call = vane__last_run;
    if (set_up(&s, p) && (r->plain || vane__runner_fit(r, &s.p) == VANE_REASON_CHOSEN))
        trust = check(ctx, twin, &s.p, r);
    tear_down(&s);
    vane__error_restore(&kept);
    vane__last_run = call;
    return trust;
}

/* Without memory to find out, a call will. */
static int works(vane_context *ctx, const vane__prepared *p, const vane__runner *r)
{
    vane__trial t;
    if (!vane__trial_open(ctx, p, &t))
        return 1;
    uint32_t trust = vane__trial_check(&t, r);
    int right = trust == VANE_TRUST_CHECKED || trust == VANE_TRUST_ORACLE;
    int good = right ? vane__trial_time(&t, r, 0) > 0 : t.no_memory;
    vane__trial_close(&t);
    return good;
}

int vane__rehearse_works(vane_context *ctx, const vane__prepared *p, const vane__runner *r)
{
    stage s = {.memory = NULL};
    int good = 1;
    if (p->parts > 0 && set_up(&s, p) &&
        (r->plain || vane__runner_fit(r, &s.p) == VANE_REASON_CHOSEN))
        good = works(ctx, &s.p, r);
    tear_down(&s);
    return good;
}
