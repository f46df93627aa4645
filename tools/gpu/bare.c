/* SPDX-License-Identifier: MIT */
/* bare.c - the CUDA driver without Vane, for the table of gpu-check: an empty kernel and a
 * relu of one float launched, bytes copied on the device, and over the link. One line of JSON for
 * each measurement, like those of vane bench device.
 *
 *   vane-bare-cuda [-t MS] [-c BYTES]... [-l BYTES]...
 *
 * -t: each is measured at least so long (50); -c: sizes of copies on the device, -l: over the link.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

enum { SIZES = 16, SAMPLES = 64, LEAST = 9, PARTS = 12 };
enum { CHUNK = 256 }; /* a queue takes so many without waiting for room */

typedef struct bare {
    cuda_driver cu;
    CUstream stream;
    CUfunction nothing, relu;
    char device[96];
    int version;
    double min_ns;
} bare;

/* What is timed: n of it, and one wait; each waited for; or only the giving. */
typedef enum way { ONE_WAIT, EACH_WAITED_FOR, GIVEN } way;
static const char *const way_names[] = {"one wait", "each waited for", "given"};
typedef struct work {
    CUdeviceptr from, to; /* a kernel's arguments, too */
    void *host;
    size_t bytes;
    CUresult (*once)(bare *b, const struct work *w);
    CUfunction kernel;
    way way;
} work;

static int fail(const char *what, CUresult code)
{
    fprintf(stderr, "vane-bare-cuda: %s gave the driver's code %d\n", what, (int)code);
    return 1;
}

#define TRY(b, call)                         \
    do {                                     \
        const CUresult code_ = (b)->cu.call; \
        if (code_ != CUDA_SUCCESS)           \
            return fail(#call, code_);       \
    } while (0)

/* ---- the driver -------------------------------------------------------------------------- */

static int open_library(cuda_driver *cu)
{
    void *lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!lib) {
        fprintf(stderr, "vane-bare-cuda: no NVIDIA driver: %s\n", dlerror());
        return 1;
    }
#define CUDA_FN(name)                                                                  \
    {                                                                                  \
        void *p = dlsym(lib, #name);                                                   \
        memcpy(&cu->name, &p, sizeof p);                                               \
        if (!p) {                                                                      \
            fprintf(stderr, "vane-bare-cuda: the driver has no " #name ": too old\n"); \
            return 1;                                                                  \
        }                                                                              \
    }
#include "driver.def"
    return 0;
}

static const char *const code_text = ".version 6.3\n"
                                     ".target sm_75\n"
                                     ".address_size 64\n"
                                     ".visible .entry bare_nothing(.param .align 8 .b8 a[16])\n"
                                     "{\n"
                                     "    ret;\n"
                                     "}\n"
                                     ".visible .entry bare_relu(.param .align 8 .b8 a[16])\n"
                                     "{\n"
                                     "    .reg .u64 %p<4>;\n"
                                     "    .reg .f32 %f<2>;\n"
                                     "    ld.param.u64 %p0, [a];\n"
                                     "    ld.param.u64 %p1, [a+8];\n"
                                     "    cvta.to.global.u64 %p2, %p0;\n"
                                     "    cvta.to.global.u64 %p3, %p1;\n"
                                     "    ld.global.f32 %f0, [%p2];\n"
                                     "    max.f32 %f1, %f0, 0f00000000;\n"
                                     "    st.global.f32 [%p3], %f1;\n"
                                     "    ret;\n"
                                     "}\n";

static int open_device(bare *b)
{
    CUdevice device;
    CUcontext ctx;
    CUmodule module;
    int count = 0;
    if (open_library(&b->cu))
        return 1;
    TRY(b, cuInit(0));
    TRY(b, cuDeviceGetCount(&count));
    if (count == 0) {
        fprintf(stderr, "vane-bare-cuda: the driver has no device\n");
        return 1;
    }
    TRY(b, cuDeviceGet(&device, 0));
    TRY(b, cuDeviceGetName(b->device, sizeof b->device, device));
    TRY(b, cuDriverGetVersion(&b->version));
    TRY(b, cuDevicePrimaryCtxRetain(&ctx, device));
    TRY(b, cuCtxPushCurrent_v2(ctx));
    TRY(b, cuStreamCreate(&b->stream, CU_STREAM_NON_BLOCKING));
    TRY(b, cuModuleLoadData(&module, code_text));
    TRY(b, cuModuleGetFunction(&b->nothing, module, "bare_nothing"));
    TRY(b, cuModuleGetFunction(&b->relu, module, "bare_relu"));
    return 0;
}

/* ---- what is done -------------------------------------------------------------------------- */

static CUresult launch(bare *b, const work *w)
{
    CUdeviceptr args[] = {w->from, w->to};
    void *params[] = {args};
    return b->cu.cuLaunchKernel(w->kernel, 1, 1, 1, 1, 1, 1, 0, b->stream, params, NULL);
}

static CUresult copy(bare *b, const work *w)
{
    return b->cu.cuMemcpyDtoDAsync_v2(w->to, w->from, w->bytes, b->stream);
}

static CUresult up(bare *b, const work *w)
{
    return b->cu.cuMemcpyHtoDAsync_v2(w->to, w->host, w->bytes, b->stream);
}

static CUresult down(bare *b, const work *w)
{
    return b->cu.cuMemcpyDtoHAsync_v2(w->host, w->from, w->bytes, b->stream);
}

/* ---- timing -------------------------------------------------------------------------------- */

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Negative: it failed. */
static double run(bare *b, const work *w, uint64_t n)
{
    const uint64_t chunk = w->way == EACH_WAITED_FOR ? 1 : w->way == GIVEN ? CHUNK : n;
    CUresult code = CUDA_SUCCESS;
    double total = 0;
    for (uint64_t done = 0; code == CUDA_SUCCESS && done < n; done += chunk) {
        const double begin = now_ns();
        for (uint64_t i = done; code == CUDA_SUCCESS && i < n && i < done + chunk; i++)
            code = w->once(b, w);
        const double given = now_ns();
        if (code == CUDA_SUCCESS)
            code = b->cu.cuStreamSynchronize(b->stream);
        total += (w->way == GIVEN ? given : now_ns()) - begin;
    }
    return code == CUDA_SUCCESS ? total : -fail("the work", code);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* So many that a sample lasts a part of the wished time; 0: it failed. */
static uint64_t batch_for(bare *b, const work *w)
{
    uint64_t n = 1;
    if (run(b, w, 1) < 0)
        return 0;
    for (;;) {
        const double ns = run(b, w, n);
        if (ns < 0)
            return 0;
        if (ns >= b->min_ns / PARTS / 2 || n >= UINT64_C(1) << 20)
            return n;
        const double grow = b->min_ns / PARTS / (ns > 1 ? ns : 1);
        n = (uint64_t)((double)n * (grow > 10 ? 10 : grow)) + 1;
    }
}

static int measure(bare *b, const work *w, const char *what, const char *name, double bytes)
{
    double ns[SAMPLES], total = 0;
    int count = 0;
    const uint64_t batch = batch_for(b, w);
    if (!batch)
        return 1;
    for (; count < SAMPLES && (count < LEAST || total < b->min_ns); count++) {
        const double took = run(b, w, batch);
        if (took < 0)
            return 1;
        total += took;
        ns[count] = took / (double)batch;
    }
    qsort(ns, (size_t)count, sizeof *ns, by_value);
    const double median = (ns[count / 2] + ns[(count - 1) / 2]) / 2;
    printf("{\"kind\": \"bare\", \"what\": \"%s\", \"name\": \"%s\", \"device\": \"%s\", "
           "\"driver\": \"CUDA %d.%d\", \"median_ns\": %.9g, \"best_ns\": %.9g, \"samples\": %d, "
           "\"times_per_sample\": %llu, \"bytes\": %.0f, \"gb_per_s\": %.9g}\n",
           what, name, b->device, b->version / 1000, b->version % 1000 / 10, median, ns[0], count,
           (unsigned long long)batch, bytes, bytes / median);
    fflush(stdout);
    return 0;
}

/* ---- the figures ---------------------------------------------------------------------------- */

static int launches(bare *b)
{
    work w = {.once = launch};
    int failed = 0;
    TRY(b, cuMemAlloc_v2(&w.from, 8));
    w.to = w.from + 4;
    TRY(b, cuMemsetD32Async(w.from, 0, 2, b->stream));
    for (int i = 0; !failed && i < 6; i++) {
        w.kernel = i < 3 ? b->nothing : b->relu;
        w.way = (way)(i % 3);
        failed = measure(b, &w, i < 3 ? "launch" : "relu", way_names[w.way], 0);
    }
    TRY(b, cuMemFree_v2(w.from));
    return failed;
}

/* Bytes read and bytes written, both counted. */
static int copies(bare *b, size_t bytes)
{
    work w = {.once = copy, .bytes = bytes};
    TRY(b, cuMemAlloc_v2(&w.to, bytes));
    TRY(b, cuMemAlloc_v2(&w.from, bytes));
    TRY(b, cuMemsetD32Async(w.from, 1, bytes / 4, b->stream));
    const int failed = measure(b, &w, "copy", "device", 2.0 * (double)bytes);
    TRY(b, cuMemFree_v2(w.to));
    TRY(b, cuMemFree_v2(w.from));
    return failed;
}

static int both_ways(bare *b, work w, const char *name)
{
    memset(w.host, 1, w.bytes);
    w.once = up;
    if (measure(b, &w, "up", name, (double)w.bytes))
        return 1;
    w.once = down;
    return measure(b, &w, "down", name, (double)w.bytes);
}

static int over_link(bare *b, size_t bytes)
{
    work w = {.bytes = bytes};
    TRY(b, cuMemAlloc_v2(&w.to, bytes));
    w.from = w.to;
    w.host = malloc(bytes);
    if (!w.host) {
        fprintf(stderr, "vane-bare-cuda: no memory for %zu bytes\n", bytes);
        return 1;
    }
    int failed = both_ways(b, w, "plain");
    free(w.host);
    TRY(b, cuMemHostAlloc(&w.host, bytes, 0));
    failed = failed || both_ways(b, w, "pinned");
    TRY(b, cuMemFreeHost(w.host));
    TRY(b, cuMemFree_v2(w.to));
    return failed;
}

static int usage(void)
{
    fprintf(stderr, "usage: vane-bare-cuda [-t MS] [-c BYTES]... [-l BYTES]...\n");
    return 2;
}

int main(int argc, char **argv)
{
    static bare b = {.min_ns = 50e6};
    size_t size[SIZES];
    int is_link[SIZES], count = 0, option;
    while ((option = getopt(argc, argv, "t:c:l:")) != -1) {
        char *end = NULL;
        const double value = optarg ? strtod(optarg, &end) : 0;
        if (option == '?' || !end || *end || !(value > 0 && value <= 1e12) || count == SIZES)
            return usage();
        if (option == 't') {
            b.min_ns = value * 1e6;
            continue;
        }
        is_link[count] = option == 'l';
        size[count++] = ((size_t)value + 3) / 4 * 4;
    }
    if (optind < argc)
        return usage();
    int failed = open_device(&b) || launches(&b);
    for (int i = 0; !failed && i < count; i++)
        failed = is_link[i] ? over_link(&b, size[i]) : copies(&b, size[i]);
    return failed;
}
