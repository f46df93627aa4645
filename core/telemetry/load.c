/* SPDX-License-Identifier: MIT */
/* load.c - the two states and what it takes to go from one to the other. */
#include "telemetry/load.h"

static double enter_limit(uint32_t cpus)
{
    double share = cpus / 8.0;
    return share > VANE__LOAD_BUSY_CPUS ? share : VANE__LOAD_BUSY_CPUS;
}

static double leave_limit(uint32_t cpus)
{
    return enter_limit(cpus) * 5 / 8;
}

static void keep(vane__load *l, uint64_t span_ns, double others_cpus)
{
    l->ring[l->next].span_ns = span_ns;
    l->ring[l->next].others_cpus = others_cpus;
    l->next = (l->next + 1) % VANE__LOAD_KEPT;
    if (l->kept < VANE__LOAD_KEPT)
        l->kept++;
}

/* Is the mean of the newest readings that fill the window under the limit? Not while they do
 * not fill it. */
static int is_under(const vane__load *l, double limit)
{
    double sum = 0;
    uint64_t span = 0;
    for (uint32_t i = 1; i <= l->kept && span < VANE__LOAD_WINDOW_NS; i++) {
        uint32_t at = (l->next + VANE__LOAD_KEPT - i) % VANE__LOAD_KEPT;
        sum += l->ring[at].others_cpus * (double)l->ring[at].span_ns;
        span += l->ring[at].span_ns;
    }
    return span >= VANE__LOAD_WINDOW_NS && sum < limit * (double)span;
}

static void begin(vane__load *l, int doubt)
{
    l->doubt = doubt;
    l->doubt_ns = l->late_ns = 0;
    l->late_cpu_ns = 0;
}

/* True: load, and no spike. The reading that begins a doubt is no part of it: some of it may
 * have been calm. */
static int has_lasted(vane__load *l, uint64_t span_ns, double others_cpus, uint32_t cpus)
{
    double limit = enter_limit(cpus), cpu_ns = others_cpus * (double)span_ns;
    if (!l->doubt) {
        begin(l, others_cpus >= limit && cpu_ns >= VANE__LOAD_PROOF_NS);
        return 0;
    }
    if (l->doubt_ns >= VANE__LOAD_SPIKE_NS) {
        l->late_ns += span_ns;
        l->late_cpu_ns += cpu_ns;
    }
    l->doubt_ns += span_ns;
    if (l->late_cpu_ns >= VANE__LOAD_PROOF_NS && l->late_cpu_ns >= limit * (double)l->late_ns)
        return 1;
    if (is_under(l, leave_limit(cpus)))
        begin(l, 0);
    return 0;
}

static int change(vane__load *l, vane__load_state to)
{
    l->state = to;
    begin(l, 0);
    l->changes++;
    return 1;
}

int vane__load_step(vane__load *l, uint64_t span_ns, double others_cpus, uint32_t cpus)
{
    if (span_ns == 0 || span_ns > UINT64_MAX / 2 || cpus == 0 ||
        !(others_cpus >= -2.0 * cpus && others_cpus <= 2.0 * cpus))
        return 0;
    keep(l, span_ns, others_cpus);
    if (l->state == VANE__LOAD_CALM)
        return has_lasted(l, span_ns, others_cpus, cpus) && change(l, VANE__LOAD_BUSY);
    return is_under(l, leave_limit(cpus)) && change(l, VANE__LOAD_CALM);
}

uint64_t vane__load_period_ns(const vane__load *l)
{
    if (l->state == VANE__LOAD_BUSY)
        return VANE__LOAD_BUSY_NS;
    return l->doubt ? VANE__LOAD_DOUBT_NS : VANE__LOAD_CALM_NS;
}

void vane__load_forget(vane__load *l)
{
    l->kept = 0;
    begin(l, 0);
}
