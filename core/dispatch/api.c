/* SPDX-License-Identifier: MIT */
/* api.c - one public function per op, from the table.
 *
 * Plain elementwise calls (all operands row-major, of one shape and one dtype) take a
 * shortcut: a few comparisons replace the general check, and the call is built in place.
 * Whatever does not fit falls through to the general path, which also words the errors.
 */
#include <string.h>

#include "dispatch/dispatch.h"
#include "error.h"
#include "op/tensor.h"

/* One row-major run of n >= 1 elements, all of it like first? Returns n, or 0. */
static inline int64_t dense_like(const vane_tensor *first, const vane_tensor *t)
{
    int64_t n = 1;
    if (t->rank != first->rank || t->rank > VANE_MAX_RANK || t->data == NULL)
        return 0;
    for (uint32_t d = t->rank; d-- > 0;) {
        if (t->shape[d] != first->shape[d] || t->stride[d] != n || t->shape[d] <= 0 ||
            __builtin_mul_overflow(n, t->shape[d], &n))
            return 0;
    }
    return n;
}

static inline int apart(const void *a, const void *b, uint64_t bytes)
{
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
    return x - y >= bytes && y - x >= bytes;
}

static inline void flat_view(vane_view *v, const vane_tensor *t, int64_t n)
{
    v->data = t->data;
    v->mem = NULL;
    v->offset_bytes = 0;
    v->dtype = t->dtype;
    v->rank = 1;
    v->shape[0] = n;
    v->stride[0] = 1;
}

/* 1: the call was made, *st is its status. 0: not plain, nothing happened. */
static inline __attribute__((always_inline)) int
shortcut(vane_context *ctx, uint32_t op, uint32_t n_in, const vane_tensor *const *in,
         vane_tensor *out, uint32_t dtypes, int out_bool, vane_status *st)
{
    if (ctx == NULL || out == NULL || ctx->magic != VANE__CONTEXT_MAGIC ||
        atomic_load_explicit(&ctx->watch, memory_order_relaxed))
        return 0;
    for (uint32_t i = 0; i < n_in; i++)
        if (in[i] == NULL || in[i]->dtype != in[0]->dtype)
            return 0;
    uint32_t dtype = in[0]->dtype;
    if (dtype >= VANE_DTYPE_COUNT || !(dtypes >> dtype & 1) ||
        out->dtype != (out_bool ? (uint32_t)VANE_BOOL : dtype))
        return 0;
    int64_t n = dense_like(in[0], out);
    uint64_t size = vane__dtype_size(dtype);
    if (n == 0 || n > INT64_MAX / 16)
        return 0;
    uint32_t flags = VANE_CALL_FLAT;
    uintptr_t bits = (uintptr_t)(out_bool ? NULL : out->data);
    for (uint32_t i = 0; i < n_in; i++) {
        if (dense_like(in[0], in[i]) != n)
            return 0;
        bits |= (uintptr_t)in[i]->data;
        if (in[i]->data == out->data && !out_bool)
            flags |= VANE_CALL_INPLACE;
        else if (!apart(in[i]->data, out->data, (uint64_t)n * size))
            return 0;
    }
    if (bits & (size - 1))
        return 0;
    uint32_t size_class = 63 - (uint32_t)__builtin_clzll((uint64_t)n);
    size_class = size_class < VANE__THIN ? size_class : VANE__THIN - 1;
    uint32_t hot = vane__pool_hot(ctx->pool) ? 1 : 0;
    const vane__route *route = atomic_load_explicit(
        &ctx->routes->host.cells[op][dtype][hot][size_class], memory_order_acquire);
    if (__builtin_expect(route == NULL || vane__unsampled < route->fast_share, 0))
        return 0;
    vane__unsampled -= route->fast_share;
    vane_call call;
    call.struct_size = sizeof(call);
    call.op = op;
    call.dtype = dtype;
    call.n_in = n_in;
    call.n_arg = n_in + 1;
    call.n_outer = 0;
    call.width = route->runner.width;
    call.flags = flags;
    call.params = NULL;
    call.host = route->runner.host;
    call.device = route->runner.handle;
    for (uint32_t i = 0; i < n_in; i++)
        flat_view(&call.arg[i], in[i], n);
    flat_view(&call.arg[n_in], out, n);
    *st = route->runner.kernel->direct(route->runner.kernel, &call);
    if (__builtin_expect(*st != VANE_OK, 0))
        vane__unsampled += route->fast_share; /* the general path takes it */
    return *st == VANE_OK; /* clean failure: the general path makes the call again, and retries */
}

/* Rules and outputs that the shortcut knows; the compiler drops it for the others. */
enum {
    PLAIN_ELEMENTWISE = 1,
    PLAIN_REDUCE = 0,
    PLAIN_ARGMAX = 0,
    PLAIN_DOT = 0,
    PLAIN_MATMUL = 0,
    PLAIN_GEMM = 0,
    PLAIN_SOFTMAX = 0,
    PLAIN_TRANSPOSE = 0,
    PLAIN_CONCAT = 0,
    PLAIN_OUT_SAME = 1,
    PLAIN_OUT_BOOL = 1,
    PLAIN_OUT_I64 = 0,
    PLAIN_OUT_ANY = 0
};

#define TRY_SHORTCUT(ID, n, DTYPES, OUT, SHAPE)                     \
    vane_status st;                                                 \
    if (PLAIN_##SHAPE && PLAIN_OUT_##OUT &&                         \
        shortcut(ctx, VANE_OP_##ID, n, in, out, VANE__SET_##DTYPES, \
                 VANE__OUT_##OUT == VANE__OUT_BOOL, &st))           \
        return st;

#define WITH_PARAMS(ID, P, in, n)                                             \
    vane_params all;                                                          \
    if (params == NULL)                                                       \
        return vane__dispatch(ctx, VANE_OP_##ID, in, n, &out, 1, NULL, NULL); \
    all.P = *params;                                                          \
    return vane__dispatch(ctx, VANE_OP_##ID, in, n, &out, 1, &all, NULL);

#define BODY_U0(ID, name, P, D, O, S)                                                  \
    vane_status vane_##name(vane_context *ctx, const vane_tensor *x, vane_tensor *out) \
    {                                                                                  \
        const vane_tensor *const in[] = {x};                                           \
        TRY_SHORTCUT(ID, 1, D, O, S)                                                   \
        return vane__dispatch(ctx, VANE_OP_##ID, in, 1, &out, 1, NULL, NULL);          \
    }
#define BODY_B0(ID, name, P, D, O, S)                                                      \
    vane_status vane_##name(vane_context *ctx, const vane_tensor *a, const vane_tensor *b, \
                            vane_tensor *out)                                              \
    {                                                                                      \
        const vane_tensor *const in[] = {a, b};                                            \
        TRY_SHORTCUT(ID, 2, D, O, S)                                                       \
        return vane__dispatch(ctx, VANE_OP_##ID, in, 2, &out, 1, NULL, NULL);              \
    }
#define BODY_T0(ID, name, P, D, O, S)                                                      \
    vane_status vane_##name(vane_context *ctx, const vane_tensor *a, const vane_tensor *b, \
                            const vane_tensor *c, vane_tensor *out)                        \
    {                                                                                      \
        const vane_tensor *const in[] = {a, b, c};                                         \
        TRY_SHORTCUT(ID, 3, D, O, S)                                                       \
        return vane__dispatch(ctx, VANE_OP_##ID, in, 3, &out, 1, NULL, NULL);              \
    }
#define BODY_U1(ID, name, P, D, O, S)                                          \
    vane_status vane_##name(vane_context *ctx, const vane_tensor *x,           \
                            const vane_##P##_params *params, vane_tensor *out) \
    {                                                                          \
        const vane_tensor *const in[] = {x};                                   \
        WITH_PARAMS(ID, P, in, 1)                                              \
    }
#define BODY_B1(ID, name, P, D, O, S)                                                      \
    vane_status vane_##name(vane_context *ctx, const vane_tensor *a, const vane_tensor *b, \
                            const vane_##P##_params *params, vane_tensor *out)             \
    {                                                                                      \
        const vane_tensor *const in[] = {a, b};                                            \
        WITH_PARAMS(ID, P, in, 2)                                                          \
    }
#define BODY_G1(ID, name, P, D, O, S)                                                      \
    vane_status vane_##name(vane_context *ctx, const vane_tensor *a, const vane_tensor *b, \
                            const vane_tensor *c, const vane_##P##_params *params,         \
                            vane_tensor *out)                                              \
    {                                                                                      \
        const vane_tensor *const in[] = {a, b, c};                                         \
        WITH_PARAMS(ID, P, in, 3)                                                          \
    }
#define BODY_N1(ID, name, P, D, O, S)                                                             \
    vane_status vane_##name(vane_context *ctx, const vane_##P##_params *params, vane_tensor *out) \
    {                                                                                             \
        WITH_PARAMS(ID, P, NULL, 0)                                                               \
    }
#define BODY_V1(ID, name, P, D, O, S)                                                            \
    vane_status vane_##name(vane_context *ctx, const vane_tensor *const *inputs, uint32_t count, \
                            const vane_##P##_params *params, vane_tensor *out)                   \
    {                                                                                            \
        WITH_PARAMS(ID, P, inputs, count)                                                        \
    }

#define VANE_OP(ID, name, SIG, P, DTYPES, OUT, SHAPE, ...) \
    BODY_##SIG(ID, name, P, DTYPES, OUT, SHAPE)
#include "vane/ops.def"
