/* SPDX-License-Identifier: MIT */
/* values.c - does a result agree with the oracle's? The rule is the core's, op/tolerance.h. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "op/tolerance.h"
#include "trial.h"
#include "value.h"

static vane__tolerance tolerance_of(const conform_trial *t)
{
    return vane__tolerance_of(t->info.op, t->want.t.dtype, t->info.ulp, t->terms);
}

static const double *scale_of(const conform_trial *t, int64_t i)
{
    return t->scale ? &t->scale[i] : NULL;
}

static int float_agrees(const conform_trial *t, const vane__tolerance *allowed,
                        const conform_array *got, int64_t i)
{
    const uint32_t dtype = t->want.t.dtype;
    return vane__tolerance_agrees(allowed, conform_get(dtype, t->want.t.data, i),
                                  conform_get(dtype, got->t.data, i), scale_of(t, i));
}

static int same_bits(const conform_array *a, const conform_array *b, int64_t i)
{
    const size_t size = vane_dtype_bytes(a->t.dtype);
    return !memcmp((const char *)a->t.data + (size_t)i * size,
                   (const char *)b->t.data + (size_t)i * size, size);
}

static int element_agrees(const conform_trial *t, const vane__tolerance *allowed,
                          const conform_array *got, int64_t i)
{
    const uint32_t dtype = t->want.t.dtype;
    if (conform_is_float(dtype) && vane__tolerance_moves(t->info.op))
        return same_bits(&t->want, got, i);
    if (conform_is_float(dtype))
        return float_agrees(t, allowed, got, i);
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
        const vane__tolerance tolerance = tolerance_of(t);
        double want = conform_get(dtype, t->want.t.data, i);
        long double size = vane__tolerance_size(&tolerance, want);
        long double error =
            fabsl(vane__tolerance_size(&tolerance, conform_get(dtype, got->t.data, i)) - size);
        long double unit =
            conform_epsilon(dtype) * (t->scale ? (long double)t->scale[i] : fabsl(size));
        if (unit < (long double)conform_smallest(dtype))
            unit = conform_smallest(dtype);
        snprintf(ulps, sizeof ulps, ", %.3Lg ulp off, %.3Lg allowed", error / unit,
                 t->info.ulp == 0
                     ? 0
                     : vane__tolerance_allowed(&tolerance, want, scale_of(t, i)) / unit);
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
    const vane__tolerance allowed = tolerance_of(t);
    int64_t first = -1, wrong = 0;
    why[0] = '\0';
    if (memcmp(got->t.data, t->want.t.data, bytes) == 0)
        return 1;
    for (int64_t i = 0; i < got->count; i++)
        if (!element_agrees(t, &allowed, got, i)) {
            first = first < 0 ? i : first;
            wrong++;
        }
    if (wrong)
        describe(t, got, first, wrong, why);
    return wrong == 0;
}
