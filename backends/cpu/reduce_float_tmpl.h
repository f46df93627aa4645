/* SPDX-License-Identifier: MIT */
/* reduce_float_tmpl.h - reductions of one compute type; reduce_float.c includes it for f32 and f64.
 * Wants T, VEC, MASK, LANES, VIRTUAL, F(op) for vector functions, M(op) for mask functions and
 * N(name) for names.
 *
 * Term i of a chunk belongs to virtual lane i % VIRTUAL whatever the register width. A lane adds
 * 16 terms, then that subtotal to its total: short chains keep the error small (8 eps of the sum
 * of |terms|, even for a constant). At the end lane i meets lane i + half, then half of that.
 */

enum { N(REGS) = VIRTUAL / LANES, N(BLOCK) = 16 * VIRTUAL };

CPU__ALWAYS VEC N(step)(cpu__red op, VEC a, VEC x)
{
    switch (op) {
    case CPU_MAX:
        return F(max)(a, x);
    case CPU_MIN:
        return F(min)(a, x);
    case CPU_PROD:
        return F(mul)(a, x);
    default:
        return F(add)(a, x);
    }
}

CPU__ALWAYS T N(first)(cpu__red op)
{
    switch (op) {
    case CPU_MAX:
        return (T)-INFINITY;
    case CPU_MIN:
        return (T)INFINITY;
    case CPU_PROD:
        return 1;
    default:
        return 0;
    }
}

/* The first n lanes of x, the others the op's neutral value. */
CPU__ALWAYS VEC N(tail)(cpu__red op, const T *x, int64_t n)
{
    static const T lane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    VEC v = F(load_n)(x, (size_t)n);
    if (op == CPU_SUM)
        return v;
    return F(select)(F(lt)(F(load)(lane), F(set1)((T)n)), v, F(set1)(N(first)(op)));
}

/* One value of the registers' lanes. */
CPU__ALWAYS T N(fold)(cpu__red op, VEC *a)
{
    for (int w = N(REGS) / 2; w >= 1; w /= 2)
        for (int k = 0; k < w; k++)
            a[k] = N(step)(op, a[k], a[k + w]);
    return N(cpu__across)(op, a[0]);
}

/* NaN is kept aside in nan: F(max) and F(min) would lose it. */
CPU__ALWAYS void N(take)(cpu__red op, VEC *a, VEC x, MASK *nan)
{
    if (op == CPU_MAX || op == CPU_MIN)
        *nan = M(or)(*nan, N(cpu__nan)(x, x));
    *a = N(step)(op, *a, x);
}

/* VIRTUAL terms; two vectors share a test for NaN. */
CPU__ALWAYS void N(take_all)(cpu__red op, VEC *a, const T *x, MASK *nan)
{
    for (int k = 0; k < N(REGS); k += 2) {
        VEC x0 = F(load)(x + k * LANES), x1 = F(load)(x + (k + 1) * LANES);
        if (op == CPU_MAX || op == CPU_MIN)
            *nan = M(or)(*nan, N(cpu__nan)(x0, x1));
        a[k] = N(step)(op, a[k], x0);
        a[k + 1] = N(step)(op, a[k + 1], x1);
    }
}

CPU__ALWAYS T N(row)(cpu__red op, const T *x, int64_t n)
{
    VEC total[N(REGS)], a[N(REGS)], first = F(set1)(N(first)(op));
    MASK nan = F(ne)(first, first);
    for (int k = 0; k < N(REGS); k++)
        total[k] = first;
    for (; n >= N(BLOCK); n -= N(BLOCK), x += N(BLOCK)) {
        for (int k = 0; k < N(REGS); k++)
            a[k] = first;
        for (int s = 0; s < N(BLOCK); s += VIRTUAL)
            N(take_all)(op, a, x + s, &nan);
        for (int k = 0; k < N(REGS); k++)
            total[k] = N(step)(op, total[k], a[k]);
    }
    for (int k = 0; k < N(REGS); k++)
        a[k] = first;
    for (; n >= VIRTUAL; n -= VIRTUAL, x += VIRTUAL)
        N(take_all)(op, a, x, &nan);
    for (int k = 0; k < N(REGS); k++, n -= LANES, x += LANES)
        if (n >= LANES)
            N(take)(op, &a[k], F(load)(x), &nan);
        else if (n > 0)
            N(take)(op, &a[k], N(tail)(op, x, n), &nan);
    for (int k = 0; k < N(REGS); k++)
        total[k] = N(step)(op, total[k], a[k]);
    T r = N(fold)(op, total);
    return M(any)(nan) ? (T)NAN : r;
}

CPU__ALWAYS VEC N(col_step)(cpu__red op, VEC a, VEC x)
{
    if (op == CPU_MAX)
        return F(max_nan)(a, x);
    return op == CPU_MIN ? F(min_nan)(a, x) : N(step)(op, a, x);
}

/* total[0..cols) of up to 16 rows; begin: there is none yet. */
CPU__ALWAYS void N(col_block)(cpu__red op, const T *x, const int64_t *off, int64_t rows,
                              int64_t cols, T *total, int begin)
{
    int64_t j = 0;
    for (; j + 4 * LANES <= cols; j += 4 * LANES) {
        VEC a[4];
        for (int k = 0; k < 4; k++)
            a[k] = F(load)(x + off[0] + j + k * LANES);
        for (int64_t r = 1; r < rows; r++)
            for (int k = 0; k < 4; k++)
                a[k] = N(col_step)(op, a[k], F(load)(x + off[r] + j + k * LANES));
        for (int k = 0; k < 4; k++)
            F(store)
        (total + j + k * LANES,
         begin ? a[k] : N(col_step)(op, F(load)(total + j + k * LANES), a[k]));
    }
    for (; j < cols; j += LANES) {
        size_t n = (size_t)(cols - j < LANES ? cols - j : LANES);
        VEC a = F(load_n)(x + off[0] + j, n);
        for (int64_t r = 1; r < rows; r++)
            a = N(col_step)(op, a, F(load_n)(x + off[r] + j, n));
        F(store_n)(total + j, begin ? a : N(col_step)(op, F(load_n)(total + j, n), a), n);
    }
}
