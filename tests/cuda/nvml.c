/* SPDX-License-Identifier: MIT */
/* nvml.c - a stand-in for libnvidia-ml.so.1: figures that a test can know, and what is free and
 * used as the stand-in driver has it. */
#include <stdio.h>
#include <string.h>

#include "fake.h"
#include "nvml.h"

#define NVML_CALL() FAKE_CALL_AS(int, FAKE_NO_CONTEXT | FAKE_BEFORE_INIT)
enum { UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_FOUND = 6 };

static int users; /* of nvmlInit that did not shut down */
static char devices[FAKE_DEVICES];

static int is_device(const void *device)
{
    const char *p = device;
    return p >= devices && p < devices + fake_settings.devices;
}

/* What every question is answered first. */
static int refuse(const void *device, const void *out)
{
    if (users == 0)
        return UNINITIALIZED;
    return is_device(device) && out ? NVML_SUCCESS : INVALID_ARGUMENT;
}

#define NVML_FN(name, arguments) int name arguments;
#include "nvml.def"

int nvmlInit_v2(void)
{
    NVML_CALL();
    users++;
    return (int)fake_done(CUDA_SUCCESS);
}

int nvmlShutdown(void)
{
    NVML_CALL();
    const int r = users > 0 ? NVML_SUCCESS : UNINITIALIZED;
    users -= users > 0;
    return (int)fake_done((CUresult)r);
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, void **device)
{
    NVML_CALL();
    unsigned domain, bus, slot;
    int r = users > 0 ? NOT_FOUND : UNINITIALIZED;
    if (users > 0 && bus_id && device && sscanf(bus_id, "%x:%x:%x", &domain, &bus, &slot) == 3 &&
        bus >= 16 && bus - 16 < fake_settings.devices) {
        *device = devices + (bus - 16);
        r = NVML_SUCCESS;
    }
    return (int)fake_done((CUresult)r);
}

int nvmlDeviceGetUtilizationRates(void *device, nvml_utilization *out)
{
    NVML_CALL();
    const int r = refuse(device, out);
    if (r == NVML_SUCCESS)
        *out = (nvml_utilization){.gpu = 37, .memory = 21};
    return (int)fake_done((CUresult)r);
}

int nvmlDeviceGetMemoryInfo(void *device, nvml_memory *out)
{
    NVML_CALL();
    const int r = refuse(device, out);
    if (r == NVML_SUCCESS) {
        out->total = fake_settings.memory_bytes;
        out->used = fake_reserved((int)((const char *)device - devices));
        out->free = out->total - out->used;
    }
    return (int)fake_done((CUresult)r);
}

static int answer(void *device, unsigned *out, unsigned value)
{
    const int r = refuse(device, out);
    if (r == NVML_SUCCESS)
        *out = value;
    return (int)fake_done((CUresult)r);
}

int nvmlDeviceGetClockInfo(void *device, unsigned type, unsigned *mhz)
{
    NVML_CALL();
    return answer(device, type <= 3 ? mhz : NULL, 1410 + 10 * type);
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts)
{
    NVML_CALL();
    return answer(device, milliwatts, 123456);
}

int nvmlDeviceGetTemperature(void *device, unsigned sensor, unsigned *celsius)
{
    NVML_CALL();
    return answer(device, sensor == 0 ? celsius : NULL, 51);
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *reasons)
{
    NVML_CALL();
    const int r = refuse(device, reasons);
    if (r == NVML_SUCCESS)
        *reasons = 1; /* idle */
    return (int)fake_done((CUresult)r);
}
