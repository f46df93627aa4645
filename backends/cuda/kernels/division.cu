/* SPDX-License-Identifier: MIT */
/* division.cu - division: of floats rounded once; of integers toward zero, by zero 0, and MIN / -1
 * is MIN.
 */
#include "elementwise.h"

template <class T> struct quotient : uniform<T, 2> {
    typedef typename number<T>::C C;
    typedef typename number<T>::U U;
    template <int N, class A>
    DEVICE_MEMBER void run(const A &, const T *x, const T *y, const T *, T *o)
    {
        EACH(j, N) o[j] = down<T>(of(up(x[j]), up(y[j])));
    }
    DEVICE_MEMBER C of(C x, C y)
    {
        if constexpr (!number<T>::INT)
            return x / y;
        const bool minus = (C)-1 < 0 && y == (C)-1;
        const C quotient = (C)(x / (y == 0 || minus ? (C)1 : y));
        return y == 0 ? (C)0 : minus ? (C)(0 - (U)x) : quotient;
    }
};

#define DIV(end, T) ELEMENTWISE(div, end, quotient<T>)
NUMERIC_TYPES(DIV)
