/* SPDX-License-Identifier: MIT */
/* matmul.cl - matmul and gemm: out = alpha * A B + beta * C, for any strides.
 *
 * VARIANT says for which machine. 0, 1 and 2 are CPUs with vectors of 64, 32 and 16 bytes: a
 * work-item computes a tile of MR rows by two vectors in registers, no work-group shares anything.
 * 3, 4 and 5 are GPUs: a work-group of SIDE x SIDE items computes a block through local memory.
 * All grids have one dimension: the others are limited on some devices.
 *
 * Sums are kept in A: float for f16 and bf16; unsigned for integers, which wrap. Every KC terms
 * they are added to a total, so that long sums do not lose what a running sum would.
 */
#pragma OPENCL FP_CONTRACT ON

#define KC 512

#if IS_INT
#define A PASTE(u, C)
#else
#define A C
#endif
#if defined(T_f64) || defined(T_i64)
#define WIDE_TYPE 1
#else
#define WIDE_TYPE 0
#endif

/* W lanes of A are a vector; MR rows of two fill the registers. matmul.c has the same numbers. */
#if VARIANT + WIDE_TYPE == 0
#define W 16
#elif VARIANT + WIDE_TYPE == 1
#define W 8
#elif VARIANT + WIDE_TYPE == 2
#define W 4
#else
#define W 2
#endif
#define MR (VARIANT == 1 ? 6 : 8)
#define NR (2 * W)

#define AV PASTE(A, W)
#define VLOAD PASTE(vload, W)
#define VSTORE PASTE(vstore, W)
#define GET(p, i) ((A)LOAD(p, i))
#define GETV(p, i) PASTE(as_, AV)(LOADV(W, p, i))
#define PUT(p, i, v) STORE(p, i, (C)(v))
#define PUTV(p, i, v) STOREV(W, p, i, PASTE(as_, PASTE(C, W))(v))

#define BATCH_RANK 7
enum { SIDE_A, SIDE_B, SIDE_C, SIDE_O };

/* matmul.c fills the same struct. Strides count elements. */
typedef struct mm_args {
    long m, n, k, batch;
    long at[4], row[4], col[4]; /* of A, B, C and the output */
    long tiles_m, tiles_n;
    long shape[BATCH_RANK], step[4][BATCH_RANK];
    ulong alpha, beta; /* an A's bits */
    int batch_rank, has_c;
} mm_args;

typedef struct mm_place {
    long a, b, c, o;
} mm_place;

/* Where the four matrices of one batch begin. */
static inline mm_place place_of(const mm_args *g, long batch)
{
    mm_place w = {g->at[0], g->at[1], g->at[2], g->at[3]};
    for (int d = g->batch_rank - 1; d >= 0; d--) {
        const long i = batch % g->shape[d];
        batch /= g->shape[d];
        w.a += i * g->step[SIDE_A][d];
        w.b += i * g->step[SIDE_B][d];
        w.c += i * g->step[SIDE_C][d];
        w.o += i * g->step[SIDE_O][d];
    }
    return w;
}

#if WIDE_TYPE
#define FACTOR(bits) PASTE(as_, A)(bits)
#else
#define FACTOR(bits) PASTE(as_, A)((uint)(bits))
#endif

static inline A finish(const mm_args *g, __global const T *c, long c_at, A sum)
{
    const A v = FACTOR(g->alpha) * sum;
    return g->has_c ? v + FACTOR(g->beta) * GET(c, c_at) : v;
}

/* ---- any device: one element an item --------------------------------------------- */

__kernel __attribute__((reqd_work_group_size(GROUP < 64 ? GROUP : 64, 1, 1))) void
mm_plain(__global const T *a, __global const T *b, __global const T *c, __global T *out,
         const mm_args g)
{
    const long id = get_global_id(0);
    if (id >= g.batch * g.m * g.n)
        return;
    const long j = id % g.n, i = id / g.n % g.m;
    const mm_place w = place_of(&g, id / (g.m * g.n));
    __global const T *x = a + (w.a + i * g.row[SIDE_A]);
    __global const T *y = b + (w.b + j * g.col[SIDE_B]);
    A total = 0;
    for (long from = 0; from < g.k; from += KC) {
        const long to = min(from + KC, g.k);
        A sum = 0;
        for (long p = from; p < to; p++)
            sum += GET(x, p * g.col[SIDE_A]) * GET(y, p * g.row[SIDE_B]);
        total += sum;
    }
    const long c_at = w.c + i * g.row[SIDE_C] + j * g.col[SIDE_C];
    PUT(out, w.o + i * g.row[SIDE_O] + j * g.col[SIDE_O], finish(&g, c, c_at, total));
}

#if VARIANT < 3
/* ---- CPUs: panels ---------------------------------------------------------------- */

/* width lines of k elements become k lines of width, as A; missing lines are 0. width is MR for
 * rows of A, NR for columns of B. */
typedef struct mm_pack_args {
    long lines, k, panels, chunks;
    long at, line, step; /* strides: from line to line, along k */
    long shape[BATCH_RANK], stride[BATCH_RANK];
    int batch_rank, width;
} mm_pack_args;

#define PACK_CHUNK 256 /* of k, for one item; of matmul.c too */

static inline void pack_panel(__global const T *x, __global A *to, long line, long step,
                              long count, const int width, long lines)
{
    for (long p = 0; p < count; p++)
        for (int i = 0; i < width; i++)
            to[p * width + i] = i < lines ? GET(x, p * step + i * line) : 0;
}

static inline void pack_flat(__global const T *x, __global A *to, long step, long count)
{
    for (long p = 0; p < count; p++) {
        VSTORE(GETV(x, p * step), 0, to + p * NR);
        VSTORE(GETV(x, p * step + W), 0, to + p * NR + W);
    }
}

__kernel void mm_pack(__global const T *from, __global A *to, const mm_pack_args g)
{
    const long id = get_global_id(0);
    const long chunk = id % g.chunks, panel = id / g.chunks % g.panels;
    const long first = chunk * PACK_CHUNK, count = min(g.k - first, (long)PACK_CHUNK);
    const long lines = min(g.lines - panel * g.width, (long)g.width);
    long batch = id / (g.chunks * g.panels);
    __global A *y = to + ((batch * g.panels + panel) * g.k + first) * g.width;
    long at = g.at + panel * g.width * g.line + first * g.step;
    for (int d = g.batch_rank - 1; d >= 0; d--) {
        at += batch % g.shape[d] * g.stride[d];
        batch /= g.shape[d];
    }
    if (g.width == MR)
        pack_panel(from + at, y, g.line, g.step, count, MR, lines);
    else if (g.line == 1 && lines == NR)
        pack_flat(from + at, y, g.step, count);
    else
        pack_panel(from + at, y, g.line, g.step, count, NR, lines);
}

/* ---- CPUs: tiles ----------------------------------------------------------------- */

/* Where a tile lies. Its vectors of columns end within n, so that all of B can be read as vectors:
 * the last may begin too early, and skips the lanes that belong to another. */
typedef struct mm_lot {
    long i, j, batch;
    int rows, vectors; /* in the output: 1 to MR, 1 or 2 */
    long column[2];
    int skip[2];
} mm_lot;

static inline mm_lot lot_of(const mm_args *g, long id, int padded)
{
    mm_lot t;
    t.i = id % g->tiles_m * MR;
    t.j = id / g->tiles_m % g->tiles_n * NR;
    t.batch = id / (g->tiles_m * g->tiles_n);
    t.rows = (int)min(g->m - t.i, (long)MR);
    t.vectors = g->n - t.j > W ? 2 : 1;
    for (int v = 0; v < 2; v++) {
        const long j = t.j + v * W;
        t.column[v] = padded ? j : max(min(j, g->n - W), 0L);
        t.skip[v] = (int)(j - t.column[v]);
    }
    return t;
}

static inline void put_lanes(const mm_args *g, __global const T *c, __global T *out, mm_place w,
                             int from, int to, AV sum)
{
    A lane[W];
    VSTORE(sum, 0, lane);
    for (int x = from; x < to; x++)
        PUT(out, w.o + x * g->col[SIDE_O], finish(g, c, w.c + x * g->col[SIDE_C], lane[x]));
}

/* w: of the vector's first lane. */
static inline void put_vector(const mm_args *g, __global const T *c, __global T *out, mm_place w,
                              int from, int to, AV sum)
{
    if (from || to < W || g->col[SIDE_O] != 1 || (g->has_c && g->col[SIDE_C] != 1)) {
        put_lanes(g, c, out, w, from, to, sum);
        return;
    }
    AV v = FACTOR(g->alpha) * sum;
    if (g->has_c)
        v += FACTOR(g->beta) * GETV(c, w.c);
    PUTV(out, w.o, v);
}

static inline void put_tile(const mm_args *g, __global const T *c, __global T *out, mm_lot t,
                            AV sum[MR][2])
{
    mm_place w = place_of(g, t.batch);
    for (int i = 0; i < t.rows; i++)
        for (int v = 0; v < t.vectors; v++) {
            mm_place at = w;
            at.c += (t.i + i) * g->row[SIDE_C] + t.column[v] * g->col[SIDE_C];
            at.o += (t.i + i) * g->row[SIDE_O] + t.column[v] * g->col[SIDE_O];
            put_vector(g, c, out, at, t.skip[v], (int)min(g->n - t.column[v], (long)W), sum[i][v]);
        }
}

/* Known when this is compiled: packed operands are A's, and a's rows are then side by side. */
#define X(p, i) (a_packed ? ((__global const A *)(p))[i] : GET((__global const T *)(p), i))
#define YV(p, i) \
    (b_packed ? VLOAD(0, (__global const A *)(p) + (i)) : GETV((__global const T *)(p), i))

/* Adds the products of a's rows i * row and of b's vectors y[v], over k, to total. */
static inline __attribute__((always_inline)) void
tile_sum(__global const void *a, const long *at, const long step, __global const void *b,
         const long *y, const long y_step, long k, const int nv, const int a_packed,
         const int b_packed, AV total[MR][2])
{
    for (long from = 0; from < k; from += KC) {
        const long to = min(from + KC, k);
        AV sum[MR][2];
        _Pragma("unroll") for (int i = 0; i < MR; i++)
            sum[i][0] = sum[i][1] = (AV)(0);
        for (long p = from; p < to; p++) {
            const AV y0 = YV(b, y[0] + p * y_step);
            const AV y1 = nv == 2 ? YV(b, y[1] + p * y_step) : y0;
            _Pragma("unroll") for (int i = 0; i < MR; i++)
            {
                const A x = X(a, a_packed ? at[0] + p * MR + i : at[i] + p * step);
                sum[i][0] += x * y0;
                if (nv == 2)
                    sum[i][1] += x * y1;
            }
        }
        _Pragma("unroll") for (int i = 0; i < MR; i++)
        {
            total[i][0] += sum[i][0];
            total[i][1] += sum[i][1];
        }
    }
}

static inline __attribute__((always_inline)) void
tile(__global const void *a, __global const void *b, __global const T *c, __global T *out,
     const mm_args *g, const int a_packed, const int b_packed)
{
    const mm_lot t = lot_of(g, get_global_id(0), b_packed);
    const mm_place w = place_of(g, t.batch);
    AV total[MR][2];
    long at[MR], y[2];
    for (int i = 0; i < MR; i++) {
        total[i][0] = total[i][1] = (AV)(0);
        at[i] = a_packed ? w.a + t.i * g->k : w.a + (t.i + min(i, t.rows - 1)) * g->row[SIDE_A];
    }
    for (int v = 0; v < 2; v++)
        y[v] = w.b + (b_packed ? t.j * g->k + v * W : t.column[v]);
    const long y_step = b_packed ? NR : g->row[SIDE_B];
    if (t.vectors == 2)
        tile_sum(a, at, g->col[SIDE_A], b, y, y_step, g->k, 2, a_packed, b_packed, total);
    else
        tile_sum(a, at, g->col[SIDE_A], b, y, y_step, g->k, 1, a_packed, b_packed, total);
    put_tile(g, c, out, t, total);
}

/* b's columns side by side, at least W of them */
__kernel void mm_tile(__global const T *a, __global const T *b, __global const T *c,
                      __global T *out, const mm_args g)
{
    tile(a, b, c, out, &g, 0, 0);
}

__kernel void mm_tile_b(__global const T *a, __global const A *b, __global const T *c,
                        __global T *out, const mm_args g)
{
    tile(a, b, c, out, &g, 0, 1);
}

__kernel void mm_tile_ab(__global const A *a, __global const A *b, __global const T *c,
                         __global T *out, const mm_args g)
{
    tile(a, b, c, out, &g, 1, 1);
}

/* ---- CPUs: a matrix times a vector, or a few --------------------------------------- */

#define LINES 4 /* of matmul.c too */

static inline AV spread_vector(__global const T *y, long step)
{
    A lane[W];
    for (int l = 0; l < W; l++)
        lane[l] = GET(y, l * step);
    return VLOAD(0, lane);
}

static inline A sum_lanes(AV v)
{
    A lane[W], sum = 0;
    VSTORE(v, 0, lane);
    for (int l = 0; l < W; l++)
        sum += lane[l];
    return sum;
}

/* The products of LINES dense lines and y. */
static inline void row_sums(__global const T *x[LINES], __global const T *y, long step, long k,
                            A total[LINES])
{
    const long whole = k / W * W;
    for (int i = 0; i < LINES; i++)
        total[i] = 0;
    for (long from = 0; from < whole; from += KC * W) {
        const long to = min(from + KC * W, whole);
        AV sum[LINES];
        for (int i = 0; i < LINES; i++)
            sum[i] = (AV)(0);
        for (long p = from; p < to; p += W) {
            const AV v = step == 1 ? GETV(y, p) : spread_vector(y + p * step, step);
            _Pragma("unroll") for (int i = 0; i < LINES; i++)
                sum[i] += GETV(x[i], p) * v;
        }
        for (int i = 0; i < LINES; i++)
            total[i] += sum_lanes(sum[i]);
    }
    for (long p = whole; p < k; p++)
        for (int i = 0; i < LINES; i++)
            total[i] += GET(x[i], p) * GET(y, p * step);
}

/* Rows of a, dense along k: LINES of them an item, times each column of b. */
__kernel void mm_rows(__global const T *a, __global const T *b, __global const T *c,
                      __global T *out, const mm_args g)
{
    const long id = get_global_id(0), first = id % g.tiles_m * LINES;
    const int rows = (int)min(g.m - first, (long)LINES);
    const long step = g.row[SIDE_B];
    const mm_place w = place_of(&g, id / g.tiles_m);
    __global const T *x[LINES];
    for (int i = 0; i < LINES; i++)
        x[i] = a + (w.a + (first + min(i, rows - 1)) * g.row[SIDE_A]);
    for (long j = 0; j < g.n; j++) {
        __global const T *y = b + (w.b + j * g.col[SIDE_B]);
        A sum[LINES];
        row_sums(x, y, step, g.k, sum);
        for (int i = 0; i < rows; i++) {
            const long r = first + i, c_at = w.c + r * g.row[SIDE_C] + j * g.col[SIDE_C];
            PUT(out, w.o + r * g.row[SIDE_O] + j * g.col[SIDE_O], finish(&g, c, c_at, sum[i]));
        }
    }
}

/* Columns of b (one row of a, m is 1): 4 vectors of columns an item, at least W of them. */
__kernel void mm_columns(__global const T *a, __global const T *b, __global const T *c,
                         __global T *out, const mm_args g)
{
    const long id = get_global_id(0), first = id % g.tiles_n * (4 * W);
    const mm_place w = place_of(&g, id / g.tiles_n);
    __global const T *x = a + w.a, *y = b + w.b;
    long column[4];
    AV sum[4], total[4];
    for (int v = 0; v < 4; v++) {
        column[v] = min(first + v * W, g.n - W);
        total[v] = (AV)(0);
    }
    for (long from = 0; from < g.k; from += KC) {
        const long to = min(from + KC, g.k);
        _Pragma("unroll") for (int v = 0; v < 4; v++)
            sum[v] = (AV)(0);
        for (long p = from; p < to; p++) {
            const A one = GET(x, p * g.col[SIDE_A]);
            _Pragma("unroll") for (int v = 0; v < 4; v++)
                sum[v] += one * GETV(y, p * g.row[SIDE_B] + column[v]);
        }
        _Pragma("unroll") for (int v = 0; v < 4; v++)
            total[v] += sum[v];
    }
    for (int v = 0; v < 4 && first + v * W < g.n; v++) {
        mm_place at = w;
        at.c += column[v] * g.col[SIDE_C];
        at.o += column[v] * g.col[SIDE_O];
        put_vector(&g, c, out, at, (int)(first + v * W - column[v]), W, total[v]);
    }
}
#else
/* ---- GPUs: blocks through local memory ------------------------------------------- */

/* An item's TILE x TILE elements lie SIDE apart: neighbours read and write neighbours. */
#define SIDE (VARIANT == 5 ? 8 : 16)
#define TILE (VARIANT == 4 ? 8 : 4)
#define DEPTH (VARIANT == 3 ? 16 : 8)
#define EDGE (SIDE * TILE)
#define ITEMS (SIDE * SIDE)

/* Items go along the lines first where the lines are dense, else along k. */
static inline void fetch(__global const T *x, __local A (*to)[EDGE + 1], long line, long step,
                         long lines, long depth, int id)
{
    for (int e = id; e < EDGE * DEPTH; e += ITEMS) {
        const int i = line == 1 ? e % EDGE : e / DEPTH;
        const int p = line == 1 ? e / EDGE : e % DEPTH;
        to[p][i] = i < lines && p < depth ? GET(x, i * line + p * step) : 0;
    }
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
mm_block(__global const T *a, __global const T *b, __global const T *c, __global T *out,
         const mm_args g)
{
    __local A xs[DEPTH][EDGE + 1], ys[DEPTH][EDGE + 1];
    const int id = get_local_id(0), tx = id % SIDE, ty = id / SIDE;
    const long block = get_group_id(0);
    const long j0 = block % g.tiles_n * EDGE, i0 = block / g.tiles_n % g.tiles_m * EDGE;
    const mm_place w = place_of(&g, block / (g.tiles_m * g.tiles_n));
    __global const T *x = a + (w.a + i0 * g.row[SIDE_A]);
    __global const T *y = b + (w.b + j0 * g.col[SIDE_B]);
    A total[TILE][TILE];
    for (int i = 0; i < TILE; i++)
        for (int j = 0; j < TILE; j++)
            total[i][j] = 0;
    for (long from = 0; from < g.k; from += DEPTH) {
        fetch(x + from * g.col[SIDE_A], xs, g.row[SIDE_A], g.col[SIDE_A], g.m - i0, g.k - from, id);
        fetch(y + from * g.row[SIDE_B], ys, g.col[SIDE_B], g.row[SIDE_B], g.n - j0, g.k - from, id);
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int p = 0; p < DEPTH; p++) {
            A one[TILE], two[TILE];
            _Pragma("unroll") for (int i = 0; i < TILE; i++)
            {
                one[i] = xs[p][ty + i * SIDE];
                two[i] = ys[p][tx + i * SIDE];
            }
            _Pragma("unroll") for (int i = 0; i < TILE; i++)
                _Pragma("unroll") for (int j = 0; j < TILE; j++)
                    total[i][j] += one[i] * two[j];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (int i = 0; i < TILE; i++)
        for (int j = 0; j < TILE; j++) {
            const long r = i0 + ty + i * SIDE, s = j0 + tx + j * SIDE;
            if (r < g.m && s < g.n)
                PUT(out, w.o + r * g.row[SIDE_O] + s * g.col[SIDE_O],
                    finish(&g, c, w.c + r * g.row[SIDE_C] + s * g.col[SIDE_C], total[i][j]));
        }
}

/* A matrix times a vector (n is 1). across items share one row's k where that is dense, else the
 * rows are side by side and all of an item's row is its own part of k. */
#define ACROSS 32
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
mm_vector(__global const T *a, __global const T *b, __global const T *c, __global T *out,
          const mm_args g)
{
    __local A part[ITEMS];
    const int id = get_local_id(0), dense = g.col[SIDE_A] == 1;
    const int rows = dense ? ITEMS / ACROSS : ACROSS, parts = ITEMS / rows;
    const int r = dense ? id / ACROSS : id % ACROSS, q = dense ? id % ACROSS : id / ACROSS;
    const long i = get_group_id(0) % g.tiles_m * rows + r;
    const mm_place w = place_of(&g, get_group_id(0) / g.tiles_m);
    A sum = 0;
    for (long from = q; i < g.m && from < g.k; from += KC * parts) {
        const long to = min(from + KC * parts, g.k);
        A some = 0;
        for (long p = from; p < to; p += parts)
            some += GET(a, w.a + i * g.row[SIDE_A] + p * g.col[SIDE_A]) *
                    GET(b, w.b + p * g.row[SIDE_B]);
        sum += some;
    }
    part[id] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (q || i >= g.m)
        return;
    const int apart = dense ? 1 : ACROSS;
    for (int x = 1; x < parts; x++)
        sum += part[id + x * apart];
    PUT(out, w.o + i * g.row[SIDE_O], finish(&g, c, w.c + i * g.row[SIDE_C], sum));
}
#endif
