/* SPDX-License-Identifier: MIT */
/* job.h - split a job over the slots and run a participant's part of it. */
#ifndef VANE__EXEC_JOB_H
#define VANE__EXEC_JOB_H

#include "exec/slot.h"

/* Fills everything but width, which becomes at most the number of pieces. */
void vane__job_plan(vane__job *job, uint32_t width, vane_range_fn fn, void *arg, uint64_t n,
                    uint64_t grain);
/* Gives each of job->width slots its share and the description. Nobody is told yet. */
void vane__job_deal(const vane__job *job, vane__slot *slots);
/* Runs slot me's share and then what can be stolen; returns when every share is empty.
 * Pieces may still be running elsewhere. */
void vane__job_run(const vane__job *job, vane__slot *slots, uint32_t me);

#endif
