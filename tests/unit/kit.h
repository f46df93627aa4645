/* SPDX-License-Identifier: MIT */
/* kit.h - for tests of the data plane: a backend in the program whose kernels behave as told,
 * contexts without an operator's wishes, and small tensors.
 *
 * The backend computes add, neg, copy, transpose and concat of f32 over any views, and any
 * registered op as a copy of its first input; it keeps the last call it saw.
 */
#ifndef KIT_H
#define KIT_H

#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vane/vane.h"

typedef enum kit_mode {
    KIT_WORKS,
    KIT_FAILS,     /* with a sentence; after scribbling unless it says CLEAN_FAIL */
    KIT_IS_SILENT, /* VANE_E_NOMEM without a sentence */
    KIT_POSITIVE,  /* returns 42 */
    KIT_DIES       /* VANE_E_DEVICE_LOST */
} kit_mode;

typedef struct kit {
    vane_kernel kernel; /* first: a kernel's self leads here */
    vane_backend_entry entry;
    uint32_t n_devices; /* 0 counts as 1 */
    kit_mode mode;
    atomic_uint runs;
    uint32_t fail_from;  /* KIT_FAILS only from this run on, counted from 0 */
    uint64_t takes_ns;   /* of kit_time, each run */
    const void *there;   /* and with an output there, if it is not NULL, */
    uint64_t there_ns;   /* that */
    int64_t wrong_at;    /* this element, counted from 1, comes out wrong; 0 none */
    uint32_t wrong_from; /* only from this run on, counted from 0 */
    uint32_t misaligned; /* operands seen that were not aligned as the kernel asks */
    vane_call seen;
} kit;

struct vane_backend {
    kit *k;
};
struct vane_device {
    kit *k;
};

static _Atomic uint64_t kit_time; /* a clock for those who set it: kernels make time pass */
static kit *kit_opening;          /* open() has no argument to say whose it is */

/* ---- what its kernels do ------------------------------------------------------- */

static inline float *kit_at(const vane_view *v, const int64_t *index)
{
    float *p = v->data;
    for (uint32_t d = 0; d < v->rank; d++)
        p += index[d] * v->stride[d];
    return p;
}

static inline void kit_compute(const vane_call *call)
{
    int64_t index[VANE_VIEW_RANK] = {0};
    const vane_view *out = &call->arg[call->n_arg - 1];
    uint32_t d;
    do {
        float x = *kit_at(&call->arg[0], index);
        x = call->op == VANE_OP_ADD ? x + *kit_at(&call->arg[1], index) : x;
        *kit_at(out, index) = call->op == VANE_OP_NEG ? -x : x;
        for (d = out->rank; d-- > 0;) {
            if (++index[d] < out->shape[d])
                break;
            index[d] = 0;
        }
    } while (d < out->rank);
}

static inline void kit_scribble(const vane_call *call)
{
    int64_t start[VANE_VIEW_RANK] = {0};
    *kit_at(&call->arg[call->n_arg - 1], start) = -777;
}

/* Of dense outputs. */
static inline void kit_err(const kit *k, const vane_call *call)
{
    const vane_view *out = &call->arg[call->n_arg - 1];
    if (k->wrong_at > 0 && k->wrong_at <= out->shape[0])
        ((float *)out->data)[k->wrong_at - 1] += 1;
}

static inline vane_status kit_direct(const vane_kernel *self, const vane_call *call)
{
    kit *k = (kit *)(uintptr_t)(const void *)self;
    uint32_t run = atomic_fetch_add(&k->runs, 1);
    for (uint32_t i = 0; i < call->n_arg && self->align_bytes; i++)
        k->misaligned += (uintptr_t)call->arg[i].data % self->align_bytes != 0;
    memcpy(&k->seen, call, offsetof(vane_call, arg) + call->n_arg * sizeof(vane_view));
    if (k->mode == KIT_WORKS || run < k->fail_from) {
        kit_compute(call);
        if (run >= k->wrong_from)
            kit_err(k, call);
        int there = k->there != NULL && call->arg[call->n_in].data == k->there;
        atomic_fetch_add(&kit_time, there ? k->there_ns : k->takes_ns);
        return VANE_OK;
    }
    if (!(self->flags & VANE_KERNEL_CLEAN_FAIL))
        kit_scribble(call);
    if (k->mode == KIT_POSITIVE)
        return (vane_status)42;
    if (k->mode == KIT_IS_SILENT)
        return VANE_E_NOMEM;
    return (call->host->fail)(call->host->ctx,
                              k->mode == KIT_DIES ? VANE_E_DEVICE_LOST : VANE_E_BUSY, 7,
                              "%s has had enough", k->entry.name);
}

/* ---- its table ----------------------------------------------------------------- */

static inline vane_status kit_open(const vane_host *host, vane_backend **out)
{
    (void)host;
    *out = malloc(sizeof **out);
    if (*out == NULL)
        return VANE_E_NOMEM;
    (*out)->k = kit_opening;
    return VANE_OK;
}

static inline void kit_close(vane_backend *b)
{
    free(b);
}

static inline vane_status kit_device_count(vane_backend *b, uint32_t *out)
{
    *out = b->k->n_devices ? b->k->n_devices : 1;
    return VANE_OK;
}

static inline vane_status kit_device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    (void)b;
    (void)i;
    out->caps = VANE_CAP_HOST_MEM;
    strcpy(out->id, "kit");
    return VANE_OK;
}

static inline vane_status kit_device_open(vane_backend *b, uint32_t i, vane_device **out)
{
    (void)i;
    *out = malloc(sizeof **out);
    if (*out == NULL)
        return VANE_E_NOMEM;
    (*out)->k = b->k;
    return VANE_OK;
}

static inline void kit_device_close(vane_device *d)
{
    free(d);
}

static inline const vane_kernel *kit_kernel(vane_device *d, uint32_t op, const char *name,
                                            uint32_t dtype)
{
    (void)name;
    int known = op == VANE_OP_ADD || op == VANE_OP_NEG || op == VANE_OP_COPY ||
                op == VANE_OP_TRANSPOSE || op == VANE_OP_CONCAT || op >= VANE_OP_CUSTOM;
    return known && dtype == VANE_F32 ? &d->k->kernel : NULL;
}

static const vane_backend_vt kit_table = {
    .struct_size = sizeof kit_table,
    .open = kit_open,
    .close = kit_close,
    .device_count = kit_device_count,
    .device_info = kit_device_info,
    .device_open = kit_device_open,
    .device_close = kit_device_close,
    .kernel = kit_kernel,
};

/* A backend that says it is very fast; change it before kit_add, its mode at any time. */
static inline kit kit_of(const char *name, kit_mode mode, uint32_t kernel_flags)
{
    return (kit){
        .kernel = {.struct_size = sizeof(vane_kernel),
                   .flags = kernel_flags,
                   .name = "kit_f32",
                   .direct = kit_direct,
                   .flops_per_ns = 1e6,
                   .bytes_per_ns = 1e6},
        .entry = {.magic = VANE_BACKEND_MAGIC,
                  .struct_size = sizeof(vane_backend_entry),
                  .abi_minor = VANE_ABI_MINOR,
                  .sanitizer = VANE_SANITIZER,
                  .rank = 1000,
                  .name = name,
                  .version = "1",
                  .about = "does as told",
                  .vt = &kit_table},
        .mode = mode,
    };
}

#define GOOD(call) ck_assert_msg((call) == VANE_OK, "%s: %s", #call, vane_last_error()->message)

static inline void kit_add(vane_context *ctx, kit *k)
{
    kit_opening = k;
    GOOD(vane_register(ctx, &k->entry));
}

/* ---- contexts and tensors ------------------------------------------------------ */

static inline void kit_quiet(void *arg, int level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

/* The plugins of this build, and nobody's wishes. */
static inline vane_config kit_config(void)
{
    static const char *const variables[] = {"VANE_BACKEND",   "VANE_PREFER", "VANE_EXCLUDE",
                                            "VANE_OPS",       "VANE_POLICY", "VANE_THREADS",
                                            "VANE_LOG",       "VANE_REPRO",  "VANE_CPU_MASK",
                                            "VANE_MEM_LIMIT", "VANE_VERIFY"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    setenv("VANE_CACHE", "0", 1); /* what was learned before decides nothing */
    return (vane_config){.struct_size = sizeof(vane_config),
                         .policy =
                             "heuristic", /* it runs no candidate twice: runs can be counted */
                         .no_default_path = 1,
                         .log = kit_quiet};
}

static inline vane_context *kit_context(void)
{
    vane_config config = kit_config();
    vane_context *ctx = NULL;
    GOOD(vane_open(&config, &ctx));
    return ctx;
}

/* No plugin at all: a folder that is not there. */
static inline vane_config kit_nowhere(void)
{
    vane_config config = kit_config();
    setenv("VANE_PLUGIN_PATH", "/nowhere/at/all", 1);
    config.allow_empty = 1;
    return config;
}

#define SHAPE(...)                                                          \
    (sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]) \
    {                                                                       \
        __VA_ARGS__                                                         \
    }
#define TENSOR(data, dtype, ...) vane_tensor_of(data, dtype, SHAPE(__VA_ARGS__))

static inline vane_tensor scalar_of(void *data, vane_dtype dtype)
{
    return vane_tensor_of(data, dtype, 0, NULL);
}

static inline void expect_floats(const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(got[i] == want[i], "[%zu] is %g, expected %g", i, (double)got[i],
                      (double)want[i]);
}

#define EXPECT(got, ...) \
    expect_floats(got, (const float[]){__VA_ARGS__}, sizeof((float[]){__VA_ARGS__}) / sizeof(float))

/* The backend that a record says computed the result. */
static inline const char *ran_on(const vane_decision *d)
{
    return d->ran < d->count ? d->candidates[d->ran].backend : "nobody";
}

/* out = a + b through vane_run, with the record. */
static inline vane_status add_with(vane_context *ctx, vane_tensor *a, vane_tensor *b,
                                   vane_tensor *out, const char *backend, vane_decision *d)
{
    const vane_tensor *const in[] = {a, b};
    vane_tensor *const outs[] = {out};
    vane_options options = {.struct_size = sizeof options, .backend = backend, .decision = d};
    *d = (vane_decision){.struct_size = sizeof *d};
    return vane_run(ctx, VANE_OP_ADD, in, 2, outs, 1, NULL, &options);
}

static inline int kit_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
