/* SPDX-License-Identifier: MIT */
/* vec_pow.h - pow on vectors of doubles: exp(y * log|x|), then C's table of special cases.
 *
 * An error in the logarithm is one in the result times up to 745, so vf64_pow carries the
 * logarithm to about 2^-66 in two doubles. vf64_pow_short does not: its result is good to
 * about 40 bits, which is what f32 and narrower types need.
 */
#ifndef CPU_VEC_POW_H
#define CPU_VEC_POW_H

#include "vec_math.h"

/* (atanh(s) / s - 1 - z / 3) / z^2 in z = s^2 */
static const double vf64__atanh_c[] = {
    0x1.999999999999ap-3, 0x1.2492492492491p-3, 0x1.c71c71c71cfdep-4,
    0x1.745d174512f5ap-4, 0x1.3b13b1bcae6b3p-4, 0x1.1110df9bb22c8p-4,
    0x1.e1f80052f7509p-5, 0x1.ac4a066393d47p-5, 0x1.b8d8d97193db7p-5};

/* s + *low = f / (2 + f) */
static inline vf64 vf64__log_ratio(vf64 f, vf64 *low)
{
    vf64 two = vf64_set1(2.0), d = vf64_add(two, f), dl = vf64_sub(f, vf64_sub(d, two));
    vf64 s = vf64_div(f, d), p, pl;
    vf64__two_prod(s, d, &p, &pl);
    vf64 rest = vf64_fnma(s, dl, vf64_sub(vf64_sub(f, p), pl));
    *low = vf64_div(rest, d);
    return s;
}

/* h + *low = atanh(s + sl) / (s + sl) - 1 */
static inline vf64 vf64__atanh_rest(vf64 s, vf64 sl, vf64 *low)
{
    vf64 third = vf64_set1(0x1.5555555555555p-2), third_l = vf64_set1(0x1.5555555555555p-56);
    vf64 z, zl, t, tl, h;
    vf64__two_prod(s, s, &z, &zl);
    zl = vf64_fma(vf64_add(s, s), sl, zl);
    vf64__two_prod(z, third, &t, &tl);
    tl = vf64_add(tl, vf64_fma(z, third_l, vf64_mul(zl, third)));
    int n = (int)(sizeof(vf64__atanh_c) / sizeof(double));
    vf64 q = vf64_mul(vf64_mul(z, z), vf64__poly(z, vf64__atanh_c, n));
    vf64__quick_sum(t, vf64_add(tl, q), &h, low);
    return h;
}

/* log(x) = h + *low; x is positive and finite */
static inline vf64 vf64__log_long(vf64 x, vf64 *low)
{
    vf64 k, f = vf64__log_split(x, &k), sl, pl, u, ul, a, al, h, hl;
    vf64 s = vf64__log_ratio(f, &sl), p = vf64__atanh_rest(s, sl, &pl);
    vf64__two_prod(s, p, &u, &ul);
    ul = vf64_add(ul, vf64_fma(s, pl, vf64_mul(sl, p)));
    vf64__quick_sum(s, u, &a, &al);
    al = vf64_add(al, vf64_add(sl, ul));
    vf64 kh = vf64_mul(k, vf64_set1(0x1.62e42fefa3800p-1)); /* exact */
    vf64__quick_sum(kh, vf64_add(a, a), &h, &hl);
    hl = vf64_add(hl, vf64_fma(k, vf64_set1(0x1.ef35793c76730p-45), vf64_add(al, al)));
    vf64__quick_sum(h, hl, &h, low);
    return h;
}

/* r = exp(y * log|x|) where that has a meaning of its own; else what C says. */
static inline vf64 vf64__pow_cases(vf64 x, vf64 y, vf64 r)
{
    vf64 zero = vf64_zero(), one = vf64_set1(1.0), inf = vf64_set1((double)INFINITY);
    vf64 ax = vf64_abs(x), half = vf64_mul(y, vf64_set1(0.5));
    /* x is 0 or infinite, or y is infinite: by the signs of log|x| and y */
    vm64 edge = vm64_or(vm64_or(vf64_eq(ax, zero), vf64_eq(ax, inf)), vf64_eq(vf64_abs(y), inf));
    vf64 way = vf64_select(vf64_lt(ax, one), vf64_neg(y), y);
    r = vf64_select(edge, vf64_select(vf64_gt(way, zero), inf, zero), r);
    /* the sign bit of x; false for -0 < 0, so compare the bit as a number */
    vm64 minus = vf64_lt(vf64_copysign(one, x), zero);
    vm64 whole = vf64_eq(vf64_round(y), y);
    vm64 odd = vm64_and(whole, vf64_ne(vf64_round(half), half));
    r = vf64_select(vm64_and(minus, odd), vf64_neg(r), r);
    vm64 below = vm64_and(vf64_lt(x, zero), vf64_gt(x, vf64_neg(inf)));
    r = vf64_select(whole, r, vf64_select(below, vf64_set1((double)NAN), r));
    r = vf64_select(vf64_ne(x, x), x, vf64_select(vf64_ne(y, y), y, r));
    vm64 unit = vm64_and(vf64_eq(ax, one), vf64_eq(vf64_abs(y), inf));
    r = vf64_select(vm64_or(unit, vf64_eq(x, one)), one, r);
    return vf64_select(vf64_eq(y, zero), one, r);
}

static inline vf64 vf64_pow(vf64 x, vf64 y)
{
    vf64 low, p, pl, cap = vf64_set1(0x1p70), big = vf64_set1(1000.0);
    vf64 log = vf64__log_long(vf64_abs(x), &low);
    vf64 yc = vf64_max(vf64_neg(cap), vf64_min(cap, y)); /* either is past every limit */
    vf64__two_prod(yc, log, &p, &pl);
    pl = vf64_fma(yc, low, pl);
    pl = vf64_select(vf64_lt(vf64_abs(p), big), pl, vf64_zero());
    return vf64__pow_cases(x, y, vf64__exp_times(p, pl, vf64_set1(1.0)));
}

static inline vf64 vf64_pow_short(vf64 x, vf64 y)
{
    vf64 k, f = vf64__log_split(vf64_abs(x), &k);
    vf64 s = vf64_div(f, vf64_add(vf64_set1(2.0), f)), z = vf64_mul(s, s);
    vf64 q = vf64__poly(z, vf64__log_c, (int)(sizeof(vf64__log_c) / sizeof(double)));
    vf64 log = vf64_fma(vf64_mul(s, z), q, vf64_add(s, s));
    log = vf64_fma(k, vf64_set1(0x1.62e42fefa39efp-1), log);
    return vf64__pow_cases(x, y, vf64_exp(vf64_mul(y, log)));
}

#endif
