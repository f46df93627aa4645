/* SPDX-License-Identifier: MIT */
/* link.h - what moving data to and from a device costs: measured once, at the device's first
 * use, and kept. Until then the plugin's word holds, or a rule of thumb.
 *
 *     ns = latency_ns + bytes / bytes_per_ns
 */
#ifndef VANE__MEMORY_LINK_H
#define VANE__MEMORY_LINK_H

#include "plugin/registry.h"

typedef struct vane__way {
    double latency_ns;
    double bytes_per_ns;
} vane__way;

int vane__link_open(vane__device *d); /* 0: out of memory */
void vane__link_close(vane__device *d);
/* Now, when it was not done yet: a few transfers of 4 KiB and 1 MiB. 1: it was done now, and
 * what routes were priced with is out of date. A device that shares the host's memory has
 * nothing to measure. */
int vane__link_measure(vane__device *d);
/* How long bytes take; 0 bytes take 0. */
double vane__link_up_ns(const vane__device *d, double bytes);
double vane__link_down_ns(const vane__device *d, double bytes);

#endif
