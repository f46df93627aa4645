/* SPDX-License-Identifier: MIT */
/* extreme.cu - the largest and the smallest, and where the largest is. A NaN wins, the first one. */
#include "reduce.h"

template <class T> struct bounds {
    typedef typename number<T>::C C;
    DEVICE_MEMBER C high()
    {
        if constexpr (!number<T>::INT)
            return (C)INFINITY;
        else if constexpr ((C)-1 > 0)
            return (C)-1;
        else
            return (C)(((uint64_t)1 << (8 * sizeof(C) - 1)) - 1);
    }
    DEVICE_MEMBER C low()
    {
        if constexpr (!number<T>::INT)
            return -(C)INFINITY;
        else
            return (C)(-1 - high());
    }
};

template <class T_> struct extreme : one_input<T_> {
    typedef T_ O;
    typedef typename number<T_>::C V;
    struct S {
        V v;
    };
    DEVICE_MEMBER S start(const reduce_args &a)
    {
        return S{a.op ? bounds<T_>::high() : bounds<T_>::low()};
    }
    DEVICE_MEMBER void one(const reduce_args &a, S &s, V v) /* nothing compares with NaN: it stays */
    {
        s.v = (a.op ? v < s.v : v > s.v) || v != v ? v : s.v;
    }
    template <int P, int N>
    DEVICE_MEMBER void take(const reduce_args &a, S &s, const V *v, int64_t, int64_t)
    {
        for (int j = 0; j < P * N; j++)
            one(a, s, v[j]);
    }
    DEVICE_MEMBER void join(const reduce_args &a, S &s, const S &t) { one(a, s, t.v); }
    DEVICE_MEMBER S shuffled(const S &s, int apart)
    {
        if constexpr (sizeof(V) < 4)
            return S{(V)::shuffled((int32_t)s.v, apart)};
        else
            return S{::shuffled(s.v, apart)};
    }
    DEVICE_MEMBER T_ give(const reduce_args &, const S &s) { return down<T_>(s.v); }
};

template <class T_> struct argmax : one_input<T_> {
    typedef int64_t O;
    typedef typename number<T_>::C V;
    struct S {
        int64_t at; /* -1: nothing yet */
        V v;
    };
    DEVICE_MEMBER S start(const reduce_args &) { return S{-1, 0}; }
    /* Does v, which comes after best, win? */
    DEVICE_MEMBER bool wins(V v, V best, int last)
    {
        if (best != best)
            return false;
        return v != v || v > best || (last && v == best);
    }
    template <int P, int N>
    DEVICE_MEMBER void take(const reduce_args &a, S &s, const V *v, int64_t i, int64_t apart)
    {
        V best = v[0];
        int at = 0;
        for (int j = 1; j < P * N; j++)
            if (wins(v[j], best, a.op)) {
                best = v[j];
                at = j;
            }
        if (s.at < 0 || wins(best, s.v, a.op))
            s = S{i + at / N * apart + at % N, best};
    }
    DEVICE_MEMBER void join(const reduce_args &a, S &s, const S &t) /* either may come first */
    {
        if (t.at < 0)
            return;
        if (s.at < 0 || (t.at > s.at ? wins(t.v, s.v, a.op) : !wins(s.v, t.v, a.op)))
            s = t;
    }
    DEVICE_MEMBER S shuffled(const S &s, int apart)
    {
        if constexpr (sizeof(V) < 4)
            return S{::shuffled(s.at, apart), (V)::shuffled((int32_t)s.v, apart)};
        else
            return S{::shuffled(s.at, apart), ::shuffled(s.v, apart)};
    }
    DEVICE_MEMBER int64_t give(const reduce_args &, const S &s) { return s.at < 0 ? 0 : s.at; }
};

#define EXTREME(end, T) REDUCE(extreme, end, extreme<T>)
#define ARGMAX(end, T) REDUCE(argmax, end, argmax<T>)
NUMERIC_TYPES(EXTREME)
NUMERIC_TYPES(ARGMAX)
