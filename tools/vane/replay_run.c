/* SPDX-License-Identifier: MIT */
/* replay_run.c - the recorded calls made again, on data of their shapes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cli.h"
#include "replay.h"

/* A stride of 0 makes any number of them out of little memory, but not out of little time. */
#define MOST_ELEMENTS (INT64_C(1) << 32)

/* The tensors of one kind, with memory behind them; tensors NULL: none yet. */
typedef struct stage {
    vane_tensor *tensors;
    const vane_tensor **in;
    void **memory;
    uint32_t op;
} stage;

typedef struct player {
    vane_context *ctx;
    replay *r;
    stage *stages;
    uint64_t used, most; /* bytes */
} player;

/* From the lowest to behind the highest element, in elements; 0: beyond all memory. */
static int extent(const vane_tensor *t, int64_t *lowest, int64_t *count)
{
    int64_t lo = 0, hi = 0, way;
    *lowest = *count = 0;
    for (uint32_t d = 0; d < t->rank; d++)
        if (t->shape[d] == 0)
            return 1;
    for (uint32_t d = 0; d < t->rank; d++)
        if (__builtin_mul_overflow(t->shape[d] - 1, t->stride[d], &way) ||
            __builtin_add_overflow(way < 0 ? lo : hi, way, way < 0 ? &lo : &hi))
            return 0;
    *lowest = lo;
    return !__builtin_sub_overflow(hi, lo, count) && !__builtin_add_overflow(*count, 1, count) &&
           *count <= INT64_MAX / 16;
}

static void clear(stage *s, uint32_t n_in)
{
    for (uint32_t i = 0; s->memory != NULL && i <= n_in; i++)
        free(s->memory[i]);
    free(s->tensors);
    free(s->in);
    free(s->memory);
    *s = (stage){0};
}

static void clear_all(player *p)
{
    for (size_t i = 0; i < p->r->n_kinds; i++)
        clear(&p->stages[i], p->r->kinds[i].kind->n_in);
    p->used = 0;
}

static int furnish(stage *s, const vane_op_info *op, uint32_t i, uint32_t n_in)
{
    int64_t lowest, count;
    vane_tensor *t = &s->tensors[i];
    if (!extent(t, &lowest, &count))
        return 0;
    uint64_t bytes = (uint64_t)count * vane_dtype_bytes(t->dtype);
    s->memory[i] = aligned_alloc(64, (size_t)(bytes / 64 + 1) * 64);
    if (s->memory[i] == NULL)
        return 0;
    vane_tensor flat = vane_tensor_of(s->memory[i], (vane_dtype)t->dtype, 1, &count);
    if (i < n_in)
        bench_value_fill(op, &flat, i);
    else
        memset(s->memory[i], 0, (size_t)bytes);
    t->data = (char *)s->memory[i] - lowest * (int64_t)vane_dtype_bytes(t->dtype);
    if (i < n_in)
        s->in[i] = t;
    return 1;
}

/* Bytes that a kind's tensors take; UINT64_MAX: too many. */
static uint64_t bytes_of(const recording_kind *k)
{
    uint64_t sum = 0;
    int64_t lowest, count;
    for (uint32_t i = 0; i <= k->n_in; i++) {
        if (!extent(&k->tensors[i], &lowest, &count) ||
            vane_tensor_count(&k->tensors[i]) > MOST_ELEMENTS ||
            __builtin_add_overflow(sum, (uint64_t)count * vane_dtype_bytes(k->tensors[i].dtype),
                                   &sum))
            return UINT64_MAX;
    }
    return sum;
}

static int set_up(player *p, size_t kind)
{
    const recording_kind *k = p->r->kinds[kind].kind;
    stage *s = &p->stages[kind];
    uint64_t bytes = bytes_of(k);
    vane_op_info op;
    if (s->tensors != NULL)
        return 1;
    if (bytes > p->most || vane_op_find(p->ctx, k->name, &op) != VANE_OK)
        return 0;
    if (p->used + bytes > p->most)
        clear_all(p);
    s->op = op.op;
    s->tensors = malloc((k->n_in + 1) * sizeof *s->tensors);
    s->in = calloc(k->n_in + 1, sizeof *s->in);
    s->memory = calloc(k->n_in + 1, sizeof *s->memory);
    int done = s->tensors != NULL && s->in != NULL && s->memory != NULL;
    if (done)
        memcpy(s->tensors, k->tensors, (k->n_in + 1) * sizeof *s->tensors);
    for (uint32_t i = 0; done && i <= k->n_in; i++)
        done = furnish(s, &op, i, k->n_in);
    if (!done)
        clear(s, k->n_in);
    else
        p->used += bytes;
    return done;
}

static void play(player *p, size_t kind)
{
    replay_kind *k = &p->r->kinds[kind];
    if (k->refused || !set_up(p, kind)) {
        p->r->left_out++;
        return;
    }
    const stage *s = &p->stages[kind];
    vane_tensor *outs[] = {&s->tensors[k->kind->n_in]};
    const vane_params *params = k->kind->params_bytes ? &k->kind->params : NULL;
    double begin = bench_now_ns();
    vane_status st = vane_run(p->ctx, s->op, s->in, k->kind->n_in, outs, 1, params, NULL);
    double ns = bench_now_ns() - begin;
    if (st != VANE_OK) {
        p->r->left_out++;
        k->refused = 1;
        snprintf(k->why, sizeof k->why, "%.150s", vane_last_error()->message);
        return;
    }
    k->run_ns += ns;
    k->runs++;
    p->r->run_ns += ns;
    p->r->runs++;
}

int replay_run(vane_context *ctx, replay *r, uint64_t most_bytes)
{
    player p = {.ctx = ctx, .r = r, .most = most_bytes};
    p.stages = calloc(r->n_kinds + 1, sizeof *p.stages);
    if (p.stages == NULL)
        return cli_no_memory();
    for (size_t i = 0; i < r->from->n_runs; i++)
        if (r->from->runs[i].status == VANE_OK)
            play(&p, r->from->runs[i].kind);
    for (size_t i = 0; i < r->n_kinds; i++)
        r->kinds[i].run_ns /= r->kinds[i].runs ? (double)r->kinds[i].runs : 1;
    clear_all(&p);
    free(p.stages);
    return CLI_OK;
}
