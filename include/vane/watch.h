/* SPDX-License-Identifier: MIT */
/* watch.h - what ran where so far, and what the machine and its devices are doing.
 * Part of vane.h, which includes it. */
#ifndef VANE_WATCH_H
#define VANE_WATCH_H

#include "vane/vane.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Calls write once with all that was counted so far (config.stats), '\0' behind it, good until
 * write returns, in the text format of Prometheus: a program answers GET /metrics with it. Its
 * status is handed on. VANE_E_UNSUPPORTED: nothing is counted. */
VANE_API vane_status vane_stats_write(
    vane_context *ctx, vane_status (*write)(void *arg, const char *text, size_t bytes), void *arg);

/* What the machine is doing. A source that is absent or makes no sense leaves its bit of valid
 * out and its fields 0. */
enum {
    VANE_HOST_CPUS = 1 << 0,
    VANE_HOST_USE = 1 << 1, /* others_cpus, own_cpus, span_ns */
    VANE_HOST_CPU_PRESSURE = 1 << 2,
    VANE_HOST_MEM_PRESSURE = 1 << 3,
    VANE_HOST_THROTTLED = 1 << 4,
    VANE_HOST_MEM = 1 << 5,
    VANE_HOST_GROUP_MEM = 1 << 6,
    VANE_HOST_POWER = 1 << 7
};
typedef struct vane_host_load {
    uint32_t struct_size; /* in: sizeof(vane_host_load); out: how much of it was written */
    uint32_t valid;       /* VANE_HOST_* */
    uint32_t cpus;        /* that this process may use, online */
    uint32_t busy;        /* 1: others take so many of them that routes allow for it */
    uint64_t age_ns;      /* of the reading */
    uint64_t span_ns;     /* what others_cpus and own_cpus are the means of */
    double others_cpus;   /* of these CPUs, what other programs and the system use */
    double own_cpus;      /* what this process uses */
    /* of the last 10 s, how much some task waited for a CPU, for memory (PSI) */
    double cpu_pressure_percent, mem_pressure_percent;
    double cpu_quota;      /* as it is now; 0 none */
    uint64_t throttled;    /* periods that the quota cut short, since the reading before */
    uint64_t throttled_ns; /* and for how long */
    uint64_t mem_available_bytes;
    uint64_t group_mem_bytes; /* used by our cgroup, its files in memory too; limit: 0 none */
    uint64_t group_mem_limit_bytes;
    uint64_t lies, missing; /* sources dropped so far: as senseless, as not there */
    uint32_t power_mw;      /* what the CPUs' packages draw (RAPL, where it may be read) */
    uint32_t reserved;
} vane_host_load;
/* While calls are learned from, the last reading of the sampler; else a reading made now, whose
 * use is that since the call before (20 ms at least). */
VANE_API vane_status vane_host_load_get(vane_context *ctx, vane_host_load *out);

/* May a device be used? One that is lost, or failed several times in a row, is left alone for a
 * while that doubles each time; then one probe, beside a call and compared with the oracle,
 * decides. */
typedef enum vane_health {
    VANE_HEALTH_GOOD,
    VANE_HEALTH_RESTING, /* until retry_ns are over */
    VANE_HEALTH_PROBED
} vane_health;

/* What a device says of itself, each field as last believed; the caller sets struct_size. */
typedef struct vane_device_load {
    uint32_t struct_size;
    uint32_t valid;  /* VANE_TELEMETRY_* */
    uint64_t age_ns; /* of what it said last */
    uint64_t mem_free_bytes;
    uint32_t queued, busy_permille, clock_mhz, power_mw;
    int32_t temp_mc; /* millidegrees Celsius */
    uint32_t throttled;
    uint64_t lies, missing; /* values that cannot be; questions without an answer */
    uint32_t health;        /* vane_health; the core says this and the following */
    uint32_t lost;          /* 1: and what its memory held is gone */
    uint32_t rests;         /* how often it was left alone, without a long good time between */
    uint32_t renewals;      /* how often it was made anew after a loss (renew.h) */
    uint64_t retry_ns;      /* resting: when the next probe may be made, from now */
    uint64_t own_queued;    /* this context's launches under way there; always known */
    uint64_t own_bytes;     /* operands of these */
} vane_device_load;
VANE_API vane_status vane_device_load_get(vane_context *ctx, uint32_t device,
                                          vane_device_load *out);

#ifdef __cplusplus
}
#endif
#endif
