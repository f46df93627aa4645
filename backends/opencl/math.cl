/* SPDX-License-Identifier: MIT */
/* math.cl - exp, log, tanh, sigmoid, gelu and pow, before elementwise.cl.
 *
 * The builtins may be off by 5 (tanh) or 16 (pow, erf) ulp, more than ops.def allows: these are
 * the formulas of backends/cpu/vec_math_tmpl.h and vec_pow.h, with the same errors: exp and log
 * below 1 ulp, sigmoid and tanh below 3, gelu below 7, pow below 2. They have no branches, so that
 * a loop over them vectorises. They are computed in M: the C of common.cl, but double for the
 * power of floats where there is one. K(f, d): the constant for an M of float or double.
 */
#if defined(cl_khr_fp64) || defined(__opencl_c_fp64)
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define HAS_F64 1
#else
#define HAS_F64 0
#endif

/* Loops over a function that is called do not vectorise. */
#if defined(__clang__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

#if IS_FLOAT && (defined(OP_EXP) || defined(OP_LOG) || defined(OP_TANH) || \
                 defined(OP_SIGMOID) || defined(OP_GELU) || defined(OP_POW))
#if defined(T_f64) || (defined(OP_POW) && HAS_F64)
#define M double
#define MU ulong
#define M_BITS(x) as_ulong(x)
#define M_FROM(b) as_double(b)
#define MANTISSA 52
#define K(f, d) d
#else
#define M float
#define MU uint
#define M_BITS(x) as_uint(x)
#define M_FROM(b) as_float(b)
#define MANTISSA 23
#define K(f, d) f
#endif
#define M_INF ((M)INFINITY)
#define M_NAN ((M)NAN)

/* Polynomials: the highest coefficient is where r begins, S(c) is one step of Horner's rule. */
#define STEP(c) r = fma(r, x, c);

/* (exp(r) - 1 - r) / r^2 on [-ln2/2, ln2/2] */
#if MANTISSA == 52
#define EXP_TOP 0x1.1f74532e4ad59p-29
#define EXP_REST(S)                                                                              \
    S(0x1.af503572d408ep-26) S(0x1.27e4dac236f7ap-22) S(0x1.71de0115a8b98p-19)                   \
    S(0x1.a01a01a70bf0fp-16) S(0x1.a01a01ac41f85p-13) S(0x1.6c16c16c16276p-10)                   \
    S(0x1.1111111110036p-7) S(0x1.5555555555556p-5) S(0x1.5555555555557p-3) S(0x1p-1)
#else
#define EXP_TOP 0x1.a12a42p-13f
#define EXP_REST(S) \
    S(0x1.6d4920p-10f) S(0x1.1110e0p-7f) S(0x1.5554e4p-5f) S(0x1.555556p-3f) S(0x1p-1f)
#endif

/* (atanh(s) / s - 1) * 2 / s^2 in s^2, s = f / (2 + f) for 1 + f in [sqrt 1/2, sqrt 2] */
#if MANTISSA == 52
#define LOG_TOP 1.479819860511658591e-01
#define LOG_REST(S)                                                             \
    S(1.531383769920937332e-01) S(1.818357216161805012e-01)                     \
    S(2.222219843214978396e-01) S(2.857142874366239149e-01)                     \
    S(3.999999999940941908e-01) S(6.666666666666735130e-01)
#else
#define LOG_TOP 0xf89e26.0p-26f
#define LOG_REST(S) S(0x91e9ee.0p-25f) S(0xccce13.0p-25f) S(0xaaaaaa.0p-24f)
#endif

/* (1 + 2x) exp(x^2) erfc(x) in (x - k) / (x + k), x >= 0; k is 2 for float, 3 for double */
#if MANTISSA == 52
#define ERFCX_TOP -0x1.20e08343f313cp-30
#define ERFCX_REST(S)                                                                            \
    S(-0x1.b95e5cb11534fp-28) S(-0x1.8ca663ceddfb5p-28) S(0x1.602392c1b9e9ap-25)                 \
    S(0x1.815d2dc519b1bp-24) S(-0x1.3510a70b28ba6p-23) S(-0x1.4518d76427901p-21)                 \
    S(0x1.831fc834eb598p-22) S(0x1.d1347fe5199a4p-19) S(-0x1.8a1f148f8ec82p-21)                  \
    S(-0x1.5131168ea5750p-16) S(0x1.4c399cf317c09p-18) S(0x1.0659e48b9ed2ep-13)                  \
    S(-0x1.b912c16505de8p-14) S(-0x1.98db4dbc11d83p-11) S(0x1.ef1bddf8083bdp-10)                 \
    S(0x1.4b884e2efbd8ap-9) S(-0x1.8574c40cba01ap-6) S(0x1.17ca2877fa5bdp-4)                     \
    S(-0x1.e88b803a46ae0p-4) S(0x1.098366a5b44d8p-3) S(-0x1.85a15c58aa726p-5)                    \
    S(-0x1.15c084bb9e8efp-3) S(0x1.40c522d7e4987p+0)
#else
#define ERFCX_TOP -0x1.b6baca0p-12f
#define ERFCX_REST(S)                                                                            \
    S(-0x1.4830f8p-10f) S(0x1.5cdaa0p-10f) S(0x1.1ba41ap-7f) S(-0x1.08466ap-7f)                  \
    S(-0x1.bc1c5cp-5f) S(0x1.4ffc8ap-3f) S(-0x1.5407cap-3f) S(-0x1.7bf61ap-4f) S(0x1.46e80ep+0f)
#endif

/* a + b and a * b = the result and *low, exactly; |a| >= |b| in the sum */
INLINE M sum_exact(M a, M b, M *low)
{
    M s = a + b;
    *low = b - (s - a);
    return s;
}
INLINE M product_exact(M a, M b, M *low)
{
    M p = a * b;
    *low = fma(a, b, -p);
    return p;
}

/* The nearest integer: adding 1.5 * 2^MANTISSA leaves it in the low bits. */
INLINE M nearest(M x)
{
    M magic = K(0x1.8p23f, 0x1.8p52);
    return (x + magic) - magic;
}
/* 2^n; n an integer, -126 to 127 (-1022 to 1023) */
INLINE M power_of_2(M n)
{
    return M_FROM(M_BITS(n + K(12583039.0f, 0x1.80000000003ffp52)) << MANTISSA);
}
/* v * 2^n, rounded once if v is near 1 */
INLINE M scaled(M v, M n)
{
    M half_n = nearest(n * K(0.5f, 0.5));
    return v * power_of_2(half_n) * power_of_2(n - half_n);
}

/* x = *n * ln2 + the result */
INLINE M exp_reduce(M x, M *n)
{
    *n = nearest(x * K(0x1.715476p+0f, 0x1.71547652b82fep+0));
    M r = fma(-*n, K(0x1.63p-1f, 6.93147180369123816490e-01), x);
    return fma(-*n, K(-2.12194440e-4f, 1.90821492927058770002e-10), r);
}
/* exp(x) - 1 */
INLINE M exp_poly(M x)
{
    M r = EXP_TOP;
    EXP_REST(STEP)
    return fma(x * x, r, x);
}
/* Beyond these exp is infinite, and 0 even times 100; NaN passes. */
INLINE M exp_clamp(M x)
{
    x = x > K(89.0f, 710.0) ? K(89.0f, 710.0) : x;
    return x < K(-150.0f, -800.0) ? K(-150.0f, -800.0) : x;
}
/* exp(x + low) * m without underflow on the way; low is tiny beside x */
INLINE M exp_times(M x, M low, M m)
{
    M n, r = exp_reduce(exp_clamp(x), &n);
    return scaled((exp_poly(r + low) + 1) * m, n);
}
INLINE M m_exp(M x)
{
    M n, r = exp_reduce(exp_clamp(x), &n);
    return scaled(exp_poly(r) + 1, n);
}

/* x = 2^*k * (1 + the result), that from sqrt 1/2 - 1 to sqrt 2 - 1; x is positive and finite */
INLINE M log_split(M x, M *k)
{
    const MU root = K(0x3f3504f3u, 0x3fe6a09e667f3bcdul);
    const MU one = K(0x3f800000u, 0x3ff0000000000000ul);
    const int tiny = x < K(0x1p-126f, 0x1p-1022);
    M bias = tiny ? K(8388760.0f, 4503599627371573.0) : K(8388735.0f, 4503599627371519.0);
    x = tiny ? x * K(0x1p25f, 0x1p54) : x;
    MU bits = M_BITS(x) + (one - root);
    *k = M_FROM((bits >> MANTISSA) | M_BITS(K(0x1p23f, 0x1p52))) - bias;
    return M_FROM((bits & K(0x007fffffu, 0x000ffffffffffffful)) + root) - 1;
}
INLINE M log_poly(M x)
{
    M r = LOG_TOP;
    LOG_REST(STEP)
    return x * r;
}
INLINE M m_log(M x)
{
    M k, f = log_split(x, &k), s = f / (f + 2);
    M half_f2 = f * K(0.5f, 0.5) * f;
    M low = fma(s, half_f2 + log_poly(s * s), k * K(9.0580006145e-06f, 1.90821492927058770002e-10));
    M y = fma(k, K(6.9313812256e-01f, 6.93147180369123816490e-01), f - (half_f2 - low));
    y = x < M_INF ? y : x; /* infinity and NaN */
    return x > 0 || x != x ? y : x == 0 ? -M_INF : M_NAN;
}

INLINE M m_sigmoid(M x)
{
    M e = m_exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

/* -t / (t + 2) with t = exp(-2|x|) - 1, which loses nothing near 0 */
INLINE M m_tanh(M x)
{
    M size = fabs(x) > K(10.0f, 20.0) ? K(10.0f, 20.0) : fabs(x);
    M n, r = exp_reduce(-2 * size, &n), s = power_of_2(n);
    M t = fma(exp_poly(r), s, s - 1);
    return x != x ? x : copysign(-t / (t + 2), x);
}

#if defined(OP_GELU) && VARIANT & 1
/* x * sigmoid(w), w = 2 sqrt(2/pi) (x + 0.044715 x^3) to twice the precision: an error in w is one
 * in the result, times w. -infinity gives NaN, as x * 0 does. */
INLINE M m_gelu(M x)
{
    const M c1 = K(0x1.988454p+0f, 0x1.9884533d43651p+0);
    const M c1_low = K(-0x1.857936p-25f, -0x1.cbc0d30ebfd15p-54);
    const M c2 = K(0x1.2444f2p-4f, 0x1.2444f2a4d8b4bp-4);
    const M c2_low = K(0x1.49b16ap-29f, -0x1.6c843a29d1c70p-61);
    M t = fabs(x) > K(12.0f, 25.0) ? K(12.0f, 25.0) : fabs(x);
    M q_low, p_low, h_low, w_low, q = product_exact(t, t, &q_low);
    M p = product_exact(c2, q, &p_low);
    p_low += fma(c2, q_low, c2_low * q);
    M h = sum_exact(p > c1 ? p : c1, p > c1 ? c1 : p, &h_low);
    h_low += p_low + c1_low;
    M w = product_exact(t, h, &w_low);
    w_low = fma(t, h_low, w_low);
    M d = 1 + exp_times(-w, -w_low, 1);
    M tail = exp_times(-w, -w_low, -t / d);
    tail = x == -M_INF ? M_NAN : tail;
    return x > 0 || x != x ? x / d : tail;
}
#elif defined(OP_GELU)
/* x * P(normal < x): for negative x the tail, from a scaled erfc, so that it keeps its relative
 * precision down to underflow. -infinity gives NaN, as 0.5 x (1 + erf ...) does. */
INLINE M m_gelu(M value)
{
    const M k = K(2.8284271247461903f, 4.2426406871192848);
    M t = fabs(value) > K(16.0f, 40.0) ? K(16.0f, 40.0) : fabs(value);
    M low, square = product_exact(t, t, &low), x = (t - k) / (t + k);
    M r = ERFCX_TOP;
    ERFCX_REST(STEP)
    M m = K(-0.5f, -0.5) * (t * r / fma(t, K(1.4142135623730951f, 1.4142135623730951), 1));
    M tail = exp_times(square * K(-0.5f, -0.5), low * K(-0.5f, -0.5), m); /* -t P(normal > t) */
    tail = value == -M_INF ? M_NAN : tail;
    return value != value ? value : value > 0 ? value + tail : tail;
}
#endif

#if defined(OP_POW)
/* An error in the logarithm is one in the result times up to 745 (of floats 89): it is carried
 * in two Ms, but for floats that are computed in double. */
#if MANTISSA == 52 && !defined(T_f64)
INLINE M log_long(M x, M *low)
{
    M k, f = log_split(x, &k), s = f / (f + 2), z = s * s;
    *low = 0;
    return fma(k, 0x1.62e42fefa39efp-1, fma(s, log_poly(z), s + s));
}
#else
/* (atanh(s) / s - 1 - x / 3) / x^2 in x = s^2 */
INLINE M atanh_poly(M x)
{
#if MANTISSA == 52
    M r = 0x1.b8d8d97193db7p-5;
    STEP(0x1.ac4a066393d47p-5)
    STEP(0x1.e1f80052f7509p-5)
    STEP(0x1.1110df9bb22c8p-4)
    STEP(0x1.3b13b1bcae6b3p-4)
    STEP(0x1.745d174512f5ap-4)
#else
    M r = 0x1.3b13b2p-4f;
    STEP(0x1.745d18p-4f)
#endif
    STEP(K(0x1.c71c72p-4f, 0x1.c71c71c71cfdep-4))
    STEP(K(0x1.249249cp-3f, 0x1.2492492492491p-3))
    STEP(K(0x1.99999ap-3f, 0x1.999999999999ap-3))
    return r;
}
/* atanh(s + s_low) / (s + s_low) - 1 = the result + *low */
INLINE M atanh_rest(M s, M s_low, M *low)
{
    const M third = K(0x1.555556p-2f, 0x1.5555555555555p-2);
    const M third_low = K(-0x1.555556p-27f, 0x1.5555555555555p-56);
    M z_low, t_low, z = product_exact(s, s, &z_low);
    z_low = fma(s + s, s_low, z_low);
    M t = product_exact(z, third, &t_low);
    t_low += fma(z, third_low, z_low * third);
    return sum_exact(t, t_low + z * z * atanh_poly(z), low);
}
/* log(x) = the result + *low; x is positive and finite */
INLINE M log_long(M x, M *low)
{
    M k, f = log_split(x, &k), d = f + 2, d_low = f - (d - 2);
    M s = f / d, p_low, u_low, a_low, h_low, product = product_exact(s, d, &p_low);
    M s_low = fma(-s, d_low, f - product - p_low) / d;
    M p = atanh_rest(s, s_low, &p_low), u = product_exact(s, p, &u_low);
    u_low += fma(s, p_low, s_low * p);
    M a = sum_exact(s, u, &a_low);
    a_low += s_low + u_low;
    M h = sum_exact(k * K(0x1.62e4p-1f, 0x1.62e42fefa3800p-1), a + a, &h_low); /* k * it: exact */
    h_low += fma(k, K(0x1.7f7d1cp-20f, 0x1.ef35793c76730p-45), a_low + a_low);
    return sum_exact(h, h_low, low);
}
#endif

/* r = exp(y * log|x|) where that has a meaning of its own; else what C says. */
INLINE M pow_cases(M x, M y, M r)
{
    M size = fabs(x), way = size < 1 ? -y : y;
    const int minus = (MU)(M_BITS(x) >> (sizeof(M) * 8 - 1)) != 0;
    const int whole = rint(y) == y;
    const int odd = whole & (rint(y * K(0.5f, 0.5)) != y * K(0.5f, 0.5));
    r = size == 0 || size == M_INF || fabs(y) == M_INF ? (way > 0 ? M_INF : 0) : r;
    r = minus & odd ? -r : r;
    r = !whole && x < 0 && x > -M_INF ? M_NAN : r;
    r = x != x ? x : y != y ? y : r;
    r = x == 1 || (size == 1 && fabs(y) == M_INF) ? 1 : r;
    return y == 0 ? 1 : r;
}
INLINE M m_pow(M x, M y)
{
    const M cap = K(0x1p40f, 0x1p70); /* past every limit */
    M low, rest, log = log_long(fabs(x), &low);
    M part = y > cap ? cap : y < -cap ? -cap : y;
    M p = product_exact(part, log, &rest);
    rest = fma(part, low, rest);
    rest = fabs(p) < K(200.0f, 1000.0) ? rest : 0;
    return pow_cases(x, y, exp_times(p, rest, 1));
}
#endif
#endif
