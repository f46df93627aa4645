/* SPDX-License-Identifier: MIT */
/* job.c - pieces dealt out in equal shares, run in shrinking runs, stolen by halves.
 *
 * Pieces are counted in 32 bits. A range of more pieces than that is cut into units of
 * several grains, which stay whole.
 */
#include "exec/job.h"

#include "exec/fpmode.h"

void vane__job_plan(vane__job *job, uint32_t width, vane_range_fn fn, void *arg, uint64_t n,
                    uint64_t grain)
{
    uint64_t pieces = n / grain + (n % grain != 0);
    uint64_t unit = grain;
    if (pieces > UINT32_MAX) {
        uint64_t fold = pieces / UINT32_MAX + (pieces % UINT32_MAX != 0);
        unit = grain * fold; /* below n, as pieces > UINT32_MAX >= fold: no overflow */
        pieces = n / unit + (n % unit != 0);
    }
    *job = (vane__job){.fn = fn,
                       .arg = arg,
                       .n = n,
                       .unit = unit,
                       .pieces = (uint32_t)pieces,
                       .width = width < pieces ? width : (uint32_t)pieces,
                       .fpmode = vane__fpmode_get()};
}

void vane__job_deal(const vane__job *job, vane__slot *slots)
{
    for (uint32_t i = 0; i < job->width; i++) {
        uint64_t lo = (uint64_t)job->pieces * i / job->width;
        uint64_t hi = (uint64_t)job->pieces * (i + 1) / job->width;
        vane__range_set(&slots[i].share, (uint32_t)lo, (uint32_t)hi);
        if (i > 0)
            slots[i].job = *job;
    }
}

static void run_pieces(const vane__job *job, uint32_t lo, uint32_t hi, uint32_t me)
{
    uint64_t end = hi == job->pieces ? job->n : hi * job->unit;
    job->fn(job->arg, lo * job->unit, end, me);
}

/* Half of the next share that has any, moved into the thief's own empty one, where others
 * can steal it again. Only its owner ever writes to an empty share. */
static int refill(const vane__job *job, vane__slot *slots, uint32_t me)
{
    uint32_t lo, hi;
    for (uint32_t i = 1; i < job->width; i++) {
        uint32_t victim = me + i < job->width ? me + i : me + i - job->width;
        if (vane__range_steal(&slots[victim].share, &lo, &hi)) {
            vane__range_set(&slots[me].share, lo, hi);
            return 1;
        }
    }
    return 0;
}

void vane__job_run(const vane__job *job, vane__slot *slots, uint32_t me)
{
    uint32_t lo, hi;
    __builtin_prefetch(&slots[me + 1 < job->width ? me + 1 : 0].share);
    do {
        while (vane__range_take(&slots[me].share, &lo, &hi))
            run_pieces(job, lo, hi, me);
    } while (refill(job, slots, me));
}
