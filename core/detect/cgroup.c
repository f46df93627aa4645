/* SPDX-License-Identifier: MIT */
/* cgroup.c - the tightest limit from this process's own groups up to the top.
 *
 * A parent's limit binds as much as one's own, so every group on the way is read.
 */
#include "detect/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detect/hierarchy.h"
#include "os.h"

#define NO_LIMIT_BYTES (UINT64_C(1) << 62) /* v1 writes "none" as a number about 2^63 */
#define DEFAULT_PERIOD 100000              /* v2, in microseconds */

/* Digits up to a blank or the end; moves *text behind them. */
static int take_number(const char **text, uint64_t *out)
{
    uint64_t value = 0;
    const char *at = *text;
    if (*at < '0' || *at > '9')
        return 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return 0;
        value = value * 10 + digit;
    }
    if (*at && *at != ' ' && *at != '\n')
        return 0;
    *text = at + strspn(at, " \n");
    *out = value;
    return 1;
}

/* ---- limits of one group ------------------------------------------------------- */

static int read_file(const char *folder, const char *name, char *out, size_t bytes)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= PATH_MAX)
        return 0;
    return vane__read_text(path, out, bytes) == 0;
}

static void tighten_cpus(vane__cgroup_limits *l, uint64_t quota, uint64_t period)
{
    if (quota == 0 || period == 0)
        return;
    double cpus = (double)quota / (double)period;
    if (l->cpus <= 0 || cpus < l->cpus)
        l->cpus = cpus;
}

static void read_cpu_v2(const char *folder, vane__cgroup_limits *l)
{
    char text[64];
    const char *at = text;
    uint64_t quota, period = DEFAULT_PERIOD;
    if (!read_file(folder, "cpu.max", text, sizeof text) || !take_number(&at, &quota))
        return; /* "max ...": none */
    if (*at && !take_number(&at, &period))
        return;
    tighten_cpus(l, quota, period);
}

static void read_cpu_v1(const char *folder, vane__cgroup_limits *l)
{
    char text[64];
    const char *at = text;
    uint64_t quota, period;
    if (!read_file(folder, "cpu.cfs_quota_us", text, sizeof text) || !take_number(&at, &quota))
        return; /* "-1": none */
    at = text;
    if (read_file(folder, "cpu.cfs_period_us", text, sizeof text) && take_number(&at, &period))
        tighten_cpus(l, quota, period);
}

static void read_memory(const char *folder, const char *name, vane__cgroup_limits *l)
{
    char text[64];
    const char *at = text;
    uint64_t bytes;
    if (!read_file(folder, name, text, sizeof text) || !take_number(&at, &bytes))
        return; /* "max": none */
    if (bytes > 0 && bytes < NO_LIMIT_BYTES && (l->mem_bytes == 0 || bytes < l->mem_bytes))
        l->mem_bytes = bytes;
}

static void read_group(int which, const char *folder, vane__cgroup_limits *l)
{
    if (which == VANE__UNIFIED) {
        read_cpu_v2(folder, l);
        read_memory(folder, "memory.max", l);
    } else if (which == VANE__V1_CPU) {
        read_cpu_v1(folder, l);
    } else {
        read_memory(folder, "memory.limit_in_bytes", l);
    }
}

/* ---- where their use is read --------------------------------------------------- */

static int has_file(const char *folder, const char *name)
{
    char path[PATH_MAX];
    return snprintf(path, sizeof path, "%s/%s", folder, name) < PATH_MAX && access(path, R_OK) == 0;
}

/* The tightest, else the first met. A controller is in one hierarchy only: v1 where it has it,
 * though v2 shows a file of that name, too. */
static void note_place(char *place, int *is_v2, int which, const char *folder, const char *file,
                       int tightened)
{
    int is_better = tightened || place[0] == '\0' || (*is_v2 && which != VANE__UNIFIED);
    if (!is_better || !has_file(folder, file))
        return;
    memcpy(place, folder, strlen(folder) + 1);
    *is_v2 = which == VANE__UNIFIED;
}

static void note_places(int which, const char *folder, const vane__cgroup_limits *before,
                        const vane__cgroup_limits *now, vane__cgroup_places *p)
{
    if (which != VANE__V1_MEMORY)
        note_place(p->cpu, &p->cpu_is_v2, which, folder, "cpu.stat", now->cpus != before->cpus);
    if (which != VANE__V1_CPU)
        note_place(p->memory, &p->memory_is_v2, which, folder,
                   which == VANE__UNIFIED ? "memory.current" : "memory.usage_in_bytes",
                   now->mem_bytes != before->mem_bytes);
}

/* ---- the way up ---------------------------------------------------------------- */

static void walk_up(const char *root, int which, const vane__hierarchy *h, vane__cgroup_limits *l,
                    vane__cgroup_places *places)
{
    char folder[PATH_MAX];
    const char *group = vane__hierarchy_below(h);
    int top = snprintf(folder, sizeof folder, "%s%s", root, h->mount_point);
    if (top < 0 || top >= PATH_MAX)
        return;
    if (group && strcmp(group, "/") != 0 && (size_t)top + strlen(group) < sizeof folder)
        memcpy(folder + top, group, strlen(group) + 1);
    for (;;) {
        vane__cgroup_limits before = *l;
        if (!h->is_whole || folder[top] != '\0') /* the very top has no limits */
            read_group(which, folder, l);
        if (places != NULL)
            note_places(which, folder, &before, l, places);
        char *slash = strrchr(folder, '/');
        if (!slash || slash < folder + top)
            return;
        *slash = '\0';
    }
}

void vane__cgroup_find(const char *root, vane__cgroup_limits *out, vane__cgroup_places *places)
{
    *out = (vane__cgroup_limits){0};
    if (places != NULL)
        places->cpu[0] = places->memory[0] = '\0';
    vane__hierarchy *all = calloc(VANE__HIERARCHIES, sizeof *all);
    if (!all)
        return;
    vane__hierarchy_find(root, all);
    for (int i = 0; i < VANE__HIERARCHIES; i++)
        if (all[i].is_member && all[i].is_mounted)
            walk_up(root, i, &all[i], out, places);
    free(all);
}

void vane__cgroup_read(const char *root, vane__cgroup_limits *out)
{
    vane__cgroup_find(root, out, NULL);
}
