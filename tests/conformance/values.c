/* SPDX-License-Identifier: MIT */
/* values.c - does a result agree with the oracle's? The tolerances of ops.def, written out.
 *
 * allowed = ulp * epsilon(dtype) * magnitude + n * smallest denormal
 *   elementwise      magnitude |want|, n 1
 *   sums, products of matrices   magnitude the sum of |terms|, n the terms and one: each
 *                    product may fall below the denormals
 *   reduce_prod      each of n factors rounds once: + n / 2 * epsilon of the compute type
 *   softmax          x - max rounds, and exp makes of an absolute error a relative one:
 *                    + |x - max| / 2 <= ln(1 / want) / 2, epsilons of the compute type
 * Infinity counts as the number after the largest, so that results at the brim of overflow
 * are judged like any other. ulp 0: equal (0 is -0). A NaN is any NaN. Ops that only move
 * values keep every bit.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "trial.h"
#include "value.h"

static double compute_epsilon(uint32_t dtype)
{
    return dtype == VANE_F64 ? 0x1p-52 : 0x1p-23;
}

static long double measure(uint32_t dtype, double v)
{
    if (!isinf(v))
        return v;
    return copysignl(ldexpl(1, conform_format_of(dtype)->max_exponent + 1), v);
}

static long double allowed(const conform_trial *t, int64_t i, double want)
{
    const uint32_t dtype = t->want.t.dtype;
    const long double size = fabsl(measure(dtype, want));
    const long double magnitude = t->scale ? (long double)t->scale[i] : size;
    long double sum = t->info.ulp * (long double)conform_epsilon(dtype) * magnitude;
    if (t->info.op == VANE_OP_REDUCE_PROD)
        sum += t->terms / 2 * compute_epsilon(dtype) * size;
    if (t->info.op == VANE_OP_SOFTMAX && want > 0)
        sum += -log(want) / 2 * compute_epsilon(dtype) * size;
    return sum + (t->scale ? t->terms + 1 : 1) * (long double)conform_smallest(dtype);
}

static int float_agrees(const conform_trial *t, const conform_array *got, int64_t i)
{
    const uint32_t dtype = t->want.t.dtype;
    const double w = conform_get(dtype, t->want.t.data, i), g = conform_get(dtype, got->t.data, i);
    if (w == g || (isnan(w) && isnan(g)))
        return 1;
    if (isnan(w) || isnan(g) || t->info.ulp == 0 || (t->scale && !isfinite(t->scale[i])))
        return 0;
    return fabsl(measure(dtype, g) - measure(dtype, w)) <= allowed(t, i, w);
}

static int only_moves(uint32_t op)
{
    return op == VANE_OP_COPY || op == VANE_OP_TRANSPOSE || op == VANE_OP_CONCAT ||
           op == VANE_OP_WHERE;
}

static int same_bits(const conform_array *a, const conform_array *b, int64_t i)
{
    const size_t size = vane_dtype_bytes(a->t.dtype);
    return !memcmp((const char *)a->t.data + (size_t)i * size,
                   (const char *)b->t.data + (size_t)i * size, size);
}

static int element_agrees(const conform_trial *t, const conform_array *got, int64_t i)
{
    const uint32_t dtype = t->want.t.dtype;
    if (conform_is_float(dtype) && only_moves(t->info.op))
        return same_bits(&t->want, got, i);
    if (conform_is_float(dtype))
        return float_agrees(t, got, i);
    return conform_get_int(dtype, t->want.t.data, i) == conform_get_int(dtype, got->t.data, i);
}

static void index_text(const vane_tensor *t, int64_t i, char out[120])
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t d = 0; d < t->rank && used < 100; d++) {
        int64_t at = i / t->stride[d];
        i -= at * t->stride[d];
        used += (size_t)snprintf(out + used, 120 - used, d ? ",%" PRId64 : "%" PRId64, at);
    }
}

static void describe(const conform_trial *t, const conform_array *got, int64_t i, int64_t wrong,
                     char why[512])
{
    const uint32_t dtype = t->want.t.dtype;
    char g[40], w[40], at[120], ulps[80] = "";
    conform_value_text(dtype, got->t.data, i, g);
    conform_value_text(dtype, t->want.t.data, i, w);
    index_text(&got->t, i, at);
    const double both = conform_is_float(dtype) ? conform_get(dtype, t->want.t.data, i) +
                                                      conform_get(dtype, got->t.data, i)
                                                : NAN;
    if (!isnan(both)) { /* else there is no distance */
        double want = conform_get(dtype, t->want.t.data, i);
        long double error =
            fabsl(measure(dtype, conform_get(dtype, got->t.data, i)) - measure(dtype, want));
        long double unit = conform_epsilon(dtype) *
                           (t->scale ? (long double)t->scale[i] : fabsl(measure(dtype, want)));
        if (unit < (long double)conform_smallest(dtype))
            unit = conform_smallest(dtype);
        snprintf(ulps, sizeof ulps, ", %.3Lg ulp off, %.3Lg allowed", error / unit,
                 t->info.ulp == 0 ? 0 : allowed(t, i, want) / unit);
    }
    snprintf(why, 512, "at [%s]: got %s, want %s%s; %" PRId64 " of %" PRId64 " elements wrong", at,
             g, w, ulps, wrong, t->want.count);
}

int conform_equal(const conform_array *a, const conform_array *b)
{
    const uint32_t dtype = a->t.dtype;
    if (memcmp(a->t.data, b->t.data, (size_t)a->count * vane_dtype_bytes(dtype)) == 0)
        return 1;
    for (int64_t i = 0; i < a->count; i++)
        if (!same_bits(a, b, i) &&
            !(conform_is_float(dtype) && isnan(conform_get(dtype, a->t.data, i)) &&
              isnan(conform_get(dtype, b->t.data, i))))
            return 0;
    return 1;
}

int conform_agree(const conform_trial *t, const conform_array *got, char why[512])
{
    const size_t bytes = (size_t)got->count * vane_dtype_bytes(got->t.dtype);
    int64_t first = -1, wrong = 0;
    why[0] = '\0';
    if (memcmp(got->t.data, t->want.t.data, bytes) == 0)
        return 1;
    for (int64_t i = 0; i < got->count; i++)
        if (!element_agrees(t, got, i)) {
            first = first < 0 ? i : first;
            wrong++;
        }
    if (wrong)
        describe(t, got, first, wrong, why);
    return wrong == 0;
}
