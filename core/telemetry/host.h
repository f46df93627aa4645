/* SPDX-License-Identifier: MIT */
/* host.h - one reading of the machine: who uses our CPUs, who waits, what memory is left.
 *
 * The kernel's files are believed only as far as they make sense: a source that is absent,
 * malformed, runs backwards, stands still or claims more time than passed is dropped for this
 * reading and counted; nothing here fails. Who uses the CPUs is read each time, for 5 us on a
 * machine with 2; what changes slowly every VANE__HOST_SLOW_NS, for 80 us, most of it to find our
 * groups anew (tests/bench/bench_sample; with cold caches it is several times that). Files are
 * opened each time: that is 1.5 us each, and a descriptor kept for a program's life is one that
 * the program may close by mistake, or a forked child read as its own.
 */
#ifndef VANE__TELEMETRY_HOST_H
#define VANE__TELEMETRY_HOST_H

#include "detect/budget.h"
#include "detect/cgroup.h"
#include "telemetry/power.h"
#include "telemetry/proc.h"

#define VANE__HOST_SPAN_NS UINT64_C(20000000)  /* rates over less say nothing: ticks are 10 ms */
#define VANE__HOST_SLOW_NS UINT64_C(200000000) /* how often all but the CPUs is looked at */

typedef struct vane__host_reading {
    uint64_t when_ns;
    uint64_t span_ns; /* what rates are of: since the last reading that had them */
    uint32_t valid;   /* VANE_HOST_*, of vane.h */
    uint32_t cpus;    /* of the affinity mask and online */
    double others_cpus, own_cpus;
    double others_net_cpus; /* may be negative: what ticks gave too much before. Sums are exact */
    vane__pressure cpu_pressure, mem_pressure;
    /* read every VANE__HOST_SLOW_NS, and the same in between */
    uint64_t slow_ns;                 /* when */
    uint64_t throttled, throttled_ns; /* periods in which the quota ended, and for how long */
    uint64_t mem_available_bytes;
    uint64_t group_mem_bytes, group_mem_limit_bytes; /* limit 0: none */
    uint32_t power_mw;                               /* of the packages; 0 unknown */
    vane__budget budget;
    uint64_t lies, missing; /* sources dropped since vane__host_open */
} vane__host_reading;

typedef struct vane__host {
    char *root;
    int mask_given;
    vane__cpus mask;
    uint64_t tick_ns;
    /* the last of each that was good; since_ns 0: none */
    struct {
        uint64_t since_ns, own_ns;
        vane__cpu_ticks ticks;
    } cpu;
    struct {
        uint64_t since_ns, periods, ns;
    } throttle;
    uint64_t cpu_waited_us, mem_waited_us;
    vane__rapl rapl;
    vane__host_reading slow;
    vane__cgroup_places places;
    uint64_t lies, missing;
} vane__host;

/* root: "" for this machine, or a folder that holds proc/ and sys/ (tests, with a mask of their
 * own; NULL: the calling thread's, each time). False: no memory. */
int vane__host_open(vane__host *h, const char *root, const vane__cpus *mask);
void vane__host_close(vane__host *h);
/* now_ns: the time, read just before (of this machine: it may be read again). The first reading of
 * any has no rates. */
void vane__host_read(vane__host *h, uint64_t now_ns, vane__host_reading *out);
/* Rates begin anew: what lies behind is of no interest, or of another process. */
void vane__host_forget(vane__host *h);

#endif
