/* SPDX-License-Identifier: MIT */
/* pipeline.h - dependent ops over a few operands, planned at random, with the oracle's answer.
 *
 * Only ops whose result is exact are in it, so that a long chain can be compared for equality.
 */
#ifndef CONFORM_PIPELINE_H
#define CONFORM_PIPELINE_H

#include "place.h"
#include "trial.h"

enum { CONFORM_SLOTS = 6, CONFORM_HELD = 4, CONFORM_STEPS = 64, CONFORM_EXACT = 16 };

/* The exact ops that the plugin has for this type and size, found out by asking it. */
typedef struct conform_exact {
    uint32_t dtype, count;
    int64_t side;
    vane_op_info op[CONFORM_EXACT];
    vane_op_info missing; /* one that it has no kernel for; its name is NULL: none */
} conform_exact;

void conform_exact_find(conform *c, uint32_t dtype, int64_t side, conform_exact *out);
/* One op on dense arrays of side x side, by this backend; out is made. */
vane_status conform_exact_run(conform *c, const char *backend, uint32_t op,
                              const conform_array *const *in, uint32_t n_in, conform_array *out);

typedef struct conform_slot {
    conform_array want; /* what it must hold at the end */
    conform_box box;
    conform_place place; /* of the first CONFORM_HELD; the others are host memory */
    vane_tensor t;
} conform_slot;

typedef struct conform_step {
    const vane_op_info *op;
    uint32_t in[2], out; /* slots */
} conform_step;

typedef struct conform_pipeline {
    conform *c;
    const conform_exact *exact;
    uint32_t n_slots, n_steps;
    conform_slot slot[CONFORM_SLOTS];
    conform_step step[CONFORM_STEPS];
} conform_pipeline;

/* Who runs it. */
typedef enum conform_mode {
    CONFORM_ONE,     /* one stream of a device */
    CONFORM_FENCED,  /* two streams, of two devices if there are, with fences between them */
    CONFORM_ORDERED, /* two streams without fences: buffers keep the order by themselves */
    CONFORM_MINGLED, /* two streams, the plugin at once, and the oracle at once */
    CONFORM_ROUTED,  /* a stream of any device */
    CONFORM_MODES
} conform_mode;
const char *conform_mode_name(conform_mode m);

/* Made and planned. 0: why says what failed. */
int conform_pipeline_open(conform_pipeline *p, conform *c, const conform_exact *exact,
                          uint32_t slots, uint32_t steps, char why[512]);
void conform_pipeline_close(conform_pipeline *p);
/* All is given without waiting where the mode allows it, then waited for. */
vane_status conform_pipeline_run(conform_pipeline *p, conform_mode mode, char why[512]);
/* Every operand is what the oracle has, and nothing else was written. */
int conform_pipeline_judge(conform_pipeline *p, char why[512]);

#endif
