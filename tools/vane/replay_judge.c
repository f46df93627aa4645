/* SPDX-License-Identifier: MIT */
/* replay_judge.c - times as they were recorded, and who would compute here and now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "replay.h"

/* ---- as it was ------------------------------------------------------------------------ */

static int by_kind_and_who(const void *a, const void *b)
{
    const recording_run *x = *(const recording_run *const *)a,
                        *y = *(const recording_run *const *)b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->who != y->who)
        return x->who < y->who ? -1 : 1;
    return (x->ns > y->ns) - (x->ns < y->ns);
}

/* Runs of one kind by one who, sorted by their time. */
static void add_group(replay_kind *k, const recording_run *const *runs, size_t count,
                      uint64_t *most)
{
    double median = ((double)runs[(count - 1) / 2]->ns + (double)runs[count / 2]->ns) / 2;
    for (size_t i = 0; i < count; i++)
        k->sum_ns += (double)runs[i]->ns;
    k->usual_ns += median * (double)count;
    if (count > *most) {
        *most = count;
        k->who = runs[0]->who;
        k->who_ns = median;
    }
    if (k->calls == 0 || median < k->best_ns) {
        k->best = runs[0]->who;
        k->best_ns = median;
    }
    k->calls += count;
}

static void add_kind(replay_kind *k, const recording_run *const *runs, size_t count)
{
    uint64_t most = 0;
    for (size_t i = 0, n; i < count; i += n) {
        for (n = 1; i + n < count && runs[i + n]->who == runs[i]->who; n++)
            ;
        add_group(k, runs + i, n, &most);
    }
}

static int read_times(replay *r)
{
    const recording *from = r->from;
    const recording_run **runs = malloc((from->n_runs + 1) * sizeof *runs);
    size_t count = 0;
    if (runs == NULL)
        return 0;
    for (size_t i = 0; i < from->n_runs; i++) {
        if (from->runs[i].status == VANE_OK)
            runs[count++] = &from->runs[i];
        else
            r->kinds[from->runs[i].kind].failed++;
    }
    qsort(runs, count, sizeof *runs, by_kind_and_who);
    for (size_t i = 0, n; i < count; i += n) {
        for (n = 1; i + n < count && runs[i + n]->kind == runs[i]->kind; n++)
            ;
        add_kind(&r->kinds[runs[i]->kind], runs + i, n);
    }
    free(runs);
    return 1;
}

/* ---- as it would be ------------------------------------------------------------------- */

static int is_chosen(const replay_kind *k, const recording_who *w)
{
    return strcmp(w->backend, k->backend) == 0 && strcmp(w->device, k->device) == 0 &&
           w->width == k->width;
}

static void refuse(replay_kind *k)
{
    k->refused = 1;
    snprintf(k->why, sizeof k->why, "%.150s", vane_last_error()->message);
}

static void explain(vane_context *ctx, replay *r, replay_kind *k, const vane_tensor **in)
{
    const recording_kind *kind = k->kind;
    vane_decision d = {.struct_size = sizeof d};
    vane_tensor out = kind->tensors[kind->n_in], *outs[] = {&out};
    vane_op_info op;
    for (uint32_t i = 0; i < kind->n_in; i++)
        in[i] = &kind->tensors[i];
    if (vane_op_find(ctx, kind->name, &op) != VANE_OK ||
        vane_explain(ctx, op.op, in, kind->n_in, outs, 1, kind->params_bytes ? &kind->params : NULL,
                     &d) != VANE_OK) {
        refuse(k);
        return;
    }
    const vane_candidate *c = &d.candidates[d.chosen];
    r->policy = d.policy;
    snprintf(k->backend, sizeof k->backend, "%s", c->backend);
    snprintf(k->device, sizeof k->device, "%s", c->device != NULL ? c->device : "");
    k->width = c->width;
    k->predicted_ns = c->predicted_ns;
    k->basis = c->predicted_ns > 0 ? REPLAY_PREDICTED : REPLAY_UNKNOWN;
    k->then_ns = c->predicted_ns > 0 ? c->predicted_ns : k->usual_ns / (double)k->calls;
}

static int explain_all(vane_context *ctx, replay *r)
{
    uint32_t most = 0;
    for (size_t i = 0; i < r->n_kinds; i++)
        most = r->kinds[i].kind->n_in > most ? r->kinds[i].kind->n_in : most;
    const vane_tensor **in = malloc(((size_t)most + 1) * sizeof *in);
    for (size_t i = 0; in != NULL && i < r->n_kinds; i++)
        if (r->kinds[i].calls > 0)
            explain(ctx, r, &r->kinds[i], in);
    free(in);
    return in != NULL;
}

/* A recorded time is better than a prediction, where the choice was recorded too. */
static void recall(replay *r)
{
    const recording *from = r->from;
    for (size_t i = 0; i < from->n_runs; i++) {
        const recording_run *run = &from->runs[i];
        replay_kind *k = &r->kinds[run->kind];
        if (run->status != VANE_OK || k->refused)
            continue;
        if (!is_chosen(k, &from->whos[run->who]))
            k->elsewhere++;
        else if (run->who == k->best || run->who == k->who) {
            k->then_ns = run->who == k->best ? k->best_ns : k->who_ns;
            k->basis = REPLAY_RECORDED;
        }
    }
}

static int longest_first(const void *a, const void *b)
{
    const replay_kind *x = a, *y = b;
    return x->sum_ns < y->sum_ns ? 1 : x->sum_ns > y->sum_ns ? -1 : 0;
}

static void sum_up(replay *r)
{
    for (size_t i = 0; i < r->n_kinds; i++) {
        const replay_kind *k = &r->kinds[i];
        double calls = (double)k->calls;
        r->n_called += k->calls > 0;
        r->calls += k->calls;
        r->failed += k->failed;
        r->elsewhere += k->elsewhere;
        r->refused += k->refused ? k->calls : 0;
        r->sum_ns += k->sum_ns;
        r->usual_ns += k->usual_ns;
        r->best_ns += calls * k->best_ns;
        r->then_ns += k->refused ? k->usual_ns : calls * k->then_ns;
        r->recorded_ns += !k->refused && k->basis == REPLAY_RECORDED ? calls * k->then_ns : 0;
        r->unknown_ns += k->refused                   ? k->usual_ns
                         : k->basis == REPLAY_UNKNOWN ? calls * k->then_ns
                                                      : 0;
    }
}

int replay_judge(vane_context *ctx, const recording *from, replay *out)
{
    *out = (replay){.from = from, .n_kinds = from->n_kinds, .policy = "no policy"};
    out->kinds = calloc(from->n_kinds + 1, sizeof *out->kinds);
    for (size_t i = 0; out->kinds != NULL && i < from->n_kinds; i++)
        out->kinds[i].kind = &from->kinds[i];
    if (out->kinds == NULL || !read_times(out) || !explain_all(ctx, out))
        return cli_no_memory();
    recall(out);
    sum_up(out);
    return CLI_OK;
}

void replay_free(replay *r)
{
    free(r->kinds);
    *r = (replay){0};
}

void replay_sort(replay *r)
{
    qsort(r->kinds, r->n_kinds, sizeof *r->kinds, longest_first);
}
