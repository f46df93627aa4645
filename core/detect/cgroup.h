/* SPDX-License-Identifier: MIT */
/* cgroup.h - the CPU quota and memory limit that cgroups v1 and v2 set for this process. */
#ifndef VANE__DETECT_CGROUP_H
#define VANE__DETECT_CGROUP_H

#include <limits.h>
#include <stdint.h>

typedef struct vane__cgroup_limits {
    double cpus;        /* CPUs' worth of time; 0 none */
    uint64_t mem_bytes; /* 0 none */
} vane__cgroup_limits;

/* The folders of the groups that set these limits, where their use can be read. Where nothing
 * does: this process's own group. "": there is no such group to read. */
typedef struct vane__cgroup_places {
    char cpu[PATH_MAX], memory[PATH_MAX];
    int cpu_is_v2, memory_is_v2;
} vane__cgroup_places;

/* The tightest of every group from this process's own up to the top, over all hierarchies.
 * root: as in vane__budget_read. What cannot be read or understood sets no limit. places may be
 * NULL. */
void vane__cgroup_read(const char *root, vane__cgroup_limits *out);
void vane__cgroup_find(const char *root, vane__cgroup_limits *out, vane__cgroup_places *places);

#endif
