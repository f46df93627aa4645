/* SPDX-License-Identifier: MIT */
/* gemm_out_body.h - the end of a product: scale, add C, round, store at any stride.
 * The includer defines S, T, V, LANES, LOAD, LOAD_N, SLOAD, SLOAD_N, SSTORE, SSTORE_N, SET1,
 * MUL, FMA and SCALAR(double), the value that alpha and beta have in the computed type.
 */

static inline V load_c(const S *c, ptrdiff_t step, ptrdiff_t n)
{
    if (step == 1)
        return n == LANES ? SLOAD(c) : SLOAD_N(c, (size_t)n);
    S run[LANES] = {0};
    for (ptrdiff_t i = 0; i < n; i++)
        run[i] = c[i * step];
    return SLOAD(run);
}

static inline void store_out(S *out, ptrdiff_t step, V v, ptrdiff_t n)
{
    if (step == 1) {
        if (n == LANES)
            SSTORE(out, v);
        else
            SSTORE_N(out, v, (size_t)n);
        return;
    }
    S run[LANES];
    SSTORE(run, v);
    for (ptrdiff_t i = 0; i < n; i++)
        out[i * step] = run[i];
}

static inline void finish_row(const cpu_gemm *g, S *out, const S *c, const T *tile, ptrdiff_t n)
{
    V alpha = SET1(SCALAR(g->alpha)), beta = SET1(SCALAR(g->beta));
    for (ptrdiff_t j = 0; j < n; j += LANES) {
        ptrdiff_t some = cpu__min(n - j, LANES);
        V v = some == LANES ? LOAD(tile + j) : LOAD_N(tile + j, (size_t)some);
        if (g->scaled)
            v = MUL(alpha, v);
        if (c)
            v = FMA(beta, load_c(c + j * g->c.col, g->c.col, some), v);
        store_out(out + j * g->out.col, g->out.col, v, some);
    }
}

static void finish(const cpu_gemm *g, ptrdiff_t i, ptrdiff_t j, ptrdiff_t rows, ptrdiff_t cols,
                   const void *tile, ptrdiff_t tile_row)
{
    for (ptrdiff_t r = 0; r < rows; r++) {
        S *out = (S *)(void *)cpu__at(g, &g->out, i + r, j);
        const S *c = g->c.p ? (const S *)(const void *)cpu__at(g, &g->c, i + r, j) : NULL;
        finish_row(g, out, c, (const T *)tile + r * tile_row, cols);
    }
}
