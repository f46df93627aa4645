/* SPDX-License-Identifier: MIT */
/* function.cu - square root, exponential, logarithm, tanh and sigmoid, by the device's own
 * functions, which err by 2 units of the last place at most.
 */
#include "elementwise.h"

#define FUNCTION(name, expression)                                                         \
    template <class T> struct f_##name : uniform<T, 1> {                                   \
        typedef typename number<T>::C C;                                                   \
        template <int N, class A>                                                          \
        DEVICE_MEMBER void run(const A &, const T *x, const T *, const T *, T *o)          \
        {                                                                                  \
            EACH(j, N) o[j] = down<T>(of(up(x[j])));                                       \
        }                                                                                  \
        DEVICE_MEMBER C of(C x)                                                            \
        {                                                                                  \
            return expression;                                                             \
        }                                                                                  \
    };

/* exp(-|x|) neither overflows nor loses what is left of it */
template <class C> DEVICE C sigmoid_of(C x)
{
    const C e = exp(-fabs(x));
    return (x < 0 ? e : (C)1) / (1 + e);
}

FUNCTION(sqrt, sqrt(x))
FUNCTION(exp, exp(x))
FUNCTION(log, log(x))
FUNCTION(tanh, tanh(x))
FUNCTION(sigmoid, sigmoid_of(x))

#define SQRT(end, T) ELEMENTWISE(sqrt, end, f_sqrt<T>)
#define EXP(end, T) ELEMENTWISE(exp, end, f_exp<T>)
#define LOG(end, T) ELEMENTWISE(log, end, f_log<T>)
#define TANH(end, T) ELEMENTWISE(tanh, end, f_tanh<T>)
#define SIGMOID(end, T) ELEMENTWISE(sigmoid, end, f_sigmoid<T>)
FLOAT_TYPES(SQRT)
FLOAT_TYPES(EXP)
FLOAT_TYPES(LOG)
FLOAT_TYPES(TANH)
FLOAT_TYPES(SIGMOID)
