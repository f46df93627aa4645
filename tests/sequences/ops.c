/* SPDX-License-Identifier: MIT */
/* ops.c - one random op over random views: made, computed by the model, and asked of Vane by
 * a call, a plan, or on a stream. */
#include <string.h>

#include "world.h"

/* ---- which op, on what ------------------------------------------------------------------- */

static const uint32_t ops[] = {
    VANE_OP_ADD,        VANE_OP_ADD,        VANE_OP_MUL,    VANE_OP_SUB,     VANE_OP_MAX,
    VANE_OP_RELU,       VANE_OP_NEG,        VANE_OP_ABS,    VANE_OP_COPY,    VANE_OP_COPY,
    VANE_OP_TRANSPOSE,  VANE_OP_TRANSPOSE,  VANE_OP_FILL,   VANE_OP_MATMUL,  VANE_OP_WHERE,
    VANE_OP_REDUCE_SUM, VANE_OP_REDUCE_MAX, VANE_OP_CONCAT, VANE_OP_GREATER, VANE_OP_CAST};

/* The fake device knows few ops; everything else here knows all. */
static int can(const char *backend, uint32_t op, vane_dtype d)
{
    if (strcmp(backend, "fake") != 0)
        return 1;
    return d == VANE_F32 && (op == VANE_OP_ADD || op == VANE_OP_MUL || op == VANE_OP_COPY ||
                             op == VANE_OP_TRANSPOSE || op == VANE_OP_CONCAT);
}

int op_is_tried(const char *backend, uint32_t op)
{
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (ops[i] == op)
            return can(backend, op, VANE_F32);
    return 0;
}

/* A place of that type that s may use so, or PLACES. */
static uint32_t find_place(world *w, vane_dtype d, uint32_t s, int writes)
{
    for (uint32_t i = 0; i < 40; i++) {
        uint32_t at = below(&w->r, PLACES);
        if (w->places[at].dtype == d && order_allows(w, &w->places[at], s, writes))
            return at;
    }
    return PLACES;
}

static int lay_somewhere(world *w, vane_dtype d, uint32_t s, int is_out, view *v)
{
    uint32_t at = find_place(w, d, s, is_out);
    if (at == PLACES)
        return 0;
    view_lay(w, at, is_out, v);
    return 1;
}

/* The input is smaller in some dimensions, or has fewer. */
static void shrink(world *w, const view *out, view *in)
{
    uint32_t skip = out->rank > 0 && one_in(&w->r, 4) ? 1 + below(&w->r, out->rank) : 0;
    in->rank = out->rank - skip;
    for (uint32_t d = 0; d < in->rank; d++)
        in->shape[d] = one_in(&w->r, 8) ? 1 : out->shape[d + skip];
}

static int make_elementwise(world *w, task *t, vane_dtype d, uint32_t s)
{
    vane_dtype out = t->op == VANE_OP_GREATER ? VANE_BOOL
                     : t->op == VANE_OP_CAST  ? d == VANE_I32 ? VANE_F32 : VANE_I32
                                              : d;
    t->n_in = t->op == VANE_OP_WHERE ? 3 : t->op <= VANE_OP_CLIP || t->op >= VANE_OP_COPY ? 1 : 2;
    shape_random(w, MOST, &t->out);
    for (uint32_t i = 0; i < t->n_in; i++) {
        t->in[i].rank = t->out.rank;
        memcpy(t->in[i].shape, t->out.shape, sizeof t->out.shape);
        if (t->n_in > 1 && i != (t->n_in == 3 ? 2 : 0) && one_in(&w->r, 4)) /* one has them all */
            shrink(w, &t->out, &t->in[i]);
        if (!lay_somewhere(w, t->n_in == 3 && i == 0 ? VANE_BOOL : d, s, 0, &t->in[i]))
            return 0;
    }
    if (one_in(&w->r, 4) && out == d) { /* in place */
        uint32_t last = t->n_in - 1;
        if (!lay_somewhere(w, d, s, 1, &t->out))
            return 0;
        t->in[last] = t->out;
        return 1;
    }
    return lay_somewhere(w, out, s, 1, &t->out);
}

static int make_transpose(world *w, task *t, vane_dtype d, uint32_t s)
{
    t->n_in = 1;
    t->has_params = 1;
    shape_random(w, MOST, &t->in[0]);
    uint32_t rank = t->out.rank = t->in[0].rank, turn = rank ? below(&w->r, rank) : 0;
    t->params.transpose.n_perm = rank;
    for (uint32_t i = 0; i < rank; i++) {
        t->params.transpose.perm[i] = (int32_t)((i + turn) % rank);
        t->out.shape[i] = t->in[0].shape[(i + turn) % rank];
    }
    return lay_somewhere(w, d, s, 0, &t->in[0]) && lay_somewhere(w, d, s, 1, &t->out);
}

static int make_reduce(world *w, task *t, vane_dtype d, uint32_t s)
{
    t->n_in = 1;
    t->has_params = 1;
    shape_random(w, MOST, &t->in[0]);
    t->out = t->in[0];
    for (uint32_t i = 0; i < t->in[0].rank; i++)
        if (one_in(&w->r, 2)) {
            t->params.reduce.axes[t->params.reduce.n_axes++] = (int32_t)i;
            t->out.shape[i] = 1;
        }
    for (uint32_t i = 0; t->params.reduce.n_axes == 0 && i < t->in[0].rank; i++)
        t->out.shape[i] = 1; /* none named: all */
    return lay_somewhere(w, d, s, 0, &t->in[0]) && lay_somewhere(w, d, s, 1, &t->out);
}

static int make_matmul(world *w, task *t, vane_dtype d, uint32_t s)
{
    int64_t m = 1 + below(&w->r, 12), k = 1 + below(&w->r, 12), n = 1 + below(&w->r, 12);
    t->n_in = 2;
    t->in[0] = (view){.rank = 2, .shape = {m, k}};
    t->in[1] = (view){.rank = 2, .shape = {k, n}};
    t->out = (view){.rank = 2, .shape = {m, n}};
    return lay_somewhere(w, d, s, 0, &t->in[0]) && lay_somewhere(w, d, s, 0, &t->in[1]) &&
           lay_somewhere(w, d, s, 1, &t->out);
}

static int make_concat(world *w, task *t, vane_dtype d, uint32_t s)
{
    shape_random(w, MOST / 3, &t->out);
    if (t->out.rank == 0)
        return 0;
    uint32_t axis = below(&w->r, t->out.rank);
    t->n_in = 1 + below(&w->r, 3);
    t->has_params = 1;
    t->params.concat.axis = (int32_t)axis;
    int64_t sum = 0, own = t->out.shape[axis];
    for (uint32_t i = 0; i < t->n_in; i++) {
        t->in[i] = t->out;
        t->in[i].shape[axis] = own > 0 ? (int64_t)below(&w->r, (uint32_t)own + 1) : 0;
        sum += t->in[i].shape[axis];
        if (!lay_somewhere(w, d, s, 0, &t->in[i]))
            return 0;
    }
    t->out.shape[axis] = sum;
    return lay_somewhere(w, d, s, 1, &t->out);
}

static int make_fill(world *w, task *t, vane_dtype d, uint32_t s)
{
    t->n_in = 0;
    t->has_params = 1;
    t->params.fill.value = (double)below(&w->r, 7) - 3;
    shape_random(w, MOST, &t->out);
    return lay_somewhere(w, d, s, 1, &t->out);
}

static int make(world *w, task *t, vane_dtype d, uint32_t s)
{
    switch (t->op) {
    case VANE_OP_TRANSPOSE:
        return make_transpose(w, t, d, s);
    case VANE_OP_REDUCE_SUM:
    case VANE_OP_REDUCE_MAX:
        return make_reduce(w, t, d, s);
    case VANE_OP_MATMUL:
        return make_matmul(w, t, d, s);
    case VANE_OP_CONCAT:
        return make_concat(w, t, d, s);
    case VANE_OP_FILL:
        return make_fill(w, t, d, s);
    default:
        return make_elementwise(w, t, d, s);
    }
}

/* ---- what must come of it ----------------------------------------------------------------- */

/* The output touches the memory between an input's first and last element. */
static int may_overlap(const world *w, const task *t)
{
    int64_t lo, hi, a, b;
    view_extent(&t->out, &lo, &hi);
    for (uint32_t i = 0; i < t->n_in; i++) {
        uint32_t size = dtype_bytes(w->places[t->in[i].place].dtype);
        view_extent(&t->in[i], &a, &b);
        if (t->in[i].place == t->out.place && a < hi && lo < b && size > 0)
            return 1;
    }
    return 0;
}

static int is_mapped(const world *w, const task *t)
{
    int busy = w->places[t->out.place].maps > 0;
    for (uint32_t i = 0; i < t->n_in; i++)
        busy |= w->places[t->in[i].place].map_writes > 0;
    return busy;
}

/* 1: it is being computed. */
static int judge(world *w, const task *t, uint32_t s, vane_status st, const float *result)
{
    if (st == VANE_E_OVERLAP && may_overlap(w, t)) {
        tell(w, "    refused: it overlaps\n");
        return 0;
    }
    if (is_mapped(w, t)) {
        if (st != VANE_E_BUSY)
            wrong(w, "a mapped buffer: %s, expected VANE_E_BUSY", vane_status_name(st));
        return 0;
    }
    if (!good(w, st, "the op"))
        return 0;
    if (s < STREAMS)
        order_given(w, s);
    for (uint32_t i = 0; i < t->n_in; i++)
        order_note(w, &w->places[t->in[i].place], s, 0);
    order_note(w, &w->places[t->out.place], s, 1);
    model_store(w, &t->out, result);
    return view_count(&t->out) > 0;
}

/* ---- asked of Vane -------------------------------------------------------------------------- */

static vane_status by_plan(const world *w, const task *t, const vane_tensor *const *in,
                           vane_tensor *const *out)
{
    vane_plan *plan;
    vane_status st = vane_plan_open(w->m->ctx, t->op, in, t->n_in, out, 1,
                                    t->has_params ? &t->params : NULL, &plan);
    if (st == VANE_OK) {
        st = vane_plan_run(plan);
        vane_plan_close(plan);
    }
    return st;
}

/* A call that names its backend was computed by it. */
static void check_who(world *w, const task *t, const char *backend, const vane_decision *d)
{
    if (view_count(&t->out) == 0)
        return;
    if (d->ran >= d->count)
        wrong(w, "asked of %s, and the decision does not say who ran", backend);
    else if (strcmp(d->candidates[d->ran].backend, backend) != 0)
        wrong(w, "asked of %s, and %s ran", backend, d->candidates[d->ran].backend);
}

static vane_status by_name(world *w, const task *t, const vane_tensor *const *in,
                           vane_tensor *const *out, vane_options *options)
{
    vane_decision d = {.struct_size = sizeof d};
    options->decision = one_in(&w->r, 3) ? &d : NULL;
    vane_status st =
        vane_run(w->m->ctx, t->op, in, t->n_in, out, 1, t->has_params ? &t->params : NULL, options);
    if (st == VANE_OK && options->decision != NULL)
        check_who(w, t, options->backend, &d);
    return st;
}

static vane_status ask(world *w, const task *t, uint32_t s, const char *backend)
{
    vane_tensor tensors[3], result = view_tensor(w, &t->out);
    const vane_tensor *in[3] = {&tensors[0], &tensors[1], &tensors[2]};
    vane_tensor *out[1] = {&result};
    const vane_params *params = t->has_params ? &t->params : NULL;
    vane_options options = {.struct_size = sizeof options, .backend = backend};
    for (uint32_t i = 0; i < t->n_in; i++)
        tensors[i] = view_tensor(w, &t->in[i]);
    if (s < STREAMS)
        return vane_run_async(w->lanes[s].stream, t->op, in, t->n_in, out, 1, params,
                              backend != NULL ? &options : NULL);
    if (backend == NULL && one_in(&w->r, 6))
        return by_plan(w, t, in, out);
    if (one_in(&w->r, 10)) { /* to ask changes nothing */
        vane_decision d = {.struct_size = sizeof d};
        vane_explain(w->m->ctx, t->op, in, t->n_in, out, 1, params, &d);
    }
    return backend != NULL ? by_name(w, t, in, out, &options)
                           : vane_run(w->m->ctx, t->op, in, t->n_in, out, 1, params, NULL);
}

static const char *wish(world *w, const task *t, vane_dtype d)
{
    const char *b = w->m->backend[below(&w->r, w->m->backends)];
    int scarce = w->m->tight && strcmp(b, "scalar") != 0;
    return one_in(&w->r, 3) && !scarce && can(b, t->op, d) ? b : NULL;
}

static void story(world *w, const task *t, uint32_t s, const char *backend)
{
    vane_op_info info;
    vane_op_at(w->m->ctx, t->op, &info);
    tell(w, "%s on %s%u, backend %s\n", info.name, s < STREAMS ? "stream " : "the caller ",
         s < STREAMS ? s : 0, backend ? backend : "any");
    for (uint32_t i = 0; i < t->n_in; i++)
        view_tell(w, "in", &t->in[i]);
    view_tell(w, "out", &t->out);
}

int task_random(world *w, task *t, uint32_t s)
{
    vane_dtype d = one_in(&w->r, 4) ? VANE_I32 : VANE_F32;
    const lane *l = &w->lanes[s];
    *t = (task){.op = ops[below(&w->r, sizeof ops / sizeof ops[0])]};
    if (l->device != VANE_ANY_DEVICE && !can(w->m->device_backend[l->device], t->op, d))
        t->op = VANE_OP_ADD, d = VANE_F32;
    if (!make(w, t, d, s) || may_overlap(w, t) || is_mapped(w, t))
        return 0;
    for (uint32_t i = 0; i < t->n_in; i++)
        if (w->places[t->in[i].place].kind == HOST)
            return 0;
    return w->places[t->out.place].kind != HOST;
}

void step_op(world *w)
{
    float result[MOST * 2];
    uint32_t s = one_in(&w->r, 3) ? STREAMS : below(&w->r, STREAMS);
    vane_dtype d = one_in(&w->r, 4) ? VANE_I32 : VANE_F32;
    task t = {.op = ops[below(&w->r, sizeof ops / sizeof ops[0])]};
    const char *only = s < STREAMS && w->lanes[s].device != VANE_ANY_DEVICE
                           ? w->m->device_backend[w->lanes[s].device]
                           : NULL;
    if (only != NULL && !can(only, t.op, d))
        t.op = VANE_OP_ADD, d = VANE_F32;
    if (!make(w, &t, d, s) || !model_run(w, &t, result))
        return;
    const char *backend = only != NULL ? NULL : wish(w, &t, d);
    story(w, &t, s, backend);
    if (judge(w, &t, s, ask(w, &t, s, backend), result))
        tally_op(w->m, only != NULL ? w->lanes[s].device : VANE_ANY_DEVICE, backend, t.op);
}
