/* SPDX-License-Identifier: MIT */
/* module.c - modules and kernels. An image is only looked at for being one: the kernels are those
 * that were compiled for the host and linked in, found by name. */
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "fake.h"

typedef struct fake_function {
    const emu_kernel *kernel;
    void *handle;
    struct fake_module *module;
    struct fake_function *next;
} fake_function;

typedef struct fake_module {
    fake_context *ctx;
    void *handle;
    fake_function *functions;
    struct fake_module *next;
} fake_module;

/* ---- modules ------------------------------------------------------------------------------------
 */

CUresult CUDAAPI cuModuleLoadData(CUmodule *out, const void *image)
{
    FAKE_CALL(0);
    if (fake_unsafe(ctx, "a module loaded") != CUDA_SUCCESS)
        return fake_done(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    if (!out || !image)
        return fake_done(
            fake_misuse(CUDA_ERROR_INVALID_VALUE, "no image, or no place for a module"));
    if (!*(const volatile unsigned char *)image)
        return fake_done(CUDA_ERROR_INVALID_IMAGE);
    fake_module *m = calloc(1, sizeof *m);
    if (!m)
        return fake_done(CUDA_ERROR_OUT_OF_MEMORY);
    m->ctx = ctx;
    m->next = ctx->modules;
    ctx->modules = m;
    *out = m->handle = fake_handle_new(FAKE_MODULE, m);
    return fake_done(CUDA_SUCCESS);
}

static void end_module(fake_module *m)
{
    fake_module **at = &m->ctx->modules;
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    for (fake_function *f = m->functions; f;) {
        fake_function *next = f->next;
        fake_handle_free(FAKE_FUNCTION, f->handle);
        free(f);
        f = next;
    }
    fake_handle_free(FAKE_MODULE, m->handle);
    free(m);
}

int fake_module_lives(const fake_context *ctx, const void *module)
{
    const fake_module *m = ctx->modules;
    while (m && m != module)
        m = m->next;
    return m != NULL;
}

unsigned fake_modules_end(fake_context *ctx)
{
    unsigned n = 0;
    for (; ctx->modules; n++)
        end_module(ctx->modules);
    return n;
}

CUresult CUDAAPI cuModuleUnload(CUmodule module)
{
    FAKE_CALL(0);
    if (fake_unsafe(ctx, "a module unloaded") != CUDA_SUCCESS)
        return fake_done(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    fake_module *m = fake_get(FAKE_MODULE, module);
    if (!m)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    for (const fake_stream *s = ctx->streams; s; s = s->next)
        for (const fake_op *op = s->first; op; op = op->next)
            if (op->module == m)
                return fake_done(fake_misuse(CUDA_ERROR_INVALID_HANDLE,
                                             "a kernel of the module still waits to run"));
    end_module(m);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuModuleGetFunction(CUfunction *out, CUmodule module, const char *name)
{
    FAKE_CALL(0);
    fake_module *m = fake_get(FAKE_MODULE, module);
    if (!m || !out || !name)
        return fake_done(m ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE);
    for (const fake_function *f = m->functions; f; f = f->next)
        if (strcmp(f->kernel->name, name) == 0) {
            *out = f->handle;
            return fake_done(CUDA_SUCCESS);
        }
    const emu_kernel *k = emu_kernel_find(name);
    if (!k)
        return fake_done(CUDA_ERROR_NOT_FOUND);
    fake_function *f = calloc(1, sizeof *f);
    if (!f)
        return fake_done(CUDA_ERROR_OUT_OF_MEMORY);
    *f = (fake_function){.kernel = k, .module = m, .next = m->functions};
    m->functions = f;
    *out = f->handle = fake_handle_new(FAKE_FUNCTION, f);
    return fake_done(CUDA_SUCCESS);
}

/* ---- what a kernel needs
 * -------------------------------------------------------------------------- */

CUresult CUDAAPI cuFuncGetAttribute(int *out, CUfunction_attribute what, CUfunction function)
{
    FAKE_CALL(0);
    const fake_function *f = fake_get(FAKE_FUNCTION, function);
    if (!f || !out)
        return fake_done(f ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE);
    switch ((int)what) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        *out = (int)f->kernel->threads;
        break;
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
        *out = 32;
        break;
    case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
        *out = (int)fake_settings.cc;
        break;
    default:
        *out = 0;
    }
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuOccupancyMaxActiveBlocksPerMultiprocessor(int *out, CUfunction function,
                                                             int threads, size_t shared)
{
    FAKE_CALL(0);
    const fake_function *f = fake_get(FAKE_FUNCTION, function);
    if (!f || !out || threads <= 0 || shared > 96 * 1024)
        return fake_done(f ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_HANDLE);
    *out = threads > (int)f->kernel->threads ? 0 : 2048 / ((threads + 31) / 32 * 32);
    return fake_done(CUDA_SUCCESS);
}

/* ---- launches
 * ------------------------------------------------------------------------------------- */

typedef struct launch_op {
    fake_op op;
    const emu_kernel *kernel;
    emu_dim grid, block;
    uint64_t serial;
    _Alignas(16) unsigned char args[]; /* with places for device pointers */
} launch_op;

static CUresult launch_run(fake_op *op, char *why)
{
    const launch_op *o = (launch_op *)op;
    switch (emu_run(o->kernel, o->grid, o->block, o->args, o->serial, why)) {
    case EMU_OK:
        return CUDA_SUCCESS;
    case EMU_ACCESS:
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    default:
        return CUDA_ERROR_LAUNCH_FAILED;
    }
}

/* Every word of the arguments that is a device pointer becomes the place behind it. */
static CUresult translate(fake_stream *s, const emu_kernel *k, unsigned char *args)
{
    for (size_t at = 0; at + sizeof(CUdeviceptr) <= k->args_bytes; at += sizeof(CUdeviceptr)) {
        CUdeviceptr p;
        char *place;
        memcpy(&p, args + at, sizeof p);
        if (!fake_is_device(p))
            continue;
        const CUresult r = fake_place(s, p, 0, FAKE_USES, k->name, &place);
        if (r != CUDA_SUCCESS)
            return r;
        memcpy(args + at, &place, sizeof place);
    }
    return CUDA_SUCCESS;
}

static CUresult check_size(const emu_kernel *k, emu_dim g, emu_dim b, unsigned shared)
{
    if (!g.x || !g.y || !g.z || !b.x || !b.y || !b.z || g.x > 0x7fffffffu || g.y > 65535 ||
        g.z > 65535 || b.x > 1024 || b.y > 1024 || b.z > 64 || (uint64_t)b.x * b.y * b.z > 1024)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                           "%s: a grid of %u x %u x %u blocks of %u x %u x %u threads", k->name,
                           g.x, g.y, g.z, b.x, b.y, b.z);
    if (b.x * b.y * b.z > k->threads)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE, "%s: %u threads, and it was compiled for %u",
                           k->name, b.x * b.y * b.z, k->threads);
    if (shared)
        return fake_misuse(CUDA_ERROR_INVALID_VALUE,
                           "%s has no shared memory whose size a launch gives", k->name);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuLaunchKernel(CUfunction function, unsigned gx, unsigned gy, unsigned gz,
                                unsigned bx, unsigned by, unsigned bz, unsigned shared,
                                CUstream stream, void **params, void **extra)
{
    FAKE_CALL(0);
    static fake_site running = {.name = "run.kernel"};
    const fake_function *f = fake_get(FAKE_FUNCTION, function);
    fake_stream *s = fake_stream_get(ctx, stream);
    if (!f || !s)
        return fake_done(CUDA_ERROR_INVALID_HANDLE);
    if (f->module->ctx != ctx || !params || !params[0] || extra)
        return fake_done(fake_misuse(CUDA_ERROR_INVALID_VALUE,
                                     "%s: of another context, or arguments in no known way",
                                     f->kernel->name));
    const emu_dim grid = {gx, gy, gz}, block = {bx, by, bz};
    CUresult r = check_size(f->kernel, grid, block, shared);
    launch_op *o = r == CUDA_SUCCESS
                       ? fake_op_new(sizeof *o + f->kernel->args_bytes, &running, launch_run)
                       : NULL;
    if (!o)
        return fake_done(r == CUDA_SUCCESS ? CUDA_ERROR_OUT_OF_MEMORY : r);
    o->kernel = f->kernel;
    o->grid = grid;
    o->block = block;
    o->serial = ctx->launches++;
    o->op.module = f->module;
    memcpy(o->args, params[0], f->kernel->args_bytes);
    r = translate(s, f->kernel, o->args);
    if (r != CUDA_SUCCESS) {
        free(o);
        return fake_done(r);
    }
    return fake_done(fake_give(s, &o->op));
}

/* ---- for other doubles
 * ------------------------------------------------------------------------------ */

typedef struct foreign_op {
    fake_op op;
    void (*fn)(char *const *places, const void *arg);
    char *place[4];
    _Alignas(16) unsigned char arg[];
} foreign_op;

static CUresult foreign_run(fake_op *op, char *why)
{
    const foreign_op *o = (foreign_op *)op;
    (void)why;
    o->fn(o->place, o->arg);
    return CUDA_SUCCESS;
}

CUresult fake_run(CUstream stream, const fake_operand *operand, unsigned n,
                  void (*fn)(char *const *places, const void *arg), const void *arg, size_t bytes)
{
    FAKE_CALL(0);
    static fake_site running = {.name = "run.kernel"};
    fake_stream *s = fake_stream_get(ctx, stream);
    foreign_op *o = s && n <= 4 ? fake_op_new(sizeof *o + bytes, &running, foreign_run) : NULL;
    if (!o)
        return fake_done(s ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_INVALID_HANDLE);
    CUresult r = CUDA_SUCCESS;
    for (unsigned i = 0; i < n && r == CUDA_SUCCESS; i++)
        r = fake_place(s, operand[i].at, operand[i].bytes, FAKE_USES, "a product", &o->place[i]);
    o->fn = fn;
    memcpy(o->arg, arg, bytes);
    if (r != CUDA_SUCCESS) {
        free(o);
        return fake_done(r);
    }
    return fake_done(fake_give(s, &o->op));
}
