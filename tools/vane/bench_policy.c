/* SPDX-License-Identifier: MIT */
/* bench_policy.c - vane bench policy: what the choices of each policy cost, in hindsight. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "bench_policy.h"
#include "cli.h"
#include "text.h"

#define PHASE_NS 2e9 /* of load, and of rest after it */

static int judge(const bench_study *s)
{
    for (int i = 0; i < s->n_users && !isnan(s->max_regret); i++) {
        double mean = 100 * bench_verdicts_sum(&s->verdicts, i, BENCH_QUIET, VANE_OP_COUNT,
                                               bench_measure_warm)
                                .mean;
        if (!strcmp(s->user[i].policy, "adaptive") && !(mean <= s->max_regret))
            return cli_fail("the mean regret of adaptive is %.2f %%, more than %g %%", mean,
                            s->max_regret);
    }
    return CLI_OK;
}

static void say_counts(const bench_study *s)
{
    if (s->rows.wants_json)
        return;
    printf("\n%d candidates were called with wishes, whose cost was taken off; %d were left out "
           "(wrong, failed,\nor not to be had alone); in %d cases a call's record named another "
           "choice than vane_explain.\n",
           s->by_wish, s->left_out, s->disagree);
}

static int run(bench_study *s, int json_wanted)
{
    s->rows = (bench_policy_rows){.wants_json = json_wanted,
                                  .phases = s->load ? BENCH_PHASES : 1,
                                  .n_users = s->n_users,
                                  .users = s->user,
                                  .verdicts = &s->verdicts};
    int rc = bench_study_run(s);
    if (s->rows.begun || !rc)
        bench_policy_end(&s->rows, s->ctx);
    if (rc)
        return rc;
    say_counts(s);
    return judge(s);
}

/* ---- options ------------------------------------------------------------------------- */

typedef struct wish {
    const char *ops, *sizes, *dtype, *policies, *calls, *warm_up, *cache, *min_time, *max_regret;
    int load;
} wish;

static int parse_policies(bench_study *s)
{
    char *rest = s->policies;
    for (char *name; (name = strsep(&rest, ","));) {
        if (s->n_users == BENCH_POLICIES)
            return cli_usage("--policies: at most %d", BENCH_POLICIES);
        s->user[s->n_users++].policy = name;
    }
    return CLI_OK;
}

static int is_adaptive_there(const bench_study *s)
{
    for (int i = 0; i < s->n_users; i++)
        if (!strcmp(s->user[i].policy, "adaptive"))
            return 1;
    return 0;
}

static int parse_numbers(bench_study *s, const wish *w)
{
    double ms = s->quick ? 2 : 30;
    int rc = CLI_OK;
    s->calls = 200;
    s->max_regret = (double)NAN;
    s->phase_ns = s->quick ? PHASE_NS / 10 : PHASE_NS;
    if (w->calls)
        rc = cli_parse_count("--cold-calls", w->calls, &s->calls);
    if (!rc && w->min_time && (!text_real(w->min_time, &ms) || !(ms > 0 && ms <= 1e6)))
        rc = cli_usage("--min-time: '%s' is not a number of milliseconds", w->min_time);
    s->min_ns = ms * 1e6;
    ms = s->quick ? 10 : 300;
    if (!rc && w->warm_up && (!text_real(w->warm_up, &ms) || !(ms >= 0 && ms <= 1e6)))
        rc = cli_usage("--warm-up: '%s' is not a number of milliseconds", w->warm_up);
    s->warm_ns = ms * 1e6;
    if (!rc && w->max_regret && (!text_real(w->max_regret, &s->max_regret) || isnan(s->max_regret)))
        rc = cli_usage("--max-regret: '%s' is not a number of percent", w->max_regret);
    if (!rc && w->max_regret && !is_adaptive_there(s))
        rc = cli_usage("--max-regret is about adaptive, which --policies leaves out");
    return rc;
}

static int configure(bench_study *s, const wish *w)
{
    snprintf(s->ops, sizeof s->ops, "%s", w->ops ? w->ops : bench_grid_ops(s->quick));
    snprintf(s->policies, sizeof s->policies, "%s",
             w->policies ? w->policies : "adaptive,heuristic,fixed");
    s->sizes = w->sizes;
    s->dtype = VANE_F32;
    s->cache = w->cache ? w->cache : "0";
    int rc = w->dtype ? cli_parse_dtype("--dtype", w->dtype, &s->dtype) : CLI_OK;
    if (!rc)
        rc = parse_policies(s);
    return rc ? rc : parse_numbers(s, w);
}

static int open_all(bench_study *s, int load)
{
    /* each context here has its policy, and remembers nothing if it is not told to: the operator's
     * wishes are for programs */
    unsetenv("VANE_POLICY");
    setenv("VANE_CACHE", s->cache, 1);
    if (load && !(s->load = bench_load_open()))
        return CLI_FAILED;
    int rc = cli_open(&s->ctx, 0);
    if (!rc && vane_backends_open(s->ctx) != VANE_OK)
        rc = cli_error();
    for (int i = 0; !rc && i < s->n_users; i++)
        rc = bench_user_open(&s->user[i]);
    return rc;
}

static void close_all(bench_study *s)
{
    for (int i = 0; i < s->n_users; i++)
        bench_user_close(&s->user[i]);
    bench_solos_close(&s->solos);
    vane_close(s->ctx);
    bench_load_close(s->load);
    bench_verdicts_close(&s->verdicts);
}

int cmd_bench_policy(int argc, char **argv)
{
    wish w = {0};
    bench_study *s = calloc(1, sizeof *s);
    if (!s)
        return cli_no_memory();
    const args_option options[] = {
        {"ops", 'o', "LIST", "these (28 of all kinds)", NULL, &w.ops, NULL},
        {"sizes", 's', "LIST", "as of vane bench (12, from 8 to 4 million)", NULL, &w.sizes, NULL},
        {"dtype", 't', "TYPE", "of the inputs (f32)", NULL, &w.dtype, NULL},
        {"policies", 'p', "LIST", "adaptive,heuristic,fixed", NULL, &w.policies, NULL},
        {"cold-calls", 'n', "N", "first, in which a choice is to be found (200)", NULL, &w.calls,
         NULL},
        {"warm-up", 'w', "MS", "of calls, after them (300)", NULL, &w.warm_up, NULL},
        {"min-time", 0, "MS", "measure each at least this long (30)", NULL, &w.min_time, NULL},
        {"fresh", 0, NULL, "new contexts for each case: nothing learned near by", &s->fresh, NULL,
         NULL},
        {"cache", 'c', "FOLDER", "with what vane calibrate kept there (with nothing)", NULL,
         &w.cache, NULL},
        {"load", 0, NULL, "again while other processes want all CPUs, and after", &w.load, NULL,
         NULL},
        {"quick", 0, NULL, "a small grid, short times", &s->quick, NULL, NULL},
        {"max-regret", 0, "PCT", "exit code 1 when adaptive's mean is above", NULL, &w.max_regret,
         NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane bench policy [OPTION...]",
              .about =
                  "Measures the regret of each policy: what its choice takes beyond the best "
                  "candidate, all\ncandidates timed in turn in the same run. The choice is that "
                  "of a context that knew nothing,\nafter 200 calls and 300 ms; 'in use' is the "
                  "plan's own time, 'x cold calls' what those calls took over\nas many of the "
                  "best, '(noise)' the regret that the best has against itself.\nVANE_POLICY and "
                  "VANE_CACHE do not count here.\n\n"
                  "  vane bench policy --ops add,matmul --policies adaptive\n"
                  "  VANE_CACHE=/tmp/known vane calibrate\n"
                  "  vane bench policy --fresh --cache /tmp/known --max-regret 5",
              .options = options};
    int rc = args_parse(&a, argc, argv);
    if (rc == ARGS_GO_ON) {
        rc = a.count ? cli_usage("bench policy takes no arguments, got '%s'", a.item[0])
                     : configure(s, &w);
        if (!rc)
            rc = open_all(s, w.load);
        if (!rc)
            rc = run(s, a.json);
        close_all(s);
    }
    free(s);
    return rc;
}
