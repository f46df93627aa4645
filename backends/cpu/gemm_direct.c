/* SPDX-License-Identifier: MIT */
/* gemm_direct.c - small products, without scratch memory: operands are read where they are.
 *
 * A tile reads A at any stride, and B where its rows have stride 1. Where that is not so, or
 * elements have to be widened, B as a whole and A tile by tile are copied to the stack.
 */
#include "gemm.h"

enum { STACK_B = 32 * 1024, NEAR_BYTES = 640 * 1024, GROUP = 8 /* tiles of B in one piece */ };

typedef struct direct {
    const cpu_gemm *g;
    ptrdiff_t a_tiles, b_tiles, groups;
    const char *b; /* tile j is at b + j * b_tile bytes, its rows b_row elements apart */
    ptrdiff_t b_row, b_tile;
} direct;

static int same_type(const cpu_gemm *g)
{
    return g->type->bytes == g->type->wide;
}
static int b_in_place(const cpu_gemm *g)
{
    return same_type(g) && g->b.col == 1;
}

/* Operands that are read in place stay in the L2 cache, or are read only once. */
int cpu__gemm_direct_fits(const cpu_gemm *g)
{
    const cpu_gemm_type *t = g->type;
    ptrdiff_t most = NEAR_BYTES / t->wide; /* elements */
    if (!same_type(g) && g->k > CPU_KC(t->wide))
        return 0;
    if (same_type(g) && g->a.col != 1 && (g->m > most || g->k > most || g->m * g->k > most))
        return 0;
    if (!b_in_place(g))
        return g->n <= most && g->k <= most &&
               cpu__tiles(g->n, t->nr) * t->nr * g->k * t->wide <= STACK_B;
    return g->m <= t->mr || (g->n <= most && g->k <= most && g->n * g->k <= most);
}

/* Rows are shared out evenly, so that no tile is thin. */
static ptrdiff_t tile_begin(ptrdiff_t m, ptrdiff_t tiles, ptrdiff_t i)
{
    if (tiles == 1)
        return i == 0 ? 0 : m;
    return m / tiles * i + cpu__min(i, m % tiles);
}

static micro_a a_tile(const cpu_gemm *g, char *wide, ptrdiff_t i, int rows)
{
    const char *from = cpu__at(g, &g->a, i, 0);
    if (same_type(g))
        return (micro_a){from, g->a.row, g->a.col};
    ptrdiff_t line = CPU_LINE_BYTES / g->type->wide;
    g->type->lines(wide, line, from, g->a.row, g->a.col, rows, g->k);
    return (micro_a){wide, line, 1};
}

static void tile_product(const direct *d, micro_a a, ptrdiff_t i, int rows, ptrdiff_t b_tile)
{
    const cpu_gemm *g = d->g;
    const cpu_gemm_type *t = g->type;
    ptrdiff_t j = b_tile * t->nr;
    int cols = (int)cpu__min(g->n - j, t->nr);
    const char *b = d->b + b_tile * d->b_tile;
    if (g->in_place && !g->scaled) {
        cpu__chains(t, rows, cols, g->k, a, b, d->b_row, cpu__at(g, &g->out, i, j), g->out.row, 0);
        return;
    }
    _Alignas(64) char own[CPU_TILE_BYTES];
    cpu__chains(t, rows, cols, g->k, a, b, d->b_row, own, t->nr, 0);
    t->finish(g, i, j, rows, cols, own, t->nr);
}

static void compute(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const direct *d = arg;
    _Alignas(64) char wide[CPU_MR * CPU_LINE_BYTES];
    (void)worker;
    for (ptrdiff_t p = (ptrdiff_t)lo; p < (ptrdiff_t)hi; p++) {
        ptrdiff_t tile = d->groups == 1 ? p : p / d->groups;
        ptrdiff_t first = (p - tile * d->groups) * GROUP;
        ptrdiff_t i = tile_begin(d->g->m, d->a_tiles, tile);
        int rows = (int)(tile_begin(d->g->m, d->a_tiles, tile + 1) - i);
        micro_a a = a_tile(d->g, wide, i, rows);
        for (ptrdiff_t j = first; j < cpu__min(first + GROUP, d->b_tiles); j++)
            tile_product(d, a, i, rows, j);
    }
}

static void run(direct *d)
{
    const vane_call *call = d->g->call;
    uint64_t pieces = (uint64_t)(d->a_tiles * d->groups);
    if (call->width <= 1 || pieces == 1)
        compute(d, 0, pieces, 0);
    else
        call->host->parallel(call, compute, d, pieces, 1);
}

/* On its own, so that the plain case does not touch so much stack. */
static __attribute__((noinline)) void run_with_b_copied(direct *d)
{
    _Alignas(64) char copy[STACK_B];
    const cpu_gemm *g = d->g;
    const cpu_gemm_type *t = g->type;
    d->b = copy;
    d->b_row = t->nr;
    d->b_tile = g->k * t->nr * t->wide;
    for (ptrdiff_t j = 0; j < d->b_tiles; j++)
        t->panel(copy + j * d->b_tile, t->nr, cpu__at(g, &g->b, 0, j * t->nr), g->b.col, g->b.row,
                 (int)cpu__min(g->n - j * t->nr, t->nr), g->k);
    run(d);
}

void cpu__gemm_direct(const cpu_gemm *g)
{
    const cpu_gemm_type *t = g->type;
    direct d = {.g = g, .b = g->b.p, .b_row = g->b.row, .b_tile = (ptrdiff_t)t->nr * t->wide};
    d.a_tiles = cpu__tiles(g->m, t->mr);
    d.b_tiles = cpu__tiles(g->n, t->nr);
    d.groups = (d.b_tiles + GROUP - 1) / GROUP;
    if (b_in_place(g))
        run(&d);
    else
        run_with_b_copied(&d);
}
