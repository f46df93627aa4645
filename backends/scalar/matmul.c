/* SPDX-License-Identifier: MIT */
/* matmul.c - dot, matmul and gemm: one sum of products for each element of the output. */
#include "arith.h"
#include "convert.h"
#include "elementwise.h"

#define PRODUCTS(DT, T, name)                                        \
    static inline WIDE_##T name##_##T(line x, line y, int64_t k)     \
    {                                                                \
        SUM(T) s = {0};                                              \
        for (int64_t i = 0; i < k; i++)                              \
            SUM_ADD(T)(&s, times_##T(READ(T, x, i), READ(T, y, i))); \
        return SUM_TOTAL(T)(&s);                                     \
    }
SET_WIDE(PRODUCTS, products)

#define DOT(DT, T, name)                                                          \
    SCALAR_KERNEL(name, T)                                                        \
    {                                                                             \
        const walk w = walk_over(call, 0, 0);                                     \
        const line x = walk_line(&w, 0, 0), y = walk_line(&w, 1, 0);              \
        (void)self;                                                               \
        put_##T(call->arg[2].data, 0, products_##T(x, y, call->arg[0].shape[0])); \
        return VANE_OK;                                                           \
    }
SET_WIDE(DOT, dot)

/* Walks batch, rows and columns of the output. The inputs' last two dimensions mean other
 * things than the output's, so their places are worked out here: row i of a, column j of b.
 * RESULT sees dot and, for gemm, c_at and p. */
#define MATMUL_LOOP(T, RESULT)                                                               \
    const vane_params *const p = call->params;                                               \
    const vane_view *const a = &call->arg[0], *const b = &call->arg[1];                      \
    const vane_view *const c = &call->arg[2], *const out = &call->arg[call->n_arg - 1];      \
    const uint32_t row = out->rank - 2, col = out->rank - 1;                                 \
    (void)self;                                                                              \
    (void)p;                                                                                 \
    for (walk w = walk_over(call, 0, row); !w.done; walk_next(&w)) {                         \
        for (int64_t i = 0; i < out->shape[row]; i++) {                                      \
            const line x = {a->data, w.at[0] + i * a->stride[row], a->stride[col]};          \
            for (int64_t j = 0; j < out->shape[col]; j++) {                                  \
                const line y = {b->data, w.at[1] + j * b->stride[col], b->stride[row]};      \
                const int64_t c_at = w.at[2] + i * c->stride[row] + j * c->stride[col];      \
                const WIDE_##T dot = products_##T(x, y, a->shape[col]);                      \
                (void)c_at;                                                                  \
                put_##T(out->data,                                                           \
                        w.at[call->n_arg - 1] + i * out->stride[row] + j * out->stride[col], \
                        RESULT);                                                             \
            }                                                                                \
        }                                                                                    \
    }                                                                                        \
    return VANE_OK;

#define MATMUL(DT, T, name) \
    SCALAR_KERNEL(name, T)  \
    {                       \
        MATMUL_LOOP(T, dot) \
    }
SET_WIDE(MATMUL, matmul)

/* alpha * dot + beta * c. ONNX's beta 0 still multiplies: a NaN in c stays one. */
#define GEMM_RESULT(T, PLUS)                                            \
    call->n_in == 2 ? times_##T(from_flt_##T(p->gemm.alpha), dot)       \
                    : PLUS(times_##T(from_flt_##T(p->gemm.alpha), dot), \
                           times_##T(from_flt_##T(p->gemm.beta), load_##T(c->data, c_at)))
#define FLOAT_PLUS(a, b) ((a) + (b))
#define GEMM_FLOAT(DT, T, name)                    \
    SCALAR_KERNEL(name, T)                         \
    {                                              \
        MATMUL_LOOP(T, GEMM_RESULT(T, FLOAT_PLUS)) \
    }
#define GEMM_INT(DT, T, name)                    \
    SCALAR_KERNEL(name, T)                       \
    {                                            \
        MATMUL_LOOP(T, GEMM_RESULT(T, wrap_add)) \
    }
SET_FLOAT(GEMM_FLOAT, gemm)
INTS_WIDE(GEMM_INT, gemm)
