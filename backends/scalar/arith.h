/* SPDX-License-Identifier: MIT */
/* arith.h - arithmetic that C leaves undefined or rounds twice: wrapping integers, a sum
 * of products for each dtype, and a multiply-add with one rounding.
 */
#ifndef SCALAR_ARITH_H
#define SCALAR_ARITH_H

#include <math.h>

#include "load.h"

/* ---- integers: two's complement, through uint64_t ------------------------------ */

static inline int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t wrap_sub(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static inline int64_t wrap_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* Toward zero; by zero 0; MIN / -1 is MIN. */
static inline int64_t wrap_div(int64_t a, int64_t b)
{
    if (b == 0)
        return 0;
    return b == -1 ? wrap_sub(0, a) : a / b;
}

static inline int64_t wrap_pow(int64_t base, int64_t exponent)
{
    int64_t result = 1;
    if (exponent < 0) {
        if (base == 1)
            return 1;
        return base == -1 ? (exponent % 2 ? -1 : 1) : 0;
    }
    for (; exponent; exponent >>= 1, base = wrap_mul(base, base))
        if (exponent & 1)
            result = wrap_mul(result, base);
    return result;
}

/* ---- floats: a * b + c, to be rounded once by put ------------------------------ */

/* Operands of at most 24 bits: the product is exact, and the sum rounded to odd (what it
 * lost makes its last bit 1), so that rounding it to 24 bits or fewer is the only rounding. */
static inline double odd_fma(double a, double b, double c)
{
    const double p = a * b, s = p + c;
    const double back = s - p, lost = (p - (s - back)) + (c - back);
    uint64_t bits;
    double odd = s;
    if (lost == 0 || !isfinite(s))
        return s;
    memcpy(&bits, &s, sizeof bits);
    if (!(bits & 1)) {
        bits += (lost > 0) == (s > 0) ? 1 : UINT64_MAX;
        memcpy(&odd, &bits, sizeof odd);
    }
    return odd;
}

#define fma_f32 odd_fma
#define fma_f16 odd_fma
#define fma_bf16 odd_fma
#define fma_f64 fma
#define fma_i32(a, b, c) wrap_add(wrap_mul(a, b), c)
#define fma_i64(a, b, c) wrap_add(wrap_mul(a, b), c)

/* ---- sums ---------------------------------------------------------------------- */

/* Narrow floats: doubles have 29 bits to spare. f64: a long double and what it lost, so
 * that a long sum of equal terms stays exact as well. */
typedef struct sum_narrow {
    double total;
} sum_narrow;
typedef struct sum_double {
    long double total, lost;
    double beyond; /* of NaNs and infinities: x87 takes 100 ns for an operation on one */
} sum_double;
typedef struct sum_integer {
    int64_t total;
} sum_integer;

static inline void narrow_add(sum_narrow *s, double x)
{
    s->total += x;
}
static inline double narrow_total(const sum_narrow *s)
{
    return s->total;
}
static inline void integer_add(sum_integer *s, int64_t x)
{
    s->total = wrap_add(s->total, x);
}
static inline int64_t integer_total(const sum_integer *s)
{
    return s->total;
}

static inline void double_add(sum_double *s, long double x)
{
    if (!isfinite(x)) {
        s->beyond += (double)x;
        return;
    }
    const long double t = s->total + x, back = t - s->total;
    s->lost += (s->total - (t - back)) + (x - back); /* exact: Knuth's two-sum */
    s->total = t;
}

static inline long double double_total(const sum_double *s)
{
    if (s->beyond != 0)
        return s->beyond;
    return isfinite(s->total) ? s->total + s->lost : s->total;
}

#define SUM_f32 narrow
#define SUM_f64 double
#define SUM_f16 narrow
#define SUM_bf16 narrow
#define SUM_i32 integer
#define SUM_i64 integer

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define SUM(T) PASTE(sum_, SUM_##T)
#define SUM_ADD(T) PASTE(SUM_##T, _add)
#define SUM_TOTAL(T) PASTE(SUM_##T, _total)

#define times_f32(a, b) ((double)(a) * (double)(b))
#define times_f64(a, b) ((long double)(a) * (long double)(b))
#define times_f16(a, b) ((double)(a) * (double)(b))
#define times_bf16(a, b) ((double)(a) * (double)(b))
#define times_i32(a, b) wrap_mul(a, b)
#define times_i64(a, b) wrap_mul(a, b)

#endif
