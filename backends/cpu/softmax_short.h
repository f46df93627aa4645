/* SPDX-License-Identifier: MIT */
/* softmax_short.h - softmax of rows of up to four vectors, in registers from first to last;
 * softmax_body.c includes it for each type. Wants S (as stored), T (as computed), VEC, LANES,
 * F(op) and M(op) for vector and mask functions, LOAD, LOAD_N, STORE and STORE_N, C(name) for the
 * names of the compute type and N(name) for this type's.
 *
 * The bits are those of the long way: its virtual lanes hold 0 beyond n, as exp(-inf) does here.
 */

/* The first n of LANES, the others -inf. */
static inline VEC N(row_part)(const S *x, int64_t n)
{
    static const T lane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    if (n >= LANES)
        return LOAD(x);
    VEC none = F(set1)((T)-INFINITY);
    if (n <= 0)
        return none;
    return F(select)(F(lt)(F(load)(lane), F(set1)((T)n)), LOAD_N(x, (size_t)n), none);
}

static inline void N(put_part)(S *out, VEC e, int64_t n)
{
    if (n >= LANES)
        STORE(out, e);
    else if (n > 0)
        STORE_N(out, e, (size_t)n);
}

/* x becomes exp(x - m); returns 1 / sum, or NaN where x has one or its largest is infinite. */
CPU__ALWAYS T N(row_exp)(VEC *x, int regs)
{
    VEC top[4], sum[4];
    int nan = 0;
    for (int k = 0; k < regs; k++) {
        nan |= M(any)(F(ne)(x[k], x[k]));
        top[k] = x[k];
    }
    for (int w = regs / 2; w >= 1; w /= 2)
        for (int k = 0; k < w; k++)
            top[k] = F(max)(top[k], top[k + w]);
    T m = C(cpu__across)(CPU_MAX, top[0]);
    for (int k = 0; k < regs; k++)
        sum[k] = x[k] = C(exp_of)(x[k], F(set1)(m));
    for (int w = regs / 2; w >= 1; w /= 2)
        for (int k = 0; k < w; k++)
            sum[k] = F(add)(sum[k], sum[k + w]);
    double total = (double)C(cpu__across)(CPU_SUM, sum[0]);
    return nan || !isfinite(m) ? (T)NAN : (T)(1 / total);
}

CPU__ALWAYS void N(rows_of)(const S *x, int64_t sx, S *out, int64_t so, int64_t n, int64_t count,
                            int regs)
{
    for (int64_t i = 0; i < count; i++, x += sx, out += so) {
        VEC v[4];
        for (int k = 0; k < regs; k++)
            v[k] = N(row_part)(x + k * LANES, n - k * LANES);
        T f = N(row_exp)(v, regs);
        for (int k = 0; k < regs; k++) {
            VEC e = f == f ? F(mul)(v[k], F(set1)(f)) : F(set1)((T)NAN);
            N(put_part)(out + k * LANES, e, n - k * LANES);
        }
    }
}

static void N(rows)(const void *x, int64_t sx, void *out, int64_t so, int64_t n, int64_t count)
{
    if (n <= LANES)
        N(rows_of)(x, sx, out, so, n, count, 1);
    else if (n <= 2 * LANES)
        N(rows_of)(x, sx, out, so, n, count, 2);
    else
        N(rows_of)(x, sx, out, so, n, count, 4);
}
