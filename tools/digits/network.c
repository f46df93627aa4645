/* SPDX-License-Identifier: MIT */
/* network.c - see network.h. C code here only carries tensors to ops. */
#include "network.h"

#include <stdlib.h>
#include <string.h>

static vane_tensor matrix(network *n, vane_dtype dtype, int64_t rows, int64_t cols)
{
    int64_t shape[2] = {rows, cols};
    void *data = aligned_alloc(64, (size_t)(rows * cols * 8 + 127) / 64 * 64);
    if (data != NULL)
        n->memory[n->blocks++] = data;
    return vane_tensor_of(data, dtype, 2, shape); /* NULL: the first op that gets it says so */
}

static int same_call(const step *s, uint32_t op, const vane_tensor *const *in, uint32_t n_in)
{
    int same = s->op == op && s->n_in == n_in;
    for (uint32_t i = 0; same && i < n_in; i++)
        same = s->in[i].dtype == in[i]->dtype && s->in[i].rank == in[i]->rank &&
               memcmp(s->in[i].shape, in[i]->shape, in[i]->rank * sizeof(int64_t)) == 0 &&
               memcmp(s->in[i].stride, in[i]->stride, in[i]->rank * sizeof(int64_t)) == 0;
    return same;
}

/* Remembers each distinct call, for the table at the end. */
static void remember(network *n, uint32_t op, const vane_tensor *const *in, uint32_t n_in,
                     const vane_params *params, const vane_tensor *out)
{
    int i = 0;
    while (i < n->step_count && !same_call(&n->steps[i], op, in, n_in))
        i++;
    if (i == MAX_STEPS)
        return;
    step *s = &n->steps[i];
    n->step_count += i == n->step_count;
    s->op = op;
    s->n_in = n_in;
    for (uint32_t k = 0; k < n_in; k++)
        s->in[k] = *in[k];
    s->out = *out;
    s->has_params = params != NULL;
    if (params != NULL)
        s->params = *params;
    s->calls++;
}

static vane_status run(network *n, uint32_t op, const vane_tensor *a, const vane_tensor *b,
                       const vane_tensor *c, const vane_params *params, vane_tensor *out)
{
    const vane_tensor *in[3] = {a, b, c};
    uint32_t n_in = c != NULL ? 3 : b != NULL ? 2 : a != NULL ? 1 : 0;
    vane_status st = vane_run(n->ctx, op, in, n_in, &out, 1, params, NULL);
    if (st == VANE_OK)
        remember(n, op, in, n_in, params, out);
    return st;
}

static vane_status fill(network *n, vane_tensor *t, double value)
{
    return run(n, VANE_OP_FILL, NULL, NULL, NULL, &(vane_params){.fill = {value}}, t);
}

/* Uniform in +-sqrt(6 / inputs) (He et al., 2015); 24 random bits are exact in a float. */
static void initialise(vane_tensor *w, uint64_t *seed, float bound)
{
    float *v = w->data;
    for (int64_t i = 0; v != NULL && i < w->shape[0] * w->shape[1]; i++)
        v[i] = bound * ((float)(random_next(seed) >> 40) * 0x1p-23f - 1);
}

static vane_status layer_open(network *n, layer *l, int64_t inputs, int64_t outputs, uint64_t *seed,
                              float bound)
{
    vane_tensor *all[] = {&l->w, &l->dw, &l->vw, &l->b, &l->db, &l->vb};
    vane_status st = VANE_OK;
    for (int i = 0; i < 6; i++)
        *all[i] = matrix(n, VANE_F32, i < 3 ? inputs : 1, outputs);
    for (int i = 0; st == VANE_OK && i < 6; i++)
        st = fill(n, all[i], 0);
    if (st == VANE_OK)
        initialise(&l->w, seed, bound);
    return st;
}

vane_status network_open(vane_context *ctx, uint64_t seed, network *out)
{
    memset(out, 0, sizeof *out);
    out->ctx = ctx;
    vane_status st = layer_open(out, &out->layers[0], PIXELS, HIDDEN, &seed, 0.30618622f);
    if (st == VANE_OK)
        st = layer_open(out, &out->layers[1], HIDDEN, CLASSES, &seed, 0.25f);
    out->hidden = matrix(out, VANE_F32, BATCH, HIDDEN);
    out->dhidden = matrix(out, VANE_F32, BATCH, HIDDEN);
    out->mask = matrix(out, VANE_BOOL, BATCH, HIDDEN);
    out->logits = matrix(out, VANE_F32, BATCH, CLASSES);
    out->zero = matrix(out, VANE_F32, 1, 1);
    return st == VANE_OK ? fill(out, &out->zero, 0) : st;
}

void network_close(network *n)
{
    while (n->blocks > 0)
        free(n->memory[--n->blocks]);
}

static vane_status forward(network *n, const vane_tensor *x, vane_tensor *hidden, vane_tensor *out)
{
    layer *a = &n->layers[0], *b = &n->layers[1];
    vane_status st = run(n, VANE_OP_GEMM, x, &a->w, &a->b, NULL, hidden);
    if (st == VANE_OK)
        st = run(n, VANE_OP_RELU, hidden, NULL, NULL, NULL, hidden);
    if (st == VANE_OK)
        st = run(n, VANE_OP_GEMM, hidden, &b->w, &b->b, NULL, out);
    return st == VANE_OK ? run(n, VANE_OP_SOFTMAX, out, NULL, NULL, NULL, out) : st;
}

/* dw = in' dout, db = sum over the batch of dout; the rate carries the 1 / BATCH */
static vane_status gradients(network *n, layer *l, const vane_tensor *in, const vane_tensor *dout)
{
    vane_params weights = {.gemm = {.alpha = 1, .trans_a = 1}};
    vane_params rows = {.reduce = {.axes = {0}, .n_axes = 1}};
    vane_status st = run(n, VANE_OP_GEMM, in, dout, NULL, &weights, &l->dw);
    return st == VANE_OK ? run(n, VANE_OP_REDUCE_SUM, dout, NULL, NULL, &rows, &l->db) : st;
}

/* v = momentum v + d; w = w - rate v */
static vane_status descend(network *n, vane_tensor *w, vane_tensor *v, const vane_tensor *d,
                           float rate, float momentum)
{
    vane_params keep = {.axpy = {momentum}}, go = {.axpy = {-rate}};
    vane_status st = run(n, VANE_OP_AXPY, v, d, NULL, &keep, v);
    return st == VANE_OK ? run(n, VANE_OP_AXPY, v, w, NULL, &go, w) : st;
}

static vane_status backward(network *n, const vane_tensor *x, const vane_tensor *y)
{
    layer *a = &n->layers[0], *b = &n->layers[1];
    vane_params back = {.gemm = {.alpha = 1, .trans_b = 1}};
    vane_status st = run(n, VANE_OP_SUB, &n->logits, y, NULL, NULL, &n->logits);
    if (st == VANE_OK)
        st = gradients(n, b, &n->hidden, &n->logits);
    if (st == VANE_OK)
        st = run(n, VANE_OP_GEMM, &n->logits, &b->w, NULL, &back, &n->dhidden);
    if (st == VANE_OK)
        st = run(n, VANE_OP_GREATER, &n->hidden, &n->zero, NULL, NULL, &n->mask);
    if (st == VANE_OK)
        st = run(n, VANE_OP_WHERE, &n->mask, &n->dhidden, &n->zero, NULL, &n->dhidden);
    return st == VANE_OK ? gradients(n, a, x, &n->dhidden) : st;
}

static vane_tensor rows_of(float *data, int64_t from, int64_t count, int64_t cols)
{
    return vane_tensor_of(data + from * cols, VANE_F32, 2, (int64_t[]){count, cols});
}

vane_status network_train(network *n, const half *h, float rate, float momentum)
{
    vane_status st = VANE_OK;
    for (int64_t i = 0; st == VANE_OK && i + BATCH <= h->count; i += BATCH) {
        vane_tensor x = rows_of(h->pixels, i, BATCH, PIXELS),
                    y = rows_of(h->one_hot, i, BATCH, CLASSES);
        st = forward(n, &x, &n->hidden, &n->logits);
        if (st == VANE_OK)
            st = backward(n, &x, &y);
        for (int l = 0; st == VANE_OK && l < LAYERS; l++) {
            layer *a = &n->layers[l];
            st = descend(n, &a->w, &a->vw, &a->dw, rate / BATCH, momentum);
            if (st == VANE_OK)
                st = descend(n, &a->b, &a->vb, &a->db, rate / BATCH, momentum);
        }
    }
    return st;
}

/* Its tensors stay until network_close: the table at the end runs the calls again. */
vane_status network_judge(network *n, const half *h, int64_t *right)
{
    vane_tensor x = rows_of(h->pixels, 0, h->count, PIXELS);
    vane_tensor hidden = matrix(n, VANE_F32, h->count, HIDDEN),
                p = matrix(n, VANE_F32, h->count, CLASSES);
    vane_tensor guess = matrix(n, VANE_I64, h->count, 1), hit = matrix(n, VANE_BOOL, h->count, 1);
    vane_tensor count = matrix(n, VANE_I64, h->count, 1), sum = matrix(n, VANE_I64, 1, 1);
    vane_tensor truth = vane_tensor_of(h->digits, VANE_I64, 2, (int64_t[]){h->count, 1});
    vane_status st = forward(n, &x, &hidden, &p);
    if (st == VANE_OK)
        st = run(n, VANE_OP_ARGMAX, &p, NULL, NULL, &(vane_params){.argmax = {.axis = 1}}, &guess);
    if (st == VANE_OK)
        st = run(n, VANE_OP_EQUAL, &guess, &truth, NULL, NULL, &hit);
    if (st == VANE_OK)
        st = run(n, VANE_OP_CAST, &hit, NULL, NULL, NULL, &count);
    if (st == VANE_OK)
        st = run(n, VANE_OP_REDUCE_SUM, &count, NULL, NULL, NULL, &sum);
    *right = st == VANE_OK ? *(int64_t *)sum.data : 0;
    return st;
}

uint64_t network_fingerprint(const network *n)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int l = 0; l < LAYERS; l++) {
        const vane_tensor *parts[] = {&n->layers[l].w, &n->layers[l].b};
        for (int i = 0; i < 2; i++) {
            const unsigned char *p = parts[i]->data;
            for (int64_t k = 0; k < vane_tensor_count(parts[i]) * 4; k++)
                hash = (hash ^ p[k]) * UINT64_C(0x100000001b3);
        }
    }
    return hash;
}
