/* SPDX-License-Identifier: MIT */
/* host.c - reads the machine's files and takes the differences. */
#include "telemetry/host.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "os.h"
#include "vane/vane.h"

#define LATE_NS UINT64_C(5000000) /* between the clock and the file: the two do not belong */
#define STILL_NS UINT64_C(500000000)

enum { SMALL = 1024, LARGE = 16384 };

/* ---- files --------------------------------------------------------------------- */

/* 1 read; 0 not there, which is counted. */
static int read_at(vane__host *h, const char *folder, const char *name, char *out, size_t bytes)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s%s", folder, name) < PATH_MAX &&
        vane__read_text(path, out, bytes) == 0)
        return 1;
    h->missing++;
    return 0;
}

static int lie(vane__host *h)
{
    h->lies++;
    return 0;
}

/* Every CPU has some 100 bytes, and after them come kilobytes of interrupts: a text that is cut
 * does, if the cut is not among the CPUs. */
static char *read_stat(vane__host *h)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/proc/stat", h->root) >= PATH_MAX)
        return NULL;
    for (size_t bytes = LARGE; bytes <= LARGE * 128; bytes *= 4) {
        char *text = malloc(bytes);
        if (text == NULL)
            return NULL;
        if (vane__read_head(path, text, bytes) != 0) {
            free(text);
            return NULL;
        }
        const char *rest = text;
        while (rest != NULL && strncmp(rest, "cpu", 3) == 0)
            rest = (rest = strchr(rest, '\n')) != NULL ? rest + 1 : NULL;
        if (rest != NULL && (*rest != '\0' || strlen(text) + 1 < bytes))
            return text;
        free(text);
    }
    return NULL;
}

/* ---- CPUs ---------------------------------------------------------------------- */

static void read_mask(vane__host *h)
{
    vane__cpus now = {{0}};
    if (!h->mask_given && sched_getaffinity(0, sizeof now, (cpu_set_t *)(void *)&now) == 0)
        h->mask = now;
}

/* CPU time of this process: to the nanosecond here, in ticks from a recorded machine. */
static int read_own(vane__host *h, uint64_t *out)
{
    char text[SMALL];
    struct timespec t;
    uint64_t ticks;
    if (h->root[0] == '\0' && clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0) {
        *out = (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
        return 1;
    }
    if (!read_at(h, h->root, "/proc/self/stat", text, sizeof text))
        return 0;
    if (!vane__proc_self(text, &ticks) || ticks > UINT64_MAX / h->tick_ns)
        return lie(h);
    *out = ticks * h->tick_ns;
    return 1;
}

static int read_ticks(vane__host *h, vane__cpu_ticks *out)
{
    char *text = read_stat(h);
    if (text == NULL) {
        h->missing++;
        return 0;
    }
    int good = vane__proc_cpus(text, &h->mask, out);
    free(text);
    return good ? 1 : lie(h);
}

static void begin_rates(vane__host *h, uint64_t now, const vane__cpu_ticks *ticks, uint64_t own)
{
    h->cpu.since_ns = now;
    h->cpu.ticks = *ticks;
    h->cpu.own_ns = own;
}

/* Ticks that passed beside the time that did; each counter is cut to whole ticks. */
static int is_plausible(double all_ns, double idle_ns, double whole_ns, double slack_ns)
{
    double off = all_ns > whole_ns ? all_ns - whole_ns : whole_ns - all_ns;
    return off <= whole_ns / 2 + 2 * slack_ns && idle_ns <= whole_ns + slack_ns;
}

/* What nobody left idle and this process did not use, others did: programs, the kernel, and
 * whoever the hypervisor lent the CPU to. Not the sum of busy ticks, which some kernels only
 * sample, while idleness they measure. */
static int take_rates(vane__host *h, vane__host_reading *r, const vane__cpu_ticks *ticks,
                      uint64_t own)
{
    const vane__cpu_ticks *was = &h->cpu.ticks;
    double span = (double)(r->when_ns - h->cpu.since_ns), tick = (double)h->tick_ns;
    if (ticks->idle < was->idle || ticks->all < was->all || own < h->cpu.own_ns)
        return lie(h);
    double whole = span * ticks->cpus, slack = 2 * tick * ticks->cpus;
    double idle = (double)(ticks->idle - was->idle) * tick;
    double all = (double)(ticks->all - was->all) * tick, used = (double)(own - h->cpu.own_ns);
    if (!is_plausible(all, idle, whole, slack))
        return lie(h);
    double others = whole - idle - used;
    if (others < -slack - whole / 20) /* more was used than there is */
        return lie(h);
    r->others_net_cpus = others / span;
    r->others_cpus = others > 0 ? others / span : 0;
    r->own_cpus = used / span;
    r->span_ns = r->when_ns - h->cpu.since_ns;
    return 1;
}

static int is_late(const vane__host *h, const vane__host_reading *r)
{
    return h->root[0] == '\0' && vane__now_ns() - r->when_ns > LATE_NS;
}

/* On a full machine this thread may be stopped between the clock and the files; who was just let
 * run again is left alone for a while. */
static int read_counters(vane__host *h, vane__host_reading *r, vane__cpu_ticks *ticks,
                         uint64_t *own)
{
    for (int tries = 0; tries == 0 || (tries < 3 && is_late(h, r)); tries++) {
        r->when_ns = tries > 0 ? vane__now_ns() : r->when_ns;
        if (!read_ticks(h, ticks) || !read_own(h, own))
            return 0;
    }
    return 1;
}

static void read_cpus(vane__host *h, vane__host_reading *r)
{
    vane__cpu_ticks ticks;
    uint64_t own;
    read_mask(h);
    if (!read_counters(h, r, &ticks, &own))
        return;
    r->cpus = ticks.cpus;
    r->valid |= VANE_HOST_CPUS;
    if (is_late(h, r))
        return;
    uint64_t since = h->cpu.since_ns;
    if (since == 0 || ticks.cpus != h->cpu.ticks.cpus) { /* or a CPU came or went */
        begin_rates(h, r->when_ns, &ticks, own);
        return;
    }
    if (r->when_ns < since + VANE__HOST_SPAN_NS && r->when_ns >= since)
        return;
    if (r->when_ns >= since && ticks.all == h->cpu.ticks.all && r->when_ns - since < STILL_NS)
        return; /* no tick yet: the next reading has them */
    if (r->when_ns > since && take_rates(h, r, &ticks, own))
        r->valid |= VANE_HOST_USE;
    else if (r->when_ns <= since)
        lie(h);
    begin_rates(h, r->when_ns, &ticks, own);
}

/* ---- waiting ------------------------------------------------------------------- */

static void read_pressure(vane__host *h, vane__host_reading *r, const char *name, uint32_t bit,
                          vane__pressure *out, uint64_t *last_us)
{
    char text[SMALL];
    vane__pressure p;
    if (!read_at(h, h->root, name, text, sizeof text))
        return;
    int good = vane__proc_pressure(text, &p) && p.total_us >= *last_us;
    if (!good)
        lie(h);
    else
        *out = p;
    if (good)
        r->valid |= bit;
    *last_us = good ? p.total_us : 0; /* whatever comes next is a beginning */
}

/* ---- our groups ---------------------------------------------------------------- */

static void read_budget(vane__host *h, vane__host_reading *r)
{
    char was[PATH_MAX];
    memcpy(was, h->places.cpu, sizeof was);
    vane__budget_find(h->root, &r->budget, &h->places);
    if (strcmp(was, h->places.cpu) != 0)
        h->throttle.since_ns = 0;
}

static int read_place(vane__host *h, const char *place, const char *name, char *out, size_t bytes)
{
    if (place[0] != '\0')
        return read_at(h, place, name, out, bytes);
    h->missing++;
    return 0;
}

/* v2 counts microseconds, v1 nanoseconds. */
static int parse_throttle(const char *text, int is_v2, uint64_t *periods, uint64_t *ns)
{
    if (!vane__proc_keyed(text, "nr_throttled", periods))
        return 0;
    if (!is_v2)
        return vane__proc_keyed(text, "throttled_time", ns);
    if (!vane__proc_keyed(text, "throttled_usec", ns) || *ns > UINT64_MAX / 1000)
        return 0;
    *ns *= 1000;
    return 1;
}

static void read_throttle(vane__host *h, vane__host_reading *r)
{
    char text[SMALL];
    uint64_t periods, ns, since = h->throttle.since_ns;
    if (!read_place(h, h->places.cpu, "/cpu.stat", text, sizeof text))
        return;
    if (strstr(text, "nr_throttled") == NULL)
        return; /* the top group has none */
    h->throttle.since_ns = 0;
    if (!parse_throttle(text, h->places.cpu_is_v2, &periods, &ns) ||
        (since != 0 && (periods < h->throttle.periods || ns < h->throttle.ns))) {
        lie(h);
        return;
    }
    if (since != 0) {
        r->throttled = periods - h->throttle.periods;
        r->throttled_ns = ns - h->throttle.ns;
        r->valid |= VANE_HOST_THROTTLED;
    }
    h->throttle.since_ns = r->when_ns;
    h->throttle.periods = periods;
    h->throttle.ns = ns;
}

static void read_group_memory(vane__host *h, vane__host_reading *r)
{
    char text[SMALL];
    uint64_t bytes;
    const char *name = h->places.memory_is_v2 ? "/memory.current" : "/memory.usage_in_bytes";
    if (!read_place(h, h->places.memory, name, text, sizeof text))
        return;
    if (!vane__proc_number(text, &bytes)) {
        lie(h);
        return;
    }
    r->group_mem_bytes = bytes;
    r->group_mem_limit_bytes =
        r->budget.mem_limit_bytes < r->budget.mem_total_bytes ? r->budget.mem_limit_bytes : 0;
    r->valid |= VANE_HOST_GROUP_MEM;
}

static void read_memory(vane__host *h, vane__host_reading *r)
{
    char text[LARGE];
    uint64_t bytes;
    if (!read_at(h, h->root, "/proc/meminfo", text, sizeof text))
        return;
    if (!vane__proc_keyed(text, "MemAvailable", &bytes) ||
        (r->budget.mem_total_bytes && bytes > r->budget.mem_total_bytes)) {
        lie(h);
        return;
    }
    r->mem_available_bytes = bytes;
    r->valid |= VANE_HOST_MEM;
}

/* ---- the whole ----------------------------------------------------------------- */

static void read_slow(vane__host *h, uint64_t now_ns)
{
    vane__host_reading *r = &h->slow;
    if (r->slow_ns != 0 && now_ns >= r->slow_ns && now_ns - r->slow_ns < VANE__HOST_SLOW_NS)
        return;
    *r = (vane__host_reading){.when_ns = now_ns, .slow_ns = now_ns};
    read_pressure(h, r, "/proc/pressure/cpu", VANE_HOST_CPU_PRESSURE, &r->cpu_pressure,
                  &h->cpu_waited_us);
    read_pressure(h, r, "/proc/pressure/memory", VANE_HOST_MEM_PRESSURE, &r->mem_pressure,
                  &h->mem_waited_us);
    read_budget(h, r);
    read_throttle(h, r);
    read_memory(h, r);
    read_group_memory(h, r);
    r->power_mw = vane__rapl_step(&h->rapl, h->root, now_ns);
    r->valid |= r->power_mw > 0 ? VANE_HOST_POWER : 0;
}

void vane__host_read(vane__host *h, uint64_t now_ns, vane__host_reading *out)
{
    vane__host_reading cpu = {.when_ns = now_ns};
    read_cpus(h, &cpu); /* first: the clock was read for it */
    read_slow(h, now_ns);
    *out = h->slow;
    out->when_ns = cpu.when_ns;
    out->valid |= cpu.valid;
    out->cpus = cpu.cpus;
    out->span_ns = cpu.span_ns;
    out->others_cpus = cpu.others_cpus;
    out->others_net_cpus = cpu.others_net_cpus;
    out->own_cpus = cpu.own_cpus;
    out->lies = h->lies;
    out->missing = h->missing;
}

void vane__host_forget(vane__host *h)
{
    h->cpu.since_ns = 0;
    h->throttle.since_ns = 0;
    h->slow.slow_ns = 0;
    h->rapl.since_ns = 0;
}

int vane__host_open(vane__host *h, const char *root, const vane__cpus *mask)
{
    long hertz = sysconf(_SC_CLK_TCK);
    *h = (vane__host){.root = strdup(root), .mask_given = mask != NULL};
    h->tick_ns = UINT64_C(1000000000) / (uint64_t)(hertz > 0 ? hertz : 100);
    if (mask != NULL)
        h->mask = *mask;
    return h->root != NULL;
}

void vane__host_close(vane__host *h)
{
    free(h->root);
    *h = (vane__host){0};
}
