/* SPDX-License-Identifier: MIT */
/* hierarchy.c - finds our groups: which ones we are in, and where they are mounted.
 *
 * /proc/self/cgroup says which group a hierarchy has us in, /proc/self/mountinfo where that
 * hierarchy is mounted and from which of its groups on. A machine may have v2 alone, v1
 * alone, or some controllers in each; a container may show its own group as the top. Where all
 * are at their usual places, from the top on, mountinfo is not read.
 */
#include "detect/hierarchy.h"

#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "settings.h"

static const char *const controller[VANE__HIERARCHIES] = {"", "cpu", "memory"};

/* ---- text ---------------------------------------------------------------------- */

static int copy(char *out, const char *text)
{
    return snprintf(out, PATH_MAX, "%s", text) < PATH_MAX;
}

/* mountinfo writes blanks and backslashes as \ooo. In place. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at; to++) {
        int is_octal = at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' &&
                       at[2] <= '7' && at[3] >= '0' && at[3] <= '7';
        *to = is_octal ? (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0')) : *at;
        at += is_octal ? 4 : 1;
    }
    *to = '\0';
}

/* Calls fn with every line of a file under root, its end cut off. */
static void each_line(const char *root, const char *name, void (*fn)(vane__hierarchy *, char *),
                      vane__hierarchy *all)
{
    char path[PATH_MAX], *line = NULL;
    size_t capacity = 0;
    if (snprintf(path, sizeof path, "%s%s", root, name) >= PATH_MAX)
        return;
    FILE *f = fopen(path, "re");
    if (!f)
        return;
    while (getline(&line, &capacity, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        fn(all, line);
    }
    free(line);
    fclose(f);
}

/* ---- where we are -------------------------------------------------------------- */

/* "4:cpu,cpuacct:/group", or "0::/group" for v2. */
static void take_membership(vane__hierarchy *all, char *line)
{
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return;
    *controllers++ = '\0';
    *group++ = '\0';
    for (int i = 0; i < VANE__HIERARCHIES; i++) {
        int is_ours = i == VANE__UNIFIED ? strcmp(line, "0") == 0 && !*controllers
                                         : vane__list_has(controllers, controller[i]);
        if (is_ours)
            all[i].is_member = copy(all[i].group, group);
    }
}

/* The group's path below the mount's top; NULL when the mount does not show it. */
static const char *below(const char *group, const char *mount_group)
{
    size_t n = strcmp(mount_group, "/") == 0 ? 0 : strlen(mount_group);
    if (strncmp(group, mount_group, n) != 0 || (group[n] != '/' && group[n] != '\0'))
        return NULL;
    return strstr(group, "/..") ? NULL : group + n;
}

static void take_place(vane__hierarchy *h, const char *mount_group, const char *mount_point)
{
    int is_better =
        !h->is_mounted || (!below(h->group, h->mount_group) && below(h->group, mount_group));
    if (h->is_member && is_better)
        h->is_mounted = copy(h->mount_group, mount_group) && copy(h->mount_point, mount_point);
}

/* "id parent dev GROUP POINT options... - TYPE source SUPEROPTIONS" */
static void take_mount(vane__hierarchy *all, char *line)
{
    enum { BEFORE = 5 };
    char *field[BEFORE], *rest = line;
    char *tail = strstr(line, " - ");
    if (!tail)
        return;
    *tail = '\0';
    for (int i = 0; i < BEFORE; i++)
        if (!(field[i] = strsep(&rest, " ")))
            return;
    tail += strlen(" - ");
    char *type = strsep(&tail, " ");
    strsep(&tail, " ");
    if (!tail || strncmp(type, "cgroup", 6) != 0)
        return;
    unescape(field[3]);
    unescape(field[4]);
    for (int i = 0; i < VANE__HIERARCHIES; i++)
        if (i == VANE__UNIFIED ? strcmp(type, "cgroup2") == 0
                               : strcmp(type, "cgroup") == 0 && vane__list_has(tail, controller[i]))
            take_place(&all[i], field[3], field[4]);
}

/* ---- the usual places ----------------------------------------------------------- */

enum { USUAL = 2 };
static const char *const usual[VANE__HIERARCHIES][USUAL] = {
    [VANE__UNIFIED] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"},
    [VANE__V1_CPU] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"},
    [VANE__V1_MEMORY] = {"/sys/fs/cgroup/memory"},
};

/* The group at the top of a hierarchy has the number 1, and no other has (Linux 5.5 and later). */
static int is_top(const char *path, int which)
{
    struct stat s;
    struct statfs fs;
    return path != NULL && stat(path, &s) == 0 && s.st_ino == 1 && statfs(path, &fs) == 0 &&
           fs.f_type == (which == VANE__UNIFIED ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}

/* Is what /proc/self/cgroup says counted from the top? Not in a namespace of our own; the first one
 * has this number (Linux: include/linux/proc_ns.h). */
static int is_first_namespace(void)
{
    struct stat s;
    return stat("/proc/self/ns/cgroup", &s) != 0 || s.st_ino == 0xEFFFFFFBu;
}

/* True: all that we are in are there, from their top on. */
static int take_usual(vane__hierarchy *all)
{
    const char *found[VANE__HIERARCHIES] = {NULL};
    if (!is_first_namespace())
        return 0;
    for (int i = 0; i < VANE__HIERARCHIES; i++) {
        for (int k = 0; k < USUAL && all[i].is_member && found[i] == NULL; k++)
            found[i] = is_top(usual[i][k], i) ? usual[i][k] : NULL;
        if (all[i].is_member && found[i] == NULL)
            return 0;
    }
    for (int i = 0; i < VANE__HIERARCHIES; i++)
        if (found[i] != NULL) {
            take_place(&all[i], "/", found[i]);
            all[i].is_whole = 1;
        }
    return 1;
}

/* What lists all mounts is slow to read: 4 us for each of them. */
void vane__hierarchy_find(const char *root, vane__hierarchy *all)
{
    each_line(root, "/proc/self/cgroup", take_membership, all);
    if (root[0] != '\0' || !take_usual(all))
        each_line(root, "/proc/self/mountinfo", take_mount, all);
}

const char *vane__hierarchy_below(const vane__hierarchy *h)
{
    return below(h->group, h->mount_group);
}
