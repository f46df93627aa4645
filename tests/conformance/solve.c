/* SPDX-License-Identifier: MIT */
/* solve.c - a trial's operands and its right answer, from the oracle. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/tolerance.h"
#include "trial.h"
#include "value.h"

void conform_trial_open(conform_trial *t, const vane_op_info *info, uint32_t dtype,
                        conform_class data)
{
    *t = (conform_trial){.info = *info, .dtype = dtype, .data = data, .terms = 1};
    t->want.t.dtype = dtype;
}

void conform_trial_close(conform_trial *t)
{
    for (uint32_t i = 0; i < t->n_in; i++)
        conform_array_free(&t->in[i]);
    conform_array_free(&t->want);
    free(t->scale);
}

int conform_trial_input(conform_trial *t, uint32_t dtype, uint32_t rank, const int64_t *shape,
                        uint32_t flat)
{
    if (t->n_in == CONFORM_INPUTS || !conform_array_make(&t->in[t->n_in], dtype, rank, shape))
        return 0;
    t->in[t->n_in++].flat = flat;
    return 1;
}

void conform_trial_params(conform_trial *t, const vane_params *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t->params_text, sizeof t->params_text, fmt, ap);
    va_end(ap);
    t->params = *p;
    t->has_params = 1;
}

static size_t shape_text(const conform_array *a, const char *lead, char *out, size_t room)
{
    size_t used = (size_t)snprintf(out, room, "%s[", lead);
    for (uint32_t d = 0; d < a->t.rank && used < room; d++)
        used += (size_t)snprintf(out + used, room - used, d ? ",%lld" : "%lld",
                                 (long long)a->t.shape[d]);
    if (used < room)
        used += (size_t)snprintf(out + used, room - used, "]");
    return used < room ? used : room - 1;
}

void conform_trial_label(const conform_trial *t, const char *layout, char out[256])
{
    size_t used = 0;
    for (uint32_t i = 0; i < t->n_in; i++)
        used += shape_text(&t->in[i], i ? "x" : "", out + used, 180 - used);
    if (t->n_in == 0)
        used += shape_text(&t->want, "", out, 180);
    snprintf(out + used, 256 - used, "%s%s %s %s", t->params_text[0] ? " " : "", t->params_text,
             layout, conform_class_name(t->data));
}

/* ---- asking the oracle ----------------------------------------------------------- */

static vane_status ask(conform *c, const conform_trial *t, const conform_array *in,
                       const vane_params *params, conform_array *out)
{
    const vane_tensor *ins[CONFORM_INPUTS];
    vane_tensor *const outs[] = {&out->t};
    vane_options o = {.struct_size = sizeof o, .backend = c->oracle};
    vane_tensor shape = out->t;
    for (uint32_t i = 0; i < t->n_in; i++)
        ins[i] = &in[i].t;
    vane_status st = vane_infer(c->ctx, t->info.op, ins, t->n_in, params, &shape);
    if (st != VANE_OK)
        return st;
    if (!conform_array_make(out, shape.dtype, shape.rank, shape.shape))
        return VANE_E_NOMEM;
    return vane_run(c->ctx, t->info.op, ins, t->n_in, outs, 1, params, &o);
}

/* The same call in f64 on absolute values: what rounding errors are relative to. */
static vane_status measure_terms(conform *c, conform_trial *t)
{
    conform_array in[CONFORM_INPUTS] = {0}, sum = {.t.dtype = VANE_F64};
    vane_params p = t->params;
    vane_status st = VANE_OK;
    if (t->info.op == VANE_OP_GEMM) {
        p.gemm.alpha = fabs(p.gemm.alpha);
        p.gemm.beta = fabs(p.gemm.beta);
    }
    for (uint32_t i = 0; i < t->n_in && st == VANE_OK; i++) {
        if (!conform_array_make(&in[i], VANE_F64, t->in[i].t.rank, t->in[i].t.shape))
            st = VANE_E_NOMEM;
        for (int64_t n = 0; st == VANE_OK && n < in[i].count; n++)
            conform_put(VANE_F64, in[i].t.data, n, fabs(conform_get(t->dtype, t->in[i].t.data, n)));
    }
    if (st == VANE_OK)
        st = ask(c, t, in, t->has_params ? &p : NULL, &sum);
    t->scale = sum.t.data;
    for (uint32_t i = 0; i < t->n_in; i++)
        conform_array_free(&in[i]);
    return st;
}

int conform_trial_solve(conform *c, conform_trial *t)
{
    if (c->unsupported)
        return 0;
    for (uint32_t i = 0; i < t->n_in; i++)
        conform_data_fill(&c->random, t->info.op, i, t->data, &t->in[i]);
    vane_status st = ask(c, t, t->in, t->has_params ? &t->params : NULL, &t->want);
    if (st == VANE_OK && vane__tolerance_sums(t->info.op) && conform_is_float(t->dtype))
        st = measure_terms(c, t);
    if (st == VANE_OK)
        return 1;
    char label[256];
    conform_trial_label(t, "oracle", label);
    conform_fail(&c->report, label, "the oracle %s gives no answer: %s", c->oracle,
                 st == VANE_E_NOMEM ? "out of memory" : vane_last_error()->message);
    return 0;
}
