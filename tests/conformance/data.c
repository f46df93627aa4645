/* SPDX-License-Identifier: MIT */
/* data.c - operands filled with numbers that suit an op and find its mistakes.
 *
 * A sum in another order differs in the last bits, and overflows at another place. So sums
 * get magnitudes that no order overflows, and products get numbers near 1; their special
 * class holds only what gives one answer in every order: NaN, one kind of infinity, zeros.
 */
#include "data.h"

#include <math.h>
#include <string.h>

#include "value.h"

const char *conform_class_name(conform_class c)
{
    static const char *const names[CONFORM_CLASSES] = {"ordinary", "wide", "special"};
    return names[c];
}

typedef enum kind { FREE, SUMS, PRODUCT, POWER, LOGS, EXPS, TIES } kind;

static kind kind_of(uint32_t op)
{
    switch (op) {
    case VANE_OP_REDUCE_SUM:
    case VANE_OP_REDUCE_MEAN:
    case VANE_OP_DOT:
    case VANE_OP_MATMUL:
    case VANE_OP_GEMM:
        return SUMS;
    case VANE_OP_REDUCE_PROD:
        return PRODUCT;
    case VANE_OP_POW:
        return POWER;
    case VANE_OP_LOG:
    case VANE_OP_SQRT:
        return LOGS;
    case VANE_OP_EXP:
    case VANE_OP_TANH:
    case VANE_OP_SIGMOID:
    case VANE_OP_GELU:
    case VANE_OP_SOFTMAX:
        return EXPS;
    case VANE_OP_EQUAL:
    case VANE_OP_LESS:
    case VANE_OP_GREATER:
    case VANE_OP_ARGMAX:
    case VANE_OP_REDUCE_MAX:
    case VANE_OP_REDUCE_MIN:
        return TIES;
    default:
        return FREE;
    }
}

/* ---- floats ---------------------------------------------------------------------- */

static double any_sign(conform_random *r, double v)
{
    return conform_next(r) & 1 ? v : -v;
}

/* Any exponent from lo to hi alike. */
static double spread(conform_random *r, double lo, double hi)
{
    return exp2(conform_between(r, lo, hi));
}

static double ordinary(conform_random *r, kind k, uint32_t op, uint32_t i)
{
    switch (k) {
    case PRODUCT:
        return any_sign(r, conform_between(r, 0.95, 1.05));
    case POWER:
        if (i == 1)
            return conform_next(r) & 1 ? floor(conform_between(r, -4, 5))
                                       : conform_between(r, -4, 4);
        return conform_next(r) & 7 ? conform_between(r, 0.1, 8) : -conform_between(r, 0.1, 8);
    case LOGS:
        return conform_next(r) & 1 ? conform_between(r, 0.5, 2) : spread(r, -10, 10);
    case EXPS:
        return conform_between(r, -8, 8);
    case TIES:
        return conform_next(r) & 3 ? floor(conform_between(r, -8, 8)) : conform_between(r, -8, 8);
    default:
        if (op == VANE_OP_DIV && i == 1)
            return any_sign(r, conform_between(r, 0.1, 4));
        return conform_between(r, -4, 4);
    }
}

static double wide(conform_random *r, kind k, uint32_t dtype, uint32_t i)
{
    const conform_format *f = conform_format_of(dtype);
    const double reach = dtype == VANE_F16 ? 5 : 10;
    switch (k) {
    case PRODUCT:
        return any_sign(r, conform_between(r, 0.9, 1.1));
    case SUMS:
        return any_sign(r, spread(r, -reach, reach));
    case POWER:
        return i == 1 ? any_sign(r, spread(r, -6, 5)) : spread(r, -20, 20);
    case LOGS:
        return spread(r, f->min_exponent, f->max_exponent);
    case EXPS:
        if (conform_next(r) & 1)
            return any_sign(r, spread(r, -f->mantissa - 4, 2));
        return conform_between(r, -0.75 * f->max_exponent, 0.75 * f->max_exponent);
    default:
        return any_sign(r, spread(r, f->min_exponent, f->max_exponent));
    }
}

/* Special numbers with one answer whatever the order of a sum or product. */
static double special_ordered(conform_random *r, kind k, uint32_t dtype, uint64_t mode)
{
    switch (conform_below(r, 6)) {
    case 0:
        return mode & 1 ? NAN : 0.0;
    case 1:
        return mode & 2 ? INFINITY : -0.0;
    case 2:
        return mode & 4 && !(mode & 2) ? -INFINITY : 1;
    case 3:
        return 0;
    case 4:
        return k == PRODUCT ? -1 : any_sign(r, conform_smallest(dtype));
    default:
        return k == PRODUCT ? 1 : -0.0;
    }
}

static double special(conform_random *r, kind k, uint32_t dtype, uint64_t mode)
{
    if (k == SUMS || k == PRODUCT)
        return special_ordered(r, k, dtype, mode);
    switch (conform_below(r, 14)) {
    case 0:
        return NAN;
    case 1:
        return INFINITY;
    case 2:
        return -INFINITY;
    case 3:
        return 0;
    case 4:
        return -0.0;
    case 5:
        return any_sign(r, conform_smallest(dtype));
    case 6: /* denormals */
        return any_sign(r, conform_unit(r) * ldexp(1, conform_format_of(dtype)->min_exponent));
    case 7:
        return any_sign(r, conform_largest(dtype));
    case 8:
        return any_sign(r, ldexp(1, conform_format_of(dtype)->min_exponent));
    case 9:
        return any_sign(r, conform_largest(dtype) * conform_unit(r));
    case 10:
        return any_sign(r, 0.5);
    case 11:
        return any_sign(r, 1 + conform_epsilon(dtype));
    case 12:
        return any_sign(r, 2);
    default:
        return any_sign(r, 1);
    }
}

/* ---- integers -------------------------------------------------------------------- */

static int64_t integer(conform_random *r, kind k, uint32_t dtype, uint32_t i, conform_class c)
{
    const int bits = 8 * (int)vane_dtype_bytes(dtype), is_signed = dtype != VANE_U8;
    const int64_t low = is_signed ? -1 - (INT64_MAX >> (64 - bits)) : 0;
    const int64_t high = is_signed ? INT64_MAX >> (64 - bits) : UINT8_MAX;
    if (dtype == VANE_BOOL)
        return c == CONFORM_ORDINARY ? (int64_t)(conform_next(r) & 1)
                                     : (int64_t)conform_below(r, 256);
    if (c == CONFORM_WIDE)
        return (int64_t)conform_next(r);
    if (c == CONFORM_SPECIAL && conform_next(r) & 1) {
        const int64_t edges[] = {low, high, 0, 1, low + 1, high - 1, is_signed ? -1 : 1, 2};
        return edges[conform_below(r, 8)];
    }
    if (k == POWER)
        return i == 1 ? (int64_t)conform_below(r, 13) - 2 : (int64_t)conform_below(r, 19) - 9;
    int64_t range = k == TIES ? 8 : 100;
    return (int64_t)conform_below(r, (uint64_t)range) - (is_signed ? range / 2 : 0);
}

/* ---- the whole ------------------------------------------------------------------- */

/* One value repeats along flat dimensions: take it from where their index is 0. */
static void repeat(conform_array *a)
{
    const vane_tensor *t = &a->t;
    const size_t size = vane_dtype_bytes(t->dtype);
    for (int64_t n = 0; n < a->count; n++) {
        int64_t rest = n, from = 0;
        for (uint32_t d = 0; d < t->rank; d++) {
            int64_t at = rest / t->stride[d];
            rest -= at * t->stride[d];
            from += a->flat >> d & 1 ? 0 : at * t->stride[d];
        }
        memmove((char *)t->data + (size_t)n * size, (char *)t->data + (size_t)from * size, size);
    }
}

/* Ops that take values as they are: a signalling NaN must come through them too. Arithmetic
 * on one is not defined well enough to compare (C's pow(NaN, 0) depends on it). */
static int takes_signalling(uint32_t op)
{
    return op == VANE_OP_COPY || op == VANE_OP_TRANSPOSE || op == VANE_OP_CONCAT ||
           op == VANE_OP_WHERE || op == VANE_OP_CAST;
}

/* A NaN with any sign and payload. */
static void put_nan(conform_random *r, uint32_t op, uint32_t dtype, void *data, int64_t i)
{
    const int mantissa = conform_format_of(dtype)->mantissa;
    const int bits = 8 * (int)vane_dtype_bytes(dtype);
    const uint64_t quiet = takes_signalling(op) ? 0 : UINT64_C(1) << (mantissa - 1);
    const uint64_t payload = conform_next(r) >> (64 - mantissa) | quiet;
    const uint64_t exponent = ((UINT64_C(1) << (bits - 1 - mantissa)) - 1) << mantissa;
    const uint64_t nan = (conform_next(r) & 1) << (bits - 1) | exponent | (payload ? payload : 1);
    if (bits == 64)
        ((uint64_t *)data)[i] = nan;
    else if (bits == 32)
        ((uint32_t *)data)[i] = (uint32_t)nan;
    else
        ((uint16_t *)data)[i] = (uint16_t)nan;
}

static void put_special(conform_random *r, kind k, uint32_t op, conform_array *a, int64_t n,
                        uint64_t mode)
{
    const double v = special(r, k, a->t.dtype, mode);
    if (isnan(v))
        put_nan(r, op, a->t.dtype, a->t.data, n);
    else
        conform_put(a->t.dtype, a->t.data, n, v);
}

void conform_data_fill(conform_random *r, uint32_t op, uint32_t i, conform_class c,
                       conform_array *a)
{
    static const uint64_t rarity[] = {2, 16, 250};
    const kind k = kind_of(op);
    const uint32_t dtype = a->t.dtype;
    const uint64_t mode = conform_next(r), rare = rarity[conform_below(r, 3)];
    for (int64_t n = 0; n < a->count; n++) {
        if (!conform_is_float(dtype))
            conform_put_int(dtype, a->t.data, n, integer(r, k, dtype, i, c));
        else if (c == CONFORM_WIDE)
            conform_put(dtype, a->t.data, n, wide(r, k, dtype, i));
        else if (c == CONFORM_SPECIAL && conform_below(r, rare) == 0)
            put_special(r, k, op, a, n, mode);
        else
            conform_put(dtype, a->t.data, n, ordinary(r, k, op, i));
    }
    if (a->flat)
        repeat(a);
}
