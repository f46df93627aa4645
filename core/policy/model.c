/* SPDX-License-Identifier: MIT */
/* model.c - a line through a few points, some of which may be wrong (Sen, "Estimates of the
 * regression coefficient based on Kendall's tau", JASA 63, 1968). Times err by a share of
 * themselves: that is what the weights say. */
#include "policy/model.h"

#include <math.h>

#define PAIRS (VANE__MODEL_POINTS * (VANE__MODEL_POINTS - 1) / 2)

typedef struct weighted {
    double value, weight;
} weighted;

/* Sorts the list. */
static double median(weighted *list, uint32_t n)
{
    double total = 0, sum = 0;
    for (uint32_t i = 1; i < n; i++) {
        weighted w = list[i];
        uint32_t at = i;
        for (; at > 0 && list[at - 1].value > w.value; at--)
            list[at] = list[at - 1];
        list[at] = w;
    }
    for (uint32_t i = 0; i < n; i++)
        total += list[i].weight;
    for (uint32_t i = 0; i < n; i++)
        if ((sum += list[i].weight) >= total / 2)
            return list[i].value;
    return list[n - 1].value;
}

static int is_sound(const vane__model_point *p)
{
    return isfinite(p->work) && p->work >= 0 && isfinite(p->ns) && p->ns > 0;
}

/* The slopes between any two of different size. */
static uint32_t slopes_of(const vane__model_point *p, uint32_t n, weighted *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < i; k++) {
            double apart = p[i].work - p[k].work;
            if (fabs(apart) > 1e-9 * (p[i].work + p[k].work))
                out[count++] =
                    (weighted){(p[i].ns - p[k].ns) / apart, fabs(apart) / hypot(p[i].ns, p[k].ns)};
        }
    return count;
}

static double latency_of(const vane__model_point *p, uint32_t n, double slope)
{
    weighted rest[VANE__MODEL_POINTS];
    for (uint32_t i = 0; i < n; i++)
        rest[i] = (weighted){p[i].ns - slope * p[i].work, 1 / p[i].ns};
    return median(rest, n);
}

/* A line through nothing: all of it is rate. */
static double rate_of(const vane__model_point *p, uint32_t n)
{
    weighted rates[VANE__MODEL_POINTS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (p[i].work > 0)
            rates[count++] = (weighted){p[i].ns / p[i].work, 1};
    return median(rates, count);
}

static double spread_of(const vane__model_point *p, uint32_t n, const vane__model *m)
{
    weighted off[VANE__MODEL_POINTS];
    for (uint32_t i = 0; i < n; i++) {
        double ns = vane__model_at(m, p[i].work);
        off[i] = (weighted){ns > p[i].ns * 1e-6 ? fabs(p[i].ns / ns - 1) : 1e6, 1};
    }
    return median(off, n);
}

int vane__model_fit(const vane__model_point *points, uint32_t n, vane__model *out)
{
    weighted slopes[PAIRS];
    vane__model_point p[VANE__MODEL_POINTS];
    uint32_t sound = 0;
    for (uint32_t i = 0; i < n && sound < VANE__MODEL_POINTS; i++)
        if (is_sound(&points[i]))
            p[sound++] = points[i];
    uint32_t count = sound >= VANE__MODEL_LEAST ? slopes_of(p, sound, slopes) : 0;
    if (count < VANE__MODEL_LEAST)
        return 0;
    double slope = median(slopes, count);
    *out = (vane__model){.ns_per_work = slope > 0 ? slope : 0};
    out->latency_ns = latency_of(p, sound, out->ns_per_work);
    if (out->latency_ns < 0)
        *out = (vane__model){.ns_per_work = rate_of(p, sound)};
    out->spread = spread_of(p, sound, out);
    return 1;
}
