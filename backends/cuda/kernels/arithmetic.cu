/* SPDX-License-Identifier: MIT */
/* arithmetic.cu - the ops that cost next to nothing: several a kernel, for what they wait for is
 * memory. Which one is the same for a whole launch.
 */
#include "elementwise.h"

/* Integers wrap: they are computed unsigned. */
template <class T> struct light : uniform<T, 1> {
    typedef typename number<T>::C C;
    typedef typename number<T>::U U;
    template <int N, class A> DEVICE_MEMBER void run(const A &a, const T *x, const T *, const T *, T *o)
    {
        const C p = param<T>(a.param[0]), q = param<T>(a.param[1]);
        switch (a.op) {
        case LIGHT_ABS:
            EACH(j, N) o[j] = down<T>(absolute(up(x[j])));
            break;
        case LIGHT_NEG:
            EACH(j, N) o[j] = down<T>((C)-(U)up(x[j]));
            break;
        case LIGHT_RELU:
            EACH(j, N) o[j] = down<T>(positive(up(x[j])));
            break;
        default:
            EACH(j, N) o[j] = down<T>(clipped(up(x[j]), p, q));
        }
    }
    DEVICE_MEMBER C absolute(C v)
    {
        if constexpr (!number<T>::INT)
            return fabs(v);
        else
            return v > 0 ? v : (C)(0 - (U)v);
    }
    DEVICE_MEMBER C positive(C v) /* NaN stays */
    {
        return v > 0 || v != v ? v : 0;
    }
    DEVICE_MEMBER C clipped(C v, C p, C q)
    {
        const C above = v < p ? p : v;
        return above > q ? q : above;
    }
};

template <class C, int INT> struct multiply_add { /* of floats with one rounding */
    template <class U> DEVICE_MEMBER C of(U x, U y, U z) { return (C)fma(x, y, z); }
};
template <class C> struct multiply_add<C, 1> {
    template <class U> DEVICE_MEMBER C of(U x, U y, U z) { return (C)(x * y + z); }
};

template <class T> struct arith : uniform<T, 2> {
    typedef typename number<T>::C C;
    typedef typename number<T>::U U;
    template <int N, class A>
    DEVICE_MEMBER void run(const A &a, const T *x, const T *y, const T *, T *o)
    {
        const C p = param<T>(a.param[0]);
        switch (a.op) {
        case ARITH_ADD:
            EACH(j, N) o[j] = down<T>((C)((U)up(x[j]) + (U)up(y[j])));
            break;
        case ARITH_SUB:
            EACH(j, N) o[j] = down<T>((C)((U)up(x[j]) - (U)up(y[j])));
            break;
        case ARITH_MUL:
            EACH(j, N) o[j] = down<T>((C)((U)up(x[j]) * (U)up(y[j])));
            break;
        case ARITH_MAX:
            EACH(j, N) o[j] = larger(up(x[j]), up(y[j])) ? x[j] : y[j];
            break;
        case ARITH_MIN:
            EACH(j, N) o[j] = smaller(up(x[j]), up(y[j])) ? x[j] : y[j];
            break;
        default:
            EACH(j, N) o[j] = down<T>(
                multiply_add<C, number<T>::INT>::of((U)p, (U)up(x[j]), (U)up(y[j])));
        }
    }
    DEVICE_MEMBER bool larger(C x, C y) /* NaN if any is */
    {
        return x != x || x >= y;
    }
    DEVICE_MEMBER bool smaller(C x, C y)
    {
        return x != x || x <= y;
    }
};

template <class T> struct fused : uniform<T, 3> {
    typedef typename number<T>::C C;
    typedef typename number<T>::U U;
    template <int N, class A>
    DEVICE_MEMBER void run(const A &, const T *x, const T *y, const T *z, T *o)
    {
        EACH(j, N)
        o[j] = down<T>(
            multiply_add<C, number<T>::INT>::of((U)up(x[j]), (U)up(y[j]), (U)up(z[j])));
    }
};

template <class T> struct compare : uniform<T, 2> {
    typedef b8 O;
    template <int N, class A>
    DEVICE_MEMBER void run(const A &a, const T *x, const T *y, const T *, b8 *o)
    {
        switch (a.op) {
        case COMPARE_EQUAL:
            EACH(j, N) o[j] = b8{(uint8_t)(up(x[j]) == up(y[j]))};
            break;
        case COMPARE_LESS:
            EACH(j, N) o[j] = b8{(uint8_t)(up(x[j]) < up(y[j]))};
            break;
        default:
            EACH(j, N) o[j] = b8{(uint8_t)(up(x[j]) > up(y[j]))};
        }
    }
};

#define LIGHT(end, T) ELEMENTWISE(light, end, light<T>)
#define ARITH(end, T) ELEMENTWISE(arith, end, arith<T>)
#define FUSED(end, T) ELEMENTWISE(fma, end, fused<T>)
#define COMPARE(end, T) ELEMENTWISE(compare, end, compare<T>)
NUMERIC_TYPES(LIGHT)
NUMERIC_TYPES(ARITH)
WIDE_TYPES(FUSED)
ALL_TYPES(COMPARE)
