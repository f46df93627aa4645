/* SPDX-License-Identifier: MIT */
/* power.cu - x to the power of y. */
#include "elementwise.h"

template <class T> struct power : uniform<T, 2> {
    typedef typename number<T>::C C;
    typedef typename number<T>::U U;
    template <int N, class A>
    DEVICE_MEMBER void run(const A &, const T *x, const T *y, const T *, T *o)
    {
        for (int j = 0; j < N; j++)
            o[j] = down<T>(of(up(x[j]), up(y[j])));
    }
    DEVICE_MEMBER C of(C x, C y)
    {
        if constexpr (number<T>::INT)
            return whole(x, y);
        else
            return pow(x, y);
    }
    /* Of a negative exponent 0, but of 1 and -1. */
    DEVICE_MEMBER C whole(C base, C exponent)
    {
        U result = 1, factor = (U)base;
        if (exponent < 0)
            return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
        for (; exponent; exponent >>= 1, factor *= factor)
            result = exponent & 1 ? result * factor : result;
        return (C)result;
    }
};

#define POW(end, T) ELEMENTWISE(pow, end, power<T>)
WIDE_TYPES(POW)
