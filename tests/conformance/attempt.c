/* SPDX-License-Identifier: MIT */
/* attempt.c - one run of the plugin on awkward memory, and everything that can be wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "place.h"
#include "trial.h"

typedef struct boxes {
    conform_box in[CONFORM_INPUTS], out;
    conform_place places[CONFORM_INPUTS + 1]; /* of operands in buffers; the output is the last */
    vane_tensor tensors[CONFORM_INPUTS];
    const vane_tensor *ins[CONFORM_INPUTS];
    vane_tensor out_tensor;
    uint32_t n_in, n_made;
    int has_out;
} boxes;

static void boxes_free(boxes *b)
{
    for (uint32_t i = 0; i <= b->n_in; i++)
        conform_place_close(&b->places[i]);
    for (uint32_t i = 0; i < b->n_made; i++)
        conform_box_free(&b->in[i]);
    if (b->has_out)
        conform_box_free(&b->out);
}

static int boxes_make(boxes *b, const conform_trial *t, const conform_attempt *a)
{
    for (uint32_t i = 0; i < t->n_in; i++, b->n_made++) {
        conform_layout l = conform_layout_of(a->layout, i, t->n_in + 1);
        if (!conform_box_make(&b->in[i], &t->in[i], l))
            return 0;
        conform_box_fill(&b->in[i], &t->in[i]);
        b->tensors[i] = b->in[i].t;
        b->ins[i] = &b->tensors[i];
    }
    if (!a->alias) {
        b->has_out =
            conform_box_make(&b->out, &t->want, conform_layout_of(a->layout, t->n_in, t->n_in + 1));
        b->out_tensor = b->out.t;
    }
    return a->alias || b->has_out;
}

/* Operand i into a buffer; every other time current on one of the plugin's devices already. */
static vane_status put(conform *c, boxes *b, uint32_t i, uint64_t lot)
{
    const int is_out = i == b->n_in;
    conform_place *p = &b->places[i];
    vane_status st = conform_place_open(c->ctx, p, is_out ? &b->out : &b->in[i], lot);
    if (st != VANE_OK)
        return st;
    *(is_out ? &b->out_tensor : &b->tensors[i]) = p->t;
    if (c->lanes.count > 0 && (lot >> 8 & 1))
        st = vane_buffer_prefetch(c->ctx, p->buffer, c->lanes.device[(lot >> 9) % c->lanes.count]);
    return st;
}

static vane_status buffers_make(conform *c, boxes *b, const conform_attempt *a)
{
    vane_status st = VANE_OK;
    conform_random r = a->way.lot;
    for (uint32_t i = 0; st == VANE_OK && i <= b->n_in; i++)
        if (conform_way_buffered(&a->way, i, b->n_in + 1) && !(i == b->n_in && a->alias))
            st = put(c, b, i, conform_next(&r) >> 8);
    return st;
}

static vane_status buffers_take(boxes *b)
{
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i <= b->n_in; i++)
        if (b->places[i].is_open)
            st = conform_place_take(&b->places[i]);
    return st;
}

static int memory_is_right(boxes *b, const conform_attempt *a, const conform_box *out,
                           char why[512])
{
    int64_t at;
    for (uint32_t i = 0; i < b->n_in; i++)
        if ((int)i != a->alias - 1 && !conform_box_intact(&b->in[i], 1, &at)) {
            snprintf(why, 512, "input %u was changed, at byte %" PRId64, i, at);
            return 0;
        }
    if (!conform_box_intact(out, 0, &at)) {
        snprintf(why, 512,
                 "wrote outside the output's elements, at byte %" PRId64 " from its first", at);
        return 0;
    }
    return 1;
}

static int judge(const conform_trial *t, boxes *b, const conform_attempt *a, conform_box *out,
                 char why[512])
{
    conform_array got;
    int right = 0;
    if (!memory_is_right(b, a, out, why))
        return 0;
    if (!conform_array_make(&got, t->want.t.dtype, t->want.t.rank, t->want.t.shape)) {
        snprintf(why, 512, "out of memory");
        return 0;
    }
    conform_box_read(out, &got);
    right = conform_agree(t, &got, why);
    if (a->got) {
        conform_array_free(a->got);
        *a->got = got;
    } else {
        conform_array_free(&got);
    }
    return right;
}

/* Has the plugin a kernel that could have taken this call? */
static int has_candidate(conform *c, const conform_trial *t, const boxes *b, vane_tensor *out)
{
    vane_decision d = {.struct_size = sizeof d};
    conform_attempt again = {.path = CONFORM_FORCED, .decision = &d};
    conform_call(c, t, b->ins, out, &again);
    for (uint32_t i = 0; i < d.count; i++)
        if (!strcmp(d.candidates[i].backend, c->plugin) &&
            (d.candidates[i].reason == VANE_REASON_ALIGNMENT ||
             d.candidates[i].reason == VANE_REASON_DECLINED))
            return 0;
        else if (!strcmp(d.candidates[i].backend, c->plugin))
            return 1;
    c->unsupported = 1;
    return 0;
}

/* 0: there is no kernel for it. */
static int run(conform *c, conform_trial *t, boxes *b, const conform_attempt *a, char why[512])
{
    conform_box *out = a->alias ? &b->in[a->alias - 1] : &b->out;
    if (a->alias)
        b->out_tensor = b->tensors[a->alias - 1];
    b->out_tensor.dtype = t->want.t.dtype; /* in place, the box has the input's */
    vane_status st = conform_call(c, t, b->ins, &b->out_tensor, a);
    if (st == VANE_E_UNSUPPORTED && !has_candidate(c, t, b, &b->out_tensor))
        return 0;
    if (st == VANE_OK)
        st = buffers_take(b);
    if (st == VANE_OK)
        judge(t, b, a, out, why);
    else
        snprintf(why, 512, "%s: %s", vane_status_name(st), vane_last_error()->message);
    return 1;
}

int conform_trial_attempt(conform *c, conform_trial *t, const conform_attempt *a, char why[512])
{
    boxes b = {.n_in = t->n_in};
    int ran = 1;
    why[0] = '\0';
    if (!boxes_make(&b, t, a))
        snprintf(why, 512, "out of memory");
    else if (a->way.buffers && buffers_make(c, &b, a) != VANE_OK)
        snprintf(why, 512, "buffers: %s", vane_last_error()->message);
    else
        ran = run(c, t, &b, a, why);
    boxes_free(&b);
    return ran;
}

/* ---- as a case ------------------------------------------------------------------- */

void conform_trial_check(conform *c, conform_trial *t, conform_layout layout)
{
    static const char *const names[CONFORM_PATHS] = {"", " (plain)", " (typed)", " (planned)"};
    char why[512], label[256], layout_text[64];
    uint32_t turn = c->turn++;
    conform_attempt a = {.layout = layout,
                         .way = conform_way_of(c->via, turn),
                         .path =
                             turn % 8 < CONFORM_PATHS ? (conform_path)(turn % 8) : CONFORM_FORCED};
    if (c->unsupported)
        return;
    int ran = conform_trial_attempt(c, t, &a, why);
    snprintf(layout_text, sizeof layout_text, "%s%s%s", conform_layout_name(layout), names[a.path],
             conform_way_name(&a.way));
    conform_trial_label(t, layout_text, label);
    if (c->unsupported)
        conform_skip(&c->report, "", "unsupported: the plugin has no kernel");
    else if (!ran)
        conform_skip(&c->report, label, "the kernel declines such a call");
    else if (why[0])
        conform_fail(&c->report, label, "%s", why);
    else
        conform_pass(&c->report, label);
}

static int makes_a_difference(const conform_trial *t, conform_layout l)
{
    uint32_t rank = t->want.t.rank, flat = 0;
    for (uint32_t i = 0; i < t->n_in; i++) {
        rank = t->in[i].t.rank > rank ? t->in[i].t.rank : rank;
        flat |= t->in[i].flat;
    }
    switch (l) {
    case CONFORM_DENSE:
    case CONFORM_OFFSET:
        return 1;
    case CONFORM_PADDED:
    case CONFORM_TURNED:
    case CONFORM_TURNED_OUT:
        return rank > 1;
    case CONFORM_ZERO:
        return flat != 0;
    default:
        return rank > 0;
    }
}

void conform_trial_layouts(conform *c, conform_trial *t, int few)
{
    for (conform_layout l = CONFORM_DENSE; l < CONFORM_LAYOUTS; l++) {
        if (!makes_a_difference(t, l) || (few && l > CONFORM_STRIDED))
            continue;
        if (c->options->quick && l != CONFORM_DENSE && l != CONFORM_MIXED &&
            l != CONFORM_REVERSED && l != CONFORM_TURNED && l != CONFORM_ZERO)
            continue;
        conform_trial_check(c, t, l);
    }
}
