/* SPDX-License-Identifier: MIT */
/* softmax_short.h - softmax of rows of one or two vectors, in registers from first to last;
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
    if (n == LANES)
        return LOAD(x);
    return F(select)(F(lt)(F(load)(lane), F(set1)((T)n)), LOAD_N(x, (size_t)n),
                     F(set1)((T)-INFINITY));
}

static inline void N(put_part)(S *out, VEC e, int64_t n)
{
    if (n == LANES)
        STORE(out, e);
    else
        STORE_N(out, e, (size_t)n);
}

/* exp(x - m) and 1 / sum; NaN as the factor where x has one, or the largest is infinite. */
CPU__ALWAYS VEC N(row_exp)(VEC *x, int two)
{
    VEC top = two ? F(max)(x[0], x[1]) : x[0];
    int nan = M(any)(C(cpu__nan)(x[0], x[two]));
    T m = C(cpu__across)(CPU_MAX, top);
    VEC most = F(set1)(m);
    for (int k = 0; k <= two; k++)
        x[k] = C(exp_of)(x[k], most);
    double sum = (double)C(cpu__across)(CPU_SUM, two ? F(add)(x[0], x[1]) : x[0]);
    if (nan || !isfinite(m)) {
        x[0] = x[two] = F(set1)((T)NAN);
        return F(set1)(1);
    }
    return F(set1)((T)(1 / sum));
}

static void N(rows)(const void *from, int64_t sx, void *to, int64_t so, int64_t n, int64_t count)
{
    const S *x = from;
    S *out = to;
    for (int64_t i = 0; i < count && n <= LANES; i++, x += sx, out += so) {
        VEC v[1] = {N(row_part)(x, n)}, f = N(row_exp)(v, 0);
        N(put_part)(out, F(mul)(v[0], f), n);
    }
    for (int64_t i = 0; i < count && n > LANES; i++, x += sx, out += so) {
        VEC v[2] = {LOAD(x), N(row_part)(x + LANES, n - LANES)}, f = N(row_exp)(v, 1);
        STORE(out, F(mul)(v[0], f));
        N(put_part)(out + LANES, F(mul)(v[1], f), n - LANES);
    }
}
