/* SPDX-License-Identifier: MIT */
/* nvml.c - what NVML says of a device: busy, free, clock, power, temperature, throttled. Opened at
 * run time with the first context; without it, telemetry is what the driver gives.
 */
#include <dlfcn.h>
#include <string.h>

#include "host.h"
#include "nvml.h"

struct cuda_nvml {
    void *lib;
    cuda_nvml_api api;
};

static int resolve(void *lib, cuda_nvml_api *api)
{
    static const struct {
        const char *name;
        size_t at;
    } all[] = {
#define NVML_FN(name, arguments) {#name, offsetof(cuda_nvml_api, name)},
#include "nvml.def"
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        void *p = dlsym(lib, all[i].name);
        if (!p)
            return 0;
        memcpy((char *)api + all[i].at, &p, sizeof p);
    }
    return 1;
}

/* A part of the driver: like that, it stays mapped. */
static cuda_nvml *open_library(const vane_host *host)
{
    void *lib = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    cuda_nvml *n = lib ? host->alloc(host->ctx, sizeof *n, 64) : NULL;
    if (n) {
        *n = (cuda_nvml){.lib = lib};
        if (resolve(lib, &n->api) && n->api.nvmlInit_v2() == NVML_SUCCESS)
            return n;
        host->free(host->ctx, n);
    }
    if (lib)
        dlclose(lib);
    return NULL;
}

void cuda_nvml_open(vane_device *d)
{
    vane_backend *b = d->backend;
    char id[32];
    pthread_mutex_lock(&b->lock);
    if (!b->nvml_tried) {
        b->nvml_tried = 1;
        b->nvml = open_library(b->host);
        if (!b->nvml)
            b->host->log(b->host->ctx, VANE_LOG_DEBUG,
                         "no NVML: of loads, only free memory is known");
    }
    pthread_mutex_unlock(&b->lock);
    if (b->nvml && !d->nvml && b->cu.cuDeviceGetPCIBusId(id, sizeof id, d->id) == CUDA_SUCCESS &&
        b->nvml->api.nvmlDeviceGetHandleByPciBusId_v2(id, &d->nvml) != NVML_SUCCESS)
        d->nvml = NULL;
}

void cuda_nvml_close(vane_backend *b)
{
    if (!b->nvml)
        return;
    b->nvml->api.nvmlShutdown();
    dlclose(b->nvml->lib);
    b->host->free(b->host->ctx, b->nvml);
    b->nvml = NULL;
}

/* Each answer by itself: what a device cannot tell is left out. */
void cuda_nvml_read(const vane_device *d, vane_telemetry *out)
{
    nvml_utilization busy = {0};
    nvml_memory memory = {0};
    unsigned value = 0;
    unsigned long long reasons = 0;
    if (!d->nvml)
        return;
    const cuda_nvml_api *n = &d->backend->nvml->api;
    if (n->nvmlDeviceGetUtilizationRates(d->nvml, &busy) == NVML_SUCCESS) {
        out->busy_permille = busy.gpu * 10;
        out->valid |= VANE_TELEMETRY_BUSY;
    }
    if (n->nvmlDeviceGetMemoryInfo(d->nvml, &memory) == NVML_SUCCESS) {
        out->mem_free_bytes = memory.free;
        out->valid |= VANE_TELEMETRY_MEM;
    }
    if (n->nvmlDeviceGetClockInfo(d->nvml, NVML_CLOCK_SM, &value) == NVML_SUCCESS) {
        out->clock_mhz = value;
        out->valid |= VANE_TELEMETRY_CLOCK;
    }
    if (n->nvmlDeviceGetPowerUsage(d->nvml, &value) == NVML_SUCCESS) {
        out->power_mw = value;
        out->valid |= VANE_TELEMETRY_POWER;
    }
    if (n->nvmlDeviceGetTemperature(d->nvml, NVML_TEMPERATURE_GPU, &value) == NVML_SUCCESS) {
        out->temp_mc = (int32_t)value * 1000;
        out->valid |= VANE_TELEMETRY_TEMP;
    }
    if (n->nvmlDeviceGetCurrentClocksThrottleReasons(d->nvml, &reasons) == NVML_SUCCESS) {
        out->throttled = (reasons & NVML_THROTTLE_MASK) != 0;
        out->valid |= VANE_TELEMETRY_THROTTLED;
    }
}
