/* SPDX-License-Identifier: MIT */
/* graph.c - graphs of the fake device: copies of calls, submitted one by one. */
#include "fake.h"

#include <stdlib.h>

struct vane_graph {
    uint32_t n;
    struct {
        const vane_kernel *kernel;
        vane_call call;
        vane_params params;
    } step[];
};

static vane_status record(vane_queue *q, const vane_graph_call *calls, uint32_t n, vane_graph **out)
{
    vane_graph *g = calloc(1, sizeof *g + n * sizeof *g->step);
    if (g == NULL)
        return fake_fail(q->device->backend, VANE_E_NOMEM, "no memory for a graph");
    g->n = n;
    for (uint32_t i = 0; i < n; i++) {
        g->step[i].kernel = calls[i].kernel;
        g->step[i].call = *calls[i].call;
        if (calls[i].call->params != NULL)
            g->step[i].params = *calls[i].call->params;
        g->step[i].call.params = &g->step[i].params;
    }
    *out = g;
    return VANE_OK;
}

static vane_status launch(vane_queue *q, vane_graph *g, vane_event **out)
{
    vane_status st = VANE_OK;
    const uint32_t n = FAKE_DEFECT == FAKE_SHORT_GRAPH ? g->n - 1 : g->n;
    for (uint32_t i = 0; st == VANE_OK && i < n; i++)
        st = fake_launch(q, g->step[i].kernel, &g->step[i].call, i + 1 == n ? out : NULL);
    return st;
}

static void end(vane_queue *q, vane_graph *g)
{
    (void)q;
    free(g);
}

const vane_graphs fake_graphs = {
    .struct_size = sizeof fake_graphs, .record = record, .launch = launch, .close = end};
