/* SPDX-License-Identifier: MIT */
/* pipeline_plan.c - which ops a pipeline can use, and a random plan with its right answer. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "groups.h"
#include "pipeline.h"
#include "value.h"

enum { LEAST_STEPS = 6 }; /* multiplying alone goes out of range soon */

/* ---- ops ------------------------------------------------------------------------- */

vane_status conform_exact_run(conform *c, const char *backend, uint32_t op,
                              const conform_array *const *in, uint32_t n_in, conform_array *out)
{
    const vane_tensor *const ins[] = {&in[0]->t, &in[n_in - 1]->t};
    vane_tensor *const outs[] = {&out->t};
    vane_options o = {.struct_size = sizeof o, .backend = backend};
    if (!conform_array_make(out, in[0]->t.dtype, in[0]->t.rank, in[0]->t.shape))
        return VANE_E_NOMEM;
    return vane_run(c->ctx, op, ins, n_in, outs, 1, NULL, &o);
}

void conform_exact_find(conform *c, uint32_t dtype, int64_t side, conform_exact *out)
{
    static const uint32_t ops[] = {VANE_OP_ADD,  VANE_OP_SUB,      VANE_OP_MUL, VANE_OP_MAX,
                                   VANE_OP_MIN,  VANE_OP_ABS,      VANE_OP_NEG, VANE_OP_RELU,
                                   VANE_OP_COPY, VANE_OP_TRANSPOSE};
    conform_array x = {0}, y = {0};
    *out = (conform_exact){.dtype = dtype, .side = side};
    if (!conform_array_make(&x, dtype, 2, (int64_t[]){side, side}))
        return;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        const conform_array *const in[] = {&x, &x};
        vane_op_info *info = &out->op[out->count];
        if (vane_op_at(c->ctx, ops[i], info) != VANE_OK || !(info->dtypes >> dtype & 1) ||
            !conform_wanted(c, info->name, dtype))
            continue;
        vane_status st = conform_exact_run(c, c->plugin, ops[i], in, info->min_in, &y);
        if (st == VANE_E_UNSUPPORTED)
            out->missing = *info;
        out->count += st == VANE_OK; /* another failure is the kernels group's */
        conform_array_free(&y);
    }
    conform_array_free(&x);
}

/* ---- the plan -------------------------------------------------------------------- */

/* Numbers that went out of range would hide every mistake after them. */
static int is_finite(const conform_array *a)
{
    for (int64_t i = 0; conform_is_float(a->t.dtype) && i < a->count; i++)
        if (!isfinite(conform_get(a->t.dtype, a->t.data, i)))
            return 0;
    return 1;
}

static int moves_places(uint32_t op)
{
    return op == VANE_OP_TRANSPOSE || op == VANE_OP_COPY;
}

/* 1: the step is planned. 0: another one, please. */
static int plan_step(conform_pipeline *p, conform_step *s, vane_status *st)
{
    conform_random *r = &p->c->random;
    conform_array next = {0};
    s->op = &p->exact->op[conform_below(r, p->exact->count)];
    s->in[0] = (uint32_t)conform_below(r, p->n_slots);
    s->in[1] = s->op->min_in < 2 ? s->in[0] : (uint32_t)conform_below(r, p->n_slots);
    s->out = (uint32_t)conform_below(r, p->n_slots);
    if (moves_places(s->op->op) && s->out == s->in[0])
        return 0;
    const conform_array *const in[] = {&p->slot[s->in[0]].want, &p->slot[s->in[1]].want};
    *st = conform_exact_run(p->c, p->c->oracle, s->op->op, in, s->op->min_in, &next);
    if (*st != VANE_OK || !is_finite(&next)) {
        conform_array_free(&next);
        return 0;
    }
    conform_array_free(&p->slot[s->out].want);
    p->slot[s->out].want = next;
    return 1;
}

static int plan(conform_pipeline *p, uint32_t steps, char why[512])
{
    vane_status st = VANE_OK;
    for (uint32_t tries = 0; p->n_steps < steps && tries < 20 * steps && st == VANE_OK; tries++)
        if (plan_step(p, &p->step[p->n_steps], &st))
            p->n_steps++;
    if (st != VANE_OK)
        snprintf(why, 512, "the oracle gives no answer: %s", vane_last_error()->message);
    else if (p->n_steps < LEAST_STEPS)
        snprintf(why, 512, "only %u of %u steps could be planned: too few to prove anything",
                 p->n_steps, steps);
    return why[0] == '\0';
}

static int slot_open(conform_pipeline *p, uint32_t i, char why[512])
{
    static const conform_layout layouts[] = {CONFORM_DENSE,    CONFORM_OFFSET, CONFORM_STRIDED,
                                             CONFORM_REVERSED, CONFORM_PADDED, CONFORM_TURNED};
    conform_slot *s = &p->slot[i];
    conform_random *r = &p->c->random;
    const int64_t shape[] = {p->exact->side, p->exact->side};
    const conform_layout layout = layouts[conform_below(r, 6)];
    if (!conform_array_make(&s->want, p->exact->dtype, 2, shape) ||
        !conform_box_make(&s->box, &s->want, layout)) {
        snprintf(why, 512, "out of memory");
        return 0;
    }
    conform_data_fill(r, VANE_OP_ADD, 0, CONFORM_ORDINARY, &s->want);
    conform_box_fill(&s->box, &s->want);
    s->t = s->box.t;
    if (i >= CONFORM_HELD)
        return 1;
    if (conform_place_open(p->c->ctx, &s->place, &s->box, conform_next(r) >> 8) != VANE_OK) {
        snprintf(why, 512, "buffers: %s", vane_last_error()->message);
        return 0;
    }
    s->t = s->place.t;
    return 1;
}

int conform_pipeline_open(conform_pipeline *p, conform *c, const conform_exact *exact,
                          uint32_t slots, uint32_t steps, char why[512])
{
    int made = 1;
    *p = (conform_pipeline){.c = c, .exact = exact, .n_slots = slots};
    for (uint32_t i = 0; made && i < slots; i++)
        made = slot_open(p, i, why);
    return made && plan(p, steps, why);
}

void conform_pipeline_close(conform_pipeline *p)
{
    for (uint32_t i = 0; i < p->n_slots; i++) {
        conform_place_close(&p->slot[i].place);
        conform_box_free(&p->slot[i].box);
        conform_array_free(&p->slot[i].want);
    }
}
