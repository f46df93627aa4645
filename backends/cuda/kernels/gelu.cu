/* SPDX-License-Identifier: MIT */
/* gelu.cu - gelu, by erf and by tanh. For negative x both are a small tail, which keeps its relative
 * precision down to underflow here; the formulas are those of backends/cpu/vec_math_tmpl.h.
 * K<M>(f, d): the constant for an M of float or double.
 */
#include "elementwise.h"

template <class M> DEVICE M K(float f, double d)
{
    return sizeof(M) == 4 ? (M)f : (M)d;
}

/* a * b = the result and *low, exactly; a + b likewise, of |a| >= |b| */
template <class M> DEVICE M product_exact(M a, M b, M *low)
{
    const M p = a * b;
    *low = fma(a, b, -p);
    return p;
}
template <class M> DEVICE M sum_exact(M a, M b, M *low)
{
    const M s = a + b;
    *low = b - (s - a);
    return s;
}

/* exp(x + low) * m; low is tiny beside x, which is 0 or less. Nothing underflows on the way: half of
 * the exponent comes before m, half of it after. */
template <class M> DEVICE M exp_times(M x, M low, M m)
{
    const M half_x = x > K<M>(-150.0f, -800.0) ? x / 2 : K<M>(-75.0f, -400.0);
    const M e = exp(half_x);
    return (e + e * low) * m * e;
}

/* (1 + 2x) exp(x^2) erfc(x) in (x - k) / (x + k), x >= 0; k is 2 for float, 3 for double */
DEVICE float erfcx_poly(float x)
{
    static const float c[] = {-0x1.4830f8p-10f, 0x1.5cdaa0p-10f, 0x1.1ba41ap-7f, -0x1.08466ap-7f,
                              -0x1.bc1c5cp-5f,  0x1.4ffc8ap-3f,  -0x1.5407cap-3f, -0x1.7bf61ap-4f,
                              0x1.46e80ep+0f};
    float r = -0x1.b6baca0p-12f;
#pragma unroll
    for (int i = 0; i < 9; i++)
        r = fma(r, x, c[i]);
    return r;
}
DEVICE double erfcx_poly(double x)
{
    static const double c[] = {
        -0x1.b95e5cb11534fp-28, -0x1.8ca663ceddfb5p-28, 0x1.602392c1b9e9ap-25,
        0x1.815d2dc519b1bp-24,  -0x1.3510a70b28ba6p-23, -0x1.4518d76427901p-21,
        0x1.831fc834eb598p-22,  0x1.d1347fe5199a4p-19,  -0x1.8a1f148f8ec82p-21,
        -0x1.5131168ea5750p-16, 0x1.4c399cf317c09p-18,  0x1.0659e48b9ed2ep-13,
        -0x1.b912c16505de8p-14, -0x1.98db4dbc11d83p-11, 0x1.ef1bddf8083bdp-10,
        0x1.4b884e2efbd8ap-9,   -0x1.8574c40cba01ap-6,  0x1.17ca2877fa5bdp-4,
        -0x1.e88b803a46ae0p-4,  0x1.098366a5b44d8p-3,   -0x1.85a15c58aa726p-5,
        -0x1.15c084bb9e8efp-3,  0x1.40c522d7e4987p+0};
    double r = -0x1.20e08343f313cp-30;
#pragma unroll
    for (int i = 0; i < 23; i++)
        r = fma(r, x, c[i]);
    return r;
}

/* x * P(normal < x). -infinity gives NaN, as 0.5 x (1 + erf ...) does. */
template <class M> DEVICE M gelu_exact(M value)
{
    const M k = K<M>(2.8284271247461903f, 4.2426406871192848), size = fabs(value);
    const M t = size > K<M>(16.0f, 40.0) ? K<M>(16.0f, 40.0) : size;
    M low;
    const M square = product_exact(t, t, &low), r = erfcx_poly((t - k) / (t + k));
    const M m = (M)-0.5 * (t * r / fma(t, K<M>(1.4142135623730951f, 1.4142135623730951), (M)1));
    M tail = exp_times(square * (M)-0.5, low * (M)-0.5, m); /* -t P(normal > t) */
    tail = value == -(M)INFINITY ? (M)NAN : tail;
    return value != value ? value : value > 0 ? value + tail : tail;
}

/* x * sigmoid(w), w = 2 sqrt(2/pi) (x + 0.044715 x^3) to twice the precision: an error in w is one
 * in the result, times w. -infinity gives NaN, as x * 0 does. */
template <class M> DEVICE M gelu_tanh(M x)
{
    const M c1 = K<M>(0x1.988454p+0f, 0x1.9884533d43651p+0);
    const M c1_low = K<M>(-0x1.857936p-25f, -0x1.cbc0d30ebfd15p-54);
    const M c2 = K<M>(0x1.2444f2p-4f, 0x1.2444f2a4d8b4bp-4);
    const M c2_low = K<M>(0x1.49b16ap-29f, -0x1.6c843a29d1c70p-61);
    const M size = fabs(x), t = size > K<M>(12.0f, 25.0) ? K<M>(12.0f, 25.0) : size;
    M q_low, p_low, h_low, w_low;
    const M q = product_exact(t, t, &q_low), p = product_exact(c2, q, &p_low);
    p_low += fma(c2, q_low, c2_low * q);
    const M h = sum_exact(p > c1 ? p : c1, p > c1 ? c1 : p, &h_low);
    h_low += p_low + c1_low;
    const M w = product_exact(t, h, &w_low);
    w_low = fma(t, h_low, w_low);
    const M d = 1 + exp_times(-w, -w_low, (M)1);
    M tail = exp_times(-w, -w_low, -t / d);
    tail = x == -(M)INFINITY ? (M)NAN : tail;
    return x > 0 || x != x ? x / d : tail;
}

template <class T> struct exact : uniform<T, 1> {
    template <int N, class A>
    DEVICE_MEMBER void run(const A &, const T *x, const T *, const T *, T *o)
    {
        EACH(j, N) o[j] = down<T>(gelu_exact(up(x[j])));
    }
};
template <class T> struct by_tanh : uniform<T, 1> {
    template <int N, class A>
    DEVICE_MEMBER void run(const A &, const T *x, const T *, const T *, T *o)
    {
        EACH(j, N) o[j] = down<T>(gelu_tanh(up(x[j])));
    }
};

#define GELU(end, T) ELEMENTWISE(gelu, end, exact<T>)
#define GELU_TANH(end, T) ELEMENTWISE(gelu_tanh, end, by_tanh<T>)
FLOAT_TYPES(GELU)
FLOAT_TYPES(GELU_TANH)
