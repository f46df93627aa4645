/* SPDX-License-Identifier: MIT */
/* world.c - a context on the stand-in driver, and calls in it that are right or fail. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telemetry/clock.h"

vane_context *ctx;
uint32_t gpu;
uint64_t now;
char warned[4096];
unsigned warnings;
float x[N], y[N];

static uint64_t now_ns(vane_backend *self)
{
    (void)self;
    return __atomic_add_fetch(&now, 1000, __ATOMIC_RELAXED); /* all takes some time */
}

void advance(vane_backend *self, uint64_t ns)
{
    (void)self;
    __atomic_fetch_add(&now, ns, __ATOMIC_RELAXED);
}

static void on_log(void *arg, int level, const char *line)
{
    (void)arg;
    if (level > VANE_LOG_WARN || !strstr(line, "made anew"))
        return;
    warnings++;
    snprintf(warned, sizeof warned, "%s", line);
}

void world_open_as(const char *spec, vane_config config)
{
    static const vane_clock clock = {
        .struct_size = sizeof clock, .now_ns = now_ns, .advance = advance};
    config.struct_size = sizeof config;
    config.prefer = "cuda";
    config.exclude = "opencl,sim";
    config.no_default_path = 1;
    config.threads = 1;
    config.log = on_log;
    config.cache = "0";
    setenv("VANE_FAKE_CUDA", spec, 1);
    GOOD(vane_open(&config, &ctx));
    now = vane__clock_now(ctx);
    vane__clock_set(ctx, &clock);
    GOOD(vane_backends_open(ctx));
    for (int i = 0; i < N; i++)
        x[i] = (float)i;
    for (gpu = 0; gpu < vane_device_count(ctx); gpu++) {
        const char *backend;
        vane_device_info d = {.struct_size = sizeof d};
        GOOD(vane_device_at(ctx, gpu, &d, &backend));
        if (strcmp(backend, "cuda") == 0)
            return;
    }
    ck_abort_msg("no device of cuda");
}

void world_open(const char *spec)
{
    world_open_as(spec, (vane_config){.policy = "fixed"});
}

vane_device_load look(void)
{
    vane_device_load l = {.struct_size = sizeof l};
    GOOD(vane_device_load_get(ctx, gpu, &l));
    return l;
}

vane_tensor vector(float *p)
{
    const int64_t n = N;
    return vane_tensor_of(p, VANE_F32, 1, &n);
}

void add(void)
{
    vane_tensor a = vector(x), b = vector(y);
    memset(y, 0, BYTES);
    GOOD(vane_add(ctx, &a, &a, &b));
    for (int i = 0; i < N; i++)
        ck_assert_msg(y[i] == 2 * x[i], "element %d is %g", i, (double)y[i]);
}

vane_status add_on_cuda(void)
{
    vane_tensor a = vector(x), b = vector(y);
    const vane_tensor *const in[] = {&a, &a};
    vane_tensor *const out[] = {&b};
    const vane_options only = {.struct_size = sizeof only, .backend = "cuda"};
    memset(y, 0, BYTES);
    return vane_run(ctx, VANE_OP_ADD, in, 2, out, 1, NULL, &only);
}

void cuda_computes(void)
{
    GOOD(add_on_cuda());
    for (int i = 0; i < N; i++)
        ck_assert_msg(y[i] == 2 * x[i], "element %d is %g", i, (double)y[i]);
}

int calls_until(uint32_t lost, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * 250; i++) {
        add();
        advance(NULL, SECOND / 250);
        if (atomic_load(&vane__device_nth(ctx, gpu)->lost) == lost)
            return 1;
    }
    return 0;
}

void calls_for(unsigned seconds)
{
    calls_until(2, seconds);
}
