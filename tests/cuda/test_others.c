/* SPDX-License-Identifier: MIT */
/* test_others.c - the stand-ins for NVML and cuBLAS, as the backend would call them. */
#include <stdio.h>
#include <stdlib.h>

#include "blas.h"
#include "fake.h"
#include "nvml.h"

#define NVML_FN(name, arguments) int name arguments;
#include "nvml.def"
#define BLAS_FN(name, arguments) int name arguments;
#include "blas.def"

static int passed, failed;

#define CHECK(good)                                           \
    do {                                                      \
        if (good) {                                           \
            passed++;                                         \
        } else {                                              \
            failed++;                                         \
            printf("FAILED: line %d: %s\n", __LINE__, #good); \
        }                                                     \
    } while (0)

static void figures(void)
{
    void *device = NULL;
    nvml_utilization busy;
    nvml_memory memory;
    unsigned mhz = 0, milliwatts = 0, celsius = 0;
    unsigned long long reasons = 0;
    CHECK(nvmlDeviceGetHandleByPciBusId_v2("0000:10:00.0", &device) !=
          NVML_SUCCESS); /* before init */
    CHECK(nvmlInit_v2() == NVML_SUCCESS);
    CHECK(nvmlDeviceGetHandleByPciBusId_v2("0000:11:00.0", &device) !=
          NVML_SUCCESS); /* not there */
    CHECK(nvmlDeviceGetHandleByPciBusId_v2("0000:10:00.0", &device) == NVML_SUCCESS);
    CHECK(nvmlDeviceGetUtilizationRates(device, &busy) == NVML_SUCCESS && busy.gpu == 37);
    CHECK(nvmlDeviceGetMemoryInfo(device, &memory) == NVML_SUCCESS && memory.free == memory.total);
    CHECK(nvmlDeviceGetClockInfo(device, NVML_CLOCK_SM, &mhz) == NVML_SUCCESS && mhz == 1420);
    CHECK(nvmlDeviceGetPowerUsage(device, &milliwatts) == NVML_SUCCESS && milliwatts == 123456);
    CHECK(nvmlDeviceGetTemperature(device, NVML_TEMPERATURE_GPU, &celsius) == NVML_SUCCESS &&
          celsius == 51);
    CHECK(nvmlDeviceGetCurrentClocksThrottleReasons(device, &reasons) == NVML_SUCCESS);
    CHECK(nvmlShutdown() == NVML_SUCCESS);
    CHECK(nvmlDeviceGetPowerUsage(device, &milliwatts) != NVML_SUCCESS);
}

/* c = 2 a b + c, columns first: a is 2 x 3, b 3 x 2, twice. */
static void products(void)
{
    static const float a[] = {1, 4, 2, 5, 3, 6}, b[] = {1, 0, 1, 0, 1, 1};
    static const float expected[] = {2 * 4 + 1, 2 * 10 + 1, 2 * 5 + 1, 2 * 11 + 1};
    const float alpha = 2, beta = 1;
    float c[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    CUcontext ctx = NULL;
    CUstream s = NULL;
    CUdeviceptr da = 0, db = 0, dc = 0;
    void *handle = NULL;
    CHECK(cuInit(0) == CUDA_SUCCESS && cuDevicePrimaryCtxRetain(&ctx, 0) == CUDA_SUCCESS);
    CHECK(cuCtxPushCurrent(ctx) == CUDA_SUCCESS &&
          cuStreamCreate(&s, CU_STREAM_NON_BLOCKING) == CUDA_SUCCESS);
    CHECK(cuMemAlloc(&da, sizeof a) == CUDA_SUCCESS && cuMemAlloc(&db, sizeof b) == CUDA_SUCCESS &&
          cuMemAlloc(&dc, sizeof c) == CUDA_SUCCESS);
    CHECK(cuMemcpyHtoDAsync(da, a, sizeof a, s) == CUDA_SUCCESS &&
          cuMemcpyHtoDAsync(db, b, sizeof b, s) == CUDA_SUCCESS &&
          cuMemcpyHtoDAsync(dc, c, sizeof c, s) == CUDA_SUCCESS);
    CHECK(cublasCreate_v2(&handle) == BLAS_SUCCESS &&
          cublasSetStream_v2(handle, s) == BLAS_SUCCESS);
    CHECK(cublasGemmStridedBatchedEx(handle, BLAS_OP_N, BLAS_OP_N, 2, 2, 3, &alpha,
                                     (void *)(uintptr_t)da, BLAS_R_32F, 2, 0, (void *)(uintptr_t)db,
                                     BLAS_R_32F, 3, 0, &beta, (void *)(uintptr_t)dc, BLAS_R_32F, 2,
                                     4, 2, BLAS_COMPUTE_32F, BLAS_GEMM_DEFAULT) == BLAS_SUCCESS);
    CHECK(cublasGemmStridedBatchedEx(handle, BLAS_OP_N, BLAS_OP_N, 2, 2, 3, &alpha,
                                     (void *)(uintptr_t)da, BLAS_R_32F, 2, 0, (void *)(uintptr_t)db,
                                     BLAS_R_32F, 3, 0, &beta, (void *)(uintptr_t)dc, BLAS_R_32F, 2,
                                     4, 3, BLAS_COMPUTE_32F, BLAS_GEMM_DEFAULT) !=
          BLAS_SUCCESS); /* a batch more than there is memory */
    CHECK(cuMemcpyDtoHAsync(c, dc, sizeof c, s) == CUDA_SUCCESS);
    for (int i = 0; i < 8; i++)
        CHECK(c[i] == expected[i % 4]);
    CHECK(cublasDestroy_v2(handle) == BLAS_SUCCESS);
    CHECK(cuMemFree(da) == CUDA_SUCCESS && cuMemFree(db) == CUDA_SUCCESS &&
          cuMemFree(dc) == CUDA_SUCCESS);
    CHECK(cuStreamDestroy(s) == CUDA_SUCCESS && cuCtxPopCurrent(NULL) == CUDA_SUCCESS);
    CHECK(cuDevicePrimaryCtxRelease(0) == CUDA_SUCCESS && fake_misuses() == 1 &&
          fake_left_over() == 0);
}

int main(void)
{
    setenv("VANE_FAKE_CUDA", "misuse=report", 1);
    figures();
    products();
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed > 0;
}
