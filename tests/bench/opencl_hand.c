/* SPDX-License-Identifier: MIT */
/* opencl_hand.c - what a careful programmer writes against OpenCL: one context, one queue, buffers
 * made once, kernels made once, the program's binary kept in a file. It is the measure that Vane
 * is held against, so it does nothing that such a program would not need. The last of its ways to
 * write a kernel is Vane's own source, cut as Vane cuts it, so that the host's share can be told
 * from the kernel's.
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opencl_same.h"

/* clang-format off */
#define API_MAP(X) \
    X(clGetPlatformIDs) X(clGetDeviceIDs) X(clGetDeviceInfo) X(clCreateContext) \
    X(clCreateCommandQueue) X(clCreateBuffer) X(clCreateProgramWithSource) \
    X(clCreateProgramWithBinary) X(clBuildProgram) X(clGetProgramInfo) X(clCreateKernel) \
    X(clSetKernelArg) X(clEnqueueNDRangeKernel) X(clEnqueueWriteBuffer) \
    X(clEnqueueReadBuffer) X(clFinish) X(clReleaseKernel) X(clReleaseProgram) \
    X(clReleaseMemObject) X(clReleaseCommandQueue) X(clReleaseContext)
/* clang-format on */

/* Ways to write an elementwise kernel: elements an item, items a group. Of the last, Vane's, both
 * are the device's (opencl_same.c). */
static const struct {
    const char *name, *function;
    size_t elements, group;
} variants[] = {
    {"1 element, groups of 64", "one", 1, 64},
    {"1 element, groups of 256", "one", 1, 256},
    {"1 element, groups of 1024", "one", 1, 1024},
    {"float4, groups of 256", "four", 4, 256},
    {"float16, groups of 64", "sixteen", 16, 64},
    {"a run of 2048, groups of 1", "run", 2048, 1},
    {"Vane's kernel", "flat", 0, 0},
};
enum { VARIANTS = sizeof variants / sizeof variants[0], SAME = VARIANTS - 1 };

static const char source[] =
    "#define BODY(NAME, E)\\\n"
    "__kernel void NAME##_one(__global const float *a, __global const float *b,\\\n"
    "                         __global float *o, uint n)\\\n"
    "{ uint i = get_global_id(0); if (i < n) { float x = a[i], y = b[i]; o[i] = E; } }\\\n"
    "__kernel void NAME##_four(__global const float *a, __global const float *b,\\\n"
    "                          __global float *o, uint n)\\\n"
    "{ uint i = get_global_id(0); float4 x, y;\\\n"
    "  if (i < n / 4) { x = vload4(i, a); y = vload4(i, b); vstore4(E, i, o); } }\\\n"
    "__kernel void NAME##_sixteen(__global const float *a, __global const float *b,\\\n"
    "                             __global float *o, uint n)\\\n"
    "{ uint i = get_global_id(0); float16 x, y;\\\n"
    "  if (i < n / 16) { x = vload16(i, a); y = vload16(i, b); vstore16(E, i, o); } }\\\n"
    "__kernel void NAME##_run(__global const float *a, __global const float *b,\\\n"
    "                         __global float *o, uint n)\\\n"
    "{ uint to = min(n, (uint)(get_global_id(0) + 1) * 2048);\\\n"
    "  for (uint i = get_global_id(0) * 2048; i < to; i++)\\\n"
    "  { float x = a[i], y = b[i]; o[i] = E; } }\n"
    "BODY(add, x + y)\n"
    "BODY(mul, x * y)\n"
    "BODY(relu, max(x, 0.0f))\n";

typedef struct hand_operands {
    cl_mem a, b, out;
} hand_operands;

struct hand {
    void *lib;
#define API_FIELD(name) __typeof__(&name) name;
    API_MAP(API_FIELD)
#undef API_FIELD
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    cl_program program, same[BENCH_OPS]; /* built at the first kernel */
    hand_shape shape;
    const char *cache; /* keeps the binary of what is built; NULL: nothing does */
    cl_kernel kernels[BENCH_OPS][VARIANTS];
    hand_operands sets[BENCH_SETS]; /* those after the first are opened when they are needed */
    const hand_operands *use;
    float *from, *to; /* of the copies */
    char name[128];
    bench_op op;
    size_t n, variant;
};

static int fails(const char *what, cl_int code)
{
    if (code != CL_SUCCESS)
        fprintf(stderr, "bench_opencl: %s: OpenCL's code %d\n", what, code);
    return code != CL_SUCCESS;
}

static int open_loader(hand *h)
{
    h->lib = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!h->lib) {
        fprintf(stderr, "bench_opencl: %s\n", dlerror());
        return 1;
    }
#define API_LOAD(function)                                       \
    {                                                            \
        void *p = dlsym(h->lib, #function);                      \
        memcpy(&h->function, &p, sizeof p);                      \
        if (!p) {                                                \
            fprintf(stderr, "bench_opencl: no %s\n", #function); \
            return 1;                                            \
        }                                                        \
    }
    API_MAP(API_LOAD)
#undef API_LOAD
    return 0;
}

static int open_queue(hand *h)
{
    cl_platform_id platform;
    cl_int code = h->clGetPlatformIDs(1, &platform, NULL);
    if (fails("no platform", code) ||
        fails("no device", h->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &h->device, NULL)))
        return 1;
    h->clGetDeviceInfo(h->device, CL_DEVICE_NAME, sizeof h->name - 1, h->name, NULL);
    hand_shape_of(&h->shape, h->device, h->clGetDeviceInfo);
    h->context = h->clCreateContext(NULL, 1, &h->device, NULL, NULL, &code);
    if (fails("clCreateContext", code))
        return 1;
    h->queue = h->clCreateCommandQueue(h->context, h->device, 0, &code);
    return fails("clCreateCommandQueue", code);
}

/* ---- the program ----------------------------------------------------------------- */

static cl_program from_file(hand *h, const char *path)
{
    static unsigned char binary[1 << 24];
    const unsigned char *at = binary;
    cl_int code = CL_INVALID_BINARY, status;
    FILE *f = path ? fopen(path, "rb") : NULL;
    size_t bytes = f ? fread(binary, 1, sizeof binary, f) : 0;
    cl_program p = NULL;
    if (f)
        fclose(f);
    if (bytes)
        p = h->clCreateProgramWithBinary(h->context, 1, &h->device, &bytes, &at, &status, &code);
    return code == CL_SUCCESS ? p : NULL;
}

static void to_file(hand *h, cl_program p, const char *path)
{
    size_t bytes = 0;
    if (h->clGetProgramInfo(p, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) || !bytes)
        return;
    unsigned char *binary = malloc(bytes);
    FILE *f = fopen(path, "wb");
    if (binary && f && !h->clGetProgramInfo(p, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL))
        fwrite(binary, 1, bytes, f);
    if (f)
        fclose(f);
    free(binary);
}

/* NULL: it does not build. */
static cl_program build(hand *h, cl_uint count, const char **texts, const char *options)
{
    cl_int code = CL_SUCCESS;
    cl_program p = from_file(h, h->cache);
    int kept = p != NULL;
    if (!kept)
        p = h->clCreateProgramWithSource(h->context, count, texts, NULL, &code);
    if (fails("clCreateProgram", code) ||
        fails("clBuildProgram", h->clBuildProgram(p, 1, &h->device, options, NULL, NULL)))
        return NULL;
    if (h->cache && !kept)
        to_file(h, p, h->cache);
    return p;
}

static cl_program program_of(hand *h)
{
    const char *text = source, *texts[HAND_TEXTS];
    char options[256];
    cl_program *p = h->variant == SAME ? &h->same[h->op] : &h->program;
    if (*p == NULL && h->variant == SAME) {
        hand_same_texts(&h->shape, h->op, texts, options, sizeof options);
        *p = build(h, HAND_TEXTS, texts, options);
    } else if (*p == NULL) {
        *p = build(h, 1, &text, "");
    }
    return *p;
}

static int open_operands(hand *h, hand_operands *o, size_t n)
{
    cl_int code[3];
    cl_mem *all[3] = {&o->a, &o->b, &o->out};
    for (int i = 0; i < 3; i++) {
        *all[i] =
            h->clCreateBuffer(h->context, CL_MEM_READ_WRITE, n * sizeof(float), NULL, &code[i]);
        if (fails("clCreateBuffer", code[i]) ||
            fails("clEnqueueWriteBuffer",
                  h->clEnqueueWriteBuffer(h->queue, *all[i], CL_TRUE, 0, n * sizeof(float), h->from,
                                          0, NULL, NULL)))
            return 1;
    }
    return 0;
}

static int open_buffers(hand *h, size_t n)
{
    h->from = malloc(n * sizeof(float));
    h->to = malloc(n * sizeof(float));
    if (!h->from || !h->to)
        return fails("memory", CL_OUT_OF_HOST_MEMORY);
    for (size_t i = 0; i < n; i++)
        h->from[i] = (float)(i % 1000) - 500;
    h->use = h->sets;
    return open_operands(h, h->sets, n);
}

int hand_open_sets(hand *h, size_t n)
{
    for (int i = 1; i < BENCH_SETS; i++)
        if (open_operands(h, &h->sets[i], n))
            return 1;
    return 0;
}

hand *hand_open(size_t n, const char *cache)
{
    hand *h = calloc(1, sizeof *h);
    if (h)
        h->cache = cache;
    if (h && !open_loader(h) && !open_queue(h) && !open_buffers(h, n))
        return h;
    if (h)
        hand_close(h);
    return NULL;
}

void hand_close(hand *h)
{
    for (int i = 0; i < BENCH_OPS * VARIANTS; i++)
        if (h->kernels[i / VARIANTS][i % VARIANTS])
            h->clReleaseKernel(h->kernels[i / VARIANTS][i % VARIANTS]);
    for (int i = 0; i < BENCH_SETS; i++) {
        const cl_mem all[3] = {h->sets[i].a, h->sets[i].b, h->sets[i].out};
        for (int k = 0; k < 3; k++)
            if (all[k])
                h->clReleaseMemObject(all[k]);
    }
    if (h->program)
        h->clReleaseProgram(h->program);
    for (int i = 0; i < BENCH_OPS; i++)
        if (h->same[i])
            h->clReleaseProgram(h->same[i]);
    if (h->queue)
        h->clReleaseCommandQueue(h->queue);
    if (h->context)
        h->clReleaseContext(h->context);
    if (h->lib)
        dlclose(h->lib);
    free(h->from);
    free(h->to);
    free(h);
}

const char *hand_device(const hand *h)
{
    return h->name;
}
size_t hand_variants(void)
{
    return VARIANTS;
}
size_t hand_same(void)
{
    return SAME;
}
const char *hand_variant_name(size_t i)
{
    return variants[i].name;
}

void hand_set(hand *h, bench_op op, size_t n, size_t variant)
{
    h->op = op;
    h->n = n;
    h->variant = variant;
}

void hand_use(hand *h, int set)
{
    h->use = &h->sets[set];
}

/* ---- the things ------------------------------------------------------------------ */

static cl_kernel kernel_of(hand *h)
{
    cl_kernel *k = &h->kernels[h->op][h->variant];
    char name[64];
    cl_int code;
    if (*k)
        return *k;
    cl_program p = program_of(h);
    snprintf(name, sizeof name, "%s_%s", bench_op_names[h->op], variants[h->variant].function);
    *k = p ? h->clCreateKernel(p, h->variant == SAME ? "flat" : name, &code) : NULL;
    return *k;
}

/* Sizes are multiples of 16 where a variant needs that. */
static cl_int enqueue_own(hand *h, cl_kernel k)
{
    const hand_operands *o = h->use;
    const cl_uint n = (cl_uint)h->n;
    const size_t local = variants[h->variant].group, elements = variants[h->variant].elements;
    const size_t items = (h->n + elements - 1) / elements;
    const size_t global = (items + local - 1) / local * local;
    cl_int code = h->clSetKernelArg(k, 0, sizeof o->a, &o->a);
    code |= h->clSetKernelArg(k, 1, sizeof o->b, &o->b);
    code |= h->clSetKernelArg(k, 2, sizeof o->out, &o->out);
    code |= h->clSetKernelArg(k, 3, sizeof n, &n);
    if (code == CL_SUCCESS)
        code = h->clEnqueueNDRangeKernel(h->queue, k, 1, NULL, &global, &local, 0, NULL, NULL);
    return code;
}

static cl_int enqueue_same(hand *h, cl_kernel k)
{
    const hand_operands *o = h->use;
    cl_uint i = 0;
    hand_place place;
    size_t global, local;
    hand_same_cut(&h->shape, h->n, &place, &global, &local);
    cl_int code = h->clSetKernelArg(k, i++, sizeof o->a, &o->a);
    if (h->op != BENCH_RELU)
        code |= h->clSetKernelArg(k, i++, sizeof o->b, &o->b);
    code |= h->clSetKernelArg(k, i++, sizeof o->out, &o->out);
    code |= h->clSetKernelArg(k, i, sizeof place, &place);
    if (code == CL_SUCCESS)
        code = h->clEnqueueNDRangeKernel(h->queue, k, 1, NULL, &global, &local, 0, NULL, NULL);
    return code;
}

static cl_int enqueue(hand *h)
{
    cl_kernel k = kernel_of(h);
    if (k == NULL)
        return CL_INVALID_KERNEL;
    return h->variant == SAME ? enqueue_same(h, k) : enqueue_own(h, k);
}

int hand_launch(void *self)
{
    hand *h = self;
    cl_int code = enqueue(h);
    return fails("a launch", code == CL_SUCCESS ? h->clFinish(h->queue) : code);
}

int hand_pipeline(void *self)
{
    hand *h = self;
    for (int i = 0; i < BENCH_PIPELINE; i++)
        if (fails("a launch", enqueue(h)))
            return 1;
    return fails("clFinish", h->clFinish(h->queue));
}

int hand_rotate(void *self)
{
    hand *h = self;
    for (int i = 0; i < BENCH_PIPELINE; i++) {
        hand_use(h, i % BENCH_SETS);
        if (fails("a launch", enqueue(h)))
            return 1;
    }
    hand_use(h, 0);
    return fails("clFinish", h->clFinish(h->queue));
}

int hand_upload(void *self)
{
    hand *h = self;
    return fails("clEnqueueWriteBuffer",
                 h->clEnqueueWriteBuffer(h->queue, h->use->a, CL_TRUE, 0, h->n * sizeof(float),
                                         h->from, 0, NULL, NULL));
}

int hand_download(void *self)
{
    hand *h = self;
    return fails("a launch", enqueue(h)) ||
           fails("clEnqueueReadBuffer",
                 h->clEnqueueReadBuffer(h->queue, h->use->out, CL_TRUE, 0, h->n * sizeof(float),
                                        h->to, 0, NULL, NULL));
}

/* ---- is it right? ---------------------------------------------------------------- */

int hand_clear(hand *h)
{
    for (size_t i = 0; i < h->n; i++)
        h->to[i] = -1e9f;
    return fails("clEnqueueWriteBuffer",
                 h->clEnqueueWriteBuffer(h->queue, h->use->out, CL_TRUE, 0, h->n * sizeof(float),
                                         h->to, 0, NULL, NULL));
}

static int read_back(hand *h, cl_mem from)
{
    return fails("clEnqueueReadBuffer",
                 h->clEnqueueReadBuffer(h->queue, from, CL_TRUE, 0, h->n * sizeof(float), h->to, 0,
                                        NULL, NULL));
}

int hand_check(hand *h)
{
    return read_back(h, h->use->out) || bench_check("by hand", h->op, h->n, h->from, h->to);
}

int hand_check_copies(hand *h)
{
    int rc = bench_check("down by hand", h->op, h->n, h->from, h->to);
    return rc || read_back(h, h->use->a) ||
           bench_check("up by hand", BENCH_OPS, h->n, h->from, h->to);
}
