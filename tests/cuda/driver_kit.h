/* SPDX-License-Identifier: MIT */
/* driver_kit.h - for tests of the stand-in driver: a context with two streams, memory and a kernel,
 * and cases that are each a process of its own with its own VANE_FAKE_CUDA.
 */
#ifndef FAKE_DRIVER_KIT_H
#define FAKE_DRIVER_KIT_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "block.h"
#include "fake.h"

static int failures;

#define CHECK(good)                                           \
    do {                                                      \
        if (!(good)) {                                        \
            failures++;                                       \
            printf("FAILED: line %d: %s\n", __LINE__, #good); \
        }                                                     \
    } while (0)
#define OK(call) CHECK((call) == CUDA_SUCCESS)

typedef struct scale_args { /* test_kernels.cc */
    CUdeviceptr x, y;
    uint64_t n;
    float by;
} scale_args;

enum { N = 3000, BYTES = N * 4 };

static CUcontext ctx;
static CUstream a, b;
static CUmodule module;
static CUfunction scale;
static CUdeviceptr x, y;
static float *host; /* pinned, N */

static void begin(void)
{
    OK(cuInit(0));
    OK(cuDevicePrimaryCtxRetain(&ctx, 0));
    OK(cuCtxPushCurrent(ctx));
    OK(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING));
    OK(cuStreamCreate(&b, CU_STREAM_NON_BLOCKING));
    OK(cuModuleLoadData(&module, "image"));
    OK(cuModuleGetFunction(&scale, module, "test_scale"));
    OK(cuMemAlloc(&x, BYTES));
    OK(cuMemAlloc(&y, BYTES));
    OK(cuMemHostAlloc((void **)&host, BYTES, 0));
    for (int i = 0; i < N; i++)
        host[i] = (float)i;
}

static void end(uint64_t misuses)
{
    OK(cuMemFree(x));
    OK(cuMemFree(y));
    OK(cuMemFreeHost(host));
    OK(cuModuleUnload(module));
    OK(cuStreamDestroy(a));
    OK(cuStreamDestroy(b));
    OK(cuCtxPopCurrent(NULL));
    OK(cuDevicePrimaryCtxRelease(0));
    CHECK(fake_misuses() == misuses);
    CHECK(fake_left_over() == 0);
    for (int kind = 1; kind < FAKE_KINDS; kind++)
        CHECK(fake_handles_live((fake_kind)kind) == 0);
    CHECK(fake_blocks_live(0) + fake_blocks_live(1) == 0);
}

static CUresult launch(CUstream s, CUdeviceptr from, CUdeviceptr to, float by)
{
    scale_args args = {from, to, N, by};
    void *params[] = {&args};
    return cuLaunchKernel(scale, 3, 1, 1, 128, 1, 1, 0, s, params, NULL);
}

static int is_scaled(const float *p, float by)
{
    for (int i = 0; i < N; i++)
        if (p[i] != (float)i * by)
            return 0;
    return 1;
}

/* ---- a gate in a stream --------------------------------------------------------------------- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void pass(void *arg)
{
    pthread_mutex_lock(&gate);
    *(int *)arg = 1;
    pthread_mutex_unlock(&gate);
}

/* ---- cases --------------------------------------------------------------------------------- */

typedef struct test_case {
    const char *name, *spec;
    void (*fn)(void);
    int watched; /* a sanitizer would end it */
    int by_signal;
} test_case;

static int run(const test_case *t)
{
    int status = 0;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        setenv("VANE_FAKE_CUDA", t->spec, 1);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        t->fn();
        fflush(stdout);
        _exit(failures > 0);
    }
    const int ended = waitpid(child, &status, 0) == child;
    return ended && (t->by_signal ? WIFSIGNALED(status) : status == 0);
}

/* Of cases all, or the one that argv names. */
static int run_all(const test_case *cases, size_t n, int argc, char **argv)
{
    int passed = 0, failed = 0, skipped = 0;
    for (size_t i = 0; i < n; i++) {
        if (argc > 1 && strcmp(argv[1], cases[i].name) != 0)
            continue;
        if (cases[i].watched && EMU_WATCHED) {
            skipped++;
            continue;
        }
        const int good = run(&cases[i]);
        passed += good;
        failed += !good;
        if (!good)
            printf("FAILED: %s (%s)\n", cases[i].name, cases[i].spec);
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed > 0;
}

#endif
