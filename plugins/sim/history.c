/* SPDX-License-Identifier: MIT */
/* history.c - what the compute engine did lately and has before it, for telemetry. */
#include "sim.h"

#define WINDOW_NS UINT64_C(100000000) /* that "busy" looks back */
#define PAUSE_NS UINT64_C(1000000)    /* shorter ones are inside a span */

static void drop_done(vane_device *d, uint64_t now)
{
    while (d->n_pending > 0 && d->pending[d->first_pending] <= now) {
        d->first_pending = (d->first_pending + 1) % SIM_PENDING;
        d->n_pending--;
    }
}

void sim_history_add(vane_device *d, uint64_t begin_ns, uint64_t end_ns)
{
    sim_span *s = &d->span[d->last_span];
    drop_done(d, sim_now(d->backend));
    if (d->n_pending == SIM_PENDING) /* more than that are not counted */
        drop_done(d, d->pending[d->first_pending]);
    d->pending[(d->first_pending + d->n_pending++) % SIM_PENDING] = end_ns;
    if (begin_ns > s->end_ns + PAUSE_NS || s->end_ns == 0) {
        d->last_span = (d->last_span + 1) % SIM_SPANS;
        s = &d->span[d->last_span];
        *s = (sim_span){begin_ns, begin_ns, 0};
    }
    s->end_ns = end_ns > s->end_ns ? end_ns : s->end_ns;
    s->busy_ns += end_ns - begin_ns;
}

uint32_t sim_queued(vane_device *d, uint64_t now)
{
    drop_done(d, now);
    return d->n_pending;
}

uint32_t sim_busy_permille(const vane_device *d, uint64_t now)
{
    uint64_t since = now - d->backend->epoch_ns;
    uint64_t window = since < WINDOW_NS ? since : WINDOW_NS, from = now - window;
    double busy = 0;
    for (uint32_t i = 0; i < SIM_SPANS; i++) {
        const sim_span *s = &d->span[i];
        uint64_t begin = s->begin_ns > from ? s->begin_ns : from;
        uint64_t end = s->end_ns < now ? s->end_ns : now;
        if (begin < end)
            busy += (double)(end - begin) * (double)s->busy_ns / (double)(s->end_ns - s->begin_ns);
    }
    double permille = window > 0 ? busy / (double)window * 1000 : 0;
    return permille < 1000 ? (uint32_t)(permille + 0.5) : 1000;
}
