/* SPDX-License-Identifier: MIT */
/* verify_kit.h - calls of any op with operands made for it, checked in many ways. */
#ifndef VERIFY_KIT_H
#define VERIFY_KIT_H

#include <math.h>

#include "dispatch/call.h"
#include "kit.h"
#include "op/number.h"
#include "op/tolerance.h"
#include "policy/verify.h"

enum { OPERANDS = 3 };
#define ALL_OF_IT 1e12 /* a budget that pays for any of these */

/* One call: operands strided or dense in memory of their own, the output dense. */
typedef struct job {
    uint32_t op, n_in;
    vane_params params;
    const vane_params *given; /* NULL: the defaults */
    vane_tensor in[OPERANDS], out;
    const vane_tensor *ins[OPERANDS];
    vane_tensor *outs[1];
    void *memory[OPERANDS];
    vane__prepared p;
} job;

static uint64_t job_seed = 1;

static inline uint64_t job_random(void)
{
    job_seed = job_seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return job_seed >> 33;
}

static inline void put_float(uint32_t dtype, void *data, int64_t i, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    if (dtype == VANE_F32)
        ((float *)data)[i] = v;
    else if (dtype == VANE_F64)
        ((double *)data)[i] = (double)v;
    else if (dtype == VANE_BF16)
        ((uint16_t *)data)[i] = (uint16_t)(bits >> 16);
    else /* f16, of normal numbers, cut off */
        ((uint16_t *)data)[i] =
            (uint16_t)((bits >> 16 & 0x8000) | (((bits >> 23 & 255) - 112) << 10 & 0x7c00) |
                       (bits >> 13 & 0x3ff));
}

/* Floats from 0.25 to 2.25 of both signs (positive for logarithms and the like). */
static inline void put_random(const vane_op_info *info, uint32_t dtype, void *data, int64_t i)
{
    const int positive = info->op == VANE_OP_LOG || info->op == VANE_OP_SQRT ||
                         info->op == VANE_OP_POW || info->op == VANE_OP_REDUCE_PROD;
    const uint64_t r = job_random();
    const float v = 0.25f + (float)(r % 1024) / 512;
    if (vane__format_of(dtype)->mantissa != 0)
        put_float(dtype, data, i, positive || r >> 20 & 1 ? v : -v);
    else if (vane_dtype_bytes(dtype) == 1)
        ((uint8_t *)data)[i] = dtype == VANE_BOOL ? r & 1 : (uint8_t)(r % 7);
    else if (dtype == VANE_I32)
        ((int32_t *)data)[i] = (int32_t)(r % 199) - (positive ? 0 : 99);
    else
        ((int64_t *)data)[i] = (int64_t)(r % 199) - (positive ? 0 : 99);
}

/* gap: elements lie gap apart; 1 is dense. */
static inline void job_input(job *j, const vane_op_info *info, uint32_t dtype, int64_t gap,
                             uint32_t rank, const int64_t *shape)
{
    const uint32_t i = j->n_in++;
    vane_tensor *t = &j->in[i];
    *t = vane_tensor_of(NULL, (vane_dtype)dtype, rank, shape);
    int64_t n = 1;
    for (uint32_t d = 0; d < rank; d++) {
        n *= shape[d];
        t->stride[d] *= gap;
    }
    t->data = j->memory[i] = calloc((size_t)(n * gap + 1), 8);
    for (int64_t e = 0; e < n; e++)
        put_random(info, dtype, t->data, e * gap);
    j->ins[i] = t;
}

/* After the inputs: the output's shape and memory, and the call is prepared. */
static inline void job_ready(vane_context *ctx, job *j, uint32_t out_dtype)
{
    vane__request rq;
    int64_t n = 1;
    j->out.dtype = out_dtype;
    j->outs[0] = &j->out;
    GOOD(vane_infer(ctx, j->op, j->ins, j->n_in, j->given, &j->out));
    for (uint32_t d = 0; d < j->out.rank; d++)
        n *= j->out.shape[d];
    j->out.data = calloc((size_t)n + 1, 8);
    GOOD(vane__request_make(ctx, j->op, j->ins, j->n_in, j->outs, 1, j->given, &rq));
    GOOD(vane__call_prepare(&rq, &j->p));
}

static inline void job_close(job *j)
{
    for (uint32_t i = 0; i < j->n_in; i++)
        free(j->memory[i]);
    free(j->out.data);
}

static inline int64_t job_elements(const job *j)
{
    int64_t n = 1;
    for (uint32_t d = 0; d < j->out.rank; d++)
        n *= j->out.shape[d];
    return n;
}

/* VANE_E_UNSUPPORTED: that backend has no kernel. */
static inline vane_status job_run(vane_context *ctx, job *j, const char *backend)
{
    vane_options o = {.struct_size = sizeof o, .backend = backend};
    return vane_run(ctx, j->op, j->ins, j->n_in, j->outs, 1, j->given, &o);
}

/* Makes element i wrong by far more than is allowed, whatever the type. */
static inline void spoil(vane_tensor *t, int64_t i)
{
    if (vane__format_of(t->dtype)->mantissa != 0) {
        const double v = fabs(vane__number(t->dtype, t->data, i));
        put_float(t->dtype, t->data, i, v > 1000 ? 0.5f : 16384);
    } else if (vane_dtype_bytes(t->dtype) == 1) {
        ((uint8_t *)t->data)[i] ^= 1;
    } else if (t->dtype == VANE_I32) {
        ((uint32_t *)t->data)[i] ^= UINT32_C(1) << (job_random() % 32);
    } else {
        ((uint64_t *)t->data)[i] ^= UINT64_C(1) << (job_random() % 64);
    }
}

static inline vane__check *check_of(vane_context *ctx, job *j, double budget_ns)
{
    vane__check *c = NULL;
    GOOD(vane__check_open(ctx, &j->p, budget_ns, &c));
    return c;
}

#endif
