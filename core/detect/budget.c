/* SPDX-License-Identifier: MIT */
/* budget.c - threads and memory that this process may use: affinity, quota, limits.
 *
 * Runs while a context opens, so it reads a dozen small files and no more. A cpuset needs
 * no file of its own: the kernel has it in the affinity mask.
 */
#include "detect/budget.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detect/cgroup.h"
#include "os.h"

#define MAX_CPUS (1 << 20)

/* The kernel refuses a mask shorter than its own, so it grows until it is accepted. */
static uint32_t count_affinity(void)
{
    for (int cpus = 1024; cpus <= MAX_CPUS; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        if (!set)
            return 0;
        size_t bytes = CPU_ALLOC_SIZE((size_t)cpus);
        int refused = sched_getaffinity(0, bytes, set);
        int count = refused ? 0 : CPU_COUNT_S(bytes, set);
        CPU_FREE(set);
        if (!refused)
            return (uint32_t)count;
    }
    return 0;
}

static int read_under(const char *root, const char *name, char *out, size_t bytes)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s%s", root, name) >= PATH_MAX)
        return 0;
    return vane__read_text(path, out, bytes) == 0;
}

/* "0-3,8" is 5; 0 when it is malformed. */
static uint32_t count_list(const char *text)
{
    uint64_t count = 0;
    while (*text >= '0' && *text <= '9') {
        char *end;
        unsigned long first = strtoul(text, &end, 10), last = first;
        if (*end == '-' && end[1] >= '0' && end[1] <= '9')
            last = strtoul(end + 1, &end, 10);
        if (last < first || last >= MAX_CPUS)
            return 0;
        count += last - first + 1;
        text = end + (*end == ',');
    }
    return *text == '\n' || *text == '\0' ? (uint32_t)count : 0;
}

static uint32_t count_online(const char *root)
{
    char text[4096];
    uint32_t count = 0;
    if (read_under(root, "/sys/devices/system/cpu/online", text, sizeof text))
        count = count_list(text);
    if (count > 0)
        return count;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (uint32_t)online : 0;
}

static uint64_t read_mem_total(const char *root)
{
    char text[8192];
    unsigned long long kib = 0;
    if (!read_under(root, "/proc/meminfo", text, sizeof text))
        return 0;
    const char *line = strstr(text, "MemTotal:");
    if (!line || sscanf(line, "MemTotal: %llu kB", &kib) != 1 || kib > UINT64_MAX / 1024)
        return 0;
    return (uint64_t)kib * 1024;
}

/* Half a CPU's quota still gets a thread; 3.5 CPUs' worth gets 3, so that none is throttled. */
static uint32_t smallest(const vane__budget *b)
{
    uint32_t threads = b->cpus_online ? b->cpus_online : 1;
    if (b->cpus_affinity && b->cpus_affinity < threads)
        threads = b->cpus_affinity;
    if (b->cpu_quota > 0 && b->cpu_quota < threads)
        threads = (uint32_t)b->cpu_quota;
    return threads ? threads : 1;
}

void vane__budget_find(const char *root, vane__budget *out, vane__cgroup_places *places)
{
    vane__cgroup_limits limits;
    vane__cgroup_find(root, &limits, places);
    *out = (vane__budget){
        .cpus_affinity = count_affinity(),
        .cpus_online = count_online(root),
        .cpu_quota = limits.cpus,
        .mem_total_bytes = read_mem_total(root),
    };
    out->threads = smallest(out);
    out->mem_limit_bytes = out->mem_total_bytes;
    if (limits.mem_bytes && (!out->mem_total_bytes || limits.mem_bytes < out->mem_total_bytes))
        out->mem_limit_bytes = limits.mem_bytes;
}

void vane__budget_read(const char *root, vane__budget *out)
{
    vane__budget_find(root, out, NULL);
}
