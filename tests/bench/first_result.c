/* SPDX-License-Identifier: MIT */
/* first_result.c - the least a program does with Vane: open, add 1000 floats, check, close.
 *
 * vane bench start times it from start to end. With an argument it does nothing, which is
 * what a process costs without Vane's work (it is linked to libvane all the same).
 */
#include <stdio.h>

#include "vane/vane.h"

enum { N = 1000 };

int main(int argc, char **argv)
{
    static float a[N], b[N], sum[N];
    int64_t n = N;
    vane_context *ctx;
    (void)argv;
    if (argc > 1)
        return 0;
    for (int i = 0; i < N; i++) {
        a[i] = (float)i;
        b[i] = (float)(2 * i);
    }
    vane_tensor ta = vane_tensor_of(a, VANE_F32, 1, &n), tb = vane_tensor_of(b, VANE_F32, 1, &n);
    vane_tensor tsum = vane_tensor_of(sum, VANE_F32, 1, &n);
    if (vane_open(NULL, &ctx) != VANE_OK || vane_add(ctx, &ta, &tb, &tsum) != VANE_OK) {
        fprintf(stderr, "first_result: %s\n", vane_last_error()->message);
        return 1;
    }
    vane_close(ctx);
    for (int i = 0; i < N; i++)
        if (sum[i] != (float)(3 * i)) {
            fprintf(stderr, "first_result: element %d is %g, expected %d\n", i, (double)sum[i],
                    3 * i);
            return 1;
        }
    return 0;
}
