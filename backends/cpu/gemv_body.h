/* SPDX-License-Identifier: MIT */
/* gemv_body.h - one row, or a few, times a matrix, reading each element of the matrix once.
 * The includer defines S, T, V, LANES, LOAD, STORE, LOAD_N, STORE_N, SLOAD, SLOAD_N, SET1, ADD,
 * FMA and has dot() and widen_run().
 */

#define ROW_COLS 1024 /* columns at a time: their sums stay in the L1 cache */

/* acc[j] = fma(x[r], b[r][j], acc[j]) for r = 0 .. rows-1, in this order */
static inline __attribute__((always_inline)) void
row_steps(const int rows, T *acc, const T *x, const S *b, ptrdiff_t b_row, ptrdiff_t n)
{
    ptrdiff_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        V v = LOAD(acc + j);
        UNROLL
        for (int r = 0; r < rows; r++)
            v = FMA(SET1(x[r]), SLOAD(b + r * b_row + j), v);
        STORE(acc + j, v);
    }
    if (j == n)
        return;
    size_t last = (size_t)(n - j);
    V v = LOAD_N(acc + j, last);
    UNROLL
    for (int r = 0; r < rows; r++)
        v = FMA(SET1(x[r]), SLOAD_N(b + r * b_row + j, last), v);
    STORE_N(acc + j, v, last);
}

static void row_chain(T *acc, const T *x, const S *b, ptrdiff_t b_row, ptrdiff_t k, ptrdiff_t n)
{
    ptrdiff_t l = 0;
    for (ptrdiff_t j = 0; j < n; j++)
        acc[j] = 0;
    for (; l + 8 <= k; l += 8)
        row_steps(8, acc, x + l, b + l * b_row, b_row, n);
    for (; l < k; l++)
        row_steps(1, acc, x + l, b + l * b_row, b_row, n);
}

static void row_cols(const cpu_gemm *g, ptrdiff_t j, ptrdiff_t n)
{
    T sum[ROW_COLS], acc[ROW_COLS], x[CPU_CHAIN];
    for (ptrdiff_t l = 0; l < g->k; l += CPU_CHAIN) {
        ptrdiff_t k = cpu__min(g->k - l, CPU_CHAIN);
        widen_run(x, (const S *)(const void *)cpu__at(g, &g->a, 0, l), g->a.col, k);
        const S *b = (const S *)(const void *)cpu__at(g, &g->b, l, j);
        row_chain(l == 0 ? sum : acc, x, b, g->b.row, k, n);
        for (ptrdiff_t i = 0; l > 0 && i < n; i++)
            sum[i] += acc[i];
    }
    finish(g, 0, j, 1, n, sum, 0);
}

static void row(const cpu_gemm *g, ptrdiff_t lo, ptrdiff_t hi)
{
    for (ptrdiff_t j = lo; j < hi; j += ROW_COLS)
        row_cols(g, j, cpu__min(hi - j, ROW_COLS));
}

#define DOTS_COLS 64

static void dots(const cpu_gemm *g, ptrdiff_t lo, ptrdiff_t hi)
{
    T sum[CPU_DOT_ROWS][DOTS_COLS];
    for (ptrdiff_t j = lo; j < hi; j += DOTS_COLS) {
        ptrdiff_t n = cpu__min(hi - j, DOTS_COLS);
        for (ptrdiff_t q = 0; q < n; q++)
            for (ptrdiff_t i = 0; i < g->m; i++)
                dot(&sum[i][q], cpu__at(g, &g->a, i, 0), g->a.col, cpu__at(g, &g->b, 0, j + q),
                    g->b.row, g->k);
        finish(g, 0, j, g->m, n, sum, DOTS_COLS);
    }
}
