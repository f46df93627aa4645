/* SPDX-License-Identifier: MIT */
/* vec_math.h - exp, log, tanh, sigmoid, gelu and pow on vec.h vectors, for f32 and f64.
 *
 * vec_math_tmpl.h is the one text of them, read twice. All are total: denormals, infinities,
 * zeros of both signs and NaN come out as the C library would have them. Errors, measured
 * against 64-bit arithmetic, in ulp: exp and log below 1; sigmoid and tanh below 3; gelu below 7;
 * pow below 2. Polynomials: interpolation at Chebyshev nodes, coefficients rounded once.
 */
#ifndef CPU_VEC_MATH_H
#define CPU_VEC_MATH_H

#include <math.h>

#include "vec.h"

/* (exp(r) - 1 - r) / r^2 on [-ln2/2, ln2/2] */
static const float vf32__exp_c[] = {0x1p-1f,        0x1.555556p-3f,  0x1.5554e4p-5f,
                                    0x1.1110e0p-7f, 0x1.6d4920p-10f, 0x1.a12a42p-13f};
static const double vf64__exp_c[] = {0x1p-1,
                                     0x1.5555555555557p-3,
                                     0x1.5555555555556p-5,
                                     0x1.1111111110036p-7,
                                     0x1.6c16c16c16276p-10,
                                     0x1.a01a01ac41f85p-13,
                                     0x1.a01a01a70bf0fp-16,
                                     0x1.71de0115a8b98p-19,
                                     0x1.27e4dac236f7ap-22,
                                     0x1.af503572d408ep-26,
                                     0x1.1f74532e4ad59p-29};

/* (atanh(s) / s - 1) * 2 / s^2 in s^2, s = f / (2 + f) for 1 + f in [sqrt 1/2, sqrt 2] */
static const float vf32__log_c[] = {0xaaaaaa.0p-24f, 0xccce13.0p-25f, 0x91e9ee.0p-25f,
                                    0xf89e26.0p-26f};
static const double vf64__log_c[] = {6.666666666666735130e-01, 3.999999999940941908e-01,
                                     2.857142874366239149e-01, 2.222219843214978396e-01,
                                     1.818357216161805012e-01, 1.531383769920937332e-01,
                                     1.479819860511658591e-01};

/* (1 + 2x) exp(x^2) erfc(x) in (x - k) / (x + k), x >= 0; k is 2 for f32, 3 for f64 */
static const float vf32__erfcx_c[] = {
    0x1.46e80ep+0f,  -0x1.7bf61ap-4f, -0x1.5407cap-3f, 0x1.4ffc8ap-3f,   -0x1.bc1c5cp-5f,
    -0x1.08466ap-7f, 0x1.1ba41ap-7f,  0x1.5cdaa0p-10f, -0x1.4830f8p-10f, -0x1.b6baca0p-12f};
static const double vf64__erfcx_c[] = {
    0x1.40c522d7e4987p+0,  -0x1.15c084bb9e8efp-3,  -0x1.85a15c58aa726p-5,  0x1.098366a5b44d8p-3,
    -0x1.e88b803a46ae0p-4, 0x1.17ca2877fa5bdp-4,   -0x1.8574c40cba01ap-6,  0x1.4b884e2efbd8ap-9,
    0x1.ef1bddf8083bdp-10, -0x1.98db4dbc11d83p-11, -0x1.b912c16505de8p-14, 0x1.0659e48b9ed2ep-13,
    0x1.4c399cf317c09p-18, -0x1.5131168ea5750p-16, -0x1.8a1f148f8ec82p-21, 0x1.d1347fe5199a4p-19,
    0x1.831fc834eb598p-22, -0x1.4518d76427901p-21, -0x1.3510a70b28ba6p-23, 0x1.815d2dc519b1bp-24,
    0x1.602392c1b9e9ap-25, -0x1.8ca663ceddfb5p-28, -0x1.b95e5cb11534fp-28, -0x1.20e08343f313cp-30};

/* V(name), VINT(name): the type's own functions. C(f, d): the constant for f32 or f64. */
#define V(name) vf32_##name
#define V_(name) vf32__##name
#define VINT(name) vi32_##name
#define VF vf32
#define VI vi32
#define VM vm32
#define T float
#define FROM_BITS vi32_float
#define C(f, d) vf32_set1((float)(f))
#define CI(f, d) vi32_set1(f)
#define MANTISSA 23
#include "vec_math_tmpl.h"
#undef V
#undef V_
#undef VINT
#undef VF
#undef VI
#undef VM
#undef T
#undef FROM_BITS
#undef C
#undef CI
#undef MANTISSA

#define V(name) vf64_##name
#define V_(name) vf64__##name
#define VINT(name) vi64_##name
#define VF vf64
#define VI vi64
#define VM vm64
#define T double
#define FROM_BITS vi64_double
#define C(f, d) vf64_set1(d)
#define CI(f, d) vi64_set1(INT64_C(d))
#define MANTISSA 52
#include "vec_math_tmpl.h"
#undef V
#undef V_
#undef VINT
#undef VF
#undef VI
#undef VM
#undef T
#undef FROM_BITS
#undef C
#undef CI
#undef MANTISSA

#endif
