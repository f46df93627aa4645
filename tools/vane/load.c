/* SPDX-License-Identifier: MIT */
/* load.c - what the machine is doing, for vane info. */
#include "load.h"

#include <stdio.h>
#include <time.h>

#include "text.h"

/* Rates are differences: a reading, some time, a reading. */
vane_host_load load_read(vane_context *ctx)
{
    struct timespec t = {0, 50000000};
    vane_host_load l = {.struct_size = sizeof l};
    if (vane_host_load_get(ctx, &l) == VANE_OK && (l.valid & VANE_HOST_CPUS) &&
        !(l.valid & VANE_HOST_USE)) {
        nanosleep(&t, NULL);
        vane_host_load_get(ctx, &l);
    }
    return l;
}

void load_print(const vane_host_load *l)
{
    printf("  %-10s  ", "load");
    if (l->valid & VANE_HOST_CPUS)
        printf("%u CPUs", l->cpus);
    else
        printf("unknown");
    if (l->valid & VANE_HOST_USE)
        printf(": others use %.1f, this process %.1f", l->others_cpus, l->own_cpus);
    if (l->valid & VANE_HOST_CPU_PRESSURE)
        printf("; waits for CPUs %.1f %%", l->cpu_pressure_percent);
    if (l->valid & VANE_HOST_MEM_PRESSURE)
        printf(", for memory %.1f %%", l->mem_pressure_percent);
    if (l->valid & VANE_HOST_MEM)
        printf("; %s available", text_bytes((double)l->mem_available_bytes).s);
    putchar('\n');
}

static void json_number(json *j, const char *key, int valid, double value)
{
    if (valid)
        json_real(j, key, value);
    else
        json_text(j, key, NULL);
}

void load_json(json *j, const vane_host_load *l)
{
    json_object(j, "load");
    json_number(j, "cpus", l->valid & VANE_HOST_CPUS, l->cpus);
    json_number(j, "others_cpus", l->valid & VANE_HOST_USE, l->others_cpus);
    json_number(j, "own_cpus", l->valid & VANE_HOST_USE, l->own_cpus);
    json_number(j, "cpu_pressure_percent", l->valid & VANE_HOST_CPU_PRESSURE,
                l->cpu_pressure_percent);
    json_number(j, "mem_pressure_percent", l->valid & VANE_HOST_MEM_PRESSURE,
                l->mem_pressure_percent);
    json_number(j, "mem_available_bytes", l->valid & VANE_HOST_MEM, (double)l->mem_available_bytes);
    json_number(j, "group_mem_bytes", l->valid & VANE_HOST_GROUP_MEM, (double)l->group_mem_bytes);
    json_unsigned(j, "lies", l->lies);
    json_unsigned(j, "missing", l->missing);
    json_close(j);
}
