/* SPDX-License-Identifier: MIT */
/* machine.c - vane_machine_get: all that detection found, in one struct. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "context.h"
#include "detect/cpu.h"
#include "error.h"

/* pthread_once hands nothing to its function, which runs on the thread that asks. */
static _Thread_local vane__topology *asked;

static void read_asked(void)
{
    vane__topology_read(asked);
}

static const vane__topology *topology_of(vane_context *ctx)
{
    asked = &ctx->topology;
    pthread_once(&ctx->topology_once, read_asked);
    return &ctx->topology;
}

static void fill_platform(vane_machine *m)
{
    struct utsname name;
    if (uname(&name) == 0)
        snprintf(m->platform, sizeof m->platform, "%.15s %.15s", name.sysname, name.machine);
}

static void fill_budget(const vane__budget *b, vane_machine *m)
{
    m->threads = b->threads;
    m->cpus_affinity = b->cpus_affinity;
    m->cpus_online = b->cpus_online;
    m->cpu_quota = b->cpu_quota;
    m->mem_total_bytes = b->mem_total_bytes;
    m->mem_limit_bytes = b->mem_limit_bytes;
}

/* hwloc's cache sizes where it has them, else what opening found. */
static void fill_topology(vane_context *ctx, vane_machine *m)
{
    const vane__topology *t = topology_of(ctx);
    m->packages = t->packages;
    m->cores = t->cores;
    m->numa_nodes = t->numa_nodes;
    m->l1d_bytes = (uint32_t)(t->l1d_bytes ? t->l1d_bytes : ctx->l1d_bytes);
    m->l2_bytes = (uint32_t)(t->l2_bytes ? t->l2_bytes : ctx->l2_bytes);
    m->l3_bytes = t->l3_bytes ? t->l3_bytes : ctx->l3_bytes;
    snprintf(m->topology_source, sizeof m->topology_source, "%s", t->source);
}

vane_status vane_machine_get(vane_context *ctx, vane_machine *out)
{
    vane_status status = vane__context_check(ctx);
    if (status != VANE_OK)
        return status;
    if (!out)
        return vane__fail(VANE_E_ARGUMENT, "machine: out is NULL, expected a vane_machine");
    if (out->struct_size < sizeof out->struct_size)
        return vane__fail(VANE_E_ARGUMENT,
                          "machine: struct_size is %u, expected sizeof(vane_machine), %zu",
                          out->struct_size, sizeof *out);
    uint32_t bytes = sizeof *out;
    if (out->struct_size < bytes)
        bytes = out->struct_size; /* an older caller */
    vane_machine m = {.struct_size = bytes,
                      .cpu_features = ctx->cpu_features,
                      .cpu_features_masked = ctx->cpu_features_masked};
    pthread_mutex_lock(&ctx->control);
    fill_budget(&ctx->budget_now, &m);
    pthread_mutex_unlock(&ctx->control);
    vane__cpu_name(m.cpu_name, sizeof m.cpu_name);
    fill_platform(&m);
    fill_topology(ctx, &m);
    memcpy(out, &m, bytes);
    return VANE_OK;
}
