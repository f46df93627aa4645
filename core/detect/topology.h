/* SPDX-License-Identifier: MIT */
/* topology.h - cores, caches and NUMA from hwloc, opened at the first ask. */
#ifndef VANE__DETECT_TOPOLOGY_H
#define VANE__DETECT_TOPOLOGY_H

#include "vane/vane.h"

typedef struct vane__topology {
    uint32_t packages, cores, numa_nodes, cpus;
    uint64_t l1d_bytes, l2_bytes, l3_bytes;
    char source[64]; /* "hwloc 2.9.0", or why there is none */
} vane__topology;

/* Loads hwloc with dlopen (milliseconds, so never while a context opens), asks, and
 * closes it. Without hwloc: zeros, and the reason in source. */
void vane__topology_read(vane__topology *out);
/* Cache sizes alone, from the C library; microseconds. 0 unknown. */
void vane__caches_read(uint64_t *l1d_bytes, uint64_t *l2_bytes, uint64_t *l3_bytes);

#endif
