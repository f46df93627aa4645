/* SPDX-License-Identifier: MIT */
/* info.c - vane info: the machine, the devices, and why each plugin is or is not there. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "json.h"
#include "load.h"
#include "table.h"
#include "text.h"
#include "vane/cpu.h"

static const char *const variables[] = {
    "VANE_BACKEND", "VANE_PREFER", "VANE_EXCLUDE",  "VANE_OPS", "VANE_POLICY",
    "VANE_THREADS", "VANE_REPRO",  "VANE_CPU_MASK", "VANE_LOG", "VANE_PLUGIN_PATH",
    "VANE_UNLOAD",  "VANE_CACHE",  "VANE_TOP"};
enum { N_VARIABLES = sizeof variables / sizeof variables[0] };

static const char *const kinds[] = {"cpu", "gpu", "other"};
static const char *kind_of(uint32_t kind)
{
    return kinds[kind < 3 ? kind : 2];
}

/* The next CPU feature of bits in the map's order; *i starts at 0. */
static const char *next_feature(uint64_t bits, uint32_t *i)
{
    static const struct {
        const char *name;
        uint64_t bit;
    } features[] = {
#define FEATURE(NAME, text, n) {text, UINT64_C(1) << (n)},
        VANE_CPU_MAP(FEATURE)
#undef FEATURE
    };
    while (*i < sizeof features / sizeof features[0]) {
        uint32_t at = (*i)++;
        if (bits & features[at].bit)
            return features[at].name;
    }
    return NULL;
}

static void print_features(const char *label, uint64_t bits)
{
    uint32_t i = 0;
    int column = 0;
    const char *name;
    while ((name = next_feature(bits, &i))) {
        if (column == 0 || column + (int)strlen(name) > 84) {
            printf("%s  %-10s ", column ? "\n" : "", column ? "" : label);
            column = 13;
        }
        column += printf(" %s", name);
    }
    if (column)
        putchar('\n');
}

static void print_machine(const vane_machine *m)
{
    puts("machine");
    printf("  %-10s  %s\n", "platform", m->platform);
    printf("  %-10s  %s\n", "cpu", m->cpu_name[0] ? m->cpu_name : "unknown");
    printf("  %-10s  %u  (online %u, affinity %u, ", "threads", m->threads, m->cpus_online,
           m->cpus_affinity);
    if (m->cpu_quota > 0)
        printf("cgroup quota %.2f CPUs)\n", m->cpu_quota);
    else
        puts("no cgroup quota)");
    printf("  %-10s  %s", "memory", text_bytes((double)m->mem_total_bytes).s);
    if (m->mem_limit_bytes && m->mem_limit_bytes < m->mem_total_bytes)
        printf("  (limited to %s)", text_bytes((double)m->mem_limit_bytes).s);
    printf("\n  %-10s  L1d %s, L2 %s, L3 %s\n", "caches", text_bytes(m->l1d_bytes).s,
           text_bytes(m->l2_bytes).s, text_bytes((double)m->l3_bytes).s);
    if (m->cores)
        printf("  %-10s  %u package%s, %u core%s, %u NUMA node%s\n", "topology", m->packages,
               m->packages == 1 ? "" : "s", m->cores, m->cores == 1 ? "" : "s", m->numa_nodes,
               m->numa_nodes == 1 ? "" : "s");
    printf("  %-10s  %s\n", "source", m->topology_source);
    print_features("features", m->cpu_features);
    print_features("masked", m->cpu_features_masked);
}

static void json_features(json *j, const char *key, uint64_t bits)
{
    uint32_t i = 0;
    const char *name;
    json_array(j, key);
    while ((name = next_feature(bits, &i)))
        json_text(j, NULL, name);
    json_close(j);
}

static void json_machine(json *j, const vane_machine *m)
{
    json_object(j, "machine");
    json_text(j, "platform", m->platform);
    json_text(j, "cpu", m->cpu_name);
    json_unsigned(j, "threads", m->threads);
    json_unsigned(j, "cpus_online", m->cpus_online);
    json_unsigned(j, "cpus_affinity", m->cpus_affinity);
    json_real(j, "cpu_quota", m->cpu_quota);
    json_unsigned(j, "mem_total_bytes", m->mem_total_bytes);
    json_unsigned(j, "mem_limit_bytes", m->mem_limit_bytes);
    json_unsigned(j, "l1d_bytes", m->l1d_bytes);
    json_unsigned(j, "l2_bytes", m->l2_bytes);
    json_unsigned(j, "l3_bytes", m->l3_bytes);
    json_unsigned(j, "packages", m->packages);
    json_unsigned(j, "cores", m->cores);
    json_unsigned(j, "numa_nodes", m->numa_nodes);
    json_text(j, "topology_source", m->topology_source);
    json_features(j, "cpu_features", m->cpu_features);
    json_features(j, "cpu_features_masked", m->cpu_features_masked);
    json_close(j);
}

static void dtypes_text(uint32_t dtypes, char *out, size_t bytes)
{
    size_t used = 0;
    out[0] = 0;
    for (uint32_t t = 0; t < VANE_DTYPE_COUNT && used < bytes; t++)
        if (dtypes >> t & 1)
            used += (size_t)snprintf(out + used, bytes - used, "%s%s", used ? " " : "",
                                     vane_dtype_name(t));
}

static const char *const healths[] = {"good", "resting", "probed"};

static void print_one(const char *id, const vane_device_load *l)
{
    if (l->health != VANE_HEALTH_GOOD)
        printf("  %s is %s%s, probed again in %.1f s\n", id, healths[l->health % 3],
               l->lost ? " (lost)" : "", (double)l->retry_ns / 1e9);
    if (l->renewals > 0)
        printf("  %s was lost and made anew, %u times\n", id, l->renewals);
}

/* Only of those that are not well, or were lost. */
static void print_health(const vane_context *ctx, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        vane_device_load l = {.struct_size = sizeof l};
        vane_device_info d = {.struct_size = sizeof d};
        if (vane_device_at(ctx, i, &d, NULL) == VANE_OK &&
            vane_device_load_get((vane_context *)(uintptr_t)ctx, i, &l) == VANE_OK &&
            (l.health != VANE_HEALTH_GOOD || l.renewals > 0))
            print_one(d.id, &l);
    }
}

static void print_devices(const vane_context *ctx)
{
    table t;
    uint32_t count = vane_device_count(ctx);
    puts("\ndevices");
    if (!count)
        puts("  none: no backend could be used; see below");
    table_begin(&t, "llllll", count ? "backend|device|kind|name|driver|computes" : NULL);
    for (uint32_t i = 0; i < count; i++) {
        char dtypes[80];
        const char *backend;
        vane_device_info d = {.struct_size = sizeof d};
        if (vane_device_at(ctx, i, &d, &backend) != VANE_OK)
            continue;
        dtypes_text(d.dtypes, dtypes, sizeof dtypes);
        table_cell(&t, "%s", backend);
        table_cell(&t, "%s", d.id[0] ? d.id : "-");
        table_cell(&t, "%s", kind_of(d.kind));
        table_cell(&t, "%s", d.name[0] ? d.name : "-");
        table_cell(&t, "%s", d.driver[0] ? d.driver : "-");
        table_cell(&t, "%s", dtypes);
    }
    table_end(&t, stdout, 2);
    print_health(ctx, count);
}

static void json_device(json *j, const char *backend, const vane_device_info *d,
                        const vane_device_load *l)
{
    json_object(j, NULL);
    json_text(j, "backend", backend);
    json_text(j, "id", d->id);
    json_text(j, "kind", kind_of(d->kind));
    json_text(j, "name", d->name);
    json_text(j, "vendor", d->vendor);
    json_text(j, "driver", d->driver);
    json_array(j, "dtypes");
    for (uint32_t t = 0; t < VANE_DTYPE_COUNT; t++)
        if (d->dtypes >> t & 1)
            json_text(j, NULL, vane_dtype_name(t));
    json_close(j);
    json_features(j, "cpu_features", d->cpu_features);
    json_unsigned(j, "caps", d->caps);
    json_unsigned(j, "compute_units", d->compute_units);
    json_unsigned(j, "simd_bits", d->simd_bits);
    json_unsigned(j, "clock_mhz", d->clock_mhz);
    json_unsigned(j, "max_queues", d->max_queues);
    json_integer(j, "numa_node", d->numa_node);
    json_unsigned(j, "mem_total_bytes", d->mem_total_bytes);
    json_unsigned(j, "mem_free_bytes", d->mem_free_bytes);
    json_text(j, "health", healths[l->health % 3]);
    json_unsigned(j, "lost", l->lost);
    json_unsigned(j, "renewals", l->renewals);
    json_unsigned(j, "mem_align_bytes", d->mem_align_bytes);
    json_unsigned(j, "mem_max_alloc_bytes", d->mem_max_alloc_bytes);
    json_real(j, "link_bytes_per_ns", d->link_bytes_per_ns);
    json_real(j, "link_latency_ns", d->link_latency_ns);
    json_close(j);
}

static void json_devices(json *j, const vane_context *ctx)
{
    json_array(j, "devices");
    for (uint32_t i = 0; i < vane_device_count(ctx); i++) {
        const char *backend;
        vane_device_info d = {.struct_size = sizeof d};
        vane_device_load l = {.struct_size = sizeof l};
        if (vane_device_at(ctx, i, &d, &backend) == VANE_OK &&
            vane_device_load_get((vane_context *)(uintptr_t)ctx, i, &l) == VANE_OK)
            json_device(j, backend, &d, &l);
    }
    json_close(j);
}

static const char *verdict(const vane_report_line *line)
{
    if (line->is_folder)
        return line->status == VANE_OK ? "read" : "skipped";
    if (line->status == VANE_OK && strncmp(line->reason, "deferred:", 9) == 0)
        return "deferred";
    return line->status == VANE_OK ? "loaded" : "refused";
}

static void print_report(const vane_context *ctx)
{
    table t;
    puts("\nsearched, in this order");
    table_begin(&t, "lllll", "verdict|path|backend|why tried|what came of it");
    for (uint32_t i = 0; i < vane_report_count(ctx); i++) {
        vane_report_line line;
        char name[64];
        if (vane_report_at(ctx, i, &line) != VANE_OK)
            continue;
        snprintf(name, sizeof name, "%s%s%s", line.backend, line.version[0] ? " " : "",
                 line.version);
        table_cell(&t, "%s", verdict(&line));
        table_cell(&t, "%s%s", line.is_folder ? "" : "  ", line.path);
        table_cell(&t, "%s", name[0] ? name : "-");
        table_cell(&t, "%s", line.source);
        table_cell(&t, "%s", line.reason);
    }
    table_end(&t, stdout, 2);
}

static void json_report(json *j, const vane_context *ctx)
{
    json_array(j, "searched");
    for (uint32_t i = 0; i < vane_report_count(ctx); i++) {
        vane_report_line line;
        if (vane_report_at(ctx, i, &line) != VANE_OK)
            continue;
        json_object(j, NULL);
        json_text(j, "path", line.path);
        json_boolean(j, "folder", (int)line.is_folder);
        json_text(j, "verdict", verdict(&line));
        json_text(j, "status", vane_status_name(line.status));
        json_text(j, "backend", line.backend);
        json_text(j, "version", line.version);
        json_text(j, "source", line.source);
        json_text(j, "reason", line.reason);
        json_close(j);
    }
    json_close(j);
}

static void print_settings(void)
{
    int any = 0;
    puts("\nsettings in force");
    for (int i = 0; i < N_VARIABLES; i++) {
        const char *value = getenv(variables[i]);
        if (value && value[0])
            any = printf("  %s=%s\n", variables[i], value);
    }
    if (!any)
        puts("  the defaults; no VANE_ variable is set");
}

static void json_settings(json *j)
{
    json_object(j, "settings");
    for (int i = 0; i < N_VARIABLES; i++) {
        const char *value = getenv(variables[i]);
        json_text(j, variables[i], value && value[0] ? value : NULL);
    }
    json_close(j);
}

static void print_json(const vane_context *ctx, const vane_machine *m, const vane_host_load *load)
{
    json j;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_text(&j, "version", vane_version());
    json_unsigned(&j, "abi_major", VANE_ABI_MAJOR);
    json_unsigned(&j, "abi_minor", VANE_ABI_MINOR);
    json_machine(&j, m);
    load_json(&j, load);
    json_devices(&j, ctx);
    json_report(&j, ctx);
    json_settings(&j);
    json_end(&j);
}

int cmd_info(int argc, char **argv)
{
    args a = {.usage = "vane info [--json]",
              .about = "Prints the machine as Vane sees it, every device, every path searched for\n"
                       "plugins with its verdict, and the settings in force. Works, and says why,\n"
                       "when no backend could be loaded."};
    vane_context *ctx;
    vane_machine m = {.struct_size = sizeof m};
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    if (a.count)
        return cli_usage("info takes no arguments, got '%s'", a.item[0]);
    if ((rc = cli_open(&ctx, 1)))
        return rc;
    vane_host_load load = load_read(ctx);
    vane_backends_open(ctx); /* what waits to be needed would have nothing to show */
    if (vane_machine_get(ctx, &m) != VANE_OK) {
        rc = cli_error();
    } else if (a.json) {
        print_json(ctx, &m, &load);
    } else {
        printf("vane %s, plugin ABI %u.%u\n\n", vane_version(), VANE_ABI_MAJOR, VANE_ABI_MINOR);
        print_machine(&m);
        load_print(&load);
        print_devices(ctx);
        print_report(ctx);
        print_settings();
    }
    vane_close(ctx);
    return rc;
}
