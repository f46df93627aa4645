/* SPDX-License-Identifier: MIT */
/* keep_text.c - a call in words: the command that runs it again, and what was found. */
#include <inttypes.h>
#include <stdio.h>

#include "op/tensor.h"
#include "policy/keep.h"

static void reduce_text(FILE *f, const vane__check *c)
{
    const vane_reduce_params *p = &c->params.reduce;
    for (uint32_t i = 0; i < p->n_axes && i < VANE_MAX_RANK; i++)
        fprintf(f, "%s%d", i ? "," : " --attr axes=", p->axes[i]);
    fprintf(f, " --attr keepdims=%d", c->out.rank == c->in[0].rank);
}

static void transpose_text(FILE *f, const vane_transpose_params *p)
{
    for (uint32_t i = 0; i < p->n_perm && i < VANE_MAX_RANK; i++)
        fprintf(f, "%s%d", i ? "," : " --attr perm=", p->perm[i]);
}

static void fill_text(FILE *f, const vane__check *c)
{
    fprintf(f, " --attr value=%.17g --dtype %s --shape ", c->params.fill.value,
            vane_dtype_name(c->out.dtype));
    for (uint32_t d = 0; d < c->out.rank; d++)
        fprintf(f, d ? "x%" PRId64 : "%" PRId64, c->out.shape[d]);
    if (c->out.rank == 0)
        fprintf(f, "scalar");
}

static void params_text(FILE *f, const vane__check *c)
{
    const vane_params *p = &c->params;
    switch (c->p.rq.op->info.op) {
    case VANE_OP_GELU:
        fprintf(f, " --attr approximate=%s", p->gelu.tanh_approximation ? "tanh" : "none");
        return;
    case VANE_OP_CLIP:
        fprintf(f, " --attr min=%.17g --attr max=%.17g", p->clip.lo, p->clip.hi);
        return;
    case VANE_OP_AXPY:
        fprintf(f, " --attr alpha=%.17g", p->axpy.alpha);
        return;
    case VANE_OP_ARGMAX:
        fprintf(f, " --attr axis=%d --attr keepdims=%d --attr select_last_index=%d", p->argmax.axis,
                c->out.rank == c->in[0].rank, p->argmax.last_index != 0);
        return;
    case VANE_OP_GEMM:
        fprintf(f, " --attr alpha=%.17g --attr beta=%.17g --attr transA=%d --attr transB=%d",
                p->gemm.alpha, p->gemm.beta, p->gemm.trans_a != 0, p->gemm.trans_b != 0);
        return;
    case VANE_OP_SOFTMAX:
        fprintf(f, " --attr axis=%d", p->softmax.axis);
        return;
    case VANE_OP_CONCAT:
        fprintf(f, " --attr axis=%d", p->concat.axis);
        return;
    case VANE_OP_TRANSPOSE:
        transpose_text(f, &p->transpose);
        return;
    case VANE_OP_FILL:
        fill_text(f, c);
        return;
    case VANE_OP_CAST:
        fprintf(f, " --dtype %s", vane_dtype_name(c->out.dtype));
        return;
    default:
        if (c->p.rq.op->rule == VANE__RULE_REDUCE)
            reduce_text(f, c);
    }
}

static void command(FILE *f, const vane__check *c, const char *backend, uint32_t width,
                    const char *out)
{
    fprintf(f, "vane run %s", c->p.rq.op->info.name);
    for (uint32_t i = 0; i < c->p.rq.n_in; i++)
        fprintf(f, " in%u.npy", i);
    fprintf(f, " -o %s --backend %s", out, backend);
    if (width > 0)
        fprintf(f, " --width %u", width);
    params_text(f, c);
    fprintf(f, "\n");
}

static void tensor_text(FILE *f, const char *name, const vane_tensor *t)
{
    char shape[VANE__SHAPE_TEXT], strides[VANE__SHAPE_TEXT];
    vane__shape_text(t->rank, t->shape, shape, sizeof shape);
    vane__shape_text(t->rank, t->stride, strides, sizeof strides);
    fprintf(f, "%s: %s %s, strides %s, at an address that %" PRIu64 " divides\n", name,
            vane_dtype_name(t->dtype), shape, strides,
            (uint64_t)((uintptr_t)t->data & (0 - (uintptr_t)t->data)));
}

void vane__keep_text(FILE *f, const vane__check *c, const vane__finding *finding, const char *who,
                     uint32_t width)
{
    char name[16];
    fprintf(f, "%s of %s by %s is wrong: %s\n\n", c->p.rq.op->info.name,
            vane_dtype_name(c->p.dtype), who, finding->why);
    command(f, c, who, width, "again.npy");
    command(f, c, vane__oracle_name(&c->oracle), 0, "right.npy");
    fprintf(f, "\nThe files are dense. In the call the operands were:\n");
    for (uint32_t i = 0; i < c->p.rq.n_in; i++) {
        snprintf(name, sizeof name, "in%u", i);
        tensor_text(f, name, &c->in[i]);
    }
    if (c->p.rq.op->rule == VANE__RULE_CUSTOM)
        for (uint32_t i = 0; i < 8; i++)
            fprintf(f, "params.custom[%u]: %" PRIu64 "\n", i, c->params.custom[i]);
}
