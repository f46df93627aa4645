/* SPDX-License-Identifier: MIT */
/* learn_kit.h - the adaptive policy at work on a clock that only the kernels move: two backends
 * beside the oracle, which take the time that the test says. */
#ifndef LEARN_KIT_H
#define LEARN_KIT_H

#include "context.h"
#include "kit.h"
#include "policy/learn.h"
#include "telemetry/clock.h"

static vane_context *ctx;
static kit alpha, beta;
static vane_decision d;

static inline uint64_t now(vane_backend *self)
{
    (void)self;
    return 1000000000u + atomic_load(&kit_time);
}

static const vane_clock kernels_make_time = {sizeof(vane_clock), 0, NULL, now, NULL};

static inline void setup(void)
{
    alpha = kit_of("alpha", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    beta = kit_of("beta", KIT_WORKS, VANE_KERNEL_CLEAN_FAIL);
    beta.entry.rank = 1;
    alpha.takes_ns = 700;
    beta.takes_ns = 300; /* less than the oracle says of itself: it is never measured */
    atomic_store(&kit_time, 0);
}

static inline void teardown(void)
{
    vane_close(ctx);
    ctx = NULL;
}

/* Beside them only the oracle, which takes no time and is not fast by its own words. */
static inline void open_kits(int both)
{
    vane_config config = kit_config();
    config.policy = "adaptive";
    config.exclude = "avx*,generic,neon,opencl,template,sim";
    config.cache = "0";
    config.threads = 1;
    GOOD(vane_open(&config, &ctx));
    vane__clock_set(ctx, &kernels_make_time);
    if (both)
        kit_add(ctx, &alpha);
    kit_add(ctx, &beta);
}

static inline void open_both(void)
{
    open_kits(1);
}

static inline uint32_t runs(const kit *k)
{
    return atomic_load(&k->runs);
}

static inline const char *explained(int64_t n)
{
    vane_tensor t = vane_tensor_of(NULL, VANE_F32, 1, &n);
    const vane_tensor *in[] = {&t, &t};
    vane_tensor *out[] = {&t};
    d = (vane_decision){.struct_size = sizeof d};
    GOOD(vane_explain(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &d));
    return d.candidates[d.chosen].backend;
}

static inline const vane_candidate *of(const char *backend)
{
    for (uint32_t i = 0; i < d.count; i++)
        if (strcmp(d.candidates[i].backend, backend) == 0)
            return &d.candidates[i];
    return NULL;
}

/* Adds so often, each result looked at. */
static inline void add_often(int64_t n, int times, int in_place)
{
    float *a = malloc((size_t)n * sizeof *a), *out = malloc((size_t)n * sizeof *out);
    for (int k = 0; k < times; k++) {
        float *into = in_place ? a : out;
        for (int64_t i = 0; i < n; i++)
            a[i] = (float)(i % 1000 + k);
        vane_tensor ta = vane_tensor_of(a, VANE_F32, 1, &n),
                    to = vane_tensor_of(into, VANE_F32, 1, &n);
        GOOD(vane_add(ctx, &ta, &ta, &to));
        int64_t wrong = 0;
        for (int64_t i = 0; i < n; i++)
            wrong += into[i] != 2 * (float)(i % 1000 + k);
        ck_assert_int_eq(wrong, 0);
    }
    free(a);
    free(out);
}

#endif
