/* SPDX-License-Identifier: MIT */
/* pipeline.c - a planned pipeline, run on streams, and judged. */
#include "pipeline.h"

#include <stdio.h>
#include <string.h>

/* Who does a step: one of the streams, or a call that waits. */
enum { FIRST, SECOND, PLUGIN, ORACLE };

typedef struct crew {
    conform_pipeline *p;
    vane_stream *stream[2];
} crew;

const char *conform_mode_name(conform_mode m)
{
    static const char *const names[CONFORM_MODES] = {"one stream", "two streams, fences",
                                                     "two streams, no fences", "streams and calls",
                                                     "stream of any device"};
    return names[m];
}

static vane_status crew_open(crew *w, conform_pipeline *p, conform_mode mode)
{
    const conform_lanes *l = &p->c->lanes;
    const uint64_t lot = conform_next(&p->c->random) >> 8;
    *w = (crew){.p = p};
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i < 2; i++) {
        uint32_t device =
            mode == CONFORM_ROUTED ? VANE_ANY_DEVICE : l->device[(lot + i) % l->count];
        if (i == 0 || (mode != CONFORM_ONE && mode != CONFORM_ROUTED))
            st = vane_stream_open(p->c->ctx, device, &w->stream[i]);
    }
    return st;
}

static vane_status do_step(crew *w, const conform_step *s, int who)
{
    conform_pipeline *p = w->p;
    const vane_tensor *const in[] = {&p->slot[s->in[0]].t, &p->slot[s->in[1]].t};
    vane_tensor *const out[] = {&p->slot[s->out].t};
    vane_options o = {.struct_size = sizeof o,
                      .backend = who == ORACLE ? p->c->oracle : p->c->plugin};
    if (who == FIRST || who == SECOND)
        return vane_run_async(w->stream[who], s->op->op, in, s->op->min_in, out, 1, NULL, NULL);
    return vane_run(p->c->ctx, s->op->op, in, s->op->min_in, out, 1, NULL, &o);
}

/* to goes on after all that from was given. */
static vane_status hand_over(vane_stream *from, vane_stream *to)
{
    vane_fence *fence;
    vane_status st = vane_stream_record(from, &fence);
    if (st != VANE_OK)
        return st;
    st = vane_stream_await(to, fence);
    vane_fence_close(fence);
    return st;
}

static int next_hand(conform_pipeline *p, conform_mode mode, int now)
{
    conform_random *r = &p->c->random;
    switch (mode) {
    case CONFORM_FENCED:
        return conform_below(r, 3) ? now : 1 - now;
    case CONFORM_ORDERED:
        return (int)conform_below(r, 2);
    case CONFORM_MINGLED:
        return (int)conform_below(r, 4);
    default:
        return FIRST;
    }
}

static vane_status give_all(crew *w, conform_mode mode)
{
    vane_status st = VANE_OK;
    int who = FIRST;
    for (uint32_t i = 0; st == VANE_OK && i < w->p->n_steps; i++) {
        int next = next_hand(w->p, mode, who);
        if (mode == CONFORM_FENCED && next != who)
            st = hand_over(w->stream[who], w->stream[next]);
        who = next;
        if (st == VANE_OK)
            st = do_step(w, &w->p->step[i], who);
    }
    return st;
}

vane_status conform_pipeline_run(conform_pipeline *p, conform_mode mode, char why[512])
{
    crew w;
    vane_status st = crew_open(&w, p, mode);
    if (st == VANE_OK)
        st = give_all(&w, mode);
    vane_error first = *vane_last_error();
    for (uint32_t i = 0; i < 2; i++) {
        vane_status waited = w.stream[i] ? vane_stream_wait(w.stream[i]) : VANE_OK;
        if (st == VANE_OK && waited != VANE_OK) {
            st = waited;
            first = *vane_last_error();
        }
    }
    for (uint32_t i = 0; i < 2; i++)
        vane_stream_close(w.stream[i]);
    for (uint32_t i = 0; st == VANE_OK && i < CONFORM_HELD; i++)
        if ((st = conform_place_take(&p->slot[i].place)) != VANE_OK)
            first = *vane_last_error();
    if (st != VANE_OK)
        snprintf(why, 512, "%s: %s", vane_status_name(st), first.message);
    return st;
}

/* ---- judgement ------------------------------------------------------------------- */

/* The last ops that made this slot, for whoever looks for the mistake. */
static void history(const conform_pipeline *p, uint32_t slot, char out[160])
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = p->n_steps, n = 0; i-- > 0 && n < 3;)
        if (p->step[i].out == slot && used < 140) {
            const conform_step *s = &p->step[i];
            used += (size_t)snprintf(out + used, 160 - used, "%sstep %u %s(%u,%u)", n ? ", " : "",
                                     i, s->op->name, s->in[0], s->in[1]);
            n++;
        }
}

static int slot_is_right(conform_pipeline *p, uint32_t i, char why[512])
{
    conform_slot *s = &p->slot[i];
    conform_trial t = {.info = p->exact->op[0], .dtype = p->exact->dtype, .want = s->want};
    conform_array got;
    char what[512] = "out of memory", made[160];
    int64_t at;
    int right = 0;
    t.info.op = VANE_OP_ADD; /* exact; and 0 may be -0 */
    t.info.ulp = 0;
    if (!conform_box_intact(&s->box, 0, &at)) {
        snprintf(what, sizeof what, "written outside its elements, at byte %lld from its first",
                 (long long)at);
    } else if (conform_array_make(&got, s->want.t.dtype, 2, s->want.t.shape)) {
        conform_box_read(&s->box, &got);
        right = conform_agree(&t, &got, what);
        conform_array_free(&got);
    }
    if (right)
        return 1;
    history(p, i, made);
    snprintf(why, 512, "operand %u%s, %.240s; made by %s", i,
             i < CONFORM_HELD ? " in a buffer" : "", what, made[0] ? made : "nobody");
    return 0;
}

int conform_pipeline_judge(conform_pipeline *p, char why[512])
{
    for (uint32_t i = 0; i < p->n_slots; i++)
        if (!slot_is_right(p, i, why))
            return 0;
    return 1;
}
