/* SPDX-License-Identifier: MIT */
/* vec_math_tmpl.h - the bodies of vec_math.h, read once for f32 and once for f64. */

static inline VF V_(poly)(VF x, const T *c, int n)
{
    VF r = V(set1)(c[n - 1]);
    for (int i = n - 2; i >= 0; i--)
        r = V(fma)(r, x, V(set1)(c[i]));
    return r;
}

/* a * b = *hi + *lo, exactly (no overflow: |a|, |b| are moderate here). */
static inline void V_(two_prod)(VF a, VF b, VF *hi, VF *lo)
{
    *hi = V(mul)(a, b);
#if VEC_HAS_FMA
    *lo = V(fms)(a, b, *hi);
#else
    VF split = C(4097.0, 134217729.0);
    VF ta = V(mul)(a, split), tb = V(mul)(b, split);
    VF ah = V(sub)(ta, V(sub)(ta, a)), al = V(sub)(a, ah);
    VF bh = V(sub)(tb, V(sub)(tb, b)), bl = V(sub)(b, bh);
    VF e = V(sub)(V(mul)(ah, bh), *hi);
    e = V(add)(V(add)(e, V(mul)(ah, bl)), V(mul)(al, bh));
    *lo = V(add)(e, V(mul)(al, bl));
#endif
}

/* a + b = *hi + *lo, exactly, if |a| >= |b| or a is 0. */
static inline void V_(quick_sum)(VF a, VF b, VF *hi, VF *lo)
{
    VF s = V(add)(a, b);
    *lo = V(sub)(b, V(sub)(s, a));
    *hi = s;
}

/* Adding this leaves the integer in the low bits. */
#define MAGIC C(0x1.8p23, 0x1.8p52)
static inline VF V_(near)(VF x)
{
    return V(sub)(V(add)(x, MAGIC), MAGIC);
}
/* 2^n; n an integer, -126 to 127 (-1022 to 1023) */
static inline VF V_(pow2)(VF n)
{
    VF t = V(add)(n, C(12583039.0, 0x1.80000000003ffp52));
    return FROM_BITS(VINT(shl)(V(bits)(t), MANTISSA));
}
/* p * 2^n, rounded once if p is near 1 */
static inline VF V_(scale)(VF p, VF n)
{
    VF half = V_(near)(V(mul)(n, C(0.5, 0.5)));
    return V(mul)(V(mul)(p, V_(pow2)(half)), V_(pow2)(V(sub)(n, half)));
}

/* x = *n * ln2 + r */
static inline VF V_(exp_reduce)(VF x, VF *n)
{
    *n = V_(near)(V(mul)(x, C(0x1.715476p+0, 0x1.71547652b82fep+0)));
    VF r = V(fnma)(*n, C(0x1.63p-1, 6.93147180369123816490e-01), x);
    return V(fnma)(*n, C(-2.12194440e-4, 1.90821492927058770002e-10), r);
}
/* exp(r) - 1 */
static inline VF V_(exp_poly)(VF r)
{
    VF q = V_(poly)(r, V_(exp_c), (int)(sizeof(V_(exp_c)) / sizeof(T)));
    return V(fma)(V(mul)(r, r), q, r);
}
/* Beyond these exp is infinite, and 0 even times 100; NaN passes. */
static inline VF V_(exp_clamp)(VF x)
{
    return V(max)(C(-150.0, -800.0), V(min)(C(89.0, 710.0), x));
}
/* exp(x + lo) * m without underflow on the way; lo is tiny beside x */
static inline VF V_(exp_times)(VF x, VF lo, VF m)
{
    VF n, r = V_(exp_reduce)(V_(exp_clamp)(x), &n);
    VF p = V(add)(V_(exp_poly)(V(add)(r, lo)), C(1.0, 1.0));
    return V_(scale)(V(mul)(p, m), n);
}

static inline VF V(exp)(VF x)
{
    VF n, r = V_(exp_reduce)(V_(exp_clamp)(x), &n);
    return V_(scale)(V(add)(V_(exp_poly)(r), C(1.0, 1.0)), n);
}

/* x = 2^k * (1 + f), 1 + f from sqrt 1/2 to sqrt 2; x is positive and finite */
static inline VF V_(log_split)(VF x, VF *k)
{
    VM tiny = V(lt)(x, C(0x1p-126, 0x1p-1022));
    VF bias = V(select)(tiny, C(8388760.0, 4503599627371573.0), C(8388735.0, 4503599627371519.0));
    x = V(select)(tiny, V(mul)(x, C(0x1p25, 0x1p54)), x);
    VI root = CI(0x3f3504f3, 0x3fe6a09e667f3bcd), one = CI(0x3f800000, 0x3ff0000000000000);
    VI bits = VINT(add)(V(bits)(x), VINT(sub)(one, root));
    VI e = VINT(or)(VINT(shr)(bits, MANTISSA), V(bits)(C(0x1p23, 0x1p52)));
    *k = V(sub)(FROM_BITS(e), bias);
    VI m = VINT(add)(VINT(and)(bits, CI(0x007fffff, 0x000fffffffffffff)), root);
    return V(sub)(FROM_BITS(m), C(1.0, 1.0));
}

static inline VF V(log)(VF x)
{
    VF k, f = V_(log_split)(x, &k);
    VF s = V(div)(f, V(add)(f, C(2.0, 2.0))), z = V(mul)(s, s);
    VF r = V(mul)(z, V_(poly)(z, V_(log_c), (int)(sizeof(V_(log_c)) / sizeof(T))));
    VF half = V(mul)(V(mul)(f, C(0.5, 0.5)), f);
    VF low = V(fma)(s, V(add)(half, r), V(mul)(k, C(9.0580006145e-06, 1.90821492927058770002e-10)));
    VF y = V(sub)(f, V(sub)(half, low));
    y = V(fma)(k, C(6.9313812256e-01, 6.93147180369123816490e-01), y);
    VF zero = V(zero)(), inf = V(set1)((T)INFINITY);
    VF bad = V(select)(V(eq)(x, zero), V(neg)(inf), V(set1)((T)NAN));
    y = V(select)(V(lt)(x, inf), y, x); /* infinity and NaN */
    return V(select)(V(le)(x, zero), bad, y);
}

static inline VF V(sigmoid)(VF x)
{
    VF one = C(1.0, 1.0), e = V(exp)(V(neg)(V(abs)(x)));
    return V(div)(V(select)(V(lt)(x, V(zero)()), e, one), V(add)(one, e));
}

/* -t / (t + 2) with t = exp(-2|x|) - 1, which loses nothing near 0 */
static inline VF V(tanh)(VF x)
{
    VF y = V(mul)(C(-2.0, -2.0), V(min)(C(10.0, 20.0), V(abs)(x)));
    VF n, r = V_(exp_reduce)(y, &n), s = V_(pow2)(n);
    VF t = V(fma)(V_(exp_poly)(r), s, V(sub)(s, C(1.0, 1.0)));
    VF u = V(div)(V(neg)(t), V(add)(t, C(2.0, 2.0)));
    return V(select)(V(ne)(x, x), x, V(copysign)(u, x));
}

/* x * P(normal < x): for negative x the tail, from a scaled erfc, so that it keeps its
 * relative precision down to underflow. -infinity gives NaN, as 0.5 x (1 + erf ...) does. */
static inline VF V(gelu)(VF x)
{
    VF t = V(min)(C(16.0, 40.0), V(abs)(x)), hi, lo;
    VF k = C(2.8284271247461903, 4.2426406871192848), one = C(1.0, 1.0);
    V_(two_prod)(t, t, &hi, &lo);
    VF s = V(div)(V(sub)(t, k), V(add)(t, k));
    VF q = V_(poly)(s, V_(erfcx_c), (int)(sizeof(V_(erfcx_c)) / sizeof(T)));
    VF d = V(fma)(t, C(1.4142135623730951, 1.4142135623730951), one);
    VF half = C(-0.5, -0.5), m = V(mul)(half, V(div)(V(mul)(t, q), d));
    VF tail = V_(exp_times)(V(mul)(hi, half), V(mul)(lo, half), m); /* -t * P(normal > t) */
    tail = V(select)(V(eq)(x, V(set1)(-(T)INFINITY)), V(set1)((T)NAN), tail);
    return V(select)(V(gt)(x, V(zero)()), V(add)(x, tail), tail);
}

/* x * sigmoid(w), w = 2 sqrt(2/pi) (x + 0.044715 x^3) to twice the precision: an error in w
 * is one in the result, times w. -infinity gives NaN, as x * 0 does. */
static inline VF V(gelu_tanh)(VF x)
{
    VF t = V(min)(C(12.0, 25.0), V(abs)(x)), q, ql, p, pl, h, l, w, wl;
    VF c1 = C(0x1.988454p+0, 0x1.9884533d43651p+0),
       c1l = C(-0x1.857936p-25, -0x1.cbc0d30ebfd15p-54);
    VF c2 = C(0x1.2444f2p-4, 0x1.2444f2a4d8b4bp-4), c2l = C(0x1.49b16ap-29, -0x1.6c843a29d1c70p-61);
    V_(two_prod)(t, t, &q, &ql);
    V_(two_prod)(c2, q, &p, &pl);
    pl = V(add)(pl, V(fma)(c2, ql, V(mul)(c2l, q)));
    VM big = V(gt)(p, c1);
    V_(quick_sum)(V(select)(big, p, c1), V(select)(big, c1, p), &h, &l);
    l = V(add)(l, V(add)(pl, c1l));
    V_(two_prod)(t, h, &w, &wl);
    wl = V(fma)(t, l, wl);
    VF one = C(1.0, 1.0), e = V_(exp_times)(V(neg)(w), V(neg)(wl), one);
    VF d = V(add)(one, e);
    VF tail = V_(exp_times)(V(neg)(w), V(neg)(wl), V(div)(V(neg)(t), d));
    tail = V(select)(V(eq)(x, V(set1)(-(T)INFINITY)), V(set1)((T)NAN), tail);
    return V(select)(V(gt)(x, V(zero)()), V(div)(x, d), tail);
}
#undef MAGIC
