/* SPDX-License-Identifier: MIT */
/* refusal.c - a call that is wrong gives a status and writes nothing, whichever backend is
 * asked for: the plugin must never see it. */
#include <stdio.h>
#include <string.h>

#include "groups.h"
#include "sample.h"

typedef struct call {
    conform *c;
    const conform_trial *t;
    const vane_tensor *in[CONFORM_INPUTS];
    conform_box out;
} call;

/* On a stream the refusal may come at once or at the wait. */
static vane_status ask(call *k, uint32_t n_in, vane_tensor *out)
{
    conform *c = k->c;
    vane_stream *s;
    vane_tensor *const outs[] = {out};
    const vane_params *params = k->t->has_params ? &k->t->params : NULL;
    const conform_way way = conform_way_of(c->via, c->turn++);
    vane_options o = {.struct_size = sizeof o, .backend = c->plugin};
    if (!way.async || conform_lanes_stream(&c->lanes, way.lot, &s) != VANE_OK)
        return vane_run(c->ctx, k->t->info.op, k->in, n_in, outs, 1, params, &o);
    vane_status st = vane_run_async(s, k->t->info.op, k->in, n_in, outs, 1, params, &o);
    return st == VANE_OK ? vane_stream_wait(s) : st;
}

static void expect(call *k, uint32_t n_in, vane_tensor *out, vane_status want, const char *what)
{
    int64_t at;
    vane_status st = ask(k, n_in, out);
    if (st != want)
        conform_fail(&k->c->report, what, "got %s, want %s", vane_status_name(st),
                     vane_status_name(want));
    else if (!vane_last_error()->message[0])
        conform_fail(&k->c->report, what, "the refusal has no sentence");
    else if (!conform_box_intact(&k->out, 1, &at))
        conform_fail(&k->c->report, what, "refused, but the output was written");
    else
        conform_pass(&k->c->report, what);
}

static void wrong_output(call *k)
{
    vane_tensor out = k->out.t;
    out.dtype = VANE_DTYPE_COUNT;
    expect(k, k->t->n_in, &out, VANE_E_DTYPE, "output of no dtype");
    out = k->out.t;
    out.rank = VANE_MAX_RANK + 1;
    expect(k, k->t->n_in, &out, VANE_E_SHAPE, "output of rank 9");
    out = k->out.t;
    out.data = NULL;
    expect(k, k->t->n_in, &out, VANE_E_ARGUMENT, "output without data");
    out = k->out.t;
    out.data = (char *)out.data + 1;
    if (vane_dtype_bytes(out.dtype) > 1)
        expect(k, k->t->n_in, &out, VANE_E_ARGUMENT, "output at an odd address");
    out = k->out.t;
    if (k->t->n_in == 0 || out.rank == 0)
        return;
    out.shape[0]++;
    expect(k, k->t->n_in, &out, VANE_E_SHAPE, "output one row too long");
    out = k->out.t;
    if (k->t->info.op != VANE_OP_CAST) {
        out.dtype = out.dtype == VANE_F64 ? VANE_F32 : VANE_F64;
        expect(k, k->t->n_in, &out, VANE_E_DTYPE, "output of another dtype");
    }
}

static void wrong_input(call *k)
{
    const vane_tensor *first = k->in[0];
    vane_tensor bad = *first, out = k->out.t;
    if (k->t->info.max_in != UINT32_MAX)
        expect(k, k->t->info.max_in + 1, &out, VANE_E_ARGUMENT, "an input too many");
    if (k->t->n_in == 0)
        return;
    k->in[0] = NULL;
    expect(k, k->t->n_in, &out, VANE_E_ARGUMENT, "input NULL");
    k->in[0] = &bad;
    bad.data = NULL;
    expect(k, k->t->n_in, &out, VANE_E_ARGUMENT, "input without data");
    bad = *first;
    bad.shape[0] = -1;
    expect(k, k->t->n_in, &out, VANE_E_SHAPE, "input of shape -1");
    /* one element further in the output's own memory: neither apart nor the same */
    bad = *first;
    if (k->out.t.rank == bad.rank && vane_dtype_bytes(bad.dtype) == vane_dtype_bytes(out.dtype) &&
        vane_tensor_count(&out) > 1) {
        bad.data = (char *)out.data + vane_dtype_bytes(bad.dtype);
        expect(k, k->t->n_in, &out, VANE_E_OVERLAP, "input overlapping the output");
    }
    k->in[0] = first;
}

static void cases(conform *c, const vane_op_info *info, uint32_t dtype)
{
    conform_trial t;
    call k = {.c = c, .t = &t};
    if (conform_sample(c, &t, info, dtype, 0, 5, 7) &&
        conform_box_make(&k.out, &t.want, CONFORM_DENSE)) {
        const vane_tensor spare = vane_tensor_of(NULL, (vane_dtype)dtype, 0, NULL);
        for (uint32_t i = 0; i < CONFORM_INPUTS; i++)
            k.in[i] = i < t.n_in ? &t.in[i].t : &spare;
        wrong_output(&k);
        wrong_input(&k);
    }
    conform_box_free(&k.out);
    conform_trial_close(&t);
}

void conform_refusal(conform *c)
{
    conform_each(c, "refusal", cases);
}
