/* SPDX-License-Identifier: MIT */
/* test_driver.c - the stand-in driver itself: it does what the real one does, and finds what is
 * done to it. Each case is a process of its own with its own VANE_FAKE_CUDA. */
#include "driver_kit.h"

/* ---- what works ----------------------------------------------------------------------------- */

static void work(void)
{
    CUevent from, to;
    float ms = -1, pageable[N];
    begin();
    OK(cuEventCreate(&from, 0));
    OK(cuEventCreate(&to, 0));
    OK(cuMemcpyHtoDAsync(x, host, BYTES, a));
    OK(cuEventRecord(from, a));
    OK(launch(a, x, y, 2));
    OK(cuEventRecord(to, a));
    OK(cuStreamWaitEvent(b, to, 0));
    OK(launch(b, y, x, 2));
    OK(cuMemcpyDtoHAsync(host, x, BYTES, b));
    OK(cuStreamSynchronize(b));
    CHECK(is_scaled(host, 4));
    OK(cuEventElapsedTime(&ms, from, to));
    CHECK(ms >= 0);
    OK(cuMemcpyHtoDAsync(x, host, BYTES, a));
    memset(pageable, 0, sizeof pageable);
    OK(cuMemcpyDtoHAsync(pageable, x, BYTES, a)); /* done at its return */
    CHECK(is_scaled(pageable, 4));
    OK(cuMemcpyHtoDAsync(y, pageable, BYTES, a)); /* taken at its return */
    memset(pageable, 0, sizeof pageable);
    OK(cuMemcpyDtoHAsync(host, y, BYTES, a));
    OK(cuMemsetD32Async(x, 7, N, a));
    OK(cuCtxSynchronize());
    CHECK(is_scaled(host, 4));
    OK(cuEventDestroy(from));
    OK(cuEventDestroy(to));
    end(0);
}

static void asynchronous(void)
{
    CUevent e;
    int passed = 0;
    begin();
    OK(cuEventCreate(&e, CU_EVENT_DISABLE_TIMING));
    CHECK(cuEventQuery(e) == CUDA_SUCCESS);
    pthread_mutex_lock(&gate);
    OK(cuLaunchHostFunc(a, pass, &passed));
    OK(launch(a, x, y, 2));
    OK(cuEventRecord(e, a));
    CHECK(cuEventQuery(e) == CUDA_ERROR_NOT_READY);
    OK(cuStreamWaitEvent(b, e, 0));
    CHECK(cuStreamQuery(b) == CUDA_ERROR_NOT_READY);
    OK(cuEventDestroy(e)); /* what waits for it still does */
    pthread_mutex_unlock(&gate);
    OK(cuStreamSynchronize(b));
    CHECK(passed == 1);
    end(0);
}

static void pools(void)
{
    const CUmemPoolProps props = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                                  .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0}};
    CUmemoryPool pool;
    CUdeviceptr p, q;
    size_t free_bytes, total;
    cuuint64_t keep = UINT64_MAX;
    begin();
    OK(cuMemPoolCreate(&pool, &props));
    OK(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep));
    OK(cuMemAllocFromPoolAsync(&p, 600000, pool, a));
    CHECK(cuMemAllocFromPoolAsync(&q, 600000, pool, a) == CUDA_ERROR_OUT_OF_MEMORY);
    OK(cuMemFreeAsync(p, a));
    OK(cuStreamSynchronize(a));
    OK(cuMemGetInfo(&free_bytes, &total));
    CHECK(total == 1 << 20 && free_bytes == total - 600000 - 2 * BYTES);
    CHECK(cuMemAlloc(&q, 600000) == CUDA_ERROR_OUT_OF_MEMORY);
    OK(cuMemPoolTrimTo(pool, 0));
    OK(cuMemAlloc(&q, 600000));
    OK(cuMemFree(q));
    OK(cuMemPoolDestroy(pool));
    end(0);
}

static void peers(void)
{
    CUcontext other;
    CUdeviceptr far;
    int can = 0;
    begin();
    OK(cuDeviceCanAccessPeer(&can, 0, 1));
    CHECK(can);
    OK(cuDevicePrimaryCtxRetain(&other, 1));
    OK(cuCtxPushCurrent(other));
    OK(cuMemAlloc(&far, BYTES));
    OK(cuCtxPopCurrent(NULL));
    OK(cuMemcpyHtoDAsync(x, host, BYTES, a));
    OK(cuMemcpyPeerAsync(far, other, x, ctx, BYTES, a));
    CHECK(launch(a, far, y, 2) != CUDA_SUCCESS); /* 1: no access yet */
    OK(cuCtxEnablePeerAccess(other, 0));
    CHECK(cuCtxEnablePeerAccess(other, 0) == CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED);
    OK(launch(a, far, y, 2));
    OK(cuMemcpyDtoHAsync(host, y, BYTES, a));
    OK(cuStreamSynchronize(a));
    CHECK(is_scaled(host, 2));
    OK(cuCtxPushCurrent(other));
    OK(cuMemFree(far));
    OK(cuCtxPopCurrent(NULL));
    OK(cuDevicePrimaryCtxRelease(1));
    end(1);
}

/* ---- failures that are asked for --------------------------------------------------------------
 */

static void failing(void)
{
    CUdeviceptr p;
    begin(); /* two allocations */
    CHECK(cuMemAlloc(&p, 8) == CUDA_ERROR_OUT_OF_MEMORY);
    OK(cuMemAlloc(&p, 8));
    OK(cuMemFree(p));
    CHECK(cuStreamSynchronize(a) == CUDA_ERROR_UNKNOWN);
    CHECK(cuStreamSynchronize(a) == CUDA_ERROR_UNKNOWN);
    end(0);
}

static void lost(void)
{
    begin();
    OK(launch(a, x, y, 2)); /* fails while it runs */
    CHECK(cuStreamSynchronize(a) == CUDA_ERROR_ILLEGAL_ADDRESS);
    CHECK(launch(b, x, y, 2) == CUDA_ERROR_ILLEGAL_ADDRESS);
    CHECK(cuMemFree(x) == CUDA_ERROR_ILLEGAL_ADDRESS);
    CHECK(cuMemFreeHost(host) == CUDA_ERROR_ILLEGAL_ADDRESS);
    OK(cuCtxPopCurrent(NULL));
    OK(cuDevicePrimaryCtxRelease(0));
    CHECK(fake_blocks_live(0) + fake_blocks_live(1) == 0 && fake_left_over() == 0);
    begin(); /* a fresh one works */
    OK(launch(a, x, y, 2));
    OK(cuStreamSynchronize(a));
    end(0);
}

static void forked(void)
{
    begin();
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        int n, version;
        CUstream s;
        CHECK(cuInit(0) == CUDA_ERROR_NOT_INITIALIZED);
        CHECK(cuDeviceGetCount(&n) == CUDA_ERROR_NOT_INITIALIZED);
        CHECK(cuStreamCreate(&s, 0) == CUDA_ERROR_NOT_INITIALIZED);
        CHECK(cuDriverGetVersion(&version) == CUDA_ERROR_NOT_INITIALIZED);
        fflush(stdout);
        _exit(failures != 0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    OK(launch(a, x, y, 2));
    OK(cuStreamSynchronize(a));
    end(0);
}

static void misspelt(void)
{
    CHECK(cuInit(0) == CUDA_ERROR_INVALID_VALUE);
}

static void none(void)
{
    CHECK(cuInit(0) == CUDA_ERROR_NO_DEVICE);
}

/* ---- what is found
 * -------------------------------------------------------------------------------- */

static void stale(void)
{
    CUevent e;
    CUstream gone;
    begin();
    OK(cuEventCreate(&e, 0));
    OK(cuEventDestroy(e));
    CHECK(cuEventQuery(e) == CUDA_ERROR_INVALID_HANDLE);   /* 1 */
    CHECK(cuEventDestroy(e) == CUDA_ERROR_INVALID_HANDLE); /* 2 */
    OK(cuStreamCreate(&gone, CU_STREAM_NON_BLOCKING));
    OK(cuStreamDestroy(gone));
    CHECK(launch(gone, x, y, 2) == CUDA_ERROR_INVALID_HANDLE);                 /* 3 */
    CHECK(cuStreamSynchronize((CUstream)module) == CUDA_ERROR_INVALID_HANDLE); /* 4 */
    CHECK(cuMemFree(x + 4) == CUDA_ERROR_INVALID_VALUE);                       /* 5 */
    OK(cuCtxPopCurrent(NULL));
    CHECK(cuStreamSynchronize(a) == CUDA_ERROR_INVALID_CONTEXT); /* 6 */
    OK(cuCtxPushCurrent(ctx));
    end(6);
}

static void freed(void)
{
    CUdeviceptr p;
    begin();
    OK(cuMemAlloc(&p, BYTES));
    OK(cuMemFree(p));
    CHECK(launch(a, p, y, 2) == CUDA_ERROR_INVALID_VALUE);                       /* 1 */
    CHECK(cuMemcpyDtoHAsync(host, p, 4, a) == CUDA_ERROR_INVALID_VALUE);         /* 2 */
    CHECK(cuMemcpyHtoDAsync(x, host, BYTES + 4, a) == CUDA_ERROR_INVALID_VALUE); /* 3 */
    CHECK(cuMemFree(p) == CUDA_ERROR_INVALID_VALUE);                             /* 4 */
    OK(cuMemAllocAsync(&p, BYTES, a));
    OK(cuMemFreeAsync(p, a));
    CHECK(launch(a, p, y, 2) == CUDA_ERROR_INVALID_VALUE); /* 5 */
    end(5);
}

static void unordered(void)
{
    CUevent e;
    CUdeviceptr p;
    int passed = 0;
    begin();
    OK(cuEventCreate(&e, CU_EVENT_DISABLE_TIMING));
    OK(cuMemcpyHtoDAsync(x, host, BYTES, a));
    CHECK(launch(b, x, y, 2) == CUDA_ERROR_INVALID_VALUE); /* 1: a copy may still write it */
    OK(cuEventRecord(e, a));
    OK(cuStreamWaitEvent(b, e, 0));
    OK(launch(b, x, y, 2));
    CHECK(cuMemcpyHtoDAsync(x, host, BYTES, a) == CUDA_ERROR_INVALID_VALUE); /* 2: and it is read */
    OK(cuStreamSynchronize(b));
    OK(cuMemcpyHtoDAsync(x, host, BYTES, a));
    OK(cuMemAllocAsync(&p, BYTES, a));
    CHECK(launch(b, p, y, 2) == CUDA_ERROR_INVALID_VALUE); /* 3: not there yet */
    OK(launch(a, x, p, 2));
    CHECK(cuMemFreeAsync(p, b) == CUDA_ERROR_INVALID_VALUE); /* 4: still used */
    OK(cuMemFreeAsync(p, a));
    pthread_mutex_lock(&gate);
    OK(cuLaunchHostFunc(a, pass, &passed));
    OK(cuMemcpyDtoHAsync(host, x, BYTES, a));
    CHECK(cuMemFreeHost(host) == CUDA_ERROR_INVALID_VALUE); /* 5: a copy will write it */
    pthread_mutex_unlock(&gate);
    OK(cuEventDestroy(e));
    OK(cuCtxSynchronize());
    end(5);
}

static void beyond(void)
{
    begin();
    OK(launch(a, x, y + 8, 2)); /* two floats beyond its end */
    OK(cuStreamSynchronize(a));
    end(1);
}

static void nowhere(void)
{
    begin();
    OK(launch(a, x, 64, 2));
    CHECK(cuStreamSynchronize(a) == CUDA_ERROR_ILLEGAL_ADDRESS);
    CHECK(fake_misuses() == 1);
}

static void calling(void *arg)
{
    *(CUresult *)arg = cuCtxSynchronize();
}

static void callback(void)
{
    CUresult got = CUDA_SUCCESS;
    begin();
    OK(cuLaunchHostFunc(a, calling, &got));
    OK(cuStreamSynchronize(a));
    CHECK(got == CUDA_ERROR_NOT_PERMITTED);
    end(1);
}

/* A device pointer is no address: this ends in a signal. */
static void dereference(void)
{
    begin();
    const volatile float *p = (const float *)(uintptr_t)x; // NOLINT
    printf("FAILED: %g was read through a device pointer\n", (double)*p);
}

/* ---- cases --------------------------------------------------------------------------------------
 */

static const test_case cases[] = {
    {"work", "", work, 0, 0},
    {"asynchronous", "", asynchronous, 0, 0},
    {"slow", "slow=200", work, 0, 0},
    {"pools", "memory=1M", pools, 0, 0},
    {"peers", "devices=2,misuse=report", peers, 0, 0},
    {"failing", "fail=cuMemAlloc_v2:2@3,fail=cuStreamSynchronize:999@1+", failing, 0, 0},
    {"lost", "fail=run.kernel:700@1", lost, 0, 0},
    {"forked", "", forked, 0, 0},
    {"misspelt", "divices=2", misspelt, 0, 0},
    {"misspelt", "fail=x:", misspelt, 0, 0},
    {"none", "devices=0", none, 0, 0},
    {"stale", "misuse=report", stale, 0, 0},
    {"freed", "misuse=report", freed, 0, 0},
    {"unordered", "misuse=report", unordered, 0, 0},
    {"beyond", "misuse=report", beyond, 1, 0},
    {"nowhere", "misuse=report", nowhere, 1, 0},
    {"callback", "misuse=report", callback, 0, 0},
    {"dereference", "", dereference, 1, 1},
    {"misuse", "", stale, 0, 1}, /* ends in abort() */
};

int main(int argc, char **argv)
{
    return run_all(cases, sizeof cases / sizeof cases[0], argc, argv);
}
