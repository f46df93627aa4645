/* SPDX-License-Identifier: MIT */
/* rapl.c - the energy that the CPU's packages used, by the counters of Linux (powercap). Since 2020
 * only root may read them where nobody allowed it otherwise. */
#include <limits.h>
#include <stdio.h>

#include "os.h"
#include "telemetry/power.h"
#include "telemetry/proc.h"

#define MOST_MW 10000000.0 /* of all packages: beyond it the counters lie */

static int read_one(const char *root, uint32_t package, const char *name, uint64_t *out)
{
    char path[PATH_MAX], text[64];
    return snprintf(path, sizeof path, "%s/sys/class/powercap/intel-rapl:%u/%s", root, package,
                    name) < PATH_MAX &&
           vane__read_text(path, text, sizeof text) == 0 && vane__proc_number(text, out);
}

/* A counter begins anew behind its range. 0: it cannot be. */
static int passed(const char *root, uint32_t package, uint64_t was, uint64_t now, uint64_t *out)
{
    uint64_t range;
    *out = now - was;
    if (now >= was)
        return 1;
    if (!read_one(root, package, "max_energy_range_uj", &range) || range < was)
        return 0;
    *out = range - was + now;
    return 1;
}

uint32_t vane__rapl_step(vane__rapl *r, const char *root, uint64_t now_ns)
{
    vane__rapl now = {.since_ns = now_ns};
    uint64_t sum = 0, part = 0;
    int good = r->since_ns != 0 && now_ns > r->since_ns;
    while (now.packages < VANE__PACKAGES &&
           read_one(root, now.packages, "energy_uj", &now.uj[now.packages]))
        now.packages++;
    good = good && now.packages > 0 && now.packages == r->packages;
    for (uint32_t i = 0; good && i < now.packages; i++) {
        good = passed(root, i, r->uj[i], now.uj[i], &part);
        sum += part;
    }
    double mw = good ? (double)sum / (double)(now_ns - r->since_ns) * 1e6 : 0;
    *r = now;
    return mw <= MOST_MW ? (uint32_t)mw : 0;
}
