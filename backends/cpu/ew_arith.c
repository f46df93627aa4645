/* SPDX-License-Identifier: MIT */
/* ew_arith.c - elementwise float arithmetic: what the FPU does in one instruction or two. */
#include <math.h>

#include "convert.h"
#include "ew_float.h"

/* fma rounds once even where the ISA has none: there, slowly, through the C library. */
#if VEC_HAS_FMA
#define exact_vf32_fma vf32_fma
#define exact_vf64_fma vf64_fma
#else
static vf32 exact_vf32_fma(vf32 a, vf32 b, vf32 c)
{
    float x[VF32_LANES], y[VF32_LANES], z[VF32_LANES];
    vf32_store(x, a);
    vf32_store(y, b);
    vf32_store(z, c);
    for (int i = 0; i < VF32_LANES; i++)
        x[i] = fmaf(x[i], y[i], z[i]);
    return vf32_load(x);
}
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
EW_FLOATS(axpy, AXPY, ALPHA, EW_NONE)

#define EXACT VANE_NUMERICS_REPRO
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
    EW_FLOAT_ROWS(FMA, fma, 3, VEC_HAS_FMA ? 2 : 0.05, EXACT),
    EW_FLOAT_ROWS(AXPY, axpy, 2, VEC_HAS_FMA ? 2 : 0.05, EXACT),
};

const vane_kernel *cpu__arith_kernel(uint32_t op, uint32_t dtype)
{
    return cpu__find(rows, sizeof rows / sizeof rows[0], op, dtype);
}
