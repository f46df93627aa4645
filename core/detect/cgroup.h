/* SPDX-License-Identifier: MIT */
/* cgroup.h - the CPU quota and memory limit that cgroups v1 and v2 set for this process. */
#ifndef VANE__DETECT_CGROUP_H
#define VANE__DETECT_CGROUP_H

#include <stdint.h>

typedef struct vane__cgroup_limits {
    double cpus;        /* CPUs' worth of time; 0 none */
    uint64_t mem_bytes; /* 0 none */
} vane__cgroup_limits;

/* The tightest of every group from this process's own up to the top, over all hierarchies.
 * root: as in vane__budget_read. What cannot be read or understood sets no limit. */
void vane__cgroup_read(const char *root, vane__cgroup_limits *out);

#endif
