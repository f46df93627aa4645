/* SPDX-License-Identifier: MIT */
/* large.c BACKEND - reductions and softmax that a device cuts into chunks, or spreads over columns:
 * sizes beyond the conformance suite's. Values are small whole numbers, so that every order of
 * adding gives the same bits; softmax is compared with a tolerance. The oracle is the backend
 * scalar. Exits with 77 where there is no such backend. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vane/vane.h"

enum { MOST = 1200000 };

typedef struct shape {
    uint32_t rank;
    int64_t size[4];
    uint32_t n_axes;
    int32_t axes[2];
} shape;

static const shape shapes[] = {
    {2, {1, 1000003}, 1, {1}},        /* one output: chunks, an odd end */
    {2, {5, 200004}, 1, {1}},         /* rows that are no multiple of a pack */
    {2, {40000, 29}, 1, {0}},         /* columns, too few for a block */
    {2, {20001, 50}, 1, {0}},         /* columns, chunks of rows */
    {2, {300, 4000}, 1, {0}},         /* many columns */
    {2, {4000, 300}, 1, {1}},         /* many rows */
    {3, {7, 9001, 19}, 2, {0, 2}},    /* two dimensions that do not merge */
    {4, {3, 50, 40, 101}, 2, {1, 3}}, /* kept ones around them */
};

static vane_context *ctx;
static const char *backend;
static int passed, failed;
static char *x, *y, *want, *got;

static vane_tensor tensor(void *data, vane_dtype dtype, const shape *s, int reduced)
{
    int64_t size[4];
    for (uint32_t d = 0; d < s->rank; d++)
        size[d] = s->size[d];
    for (uint32_t i = 0; reduced && i < s->n_axes; i++)
        size[s->axes[i]] = 1;
    return vane_tensor_of(data, dtype, s->rank, size);
}

static int64_t count(const vane_tensor *t)
{
    int64_t n = 1;
    for (uint32_t d = 0; d < t->rank; d++)
        n *= t->shape[d];
    return n;
}

/* -2 to 2; of products 1 and -1, of argmax few that are largest */
static void fill(vane_op op, vane_dtype dtype, int64_t n)
{
    uint32_t seed = 12345;
    float *f = (float *)malloc((size_t)n * sizeof *f);
    vane_tensor from = vane_tensor_of(f, VANE_F32, 1, &n), to = vane_tensor_of(x, dtype, 1, &n);
    const vane_options o = {.struct_size = sizeof o, .backend = "scalar"};
    const vane_tensor *in[] = {&from};
    vane_tensor *const out[] = {&to};
    for (int64_t i = 0; f && i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        f[i] = (float)(int)(seed >> 16 & 3) - 1;
        if (op == VANE_OP_REDUCE_PROD)
            f[i] = seed >> 16 & 1 ? 1.0f : -1.0f;
        if (op == VANE_OP_ARGMAX && (seed >> 8) % 50021 == 0)
            f[i] = 9;
    }
    if (!f || vane_run(ctx, VANE_OP_CAST, in, 1, out, 1, NULL, &o) != VANE_OK)
        failed++;
    free(f);
    memcpy(y, x, MOST * 8);
}

static int agrees(vane_op op, vane_dtype dtype, const vane_tensor *out)
{
    const int64_t n = count(out);
    const size_t bytes = (size_t)n * vane_dtype_bytes(out->dtype);
    if (op != VANE_OP_SOFTMAX)
        return memcmp(want, got, bytes) == 0;
    for (int64_t i = 0; i < n; i++) {
        const double a =
            dtype == VANE_F32 ? (double)((float *)(void *)want)[i] : ((double *)(void *)want)[i];
        const double b =
            dtype == VANE_F32 ? (double)((float *)(void *)got)[i] : ((double *)(void *)got)[i];
        if (!(fabs(a - b) <= 1e-5 * fabs(a)))
            return 0;
    }
    return 1;
}

static vane_status run(vane_op op, const vane_tensor *a, const vane_tensor *b, vane_tensor *out,
                       void *to, const vane_params *p, const char *who)
{
    const vane_options o = {.struct_size = sizeof o, .backend = who};
    const vane_tensor *in[] = {a, b};
    vane_tensor *const outs[] = {out};
    out->data = to;
    return vane_run(ctx, (uint32_t)op, in, b ? 2 : 1, outs, 1, p, &o);
}

static void judge(vane_op op, vane_dtype dtype, const vane_tensor *a, const vane_tensor *b,
                  vane_tensor *out, const vane_params *p)
{
    memset(got, 0x5a, MOST * 8);
    vane_status st = run(op, a, b, out, want, p, "scalar");
    if (st == VANE_OK)
        st = run(op, a, b, out, got, p, backend);
    const int good = st == VANE_OK && agrees(op, dtype, out);
    passed += good;
    failed += !good;
    if (!good) {
        printf("FAILED: op %d dtype %d of", (int)op, (int)dtype);
        for (uint32_t d = 0; d < a->rank; d++)
            printf(" %lld", (long long)a->shape[d]);
        printf(": %s\n", st == VANE_OK ? "other values" : vane_last_error()->message);
    }
}

static void reduce(vane_op op, vane_dtype dtype, const shape *s)
{
    vane_params p = {.reduce = {.n_axes = s->n_axes, .axes = {s->axes[0], s->axes[1]}}};
    vane_tensor a = tensor(x, dtype, s, 0), out = tensor(got, dtype, s, 1);
    if (op == VANE_OP_ARGMAX) {
        if (s->n_axes != 1)
            return;
        p = (vane_params){.argmax = {.axis = s->axes[0]}};
        out.dtype = VANE_I64;
    }
    if (op == VANE_OP_SOFTMAX) {
        if (s->n_axes != 1)
            return;
        p = (vane_params){.softmax = {.axis = s->axes[0]}};
        out = tensor(got, dtype, s, 0);
    }
    fill(op, dtype, count(&a));
    judge(op, dtype, &a, NULL, &out, &p);
}

static void dot(vane_dtype dtype, int64_t n)
{
    const int64_t one = 1;
    vane_tensor a = vane_tensor_of(x, dtype, 1, &n), b = vane_tensor_of(y, dtype, 1, &n);
    vane_tensor out = vane_tensor_of(got, dtype, 1, &one);
    out.rank = 0;
    fill(VANE_OP_DOT, dtype, n);
    judge(VANE_OP_DOT, dtype, &a, &b, &out, NULL);
}

static void all(void)
{
    static const vane_op ops[] = {VANE_OP_REDUCE_SUM,  VANE_OP_REDUCE_MEAN, VANE_OP_REDUCE_MAX,
                                  VANE_OP_REDUCE_PROD, VANE_OP_ARGMAX,      VANE_OP_SOFTMAX};
    static const vane_dtype dtypes[] = {VANE_F32, VANE_F64, VANE_I32};
    const char *brief = getenv("VANE_TEST_BRIEF"); /* a sanitizer watches what is alike for all */
    const size_t n = brief && *brief == '1' ? 1 : sizeof dtypes / sizeof dtypes[0];
    for (size_t t = 0; t < n; t++) {
        for (size_t o = 0; o < sizeof ops / sizeof ops[0]; o++)
            for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
                if (ops[o] != VANE_OP_SOFTMAX || dtypes[t] != VANE_I32)
                    reduce(ops[o], dtypes[t], &shapes[s]);
        dot(dtypes[t], 1000003);
    }
}

static int is_there(void)
{
    vane_backends_open(ctx);
    for (uint32_t i = 0; i < vane_device_count(ctx); i++) {
        vane_device_info info = {.struct_size = sizeof info};
        const char *name = NULL;
        if (vane_device_at(ctx, i, &info, &name) == VANE_OK && name && strcmp(name, backend) == 0)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    backend = argc > 1 ? argv[1] : "cpu";
    if (vane_open(NULL, &ctx) != VANE_OK) {
        printf("%s\n", vane_last_error()->message);
        return 1;
    }
    x = malloc(MOST * 8);
    y = malloc(MOST * 8);
    want = malloc(MOST * 8);
    got = malloc(MOST * 8);
    const int there = is_there();
    if (there && x && y && want && got)
        all();
    free(x);
    free(y);
    free(want);
    free(got);
    vane_close(ctx);
    if (!there) {
        printf("skipped: no device of backend %s\n", backend);
        return 77;
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed || !passed;
}
