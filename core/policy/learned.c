/* SPDX-License-Identifier: MIT */
/* learned.c - windows of measured times. */
#include "policy/learned.h"

#include <string.h>

void vane__window_push(vane__window *w, double ns)
{
    if (!(ns > 0) || ns > 1e15) /* a clock that lies */
        return;
    w->ns[w->pushed % VANE__WINDOW] = (float)ns;
    w->pushed = w->pushed + 1 < 2 * VANE__WINDOW ? w->pushed + 1 : VANE__WINDOW; /* same place */
}

static uint32_t sorted(const vane__window *w, float *out)
{
    uint32_t n = vane__window_count(w);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = i;
        for (; at > 0 && out[at - 1] > w->ns[i]; at--)
            out[at] = out[at - 1];
        out[at] = w->ns[i];
    }
    return n;
}

double vane__window_median(const vane__window *w)
{
    float ns[VANE__WINDOW];
    uint32_t n = sorted(w, ns);
    return n == 0 ? 0 : ((double)ns[(n - 1) / 2] + (double)ns[n / 2]) / 2;
}

double vane__window_spread(const vane__window *w)
{
    float ns[VANE__WINDOW];
    uint32_t n = sorted(w, ns);
    return n < 4 ? 0 : (double)ns[3 * n / 4] - (double)ns[n / 4];
}
