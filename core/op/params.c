/* SPDX-License-Identifier: MIT */
/* params.c - parameters that are wrong whatever the operands are; axes; argument names. */
#include <math.h>
#include <stdio.h>

#include "error.h"
#include "op/rules.h"

int32_t vane__axis(const char *op, const char *arg, int32_t axis, uint32_t rank)
{
    int32_t r = (int32_t)rank;
    if (axis >= -r && axis < r)
        return axis < 0 ? axis + r : axis;
    vane__fail(VANE_E_SHAPE, "%s: %s is %d, expected from %d to %d (x's rank is %d)", op, arg, axis,
               -r, r - 1, r);
    return -1;
}

const char *vane__input_name(const vane__op *op, uint32_t i, char *buffer, size_t bytes)
{
    static const char *const letters[] = {"a", "b", "c"};
    const char sig = op->info.signature[0];
    if (sig == 'U')
        return "x";
    if ((sig == 'B' || sig == 'T' || sig == 'G') && i < 3)
        return letters[i];
    snprintf(buffer, bytes, "inputs[%u]", i);
    return buffer;
}

static vane_status finite_or(const char *op, const char *arg, double v)
{
    if (isnan(v))
        return vane__fail(VANE_E_ARGUMENT, "%s: %s is NaN, expected a number", op, arg);
    return VANE_OK;
}

/* The limits of integers as doubles: [lo, hi) holds every value that converts. */
static vane_status check_fill(double v, uint32_t dtype)
{
    static const double lo[VANE_DTYPE_COUNT] = {
        [VANE_I32] = -0x1p31, [VANE_I64] = -0x1p63, [VANE_I8] = -128};
    static const double hi[VANE_DTYPE_COUNT] = {[VANE_I32] = 0x1p31,
                                                [VANE_I64] = 0x1p63,
                                                [VANE_U8] = 256,
                                                [VANE_I8] = 128,
                                                [VANE_BOOL] = 2};
    if (hi[dtype] == 0) /* a float: anything fits */
        return VANE_OK;
    if (!(v >= lo[dtype] && v < hi[dtype]) || v != floor(v))
        return vane__fail(VANE_E_ARGUMENT, "fill: value is %.17g, which %s cannot hold", v,
                          vane_dtype_name(dtype));
    return VANE_OK;
}

vane_status vane__params_check(const vane__op *op, const vane_params *p, uint32_t out_dtype)
{
    const char *name = op->info.name;
    vane_status st = VANE_OK;
    switch (op->info.op) {
    case VANE_OP_CLIP:
        st = finite_or(name, "lo", p->clip.lo);
        return st == VANE_OK ? finite_or(name, "hi", p->clip.hi) : st;
    case VANE_OP_AXPY:
        return finite_or(name, "alpha", p->axpy.alpha);
    case VANE_OP_GEMM:
        st = finite_or(name, "alpha", p->gemm.alpha);
        return st == VANE_OK ? finite_or(name, "beta", p->gemm.beta) : st;
    case VANE_OP_FILL:
        return check_fill(p->fill.value, out_dtype);
    default:
        return VANE_OK;
    }
}
