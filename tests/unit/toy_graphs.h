/* SPDX-License-Identifier: MIT */
/* toy_graphs.h - for tests of sequences: the toy with graphs (vane/graph.h), which counts what it
 * is asked for and fails when told to.
 */
#ifndef TOY_GRAPHS_H
#define TOY_GRAPHS_H

#include "toy_streams.h"
#include "vane/graph.h"

struct vane_graph {
    vane_queue *queue;
    uint32_t n;
    vane_call calls[];
};

static struct {
    int records, launches, live;          /* records: those that succeeded */
    vane_status fail_record, fail_launch; /* what the next is answered */
    int fails;                            /* and how many */
} graphs;

static inline int graphs_fails(vane_status st)
{
    if (st == VANE_OK || graphs.fails == 0)
        return 0;
    graphs.fails--;
    return 1;
}

static inline vane_status graphs_record(vane_queue *q, const vane_graph_call *list, uint32_t n,
                                        vane_graph **out)
{
    if (graphs_fails(graphs.fail_record))
        return toy_fail(graphs.fail_record, "the toy records nothing");
    vane_graph *g = malloc(sizeof *g + n * sizeof *g->calls);
    if (g == NULL)
        return toy_fail(VANE_E_NOMEM, "no memory for a graph");
    g->queue = q;
    g->n = n;
    for (uint32_t i = 0; i < n; i++)
        memcpy(&g->calls[i], list[i].call,
               offsetof(vane_call, arg) + list[i].call->n_arg * sizeof(vane_view));
    graphs.records++;
    graphs.live++;
    *out = g;
    return VANE_OK;
}

static inline vane_status graphs_launch(vane_queue *q, vane_graph *g, vane_event **out)
{
    ck_assert_ptr_eq(g->queue, q);
    if (graphs_fails(graphs.fail_launch))
        return toy_fail(graphs.fail_launch, "the toy launches nothing");
    for (uint32_t i = 0; i < g->n; i++) {
        vane_status st = toy_submit(q, &(toy_command){.computes = 1, .call = g->calls[i]},
                                    i + 1 == g->n ? out : NULL);
        ck_assert_int_eq(st, VANE_OK);
    }
    graphs.launches++;
    return VANE_OK;
}

static inline void graphs_close(vane_queue *q, vane_graph *g)
{
    ck_assert_ptr_eq(g->queue, q);
    graphs.live--;
    free(g);
}

static const vane_graphs toy_graphs = {.struct_size = sizeof toy_graphs,
                                       .record = graphs_record,
                                       .launch = graphs_launch,
                                       .close = graphs_close};

static inline const void *graphs_extension(const char *id)
{
    return strcmp(id, VANE_GRAPHS) == 0 ? &toy_graphs : NULL;
}

/* ---- a sequence over a and b, and what it must leave there --------------------------- */

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
