/* SPDX-License-Identifier: MIT */
/* record_bytes.c - what a recording is made of. */
#include <string.h>

#include "op/tensor.h"
#include "telemetry/record.h"

void vane__record_number(vane__text *t, uint64_t value)
{
    char bytes[10];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (char)(value | 0x80);
    bytes[n++] = (char)value;
    vane__text_add(t, bytes, n);
}

void vane__record_signed(vane__text *t, int64_t value)
{
    uint64_t twice = (uint64_t)value << 1;
    vane__record_number(t, value < 0 ? ~twice : twice);
}

void vane__record_text(vane__text *t, const char *s)
{
    size_t bytes = strlen(s);
    vane__record_number(t, bytes);
    vane__text_add(t, s, bytes);
}

static void real(vane__text *t, double value)
{
    uint64_t bits;
    char bytes[8];
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(bits >> 8 * i);
    vane__text_add(t, bytes, sizeof bytes);
}

/* ---- a kind of call ------------------------------------------------------------------- */

/* Only what a caller has to fill: the rest of the union is nobody's. */
static size_t params_of(const vane__request *rq, vane_params *out)
{
#define BYTES_none 0
#define BYTES_gelu sizeof(vane_gelu_params)
#define BYTES_clip sizeof(vane_clip_params)
#define BYTES_axpy sizeof(vane_axpy_params)
#define BYTES_reduce sizeof(vane_reduce_params)
#define BYTES_argmax sizeof(vane_argmax_params)
#define BYTES_gemm sizeof(vane_gemm_params)
#define BYTES_softmax sizeof(vane_softmax_params)
#define BYTES_transpose sizeof(vane_transpose_params)
#define BYTES_fill sizeof(vane_fill_params)
#define BYTES_concat sizeof(vane_concat_params)
#define VANE_OP(ID, name, SIG, P, ...) [VANE_OP_##ID] = BYTES_##P,
    static const uint8_t bytes_of[VANE_OP_COUNT] = {
#include "vane/ops.def"
    };
    uint32_t op = rq->op->info.op;
    size_t bytes = op < VANE_OP_COUNT ? bytes_of[op] : sizeof *out;
    memset(out, 0, sizeof *out);
    memcpy(out, rq->params, bytes);
    if (bytes == 0 || op >= VANE_OP_COUNT)
        return bytes;
    for (uint32_t i = out->reduce.n_axes; rq->op->rule == VANE__RULE_REDUCE && i < VANE_MAX_RANK;
         i++)
        out->reduce.axes[i] = 0;
    for (uint32_t i = out->transpose.n_perm; op == VANE_OP_TRANSPOSE && i < VANE_MAX_RANK; i++)
        out->transpose.perm[i] = 0;
    return bytes;
}

static int is_dense(const vane_tensor *x)
{
    int64_t stride[VANE_MAX_RANK];
    vane__strides_fill(x->rank, x->shape, stride);
    for (uint32_t d = 0; d < x->rank; d++)
        if (x->shape[d] > 1 && x->stride[d] != stride[d])
            return 0;
    return 1;
}

static void operand(vane__text *t, const vane_tensor *x)
{
    int dense = is_dense(x);
    vane__record_number(t, x->dtype);
    vane__record_number(t, x->rank);
    for (uint32_t d = 0; d < x->rank; d++)
        vane__record_number(t, (uint64_t)x->shape[d]);
    vane__record_number(t, (uint64_t)dense);
    for (uint32_t d = 0; !dense && d < x->rank; d++)
        vane__record_signed(t, x->stride[d]);
}

void vane__record_kind(vane__text *t, const vane__prepared *p)
{
    vane_params params;
    size_t bytes = params_of(&p->rq, &params);
    const vane__where *w = &p->where;
    vane__record_number(t, p->rq.op->info.op);
    vane__record_text(t, p->rq.op->info.name);
    vane__record_number(t, p->dtype);
    vane__record_number(t, p->size_class);
    vane__record_number(
        t, !w->buffers ? 0 : 1u | (w->host ? 2u : 0u) | (w->out_stays ? 4u : 0u) | w->device << 3);
    real(t, p->work.flops);
    real(t, p->work.bytes);
    vane__record_number(t, p->rq.n_in);
    vane__record_number(t, bytes);
    vane__text_add(t, (const char *)&params, bytes);
    for (uint32_t i = 0; i < p->rq.n_in; i++)
        operand(t, p->rq.in[i]);
    operand(t, p->rq.out[0]);
}
