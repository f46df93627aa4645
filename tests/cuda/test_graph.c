/* SPDX-License-Identifier: MIT */
/* test_graph.c - graphs of the stand-in driver: what is recorded runs, and what may not be
 * recorded, or launched any more, is found. */
#include "driver_kit.h"

static void graphs(void)
{
    CUgraph g;
    CUgraphExec exec;
    begin();
    OK(cuMemcpyHtoDAsync(x, host, BYTES, a));
    OK(cuStreamSynchronize(a));
    OK(cuStreamBeginCapture(a, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    OK(launch(a, x, y, 2));
    OK(launch(a, y, x, 1));
    OK(cuStreamEndCapture(a, &g));
    OK(cuGraphInstantiateWithFlags(&exec, g, 0));
    OK(cuGraphDestroy(g));
    for (int i = 0; i < 3; i++)
        OK(cuGraphLaunch(exec, b));
    OK(cuMemcpyDtoHAsync(host, x, BYTES, b));
    OK(cuStreamSynchronize(b));
    OK(cuGraphExecDestroy(exec));
    CHECK(is_scaled(host, 8));
    end(0);
}

/* p is what the graph reads; NULL: none is wanted. */
static CUgraphExec recorded(CUdeviceptr p)
{
    CUgraph g;
    CUgraphExec exec = NULL;
    OK(cuStreamBeginCapture(a, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    OK(launch(a, p, y, 2));
    OK(cuStreamEndCapture(a, &g));
    OK(cuGraphInstantiateWithFlags(&exec, g, 0));
    OK(cuGraphDestroy(g));
    CHECK(cuGraphDestroy(g) == CUDA_ERROR_INVALID_HANDLE); /* 1 of each */
    return exec;
}

static void *end_elsewhere(void *arg)
{
    CUgraph g;
    OK(cuCtxPushCurrent(ctx));
    *(CUresult *)arg = cuStreamEndCapture(a, &g);
    OK(cuCtxPopCurrent(NULL));
    return NULL;
}

static void recording(void)
{
    CUgraph g;
    CUdeviceptr p;
    CUmodule other;
    CUstreamCaptureStatus now;
    CUresult got = CUDA_SUCCESS;
    pthread_t t;
    begin();
    CHECK(cuStreamEndCapture(a, &g) == CUDA_ERROR_STREAM_CAPTURE_UNMATCHED); /* 1 */
    OK(cuStreamBeginCapture(a, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    OK(cuStreamIsCapturing(a, &now));
    CHECK(now == CU_STREAM_CAPTURE_STATUS_ACTIVE);
    CHECK(cuMemAllocAsync(&p, BYTES, a) == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED); /* 2 */
    CHECK(cuStreamSynchronize(a) == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);        /* 3 */
    CHECK(cuMemAlloc(&p, BYTES) == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);         /* 4 */
    CHECK(cuModuleLoadData(&other, "i") == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED); /* 5 */
    OK(cuMemAllocAsync(&p, BYTES, b)); /* another stream's affairs */
    OK(cuMemFreeAsync(p, b));
    CHECK(pthread_create(&t, NULL, end_elsewhere, &got) == 0 && pthread_join(t, NULL) == 0);
    CHECK(got == CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD); /* 6 */
    CHECK(cuStreamEndCapture(a, &g) == CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    OK(cuStreamIsCapturing(a, &now));
    CHECK(now == CU_STREAM_CAPTURE_STATUS_NONE);
    end(6);
}

static void replayed(void)
{
    CUcontext other;
    CUdeviceptr p;
    CUstream far;
    int passed = 0;
    begin();
    OK(cuMemAlloc(&p, BYTES));
    CUgraphExec exec = recorded(p), second = recorded(x); /* 1, 2 */
    OK(cuDevicePrimaryCtxRetain(&other, 1));
    OK(cuCtxPushCurrent(other));
    OK(cuStreamCreate(&far, CU_STREAM_NON_BLOCKING));
    CHECK(cuGraphLaunch(exec, far) == CUDA_ERROR_INVALID_VALUE); /* 3: of another context */
    OK(cuStreamDestroy(far));
    OK(cuCtxPopCurrent(NULL));
    OK(cuDevicePrimaryCtxRelease(1));
    pthread_mutex_lock(&gate);
    OK(cuLaunchHostFunc(a, pass, &passed));
    OK(cuGraphLaunch(exec, a));
    CHECK(cuGraphExecDestroy(exec) == CUDA_ERROR_INVALID_VALUE); /* 4: it may be running */
    pthread_mutex_unlock(&gate);
    OK(cuStreamSynchronize(a));
    OK(cuMemFree(p));
    CHECK(cuGraphLaunch(exec, a) == CUDA_ERROR_INVALID_VALUE); /* 5: its memory was freed */
    OK(cuGraphExecDestroy(exec));
    CHECK(cuGraphLaunch(exec, a) == CUDA_ERROR_INVALID_HANDLE); /* 6 */
    OK(cuModuleUnload(module));
    CHECK(cuGraphLaunch(second, a) == CUDA_ERROR_INVALID_HANDLE); /* 7: nor is its code there */
    OK(cuGraphExecDestroy(second));
    OK(cuModuleLoadData(&module, "image"));
    end(7);
}

static const test_case cases[] = {
    {"graphs", "", graphs, 0, 0},
    {"recording", "misuse=report", recording, 0, 0},
    {"replayed", "devices=2,misuse=report", replayed, 0, 0},
};

int main(int argc, char **argv)
{
    return run_all(cases, sizeof cases / sizeof cases[0], argc, argv);
}
