/* SPDX-License-Identifier: MIT */
/* check.h - what the files of a check share. */
#ifndef VANE__POLICY_CHECK_H
#define VANE__POLICY_CHECK_H

#include "op/tolerance.h"
#include "policy/oracle.h"
#include "policy/verify.h"

struct vane__sums;

/* The answer to a part of the call. */
typedef struct vane__piece {
    uint32_t part;
    uint32_t dim;         /* it is a range of this dimension; VANE__ALL_DIMS: the whole part */
    int64_t outer;        /* which of the dimensions before, in row-major order */
    int64_t start, count; /* the range */
    uint64_t want;        /* bytes into the check's answers */
    uint64_t elements;
} vane__piece;
#define VANE__ALL_DIMS UINT32_MAX

struct vane__check {
    vane__prepared p; /* over the tensors below: it needs nothing of the caller's but inputs */
    vane_params params;
    vane_tensor *in, out; /* in: copies. out: dense, at VANE__CHECK_BASE, where nothing is */
    const vane_tensor **ins;
    vane_tensor *outs[1];
    vane__runner oracle;
    vane__tolerance tolerance;
    uint64_t of;   /* elements of the output */
    uint64_t seed; /* of what is chosen at random */
    vane__piece *pieces;
    uint64_t n_pieces;
    void *answers;
    struct vane__sums *sums; /* NULL: pieces */
};

/* Views of the output lead here: their offsets are those of a dense output. */
#define VANE__CHECK_BASE ((void *)(uintptr_t)4096)
static inline uint64_t vane__check_offset(const vane_view *out)
{
    return (uint64_t)((uintptr_t)out->data - (uintptr_t)VANE__CHECK_BASE);
}

/* A generator's next 64 bits (SplitMix64; Steele, Lea, Flood 2014). */
static inline uint64_t vane__random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
/* Number i of n distinct numbers below total, rising, spread at random; the last is total - 1. */
uint64_t vane__spread(uint64_t *state, uint64_t i, uint64_t n, uint64_t total);

/* ---- pieces.c ---- */

/* How many elements of the output the budget pays for; unit_ns each. */
typedef struct vane__pay {
    double elements, unit_ns;
} vane__pay;
/* Chooses the pieces; their number, and what they hold. pieces NULL: only counts. */
uint64_t vane__pieces_choose(const vane__check *c, const vane__pay *pay, vane__piece *pieces,
                             uint64_t *elements);
/* The oracle's answers, and the memory for both. */
vane_status vane__pieces_open(vane__check *c, const vane__pay *pay);
/* The call of a piece; its output's view is of the dense output. */
void vane__piece_call(const vane__check *c, const vane__piece *piece, vane_call *call);
/* Dimensions of the output that can be cut without changing what an element is. */
uint32_t vane__free_dims(vane__rule rule, const vane_call *call);

/* ---- compare.c ---- */

/* The elements of a call's output: out, the whole dense output, against want, dense in the
 * call's own order. 0: one is wrong, and the finding has it. */
int vane__compare(const vane__check *c, const vane_call *call, const void *want, const void *out,
                  vane__finding *f);

/* ---- freivalds.c ---- */

vane_status vane__sums_open(vane__check *c, double budget_ns);
double vane__sums_cost_ns(const vane__check *c, double budget_ns);
void vane__sums_close(struct vane__sums *s);
int vane__sums_result(const vane__check *c, const void *out, vane__finding *f); /* suspects.c */

#endif
