/* SPDX-License-Identifier: MIT */
/* sequence_kit.h - for tests of sequences: one over the buffers of toy_streams.h, and what it must
 * leave there.
 */
#ifndef SEQUENCE_KIT_H
#define SEQUENCE_KIT_H

#include "toy_graphs.h"
#include "toy_streams.h"

static vane_sequence *seq;
static float x[N], y[N]; /* what a and b must hold */

static inline void setup_graphs(void)
{
    toy.extension = graphs_extension;
    memset(&graphs, 0, sizeof graphs);
    setup();
    for (int i = 0; i < N; i++) {
        x[i] = 1 + (float)i;
        y[i] = 5 + (float)i;
    }
}

static inline void teardown_graphs(void)
{
    toy_gate(0);
    vane_sequence_close(seq);
    seq = NULL;
    teardown();
    ck_assert_int_eq(graphs.live, 0);
    ck_assert_int_eq(graphs.wrong, 0);
}

static inline vane_plan *plan(uint32_t op, const vane_tensor *p, const vane_tensor *q,
                              vane_tensor *out)
{
    const vane_tensor *const in[] = {p, q};
    vane_plan *made;
    GOOD(vane_plan_open(ctx, op, in, q != NULL ? 2 : 1, &out, 1, NULL, &made));
    return made;
}

static inline vane_sequence *sequence_of(uint32_t n, vane_plan **plans)
{
    vane_sequence *made;
    GOOD(vane_sequence_open(ctx, plans, n, &made));
    for (uint32_t i = 0; i < n; i++)
        vane_plan_close(plans[i]);
    return made;
}

/* b = a + b, a = b - a, b = b + b: what it leaves depends on what was there, and on how often. */
static inline vane_sequence *three(void)
{
    vane_plan *plans[] = {plan(VANE_OP_ADD, &ta, &tb, &tb), plan(VANE_OP_SUB, &tb, &ta, &ta),
                          plan(VANE_OP_ADD, &tb, &tb, &tb)};
    return sequence_of(3, plans);
}

static inline void reckon(void)
{
    for (int i = 0; i < N; i++) {
        y[i] = x[i] + y[i];
        x[i] = y[i] - x[i];
        y[i] = y[i] + y[i];
    }
}

static inline void run(vane_stream *s)
{
    GOOD(vane_sequence_run(s, seq));
    reckon();
}

/* The first, with all that it brings along. */
static inline void warm(vane_stream *s)
{
    run(s);
    GOOD(vane_stream_wait(s));
}

static inline void expect(void)
{
    float got[N];
    GOOD(vane_buffer_read(ctx, a, 0, got, sizeof got));
    ck_assert_mem_eq(got, x, sizeof got);
    GOOD(vane_buffer_read(ctx, b, 0, got, sizeof got));
    ck_assert_mem_eq(got, y, sizeof got);
}

static inline void made(int records, int launches)
{
    ck_assert_int_eq(graphs.records, records);
    ck_assert_int_eq(graphs.launches, launches);
}

#endif
