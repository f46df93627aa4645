/* SPDX-License-Identifier: MIT */
/* bench_policy.h - the parts of vane bench policy: the grid, the field of candidates, the
 * policies that choose from it, other programs' load, the regret, and the study of them all.
 *
 * Regret of a choice: its time over that of the best candidate, less one, both measured in turn
 * in the same run.
 */
#ifndef VANE_TOOL_BENCH_POLICY_H
#define VANE_TOOL_BENCH_POLICY_H

#include "bench.h"

#define BENCH_SOLOS 32
#define BENCH_POLICIES 4

/* ---- bench_grid.c: which ops, at which sizes ------------------------------------ */

const char *bench_grid_ops(int quick);
const char *bench_grid_sizes(const vane_op_info *op, int quick);

/* ---- bench_solo.c: contexts in which one candidate computes --------------------- */

typedef struct bench_solo {
    char backend[16];
    uint32_t width;
    vane_context *ctx;  /* has that backend alone, so many threads, and no opinion; NULL: none */
    double election_ns; /* what wishes cost a call of it beyond a plan's; < 0: not measured */
} bench_solo;

typedef struct bench_solos {
    bench_solo list[BENCH_SOLOS];
    int count;
} bench_solos;

/* NULL: it could not be had. */
bench_solo *bench_solo_of(bench_solos *s, const char *backend, uint32_t width);
double bench_solo_election(bench_solo *s);
void bench_solos_close(bench_solos *s);

/* ---- bench_field.c: everybody who can compute a case ----------------------------- */

typedef struct bench_field {
    bench_contestant who[BENCH_CONTESTANTS];
    double aside_ns[BENCH_CONTESTANTS]; /* of the median: the election, not the candidate */
    double ns[BENCH_CONTESTANTS];       /* of a call, without it; 0: it failed on the way */
    int count;
    int best;     /* of who; -1 none */
    double noise; /* the best's own regret: timed twice, the slower over the faster, less one */
    int by_wish;  /* without a plan of their own */
    int left_out; /* wrong, failed, or not to be had alone */
} bench_field;

/* Every candidate of c's decision that computes it right. */
void bench_field_open(bench_field *f, bench_solos *solos, const bench_case *c);
/* Times all, and the plans beside them, in turn, until who may be the best is told from its twin;
 * used_ns: what a call of each plan took. */
void bench_field_time(bench_field *f, vane_context *ctx, const bench_case *c, double min_ns,
                      vane_plan *const *plans, double *used_ns, int n_plans);
/* The contestant that k is; -1: it is not in the field. */
int bench_field_find(const bench_field *f, const vane_candidate *k);
/* Its calls are so short that taking the election off leaves little: it is never the best, which
 * threads are not for such calls, and where it was chosen the plan's own time counts. */
int bench_field_is_vague(const bench_field *f, int i);
void bench_field_close(bench_field *f);

/* ---- bench_user.c: a program that leaves the choice to a policy ------------------ */

/* When it is looked at who is chosen: after 10 calls, 50, all of the cold ones, when it is warm,
 * and when everybody was timed. */
enum { BENCH_AFTER_10, BENCH_AFTER_50, BENCH_COLD, BENCH_WARM, BENCH_END, BENCH_LOOKS };

typedef struct bench_user {
    const char *policy;
    vane_context *ctx;
    vane_plan *plan;
    uint32_t calls; /* the cold ones */
    double cold_ns; /* that they took */
    double used_ns; /* of a call of the plan, beside the field */
    int seen[BENCH_LOOKS];
    vane_candidate choice[BENCH_LOOKS];
    vane_decision view; /* of the last look */
    int agrees;         /* when warm, vane_run's record named the same candidate as vane_explain */
} bench_user;

/* Prints its error; CLI_USAGE for a policy that is not there. */
int bench_user_open(bench_user *u);
void bench_user_close(bench_user *u);
/* A plan, and the cold calls with it. */
int bench_user_start(bench_user *u, const bench_case *c, uint32_t calls);
int bench_user_go_on(bench_user *u, double ns); /* calls for so long */
/* Looks who is chosen when warm, and compares that with what a call says. */
int bench_user_warm(bench_user *u, const bench_case *c);
int bench_user_look(bench_user *u, const bench_case *c, int look);
int bench_user_look_amid(bench_user *u, const bench_case *c, int look); /* after calls in a row */
void bench_user_end(bench_user *u);                                     /* of this case */

/* ---- bench_load.c: other programs that want the CPUs ----------------------------- */

typedef struct bench_load bench_load;

/* One process for each CPU that this one may use, idle at first. Before any context. NULL and
 * its error printed. */
bench_load *bench_load_open(void);
void bench_load_set(bench_load *l, int on);
void bench_load_close(bench_load *l);

/* ---- bench_regret.c: what is kept of each choice --------------------------------- */

typedef enum bench_phase { BENCH_QUIET, BENCH_LOADED, BENCH_AFTER, BENCH_PHASES } bench_phase;

/* One policy on one case in one phase. NaN: was not looked at. */
typedef struct bench_verdict {
    uint32_t op;
    int policy; /* of those asked for; of the noise: their number */
    bench_phase phase;
    char shape[48], chosen[64], best[64];
    double best_ns, chosen_ns, used_ns, cold_ns;
    uint32_t calls;
    double regret[BENCH_LOOKS];
} bench_verdict;

typedef struct bench_verdicts {
    bench_verdict *list;
    int count, capacity;
} bench_verdicts;

typedef struct bench_figure {
    int count;
    double mean, median, p95, max;
    int worst; /* the verdict with max; -1 none */
} bench_figure;

/* What a verdict is measured by; NaN: not at all. */
typedef double (*bench_measure)(const bench_verdict *v);
double bench_measure_10(const bench_verdict *v);
double bench_measure_50(const bench_verdict *v);
double bench_measure_cold(const bench_verdict *v);
double bench_measure_warm(const bench_verdict *v); /* the regret that is reported */
double bench_measure_end(const bench_verdict *v);
double bench_measure_used(const bench_verdict *v); /* of the plan itself, as it was called */
double bench_measure_cost(const bench_verdict *v); /* of the cold calls, over as many best ones */

/* 0: out of memory. */
int bench_verdicts_add(bench_verdicts *all, const bench_case *c, const bench_field *f,
                       const bench_user *u, int policy, bench_phase phase);
int bench_verdicts_add_noise(bench_verdicts *all, const bench_case *c, const bench_field *f,
                             int policy, bench_phase phase);
/* Of one policy in one phase; op VANE_OP_COUNT: of all ops. */
bench_figure bench_verdicts_sum(const bench_verdicts *all, int policy, bench_phase phase,
                                uint32_t op, bench_measure measure);
/* What one call of each case took in all, by the choice and by the best. */
void bench_verdicts_time(const bench_verdicts *all, int policy, bench_phase phase,
                         double *chosen_ns, double *best_ns);
void bench_verdicts_close(bench_verdicts *all);

/* ---- bench_policy_rows.c: what is printed ---------------------------------------- */

typedef struct bench_policy_rows {
    int wants_json, begun, phases, n_users;
    json json;
    const bench_user *users;
    const bench_verdicts *verdicts;
} bench_policy_rows;

const char *bench_phase_name(bench_phase phase);
void bench_policy_case(bench_policy_rows *r, const bench_case *c, const bench_field *f,
                       bench_phase phase); /* JSON only */
/* Tables, or the rest of the JSON. name: of an op by its number */
void bench_policy_end(bench_policy_rows *r, vane_context *ctx);

/* ---- bench_study.c: all of it ------------------------------------------------------- */

typedef struct bench_study {
    vane_context *ctx; /* for tables, and the list of candidates */
    bench_solos solos;
    bench_user user[BENCH_POLICIES];
    int n_users, fresh, quick;
    char ops[1024], policies[128];
    const char *sizes; /* NULL: the grid's */
    const char *cache; /* where policies find what was learned before; "0": nowhere */
    uint32_t dtype, calls;
    double min_ns, warm_ns, phase_ns, max_regret; /* NaN: no limit */
    bench_load *load;                             /* NULL: none wanted */
    bench_field field;
    bench_verdicts verdicts;
    bench_policy_rows rows;
    int by_wish, left_out, disagree; /* candidates; candidates; choices */
} bench_study;

/* Measures the grid; prints its error. */
int bench_study_run(bench_study *s);

#endif
