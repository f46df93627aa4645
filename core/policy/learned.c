/* SPDX-License-Identifier: MIT */
/* learned.c - windows of measured times. */
#include "policy/learned.h"

#include <string.h>

enum { KEPT = 2 }; /* of an aged window */
#define CHANGED 1.25f
#define UNNOTICED_MS (uint32_t)(VANE__UNNOTICED_NS / 1000000)
#define LATELY_MS 1000u
#define SAYS 5u /* samples: less are no past */

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

double vane__window_spread(const vane__window *w)
{
    float ns[VANE__WINDOW];
    uint32_t n = sorted(w, ns);
    return n < 4 ? 0 : (double)ns[3 * n / 4] - (double)ns[n / 4];
}

/* ---- the past -------------------------------------------------------------------------- */

static uint32_t ms_of(uint64_t ns)
{
    return (uint32_t)(ns / 1000000);
}

static void note_now(vane__window *w)
{
    vane__past *p = &w->past;
    if (vane__window_count(w) < SAYS)
        return;
    if (p->ns[0] > 0 && p->told_ms - p->ms[0] >= UNNOTICED_MS) {
        p->ns[1] = p->ns[0];
        p->ms[1] = p->ms[0];
    }
    p->ns[0] = (float)vane__window_typical(w);
    p->ms[0] = p->told_ms;
    p->since = 0;
}

static int is_pause(const vane__window *w, uint32_t now)
{
    return now - w->past.told_ms >= UNNOTICED_MS;
}

/* What it says by now is noted every while, of samples that are all new, and before the first
 * sample after a pause. */
static void note(vane__window *w, uint32_t now)
{
    const vane__past *p = &w->past;
    int newer = p->told_ms - p->ms[0] >= UNNOTICED_MS && p->since >= VANE__WINDOW;
    if (p->ns[0] <= 0 || newer || is_pause(w, now))
        note_now(w);
}

static void told(vane__window *w, uint32_t now, uint32_t samples)
{
    w->past.told_ms = now;
    w->past.since += w->past.since < VANE__WINDOW ? samples : 0;
}

void vane__window_tell(vane__window *w, double ns, uint64_t now_ns)
{
    note(w, ms_of(now_ns));
    vane__window_push(w, ns);
    told(w, ms_of(now_ns), 1);
}

void vane__window_age(vane__window *w, uint64_t now_ns, int in_doubt)
{
    float kept[KEPT];
    uint32_t n = vane__window_count(w), last = w->pushed + VANE__WINDOW;
    if (!in_doubt || is_pause(w, ms_of(now_ns)))
        note_now(w);
    w->aged = n > 0 ? w->aged + 1 : 0;
    w->old = n < KEPT ? n : KEPT;
    if (n <= KEPT)
        return;
    for (uint32_t i = 0; i < KEPT; i++)
        kept[i] = w->ns[(last - KEPT + i) % VANE__WINDOW];
    memcpy(w->ns, kept, sizeof kept);
    w->pushed = KEPT;
}

uint64_t vane__window_age_ns(const vane__window *w, uint64_t now_ns)
{
    return (uint64_t)(ms_of(now_ns) - w->past.told_ms) * 1000000;
}

void vane__window_renew(vane__window *w, uint64_t now_ns)
{
    note(w, ms_of(now_ns));
    w->pushed = w->old = w->aged = 0;
    told(w, ms_of(now_ns), VANE__WINDOW);
}

int vane__window_restore(vane__window *w, uint64_t now_ns)
{
    vane__past *p = &w->past;
    uint32_t now = ms_of(now_ns), n = vane__window_count(w), changed = 0;
    int late = now - p->ms[0] < UNNOTICED_MS; /* it is of that time itself */
    float was = p->ns[late];
    if (was <= 0 || is_pause(w, now))
        return 0;
    if (late) {
        p->ns[0] = was;
        p->ms[0] = p->ms[1];
    }
    for (uint32_t i = 0; i < n; i++)
        if (w->ns[i] > was * CHANGED || w->ns[i] * CHANGED < was) {
            w->ns[i] = was;
            changed = 1;
        }
    w->fresh |= changed;
    return (int)changed;
}

double vane__window_hoped(const vane__window *w)
{
    double ns = vane__window_typical(w), was = (double)w->past.ns[0];
    return vane__window_count(w) < SAYS && was > 0 && was < ns ? was : ns;
}

double vane__window_lately(const vane__window *w)
{
    const vane__past *p = &w->past;
    double least = vane__window_least(w);
    for (uint32_t i = 0; i < 2; i++)
        if (p->ns[i] > 0 && (double)p->ns[i] < least && p->told_ms - p->ms[i] < LATELY_MS)
            least = (double)p->ns[i];
    return least;
}
