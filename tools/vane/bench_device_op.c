/* SPDX-License-Identifier: MIT */
/* bench_device_op.c - an op at a size on a device: each of its kernels as if it were the only one,
 * and whom the user's policy takes once it knows them.
 */
#include <stdio.h>
#include <string.h>

#include "bench_device.h"
#include "cli.h"

enum { KERNELS = 8 };
#define LEARNS                                                                         \
    20.0 /* times what one is measured for is given to the policy, to make up its mind \
          */

typedef struct contest {
    bench_device *d;
    bench_resident r;
    vane_stream *stream;
    int count;
    char kernel[KERNELS][96];
    double learned_ns[KERNELS];
    int chosen;  /* -1: not asked, or none of them */
    int settled; /* it will try no more */
    bench_thing thing[KERNELS];
} contest;

/* ---- who is there ------------------------------------------------------------------------- */

static vane_status explain(contest *t, vane_context *ctx, vane_decision *out)
{
    const bench_case *c = t->r.c;
    vane_tensor *outs[] = {&t->r.out};
    *out = (vane_decision){.struct_size = sizeof *out};
    return vane_explain(ctx, c->op.op, t->r.input, c->n_in, outs, 1, c->given, out);
}

static int find(const contest *t, const vane_candidate *c)
{
    int i = 0;
    if (strcmp(c->device, t->d->info.id) != 0)
        return -1;
    while (i < t->count && strcmp(t->kernel[i], c->kernel) != 0)
        i++;
    return i < t->count ? i : -1;
}

static double run(bench_thing *b, uint64_t n);

/* A policy without an opinion lists as later all that could be the choice. */
static int gather(contest *t)
{
    vane_decision found;
    if (explain(t, t->d->picked, &found) != VANE_OK)
        return cli_error();
    for (uint32_t i = 0; i < found.count && t->count < KERNELS; i++) {
        const vane_candidate *c = &found.candidates[i];
        if ((c->reason != VANE_REASON_CHOSEN && c->reason != VANE_REASON_LATER) ||
            strcmp(c->device, t->d->info.id) != 0 || find(t, c) >= 0)
            continue;
        int at = t->count++;
        snprintf(t->kernel[at], sizeof t->kernel[at], "%s", c->kernel);
        t->thing[at] = (bench_thing){.run = run, .self = t, .name = t->kernel[at]};
    }
    return CLI_OK;
}

/* ---- each of them alone --------------------------------------------------------------------- */

static int pick(contest *t, bench_thing *b)
{
    vane_decision found;
    if (!strcmp(t->d->wish->kernel, b->name))
        return 1;
    if (bench_device_pick(t->d, b->name) || explain(t, t->d->picked, &found) != VANE_OK) {
        bench_thing_failed(b);
        return 0;
    }
    if (found.chosen < found.count && !strcmp(found.candidates[found.chosen].kernel, b->name))
        return 1;
    b->result = BENCH_FAILED;
    snprintf(b->why, sizeof b->why, "it was not taken when asked for");
    return 0;
}

static int give(contest *t, uint64_t n)
{
    const bench_case *c = t->r.c;
    vane_tensor *outs[] = {&t->r.out};
    for (uint64_t i = 0; i < n; i++)
        if (vane_run_async(t->stream, c->op.op, t->r.input, c->n_in, outs, 1, c->given, NULL) !=
            VANE_OK)
            return 0;
    return vane_stream_wait(t->stream) == VANE_OK;
}

/* The one before left its own code and data in the caches: one more run costs little. */
static double run(bench_thing *b, uint64_t n)
{
    contest *t = b->self;
    int is_other = strcmp(t->d->wish->kernel, b->name) != 0;
    if (!pick(t, b))
        return -1;
    if (is_other && !give(t, 1))
        return bench_thing_failed(b);
    double begin = bench_now_ns();
    return give(t, n) ? bench_now_ns() - begin : bench_thing_failed(b);
}

/* It failed is told by a plan that any other kernel would make good: so it is called once, alone,
 * with the record of who ran. */
static void check(contest *t, bench_thing *b)
{
    const bench_case *c = t->r.c;
    vane_tensor *outs[] = {&t->r.out};
    vane_decision ran = {.struct_size = sizeof ran};
    vane_options options = {.struct_size = sizeof options, .decision = &ran};
    if (!pick(t, b))
        return;
    if (bench_resident_wipe(&t->r) || vane_run(t->d->picked, c->op.op, t->r.input, c->n_in, outs, 1,
                                               c->given, &options) != VANE_OK) {
        bench_thing_failed(b);
    } else if (ran.ran >= ran.count || strcmp(ran.candidates[ran.ran].kernel, b->name) != 0) {
        b->result = BENCH_FAILED;
        snprintf(b->why, sizeof b->why, "%s ran instead",
                 ran.ran < ran.count ? ran.candidates[ran.ran].kernel : "nothing");
    } else if (!c->oracle) {
        b->result = BENCH_UNCHECKED;
    } else if (!bench_resident_check(&t->r, b->why, sizeof b->why)) {
        b->result = BENCH_WRONG;
    }
}

/* ---- whom the policy takes --------------------------------------------------------------------
 */

/* Calls as a program makes them, until it is settled or the time is over. */
static int learn(contest *t, vane_decision *out)
{
    const bench_case *c = t->r.c;
    vane_tensor *outs[] = {&t->r.out};
    double end = bench_now_ns() + t->d->learn_ns;
    do {
        for (int i = 0; i < 16; i++)
            if (vane_run(t->d->usual, c->op.op, t->r.input, c->n_in, outs, 1, c->given, NULL) !=
                VANE_OK)
                return cli_error();
        if (explain(t, t->d->usual, out) != VANE_OK)
            return cli_error();
    } while (!out->settled && bench_now_ns() < end);
    return CLI_OK;
}

static int ask(contest *t)
{
    vane_decision found = {.struct_size = sizeof found};
    int rc = bench_resident_move(&t->r, t->d->usual, t->d->usual_at);
    if (!rc)
        rc = learn(t, &found);
    t->settled = found.settled != 0;
    for (uint32_t i = 0; !rc && i < found.count; i++) {
        int at = find(t, &found.candidates[i]);
        if (at >= 0)
            t->learned_ns[at] = found.candidates[i].measured_ns;
        if (at >= 0 && i == found.chosen)
            t->chosen = at;
    }
    return rc;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static void report(contest *t, bench_device_rows *rows)
{
    const bench_case *c = t->r.c;
    for (int i = 0; i < t->count; i++) {
        bench_device_row row = {.kind = "op",
                                .what = c->op.name,
                                .dtype = vane_dtype_name(c->decision.dtype),
                                .shape = c->shape,
                                .bytes = c->bytes,
                                .flops = c->flops,
                                .learned_ns = t->learned_ns[i],
                                .chosen = t->chosen < 0 ? -1 : i == t->chosen,
                                .settled = t->settled};
        bench_device_row_add(rows, t->d, &row, &t->thing[i]);
    }
}

static int measure(contest *t)
{
    int rc = bench_resident_move(&t->r, t->d->picked, t->d->picked_at);
    if (!rc && vane_stream_open(t->d->picked, t->d->picked_at, &t->stream) != VANE_OK)
        rc = cli_error();
    if (!rc)
        rc = gather(t);
    for (int i = 0; !rc && i < t->count; i++)
        check(t, &t->thing[i]);
    if (!rc)
        bench_things_time(t->thing, t->count, t->d->min_ns);
    if (t->stream)
        vane_stream_close(t->stream);
    return !rc && t->count > 1 ? ask(t) : rc;
}

int bench_device_op(bench_device *d, bench_device_rows *rows, bench_case *c, const char *size,
                    uint32_t dtype, uint32_t to)
{
    static contest t; /* its samples are large */
    t = (contest){.d = d, .chosen = -1};
    int rc = bench_resident_open(&t.r, d->all, c, size, dtype, to);
    if (!rc)
        rc = measure(&t);
    if (!rc)
        report(&t, rows);
    bench_resident_close(&t.r);
    return rc;
}
