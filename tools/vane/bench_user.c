/* SPDX-License-Identifier: MIT */
/* bench_user.c - a program that leaves the choice to a policy, and looks who is chosen.
 *
 * It has a context of its own, which remembers what VANE_CACHE says. Its calls are
 * plans', as the candidates' are; looking is not part of their time.
 */
#include <string.h>

#include "bench_policy.h"
#include "cli.h"

#define BURST_NS 300e3

int bench_user_open(bench_user *u)
{
    vane_config config = {.struct_size = sizeof config, .policy = u->policy};
    if (vane_open(&config, &u->ctx) != VANE_OK) {
        int unknown = vane_last_error()->status == VANE_E_NOT_FOUND;
        cli_error();
        return unknown ? CLI_USAGE : CLI_FAILED;
    }
    return vane_backends_open(u->ctx) == VANE_OK ? CLI_OK : cli_error();
}

void bench_user_close(bench_user *u)
{
    vane_close(u->ctx);
    u->ctx = NULL;
}

void bench_user_end(bench_user *u)
{
    if (u->plan)
        vane_plan_close(u->plan);
    u->plan = NULL;
    memset(u->seen, 0, sizeof u->seen);
    u->calls = 0;
    u->cold_ns = u->used_ns = 0;
}

int bench_user_look(bench_user *u, const bench_case *c, int look)
{
    vane_tensor out = c->out;
    vane_tensor *outs[] = {&out};
    u->view.struct_size = sizeof u->view;
    if (vane_explain(u->ctx, c->op.op, c->input, c->n_in, outs, 1, c->given, &u->view) != VANE_OK)
        return cli_error();
    u->seen[look] = u->view.chosen < u->view.count;
    if (u->seen[look])
        u->choice[look] = u->view.candidates[u->view.chosen];
    return CLI_OK;
}

/* What a call says of itself: the record that the careful path keeps. */
static int compare(bench_user *u, const bench_case *c)
{
    vane_tensor out = c->out;
    vane_tensor *outs[] = {&out};
    vane_decision d = {.struct_size = sizeof d};
    vane_options options = {.struct_size = sizeof options, .decision = &d};
    if (vane_run(u->ctx, c->op.op, c->input, c->n_in, outs, 1, c->given, &options) != VANE_OK)
        return cli_error();
    const vane_candidate *k = &u->choice[BENCH_WARM];
    u->agrees = u->seen[BENCH_WARM] && d.ran < d.count && d.candidates[d.ran].width == k->width &&
                !strcmp(d.candidates[d.ran].kernel, k->kernel) &&
                !strcmp(d.candidates[d.ran].device, k->device) &&
                !strcmp(d.candidates[d.ran].backend, k->backend);
    return CLI_OK;
}

static int run_until(bench_user *u, uint32_t calls)
{
    double begin = bench_now_ns();
    for (; u->calls < calls; u->calls++)
        if (vane_plan_run(u->plan) != VANE_OK)
            return cli_error();
    u->cold_ns += bench_now_ns() - begin;
    return CLI_OK;
}

int bench_user_start(bench_user *u, const bench_case *c, uint32_t calls)
{
    static const uint32_t early[] = {[BENCH_AFTER_10] = 10, [BENCH_AFTER_50] = 50};
    vane_tensor out = c->out;
    vane_tensor *outs[] = {&out};
    if (vane_plan_open(u->ctx, c->op.op, c->input, c->n_in, outs, 1, c->given, &u->plan) != VANE_OK)
        return cli_error();
    int rc = CLI_OK;
    for (int look = BENCH_AFTER_10; !rc && look <= BENCH_AFTER_50; look++)
        if (early[look] <= calls && !(rc = run_until(u, early[look])))
            rc = bench_user_look(u, c, look);
    if (!rc)
        rc = run_until(u, calls);
    return rc ? rc : bench_user_look(u, c, BENCH_COLD);
}

int bench_user_go_on(bench_user *u, double ns)
{
    double begin = bench_now_ns();
    do
        if (vane_plan_run(u->plan) != VANE_OK)
            return cli_error();
    while (bench_now_ns() - begin < ns);
    return CLI_OK;
}

/* Who computes in the midst of calls: they may keep threads awake that a pause lets fall asleep,
 * and another program's calls, in between, are a pause. */
int bench_user_look_amid(bench_user *u, const bench_case *c, int look)
{
    int rc = bench_user_go_on(u, BURST_NS);
    return rc ? rc : bench_user_look(u, c, look);
}

int bench_user_warm(bench_user *u, const bench_case *c)
{
    int rc = bench_user_look_amid(u, c, BENCH_WARM);
    rc = rc ? rc : bench_user_go_on(u, BURST_NS);
    return rc ? rc : compare(u, c);
}
