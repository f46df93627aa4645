/* SPDX-License-Identifier: MIT */
/* gemv.c - one row (or a few) times a matrix, and dot: what memory bandwidth bounds. */
#include "gemm.h"

enum { PIECE_BYTES = 64 * 1024, ROW_PIECE = 256, STACK_SUMS = 64 };

/* ---- a matrix whose columns have stride 1: a dot product for each output ------------- */

static int as_dots(const cpu_gemm *g)
{
    return g->b.row == 1 && g->b.col != 1 && g->m <= CPU_DOT_ROWS && g->k >= 32;
}

static void dots(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const cpu_gemm *g = arg;
    (void)worker;
    g->type->dots(g, (ptrdiff_t)lo, (ptrdiff_t)hi);
}

/* A's rows side by side, where they are not already. */
static void gather_a(cpu_gemm *g)
{
    cpu_matrix dense = {g->scratch, g->k, 1};
    for (ptrdiff_t i = 0; i < g->m; i++)
        for (ptrdiff_t l = 0; l < g->k; l++)
            memcpy(cpu__at(g, &dense, i, l), cpu__at(g, &g->a, i, l), (size_t)g->type->bytes);
    g->a = dense;
}

/* ---- a matrix whose rows have stride 1 ----------------------------------------------- */

static int as_row(const cpu_gemm *g)
{
    return g->b.col == 1 && g->m == 1;
}

static void row(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const cpu_gemm *g = arg;
    (void)worker;
    g->type->row(g, (ptrdiff_t)lo, (ptrdiff_t)hi);
}

int cpu__gemv_fits(const cpu_gemm *g)
{
    return as_row(g) || as_dots(g);
}

ptrdiff_t cpu__gemv_scratch(const cpu_gemm *g)
{
    return as_dots(g) && g->a.col != 1 ? g->m * g->k * g->type->bytes : 0;
}

void cpu__gemv(const cpu_gemm *job)
{
    cpu_gemm g = *job;
    ptrdiff_t grain = ROW_PIECE;
    vane_range_fn piece = row;
    if (as_dots(&g)) {
        if (g.a.col != 1)
            gather_a(&g);
        grain = 1 + PIECE_BYTES / (g.k * g.type->bytes);
        piece = dots;
    }
    if (g.call->width <= 1 || g.n <= grain || g.n * g.k * g.type->bytes <= PIECE_BYTES)
        piece(&g, 0, (uint64_t)g.n, 0);
    else
        g.call->host->parallel(g.call, piece, &g, (uint64_t)g.n, (uint64_t)grain);
}

/* ---- dot: chunks in parallel, then the tree over them -------------------------------- */

typedef struct chunks {
    const cpu_gemm *g;
    char *sums;
} chunks;

int cpu__dot_fits(const cpu_gemm *g)
{
    return g->m == 1 && g->n == 1;
}

static ptrdiff_t chunk_count(const cpu_gemm *g)
{
    return cpu__tiles(g->k, CPU_DOT_CHUNK);
}

ptrdiff_t cpu__dot_scratch(const cpu_gemm *g)
{
    return chunk_count(g) > STACK_SUMS ? chunk_count(g) * g->type->wide : 0;
}

static void chunk_sums(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const chunks *c = arg;
    const cpu_gemm *g = c->g;
    (void)worker;
    for (ptrdiff_t i = (ptrdiff_t)lo; i < (ptrdiff_t)hi; i++) {
        ptrdiff_t l = i * CPU_DOT_CHUNK, n = cpu__min(g->k - l, CPU_DOT_CHUNK);
        g->type->dot(c->sums + i * g->type->wide, cpu__at(g, &g->a, 0, l), g->a.col,
                     cpu__at(g, &g->b, l, 0), g->b.row, n);
    }
}

void cpu__dot(const cpu_gemm *g)
{
    _Alignas(64) char own[STACK_SUMS * 8];
    chunks c = {g, chunk_count(g) > STACK_SUMS ? g->scratch : own};
    if (g->call->width <= 1 || g->k <= CPU_DOT_CHUNK) {
        g->type->dot(own, g->a.p, g->a.col, g->b.p, g->b.row, g->k);
    } else {
        g->call->host->parallel(g->call, chunk_sums, &c, (uint64_t)chunk_count(g), 1);
        g->type->chunks(own, c.sums, chunk_count(g));
    }
    g->type->finish(g, 0, 0, 1, 1, own, 1);
}
