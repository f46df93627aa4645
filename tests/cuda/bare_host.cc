// The kernels that tools/gpu/bare.c brings as text.
#include "kernel.h"

struct bare_args {
    const float *x;
    float *out;
};

KERNEL(bare_nothing, bare_args, 1)
{
    (void)a;
}

KERNEL(bare_relu, bare_args, 1)
{
    *a.out = *a.x > 0 ? *a.x : 0;
}
