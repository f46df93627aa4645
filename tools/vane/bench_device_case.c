/* SPDX-License-Identifier: MIT */
/* bench_device_case.c - an op's operands in a device's memory, and what its result must be.
 *
 * The oracle is plain C on one thread: of a large result it computes some pieces, a few rows or a
 * stretch at the beginning, in the middle and at the end. What cannot be cut (a reduction) it
 * computes as a whole.
 */
#include <stdlib.h>
#include <string.h>

#include "bench_device.h"
#include "cli.h"
#include "shape.h"

#define PIECE 16384    /* elements of a piece, at least one row */
#define PERIOD 1000003 /* made-up values; what is longer repeats them */
#define PAGE 4096

static void *room_for(uint64_t bytes)
{
    return bytes < (uint64_t)INT64_MAX - PAGE ? aligned_alloc(PAGE, (bytes / PAGE + 1) * PAGE)
                                              : NULL;
}

static int fill(const vane_op_info *op, vane_tensor *t, uint32_t which)
{
    uint64_t bytes = shape_bytes(t), done;
    int64_t few = vane_tensor_count(t) < PERIOD ? vane_tensor_count(t) : PERIOD;
    if (!(t->data = room_for(bytes)))
        return cli_no_memory();
    vane_tensor part = vane_tensor_of(t->data, (vane_dtype)t->dtype, 1, &few);
    bench_value_fill(op, &part, which);
    for (done = shape_bytes(&part); done > 0 && done < bytes;) {
        uint64_t more = done < bytes - done ? done : bytes - done;
        memcpy((char *)t->data + done, t->data, more);
        done += more;
    }
    return CLI_OK;
}

/* ---- pieces ------------------------------------------------------------------------------- */

static int rule_is(const bench_case *c, const char *rule)
{
    return !strcmp(c->op.shape, rule);
}

/* Do rows of the output (its first dimension) need only the same rows of the inputs, or those of
 * the first one and all of the second? */
static int can_be_cut(const bench_case *c)
{
    if (rule_is(c, "MATMUL"))
        return c->in[0].rank == 2 && c->in[1].rank == 2;
    if (rule_is(c, "SOFTMAX"))
        return c->out.rank >= 2 && !c->given;
    return rule_is(c, "ELEMENTWISE") && c->out.rank >= 1;
}

static uint64_t row_bytes(const vane_tensor *t)
{
    return t->shape[0] > 0 ? shape_bytes(t) / (uint64_t)t->shape[0] : 0;
}

static void cut(vane_tensor *t, int64_t from, int64_t rows)
{
    if (t->data)
        t->data = (char *)t->data + (uint64_t)from * row_bytes(t);
    t->shape[0] = rows;
}

static int has_rows_of(const bench_case *c, uint32_t i)
{
    if (rule_is(c, "MATMUL"))
        return i == 0;
    return c->in[i].rank == c->out.rank && c->in[i].shape[0] == c->out.shape[0];
}

static int prepare(bench_resident *r, vane_context *all, int64_t from, int64_t rows)
{
    bench_case *p = &r->piece[r->pieces];
    *p = *r->c;
    r->at[r->pieces] = rows < 0 ? 0 : (uint64_t)from * row_bytes(&r->c->out);
    for (uint32_t i = 0; i < p->n_in; i++) {
        p->input[i] = &p->in[i];
        if (rows >= 0 && has_rows_of(r->c, i))
            cut(&p->in[i], from, rows);
    }
    if (rows >= 0)
        p->out.shape[0] = rows;
    p->want = p->scale = p->out;
    r->pieces++;
    if (!(p->out.data = room_for(shape_bytes(&p->out))))
        return cli_no_memory();
    return bench_check_prepare(all, p);
}

static int prepare_all(bench_resident *r, vane_context *all)
{
    const bench_case *c = r->c;
    if (!can_be_cut(c) || vane_tensor_count(&c->out) <= BENCH_PIECES * PIECE)
        return prepare(r, all, 0, -1);
    int64_t most = c->out.shape[0], row = vane_tensor_count(&c->out) / most;
    int64_t rows = PIECE / row > 0 ? PIECE / row : 1;
    if (most < BENCH_PIECES * rows)
        return prepare(r, all, 0, -1);
    int rc = prepare(r, all, 0, rows);
    if (!rc)
        rc = prepare(r, all, most / 2, rows);
    return rc ? rc : prepare(r, all, most - rows, rows);
}

/* ---- the operands -------------------------------------------------------------------------- */

int bench_resident_open(bench_resident *r, vane_context *all, bench_case *c, const char *size,
                        uint32_t dtype, uint32_t to)
{
    *r = (bench_resident){.c = c};
    int rc = bench_case_shape(all, c, size, dtype, to);
    if (!rc)
        rc = bench_case_decide(all, c);
    for (uint32_t i = 0; !rc && i < c->n_in; i++)
        rc = fill(&c->op, &c->in[i], i);
    return rc ? rc : prepare_all(r, all);
}

static void leave(bench_resident *r)
{
    for (int i = 0; i <= BENCH_INPUTS; i++)
        if (r->buffer[i].id)
            vane_buffer_close(r->ctx, r->buffer[i]);
    memset(r->buffer, 0, sizeof r->buffer);
}

static vane_tensor in_buffer(vane_buffer b, const vane_tensor *like)
{
    return vane_tensor_in(b, 0, (vane_dtype)like->dtype, like->rank, like->shape);
}

int bench_resident_move(bench_resident *r, vane_context *ctx, uint32_t device)
{
    bench_case *c = r->c;
    leave(r);
    r->ctx = ctx;
    for (uint32_t i = 0; i < c->n_in; i++) {
        if (vane_buffer_wrap(ctx, c->in[i].data, shape_bytes(&c->in[i]), "input", &r->buffer[i]) !=
                VANE_OK ||
            vane_buffer_prefetch(ctx, r->buffer[i], device) != VANE_OK)
            return cli_error();
        r->in[i] = in_buffer(r->buffer[i], &c->in[i]);
        r->input[i] = &r->in[i];
    }
    vane_buffer *out = &r->buffer[BENCH_INPUTS];
    if (vane_buffer_open(ctx, shape_bytes(&c->out), "output", out) != VANE_OK)
        return cli_error();
    r->out = in_buffer(*out, &c->out);
    return CLI_OK;
}

void bench_resident_close(bench_resident *r)
{
    leave(r);
    for (int i = 0; i < r->pieces; i++) {
        free(r->piece[i].out.data);
        free(r->piece[i].want.data);
        free(r->piece[i].scale.data);
    }
    for (uint32_t i = 0; i < r->c->n_in && i < BENCH_INPUTS; i++)
        free(r->c->in[i].data);
}

/* ---- the result ----------------------------------------------------------------------------- */

int bench_resident_wipe(bench_resident *r)
{
    for (int i = 0; i < r->pieces; i++) {
        vane_tensor *t = &r->piece[i].out;
        memset(t->data, 0xa5, shape_bytes(t));
        if (vane_buffer_write(r->ctx, r->buffer[BENCH_INPUTS], r->at[i], t->data, shape_bytes(t)) !=
            VANE_OK)
            return cli_error();
    }
    return CLI_OK;
}

int bench_resident_check(bench_resident *r, char *why, size_t bytes)
{
    for (int i = 0; i < r->pieces; i++) {
        vane_tensor *t = &r->piece[i].out;
        if (vane_buffer_read(r->ctx, r->buffer[BENCH_INPUTS], r->at[i], t->data, shape_bytes(t)) !=
            VANE_OK) {
            snprintf(why, bytes, "%.199s", vane_last_error()->message);
            return 0;
        }
        if (!bench_check(&r->piece[i], why, bytes))
            return 0;
    }
    return 1;
}
