/* SPDX-License-Identifier: MIT */
/* bench_solo.c - contexts with one backend and so many threads, in which nothing is learned.
 *
 * The policy fixed takes all threads or one: for short calls a plan there cannot be wide, and
 * such a candidate is called with wishes. What those cost is measured once, on a call so short
 * that nothing else counts.
 */
#include <stdio.h>
#include <string.h>

#include "bench_policy.h"

enum { CALLS = 500, ROUNDS = 15, N = 8 };

static vane_context *open_solo(const char *backend, uint32_t width)
{
    vane_config config = {.struct_size = sizeof config,
                          .backend = backend,
                          .threads = width,
                          .policy = "fixed",
                          .cache = "0"};
    vane_context *ctx = NULL;
    /* the environment may ask for another number of threads than config: the call wins */
    if (vane_open(&config, &ctx) == VANE_OK && vane_set_threads(ctx, width) != VANE_OK) {
        vane_close(ctx);
        return NULL;
    }
    return ctx;
}

bench_solo *bench_solo_of(bench_solos *s, const char *backend, uint32_t width)
{
    for (int i = 0; i < s->count; i++)
        if (s->list[i].width == width && !strcmp(s->list[i].backend, backend))
            return s->list[i].ctx ? &s->list[i] : NULL;
    if (s->count == BENCH_SOLOS)
        return NULL;
    bench_solo *one = &s->list[s->count++];
    *one = (bench_solo){.width = width, .election_ns = -1};
    snprintf(one->backend, sizeof one->backend, "%s", backend);
    one->ctx = open_solo(backend, width);
    return one->ctx ? one : NULL;
}

void bench_solos_close(bench_solos *s)
{
    for (int i = 0; i < s->count; i++)
        vane_close(s->list[i].ctx);
    s->count = 0;
}

/* ---- what wishes cost -------------------------------------------------------------- */

typedef struct short_add {
    _Alignas(64) float x[N], y[N];
    vane_tensor in, out, *outs[1];
    const vane_tensor *ins[2];
} short_add;

static double plan_ns(vane_context *ctx, short_add *a)
{
    vane_plan *plan;
    double sample[ROUNDS];
    if (vane_plan_open(ctx, VANE_OP_ADD, a->ins, 2, a->outs, 1, NULL, &plan) != VANE_OK)
        return -1;
    for (int r = 0; r < ROUNDS; r++) {
        double begin = bench_now_ns();
        for (int i = 0; i < CALLS; i++)
            if (vane_plan_run(plan) != VANE_OK)
                begin += 1e18;
        sample[r] = (bench_now_ns() - begin) / CALLS;
    }
    vane_plan_close(plan);
    return bench_median(sample, ROUNDS);
}

static double wish_ns(const bench_solo *s, short_add *a)
{
    vane_options options = {.struct_size = sizeof options, .width = 1, .backend = s->backend};
    double sample[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        double begin = bench_now_ns();
        for (int i = 0; i < CALLS; i++)
            if (vane_run(s->ctx, VANE_OP_ADD, a->ins, 2, a->outs, 1, NULL, &options) != VANE_OK)
                begin += 1e18;
        sample[r] = (bench_now_ns() - begin) / CALLS;
    }
    return bench_median(sample, ROUNDS);
}

double bench_solo_election(bench_solo *s)
{
    short_add a = {.x = {0}};
    if (s->election_ns >= 0)
        return s->election_ns;
    a.in = vane_tensor_of(a.x, VANE_F32, 1, (int64_t[]){N});
    a.out = vane_tensor_of(a.y, VANE_F32, 1, (int64_t[]){N});
    a.ins[0] = a.ins[1] = &a.in;
    a.outs[0] = &a.out;
    double plan = plan_ns(s->ctx, &a), wish = wish_ns(s, &a);
    s->election_ns = plan > 0 && wish > plan ? wish - plan : 0;
    return s->election_ns;
}
