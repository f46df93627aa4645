/* SPDX-License-Identifier: MIT */
/* ew_math.c - elementwise exp, log, tanh, sigmoid and gelu. */
#include "ew_float.h"
#include "vec_math.h"

#define EXP(V, x, y, z) V##_exp(x)
#define LOG(V, x, y, z) V##_log(x)
#define TANH(V, x, y, z) V##_tanh(x)
#define SIGMOID(V, x, y, z) V##_sigmoid(x)
#define GELU(V, x, y, z) V##_gelu(x)
#define GELU_TANH(V, x, y, z) V##_gelu_tanh(x)

EW_FLOATS(exp, EXP, EW_NONE, EW_NONE)
EW_FLOATS(log, LOG, EW_NONE, EW_NONE)
EW_FLOATS(tanh, TANH, EW_NONE, EW_NONE)
EW_FLOATS(sigmoid, SIGMOID, EW_NONE, EW_NONE)
EW_FLOATS(gelu_erf, GELU, EW_NONE, EW_NONE)
EW_FLOATS(gelu_tanh, GELU_TANH, EW_NONE, EW_NONE)

#define GELU_EITHER(type)                                                                          \
    static void gelu_##type(void *out, const void *a, const void *b, const void *c, size_t n,      \
                            const vane_call *call)                                                 \
    {                                                                                              \
        ew_body body = call->params->gelu.tanh_approximation ? gelu_tanh_##type : gelu_erf_##type; \
        body(out, a, b, c, n, call);                                                               \
    }
GELU_EITHER(f32)
GELU_EITHER(f64)
GELU_EITHER(f16)
GELU_EITHER(bf16)

static const cpu_row rows[] = {
    EW_FLOAT_ROWS(EXP, exp, 1, 1, EW_FMA_NUMERICS),
    EW_FLOAT_ROWS(LOG, log, 1, 0.8, EW_FMA_NUMERICS),
    EW_FLOAT_ROWS(TANH, tanh, 1, 1, EW_FMA_NUMERICS),
    EW_FLOAT_ROWS(SIGMOID, sigmoid, 1, 1, EW_FMA_NUMERICS),
    EW_FLOAT_ROWS(GELU, gelu, 1, 0.9, EW_FMA_NUMERICS),
};

const vane_kernel *cpu__math_kernel(uint32_t op, uint32_t dtype)
{
    return cpu__find(rows, sizeof rows / sizeof rows[0], op, dtype);
}
