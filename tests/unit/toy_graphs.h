/* SPDX-License-Identifier: MIT */
/* toy_graphs.h - for tests of sequences: the toy with graphs (vane/graph.h), which counts what it
 * is asked for and fails when told to.
 */
#ifndef TOY_GRAPHS_H
#define TOY_GRAPHS_H

#include "toy_kit.h"
#include "vane/graph.h"

struct vane_graph {
    vane_queue *queue;
    uint32_t n;
    vane_call calls[];
};

static struct {
    int wrong;                            /* a graph on a queue that is not its own */
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

/* All of its commands, or none: the check library must not be asked, it allocates. */
static inline toy_command *graphs_commands(const vane_graph *g, toy_command **last)
{
    toy_command *first = NULL, *next;
    uint32_t n = 0;
    for (toy_command *c; n < g->n && (c = malloc(sizeof *c)) != NULL; n++) {
        *c = (toy_command){.computes = 1, .call = g->calls[g->n - 1 - n], .next = first};
        *last = first == NULL ? c : *last;
        first = c;
    }
    if (n == g->n)
        return first;
    for (; first != NULL; first = next) {
        next = first->next;
        free(first);
    }
    return NULL;
}

static inline vane_status graphs_launch(vane_queue *q, vane_graph *g, vane_event **out)
{
    toy_command *last = NULL;
    graphs.wrong += g->queue != q;
    if (graphs_fails(graphs.fail_launch))
        return toy_fail(graphs.fail_launch, "the toy launches nothing");
    vane_event *e = out != NULL ? calloc(1, sizeof *e) : NULL;
    toy_command *first = out == NULL || e != NULL ? graphs_commands(g, &last) : NULL;
    if (first == NULL) {
        free(e);
        return toy_fail(VANE_E_NOMEM, "no memory for commands");
    }
    pthread_mutex_lock(&toy.lock);
    if (e != NULL) {
        e->references = 2;
        toy.events++;
        *out = last->event = e;
    }
    *(q->last != NULL ? &q->last->next : &q->first) = first;
    q->last = last;
    toy.launches += (int)g->n;
    pthread_cond_broadcast(&toy.changed);
    pthread_mutex_unlock(&toy.lock);
    graphs.launches++;
    return VANE_OK;
}

static inline void graphs_close(vane_queue *q, vane_graph *g)
{
    graphs.wrong += g->queue != q;
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

#endif
