/* SPDX-License-Identifier: MIT */
/* again.c - a closed flight becomes the next call's: the same call, or one that differs only in
 * which buffers its operands are in, and where there. */
#include "dispatch/flight.h"
#include "error.h"
#include "op/tensor.h"

static int is_like(const vane_tensor *t, const vane_tensor *was)
{
    if (t == NULL || t->data != NULL || t->rank != was->rank || t->dtype != was->dtype)
        return 0;
    for (uint32_t d = 0; d < was->rank; d++) /* few: to call memcmp takes longer */
        if (t->shape[d] != was->shape[d] || t->stride[d] != was->stride[d])
            return 0;
    return 1;
}

static int is_there(const vane_tensor *t, const vane__operand *o)
{
    return t->buffer.id == o->handle.id && t->offset_bytes == o->t.offset_bytes &&
           vane__buffer_is(o->buffer, o->handle);
}

/* o's bytes are elsewhere, in b. 0: not there, or the call has to be checked. */
static int go(vane__operand *o, vane__buffer *b, const vane_tensor *t, int is_output)
{
    int64_t by = (int64_t)(t->offset_bytes - o->t.offset_bytes);
    uint64_t lo = o->lo + (uint64_t)by, hi = o->hi + (uint64_t)by;
    if (t->offset_bytes > b->bytes || (by < 0 && o->lo < 0 - (uint64_t)by) || hi < lo ||
        hi > b->bytes || (is_output && b->host->read_only))
        return 0;
    char *data = vane__buffer_data(b) + t->offset_bytes;
    if ((uintptr_t)data % vane_dtype_bytes(t->dtype) != 0)
        return 0;
    o->buffer = b;
    o->handle = o->t.buffer = o->as.buffer = t->buffer;
    o->room = b->bytes;
    o->t.offset_bytes = o->as.offset_bytes = t->offset_bytes;
    o->t.data = o->as.data = data;
    o->lo = lo;
    o->hi = hi;
    return 1;
}

static int go_to(vane__flight *f, uint32_t i, const vane_tensor *t)
{
    vane__operand *o = &f->operands[i];
    vane_view *v = &f->p.call.arg[i];
    uintptr_t was = (uintptr_t)o->t.data;
    vane__buffer *b;
    if (is_there(t, o))
        return 1;
    if (!vane__in_buffer(t) ||
        vane__buffer_enter(f->ctx, f->p.rq.op->info.name, "operand", t->buffer, &b) != VANE_OK)
        return 0;
    int went = go(o, b, t, i + 1 == f->n);
    pthread_mutex_unlock(&b->lock);
    if (went)
        v->data = (void *)((uintptr_t)v->data + ((uintptr_t)o->t.data - was));
    return went;
}

static int meets(const vane__operand *a, const vane__operand *b)
{
    uintptr_t a0 = (uintptr_t)a->t.data - a->t.offset_bytes,
              b0 = (uintptr_t)b->t.data - b->t.offset_bytes;
    return a0 + a->lo < b0 + b->hi && b0 + b->lo < a0 + a->hi;
}

/* Where operands meet, their views decide whether they may: that is for the whole check. */
static int is_apart(const vane__flight *f)
{
    for (uint32_t i = 0; i + 1 < f->n; i++)
        if (meets(&f->operands[i], &f->operands[f->n - 1]))
            return 0;
    return 1;
}

/* When it fails, f is no call any more. */
static int go_all(vane__flight *f, const vane_tensor *const *in, vane_tensor *const *out)
{
    if (f->p.parts != 1 || f->p.call.n_arg != f->n || (f->p.call.flags & VANE_CALL_INPLACE))
        return 0;
    f->known = 0;
    for (uint32_t i = 0; i < f->n; i++)
        if (!go_to(f, i, i + 1 < f->n ? in[i] : out[0]))
            return 0;
    if (!is_apart(f))
        return 0;
    vane__flight_list(f);
    return f->known = 1;
}

int vane__flight_again(vane__flight *f, uint32_t op, const vane_tensor *const *in, uint32_t n_in,
                       vane_tensor *const *out, uint32_t n_out, const vane_params *params)
{
    int same = 1;
    if (!f->known || f->p.rq.op->info.op != op || f->n != n_in + 1 || n_out != 1 ||
        params != NULL || out == NULL || (n_in > 0 && in == NULL))
        return 0;
    for (uint32_t i = 0; i < f->n; i++) {
        const vane_tensor *t = i + 1 < f->n ? in[i] : out[0];
        if (!is_like(t, &f->operands[i].t))
            return 0;
        same &= is_there(t, &f->operands[i]);
    }
    if (!same && !go_all(f, in, out))
        return 0;
    vane__flight_renew(f);
    return 1;
}
