/* SPDX-License-Identifier: MIT */
/* bench_policy_rows.c - regret as tables for people, and all that was measured as JSON. */
#include <math.h>
#include <stdio.h>

#include "bench_policy.h"
#include "table.h"
#include "text.h"

const char *bench_phase_name(bench_phase phase)
{
    static const char *const names[] = {"quiet", "loaded", "after the load"};
    return names[phase];
}

static const char *policy_name(const bench_policy_rows *r, int policy)
{
    return policy < r->n_users ? r->users[policy].policy : "(noise)";
}

/* ---- JSON: a case as it comes --------------------------------------------------------- */

static const char *trust_text(uint32_t trust)
{
    static const char *const texts[] = {"none", "checked", "oracle", "wrong"};
    return trust < 4 ? texts[trust] : "unknown";
}

static void json_who(json *j, const char *backend, const char *device, const char *kernel,
                     uint32_t width)
{
    json_text(j, "backend", backend);
    json_text(j, "device", device);
    json_text(j, "kernel", kernel);
    json_unsigned(j, "threads", width);
}

static double known(double ns)
{
    return ns > 0 ? ns : (double)NAN;
}

static void json_field(json *j, const bench_field *f)
{
    json_array(j, "candidates");
    for (int i = 0; i < f->count; i++) {
        const bench_contestant *who = &f->who[i];
        json_object(j, NULL);
        json_who(j, who->backend, who->device, who->kernel, who->width);
        json_real(j, "ns", known(f->ns[i]));
        json_integer(j, "samples", who->count);
        json_boolean(j, "by_wish", !who->plan);
        json_boolean(j, "vague", bench_field_is_vague(f, i));
        json_boolean(j, "best", i == f->best);
        json_close(j);
    }
    json_close(j);
}

/* What the policy believed at the last look. */
static void json_view(json *j, const vane_decision *d)
{
    json_array(j, "view");
    for (uint32_t i = 0; i < d->count; i++) {
        const vane_candidate *k = &d->candidates[i];
        json_object(j, NULL);
        json_who(j, k->backend, k->device, k->kernel, k->width);
        json_real(j, "predicted_ns", known(k->predicted_ns));
        json_real(j, "measured_ns", known(k->measured_ns));
        json_real(j, "expected_ns", known(k->expected_ns));
        json_real(j, "spread_ns", known(k->spread_ns));
        json_unsigned(j, "samples", k->samples);
        json_text(j, "trust", trust_text(k->trust));
        json_text(j, "reason", vane_reason_string(k->reason));
        json_close(j);
    }
    json_close(j);
}

static void json_look(json *j, const bench_user *u, int look, const char *key, double regret)
{
    const vane_candidate *k = &u->choice[look];
    if (!u->seen[look])
        return;
    json_object(j, key);
    json_who(j, k->backend, k->device, k->kernel, k->width);
    json_real(j, "regret", regret);
    json_close(j);
}

static void json_user(json *j, const bench_user *u, const bench_verdict *v)
{
    static const char *const keys[] = {"after_10", "after_50", "cold", "chosen", "at_the_end"};
    json_object(j, NULL);
    json_text(j, "policy", u->policy);
    json_real(j, "regret", v->regret[BENCH_WARM]);
    for (int look = 0; look < BENCH_LOOKS; look++)
        json_look(j, u, look, keys[look], v->regret[look]);
    json_real(j, "used_ns", known(u->used_ns));
    json_unsigned(j, "calls", v->calls);
    json_real(j, "calls_ns", known(v->cold_ns));
    json_real(j, "calls_cost", bench_measure_cost(v));
    json_boolean(j, "record_agrees", u->agrees);
    json_boolean(j, "pool_hot", (int)u->view.pool_hot);
    json_view(j, &u->view);
    json_close(j);
}

static void begin(bench_policy_rows *r)
{
    if (r->begun)
        return;
    r->begun = 1;
    json_begin(&r->json, stdout);
    json_object(&r->json, NULL);
    json_array(&r->json, "cases");
}

/* The case's verdicts are the last that were kept: one for each policy, and the noise. */
void bench_policy_case(bench_policy_rows *r, const bench_case *c, const bench_field *f,
                       bench_phase phase)
{
    json *j = &r->json;
    const bench_verdict *v = &r->verdicts->list[r->verdicts->count - r->n_users - 1];
    if (!r->wants_json)
        return;
    begin(r);
    json_object(j, NULL);
    json_text(j, "op", c->op.name);
    json_text(j, "dtype", vane_dtype_name(c->decision.dtype));
    json_text(j, "shape", c->shape);
    json_unsigned(j, "size_class", c->decision.size_class);
    json_text(j, "phase", bench_phase_name(phase));
    json_real(j, "best_ns", v->best_ns);
    json_real(j, "noise", f->noise);
    json_integer(j, "left_out", f->left_out);
    json_field(j, f);
    json_array(j, "policies");
    for (int i = 0; i < r->n_users; i++)
        json_user(j, &r->users[i], &v[i]);
    json_close(j);
    json_close(j);
    fflush(stdout);
}

/* ---- JSON: the sums ---------------------------------------------------------------------- */

static void json_figure(json *j, const bench_figure *f)
{
    json_integer(j, "cases", f->count);
    json_real(j, "mean", f->mean);
    json_real(j, "median", f->median);
    json_real(j, "p95", f->p95);
    json_real(j, "max", f->max);
}

static double mean_of(const bench_policy_rows *r, int policy, bench_phase phase, bench_measure m)
{
    return bench_verdicts_sum(r->verdicts, policy, phase, VANE_OP_COUNT, m).mean;
}

static void json_figure_of(json *j, const char *key, const bench_policy_rows *r, int policy,
                           bench_phase phase, bench_measure m)
{
    bench_figure f = bench_verdicts_sum(r->verdicts, policy, phase, VANE_OP_COUNT, m);
    json_object(j, key);
    json_figure(j, &f);
    json_close(j);
}

static void json_total(bench_policy_rows *r, int policy, bench_phase phase)
{
    json *j = &r->json;
    bench_figure f =
        bench_verdicts_sum(r->verdicts, policy, phase, VANE_OP_COUNT, bench_measure_warm);
    double chosen, best;
    bench_verdicts_time(r->verdicts, policy, phase, &chosen, &best);
    json_object(j, NULL);
    json_text(j, "policy", policy < r->n_users ? policy_name(r, policy) : NULL);
    json_text(j, "phase", bench_phase_name(phase));
    json_figure(j, &f);
    json_real(j, "mean_after_10", mean_of(r, policy, phase, bench_measure_10));
    json_real(j, "mean_after_50", mean_of(r, policy, phase, bench_measure_50));
    json_figure_of(j, "cold", r, policy, phase, bench_measure_cold);
    json_real(j, "mean_at_the_end", mean_of(r, policy, phase, bench_measure_end));
    json_real(j, "mean_used", mean_of(r, policy, phase, bench_measure_used));
    json_real(j, "mean_calls_cost", mean_of(r, policy, phase, bench_measure_cost));
    json_real(j, "chosen_ns", chosen);
    json_real(j, "best_ns", best);
    json_close(j);
}

static void end_json(bench_policy_rows *r)
{
    begin(r);
    json_close(&r->json);
    json_array(&r->json, "totals");
    for (int phase = 0; phase < r->phases; phase++)
        for (int i = 0; i <= r->n_users; i++)
            json_total(r, i, (bench_phase)phase);
    json_end(&r->json);
}

/* ---- tables ------------------------------------------------------------------------------ */

static text_words percent(double share)
{
    text_words t;
    if (isnan(share))
        return (text_words){"-"};
    snprintf(t.s, sizeof t.s, "%.*f %%", share < 0.1 ? 1 : 0, 100 * share);
    return t;
}

static void op_row(table *t, const bench_policy_rows *r, const char *op, int policy,
                   bench_phase phase, const bench_figure *f)
{
    const bench_verdict *v = &r->verdicts->list[f->worst];
    table_cell(t, "%s", op);
    table_cell(t, "%s", policy_name(r, policy));
    table_cell(t, "%s", percent(f->mean).s);
    table_cell(t, "%s", percent(f->p95).s);
    table_cell(t, "%s", percent(f->max).s);
    table_cell(t, "%s", v->shape);
    table_cell(t, "%s", v->chosen);
    table_cell(t, "%s", text_ns(v->chosen_ns).s);
    table_cell(t, "%s", v->best);
    table_cell(t, "%s", text_ns(v->best_ns).s);
    (void)phase;
}

static void print_ops(const bench_policy_rows *r, vane_context *ctx, bench_phase phase)
{
    table t;
    vane_op_info op;
    table_begin(&t, "llrrrllrlr", "op|policy|mean|p95|worst|at|chosen|takes|best|takes");
    for (uint32_t i = 0; i < vane_op_count(ctx); i++)
        for (int p = 0; vane_op_at(ctx, i, &op) == VANE_OK && p <= r->n_users; p++) {
            bench_figure f = bench_verdicts_sum(r->verdicts, p, phase, op.op, bench_measure_warm);
            if (f.count)
                op_row(&t, r, op.name, p, phase, &f);
        }
    table_end(&t, stdout, 0);
}

static void total_row(table *t, const bench_policy_rows *r, int policy, bench_phase phase)
{
    bench_figure f =
        bench_verdicts_sum(r->verdicts, policy, phase, VANE_OP_COUNT, bench_measure_warm);
    bench_figure cold =
        bench_verdicts_sum(r->verdicts, policy, phase, VANE_OP_COUNT, bench_measure_cold);
    double chosen, best;
    bench_verdicts_time(r->verdicts, policy, phase, &chosen, &best);
    table_cell(t, "%s", policy_name(r, policy));
    table_cell(t, "%d", f.count);
    table_cell(t, "%s", percent(f.mean).s);
    table_cell(t, "%s", percent(f.median).s);
    table_cell(t, "%s", percent(f.p95).s);
    table_cell(t, "%s", percent(f.max).s);
    table_cell(t, "%s", percent(mean_of(r, policy, phase, bench_measure_10)).s);
    table_cell(t, "%s", percent(mean_of(r, policy, phase, bench_measure_50)).s);
    table_cell(t, "%s", percent(cold.mean).s);
    table_cell(t, "%s", percent(cold.p95).s);
    table_cell(t, "%s", percent(mean_of(r, policy, phase, bench_measure_end)).s);
    table_cell(t, "%s", percent(mean_of(r, policy, phase, bench_measure_used)).s);
    table_cell(t, "%s", text_figure(mean_of(r, policy, phase, bench_measure_cost)).s);
    table_cell(t, "%s of %s", text_ns(chosen - best).s, text_ns(best).s);
}

static void print_phase(const bench_policy_rows *r, vane_context *ctx, bench_phase phase)
{
    table t;
    if (r->phases > 1)
        printf("%s%s:\n", phase ? "\n" : "", bench_phase_name(phase));
    print_ops(r, ctx, phase);
    putchar('\n');
    table_begin(&t, "lrrrrrrrrrrrrr",
                "policy|cases|mean|median|p95|worst|after 10|after 50|cold|its p95|at the end|"
                "in use|x cold calls|lost");
    for (int i = 0; i <= r->n_users; i++)
        total_row(&t, r, i, phase);
    table_end(&t, stdout, 0);
}

void bench_policy_end(bench_policy_rows *r, vane_context *ctx)
{
    if (r->wants_json) {
        end_json(r);
        return;
    }
    for (int phase = 0; phase < r->phases; phase++)
        print_phase(r, ctx, (bench_phase)phase);
}
