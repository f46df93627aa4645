/* SPDX-License-Identifier: MIT */
/* api.c - the driver, opened at run time, and what its error numbers mean to Vane. */
#include <dlfcn.h>
#include <string.h>

#include "host.h"

/* ISO C has no cast from a data to a function pointer; POSIX promises the bits are right. */
static const char *resolve(void *lib, cuda_driver *cu)
{
    static const struct {
        const char *name;
        size_t at;
    } all[] = {
#define CUDA_FN(name) {#name, offsetof(cuda_driver, name)},
#include "driver.def"
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        void *p = dlsym(lib, all[i].name);
        if (!p)
            return all[i].name;
        memcpy((char *)cu + all[i].at, &p, sizeof p);
    }
    return NULL;
}

/* The driver has threads and exit handlers: once mapped, it stays. */
vane_status cuda_api_open(const vane_host *host, void **lib, cuda_driver *cu)
{
    *lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!*lib) {
        const char *why = dlerror();
        return host->fail(host->ctx, VANE_E_UNSUPPORTED, 0, "no NVIDIA driver: %s",
                          why ? why : "libcuda.so.1 does not open");
    }
    const char *missing = resolve(*lib, cu);
    if (!missing)
        return VANE_OK;
    cuda_api_close(*lib);
    *lib = NULL;
    return host->fail(host->ctx, VANE_E_UNSUPPORTED, 0,
                      "libcuda.so.1 has no %s: a driver of CUDA 11.4 or later is needed", missing);
}

void cuda_api_close(void *lib)
{
    if (lib)
        dlclose(lib);
}

/* ---- errors -------------------------------------------------------------------------- */

enum { STAYS = 1 }; /* the context answers nothing else from then on */

/* clang-format off */
#define CUDA_ERROR_MAP(X)                                                                        \
    X(CUDA_ERROR_INVALID_VALUE, INTERNAL, 0) X(CUDA_ERROR_OUT_OF_MEMORY, NOMEM, 0)               \
    X(CUDA_ERROR_NOT_INITIALIZED, DEVICE_LOST, 0) X(CUDA_ERROR_DEINITIALIZED, DEVICE_LOST, 0)    \
    X(CUDA_ERROR_STUB_LIBRARY, UNSUPPORTED, 0)                                                   \
    X(CUDA_ERROR_DEVICE_UNAVAILABLE, DEVICE_LOST, STAYS)                                         \
    X(CUDA_ERROR_NO_DEVICE, UNSUPPORTED, 0) X(CUDA_ERROR_INVALID_DEVICE, INTERNAL, 0)            \
    X(CUDA_ERROR_INVALID_IMAGE, UNSUPPORTED, 0) X(CUDA_ERROR_INVALID_CONTEXT, INTERNAL, 0)       \
    X(CUDA_ERROR_NO_BINARY_FOR_GPU, UNSUPPORTED, 0)                                              \
    X(CUDA_ERROR_ECC_UNCORRECTABLE, DEVICE_LOST, STAYS)                                          \
    X(CUDA_ERROR_UNSUPPORTED_LIMIT, INTERNAL, 0)                                                 \
    X(CUDA_ERROR_PEER_ACCESS_UNSUPPORTED, UNSUPPORTED, 0)                                        \
    X(CUDA_ERROR_INVALID_PTX, UNSUPPORTED, 0)                                                    \
    X(CUDA_ERROR_NVLINK_UNCORRECTABLE, DEVICE_LOST, STAYS)                                       \
    X(CUDA_ERROR_JIT_COMPILER_NOT_FOUND, UNSUPPORTED, 0)                                         \
    X(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, UNSUPPORTED, 0)                                        \
    X(CUDA_ERROR_JIT_COMPILATION_DISABLED, UNSUPPORTED, 0)                                       \
    X(CUDA_ERROR_OPERATING_SYSTEM, INTERNAL, 0) X(CUDA_ERROR_INVALID_HANDLE, INTERNAL, 0)        \
    X(CUDA_ERROR_NOT_FOUND, UNSUPPORTED, 0) X(CUDA_ERROR_NOT_READY, TIMEOUT, 0)                  \
    X(CUDA_ERROR_ILLEGAL_ADDRESS, DEVICE_LOST, STAYS)                                            \
    X(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, INTERNAL, 0)                                           \
    X(CUDA_ERROR_LAUNCH_TIMEOUT, DEVICE_LOST, STAYS)                                             \
    X(CUDA_ERROR_CONTEXT_IS_DESTROYED, DEVICE_LOST, STAYS)                                       \
    X(CUDA_ERROR_ASSERT, DEVICE_LOST, STAYS)                                                     \
    X(CUDA_ERROR_HARDWARE_STACK_ERROR, DEVICE_LOST, STAYS)                                       \
    X(CUDA_ERROR_ILLEGAL_INSTRUCTION, DEVICE_LOST, STAYS)                                        \
    X(CUDA_ERROR_MISALIGNED_ADDRESS, DEVICE_LOST, STAYS)                                         \
    X(CUDA_ERROR_INVALID_ADDRESS_SPACE, DEVICE_LOST, STAYS)                                      \
    X(CUDA_ERROR_INVALID_PC, DEVICE_LOST, STAYS)                                                 \
    X(CUDA_ERROR_LAUNCH_FAILED, DEVICE_LOST, STAYS) X(CUDA_ERROR_NOT_PERMITTED, PERMISSION, 0)   \
    X(CUDA_ERROR_NOT_SUPPORTED, UNSUPPORTED, 0) X(CUDA_ERROR_SYSTEM_NOT_READY, UNSUPPORTED, 0)   \
    X(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, UNSUPPORTED, 0)                                         \
    X(CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE, UNSUPPORTED, 0)                                 \
    X(CUDA_ERROR_TIMEOUT, DEVICE_LOST, STAYS) X(CUDA_ERROR_EXTERNAL_DEVICE, DEVICE_LOST, STAYS)  \
    X(CUDA_ERROR_UNKNOWN, DEVICE_LOST, STAYS)
/* clang-format on */

typedef struct meaning {
    CUresult code;
    vane_status status;
    int stays;
    const char *name;
} meaning;

static const meaning *find(CUresult code)
{
    static const meaning all[] = {
#define CUDA_ERROR_ROW(code, status, stays) {code, VANE_E_##status, stays, #code},
        CUDA_ERROR_MAP(CUDA_ERROR_ROW)
#undef CUDA_ERROR_ROW
        /* by number: older headers have not all of them */
        {(CUresult)226, VANE_E_DEVICE_LOST, STAYS, "CUDA_ERROR_CONTAINED"},
        {(CUresult)721, VANE_E_DEVICE_LOST, STAYS, "CUDA_ERROR_TENSOR_MEMORY_LEAK"},
        {(CUresult)806, VANE_E_DEVICE_LOST, STAYS, "CUDA_ERROR_MPS_RPC_FAILURE"},
        {(CUresult)810, VANE_E_DEVICE_LOST, STAYS, "CUDA_ERROR_MPS_CLIENT_TERMINATED"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].code == code)
            return &all[i];
    }
    return NULL;
}

const char *cuda_error_name(CUresult code)
{
    const meaning *m = find(code);
    return m ? m->name : code == CUDA_SUCCESS ? "CUDA_SUCCESS" : "an unknown CUDA error";
}

int cuda_error_stays(CUresult code)
{
    const meaning *m = find(code);
    return m && m->stays;
}

int cuda_error_passes(CUresult code)
{
    return code != CUDA_SUCCESS && code != CUDA_ERROR_NOT_READY && !cuda_error_stays(code);
}

vane_status cuda_fail(const vane_host *host, CUresult code, const char *what)
{
    const meaning *m = find(code);
    return host->fail(host->ctx, m ? m->status : VANE_E_INTERNAL, (int64_t)code, "%s: %s (%d)",
                      what, cuda_error_name(code), (int)code);
}

vane_status cuda_device_fail(vane_device *d, CUresult code, const char *what)
{
    int none = 0;
    if (cuda_error_stays(code))
        atomic_compare_exchange_strong(&d->lost, &none, (int)code);
    return cuda_fail(d->backend->host, code, what);
}

/* ---- contexts ------------------------------------------------------------------------ */

static vane_status is_lost(const vane_device *d, CUresult code)
{
    const vane_host *host = d->backend->host;
    return host->fail(host->ctx, VANE_E_DEVICE_LOST, (int64_t)code,
                      code == CUDA_ERROR_DEVICE_UNAVAILABLE
                          ? "the device is not to be had now, another process may have it: %s (%d)"
                          : "the device was lost before: %s (%d)",
                      cuda_error_name(code), (int)code);
}

vane_status cuda_was_lost(vane_device *d, const char *what)
{
    const vane_host *host = d->backend->host;
    return host->fail(host->ctx, VANE_E_DEVICE_LOST, 0,
                      "%s was lost with the device, which was made anew since", what);
}

/* First counted, then asked: who makes it anew does it the other way round. */
vane_status cuda_hold(vane_device *d)
{
    atomic_fetch_add(&d->inside, 1);
    const CUresult lost = (CUresult)atomic_load(&d->lost);
    if (lost == CUDA_SUCCESS)
        return VANE_OK;
    cuda_let_go(d);
    return is_lost(d, lost);
}

void cuda_let_go(vane_device *d)
{
    atomic_fetch_sub(&d->inside, 1);
}

vane_status cuda_enter(vane_device *d)
{
    vane_status st = cuda_hold(d);
    if (st != VANE_OK)
        return st;
    const CUresult code = d->backend->cu.cuCtxPushCurrent_v2(d->context);
    if (code == CUDA_SUCCESS)
        return VANE_OK;
    st = cuda_device_fail(d, code, "cuCtxPushCurrent");
    cuda_let_go(d);
    return st;
}

void cuda_leave(vane_device *d)
{
    CUcontext context;
    d->backend->cu.cuCtxPopCurrent_v2(&context);
    cuda_let_go(d);
}

/* A context that answers nothing else answers so to what has nothing to do. */
vane_status cuda_devices_fail(vane_device *d, vane_device *other, CUresult code, const char *what)
{
    vane_status st = VANE_OK;
    if (other != d) {
        st = cuda_enter(other);
        if (st != VANE_OK)
            return st;
        const CUresult there = d->backend->cu.cuStreamSynchronize(other->memory);
        if (there != CUDA_SUCCESS)
            st = cuda_device_fail(other, there, what);
        cuda_leave(other);
    }
    return st == VANE_OK ? cuda_device_fail(d, code, what) : st;
}
