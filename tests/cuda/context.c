/* SPDX-License-Identifier: MIT */
/* context.c - primary contexts, the thread's stack of current ones, and what losing one means. */
#include <stdio.h>
#include <stdlib.h>

#include "fake.h"

enum { DEPTH = 32 };

static fake_context *primary[FAKE_DEVICES];
static _Thread_local void *stack[DEPTH]; /* handles: a context may end while it is current */
static _Thread_local unsigned depth;
static unsigned left_over;

unsigned fake_left_over(void)
{
    return left_over;
}

static fake_context *by_handle(const void *handle)
{
    for (int i = 0; handle && i < FAKE_DEVICES; i++)
        if (primary[i] && primary[i]->handle == handle)
            return primary[i];
    return NULL;
}

fake_context *fake_context_current(void)
{
    return depth > 0 ? by_handle(stack[depth - 1]) : NULL;
}

void fake_lose(fake_context *ctx, CUresult code, int asked, const char *why)
{
    if (!asked)
        fake_misuse(code, "the context is lost: %s", why);
    if (!ctx->lost)
        ctx->lost = code;
    for (const fake_stream *s = ctx->streams; s; s = s->next)
        fake_clock_join(&fake_host_clock, &s->clock); /* what was given will not run any more */
    pthread_cond_broadcast(&fake_changed);
}

void fake_lost_wait(void)
{
    for (int i = 0; i < FAKE_DEVICES; i++)
        while (primary[i] && primary[i]->lost && primary[i]->running > 0)
            fake_changed_wait();
}

void fake_contexts_lose(CUresult code)
{
    for (int i = 0; i < FAKE_DEVICES; i++)
        if (primary[i])
            fake_lose(primary[i], code, 1, "");
}

/* All of it goes; what a program that ends in order would have freed before is counted. */
static void end_context(fake_context *ctx)
{
    unsigned left = 0;
    for (fake_stream *s = ctx->streams; s; s = ctx->streams) {
        left += s != ctx->usual;
        fake_stream_end(s);
    }
    fake_threads_join(ctx, 1);
    left +=
        fake_graphs_end(ctx) + fake_events_end(ctx) + fake_modules_end(ctx) + fake_blocks_end(ctx);
    left_over += ctx->lost ? 0 : left;
    primary[ctx->device] = NULL;
    fake_handle_free(FAKE_CONTEXT, ctx->handle);
    free(ctx);
}

/* ---- primary contexts -------------------------------------------------------------------- */

static int is_device(CUdevice device)
{
    return device >= 0 && (unsigned)device < fake_settings.devices;
}

CUresult CUDAAPI cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice device)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out || !is_device(device))
        return fake_done(CUDA_ERROR_INVALID_DEVICE);
    fake_context *c = primary[device];
    if (!c) {
        c = calloc(1, sizeof *c);
        if (!c)
            return fake_done(CUDA_ERROR_OUT_OF_MEMORY);
        c->device = device;
        c->handle = fake_handle_new(FAKE_CONTEXT, c);
        primary[device] = c;
    }
    c->refs++;
    *out = c->handle;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuDevicePrimaryCtxRelease(CUdevice device)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!is_device(device))
        return fake_done(CUDA_ERROR_INVALID_DEVICE);
    if (!primary[device])
        return fake_done(fake_misuse(CUDA_ERROR_INVALID_CONTEXT, "nobody retains it"));
    if (--primary[device]->refs == 0)
        end_context(primary[device]);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuDevicePrimaryCtxReset(CUdevice device)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!is_device(device))
        return fake_done(CUDA_ERROR_INVALID_DEVICE);
    if (primary[device])
        end_context(primary[device]);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags, int *active)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!is_device(device) || !flags || !active)
        return fake_done(CUDA_ERROR_INVALID_DEVICE);
    *flags = 0;
    *active = primary[device] != NULL;
    return fake_done(CUDA_SUCCESS);
}

/* ---- the current context ------------------------------------------------------------------ */

CUresult CUDAAPI cuCtxPushCurrent(CUcontext handle)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!fake_get(FAKE_CONTEXT, handle))
        return fake_done(CUDA_ERROR_INVALID_CONTEXT);
    if (depth == DEPTH)
        return fake_done(
            fake_misuse(CUDA_ERROR_INVALID_VALUE, "%d contexts are pushed and not popped", DEPTH));
    stack[depth++] = handle;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuCtxPopCurrent(CUcontext *out)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (depth == 0)
        return fake_done(
            fake_misuse(CUDA_ERROR_INVALID_CONTEXT, "nothing was pushed on this thread"));
    depth--;
    if (out)
        *out = stack[depth];
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuCtxSetCurrent(CUcontext handle)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (handle && !fake_get(FAKE_CONTEXT, handle))
        return fake_done(CUDA_ERROR_INVALID_CONTEXT);
    depth -= depth > 0;
    if (handle)
        stack[depth++] = handle;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuCtxGetCurrent(CUcontext *out)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out)
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    *out = depth > 0 ? stack[depth - 1] : NULL;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuCtxGetDevice(CUdevice *out)
{
    FAKE_CALL(0);
    if (!out)
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    *out = ctx->device;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuCtxSynchronize(void)
{
    FAKE_CALL(0);
    return fake_done(fake_context_wait(ctx));
}

/* ---- several devices ------------------------------------------------------------------------ */

CUresult CUDAAPI cuDeviceCanAccessPeer(int *out, CUdevice device, CUdevice peer)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out || !is_device(device) || !is_device(peer))
        return fake_done(CUDA_ERROR_INVALID_DEVICE);
    *out = fake_settings.peer && device != peer;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuCtxEnablePeerAccess(CUcontext peer, unsigned flags)
{
    FAKE_CALL(0);
    const fake_context *p = fake_get(FAKE_CONTEXT, peer);
    if (!p || flags != 0)
        return fake_done(p ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_INVALID_CONTEXT);
    if (!fake_settings.peer || p->device == ctx->device)
        return fake_done(CUDA_ERROR_PEER_ACCESS_UNSUPPORTED);
    if (ctx->peers >> p->device & 1u)
        return fake_done(CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED);
    ctx->peers |= 1u << p->device;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuCtxDisablePeerAccess(CUcontext peer)
{
    FAKE_CALL(0);
    const fake_context *p = fake_get(FAKE_CONTEXT, peer);
    if (!p)
        return fake_done(CUDA_ERROR_INVALID_CONTEXT);
    if (!(ctx->peers >> p->device & 1u))
        return fake_done(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
    ctx->peers &= ~(1u << p->device);
    return fake_done(CUDA_SUCCESS);
}
