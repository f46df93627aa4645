/* SPDX-License-Identifier: MIT */
/* sequence.c - recorded sequences: what a run leaves is what the same calls leave one by one, and
 * what the oracle says, with new contents each time, however many runs are under way; what cannot
 * be is said, and harms nothing. Whether the plugin records graphs is its own affair. */
#include <stdio.h>
#include <string.h>

#include "groups.h"
#include "stream.h"

enum { SIDE = 24, INPUTS = 2, GROWS = 4, HELD = 5, STEPS = 6, MOST_STEPS = STEPS + 1, ROUNDS = 6 };
enum { BY_SEQUENCE, BY_CALLS, SETS };
#define MARGIN 64 /* that a kernel writes beyond its output is for other groups to tell */

typedef struct track {
    conform *c;
    const conform_exact *e;
    vane_stream *s;
    uint32_t device, n_steps;
    conform_step step[MOST_STEPS];
    vane_buffer buffer[SETS][HELD]; /* INPUTS are only read; GROWS is added to by each run */
    conform_array now[HELD];        /* what they must hold */
    uint64_t bytes;
} track;

/* ---- what is run ----------------------------------------------------------------------- */

static const vane_op_info *adding(const conform_exact *e)
{
    for (uint32_t i = 0; i < e->count; i++)
        if (e->op[i].op == VANE_OP_ADD)
            return &e->op[i];
    return NULL;
}

/* Each step reads inputs, or what steps before made, and makes one of two others. */
static void plan(track *k)
{
    conform_random *r = &k->c->random;
    uint32_t known[HELD] = {0, 1}, n = INPUTS;
    for (uint32_t i = 0; i < STEPS; i++) {
        conform_step *s = &k->step[k->n_steps++];
        s->op = &k->e->op[conform_below(r, k->e->count)];
        s->in[0] = known[conform_below(r, n)];
        s->in[1] = s->op->min_in < 2 ? s->in[0] : known[conform_below(r, n)];
        s->out = s->in[0] == 2 || s->in[1] == 2 ? 3 : 2;
        if (n < INPUTS + 2 && s->out == n)
            known[n++] = s->out;
    }
    const vane_op_info *add = adding(k->e);
    if (add)
        k->step[k->n_steps++] = (conform_step){add, {GROWS, k->step[STEPS - 1].out}, GROWS};
}

static vane_tensor tensor(const track *k, int set, uint32_t slot, int64_t rows)
{
    const int64_t shape[] = {rows, rows};
    return vane_tensor_in(k->buffer[set][slot], 0, (vane_dtype)k->e->dtype, 2, shape);
}

static vane_status plan_step(const track *k, const conform_step *s, int64_t rows, vane_plan **out)
{
    vane_tensor a = tensor(k, BY_SEQUENCE, s->in[0], rows);
    vane_tensor b = tensor(k, BY_SEQUENCE, s->in[1], rows);
    vane_tensor to = tensor(k, BY_SEQUENCE, s->out, rows);
    const vane_tensor *const in[] = {&a, &b};
    vane_tensor *const outs[] = {&to};
    return vane_plan_open(k->c->ctx, s->op->op, in, s->op->min_in, outs, 1, NULL, out);
}

static vane_status open_sequence(const track *k, const conform_step *step, uint32_t n, int64_t rows,
                                 vane_sequence **out)
{
    vane_plan *plans[MOST_STEPS] = {NULL};
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i < n; i++)
        st = plan_step(k, &step[i], rows, &plans[i]);
    if (st == VANE_OK)
        st = vane_sequence_open(k->c->ctx, plans, n, out);
    for (uint32_t i = 0; i < n; i++)
        vane_plan_close(plans[i]);
    return st;
}

static vane_status give_calls(const track *k)
{
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i < k->n_steps; i++) {
        const conform_step *s = &k->step[i];
        vane_tensor a = tensor(k, BY_CALLS, s->in[0], SIDE),
                    b = tensor(k, BY_CALLS, s->in[1], SIDE), to = tensor(k, BY_CALLS, s->out, SIDE);
        const vane_tensor *const in[] = {&a, &b};
        vane_tensor *const out[] = {&to};
        st = vane_run_async(k->s, s->op->op, in, s->op->min_in, out, 1, NULL, NULL);
    }
    return st;
}

static vane_status reckon(track *k, const conform_step *step, uint32_t n)
{
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i < n; i++) {
        const conform_array *const in[] = {&k->now[step[i].in[0]], &k->now[step[i].in[1]]};
        conform_array next = {0};
        st = conform_exact_run(k->c, k->c->oracle, step[i].op->op, in, step[i].op->min_in, &next);
        if (st == VANE_OK) {
            conform_array_free(&k->now[step[i].out]);
            k->now[step[i].out] = next;
        }
    }
    return st;
}

/* New contents everywhere, brought to the device: what is there can be replayed. */
static vane_status refill(track *k)
{
    vane_status st = VANE_OK;
    for (uint32_t i = 0; st == VANE_OK && i < HELD; i++) {
        conform_data_fill(&k->c->random, VANE_OP_ADD, 0, CONFORM_ORDINARY, &k->now[i]);
        for (int set = 0; st == VANE_OK && set < SETS; set++) {
            st = vane_buffer_write(k->c->ctx, k->buffer[set][i], 0, k->now[i].t.data, k->bytes);
            if (st == VANE_OK)
                st = vane_buffer_prefetch(k->c->ctx, k->buffer[set][i], k->device);
        }
    }
    return st;
}

/* ---- judgement ------------------------------------------------------------------------- */

static void judge(track *k, int set, const char *who, char why[512])
{
    conform_trial t = {.info = k->e->op[0], .dtype = k->e->dtype};
    t.info.op = VANE_OP_ADD; /* exact; and 0 may be -0 */
    t.info.ulp = 0;
    for (uint32_t i = 0; !why[0] && i < HELD; i++) {
        conform_array got = {0};
        char what[512] = "";
        t.want = k->now[i];
        vane_status st =
            conform_array_make(&got, k->e->dtype, 2, k->now[i].t.shape)
                ? vane_buffer_read(k->c->ctx, k->buffer[set][i], 0, got.t.data, k->bytes)
                : VANE_E_NOMEM;
        if (st != VANE_OK)
            snprintf(why, 512, "%s: buffer %u: %.300s", who, i, vane_last_error()->message);
        else if (!conform_agree(&t, &got, what))
            snprintf(why, 512, "%s: buffer %u, %.400s", who, i, what);
        conform_array_free(&got);
    }
}

static vane_status waited(const track *k, vane_status st)
{
    const vane_status late = vane_stream_wait(k->s);
    return st == VANE_OK ? late : st;
}

/* The report of one case; a kernel that declines such a call is none of ours. */
static int ended(track *k, const char *label, vane_status st, char why[512])
{
    if (st == VANE_E_UNSUPPORTED)
        conform_skip(&k->c->report, label, "the kernel declines such a call");
    else if (st != VANE_OK)
        conform_fail(&k->c->report, label, "%s: %s", vane_status_name(st),
                     vane_last_error()->message);
    else
        conform_verdict(k->c, label, why);
    return st == VANE_OK && !why[0];
}

/* ---- cases ----------------------------------------------------------------------------- */

/* runs of them without a wait between: each sees what the one before left. */
static int replayed(track *k, vane_sequence *q, uint32_t round)
{
    char why[512] = "", label[80];
    const uint32_t runs = 1 + round % 3;
    snprintf(label, sizeof label, "replayed %u times, round %u", runs, round);
    vane_status st = refill(k);
    for (uint32_t i = 0; st == VANE_OK && i < runs; i++)
        st = vane_sequence_run(k->s, q);
    st = waited(k, st);
    for (uint32_t i = 0; st == VANE_OK && i < runs; i++)
        st = give_calls(k);
    st = waited(k, st);
    for (uint32_t i = 0; st == VANE_OK && i < runs; i++)
        st = reckon(k, k->step, k->n_steps);
    if (st == VANE_OK) {
        judge(k, BY_CALLS, "call by call", why);
        judge(k, BY_SEQUENCE, "as a sequence", why);
    }
    return ended(k, label, st, why);
}

/* Half the rows and columns, in the same buffers: another sequence, which changes not the first. */
static void other_shape(track *k, vane_sequence *q)
{
    char why[512] = "";
    vane_sequence *small = NULL;
    vane_plan *none = NULL;
    const conform_step *s = &k->step[0];
    vane_tensor a = tensor(k, BY_SEQUENCE, s->in[0], SIDE),
                to = tensor(k, BY_SEQUENCE, s->out, SIDE / 2);
    const vane_tensor *const in[] = {&a, &a};
    vane_tensor *const out[] = {&to};
    if (vane_plan_open(k->c->ctx, s->op->op, in, s->op->min_in, out, 1, NULL, &none) == VANE_OK)
        snprintf(why, sizeof why, "a call with an output of another shape was prepared");
    else if (!strstr(vane_last_error()->message, s->op->name))
        snprintf(why, sizeof why, "refused without the op's name: %.300s",
                 vane_last_error()->message);
    vane_plan_close(none);
    vane_status st = open_sequence(k, k->step, STEPS, SIDE / 2, &small);
    for (int i = 0; st == VANE_OK && i < 3; i++)
        st = vane_sequence_run(k->s, small);
    st = waited(k, st);
    if (st == VANE_OK)
        st = refill(k);
    if (st == VANE_OK)
        st = vane_sequence_run(k->s, q);
    st = waited(k, st);
    if (st == VANE_OK)
        st = reckon(k, k->step, k->n_steps);
    if (st == VANE_OK)
        judge(k, BY_SEQUENCE, "after one of another shape", why);
    vane_sequence_close(small);
    ended(k, "another shape", st, why);
}

/* What nothing wrote is read in the middle: said, with the op's name; what was there stays, and
 * after it was written the same sequence is right. */
static void failure(track *k)
{
    char why[512] = "";
    const conform_step two[] = {{k->step[0].op, {0, 1}, 2}, {k->step[0].op, {3, 3}, GROWS}};
    vane_sequence *q = NULL;
    const vane_buffer kept = k->buffer[BY_SEQUENCE][3];
    vane_buffer fresh;
    vane_status st = refill(k), said;
    if (st == VANE_OK)
        st = vane_buffer_open(k->c->ctx, k->bytes + MARGIN, "fresh", &fresh);
    if (st != VANE_OK) {
        ended(k, "failure", st, why);
        return;
    }
    k->buffer[BY_SEQUENCE][3] = fresh;
    st = open_sequence(k, two, 2, SIDE, &q);
    for (int i = 0; st == VANE_OK && !why[0] && i < 3; i++) {
        if ((said = vane_sequence_run(k->s, q)) == VANE_OK)
            said = vane_stream_wait(k->s);
        else
            vane_stream_wait(k->s);
        if (said == VANE_OK)
            snprintf(why, sizeof why, "neither the run nor the wait says that it failed");
        else if (!strstr(vane_last_error()->message, two[1].op->name))
            snprintf(why, sizeof why, "the op is not named: %.300s", vane_last_error()->message);
    }
    if (st == VANE_OK)
        st = refill(k);
    for (int i = 0; st == VANE_OK && i < 3; i++)
        st = vane_sequence_run(k->s, q);
    st = waited(k, st);
    if (st == VANE_OK)
        st = reckon(k, two, 2);
    if (st == VANE_OK)
        judge(k, BY_SEQUENCE, "after the failure", why);
    vane_sequence_close(q);
    vane_buffer_close(k->c->ctx, k->buffer[BY_SEQUENCE][3]);
    k->buffer[BY_SEQUENCE][3] = kept;
    ended(k, "failure", st, why);
}

/* Refused before anything is given: the inputs' neighbours stay as they were. */
static void closed_buffer(track *k, vane_sequence *q)
{
    char why[512] = "";
    vane_status st = refill(k);
    const uint32_t gone = k->step[0].in[0];
    vane_buffer_close(k->c->ctx, k->buffer[BY_SEQUENCE][gone]);
    if (st == VANE_OK && vane_sequence_run(k->s, q) == VANE_OK)
        snprintf(why, sizeof why, "a run over a closed buffer was taken");
    else if (st == VANE_OK && !strstr(vane_last_error()->message, k->step[0].op->name))
        snprintf(why, sizeof why, "refused without the op's name: %.300s",
                 vane_last_error()->message);
    vane_stream_wait(k->s);
    if (st == VANE_OK)
        st = vane_buffer_open(k->c->ctx, k->bytes + MARGIN, "anew", &k->buffer[BY_SEQUENCE][gone]);
    if (st == VANE_OK)
        st = vane_buffer_write(k->c->ctx, k->buffer[BY_SEQUENCE][gone], 0, k->now[gone].t.data,
                               k->bytes);
    if (st == VANE_OK)
        judge(k, BY_SEQUENCE, "after it was refused", why);
    ended(k, "a closed buffer", st, why);
}

/* ---- on each device ---------------------------------------------------------------------- */

static vane_status open_all(track *k)
{
    const int64_t shape[] = {SIDE, SIDE};
    vane_status st = VANE_OK;
    k->bytes = (uint64_t)SIDE * SIDE * vane_dtype_bytes(k->e->dtype);
    for (uint32_t i = 0; st == VANE_OK && i < HELD; i++) {
        st = conform_array_make(&k->now[i], k->e->dtype, 2, shape) ? VANE_OK : VANE_E_NOMEM;
        for (int set = 0; st == VANE_OK && set < SETS; set++)
            st = vane_buffer_open(k->c->ctx, k->bytes + MARGIN, "held", &k->buffer[set][i]);
    }
    return st;
}

static void close_all(track *k)
{
    for (uint32_t i = 0; i < HELD; i++) {
        conform_array_free(&k->now[i]);
        for (int set = 0; set < SETS; set++)
            if (k->buffer[set][i].id != 0)
                vane_buffer_close(k->c->ctx, k->buffer[set][i]);
    }
}

static void on_device(conform *c, const conform_exact *e, uint32_t lane)
{
    char why[512] = "";
    vane_sequence *q = NULL;
    track k = {.c = c, .e = e, .device = c->lanes.device[lane]};
    vane_status st = conform_lanes_stream(&c->lanes, lane, &k.s);
    if (st == VANE_OK)
        st = open_all(&k);
    plan(&k);
    if (st == VANE_OK)
        st = open_sequence(&k, k.step, k.n_steps, SIDE, &q);
    int right = st == VANE_OK;
    for (uint32_t round = 0; right && round < ROUNDS; round++)
        right = replayed(&k, q, round);
    if (right) {
        other_shape(&k, q);
        failure(&k);
        closed_buffer(&k, q);
    }
    if (st != VANE_OK)
        ended(&k, "opened", st, why);
    vane_sequence_close(q);
    close_all(&k);
}

static void cases(conform *c, uint32_t dtype)
{
    conform_exact e;
    conform_exact_find(c, dtype, SIDE, &e);
    if (c->lanes.count == 0 || e.count == 0)
        conform_skip(&c->report, "",
                     c->lanes.count ? "unsupported: the plugin has no kernel of an exact op"
                                    : "the plugin found no device on this machine");
    for (uint32_t lane = 0; e.count > 0 && lane < c->lanes.count; lane++)
        on_device(c, &e, lane);
}

void conform_sequence(conform *c)
{
    conform_on_streams(c, "sequence", cases);
}
