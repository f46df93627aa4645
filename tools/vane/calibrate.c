/* SPDX-License-Identifier: MIT */
/* calibrate.c - vane calibrate: learns beforehand what programs would learn beside their work. */
#include "calibrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "bench.h"
#include "cli.h"
#include "json.h"
#include "text.h"

#define CLASSES 64     /* most sites of one op and type */
#define BATCH_NS 2e6   /* of calls between two looks */
#define BAR 30         /* characters */
#define SITE_SHARE 0.5 /* of what an operation has left, one size may take */
#define PASSES 3       /* more than the first */
#define LOOKS 20       /* that each size gets all the same: a first call may compile for long */

typedef struct plan {
    calibrate_site *site;
    uint32_t count, room;
} plan;

typedef struct progress {
    uint32_t done, total, learned, known, left;
    double start_ns, end_ns;
    int is_terminal, wants_json, again;
} progress;

/* ---- what is to be done ---------------------------------------------------------------- */

static int plan_op(vane_context *ctx, plan *p, const vane_op_info *op, uint32_t dtype)
{
    if (p->count + CLASSES > p->room) {
        uint32_t room = 2 * p->room + CLASSES;
        calibrate_site *more = realloc(p->site, room * sizeof *more);
        if (!more)
            return cli_no_memory();
        p->site = more;
        p->room = room;
    }
    p->count += calibrate_sites(ctx, op, dtype, p->site + p->count, CLASSES);
    return CLI_OK;
}

static int plan_all(vane_context *ctx, plan *p, const args *a, uint32_t dtypes)
{
    vane_op_info op;
    int rc = CLI_OK;
    for (uint32_t t = 0; !rc && t < VANE_DTYPE_COUNT; t++) {
        if (!(dtypes >> t & 1))
            continue;
        for (int i = 0; !rc && i < a->count; i++)
            if (!(rc = cli_find_op(ctx, a->item[i], &op)))
                rc = plan_op(ctx, p, &op, t);
        for (uint32_t i = 0; !rc && a->count == 0 && i < vane_op_count(ctx); i++)
            if (vane_op_at(ctx, i, &op) == VANE_OK)
                rc = plan_op(ctx, p, &op, t);
    }
    if (!rc && p->count == 0)
        rc = cli_fail("there is nothing to calibrate: no operation of that type");
    return rc;
}

/* ---- progress -------------------------------------------------------------------------- */

static void show_bar(const progress *p, const calibrate_site *s)
{
    char bar[BAR + 1];
    int full = (int)((uint64_t)p->done * BAR / p->total);
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)full);
    bar[BAR] = '\0';
    fprintf(stderr, "\r[%s] %3u %%  %3.0f s  %s %s\033[K", bar, p->done * 100 / p->total,
            (bench_now_ns() - p->start_ns) / 1e9, s->op.name, vane_dtype_name(s->dtype));
}

static void show(const progress *p, const calibrate_site *s, int ends_op)
{
    if (p->is_terminal)
        show_bar(p, s);
    else if (ends_op && !p->wants_json && !p->again)
        printf("%s %s: %u of %u sizes\n", s->op.name, vane_dtype_name(s->dtype), p->done, p->total);
}

/* ---- one site -------------------------------------------------------------------------- */

static int is_known(vane_context *ctx, const calibrate_site *s, calibrate_case *c)
{
    static vane_decision d;
    return !calibrate_case_make(ctx, s, c) || !calibrate_case_ask(ctx, s, c, &d) ||
           calibrate_is_known(&d);
}

static int call_a_while(vane_context *ctx, const calibrate_site *s, calibrate_case *c)
{
    vane_tensor *outs[] = {&c->out};
    double end = bench_now_ns() + BATCH_NS;
    do
        if (vane_run(ctx, s->op.op, c->input, c->n_in, outs, 1, NULL, NULL) != VANE_OK)
            return 0;
    while (bench_now_ns() < end);
    return 1;
}

/* Until it is known, or its time is over. */
static void learn_site(vane_context *ctx, const calibrate_site *s, const calibrate_room *room,
                       double end_ns, progress *p)
{
    calibrate_case c;
    int known = is_known(ctx, s, &c);
    if (known)
        return;
    calibrate_case_place(&c, room);
    for (int looks = 0; !known; looks++) {
        double now = bench_now_ns();
        if (now > p->end_ns || (now > end_ns && looks >= LOOKS) || !call_a_while(ctx, s, &c))
            break;
        known = is_known(ctx, s, &c);
        calibrate_case_place(&c, room);
    }
    p->learned += (uint32_t)known;
    p->left += (uint32_t)!known;
}

/* ---- all of them ------------------------------------------------------------------------ */

static int same_op(const calibrate_site *a, const calibrate_site *b)
{
    return a->op.op == b->op.op && a->dtype == b->dtype;
}

static uint32_t count_known(vane_context *ctx, const calibrate_site *first, uint32_t n)
{
    calibrate_case c;
    uint32_t known = 0;
    for (uint32_t i = 0; i < n; i++)
        known += (uint32_t)is_known(ctx, &first[i], &c);
    return known;
}

static int learn_op(vane_context *ctx, const calibrate_site *first, uint32_t n, double end_ns,
                    progress *p)
{
    calibrate_room room = {.out = NULL};
    int rc = CLI_OK, all_known = count_known(ctx, first, n) == n;
    if (!all_known && !calibrate_room_open(ctx, first, n, &room))
        rc = cli_no_memory();
    for (uint32_t i = 0; !rc && i < n; i++) {
        double now = bench_now_ns();
        if (!all_known)
            learn_site(ctx, &first[i], &room, now + (end_ns - now) * SITE_SHARE, p);
        p->done++;
        show(p, &first[i], i + 1 == n);
    }
    calibrate_room_close(&room);
    return rc;
}

/* Every operation gets an equal part of the time that is left. */
static int learn_all(vane_context *ctx, const plan *todo, progress *p)
{
    uint32_t ops = 0;
    int rc = CLI_OK;
    p->done = p->left = 0;
    for (uint32_t i = 0; i < todo->count; i++)
        ops += i == 0 || !same_op(&todo->site[i], &todo->site[i - 1]);
    for (uint32_t at = 0, n; !rc && at < todo->count; at += n, ops--) {
        for (n = 1; at + n < todo->count && same_op(&todo->site[at], &todo->site[at + n]); n++)
            ;
        double now = bench_now_ns();
        rc = learn_op(ctx, &todo->site[at], n, now + (p->end_ns - now) / ops, p);
    }
    if (p->is_terminal)
        fputs("\r\033[K", stderr);
    return rc;
}

/* What had too little time the first time may have it now. */
static int learn_again(vane_context *ctx, const plan *todo, progress *p)
{
    int rc = CLI_OK;
    for (int i = 0; !rc && i < PASSES && p->left > 0 && bench_now_ns() < p->end_ns; i++) {
        p->again = 1;
        rc = learn_all(ctx, todo, p);
    }
    return rc;
}

static void tell(const progress *p, const vane_learned_info *info)
{
    double seconds = (bench_now_ns() - p->start_ns) / 1e9;
    json j;
    if (!p->wants_json) {
        printf("%u sizes of operations learned, %u known already, %u left, in %.0f s\n", p->learned,
               p->known, p->left, seconds);
        printf("%u entries in %s/%s\n", info->entries, info->folder, info->file);
        return;
    }
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_unsigned(&j, "learned", p->learned);
    json_unsigned(&j, "known", p->known);
    json_unsigned(&j, "left", p->left);
    json_real(&j, "seconds", seconds);
    json_unsigned(&j, "entries", info->entries);
    json_text(&j, "folder", info->folder);
    json_text(&j, "file", info->file);
    json_end(&j);
}

static void tell_if_busy(vane_context *ctx)
{
    vane_host_load load = {.struct_size = sizeof load};
    if (vane_host_load_get(ctx, &load) == VANE_OK && load.busy)
        puts("others are busy on this machine: what was measured beside them may be too slow");
}

static int learn(vane_context *ctx, const plan *todo, double seconds, int wants_json)
{
    vane_learned_info info = {.struct_size = sizeof info};
    progress p = {.total = todo->count, .start_ns = bench_now_ns(), .wants_json = wants_json};
    p.end_ns = p.start_ns + seconds * 1e9;
    p.is_terminal = isatty(2) && !wants_json;
    if (vane_learned_get(ctx, &info) != VANE_OK || vane_set_trials(ctx, 100) != VANE_OK)
        return cli_error();
    p.known = count_known(ctx, todo->site, todo->count);
    int rc = learn_all(ctx, todo, &p);
    if (!rc)
        rc = learn_again(ctx, todo, &p);
    if (!rc && (vane_learned_save(ctx) != VANE_OK || vane_learned_get(ctx, &info) != VANE_OK))
        rc = cli_error();
    if (!rc)
        tell(&p, &info);
    if (!rc && !wants_json)
        tell_if_busy(ctx);
    return rc;
}

/* ---- options ---------------------------------------------------------------------------- */

typedef struct wish {
    int all, check, forget, list;
    const char *dtype, *seconds, *days;
} wish;

static int run(vane_context *ctx, const wish *w, const args *a)
{
    plan todo = {0};
    double seconds = 50;
    uint32_t dtype = VANE_F32, days = 90;
    int rc = CLI_OK;
    if (w->dtype)
        rc = cli_parse_dtype("--dtype", w->dtype, &dtype);
    if (!rc && w->seconds && (!text_real(w->seconds, &seconds) || !(seconds > 0 && seconds < 1e6)))
        rc = cli_usage("--seconds: '%s' is not a number of seconds", w->seconds);
    if (!rc && w->days)
        rc = cli_parse_count("--days", w->days, &days);
    if (!rc && (w->list || w->forget))
        return w->list ? calibrate_list(ctx, a->json) : calibrate_forget(ctx, a->json);
    if (!rc)
        rc = plan_all(ctx, &todo, a, w->all ? UINT32_MAX : 1u << dtype);
    if (!rc && w->check)
        rc = calibrate_check(ctx, todo.site, todo.count, days, a->json);
    else if (!rc)
        rc = learn(ctx, &todo, seconds, a->json);
    free(todo.site);
    return rc;
}

/* One that measures nothing has nothing to learn. */
static int check_policy(void)
{
    const char *policy = getenv("VANE_POLICY");
    if (policy && (!strcmp(policy, "fixed") || !strcmp(policy, "heuristic")))
        return cli_fail("VANE_POLICY is %s, which learns nothing", policy);
    return CLI_OK;
}

int cmd_calibrate(int argc, char **argv)
{
    wish w = {0};
    const args_option options[] = {
        {"all", 0, NULL, "every data type, not only f32", &w.all, NULL, NULL},
        {"dtype", 't', "TYPE", "this one (f32)", NULL, &w.dtype, NULL},
        {"seconds", 's', "N", "take about so long at most (50)", NULL, &w.seconds, NULL},
        {"check", 0, NULL, "learn nothing: is what is kept complete and up to date?", &w.check,
         NULL, NULL},
        {"days", 0, "N", "for --check: older entries are not (90)", NULL, &w.days, NULL},
        {"list", 0, NULL, "show what is kept", &w.list, NULL, NULL},
        {"forget", 0, NULL, "throw it away", &w.forget, NULL, NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane calibrate [OP...] [OPTION...]",
              .about = "Runs operations at all sizes until it is known who is fastest and right at "
                       "each, and\nkeeps that for later programs (VANE_CACHE says where), which "
                       "then need not find out\nby themselves. What is known already is not "
                       "learned again.\n\n"
                       "  vane calibrate matmul softmax\n"
                       "  vane calibrate --check",
              .options = options};
    vane_context *ctx;
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    if (w.check + w.list + w.forget > 1)
        return cli_usage("--check, --list and --forget exclude each other");
    /* what others do meanwhile is noise here, and no state to be learned */
    setenv("VANE_LOAD", "0", 0);
    if ((rc = check_policy()) || (rc = cli_open(&ctx, 0)))
        return rc;
    vane_backends_open(ctx); /* what waits to be needed is measured too */
    rc = run(ctx, &w, &a);
    vane_close(ctx);
    return rc;
}
