/* SPDX-License-Identifier: MIT */
/* learned.c - windows of measured times. */
#include "policy/learned.h"

#include <string.h>

enum { KEPT = 2 }; /* of an aged window */
#define CHANGED 1.25f
#define UNNOTICED_MS 200u /* that the load of the host may have changed, at most */

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

static uint32_t ms_of(uint64_t ns)
{
    return (uint32_t)(ns / 1000000);
}

void vane__past_note(vane__past *p, const vane__window *w, uint64_t now_ns)
{
    uint32_t now = ms_of(now_ns);
    if (w->pushed == 0 || (p->ns[0] > 0 && now - p->ms[0] < UNNOTICED_MS))
        return;
    p->ns[1] = p->ns[0];
    p->ms[1] = p->ms[0];
    p->ns[0] = (float)vane__window_typical(w);
    p->ms[0] = now;
}

void vane__past_restore(const vane__past *p, vane__window *w, uint64_t now_ns)
{
    uint32_t at = ms_of(now_ns) - p->ms[0] < UNNOTICED_MS, n = vane__window_count(w);
    if (n == 0 || p->ns[at] <= 0)
        return;
    float factor = p->ns[at] / (float)vane__window_typical(w);
    for (uint32_t i = 0; i < n; i++)
        w->ns[i] *= factor;
}
