/* SPDX-License-Identifier: MIT */
/* bench_policy.c - vane bench policy: what the choices of each policy cost, in hindsight.
 *
 * Each policy meets each case as a program would: a plan, some calls, nothing known before.
 * Then every candidate is timed in turn, and so are the plans; whoever was chosen has a time
 * of its own there.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "bench_policy.h"
#include "cli.h"
#include "text.h"

#define PHASE_NS 2e9 /* of load, and of rest after it */

typedef struct regret {
    vane_context *ctx; /* for tables, and the list of candidates */
    bench_solos solos;
    bench_user user[BENCH_POLICIES];
    int n_users, fresh, quick;
    char ops[1024], policies[128];
    const char *sizes; /* NULL: the grid's */
    uint32_t dtype, calls;
    double min_ns, phase_ns, max_regret; /* NaN: no limit */
    bench_load *load;                    /* NULL: none wanted */
    bench_field field;
    bench_verdicts verdicts;
    bench_policy_rows rows;
    int by_wish, left_out, disagree; /* candidates; candidates; choices */
} regret;

/* ---- one case ----------------------------------------------------------------------- */

static int time_all(regret *r, const bench_case *c, double min_ns)
{
    vane_plan *plan[BENCH_POLICIES];
    double used_ns[BENCH_POLICIES] = {0};
    int rc = CLI_OK;
    for (int i = 0; i < r->n_users; i++)
        plan[i] = r->user[i].plan;
    bench_field_time(&r->field, r->ctx, c, min_ns, plan, used_ns, r->n_users);
    for (int i = 0; !rc && i < r->n_users; i++) {
        r->user[i].used_ns = used_ns[i];
        rc = bench_user_look(&r->user[i], c, BENCH_END);
    }
    return rc;
}

static int keep(regret *r, const bench_case *c, bench_phase phase)
{
    int room = 1;
    if (r->field.best < 0)
        return cli_fail("%s of %s: every candidate failed while it was timed", c->op.name,
                        c->shape);
    for (int i = 0; room && i < r->n_users; i++)
        room = bench_verdicts_add(&r->verdicts, c, &r->field, &r->user[i], i, phase);
    if (!room || !bench_verdicts_add_noise(&r->verdicts, c, &r->field, r->n_users, phase))
        return cli_no_memory();
    bench_policy_case(&r->rows, c, &r->field, phase);
    return CLI_OK;
}

/* The policies compute for half of the phase, by turns; then everybody is timed. */
static int phase(regret *r, const bench_case *c, bench_phase which)
{
    int rc = CLI_OK;
    double begin = bench_now_ns(), turn = r->phase_ns / 100;
    bench_load_set(r->load, which == BENCH_LOADED);
    for (int i = 0; i < r->n_users; i++)
        memset(r->user[i].seen, 0, sizeof r->user[i].seen);
    while (!rc && bench_now_ns() - begin < r->phase_ns / 2)
        for (int i = 0; !rc && i < r->n_users; i++)
            rc = bench_user_go_on(&r->user[i], turn);
    for (int i = 0; !rc && i < r->n_users; i++)
        rc = bench_user_look(&r->user[i], c, BENCH_COLD);
    if (!rc)
        rc = time_all(r, c, r->min_ns);
    bench_load_set(r->load, 0);
    return rc ? rc : keep(r, c, which);
}

static int reopen(regret *r)
{
    int rc = CLI_OK;
    for (int i = 0; !rc && i < r->n_users; i++) {
        bench_user_close(&r->user[i]);
        rc = bench_user_open(&r->user[i]);
    }
    return rc;
}

static int measure(regret *r, const bench_case *c)
{
    int rc = r->fresh ? reopen(r) : CLI_OK;
    for (int i = 0; !rc && i < r->n_users; i++) {
        rc = bench_user_start(&r->user[i], c, r->calls);
        r->disagree += !rc && !r->user[i].agrees;
    }
    if (!rc)
        rc = time_all(r, c, r->min_ns);
    if (!rc)
        rc = keep(r, c, BENCH_QUIET);
    if (!rc && r->load)
        rc = phase(r, c, BENCH_LOADED);
    if (!rc && r->load)
        rc = phase(r, c, BENCH_AFTER);
    for (int i = 0; i < r->n_users; i++)
        bench_user_end(&r->user[i]);
    return rc;
}

static int one_case(regret *r, const vane_op_info *op, const char *size)
{
    bench_case *c = calloc(1, sizeof *c);
    if (!c)
        return cli_no_memory();
    c->op = *op;
    int rc = bench_case_open(r->ctx, c, size, r->dtype, r->dtype == VANE_F32 ? VANE_F64 : VANE_F32);
    if (!rc) {
        bench_field_open(&r->field, &r->solos, c);
        r->by_wish += r->field.by_wish;
        r->left_out += r->field.left_out;
        if (r->field.count)
            rc = measure(r, c);
        bench_field_close(&r->field);
    }
    bench_case_close(c);
    free(c);
    return rc;
}

/* ---- the grid ------------------------------------------------------------------------ */

static int one_op(regret *r, const vane_op_info *op)
{
    char sizes[1024], *rest = sizes;
    int rc = CLI_OK;
    snprintf(sizes, sizeof sizes, "%s", r->sizes ? r->sizes : bench_grid_sizes(op, r->quick));
    for (char *size; !rc && (size = strsep(&rest, ","));)
        rc = one_case(r, op, size);
    return rc;
}

/* All names are looked up before anything is measured. */
static int all_ops(regret *r)
{
    vane_op_info op[64];
    int count = 0, rc = CLI_OK;
    char *rest = r->ops;
    for (char *name; !rc && (name = strsep(&rest, ",")) && count < 64;) {
        rc = cli_find_op(r->ctx, name, &op[count]);
        count += !rc && (op[count].dtypes >> r->dtype & 1);
    }
    for (int i = 0; !rc && i < count; i++)
        rc = one_op(r, &op[i]);
    if (!rc && !r->verdicts.count)
        return cli_fail("nothing was measured: no op of these takes %s, or nobody here can",
                        vane_dtype_name(r->dtype));
    return rc;
}

static int judge(const regret *r)
{
    for (int i = 0; i < r->n_users && !isnan(r->max_regret); i++) {
        double mean = 100 * bench_verdicts_sum(&r->verdicts, i, BENCH_QUIET, VANE_OP_COUNT,
                                               bench_measure_cold)
                                .mean;
        if (!strcmp(r->user[i].policy, "adaptive") && !(mean <= r->max_regret))
            return cli_fail("the mean regret of adaptive is %.2f %%, more than %g %%", mean,
                            r->max_regret);
    }
    return CLI_OK;
}

static void say_counts(const regret *r)
{
    if (r->rows.wants_json)
        return;
    printf("\n%d candidates were called with wishes, whose cost was taken off; %d were left out "
           "(wrong, failed,\nor not to be had alone); in %d cases a call's record named another "
           "choice than vane_explain.\n",
           r->by_wish, r->left_out, r->disagree);
}

static int run(regret *r, int json_wanted)
{
    r->rows = (bench_policy_rows){.wants_json = json_wanted,
                                  .phases = r->load ? BENCH_PHASES : 1,
                                  .n_users = r->n_users,
                                  .users = r->user,
                                  .verdicts = &r->verdicts};
    int rc = all_ops(r);
    if (r->rows.begun || !rc)
        bench_policy_end(&r->rows, r->ctx);
    if (rc)
        return rc;
    say_counts(r);
    return judge(r);
}

/* ---- options ------------------------------------------------------------------------- */

typedef struct wish {
    const char *ops, *sizes, *dtype, *policies, *calls, *min_time, *max_regret;
    int load;
} wish;

static int parse_policies(regret *r)
{
    char *rest = r->policies;
    for (char *name; (name = strsep(&rest, ","));) {
        if (r->n_users == BENCH_POLICIES)
            return cli_usage("--policies: at most %d", BENCH_POLICIES);
        r->user[r->n_users++].policy = name;
    }
    return CLI_OK;
}

static int is_adaptive_there(const regret *r)
{
    for (int i = 0; i < r->n_users; i++)
        if (!strcmp(r->user[i].policy, "adaptive"))
            return 1;
    return 0;
}

static int parse_numbers(regret *r, const wish *w)
{
    double ms = r->quick ? 2 : 30;
    int rc = CLI_OK;
    r->calls = 200;
    r->max_regret = (double)NAN;
    r->phase_ns = r->quick ? PHASE_NS / 10 : PHASE_NS;
    if (w->calls)
        rc = cli_parse_count("--cold-calls", w->calls, &r->calls);
    if (!rc && w->min_time && (!text_real(w->min_time, &ms) || !(ms > 0 && ms <= 1e6)))
        rc = cli_usage("--min-time: '%s' is not a number of milliseconds", w->min_time);
    r->min_ns = ms * 1e6;
    if (!rc && w->max_regret && (!text_real(w->max_regret, &r->max_regret) || isnan(r->max_regret)))
        rc = cli_usage("--max-regret: '%s' is not a number of percent", w->max_regret);
    if (!rc && w->max_regret && !is_adaptive_there(r))
        rc = cli_usage("--max-regret is about adaptive, which --policies leaves out");
    return rc;
}

static int configure(regret *r, const wish *w)
{
    snprintf(r->ops, sizeof r->ops, "%s", w->ops ? w->ops : bench_grid_ops(r->quick));
    snprintf(r->policies, sizeof r->policies, "%s",
             w->policies ? w->policies : "adaptive,heuristic,fixed");
    r->sizes = w->sizes;
    r->dtype = VANE_F32;
    int rc = w->dtype ? cli_parse_dtype("--dtype", w->dtype, &r->dtype) : CLI_OK;
    if (!rc)
        rc = parse_policies(r);
    return rc ? rc : parse_numbers(r, w);
}

static int open_all(regret *r, int load)
{
    /* each context here has its policy, and remembers nothing: the operator's wishes are for
     * programs */
    unsetenv("VANE_POLICY");
    unsetenv("VANE_CACHE");
    if (load && !(r->load = bench_load_open()))
        return CLI_FAILED;
    int rc = cli_open(&r->ctx, 0);
    if (!rc && vane_backends_open(r->ctx) != VANE_OK)
        rc = cli_error();
    for (int i = 0; !rc && i < r->n_users; i++)
        rc = bench_user_open(&r->user[i]);
    return rc;
}

static void close_all(regret *r)
{
    for (int i = 0; i < r->n_users; i++)
        bench_user_close(&r->user[i]);
    bench_solos_close(&r->solos);
    vane_close(r->ctx);
    bench_load_close(r->load);
    bench_verdicts_close(&r->verdicts);
}

int cmd_bench_policy(int argc, char **argv)
{
    wish w = {0};
    regret *r = calloc(1, sizeof *r);
    if (!r)
        return cli_no_memory();
    const args_option options[] = {
        {"ops", 'o', "LIST", "these (28 of all kinds)", NULL, &w.ops, NULL},
        {"sizes", 's', "LIST", "as of vane bench (12, from 8 to 4 million)", NULL, &w.sizes, NULL},
        {"dtype", 't', "TYPE", "of the inputs (f32)", NULL, &w.dtype, NULL},
        {"policies", 'p', "LIST", "adaptive,heuristic,fixed", NULL, &w.policies, NULL},
        {"cold-calls", 'n', "N", "before the choice counts (200)", NULL, &w.calls, NULL},
        {"min-time", 0, "MS", "measure each at least this long (30)", NULL, &w.min_time, NULL},
        {"fresh", 0, NULL, "new contexts for each case: nothing learned near by", &r->fresh, NULL,
         NULL},
        {"load", 0, NULL, "again while other processes want all CPUs, and after", &w.load, NULL,
         NULL},
        {"quick", 0, NULL, "a small grid, short times", &r->quick, NULL, NULL},
        {"max-regret", 0, "PCT", "exit code 1 when adaptive's mean is above", NULL, &w.max_regret,
         NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane bench policy [OPTION...]",
              .about =
                  "Measures the regret of each policy: what its choice takes beyond the best "
                  "candidate, all\ncandidates timed in turn in the same run. The choice is that "
                  "of a context that knew nothing,\nafter 200 calls; 'in use' is the plan's own "
                  "time, 'x cold calls' what those calls took over as\nmany of the best, "
                  "'(noise)' the regret that the best has against itself.\nVANE_POLICY and "
                  "VANE_CACHE do not count here.\n\n"
                  "  vane bench policy --ops add,matmul --policies adaptive\n"
                  "  vane bench policy --max-regret 5 --json",
              .options = options};
    int rc = args_parse(&a, argc, argv);
    if (rc == ARGS_GO_ON) {
        rc = a.count ? cli_usage("bench policy takes no arguments, got '%s'", a.item[0])
                     : configure(r, &w);
        if (!rc)
            rc = open_all(r, w.load);
        if (!rc)
            rc = run(r, a.json);
        close_all(r);
    }
    free(r);
    return rc;
}
