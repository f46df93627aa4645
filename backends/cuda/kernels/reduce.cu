/* SPDX-License-Identifier: MIT */
/* reduce.cu - sums, means, products and the dot product.
 *
 * Sums of floats: up to 16 terms are added up, and such subtotals by Knuth's exact sum, so that the
 * error does not grow with their number. Products of narrow floats are formed in double: a tree keeps
 * neither their error nor their range in bounds.
 */
#include "reduce.h"

/* ---- what is added up --------------------------------------------------------------------- */

template <class C> struct lossless { /* of floats: a total, and what it lost */
    C total, lost;
};
template <class C> DEVICE void add(lossless<C> &s, C v)
{
    const C sum = s.total + v, back = sum - s.total;
    s.lost += (s.total - (sum - back)) + (v - back);
    s.total = sum;
}
template <class C> DEVICE void add(lossless<C> &s, const lossless<C> &t)
{
    add(s, t.total);
    s.lost += t.lost;
}
template <class C> DEVICE lossless<C> shuffle(const lossless<C> &s, int apart)
{
    return lossless<C>{shuffled(s.total, apart), shuffled(s.lost, apart)};
}
/* After an overflow lost is NaN and total is right. */
template <class C> DEVICE C value_of(const lossless<C> &s)
{
    return s.lost == s.lost ? s.total + s.lost : s.total;
}
DEVICE void add(uint64_t &s, uint64_t v)
{
    s += v;
}
DEVICE uint64_t shuffle(uint64_t s, int apart)
{
    return shuffled(s, apart);
}
DEVICE uint64_t value_of(uint64_t s)
{
    return s;
}

/* Sums of integers wrap in 64 bits, whatever is kept of them. */
template <class C, int INT> struct sum_of {
    typedef lossless<C> S;
    typedef C V;
};
template <class C> struct sum_of<C, 1> {
    typedef uint64_t S;
    typedef uint64_t V;
};

template <class V, int N> DEVICE V tree(const V *v)
{
    if constexpr (N == 1)
        return v[0];
    else
        return tree<V, N / 2>(v) + tree<V, N - N / 2>(v + N / 2);
}

/* What sums and dot products share. */
template <class T_> struct adding {
    typedef T_ T, O;
    typedef typename number<T_>::C C;
    typedef typename sum_of<C, number<T_>::INT>::S S;
    typedef typename sum_of<C, number<T_>::INT>::V V;
    DEVICE_MEMBER S start(const reduce_args &) { return S{}; }
    template <int P, int N>
    DEVICE_MEMBER void take(const reduce_args &, S &s, const V *v, int64_t, int64_t)
    {
        add(s, tree<V, P * N>(v));
    }
    DEVICE_MEMBER void join(const reduce_args &, S &s, const S &t) { add(s, t); }
    DEVICE_MEMBER S shuffled(const S &s, int apart) { return shuffle(s, apart); }
};

template <class T_> struct sum : adding<T_> {
    typedef typename adding<T_>::S S;
    typedef typename adding<T_>::V V;
    typedef typename adding<T_>::C C;
    template <int P, int N>
    DEVICE_MEMBER void load(const reduce_args &a, int64_t at, int64_t i, int64_t apart, V *v)
    {
        C some[P * N];
        one_input<T_>::template load<P, N>(a, at, i, apart, some);
        for (int j = 0; j < P * N; j++)
            v[j] = (V)some[j];
    }
    DEVICE_MEMBER T_ give(const reduce_args &a, const S &s)
    {
        const auto v = value_of(s);
        if (!a.op)
            return down<T_>((C)v);
        if constexpr (number<T_>::INT)
            return a.terms ? (T_)((int64_t)v / a.terms) : (T_)0;
        else
            return down<T_>(a.terms ? v / (C)a.terms : (C)NAN);
    }
};

template <class T_> struct dot : adding<T_> {
    typedef typename adding<T_>::S S;
    typedef typename adding<T_>::V V;
    typedef typename adding<T_>::C C;
    template <int P, int N>
    DEVICE_MEMBER void load(const reduce_args &a, int64_t at, int64_t i, int64_t apart, V *v)
    {
        C x[P * N];
        one_input<T_>::template load<P, N>(a, at, i, apart, x);
#pragma unroll
        for (int p = 0; p < P; p++) {
            const T_ *y = (const T_ *)a.y + (i + p * apart) * a.y_step;
            const pack<T_, N> some = *(const pack<T_, N> *)y;
            for (int e = 0; e < N; e++)
                v[p * N + e] = (V)x[p * N + e] * (V)up(some.v[e]);
        }
    }
    DEVICE_MEMBER T_ give(const reduce_args &, const S &s) { return down<T_>((C)value_of(s)); }
};

template <class T_> struct product {
    typedef T_ T, O;
    typedef typename number<T_>::C C;
    typedef typename sum_of<double, number<T_>::INT>::V S;
    typedef S V;
    DEVICE_MEMBER S start(const reduce_args &) { return 1; }
    template <int P, int N>
    DEVICE_MEMBER void load(const reduce_args &a, int64_t at, int64_t i, int64_t apart, V *v)
    {
        C some[P * N];
        one_input<T_>::template load<P, N>(a, at, i, apart, some);
        for (int j = 0; j < P * N; j++)
            v[j] = (V)some[j];
    }
    template <int P, int N>
    DEVICE_MEMBER void take(const reduce_args &, S &s, const V *v, int64_t, int64_t)
    {
        for (int j = 0; j < P * N; j++)
            s *= v[j];
    }
    DEVICE_MEMBER void join(const reduce_args &, S &s, const S &t) { s *= t; }
    DEVICE_MEMBER S shuffled(const S &s, int apart) { return ::shuffled(s, apart); }
    DEVICE_MEMBER T_ give(const reduce_args &, const S &s) { return narrow(s); }
    DEVICE_MEMBER T_ narrow(uint64_t s) { return (T_)s; }
    DEVICE_MEMBER T_ narrow(double s) { return down<T_>((C)s); }
};

#define SUM(end, T) REDUCE(sum, end, sum<T>)
#define PROD(end, T) REDUCE(prod, end, product<T>)
#define DOT(end, T) REDUCE_ALONG(dot, end, dot<T>)
WIDE_TYPES(SUM)
WIDE_TYPES(PROD)
WIDE_TYPES(DOT)
