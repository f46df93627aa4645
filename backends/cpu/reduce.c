/* SPDX-License-Identifier: MIT */
/* reduce.c - reduce_sum, mean, max, min and prod: cuts a call into tiles of outputs and pieces of
 * terms, runs them on the call's threads and puts the parts together in order.
 *
 * Two ways to walk. Columns: the outputs are adjacent in the input, and up to CPU_TILE of them are
 * reduced side by side. Rows: an output's terms are adjacent, or are gathered first; a tile is one
 * output. With one piece a tile is finished where it is computed; with more, their parts are kept
 * in memory, or, without threads or memory, merged as they come: the same bits.
 */
#include "reduce.h"

#include <stddef.h>

#include "reduce_plan.h"
#include "vec.h"

typedef struct job {
    const cpu__body *body;
    cpu__plan plan;
    int64_t size_x, size_out;
    int64_t cols; /* columns: extent of the last kept dimension; rows: 0 */
    int64_t tile; /* outputs of a tile; the last of a line of columns may have fewer */
    int64_t tiles;
    int64_t pieces;   /* of each tile */
    int64_t piece;    /* terms of a piece */
    int direct;       /* rows: terms are adjacent */
    cpu__part *parts; /* [tiles][pieces][tile] */
} job;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Terms lo to hi of the output whose first term is at x. */
static void row_piece(const job *j, const char *x, int64_t lo, int64_t hi, cpu__part *sum)
{
    double gathered[CPU_CHUNK];
    cpu__part err = {.i = 0}, part;
    for (int64_t i = lo; i < hi; i += CPU_CHUNK) {
        int64_t n = least(hi - i, CPU_CHUNK);
        const void *at = x + i * j->size_x;
        if (!j->direct) {
            cpu__plan_gather(&j->plan, x, i, n, j->size_x, gathered);
            at = gathered;
        }
        j->body->rows(at, n, 1, 0, i == lo ? sum : &part);
        if (i != lo)
            j->body->merge(sum, &err, &part, 1);
    }
    if (hi - lo > CPU_CHUNK)
        j->body->settle(sum, &err, 1);
}

/* n columns from x on, terms lo to hi. */
static void col_piece(const job *j, const char *x, int64_t lo, int64_t hi, int64_t n,
                      cpu__part *sum)
{
    int64_t off[CPU_TILE_ROWS];
    cpu__part part[CPU_TILE], err[CPU_TILE];
    for (int64_t i = lo; i < hi; i += CPU_TILE_ROWS) {
        int64_t rows = least(hi - i, CPU_TILE_ROWS);
        cpu__plan_terms(&j->plan, i, rows, off);
        j->body->cols(x, off, rows, n, i == lo ? sum : part);
        if (i == lo && hi - lo > CPU_TILE_ROWS)
            memset(err, 0, sizeof *err * (size_t)n);
        if (i != lo)
            j->body->merge(sum, err, part, n);
    }
    if (hi - lo > CPU_TILE_ROWS)
        j->body->settle(sum, err, n);
}

/* Where tile t begins and how many outputs it has. */
static cpu__at tile_at(const job *j, int64_t t, int64_t *n, int64_t *stride_out)
{
    const cpu__plan *p = &j->plan;
    *n = 1;
    *stride_out = 0;
    if (!j->cols)
        return cpu__plan_at(p, p->n_kept, t);
    int64_t line = (j->cols + j->tile - 1) / j->tile, first = t % line * j->tile;
    cpu__at at = cpu__plan_at(p, p->n_kept - 1, t / line);
    *n = least(j->cols - first, j->tile);
    *stride_out = p->kept_out[p->n_kept - 1];
    at.x += first;
    at.out += first * *stride_out;
    return at;
}

static void compute(const job *j, int64_t t, int64_t piece, cpu__part *sum)
{
    int64_t n, stride, lo = piece * j->piece, hi = least(j->plan.terms, lo + j->piece);
    const char *x = j->plan.x + tile_at(j, t, &n, &stride).x * j->size_x;
    if (j->cols)
        col_piece(j, x, lo, hi, n, sum);
    else
        row_piece(j, x, lo, hi, sum);
}

/* Merges the pieces of tile t, computing those that are not in parts. */
static void finish_tile(const job *j, int64_t t)
{
    cpu__part sum[CPU_TILE], err[CPU_TILE], local[CPU_TILE];
    int64_t n, stride;
    cpu__at at = tile_at(j, t, &n, &stride);
    for (int64_t i = 0; i < j->pieces; i++) {
        cpu__part *part = j->parts ? j->parts + (t * j->pieces + i) * j->tile : i ? local : sum;
        if (!j->parts)
            compute(j, t, i, part);
        if (i == 0 && j->parts)
            memcpy(sum, part, sizeof *sum * (size_t)n);
        if (i == 0 && j->pieces > 1)
            memset(err, 0, sizeof *err * (size_t)n);
        if (i > 0)
            j->body->merge(sum, err, part, n);
    }
    if (j->pieces > 1)
        j->body->settle(sum, err, n);
    j->body->finish(sum, n, j->plan.terms, j->plan.out + at.out * j->size_out, stride);
}

/* Short adjacent rows: a batch along the last kept dimension in one go. */
static void finish_batches(const job *j, int64_t lo, int64_t hi)
{
    const cpu__plan *p = &j->plan;
    cpu__part part[CPU_PARTS];
    uint32_t last = p->n_kept - 1;
    int64_t line = p->n_kept ? p->kept[last] : 1;
    while (lo < hi) {
        cpu__at at = cpu__plan_at(p, p->n_kept, lo);
        int64_t n = least(least(hi - lo, line - lo % line), CPU_PARTS);
        j->body->rows(p->x + at.x * j->size_x, p->terms, n, p->n_kept ? p->kept_x[last] : 0, part);
        j->body->finish(part, n, p->terms, p->out + at.out * j->size_out,
                        p->n_kept ? p->kept_out[last] : 0);
        lo += n;
    }
}

static void run_tiles(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const job *j = arg;
    (void)worker;
    if (!j->cols && j->direct && j->plan.terms <= CPU_CHUNK) {
        finish_batches(j, (int64_t)lo, (int64_t)hi);
        return;
    }
    for (uint64_t t = lo; t < hi; t++)
        finish_tile(j, (int64_t)t);
}

static void run_pieces(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const job *j = arg;
    (void)worker;
    for (int64_t u = (int64_t)lo; u < (int64_t)hi; u++)
        compute(j, u / j->pieces, u % j->pieces, j->parts + u * j->tile);
}

/* Empty outputs get the op's value for no terms. */
static void run_empty(const job *j)
{
    static const double nothing[512]; /* to point at: bodies step a block ahead before they look */
    cpu__part part;
    j->body->rows(nothing, 0, 1, 0, &part);
    for (int64_t i = 0; i < j->plan.outputs; i++) {
        cpu__at at = cpu__plan_at(&j->plan, j->plan.n_kept, i);
        j->body->finish(&part, 1, 0, j->plan.out + at.out * j->size_out, 0);
    }
}

static void cut(job *j)
{
    const cpu__plan *p = &j->plan;
    int adjacent = p->n_red > 0 && p->red_x[p->n_red - 1] == 1;
    int columns = !adjacent && p->n_kept > 0 && p->kept_x[p->n_kept - 1] == 1;
    j->direct = p->n_red == 0 || (p->n_red == 1 && adjacent);
    j->cols = columns ? p->kept[p->n_kept - 1] : 0;
    j->tile = columns ? least(j->cols, CPU_TILE) : 1;
    j->tiles = columns ? p->outputs / j->cols * ((j->cols + j->tile - 1) / j->tile) : p->outputs;
    j->piece = columns ? CPU_TILE_PIECE : CPU_PIECE;
    j->pieces = (p->terms + j->piece - 1) / j->piece;
}

static void run(job *j, const vane_call *call)
{
    cpu__part local[CPU_PARTS];
    uint64_t tiles = (uint64_t)j->tiles, n_parts = tiles * (uint64_t)(j->pieces * j->tile);
    cpu__part *heap = NULL;
    j->parts = NULL;
    if (call->width > 1 && j->pieces > 1) {
        if (n_parts > CPU_PARTS)
            heap = call->host->alloc(call->host->ctx, n_parts * sizeof *heap, 64);
        j->parts = n_parts > CPU_PARTS ? heap : local;
    }
    if (j->parts) {
        call->host->parallel(call, run_pieces, j, tiles * (uint64_t)j->pieces, 1);
        run_tiles(j, 0, tiles, 0);
    } else {
        uint64_t work = (uint64_t)(j->tile * j->plan.terms);
        uint64_t grain = work < CPU_PIECE ? CPU_PIECE / work : 1;
        if (call->width > 1 && tiles > grain)
            call->host->parallel(call, run_tiles, j, tiles, grain);
        else
            run_tiles(j, 0, tiles, 0);
    }
    if (heap)
        call->host->free(call->host->ctx, heap);
}

static const cpu__body *body_of(uint32_t op, uint32_t dtype)
{
    static const uint8_t red[] = {CPU_SUM, CPU_MEAN, CPU_MAX, CPU_MIN, CPU_PROD};
    if (op < VANE_OP_REDUCE_SUM || op > VANE_OP_REDUCE_PROD)
        return NULL;
    cpu__red r = (cpu__red)red[op - VANE_OP_REDUCE_SUM];
    return dtype <= VANE_BF16 ? cpu__reduce_float(r, dtype) : cpu__reduce_int(r, dtype);
}

static vane_status reduce(const vane_kernel *self, const vane_call *call)
{
    static const uint8_t sizes[] = {
#define SIZE(NAME, name, bytes) bytes,
        VANE_DTYPE_MAP(SIZE)
#undef SIZE
    };
    const vane_view *x = &call->arg[0];
    const cpu__body *body = body_of(call->op, call->dtype);
    (void)self;
    if (x->rank == 2 && x->shape[0] == 1 && x->stride[1] == 1 && x->shape[1] <= CPU_CHUNK) {
        cpu__part part;
        body->rows(x->data, x->shape[1], 1, 0, &part);
        body->finish(&part, 1, x->shape[1], call->arg[1].data, 0);
        return VANE_OK;
    }
    job j = {.body = body, .size_x = sizes[call->dtype], .size_out = sizes[call->dtype]};
    cpu__plan_reduce(&j.plan, call, call->n_outer, 0, j.size_x, j.size_out);
    if (j.plan.terms == 0) {
        run_empty(&j);
        return VANE_OK;
    }
    cut(&j);
    run(&j, call);
    return VANE_OK;
}

#define KERNEL(label, fn)                                                                        \
    {                                                                                            \
        .struct_size = sizeof(vane_kernel),                                                      \
        .flags = VANE_KERNEL_PARALLEL | VANE_KERNEL_CLEAN_FAIL, .numerics = VANE_NUMERICS_REPRO, \
        .name = label, .direct = fn, .flops_per_ns = VEC_BYTES / 4.0, .bytes_per_ns = 18.0,      \
        .launch_ns = 10.0                                                                        \
    }
#define KERNELS(label, fn)                                                                 \
    {                                                                                      \
        KERNEL(label "_f32", fn), KERNEL(label "_f64", fn), KERNEL(label "_f16", fn),      \
            KERNEL(label "_bf16", fn), KERNEL(label "_i32", fn), KERNEL(label "_i64", fn), \
            KERNEL(label "_u8", fn), KERNEL(label "_i8", fn)                               \
    }

const vane_kernel *cpu__reduce_kernel(uint32_t op, uint32_t dtype)
{
    static const vane_kernel kernels[][VANE_I8 + 1] = {
        KERNELS("reduce_sum", reduce), KERNELS("reduce_mean", reduce),
        KERNELS("reduce_max", reduce), KERNELS("reduce_min", reduce),
        KERNELS("reduce_prod", reduce)};
    static const vane_kernel argmax[] = KERNELS("argmax", cpu__reduce_argmax);
    if (op == VANE_OP_ARGMAX && dtype <= VANE_I8)
        return &argmax[dtype];
    const cpu__body *body = body_of(op, dtype);
    return body ? &kernels[op - VANE_OP_REDUCE_SUM][dtype] : NULL;
}
