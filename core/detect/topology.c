/* SPDX-License-Identifier: MIT */
/* topology.c - what hwloc knows of this machine, without linking hwloc.
 *
 * Its header gives the types at build time (VANE_HAVE_HWLOC), dlopen the code at the first
 * ask: loading and discovery take milliseconds, and a program that never asks, or a machine
 * without the library, pays nothing. Cache sizes and the number of NUMA nodes alone come from
 * cheaper places.
 */
#include "detect/topology.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os.h"

/* ---- caches -------------------------------------------------------------------- */

/* "32K", "1024K", "33M" in sysfs. */
static uint64_t parse_size(const char *text)
{
    unsigned long long number = 0;
    char unit = 0;
    if (sscanf(text, "%llu%c", &number, &unit) < 1 || number > UINT32_MAX)
        return 0;
    uint64_t scale = unit == 'K' ? 1024 : unit == 'M' ? 1024 * 1024 : 1;
    return (uint64_t)number * scale;
}

static int read_cache_text(int index, const char *name, char *out, size_t bytes)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
    return vane__read_text(path, out, bytes) == 0;
}

/* The C library has no sizes on aarch64; the kernel often does. */
static uint64_t read_sysfs_cache(char level)
{
    char text[32], type[32], size[32];
    for (int i = 0; read_cache_text(i, "level", text, sizeof text); i++)
        if (text[0] == level && read_cache_text(i, "type", type, sizeof type) && type[0] != 'I' &&
            read_cache_text(i, "size", size, sizeof size))
            return parse_size(size);
    return 0;
}

static uint64_t read_cache(int name, char level)
{
    long bytes = sysconf(name);
    return bytes > 0 ? (uint64_t)bytes : read_sysfs_cache(level);
}

void vane__caches_read(uint64_t *l1d_bytes, uint64_t *l2_bytes, uint64_t *l3_bytes)
{
#ifdef _SC_LEVEL1_DCACHE_SIZE
    *l1d_bytes = read_cache(_SC_LEVEL1_DCACHE_SIZE, '1');
    *l2_bytes = read_cache(_SC_LEVEL2_CACHE_SIZE, '2');
    *l3_bytes = read_cache(_SC_LEVEL3_CACHE_SIZE, '3');
#else
    *l1d_bytes = read_sysfs_cache('1');
    *l2_bytes = read_sysfs_cache('2');
    *l3_bytes = read_sysfs_cache('3');
#endif
}

/* ---- NUMA nodes ---------------------------------------------------------------- */

uint32_t vane__topology_nodes_in(const char *list)
{
    uint64_t nodes = 0;
    for (const char *at = list; *at >= '0' && *at <= '9';) {
        char *end;
        unsigned long first = strtoul(at, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        nodes += last >= first ? last - first + 1 : 0;
        at = *end == ',' ? end + 1 : "";
    }
    return nodes == 0 || nodes > UINT32_MAX ? 1 : (uint32_t)nodes;
}

static uint32_t online_nodes = 1;

static void count_nodes(void)
{
    char list[1024];
    if (vane__read_text("/sys/devices/system/node/online", list, sizeof list) == 0)
        online_nodes = vane__topology_nodes_in(list);
}

uint32_t vane__topology_nodes(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, count_nodes);
    return online_nodes;
}

uint32_t vane__topology_node_here(void)
{
    unsigned cpu = 0, node = 0;
    return syscall(SYS_getcpu, &cpu, &node, NULL) == 0 ? node : 0;
}

/* ---- hwloc --------------------------------------------------------------------- */

#ifdef VANE_HAVE_HWLOC
#include <hwloc.h>

#define LIBRARY "libhwloc.so.15" /* hwloc 2's ABI, the one that the header must be of */

/* X(name): the functions that are asked for, each of its type in hwloc.h. */
#define HWLOC_MAP(X)               \
    X(hwloc_get_api_version)       \
    X(hwloc_topology_init)         \
    X(hwloc_topology_set_flags)    \
    X(hwloc_topology_load)         \
    X(hwloc_topology_destroy)      \
    X(hwloc_get_type_depth)        \
    X(hwloc_get_nbobjs_by_depth)   \
    X(hwloc_get_obj_by_depth)      \
    X(hwloc_bitmap_alloc)          \
    X(hwloc_bitmap_free)           \
    X(hwloc_get_last_cpu_location) \
    X(hwloc_set_area_membind)

typedef struct hwloc_calls {
    void *dl;
#define HWLOC_FIELD(name) __typeof__(&name) name;
    HWLOC_MAP(HWLOC_FIELD)
#undef HWLOC_FIELD
} hwloc_calls;

/* A data pointer becomes a function pointer by its bytes: ISO C has no cast for it. */
static int load_call(void *library, const char *name, void *call, size_t bytes)
{
    void *symbol = dlsym(library, name);
    if (!symbol || bytes != sizeof symbol)
        return 0;
    memcpy(call, &symbol, bytes);
    return 1;
}

static int load_calls(hwloc_calls *h, char *why, size_t why_bytes)
{
    h->dl = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!h->dl) {
        snprintf(why, why_bytes, "none: " LIBRARY " is missing or does not load");
        return 0;
    }
#define HWLOC_LOAD(name) &&load_call(h->dl, #name, &h->name, sizeof h->name)
    int is_whole = 1 HWLOC_MAP(HWLOC_LOAD);
#undef HWLOC_LOAD
    if (is_whole && h->hwloc_get_api_version() >> 16 == HWLOC_API_VERSION >> 16)
        return 1;
    snprintf(why, why_bytes, "none: " LIBRARY " has another API than hwloc %d",
             HWLOC_API_VERSION >> 16);
    dlclose(h->dl);
    return 0;
}

static uint32_t count_objects(const hwloc_calls *h, hwloc_topology_t t, hwloc_obj_type_t type)
{
    int depth = h->hwloc_get_type_depth(t, type);
    if (depth == HWLOC_TYPE_DEPTH_UNKNOWN || depth == HWLOC_TYPE_DEPTH_MULTIPLE)
        return 0;
    return (uint32_t)h->hwloc_get_nbobjs_by_depth(t, depth);
}

static uint64_t first_cache(const hwloc_calls *h, hwloc_topology_t t, hwloc_obj_type_t type)
{
    int depth = h->hwloc_get_type_depth(t, type);
    hwloc_obj_t cache = depth >= 0 ? h->hwloc_get_obj_by_depth(t, depth, 0) : NULL;
    return cache ? cache->attr->cache.size : 0;
}

/* The root says the release ("2.9.0"); the API number alone lags behind it. */
static void write_source(const hwloc_calls *h, hwloc_topology_t t, char *out, size_t bytes)
{
    unsigned version = h->hwloc_get_api_version();
    snprintf(out, bytes, "hwloc API %u.%u", version >> 16, version >> 8 & 0xff);
    hwloc_obj_t top = h->hwloc_get_obj_by_depth(t, 0, 0);
    for (unsigned i = 0; top && i < top->infos_count; i++)
        if (strcmp(top->infos[i].name, "hwlocVersion") == 0)
            snprintf(out, bytes, "hwloc %s", top->infos[i].value);
}

/* The whole machine, not the part that this process may use: the budget has that. */
static int ask(const hwloc_calls *h, vane__topology *out)
{
    hwloc_topology_t t;
    if (h->hwloc_topology_init(&t) != 0)
        return 0;
    int is_loaded = h->hwloc_topology_set_flags(t, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) == 0 &&
                    h->hwloc_topology_load(t) == 0;
    if (is_loaded) {
        out->packages = count_objects(h, t, HWLOC_OBJ_PACKAGE);
        out->cores = count_objects(h, t, HWLOC_OBJ_CORE);
        out->numa_nodes = count_objects(h, t, HWLOC_OBJ_NUMANODE);
        out->cpus = count_objects(h, t, HWLOC_OBJ_PU);
        out->l1d_bytes = first_cache(h, t, HWLOC_OBJ_L1CACHE);
        out->l2_bytes = first_cache(h, t, HWLOC_OBJ_L2CACHE);
        out->l3_bytes = first_cache(h, t, HWLOC_OBJ_L3CACHE);
        write_source(h, t, out->source, sizeof out->source);
    }
    h->hwloc_topology_destroy(t);
    return is_loaded;
}

void vane__topology_read(vane__topology *out)
{
    *out = (vane__topology){0};
    hwloc_calls h;
    if (!load_calls(&h, out->source, sizeof out->source))
        return;
    if (!ask(&h, out))
        snprintf(out->source, sizeof out->source, "none: hwloc could not read this machine");
    dlclose(h.dl);
}

/* For binding: the part of the machine that this process may use, read once and kept. */
static hwloc_calls binder;
static hwloc_topology_t bound_to; /* NULL: it can't be read */

static void binder_open(void)
{
    char why[64];
    if (!load_calls(&binder, why, sizeof why))
        return;
    if (binder.hwloc_topology_init(&bound_to) == 0) {
        if (binder.hwloc_topology_load(bound_to) == 0)
            return;
        binder.hwloc_topology_destroy(bound_to);
    }
    bound_to = NULL;
    dlclose(binder.dl);
}

int vane__topology_bind_here(void *p, uint64_t bytes)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, binder_open);
    hwloc_bitmap_t cpu = bound_to ? binder.hwloc_bitmap_alloc() : NULL;
    if (!cpu)
        return 0;
    int is_bound =
        binder.hwloc_get_last_cpu_location(bound_to, cpu, HWLOC_CPUBIND_THREAD) == 0 &&
        binder.hwloc_set_area_membind(bound_to, p, (size_t)bytes, cpu, HWLOC_MEMBIND_BIND, 0) == 0;
    binder.hwloc_bitmap_free(cpu);
    return is_bound;
}

#else

void vane__topology_read(vane__topology *out)
{
    *out = (vane__topology){.source = "none: built without hwloc"};
}

int vane__topology_bind_here(void *p, uint64_t bytes)
{
    (void)p;
    (void)bytes;
    return 0;
}

#endif
