/* SPDX-License-Identifier: MIT */
/* replays.c - a few random ops as a sequence (vane_sequence), run several times on a stream, with
 * waits and other writes between, or none. */
#include <stdlib.h>
#include <string.h>

#include "world.h"

enum { TASKS = 4 };

/* ---- its model: all of a run, or nothing of it ------------------------------------------------
 */

static float *remember(const world *w)
{
    size_t n = 0;
    for (uint32_t i = 0; i < PLACES; i++)
        n += w->places[i].count;
    float *kept = malloc((n + 1) * sizeof *kept), *at = kept;
    for (uint32_t i = 0; kept != NULL && i < PLACES; at += w->places[i].count, i++)
        memcpy(at, w->places[i].model, w->places[i].count * sizeof *at);
    return kept;
}

static void restore(world *w, const float *at)
{
    for (uint32_t i = 0; i < PLACES; at += w->places[i].count, i++)
        memcpy(w->places[i].model, at, w->places[i].count * sizeof *at);
}

/* 0: it would not be exact. */
static int model_all(world *w, const task *t, uint32_t n)
{
    float result[MOST * 2], *kept = remember(w);
    int exact = kept != NULL;
    for (uint32_t i = 0; exact && i < n; i++) {
        exact = model_run(w, &t[i], result);
        if (exact)
            model_store(w, &t[i].out, result);
    }
    if (!exact && kept != NULL)
        restore(w, kept);
    free(kept);
    return exact;
}

/* ---- asked of Vane -------------------------------------------------------------------------- */

static vane_status plan_of(const world *w, const task *t, vane_plan **plan)
{
    vane_tensor tensors[3], result = view_tensor(w, &t->out);
    const vane_tensor *in[3] = {&tensors[0], &tensors[1], &tensors[2]};
    vane_tensor *out[1] = {&result};
    for (uint32_t i = 0; i < t->n_in; i++)
        tensors[i] = view_tensor(w, &t->in[i]);
    return vane_plan_open(w->m->ctx, t->op, in, t->n_in, out, 1, t->has_params ? &t->params : NULL,
                          plan);
}

static vane_sequence *sequence_of(world *w, const task *t, uint32_t n)
{
    vane_plan *plans[TASKS] = {NULL};
    vane_sequence *q = NULL;
    int all = 1;
    for (uint32_t i = 0; all && i < n; i++)
        all = good(w, plan_of(w, &t[i], &plans[i]), "plan_open");
    if (all)
        good(w, vane_sequence_open(w->m->ctx, plans, n, &q), "sequence_open");
    for (uint32_t i = 0; i < n; i++)
        vane_plan_close(plans[i]);
    return q;
}

/* Whether it was given. */
static int run(world *w, vane_sequence *q, const task *t, uint32_t n, uint32_t s)
{
    if (!model_all(w, t, n))
        return 0;
    tell(w, "    a run on stream %u\n", s);
    if (!good(w, vane_sequence_run(w->lanes[s].stream, q), "sequence_run"))
        return 0;
    for (uint32_t i = 0; i < n; i++)
        order_given(w, s);
    return 1;
}

void step_replay(world *w)
{
    task t[TASKS];
    uint32_t n = 0, s = below(&w->r, STREAMS), other = one_in(&w->r, 3) ? below(&w->r, STREAMS) : s;
    for (uint32_t tries = 0; n < TASKS && tries < 8; tries++)
        n += (uint32_t)task_random(w, &t[n], s);
    if (n == 0 || w->lanes[other].device != w->lanes[s].device)
        return;
    tell(w, "a sequence of %u:\n", n);
    for (uint32_t i = 0; i < n; i++) {
        tell(w, "  op %u\n", t[i].op);
        for (uint32_t k = 0; k < t[i].n_in; k++)
            view_tell(w, "in", &t[i].in[k]);
        view_tell(w, "out", &t[i].out);
    }
    vane_sequence *q = sequence_of(w, t, n);
    int goes_on = q != NULL;
    for (uint32_t i = 2 + below(&w->r, 5); goes_on && !w->failed && i > 0; i--) {
        uint32_t on = one_in(&w->r, 3) ? other : s;
        goes_on = run(w, q, t, n, on);
        if (goes_on && one_in(&w->r, 2))
            goes_on = good(w, vane_stream_wait(w->lanes[on].stream), "wait between runs");
    }
    vane_sequence_close(q);
}
