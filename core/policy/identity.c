/* SPDX-License-Identifier: MIT */
/* identity.c - what makes times comparable, as a line of text and its hash. */
#include "policy/identity.h"

#include <stdio.h>
#include <string.h>

#include "detect/cpu.h"
#include "os.h"
#include "policy/build_id.h"
#include "policy/hash.h"

/* ---- the machine ------------------------------------------------------------------------ */

/* Hardware threads of one core; 0 unknown. The list is "0-1" or "0,64". */
static uint32_t threads_per_core(void)
{
    char text[256];
    uint32_t n = 0;
    if (vane__read_text("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", text,
                        sizeof text) != 0)
        return 0;
    for (const char *at = text; *at >= '0' && *at <= '9';) {
        unsigned first = 0, last = 0;
        int used = 0, fields = sscanf(at, "%u-%u%n", &first, &last, &used);
        if (fields < 2 && sscanf(at, "%u%n", &first, &used) == 1)
            last = first;
        n += last >= first ? last - first + 1 : 0;
        at += used + (at[used] == ',');
    }
    return n;
}

static uint32_t log2_of(uint64_t n)
{
    return n == 0 ? 0 : 63 - (uint32_t)__builtin_clzll(n);
}

void vane__identity_machine(const vane_context *ctx, vane__identity *out)
{
    char cpu[96], build[VANE__BUILD_ID_TEXT];
    const vane__budget *b = &ctx->budget;
    vane__cpu_signature(cpu, sizeof cpu);
    vane__build_id((const void *)(uintptr_t)vane__identity_machine, build);
    snprintf(out->text, sizeof out->text,
             "%s; features %llx; caches %llu %llu %llu; %u of %u CPUs, %u threads a core; quota "
             "%.2f; memory 2^%u; %u threads; libvane %s",
             cpu, (unsigned long long)ctx->cpu_features, (unsigned long long)ctx->l1d_bytes,
             (unsigned long long)ctx->l2_bytes, (unsigned long long)ctx->l3_bytes, b->cpus_affinity,
             b->cpus_online, threads_per_core(), b->cpu_quota, log2_of(b->mem_limit_bytes),
             vane__pool_max(ctx->pool), build);
    out->hash = vane__hash_text(VANE__HASH_SEED, out->text);
}

/* ---- code --------------------------------------------------------------------------------- */

uint64_t vane__identity_code(const void *address)
{
    char build[VANE__BUILD_ID_TEXT];
    if (address == NULL || !vane__build_id(address, build))
        return 0;
    return vane__hash_text(VANE__HASH_SEED, build) | 1; /* 0 is unknown */
}

/* Its table's functions are in the backend's file even where its entry is made at run time. */
static uint64_t stamp_of(const vane__backend *b, const vane__device *d)
{
    uint64_t h = vane__identity_code((const void *)(uintptr_t)b->vt.kernel);
    if (h == 0)
        return 0;
    h = vane__hash_text(h, b->entry->name);
    h = vane__hash_text(h, b->entry->version);
    h = vane__hash_text(h, d->info.id);
    h = vane__hash_text(h, d->info.name);
    return vane__hash_text(h, d->info.driver) | 1;
}

void vane__identity_devices(vane_context *ctx)
{
    uint32_t n = atomic_load_explicit(&ctx->registry.count, memory_order_acquire);
    for (uint32_t i = 0; i < n; i++) {
        vane__backend *b = ctx->registry.backends[i];
        for (uint32_t k = 0; k < b->device_count; k++)
            if (atomic_load_explicit(&b->devices[k].stamp, memory_order_relaxed) == 0)
                atomic_store(&b->devices[k].stamp, stamp_of(b, &b->devices[k]));
    }
}
