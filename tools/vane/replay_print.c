/* SPDX-License-Identifier: MIT */
/* replay_print.c - what a replay found, for people. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "replay.h"
#include "table.h"
#include "text.h"

#define MOST_ROWS 30

/* ---- for people ----------------------------------------------------------------------- */

static void print_totals(const replay *r)
{
    printf("  as recorded  %s\n", text_ns(r->sum_ns).s);
    printf("  at medians   %s: each call as long as its kind usually took where it ran\n",
           text_ns(r->usual_ns).s);
    printf(
        "  %-11s  %s here: %s of recorded times, %s predicted, %s not known and taken as usual\n",
        r->policy, text_ns(r->then_ns).s, text_ns(r->recorded_ns).s,
        text_ns(fmax(0, r->then_ns - r->recorded_ns - r->unknown_ns)).s, text_ns(r->unknown_ns).s);
    double gain = r->best_ns - r->then_ns; /* predictions may promise more than was recorded */
    printf("  best known   %s: the recorded choices lost %s, %s would %s %s\n",
           text_ns(r->best_ns).s, text_ns(r->usual_ns - r->best_ns).s, r->policy,
           gain > 0 ? "win" : "lose", text_ns(fabs(gain)).s);
    printf("  elsewhere    %llu of the calls would run on something else\n",
           (unsigned long long)r->elsewhere);
    if (r->runs > 0)
        printf("  run again    %llu calls took %s\n", (unsigned long long)r->runs,
               text_ns(r->run_ns).s);
    if (r->left_out > 0)
        printf("  not run      %llu calls: refused, or too large\n",
               (unsigned long long)r->left_out);
}

static void print_kinds(const replay *r)
{
    table t;
    int ran = r->runs > 0;
    table_begin(&t, ran ? "lrlrlrr" : "lrlrlr",
                ran ? "kind of call|calls|recorded on|each|here on|each|run again"
                    : "kind of call|calls|recorded on|each|here on|each");
    for (size_t i = 0; i < r->n_kinds && i < MOST_ROWS; i++) {
        const replay_kind *k = &r->kinds[i];
        if (k->calls == 0)
            continue;
        table_cell(&t, "%s", replay_kind_text(k->kind).s);
        table_cell(&t, "%llu", (unsigned long long)k->calls);
        table_cell(&t, "%s",
                   replay_who_text(replay_who(r, k->who)->backend, replay_who(r, k->who)->width).s);
        table_cell(&t, "%s", text_ns(k->who_ns).s);
        table_cell(&t, "%s", k->refused ? "refused" : replay_who_text(k->backend, k->width).s);
        table_cell(&t, "%s%s", k->refused ? "-" : text_ns(k->then_ns).s,
                   k->refused || k->basis == REPLAY_RECORDED ? ""
                   : k->basis == REPLAY_PREDICTED            ? " ?"
                                                             : " =");
        if (ran)
            table_cell(&t, "%s", k->runs ? text_ns(k->run_ns).s : "-");
    }
    putchar('\n');
    table_end(&t, stdout, 2);
    if (r->n_called > MOST_ROWS)
        printf("  ... and %zu more kinds; --json has all\n", r->n_called - MOST_ROWS);
    printf("  ?: predicted for calls of about that size; =: not predicted, as usual\n");
}

/* ---- the whole ------------------------------------------------------------------------- */

static void print_crossover(void *arg, const replay_kind *before, const replay_kind *after)
{
    (void)arg;
    printf("  %s: %s", replay_kind_text(before->kind).s,
           replay_who_text(before->backend, before->width).s);
    printf("; from %s on %s\n", strchr(strchr(replay_kind_text(after->kind).s, ' ') + 1, ' ') + 1,
           replay_who_text(after->backend, after->width).s);
}

void replay_print(const replay *r)
{
    const recording *f = r->from;
    uint64_t in_buffers = 0;
    for (size_t i = 0; i < r->n_kinds; i++)
        in_buffers += r->kinds[i].kind->place ? r->kinds[i].calls : 0;
    printf("%llu calls of %zu kinds by %u threads of process %llu, libvane %s\n",
           (unsigned long long)r->calls, r->n_called, f->n_threads, (unsigned long long)f->process,
           f->version);
    print_totals(r);
    print_kinds(r);
    printf("\nthe choice changes with size\n");
    if (replay_crossovers(r, print_crossover, NULL) == 0)
        puts("  nowhere in these calls");
    if (r->failed > 0)
        printf("failed then, and left out: %llu calls\n", (unsigned long long)r->failed);
    if (f->left_out > 0)
        printf("not recorded for their length: %llu calls\n", (unsigned long long)f->left_out);
    if (in_buffers > 0)
        printf("with operands in buffers, asked about as if in host memory: %llu calls\n",
               (unsigned long long)in_buffers);
    for (size_t i = 0; i < r->n_kinds; i++)
        if (r->kinds[i].refused)
            printf("refused here: %s: %s\n", replay_kind_text(r->kinds[i].kind).s, r->kinds[i].why);
}
