/* SPDX-License-Identifier: MIT */
/* backend.c - opens the driver and lists the devices that the device code was made for. */
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "vane/graph.h"
#include "vane/renew.h"

#define OLDEST 75 /* compute capability, of the embedded code */

static void report(const vane_backend *b, uint32_t i, const char *why)
{
    char line[192];
    snprintf(line, sizeof line, "device %u: %s", i, why);
    b->host->report(b->host->ctx, VANE_E_UNSUPPORTED, line);
}

static int is_usable(const vane_backend *b, uint32_t i, CUdevice id)
{
    char why[128];
    const int major = cuda_info_number(&b->cu, id, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    const int minor = cuda_info_number(&b->cu, id, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    const int mode = cuda_info_number(&b->cu, id, CU_DEVICE_ATTRIBUTE_COMPUTE_MODE);
    if (major * 10 + minor < OLDEST) {
        snprintf(why, sizeof why, "has compute capability %d.%d, at least %d.%d is needed", major,
                 minor, OLDEST / 10, OLDEST % 10);
        report(b, i, why);
        return 0;
    }
    if (mode == CU_COMPUTEMODE_PROHIBITED) {
        report(b, i, "its compute mode forbids contexts");
        return 0;
    }
    return 1;
}

/* A device that answers with an error is left out with a line in the report; the others stay. */
static void list_devices(vane_backend *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        CUdevice id;
        const CUresult code = b->cu.cuDeviceGet(&id, (int)i);
        if (code != CUDA_SUCCESS)
            report(b, i, cuda_error_name(code));
        else if (is_usable(b, i, id))
            b->found[b->found_count++] = id;
    }
}

static vane_status find_devices(vane_backend *b)
{
    const vane_host *host = b->host;
    int count = 0, version = 0;
    CUresult code = b->cu.cuInit(0);
    if (code == CUDA_ERROR_NOT_INITIALIZED)
        return host->fail(host->ctx, VANE_E_UNSUPPORTED, (int64_t)code,
                          "CUDA does not work in a child of a process that used it before fork()");
    if (code != CUDA_SUCCESS)
        return host->fail(host->ctx, VANE_E_UNSUPPORTED, (int64_t)code, "cuInit: %s (%d)",
                          cuda_error_name(code), (int)code);
    /* a driver loads device code of its own major version and older ones */
    if (b->cu.cuDriverGetVersion(&version) == CUDA_SUCCESS && version / 1000 < CUDA_VERSION / 1000)
        return host->fail(host->ctx, VANE_E_UNSUPPORTED, 0,
                          "the driver is of CUDA %d.%d, the device code needs %d.0", version / 1000,
                          version % 1000 / 10, CUDA_VERSION / 1000);
    code = b->cu.cuDeviceGetCount(&count);
    if (code != CUDA_SUCCESS)
        return cuda_fail(host, code, "cuDeviceGetCount");
    b->found = host->alloc(host->ctx, ((uint32_t)count + 1) * sizeof *b->found, 64);
    if (!b->found)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for the list of devices");
    list_devices(b, (uint32_t)count);
    if (b->found_count > 0)
        return VANE_OK;
    return host->fail(host->ctx, VANE_E_UNSUPPORTED, CUDA_ERROR_NO_DEVICE,
                      "no CUDA device that can be used among %d", count);
}

vane_status cuda_backend_open(const vane_host *host, vane_backend **out)
{
    vane_backend *b = host->alloc(host->ctx, sizeof *b, 64);
    if (!b)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for the backend");
    *b = (vane_backend){.host = host};
    pthread_mutex_init(&b->lock, NULL);
    vane_status st = cuda_api_open(host, &b->lib, &b->cu);
    if (st == VANE_OK)
        st = find_devices(b);
    if (st != VANE_OK) {
        cuda_backend_close(b);
        return st;
    }
    b->blas = cuda_blas_open(host);
    *out = b;
    return VANE_OK;
}

void cuda_backend_close(vane_backend *b)
{
    const vane_host *host = b->host;
    cuda_blas_close(b);
    cuda_nvml_close(b);
    host->free(host->ctx, b->found);
    pthread_mutex_destroy(&b->lock);
    cuda_api_close(b->lib);
    host->free(host->ctx, b);
}

const void *cuda_extension(vane_backend *b, const char *id)
{
    (void)b;
    if (strcmp(id, VANE_GRAPHS) == 0)
        return cuda_graphs();
    return strcmp(id, VANE_RENEW) == 0 ? cuda_renewal() : NULL;
}

vane_status cuda_device_count(vane_backend *b, uint32_t *out)
{
    *out = b->found_count;
    return VANE_OK;
}
