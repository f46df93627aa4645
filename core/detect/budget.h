/* SPDX-License-Identifier: MIT */
/* budget.h - how many threads and how much memory this process may use. */
#ifndef VANE__DETECT_BUDGET_H
#define VANE__DETECT_BUDGET_H

#include <stdint.h>

typedef struct vane__budget {
    uint32_t threads; /* the smallest of what follows, at least 1 */
    uint32_t cpus_affinity, cpus_online;
    double cpu_quota; /* CPUs' worth by cgroup v1 or v2, the tightest up the tree; 0 none */
    uint64_t mem_total_bytes, mem_limit_bytes;
} vane__budget;

/* root: "" for this machine, or a folder that holds proc/ and sys/ (tests). */
void vane__budget_read(const char *root, vane__budget *out);
/* And where the use of what is limited can be read. */
struct vane__cgroup_places;
void vane__budget_find(const char *root, vane__budget *out, struct vane__cgroup_places *places);

#endif
