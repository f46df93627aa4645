/* SPDX-License-Identifier: MIT */
/* stream_error.c - work that fails says so at the wait, with the op's name, to callbacks and
 * fences too; and the stream can be used again afterwards. What can be found out without waiting
 * may be refused at once, and then the stream knows nothing of it. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "stream.h"

typedef struct scene {
    conform *c;
    const conform_exact *e;
    vane_stream *s;
    conform_array x, out, want;
} scene;

static vane_status give(scene *k, uint32_t op, uint32_t n_in, const vane_tensor *x,
                        const vane_tensor *out)
{
    vane_tensor y = *out;
    const vane_tensor *const in[] = {x, x};
    vane_tensor *const outs[] = {&y};
    return vane_run_async(k->s, op, in, n_in, outs, 1, NULL, NULL);
}

static vane_status give_good(scene *k)
{
    return give(k, k->e->op[0].op, k->e->op[0].min_in, &k->x.t, &k->out.t);
}

static int names_op(const char *op)
{
    return strstr(vane_last_error()->message, op) != NULL;
}

/* The stream works: a good op gives the right result. */
static void still_works(scene *k, char why[512])
{
    const size_t bytes = (size_t)k->out.count * vane_dtype_bytes(k->out.t.dtype);
    memset(k->out.t.data, 0, bytes);
    vane_status st = give_good(k);
    if (st == VANE_OK)
        st = vane_stream_wait(k->s);
    if (st != VANE_OK)
        snprintf(why, 512, "after the failure was reported, a good call gives %s: %.300s",
                 vane_status_name(st), vane_last_error()->message);
    else if (!conform_equal(&k->out, &k->want))
        snprintf(why, 512, "after the failure was reported, a good call gives a wrong result");
}

static void on_callback(void *arg, vane_status status)
{
    atomic_store((atomic_int *)arg, status == VANE_OK ? 1 : 2);
}

/* A callback and two fences around the bad call, between good ones. */
static void witnessed(scene *k, const vane_op_info *op, const vane_tensor *x,
                      const vane_tensor *out, char why[512])
{
    vane_fence *before = NULL, *after = NULL;
    atomic_int called = 0;
    vane_status st = give_good(k), late;
    if (st == VANE_OK)
        st = vane_stream_record(k->s, &before);
    const vane_status at_once = st == VANE_OK ? give(k, op->op, op->min_in, x, out) : st;
    if (at_once != VANE_OK && !names_op(op->name))
        snprintf(why, 512, "refused without the op's name: %.300s", vane_last_error()->message);
    if (st == VANE_OK)
        st = vane_stream_callback(k->s, on_callback, &called);
    if (st == VANE_OK)
        st = vane_stream_record(k->s, &after);
    if (st != VANE_OK)
        snprintf(why, 512, "a good call, a callback or a fence gives %s: %.300s",
                 vane_status_name(st), vane_last_error()->message);
    give_good(k); /* dropped or not */
    const vane_status early = before ? vane_fence_wait(before, UINT64_MAX) : VANE_OK;
    late = after ? vane_fence_wait(after, UINT64_MAX) : VANE_OK;
    const vane_status waited = vane_stream_wait(k->s);
    const int failed = waited != VANE_OK;
    if (why[0])
        ;
    else if (at_once == VANE_OK && !failed)
        snprintf(why, 512, "neither the call nor the wait says that it failed");
    else if (at_once != VANE_OK && failed)
        snprintf(why, 512, "refused at once, and reported at the wait once more");
    else if (failed && !names_op(op->name))
        snprintf(why, 512, "the wait does not name the op: %.300s", vane_last_error()->message);
    else if (early != VANE_OK)
        snprintf(why, 512, "a fence from before the failure gives %s", vane_status_name(early));
    else if ((late != VANE_OK) != failed)
        snprintf(why, 512, "a fence from after it gives %s", vane_status_name(late));
    else if (atomic_load(&called) != (failed ? 2 : 1))
        snprintf(why, 512, "the callback %s",
                 !atomic_load(&called) ? "was not called" : "got the wrong status");
    vane_fence_close(before);
    vane_fence_close(after);
}

static void expect(scene *k, const char *what, const vane_op_info *op, const vane_tensor *x,
                   const vane_tensor *out)
{
    char why[512] = "", label[80];
    snprintf(label, sizeof label, "failure: %s, %s", what, op->name);
    witnessed(k, op, x, out, why);
    if (!why[0])
        still_works(k, why);
    conform_verdict(k->c, label, why);
}

/* A failure that nobody waited for is the close's to report. What nothing wrote is found out on
 * the way only: refused at once, the close would have nothing to tell. */
static void closing(conform *c, const conform_exact *e, const scene *k, const vane_tensor *bad)
{
    scene own = *k;
    char why[512] = "";
    vane_status st = vane_stream_open(c->ctx, c->lanes.device[0], &own.s);
    if (st != VANE_OK) {
        conform_verdict(c, "failure: reported by the close", vane_last_error()->message);
        return;
    }
    const vane_status given = give(&own, e->op[0].op, e->op[0].min_in, bad, &k->out.t);
    if (given != VANE_OK)
        snprintf(why, sizeof why, "refused at once, nothing is left to report: %.300s",
                 vane_last_error()->message);
    st = vane_stream_close(own.s);
    if (given == VANE_OK && st == VANE_OK)
        snprintf(why, sizeof why, "the close of the stream does not say that its work failed");
    else if (given == VANE_OK && !names_op(e->op[0].name))
        snprintf(why, sizeof why, "the close does not name the op: %.300s",
                 vane_last_error()->message);
    conform_verdict(c, "failure: reported by the close", why);
}

static void failures(conform *c, const conform_exact *e, scene *k)
{
    const int64_t shape[] = {e->side, e->side}, longer[] = {e->side + 1, e->side};
    const uint64_t bytes = (uint64_t)k->x.count * vane_dtype_bytes(e->dtype);
    vane_buffer fresh, stale;
    vane_tensor wrong = vane_tensor_of(k->out.t.data, (vane_dtype)e->dtype, 2, longer);
    expect(k, "wrong shape", &e->op[0], &k->x.t, &wrong);
    if (e->missing.name)
        expect(k, "no kernel", &e->missing, &k->x.t, &k->out.t);
    if (vane_buffer_open(c->ctx, bytes, "fresh", &fresh) != VANE_OK ||
        vane_buffer_open(c->ctx, bytes, "stale", &stale) != VANE_OK) {
        conform_verdict(c, "failure", vane_last_error()->message);
        return;
    }
    vane_tensor unwritten = vane_tensor_in(fresh, 0, (vane_dtype)e->dtype, 2, shape);
    expect(k, "reads what nothing wrote", &e->op[0], &unwritten, &k->out.t);
    vane_buffer_close(c->ctx, stale);
    vane_tensor gone = vane_tensor_in(stale, 0, (vane_dtype)e->dtype, 2, shape);
    expect(k, "a closed buffer", &e->op[0], &gone, &k->out.t);
    closing(c, e, k, &unwritten);
    vane_buffer_close(c->ctx, fresh);
}

void conform_stream_errors(conform *c, const conform_exact *e)
{
    const int64_t shape[] = {e->side, e->side};
    for (uint32_t i = 0; i < c->lanes.count; i++) {
        scene k = {.c = c, .e = e};
        const conform_array *const in[] = {&k.x, &k.x};
        vane_status st = conform_lanes_stream(&c->lanes, i, &k.s);
        if (st == VANE_OK && conform_array_make(&k.x, e->dtype, 2, shape) &&
            conform_array_make(&k.out, e->dtype, 2, shape)) {
            conform_data_fill(&c->random, VANE_OP_ADD, 0, CONFORM_ORDINARY, &k.x);
            st = conform_exact_run(c, c->oracle, e->op[0].op, in, e->op[0].min_in, &k.want);
            if (st == VANE_OK)
                failures(c, e, &k);
        }
        if (st != VANE_OK)
            conform_verdict(c, "failure", vane_last_error()->message);
        conform_array_free(&k.x);
        conform_array_free(&k.out);
        conform_array_free(&k.want);
    }
}
