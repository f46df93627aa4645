/* SPDX-License-Identifier: MIT */
/* tally.h - a table of calls that were alike, and how many. Its owner locks it. */
#ifndef VANE__TELEMETRY_TALLY_H
#define VANE__TELEMETRY_TALLY_H

#include <stdint.h>

struct vane__op;

typedef struct vane__tally {
    const struct vane__op *op; /* NULL: a free slot */
    const void *who;           /* the vane__device, vane__stats_program, or NULL: nobody */
    uint32_t dtype, width;
    uint64_t calls, failures, ns; /* of all calls; trials beside them are not in it */
    double flops, bytes;          /* of those that succeeded */
} vane__tally;

/* Open addressing; {0} is an empty one. */
typedef struct vane__tallies {
    vane__tally *slots;
    uint32_t room, used; /* room: 0 or a power of two */
    uint32_t last;       /* the slot of the last call: the next is often alike */
    uint64_t uncounted;  /* calls for which there was no memory */
} vane__tallies;

void vane__tallies_count(vane__tallies *t, const vane__tally *one);
void vane__tallies_clear(vane__tallies *t);
void vane__tallies_free(vane__tallies *t);

#endif
