/* SPDX-License-Identifier: MIT */
/* softmax_tmpl.h - softmax's passes in one compute type; softmax_body.c includes it for f32 and
 * f64. Wants T, VEC, LANES, VIRTUAL, F(op) for vector functions and N(name) for names.
 */

/* exp(x - m). What the subtraction rounds away is put back: at x - m = -40 it would cost 20 eps.
 * Where exp is 0 anyway it is left out, for there it may be NaN. */
static inline VEC N(exp_of)(VEC x, VEC m)
{
    VEC s = F(sub)(x, m), t = F(sub)(s, x);
    VEC lost = F(sub)(F(sub)(x, F(sub)(s, t)), F(add)(m, t));
    VEC e = F(exp)(s);
    return F(select)(F(gt)(s, F(set1)(-1000)), F(fma)(e, lost, e), e);
}

/* exp(x - m) of n <= CHUNK elements to out, which may be x; returns their sum. Element i is
 * added to virtual lane i % VIRTUAL, and the lanes fold in halves, on every ISA alike. */
static double N(exp_run)(const T *x, int64_t n, T m, T *out)
{
    static const T lane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    T sum[VIRTUAL] = {0};
    VEC most = F(set1)(m);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        VEC e = N(exp_of)(F(load)(x + i), most);
        T *at = sum + i % VIRTUAL;
        F(store)(out + i, e);
        F(store)(at, F(add)(F(load)(at), e));
    }
    if (i < n) {
        VEC e = N(exp_of)(F(load_n)(x + i, (size_t)(n - i)), most);
        T *at = sum + i % VIRTUAL;
        F(store_n)(out + i, e, (size_t)(n - i));
        e = F(select)(F(lt)(F(load)(lane), F(set1)((T)(n - i))), e, F(zero)());
        F(store)(at, F(add)(F(load)(at), e));
    }
    for (int w = VIRTUAL / 2; w >= LANES; w /= 2)
        for (int k = 0; k < w && w < n; k += LANES) /* beyond n there is only 0 */
            F(store)(sum + k, F(add)(F(load)(sum + k), F(load)(sum + k + w)));
    return (double)N(cpu__across)(CPU_SUM, F(load)(sum));
}

static void N(scale_run)(T *x, int64_t n, T factor)
{
    VEC f = F(set1)(factor);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        F(store)(x + i, F(mul)(F(load)(x + i), f));
    if (i < n)
        F(store_n)(x + i, F(mul)(F(load_n)(x + i, (size_t)(n - i)), f), (size_t)(n - i));
}

/* The largest of n <= CPU_CHUNK elements; NaN if one is. */
static double N(max_run)(const T *x, int64_t n)
{
    cpu__part part;
    cpu__reduce_float(CPU_MAX, sizeof(T) == 4 ? VANE_F32 : VANE_F64)->rows(x, n, 1, 0, &part);
    return part.f;
}

/* A row whose largest is NaN or infinite is NaN throughout. */
static void N(row_inplace)(const T *x, T *out, int64_t n)
{
    double m = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i += CHUNK) {
        double c = N(max_run)(x + i, n - i < CHUNK ? n - i : CHUNK);
        m = c > m || c != c ? c : m;
    }
    if (!isfinite(m)) {
        for (int64_t i = 0; i < n; i++)
            out[i] = (T)NAN;
        return;
    }
    for (int64_t i = 0; i < n; i += CHUNK)
        sum += N(exp_run)(x + i, n - i < CHUNK ? n - i : CHUNK, (T)m, out + i);
    N(scale_run)(out, n, (T)(1 / sum));
}

/* For cols columns: most of them and a row, into most. */
static void N(cols_max)(const T *x, int64_t cols, T *most)
{
    for (int64_t k = 0; k < cols; k += LANES) {
        size_t n = (size_t)(cols - k < LANES ? cols - k : LANES);
        F(store)(most + k, F(max_nan)(F(load)(most + k), F(load_n)(x + k, n)));
    }
}

/* exp(x - most) to out, which may be x; into sum. */
static void N(cols_exp)(const T *x, int64_t cols, const T *most, T *sum, T *out)
{
    for (int64_t k = 0; k < cols; k += LANES) {
        size_t n = (size_t)(cols - k < LANES ? cols - k : LANES);
        VEC e = N(exp_of)(F(load_n)(x + k, n), F(load)(most + k));
        F(store)(sum + k, F(add)(F(load)(sum + k), e));
        F(store_n)(out + k, e, n);
    }
}

static void N(cols_scale)(const T *x, int64_t cols, const T *factor, T *out)
{
    for (int64_t k = 0; k < cols; k += LANES) {
        size_t n = (size_t)(cols - k < LANES ? cols - k : LANES);
        F(store_n)(out + k, F(mul)(F(load_n)(x + k, n), F(load)(factor + k)), n);
    }
}
