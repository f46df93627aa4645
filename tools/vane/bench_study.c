/* SPDX-License-Identifier: MIT */
/* bench_study.c - the policies meet the cases of a grid, and are judged by the candidates.
 *
 * Each policy meets each case as a program would: a plan, some calls, nothing known before.
 * Then every candidate is timed in turn, and so are the plans; whoever was chosen has a time
 * of its own there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_policy.h"
#include "cli.h"

/* ---- one case ----------------------------------------------------------------------- */

static int time_all(bench_study *s, const bench_case *c, double min_ns)
{
    vane_plan *plan[BENCH_POLICIES];
    double used_ns[BENCH_POLICIES] = {0};
    int rc = CLI_OK;
    for (int i = 0; i < s->n_users; i++)
        plan[i] = s->user[i].plan;
    bench_field_time(&s->field, s->ctx, c, min_ns, plan, used_ns, s->n_users);
    for (int i = 0; !rc && i < s->n_users; i++) {
        s->user[i].used_ns = used_ns[i];
        rc = bench_user_look_amid(&s->user[i], c, BENCH_END);
    }
    return rc;
}

static int keep(bench_study *s, const bench_case *c, bench_phase phase)
{
    int room = 1;
    if (s->field.best < 0)
        return cli_fail("%s of %s: every candidate failed while it was timed", c->op.name,
                        c->shape);
    for (int i = 0; room && i < s->n_users; i++)
        room = bench_verdicts_add(&s->verdicts, c, &s->field, &s->user[i], i, phase);
    if (!room || !bench_verdicts_add_noise(&s->verdicts, c, &s->field, s->n_users, phase))
        return cli_no_memory();
    bench_policy_case(&s->rows, c, &s->field, phase);
    return CLI_OK;
}

/* All call for so long, by turns; then it is looked at whom they chose. */
static int warm_up(bench_study *s, const bench_case *c, double ns)
{
    int rc = CLI_OK;
    double begin = bench_now_ns(), turn = ns / 50 / s->n_users;
    while (!rc && bench_now_ns() - begin < ns)
        for (int i = 0; !rc && i < s->n_users; i++)
            rc = bench_user_go_on(&s->user[i], turn);
    for (int i = 0; !rc && i < s->n_users; i++)
        rc = bench_user_warm(&s->user[i], c);
    return rc;
}

/* The policies compute for half of the phase; then everybody is timed. */
static int phase(bench_study *s, const bench_case *c, bench_phase which)
{
    bench_load_set(s->load, which == BENCH_LOADED);
    for (int i = 0; i < s->n_users; i++)
        memset(s->user[i].seen, 0, sizeof s->user[i].seen);
    int rc = warm_up(s, c, s->phase_ns / 2);
    if (!rc)
        rc = time_all(s, c, s->min_ns);
    bench_load_set(s->load, 0);
    return rc ? rc : keep(s, c, which);
}

static int reopen(bench_study *s)
{
    int rc = CLI_OK;
    for (int i = 0; !rc && i < s->n_users; i++) {
        bench_user_close(&s->user[i]);
        rc = bench_user_open(&s->user[i]);
    }
    return rc;
}

static int measure(bench_study *s, const bench_case *c)
{
    int rc = s->fresh ? reopen(s) : CLI_OK;
    for (int i = 0; !rc && i < s->n_users; i++)
        rc = bench_user_start(&s->user[i], c, s->calls);
    if (!rc)
        rc = warm_up(s, c, s->warm_ns * s->n_users);
    for (int i = 0; !rc && i < s->n_users; i++)
        s->disagree += !s->user[i].agrees;
    if (!rc)
        rc = time_all(s, c, s->min_ns);
    if (!rc)
        rc = keep(s, c, BENCH_QUIET);
    if (!rc && s->load)
        rc = phase(s, c, BENCH_LOADED);
    if (!rc && s->load)
        rc = phase(s, c, BENCH_AFTER);
    for (int i = 0; i < s->n_users; i++)
        bench_user_end(&s->user[i]);
    return rc;
}

static int one_case(bench_study *s, const vane_op_info *op, const char *size)
{
    bench_case *c = calloc(1, sizeof *c);
    if (!c)
        return cli_no_memory();
    c->op = *op;
    int rc = bench_case_open(s->ctx, c, size, s->dtype, s->dtype == VANE_F32 ? VANE_F64 : VANE_F32);
    if (!rc) {
        bench_field_open(&s->field, &s->solos, c);
        s->by_wish += s->field.by_wish;
        s->left_out += s->field.left_out;
        if (s->field.count)
            rc = measure(s, c);
        bench_field_close(&s->field);
    }
    bench_case_close(c);
    free(c);
    return rc;
}

/* ---- the grid ------------------------------------------------------------------------ */

static int one_op(bench_study *s, const vane_op_info *op)
{
    char sizes[1024], *rest = sizes;
    int rc = CLI_OK;
    snprintf(sizes, sizeof sizes, "%s", s->sizes ? s->sizes : bench_grid_sizes(op, s->quick));
    for (char *size; !rc && (size = strsep(&rest, ","));)
        rc = one_case(s, op, size);
    return rc;
}

/* All names are looked up before anything is measured. */
int bench_study_run(bench_study *s)
{
    vane_op_info op[64];
    int count = 0, rc = CLI_OK;
    char *rest = s->ops;
    for (char *name; !rc && (name = strsep(&rest, ",")) && count < 64;) {
        rc = cli_find_op(s->ctx, name, &op[count]);
        count += !rc && (op[count].dtypes >> s->dtype & 1);
    }
    for (int i = 0; !rc && i < count; i++)
        rc = one_op(s, &op[i]);
    if (!rc && !s->verdicts.count)
        return cli_fail("nothing was measured: no op of these takes %s, or nobody here can",
                        vane_dtype_name(s->dtype));
    return rc;
}
