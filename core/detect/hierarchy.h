/* SPDX-License-Identifier: MIT */
/* hierarchy.h - the cgroup hierarchies that this process is in, and where to read them. */
#ifndef VANE__DETECT_HIERARCHY_H
#define VANE__DETECT_HIERARCHY_H

#include <limits.h>

/* v2, and the two v1 controllers that limit us; v1 may mount them together or apart. */
enum { VANE__UNIFIED, VANE__V1_CPU, VANE__V1_MEMORY, VANE__HIERARCHIES };

typedef struct vane__hierarchy {
    int is_member, is_mounted;  /* both, or there is nothing to read */
    int is_whole;               /* the mount's top is known to be the hierarchy's */
    char group[PATH_MAX];       /* ours, below the hierarchy's top */
    char mount_group[PATH_MAX]; /* the group that the mount shows as its top */
    char mount_point[PATH_MAX];
} vane__hierarchy;

/* Fills all[VANE__HIERARCHIES], which comes zeroed. root: as in vane__budget_read. */
void vane__hierarchy_find(const char *root, vane__hierarchy *all);
/* Our group's path below the mount point ("", "/a/b"); NULL when the mount does not show it. */
const char *vane__hierarchy_below(const vane__hierarchy *h);

#endif
