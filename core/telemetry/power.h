/* SPDX-License-Identifier: MIT */
/* power.h - what a device draws while its kernels run, as far as anybody says.
 *
 * A device's telemetry says what it draws now, and for what share of the last while it was busy;
 * from idle and busy moments follows what it draws at work. Of the host its package's energy
 * counters say so (RAPL, in /sys/class/powercap), where they may be read. Milliwatts; 0: unknown.
 */
#ifndef VANE__TELEMETRY_POWER_H
#define VANE__TELEMETRY_POWER_H

#include <stdatomic.h>

#include "vane/backend.h"

typedef struct vane__power {
    atomic_uint idle_mw, active_mw;
    atomic_uint told_mw; /* active_mw when routes were last made by it */
    atomic_uint tried;   /* it was made busy to find out */
} vane__power;

/* One reading. busy_permille: of the device, while it drew that much. */
void vane__power_heard(vane__power *p, uint32_t mw, uint32_t busy_permille);

struct vane__device;
struct vane_context;
/* The device answered: *said, of which fields can be true. By its gauge's asker. */
void vane__power_listen(struct vane__device *d, const vane_telemetry *said, uint32_t fields);
/* This process used own_cpus of the host, whose packages drew mw. */
void vane__power_host(struct vane_context *ctx, uint32_t mw, double own_cpus);
/* NULL: the host. */
uint32_t vane__power_of(struct vane_context *ctx, struct vane__device *d);
/* Is it worth some time at work to find out? Once. */
int vane__power_wanted(struct vane_context *ctx, struct vane__device *d);

/* ---- rapl.c: the host's counters ---------------------------------------------------------- */

#define VANE__PACKAGES 8
typedef struct vane__rapl {
    uint64_t since_ns; /* 0: nothing was read yet */
    uint64_t uj[VANE__PACKAGES];
    uint32_t packages;
} vane__rapl;
/* What all packages drew since the last reading; 0: unknown. root as in host.h. */
uint32_t vane__rapl_step(vane__rapl *r, const char *root, uint64_t now_ns);

#endif
