/* SPDX-License-Identifier: MIT */
/* gemm.c - large products: A and B are packed block by block, then multiplied tile by tile.
 *
 * For each block of ROWS x COLS of the output and each CPU_KC of k: B's part (and A's, unless
 * it is read in place) is packed by all threads, then the block's tiles are computed by all
 * threads. One piece of that is a few tile rows by as many columns of B as stay in the L2
 * cache. Each output element is summed by one thread at a time, in the order of k.
 */
#include "gemm.h"

enum { ROWS = 2048, COLS = 2048 };

/* What stays in the L1 cache while the other operand passes by: the flat tile of A of
 * AVX-512, or a tile of B for a run of A's. */
#if VEC_BYTES == 64
enum { A_STAYS = 1, PIECE_TILES = 1 };
#else
enum { A_STAYS = 0, PIECE_TILES = 8 };
#endif

typedef struct block {
    const cpu_gemm *g;
    ptrdiff_t i, j, l; /* where it begins in m, n and k */
    ptrdiff_t m, n, k;
    ptrdiff_t a_tiles, b_tiles, piece_cols; /* piece_cols counts tiles of B */
    int a_in_place;                         /* not packed */
    int by_lines;                           /* A is packed as rows; else k is the outer index */
    char *a, *b, *sum;                      /* sum: where the block's partial sums are, or NULL */
    ptrdiff_t sum_row;
} block;

static ptrdiff_t a_tile_bytes(const cpu_gemm_type *t)
{
    return (ptrdiff_t)t->mr * CPU_LINE_BYTES;
}
static ptrdiff_t b_tile_bytes(const cpu_gemm_type *t)
{
    return (ptrdiff_t)t->nr * CPU_KC_BYTES;
}

/* Partial sums need room of their own when they cannot be kept in the output. */
static ptrdiff_t sum_bytes(const cpu_gemm *g)
{
    if (g->in_place || g->k <= CPU_KC(g->type->wide))
        return 0;
    return cpu__min(g->m, ROWS) * cpu__up(cpu__min(g->n, COLS), g->type->nr) * g->type->wide;
}

static ptrdiff_t block_rows(const cpu_gemm *g)
{
    return ROWS / g->type->mr * g->type->mr;
}
static ptrdiff_t block_cols(const cpu_gemm *g)
{
    return COLS / g->type->nr * g->type->nr;
}

/* A is read in place where its rows can be: even rows that fall into the same sets of the L1
 * cache (1024 floats apart) cost no more so than copying them does. */
static int a_in_place(const cpu_gemm *g)
{
    return g->type->bytes == g->type->wide && g->a.col == 1;
}

static ptrdiff_t a_bytes(const cpu_gemm *g)
{
    if (a_in_place(g))
        return 0;
    return cpu__tiles(cpu__min(g->m, block_rows(g)), g->type->mr) * a_tile_bytes(g->type);
}
static ptrdiff_t b_bytes(const cpu_gemm *g)
{
    return cpu__tiles(cpu__min(g->n, block_cols(g)), g->type->nr) * b_tile_bytes(g->type);
}

ptrdiff_t cpu__gemm_packed_scratch(const cpu_gemm *g)
{
    return cpu__up(a_bytes(g), 64) + cpu__up(b_bytes(g), 64) + sum_bytes(g);
}

/* ---- packing: one piece is one tile's share of A or of B ----------------------------- */

static void pack_a(const block *b, ptrdiff_t tile)
{
    const cpu_gemm *g = b->g;
    const cpu_gemm_type *t = g->type;
    ptrdiff_t first = tile * t->mr;
    int rows = (int)cpu__min(b->m - first, t->mr);
    const char *from = cpu__at(g, &g->a, b->i + first, b->l);
    char *to = b->a + tile * a_tile_bytes(t);
    if (b->by_lines)
        t->lines(to, CPU_LINE_BYTES / t->wide, from, g->a.row, g->a.col, rows, b->k);
    else
        t->panel(to, t->mr, from, g->a.row, g->a.col, rows, b->k);
}

static void pack_b(const block *b, ptrdiff_t tile)
{
    const cpu_gemm *g = b->g;
    const cpu_gemm_type *t = g->type;
    ptrdiff_t first = tile * t->nr;
    int cols = (int)cpu__min(b->n - first, t->nr);
    t->panel(b->b + tile * b_tile_bytes(t), t->nr, cpu__at(g, &g->b, b->l, b->j + first), g->b.col,
             g->b.row, cols, b->k);
}

static void pack(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const block *b = arg;
    (void)worker;
    for (ptrdiff_t p = (ptrdiff_t)lo; p < (ptrdiff_t)hi; p++) {
        if (p < b->b_tiles)
            pack_b(b, p);
        else
            pack_a(b, p - b->b_tiles);
    }
}

/* ---- computing: one piece is PIECE_TILES tiles of A by piece_cols tiles of B --------- */

static micro_a a_of(const block *b, ptrdiff_t tile, ptrdiff_t i)
{
    const cpu_gemm *g = b->g;
    if (b->a_in_place)
        return (micro_a){cpu__at(g, &g->a, b->i + i, b->l), g->a.row, g->a.col};
    const char *p = b->a + tile * a_tile_bytes(g->type);
    if (b->by_lines)
        return (micro_a){p, CPU_LINE_BYTES / g->type->wide, 1};
    return (micro_a){p, 1, g->type->mr};
}

/* The tile's partial sums are needed when it is done: by then they are here. */
static inline void fetch_sums(const char *c, ptrdiff_t row_bytes, int rows, int bytes)
{
    for (int i = 0; i < rows; i++)
        for (int at = 0; at < bytes; at += 64)
            __builtin_prefetch(c + i * row_bytes + at, 1);
}

static void tile_product(const block *b, ptrdiff_t a_tile, ptrdiff_t b_tile)
{
    const cpu_gemm *g = b->g;
    const cpu_gemm_type *t = g->type;
    _Alignas(64) char own[CPU_TILE_BYTES];
    ptrdiff_t i = a_tile * t->mr, j = b_tile * t->nr;
    int rows = (int)cpu__min(b->m - i, t->mr), cols = (int)cpu__min(b->n - j, t->nr);
    micro_a a = a_of(b, a_tile, i);
    char *c = b->sum ? b->sum + (i * b->sum_row + j) * t->wide : own;
    ptrdiff_t c_row = b->sum ? b->sum_row : t->nr;
    fetch_sums(c, c_row * t->wide, rows, cols * t->wide);
    cpu__chains(t, rows, cols, b->k, a, b->b + b_tile * b_tile_bytes(t), t->nr, c, c_row, b->l > 0);
    if (b->l + b->k == g->k && (g->scaled || !g->in_place))
        t->finish(g, b->i + i, b->j + j, rows, cols, c, c_row);
}

static void piece(const block *b, ptrdiff_t a_lo, ptrdiff_t a_hi, ptrdiff_t b_lo, ptrdiff_t b_hi)
{
    if (A_STAYS) {
        for (ptrdiff_t i = a_lo; i < a_hi; i++)
            for (ptrdiff_t j = b_lo; j < b_hi; j++)
                tile_product(b, i, j);
        return;
    }
    for (ptrdiff_t j = b_lo; j < b_hi; j++)
        for (ptrdiff_t i = a_lo; i < a_hi; i++)
            tile_product(b, i, j);
}

static void compute(void *arg, uint64_t lo, uint64_t hi, uint32_t worker)
{
    const block *b = arg;
    ptrdiff_t down = cpu__tiles(b->a_tiles, PIECE_TILES);
    (void)worker;
    for (ptrdiff_t p = (ptrdiff_t)lo; p < (ptrdiff_t)hi; p++) {
        ptrdiff_t i = p % down * PIECE_TILES, j = p / down * b->piece_cols;
        piece(b, i, cpu__min(i + PIECE_TILES, b->a_tiles), j,
              cpu__min(j + b->piece_cols, b->b_tiles));
    }
}

/* ---- blocks -------------------------------------------------------------------------- */

/* Half of the L2 cache for a piece's share of B. */
static ptrdiff_t piece_cols(const cpu_gemm *g)
{
    uint64_t l2 = g->call->host->l2_bytes ? g->call->host->l2_bytes : 512 * 1024;
    ptrdiff_t fit = (ptrdiff_t)(l2 / 2) / b_tile_bytes(g->type);
    return fit < 2 ? 2 : fit > 64 ? 64 : fit;
}

static block block_at(const cpu_gemm *g, ptrdiff_t i, ptrdiff_t j)
{
    const cpu_gemm_type *t = g->type;
    block b = {.g = g, .i = i, .j = j};
    b.m = cpu__min(g->m - i, block_rows(g));
    b.n = cpu__min(g->n - j, block_cols(g));
    b.a_tiles = cpu__tiles(b.m, t->mr);
    b.b_tiles = cpu__tiles(b.n, t->nr);
    b.piece_cols = piece_cols(g);
    b.a_in_place = a_in_place(g);
    b.by_lines = g->a.row != 1;
    b.a = g->scratch;
    b.b = b.a + cpu__up(a_bytes(g), 64);
    if (g->in_place) {
        b.sum = cpu__at(g, &g->out, i, j);
        b.sum_row = g->out.row;
    } else if (g->k > CPU_KC(t->wide)) {
        b.sum = b.b + cpu__up(b_bytes(g), 64);
        b.sum_row = cpu__up(b.n, t->nr);
    }
    return b;
}

static void block_run(block *b)
{
    const vane_call *call = b->g->call;
    uint64_t down = (uint64_t)cpu__tiles(b->a_tiles, PIECE_TILES);
    uint64_t across = (uint64_t)cpu__tiles(b->b_tiles, b->piece_cols);
    uint64_t packs = (uint64_t)(b->b_tiles + (b->a_in_place ? 0 : b->a_tiles));
    ptrdiff_t step = CPU_KC(b->g->type->wide);
    for (b->l = 0; b->l < b->g->k; b->l += step) {
        b->k = cpu__min(b->g->k - b->l, step);
        call->host->parallel(call, pack, b, packs, 1);
        call->host->parallel(call, compute, b, down * across, 1);
    }
}

void cpu__gemm_packed(const cpu_gemm *g)
{
    for (ptrdiff_t j = 0; j < g->n; j += block_cols(g))
        for (ptrdiff_t i = 0; i < g->m; i += block_rows(g)) {
            block b = block_at(g, i, j);
            block_run(&b);
        }
}
