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

/* NUMA nodes that are online, as the kernel lists them (read once); 1 when it does not say. */
uint32_t vane__topology_nodes(void);
/* The same of a list such as "0-1,4". */
uint32_t vane__topology_nodes_in(const char *list);
/* The one that this thread is on just now. */
uint32_t vane__topology_node_here(void);
/* Asks that pages not touched yet come from the memory next to the CPU of this thread; p is the
 * start of a page. Loads hwloc the first time, and keeps it. 0: not bound (no hwloc, or the
 * system refuses); the memory is as usable as before. */
int vane__topology_bind_here(void *p, uint64_t bytes);

#endif
