/* SPDX-License-Identifier: MIT */
/* argmax_tmpl.h - argmax of short rows and of columns for one float type; argmax_body.c includes
 * it for each. Wants S (as stored), T (as computed), VEC, MASK, LANES, F(op) for vector functions,
 * M(op) for mask functions, LOAD and LOAD_N, ACROSS, N(name) for names; INDEX, a vector of as many
 * ITYPE, and AT(op) for its functions.
 *
 * There are no branches on values, but one for a row that has a NaN. A last vector that is not
 * full overlaps the one before: seeing an element twice changes nothing.
 */

/* The last LANES of n elements, or all and -inf. */
static inline VEC N(short_tail)(const S *x, int64_t n)
{
    static const T lane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    if (n >= LANES)
        return LOAD(x + n - LANES);
    MASK in = F(lt)(F(load)(lane), F(set1)((T)n));
    return F(select)(in, LOAD_N(x, (size_t)n), F(set1)((T)-INFINITY));
}

/* Bit k: element k of n is want, or is NaN. */
static inline uint64_t N(short_hits)(const S *x, int64_t n, VEC tail, VEC want, int nan)
{
    uint64_t bits = M(bits)(nan ? F(ne)(tail, tail) : F(eq)(tail, want));
    if (n < LANES)
        return bits & ((UINT64_C(1) << n) - 1);
    bits <<= n - LANES;
    for (int64_t k = 0; k + LANES < n; k += LANES) {
        VEC v = LOAD(x + k);
        bits |= (uint64_t)M(bits)(nan ? F(ne)(v, v) : F(eq)(v, want)) << k;
    }
    return bits;
}

static inline int64_t N(short_row)(const S *x, int64_t n, int last)
{
    VEC tail = N(short_tail)(x, n), top = tail;
    MASK nan = F(ne)(tail, tail);
    for (int64_t k = 0; k + LANES < n; k += LANES) {
        VEC v = LOAD(x + k);
        nan = M(or)(nan, F(ne)(v, v));
        top = F(max)(top, v);
    }
    if (M(any)(nan))
        return __builtin_ctzll(N(short_hits)(x, n, tail, top, 1));
    uint64_t hits = N(short_hits)(x, n, tail, F(set1)(ACROSS(CPU_MAX, top)), 0);
    return last ? 63 - __builtin_clzll(hits) : __builtin_ctzll(hits);
}

static void N(short)(const void *p, int64_t stride, int64_t count, int64_t n, int last,
                     int64_t *out, int64_t stride_out)
{
    const S *x = p;
    for (int64_t i = 0; i < count; i++, x += stride, out += stride_out)
        *out = N(short_row)(x, n, last);
}

/* Rows lo to hi of regs vectors of columns, at + off[k] and so on: a NaN that is best stays. */
CPU__ALWAYS void N(col_race)(const S *x, int64_t stride, int64_t lo, int64_t hi, const int64_t *off,
                             int regs, size_t cols, int last, T *best, ITYPE *at)
{
    VEC b[4];
    INDEX i[4];
    for (int k = 0; k < regs; k++) {
        b[k] = F(load)(best + off[k]);
        i[k] = AT(load)(at + off[k]);
    }
    for (int64_t r = lo; r < hi; r++) {
        INDEX now = AT(set1)((ITYPE)r);
        for (int k = 0; k < regs; k++) {
            const S *p = x + r * stride + off[k];
            VEC a = cols < LANES ? LOAD_N(p, cols) : LOAD(p);
            MASK stays = M(or)(last ? F(lt)(a, b[k]) : F(le)(a, b[k]), F(ne)(b[k], b[k]));
            b[k] = F(select)(stays, b[k], a);
            i[k] = AT(select)(stays, i[k], now);
        }
    }
    for (int k = 0; k < regs; k++) {
        F(store)(best + off[k], b[k]);
        AT(store)(at + off[k], i[k]);
    }
}

/* Tiles of rows, so that the lines that one block of columns brings in serve the next. */
static void N(cols)(const void *p, int64_t stride, int64_t rows, int64_t n, int last,
                    int32_t *index)
{
    enum { TILE = 32 };
    static const int64_t none[1] = {0};
    const S *x = p;
    T best[COLS];
    ITYPE at[COLS];
    for (int64_t k = 0; k < (n < LANES ? LANES : n); k++) {
        best[k] = (T)-INFINITY;
        at[k] = 0;
    }
    if (n <= LANES) {
        if (n < LANES)
            N(col_race)(x, stride, 0, rows, none, 1, (size_t)n, last, best, at);
        else
            N(col_race)(x, stride, 0, rows, none, 1, LANES, last, best, at);
    }
    for (int64_t lo = 0; n > LANES && lo < rows; lo += TILE)
        for (int64_t j = 0; j < n; j += 4 * LANES) {
            int64_t off[4], hi = rows - lo < TILE ? rows : lo + TILE;
            for (int k = 0; k < 4; k++)
                off[k] = j + k * LANES < n - LANES ? j + k * LANES : n - LANES;
            N(col_race)(x, stride, lo, hi, off, 4, LANES, last, best, at);
        }
    for (int64_t k = 0; k < n; k++)
        index[k] = (int32_t)at[k];
}
