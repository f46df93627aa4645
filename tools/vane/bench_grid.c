/* SPDX-License-Identifier: MIT */
/* bench_grid.c - the ops and sizes that vane bench policy asks about.
 *
 * Each kind of op is there, because each has kernels and a roofline of its own; sizes go
 * from calls that the policy must not make slower to such that need all of the machine.
 */
#include <string.h>

#include "bench_policy.h"

const char *bench_grid_ops(int quick)
{
    return quick ? "add,exp,reduce_sum,matmul"
                 : "abs,relu,sqrt,exp,tanh,gelu,add,mul,div,pow,max,fma,axpy,where,equal,less,"
                   "cast,copy,fill,softmax,reduce_sum,reduce_max,argmax,dot,matmul,gemm,"
                   "transpose,concat";
}

const char *bench_grid_sizes(const vane_op_info *op, int quick)
{
    int square = !strcmp(op->shape, "MATMUL") || !strcmp(op->shape, "GEMM");
    if (quick)
        return square ? "4x4,64x64" : "8,10000,100000";
    return square ? "4x4,8x8,16x16,24x24,32x32,48x48,64x64,96x96,128x128,256x256,512x512,768x768"
                  : "8,32,100,300,1000,4000,16000,64000,250000,1000000,2000000,4000000";
}
