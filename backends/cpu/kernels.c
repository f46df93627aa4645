/* SPDX-License-Identifier: MIT */
/* kernels.c - asks each family of kernels in turn. Routes ask once, so this may be slow. */
#include "kernels.h"

#include "copy.h"
#include "ew.h"
#include "matmul.h"
#include "reduce.h"
#include "softmax.h"

typedef const vane_kernel *(*lookup_fn)(uint32_t op, uint32_t dtype);

static const lookup_fn families[] = {
    cpu__elementwise_kernel, cpu__reduce_kernel, cpu__matmul_kernel,
    cpu__softmax_kernel,     cpu__copy_kernel,
};

const vane_kernel *cpu__kernel(uint32_t op, uint32_t dtype)
{
    const vane_kernel *k = NULL;
    if (dtype == VANE_BOOL &&
        (op == VANE_OP_COPY || op == VANE_OP_TRANSPOSE || op == VANE_OP_CONCAT))
        op = VANE_OP_CAST; /* bytes other than 0 and 1 become 1 */
    for (size_t i = 0; !k && i < sizeof families / sizeof families[0]; i++)
        k = families[i](op, dtype);
    return k;
}

const vane_kernel *cpu__find(const cpu_row *rows, size_t count, uint32_t op, uint32_t dtype)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].op == op && rows[i].dtype == dtype)
            return &rows[i].kernel;
    }
    return NULL;
}
