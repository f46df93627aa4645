/* SPDX-License-Identifier: MIT */
/* schedule.c - what a description says about one moment, and work across several. */
#include "sim.h"

double sim_share(const sim_schedule *s, uint64_t at_ns)
{
    double share = 1;
    for (uint32_t i = 0; i < s->count && s->step[i].at_ns <= at_ns; i++)
        share = s->step[i].share;
    return share;
}

#define FAR 4e18 /* ns: sums of times stay within 64 bits */

uint64_t sim_finish(const sim_schedule *s, uint64_t begin_ns, double rated_ns)
{
    double at = (double)begin_ns, share = sim_share(s, begin_ns);
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->step[i].at_ns <= begin_ns)
            continue;
        double room = ((double)s->step[i].at_ns - at) * share;
        if (rated_ns <= room)
            break;
        rated_ns -= room;
        at = (double)s->step[i].at_ns;
        share = s->step[i].share;
    }
    /* from the beginning, so that short work keeps its digits behind a large begin_ns */
    double took = at - (double)begin_ns + (share > 0 ? rated_ns / share : 0);
    return begin_ns + (uint64_t)(took < FAR ? took + 0.5 : FAR);
}

static int is_within(const sim_window *w, uint64_t at_ns)
{
    return at_ns >= w->from_ns && at_ns < w->to_ns;
}

uint64_t sim_held_bytes(const sim_spec *s, uint64_t at_ns)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < s->n_held; i++)
        bytes += is_within(&s->held[i].when, at_ns) ? s->held[i].bytes : 0;
    return bytes;
}

static int is_hit(const sim_fault *f, uint32_t target)
{
    return f->target == target || f->target == SIM_ANY ||
           (f->target == SIM_LAUNCH && target < VANE_OP_COUNT);
}

const sim_fault *sim_fault_at(const sim_spec *s, uint32_t target, uint64_t at_ns)
{
    for (uint32_t i = 0; i < s->n_fault; i++)
        if (is_hit(&s->fault[i], target) && is_within(&s->fault[i].when, at_ns))
            return &s->fault[i];
    return NULL;
}

uint64_t sim_loss(const sim_spec *s, uint64_t after_ns, uint64_t before_ns)
{
    uint64_t first = UINT64_MAX;
    for (uint32_t i = 0; i < s->n_fault; i++) {
        const sim_fault *f = &s->fault[i];
        uint64_t at = f->when.from_ns;
        if (f->kind == SIM_LOST && f->target == SIM_ANY && at > after_ns && at < before_ns &&
            at < first)
            first = at;
    }
    return first;
}

vane_status sim_fault_status(sim_kind kind)
{
    static const vane_status statuses[] = {[SIM_LOST] = VANE_E_DEVICE_LOST,
                                           [SIM_DEVICE] = VANE_E_INTERNAL,
                                           [SIM_NOMEM] = VANE_E_NOMEM,
                                           [SIM_BUSY] = VANE_E_BUSY,
                                           [SIM_UNSUPPORTED] = VANE_E_UNSUPPORTED,
                                           [SIM_WRONG] = VANE_OK};
    return statuses[kind];
}
