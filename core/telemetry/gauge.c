/* SPDX-License-Identifier: MIT */
/* gauge.c - asks devices, and believes what can be. */
#include "telemetry/gauge.h"

#include "context.h"
#include "error.h"
#include "os.h"
#include "telemetry/clock.h"

#define SLOW_SHARE 50 /* a device that takes 1 ms is asked every 50 ms at most */

enum {
    MAX_QUEUED = 1 << 24,
    MAX_PERMILLE = 1000,
    MAX_MHZ = 100000,
    MAX_MW = 100000000, /* 100 kW */
    MIN_MC = -100000,
    MAX_MC = 200000
};

/* ---- judgement ----------------------------------------------------------------- */

/* The fields of said that can be true. */
static uint32_t believable(const vane_telemetry *said, uint64_t mem_total_bytes)
{
    uint32_t good = 0;
    if (mem_total_bytes == 0 || said->mem_free_bytes <= mem_total_bytes)
        good |= VANE_TELEMETRY_MEM;
    if (said->queued <= MAX_QUEUED)
        good |= VANE_TELEMETRY_QUEUED;
    if (said->busy_permille <= MAX_PERMILLE)
        good |= VANE_TELEMETRY_BUSY;
    if (said->clock_mhz > 0 && said->clock_mhz <= MAX_MHZ)
        good |= VANE_TELEMETRY_CLOCK;
    if (said->power_mw <= MAX_MW)
        good |= VANE_TELEMETRY_POWER;
    if (said->temp_mc >= MIN_MC && said->temp_mc <= MAX_MC)
        good |= VANE_TELEMETRY_TEMP;
    if (said->throttled <= 1)
        good |= VANE_TELEMETRY_THROTTLED;
    return good & said->valid;
}

static void merge(vane_telemetry *last, const vane_telemetry *said, uint32_t fields)
{
    if (fields & VANE_TELEMETRY_MEM)
        last->mem_free_bytes = said->mem_free_bytes;
    if (fields & VANE_TELEMETRY_QUEUED)
        last->queued = said->queued;
    if (fields & VANE_TELEMETRY_BUSY)
        last->busy_permille = said->busy_permille;
    if (fields & VANE_TELEMETRY_CLOCK)
        last->clock_mhz = said->clock_mhz;
    if (fields & VANE_TELEMETRY_POWER)
        last->power_mw = said->power_mw;
    if (fields & VANE_TELEMETRY_TEMP)
        last->temp_mc = said->temp_mc;
    if (fields & VANE_TELEMETRY_THROTTLED)
        last->throttled = said->throttled;
    last->valid |= fields;
    last->when_ns = said->when_ns;
}

static int is_timely(const vane__gauge_reading *g, uint64_t when_ns, uint64_t now_ns)
{
    return when_ns >= g->last.when_ns && when_ns <= now_ns + VANE__GAUGE_AHEAD_NS &&
           when_ns + VANE__GAUGE_STALE_NS >= now_ns;
}

void vane__gauge_take(vane__gauge_reading *g, const vane_telemetry *said, uint64_t now_ns,
                      uint64_t mem_total_bytes)
{
    if (said->valid == 0) {
        g->missing++;
        return;
    }
    if (!is_timely(g, said->when_ns, now_ns)) {
        g->lies++;
        return;
    }
    uint32_t good = believable(said, mem_total_bytes);
    g->lies += (uint32_t)__builtin_popcount(said->valid & ~good);
    merge(&g->last, said, good);
    for (uint32_t i = 0; i < VANE__GAUGE_FIELDS; i++)
        if (good >> i & 1)
            g->good_ns[i] = said->when_ns;
    g->answers += good != 0;
}

/* ---- asking -------------------------------------------------------------------- */

/* What takes long is the machine's time, whatever clock the device stamps by. */
static vane_status ask(vane__device *d, vane_telemetry *said)
{
    vane__gauge *g = &d->gauge;
    vane_error kept = *vane_last_error();
    uint64_t start = vane__now_ns();
    *said = (vane_telemetry){.struct_size = sizeof *said};
    vane_status status = d->backend->vt.telemetry(d->handle, said);
    uint64_t end = vane__now_ns();
    g->ask_ns = end + (end - start) * SLOW_SHARE;
    vane__error_restore(&kept);
    return status;
}

/* The fields that were good in the answer of when_ns. */
static uint32_t fresh_of(const vane__gauge_reading *g, uint64_t when_ns)
{
    uint32_t fields = 0;
    for (uint32_t i = 0; i < VANE__GAUGE_FIELDS; i++)
        fields |= (uint32_t)(g->good_ns[i] == when_ns && (g->last.valid >> i & 1)) << i;
    return fields;
}

int vane__gauge_ask(vane__device *d, uint64_t now_ns)
{
    vane__gauge *g = &d->gauge;
    vane_telemetry said;
    vane_context *ctx = d->backend->ctx;
    if (g->mute || vane__now_ns() < g->ask_ns || vane__device_lost(d) ||
        atomic_load(&d->orphaned) || atomic_load(&d->wedged))
        return 0;
    vane_status status = ask(d, &said);
    if (status == VANE_OK) {
        uint64_t now = vane__clock_now(ctx); /* it was stamped after now_ns */
        vane__gauge_take(&g->own, &said, now > now_ns ? now : now_ns, d->info.mem_total_bytes);
        vane__power_listen(d, &said, fresh_of(&g->own, said.when_ns));
        return 1;
    }
    g->mute = status == VANE_E_UNSUPPORTED;
    g->own.missing++;
    return 0;
}

void vane__gauge_publish(vane__device *d)
{
    vane__board_write(&d->gauge.sequence, d->gauge.words, &d->gauge.own, sizeof d->gauge.own);
}

int vane__gauge_look(vane__device *d, vane__gauge_reading *out)
{
    return vane__board_read(&d->gauge.sequence, d->gauge.words, out, sizeof *out);
}
