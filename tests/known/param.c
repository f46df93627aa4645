/* SPDX-License-Identifier: MIT */
/* param.c - key=value of a case into the member of vane_params that its op has. */
#include <stdlib.h>
#include <string.h>

#include "known.h"

enum kind { DOUBLE, U32, I32, LIST };

static const struct {
    const char *op, *key;
    enum kind kind;
    size_t at, count_at; /* count_at: how many a LIST has */
} keys[] = {
    {"gelu", "tanh", U32, offsetof(vane_gelu_params, tanh_approximation), 0},
    {"clip", "lo", DOUBLE, offsetof(vane_clip_params, lo), 0},
    {"clip", "hi", DOUBLE, offsetof(vane_clip_params, hi), 0},
    {"axpy", "alpha", DOUBLE, offsetof(vane_axpy_params, alpha), 0},
    {"reduce", "axes", LIST, offsetof(vane_reduce_params, axes),
     offsetof(vane_reduce_params, n_axes)},
    {"reduce", "drop", U32, offsetof(vane_reduce_params, drop_dims), 0},
    {"argmax", "axis", I32, offsetof(vane_argmax_params, axis), 0},
    {"argmax", "last", U32, offsetof(vane_argmax_params, last_index), 0},
    {"argmax", "drop", U32, offsetof(vane_argmax_params, drop_dims), 0},
    {"gemm", "alpha", DOUBLE, offsetof(vane_gemm_params, alpha), 0},
    {"gemm", "beta", DOUBLE, offsetof(vane_gemm_params, beta), 0},
    {"gemm", "trans_a", U32, offsetof(vane_gemm_params, trans_a), 0},
    {"gemm", "trans_b", U32, offsetof(vane_gemm_params, trans_b), 0},
    {"softmax", "axis", I32, offsetof(vane_softmax_params, axis), 0},
    {"transpose", "perm", LIST, offsetof(vane_transpose_params, perm),
     offsetof(vane_transpose_params, n_perm)},
    {"fill", "value", DOUBLE, offsetof(vane_fill_params, value), 0},
    {"concat", "axis", I32, offsetof(vane_concat_params, axis), 0},
};

static int put_list(const char *value, char *to, char *count_to)
{
    uint32_t n = 0;
    for (char *end; *value; value = *end ? end + 1 : end) {
        const int32_t v = (int32_t)strtol(value, &end, 10);
        if (end == value || n == VANE_MAX_RANK)
            return 0;
        memcpy(to + n++ * sizeof v, &v, sizeof v);
    }
    memcpy(count_to, &n, sizeof n);
    return 1;
}

static int put(enum kind kind, const char *value, char *to)
{
    char *end;
    if (kind == DOUBLE) {
        const double d = strtod(value, &end);
        memcpy(to, &d, sizeof d);
    } else { /* the bits of an int32_t and of a small uint32_t are the same */
        const int32_t v = (int32_t)strtol(value, &end, 10);
        memcpy(to, &v, sizeof v);
    }
    return end != value && !*end;
}

int known_param(const char *op, const char *key, const char *value, vane_params *out)
{
    char *const base = (char *)out;
    if (!strncmp(op, "reduce_", 7))
        op = "reduce";
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i].op, op) || strcmp(keys[i].key, key))
            continue;
        if (keys[i].kind == LIST)
            return put_list(value, base + keys[i].at, base + keys[i].count_at);
        return put(keys[i].kind, value, base + keys[i].at);
    }
    return 0;
}
