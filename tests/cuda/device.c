/* SPDX-License-Identifier: MIT */
/* device.c - what the driver says of itself, of its devices and of its errors. */
#include <stdio.h>
#include <string.h>

#include "fake.h"

/* ---- the driver --------------------------------------------------------------------------- */

CUresult CUDAAPI cuDriverGetVersion(int *out)
{
    FAKE_CALL(FAKE_NO_CONTEXT | FAKE_BEFORE_INIT);
    if (!out)
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    *out = (int)fake_settings.driver;
    return fake_done(CUDA_SUCCESS);
}

/* clang-format off */
#define CODES(X)                                                                               \
    X(CUDA_SUCCESS) X(CUDA_ERROR_INVALID_VALUE) X(CUDA_ERROR_OUT_OF_MEMORY)                    \
    X(CUDA_ERROR_NOT_INITIALIZED) X(CUDA_ERROR_DEINITIALIZED) X(CUDA_ERROR_NO_DEVICE)          \
    X(CUDA_ERROR_INVALID_DEVICE) X(CUDA_ERROR_INVALID_IMAGE) X(CUDA_ERROR_INVALID_CONTEXT)     \
    X(CUDA_ERROR_NO_BINARY_FOR_GPU) X(CUDA_ERROR_ECC_UNCORRECTABLE)                            \
    X(CUDA_ERROR_PEER_ACCESS_UNSUPPORTED) X(CUDA_ERROR_INVALID_PTX) X(CUDA_ERROR_NOT_FOUND)    \
    X(CUDA_ERROR_UNSUPPORTED_PTX_VERSION) X(CUDA_ERROR_OPERATING_SYSTEM)                       \
    X(CUDA_ERROR_INVALID_HANDLE) X(CUDA_ERROR_NOT_READY) X(CUDA_ERROR_ILLEGAL_ADDRESS)         \
    X(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES) X(CUDA_ERROR_LAUNCH_TIMEOUT)                         \
    X(CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED) X(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED)            \
    X(CUDA_ERROR_CONTEXT_IS_DESTROYED) X(CUDA_ERROR_ASSERT)                                    \
    X(CUDA_ERROR_HARDWARE_STACK_ERROR) X(CUDA_ERROR_ILLEGAL_INSTRUCTION)                       \
    X(CUDA_ERROR_MISALIGNED_ADDRESS) X(CUDA_ERROR_INVALID_ADDRESS_SPACE)                       \
    X(CUDA_ERROR_INVALID_PC) X(CUDA_ERROR_LAUNCH_FAILED) X(CUDA_ERROR_NOT_PERMITTED)           \
    X(CUDA_ERROR_NOT_SUPPORTED) X(CUDA_ERROR_SYSTEM_NOT_READY)                                 \
    X(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED) X(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED)          \
    X(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED) X(CUDA_ERROR_UNKNOWN)
/* clang-format on */

CUresult CUDAAPI cuGetErrorName(CUresult code, const char **out)
{
    static fake_site site = {.name = "cuGetErrorName"};
    const CUresult asked = fake_is_child() ? CUDA_SUCCESS : fake_injected(&site);
    const char *name = NULL;
    switch ((int)code) {
#define ROW(x)     \
    case x:        \
        name = #x; \
        break;
        CODES(ROW)
#undef ROW
    default:
        break;
    }
    if (asked != CUDA_SUCCESS || !out)
        return asked != CUDA_SUCCESS ? asked : CUDA_ERROR_INVALID_VALUE;
    *out = name;
    return name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult CUDAAPI cuGetErrorString(CUresult code, const char **out)
{
    return cuGetErrorName(code, out);
}

/* ---- devices --------------------------------------------------------------------------------- */

static int is_device(CUdevice device)
{
    return device >= 0 && (unsigned)device < fake_settings.devices;
}

CUresult CUDAAPI cuDeviceGetCount(int *out)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out)
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    *out = (int)fake_settings.devices;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuDeviceGet(CUdevice *out, int ordinal)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out || !is_device(ordinal))
        return fake_done(CUDA_ERROR_INVALID_DEVICE);
    *out = ordinal;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuDeviceGetName(char *out, int room, CUdevice device)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out || room <= 0 || !is_device(device))
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    snprintf(out, (size_t)room, "Stand-in GPU %d", device);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuDeviceTotalMem(size_t *out, CUdevice device)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out || !is_device(device))
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    *out = fake_settings.memory_bytes;
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuDeviceGetPCIBusId(char *out, int room, CUdevice device)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out || room < 13 || !is_device(device))
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    snprintf(out, (size_t)room, "0000:%02X:00.0", 16 + device);
    return fake_done(CUDA_SUCCESS);
}

CUresult CUDAAPI cuDeviceGetUuid(CUuuid *out, CUdevice device)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out || !is_device(device))
        return fake_done(CUDA_ERROR_INVALID_VALUE);
    memset(out, 0x40 + device, sizeof *out);
    return fake_done(CUDA_SUCCESS);
}

static int attribute(CUdevice_attribute what, CUdevice device)
{
    switch ((int)what) {
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
        return 1024;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
        return 64;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
        return 0x7fffffff;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
        return 65535;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
        return 48 * 1024;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
        return 96 * 1024;
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
        return 32;
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
        return 65536;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
        return 2048;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
        return 4; /* few blocks: the emulation runs one at a time */
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
        return 1500000;
    case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
        return 2000000;
    case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
        return 1024;
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
        return 4 << 20;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
        return (int)fake_settings.cc / 10;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
        return (int)fake_settings.cc % 10;
    case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
        return 16 + device;
    case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
        return 2;
    case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
    case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
    case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
    case CU_DEVICE_ATTRIBUTE_GPU_OVERLAP:
    case CU_DEVICE_ATTRIBUTE_ECC_ENABLED:
        return 1;
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
        return fake_settings.pools;
    case CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID:
        return -1;
    case CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT:
        return 512;
    default:
        return 0; /* no, none, or the first */
    }
}

CUresult CUDAAPI cuDeviceGetAttribute(int *out, CUdevice_attribute what, CUdevice device)
{
    FAKE_CALL(FAKE_NO_CONTEXT);
    if (!out || !is_device(device) || (int)what <= 0 || what >= CU_DEVICE_ATTRIBUTE_MAX)
        return fake_done(
            fake_misuse(CUDA_ERROR_INVALID_VALUE, "attribute %d of device %d", (int)what, device));
    *out = attribute(what, device);
    return fake_done(CUDA_SUCCESS);
}
