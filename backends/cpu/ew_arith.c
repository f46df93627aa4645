/* SPDX-License-Identifier: MIT */
/* ew_arith.c - elementwise float arithmetic: what the FPU does in one instruction or two. */
#include <math.h>

#include "convert.h"
#include "ew_float.h"

/* fma rounds once even where the ISA has none. */
#if VEC_HAS_FMA
#define exact_vf32_fma vf32_fma
#define exact_vf64_fma vf64_fma
#else
/* p + c, its last bit set where it is not exact: rounding that again is rounding once. */
static vf64 sum_to_odd(vf64 p, vf64 c)
{
    const vi64 one = vi64_set1(1);
    vf64 s = vf64_add(p, c), t = vf64_sub(s, p);
    vf64 e = vf64_add(vf64_sub(p, vf64_sub(s, t)), vf64_sub(c, t)); /* what s lacks; or NaN */
    vi64 bits = vf64_bits(s), inward = vi64_shr(vi64_xor(bits, vf64_bits(e)), 63);
    vi64 step = vi64_sub(one, vi64_add(inward, inward)), even = vi64_sub(vi64_and(bits, one), one);
    vi64 inexact = vf64_bits(vf64_gt(vf64_abs(e), vf64_zero()));
    return vi64_double(vi64_add(bits, vi64_and(step, vi64_and(even, inexact))));
}

/* In double the product is exact and the sum nearly so: rounding that to float is right unless it
 * lies halfway between two floats (its last 29 bits say so), or the float is subnormal. */
static vf32 exact_vf32_fma(vf32 a, vf32 b, vf32 c)
{
    vf64 p0 = simde_mm_mul_pd(simde_mm_cvtps_pd(a), simde_mm_cvtps_pd(b));
    vf64 c0 = simde_mm_cvtps_pd(c), c1 = simde_mm_cvtps_pd(simde_mm_movehl_ps(c, c));
    vf64 p1 = simde_mm_mul_pd(simde_mm_cvtps_pd(simde_mm_movehl_ps(a, a)),
                              simde_mm_cvtps_pd(simde_mm_movehl_ps(b, b)));
    vf64 s0 = vf64_add(p0, c0), s1 = vf64_add(p1, c1);
    vf32 r = simde_mm_movelh_ps(simde_mm_cvtpd_ps(s0), simde_mm_cvtpd_ps(s1));
    vi32 low = vf32_bits(simde_mm_shuffle_ps(simde_mm_castpd_ps(s0), simde_mm_castpd_ps(s1), 0x88));
    vm32 half = vi32_eq(vi32_and(low, vi32_set1(0x1fffffff)), vi32_set1(0x10000000));
    vm32 tiny = vi32_gt(vi32_set1(0x00800001), vf32_bits(vf32_abs(r)));
    if (!vm32_any(vm32_or(half, tiny)))
        return r;
    return simde_mm_movelh_ps(simde_mm_cvtpd_ps(sum_to_odd(p0, c0)),
                              simde_mm_cvtpd_ps(sum_to_odd(p1, c1)));
}
/* A double's product fits no wider type: the C library does it, slowly. */
static vf64 exact_vf64_fma(vf64 a, vf64 b, vf64 c)
{
    double x[VF64_LANES], y[VF64_LANES], z[VF64_LANES];
    vf64_store(x, a);
    vf64_store(y, b);
    vf64_store(z, c);
    for (int i = 0; i < VF64_LANES; i++)
        x[i] = fma(x[i], y[i], z[i]);
    return vf64_load(x);
}
#endif

#define ABS(V, x, y, z) V##_abs(x)
#define NEG(V, x, y, z) V##_neg(x)
#define SQRT(V, x, y, z) V##_sqrt(x)
#define RELU(V, x, y, z) V##_max(V##_zero(), x) /* NaN is the second: it passes */
#define CLIP(V, x, y, z) V##_min(k1, V##_max(k0, x))
#define ADD(V, x, y, z) V##_add(x, y)
#define SUB(V, x, y, z) V##_sub(x, y)
#define MUL(V, x, y, z) V##_mul(x, y)
#define DIV(V, x, y, z) V##_div(x, y)
#define MAX(V, x, y, z) V##_max_nan(x, y)
#define MIN(V, x, y, z) V##_min_nan(x, y)
#define FMA(V, x, y, z) exact_##V##_fma(x, y, z)
#define AXPY(V, x, y, z) exact_##V##_fma(k0, x, y)

/* The limits as the type has them. */
#define ROUND_f32(x) (float)(x)
#define ROUND_f64(x) (x)
#define ROUND_f16(x) cpu__round_f16(x)
#define ROUND_bf16(x) cpu__round_bf16(x)
#define CLIP_LO(call, kind) ROUND_##kind((call)->params->clip.lo)
#define CLIP_HI(call, kind) ROUND_##kind((call)->params->clip.hi)
#define ALPHA(call, kind) (call)->params->axpy.alpha

EW_FLOATS(abs, ABS, EW_NONE, EW_NONE)
EW_FLOATS(neg, NEG, EW_NONE, EW_NONE)
EW_FLOATS(sqrt, SQRT, EW_NONE, EW_NONE)
EW_FLOATS(relu, RELU, EW_NONE, EW_NONE)
EW_FLOATS(clip, CLIP, CLIP_LO, CLIP_HI)
EW_FLOATS(add, ADD, EW_NONE, EW_NONE)
EW_FLOATS(sub, SUB, EW_NONE, EW_NONE)
EW_FLOATS(mul, MUL, EW_NONE, EW_NONE)
EW_FLOATS(div, DIV, EW_NONE, EW_NONE)
EW_FLOATS(max, MAX, EW_NONE, EW_NONE)
EW_FLOATS(min, MIN, EW_NONE, EW_NONE)
EW_FLOATS(fma, FMA, EW_NONE, EW_NONE)
EW_FLOATS(axpy_any, AXPY, ALPHA, EW_NONE)

/* Without FMA the usual alpha, 1, is worth a look: it leaves an addition. */
#define AXPY_EITHER(type, T)                                                                  \
    static void axpy_##type(void *out, const void *a, const void *b, const void *c, size_t n, \
                            const vane_call *call)                                            \
    {                                                                                         \
        const int adds = !VEC_HAS_FMA && (T)call->params->axpy.alpha == 1;                    \
        (adds ? add_##type : axpy_any_##type)(out, a, b, c, n, call);                         \
    }
AXPY_EITHER(f32, float)
AXPY_EITHER(f64, double)
AXPY_EITHER(f16, float)
AXPY_EITHER(bf16, float)

#define EXACT VANE_NUMERICS_REPRO
#define FMA_ROWS(OP, op, n_in)                                                                   \
    EW_ROW(OP, F32, #op "_f32", n_in, op##_f32, EW_FLOPS *(VEC_HAS_FMA ? 2 : 0.25), EXACT),      \
        EW_ROW(OP, F64, #op "_f64", n_in, op##_f64, EW_FLOPS *(VEC_HAS_FMA ? 1 : 0.025), EXACT), \
        EW_ROW(OP, F16, #op "_f16", n_in, op##_f16, EW_FLOPS *(VEC_HAS_FMA ? 1 : 0.15), EXACT),  \
        EW_ROW(OP, BF16, #op "_bf16", n_in, op##_bf16, EW_FLOPS *(VEC_HAS_FMA ? 1 : 0.15), EXACT)
static const cpu_row rows[] = {
    EW_FLOAT_ROWS(ABS, abs, 1, 1, EXACT),
    EW_FLOAT_ROWS(NEG, neg, 1, 1, EXACT),
    EW_FLOAT_ROWS(SQRT, sqrt, 1, 1, EXACT),
    EW_FLOAT_ROWS(RELU, relu, 1, 1, EXACT),
    EW_FLOAT_ROWS(CLIP, clip, 1, 1, EXACT),
    EW_FLOAT_ROWS(ADD, add, 2, 1, EXACT),
    EW_FLOAT_ROWS(SUB, sub, 2, 1, EXACT),
    EW_FLOAT_ROWS(MUL, mul, 2, 1, EXACT),
    EW_FLOAT_ROWS(DIV, div, 2, 1, EXACT),
    EW_FLOAT_ROWS(MAX, max, 2, 1, EXACT),
    EW_FLOAT_ROWS(MIN, min, 2, 1, EXACT),
    FMA_ROWS(FMA, fma, 3),
    FMA_ROWS(AXPY, axpy, 2),
};

const vane_kernel *cpu__arith_kernel(uint32_t op, uint32_t dtype)
{
    return cpu__find(rows, sizeof rows / sizeof rows[0], op, dtype);
}
