/* SPDX-License-Identifier: MIT */
/* learned.c - windows of measured times. */
#include "policy/learned.h"

#include <string.h>

enum { KEPT = 2 }; /* of an aged window */
#define CHANGED 1.25f

/* As many came since as were kept: all of them slower, or all faster, mean that what was known
 * is over, and the old ones must not outvote the new. */
static void review(vane__window *w)
{
    const float *old = w->ns, *new = w->ns + w->old;
    uint32_t slower = 0, faster = 0;
    for (uint32_t i = 0; i < w->old; i++)
        for (uint32_t k = 0; k < w->old; k++) {
            slower += new[i] > old[k] * CHANGED;
            faster += new[i] * CHANGED < old[k];
        }
    if (slower == w->old * w->old || faster == w->old * w->old) {
        memmove(w->ns, new, w->old * sizeof *new);
        w->pushed = w->old;
    }
    w->old = 0;
}

void vane__window_push(vane__window *w, double ns)
{
    if (!(ns > 0) || ns > 1e15) /* a clock that lies */
        return;
    w->ns[w->pushed % VANE__WINDOW] = (float)ns;
    w->aged = 0;
    w->fresh = 1;
    w->pushed = w->pushed + 1 < 2 * VANE__WINDOW ? w->pushed + 1 : VANE__WINDOW; /* same place */
    if (w->old > 0 && w->pushed == 2 * w->old)
        review(w);
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

double vane__window_typical(const vane__window *w)
{
    float ns[VANE__WINDOW];
    uint32_t n = sorted(w, ns);
    return n == 0 ? 0 : (double)ns[n / 4];
}

double vane__window_least(const vane__window *w)
{
    float ns[VANE__WINDOW];
    return sorted(w, ns) > 0 ? (double)ns[0] : 0;
}

double vane__window_most(const vane__window *w)
{
    float ns[VANE__WINDOW];
    uint32_t n = sorted(w, ns);
    return n > 0 ? (double)ns[n - 1] : 0;
}

void vane__window_age(vane__window *w)
{
    float kept[KEPT];
    uint32_t n = vane__window_count(w), last = w->pushed + VANE__WINDOW;
    w->aged = n > 0 ? w->aged + 1 : 0;
    w->old = n < KEPT ? n : KEPT;
    if (n <= KEPT)
        return;
    for (uint32_t i = 0; i < KEPT; i++)
        kept[i] = w->ns[(last - KEPT + i) % VANE__WINDOW];
    memcpy(w->ns, kept, sizeof kept);
    w->pushed = KEPT;
}

double vane__window_spread(const vane__window *w)
{
    float ns[VANE__WINDOW];
    uint32_t n = sorted(w, ns);
    return n < 4 ? 0 : (double)ns[3 * n / 4] - (double)ns[n / 4];
}
